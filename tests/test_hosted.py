"""The workflows, the Dockerfile and the tag of a release: what no linter knows of this project."""

import json
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
HOSTED = ROOT / ".github"
DOCKERFILE = (ROOT / "Dockerfile").read_text(encoding="utf-8")

# The sdist has no folders that begin with a dot.
needs_workflows = pytest.mark.skipif(not HOSTED.is_dir(), reason="there is no .github")


def workflows() -> dict[str, str]:
    """The text of every workflow and action by its path."""
    return {
        path.relative_to(ROOT).as_posix(): path.read_text(encoding="utf-8")
        for path in sorted(HOSTED.rglob("*.yml"))
    }


@needs_workflows
def test_every_action_is_pinned_to_a_commit_and_says_its_version() -> None:
    """A tag can be moved to other code; one action has one pin everywhere."""
    pins: dict[str, set[str]] = {}
    for name, text in workflows().items():
        for used in re.findall(r"uses: (.+)", text):
            if used.startswith("./"):
                assert (ROOT / used / "action.yml").is_file() or (ROOT / used).is_file(), used
                continue
            pinned = re.fullmatch(r"([\w./-]+)@([0-9a-f]{40}) # v\d+\.\d+\.\d+", used)
            assert pinned is not None, f"{name}: {used}"
            pins.setdefault(pinned[1], set()).add(used)
    assert "actions/checkout" in pins
    assert all(len(used) == 1 for used in pins.values()), pins


@needs_workflows
def test_every_environment_that_a_workflow_runs_is_in_tox_ini() -> None:
    """A job with a misspelt environment would be found after the push only."""
    named: set[str] = set()
    for text in workflows().values():
        for listed, matrix in re.findall(r"environments: ([a-z].*)|environment: \[(.*)\]", text):
            named.update(word.strip() for word in (listed or matrix).split(","))
    sections = set(re.findall(r"^\[testenv:(.+)\]", (ROOT / "tox.ini").read_text(), re.MULTILINE))
    known = {name for section in sections for name in alternatives(section)}
    assert {"test_package", "test_runtime", "checks", "build", "workflows"} <= named
    assert named <= known


def alternatives(section: str) -> set[str]:
    """The environments that a section of tox.ini with braces describes."""
    found = re.search(r"\{([^}]*)\}", section)
    if found is None:
        return {section}
    return {
        name
        for choice in found[1].split(",")
        for name in alternatives(section.replace(found[0], choice.strip(), 1))
    }


@needs_workflows
def test_no_workflow_names_an_index() -> None:
    """Where packages go is a variable of the repository; GitHub gives the rest itself."""
    for name, text in workflows().items():
        assert "://" not in text, name
        for url in re.findall(r"repository-url: (.*)", text):
            assert re.fullmatch(r"\$\{\{ vars\.\w+_UPLOAD_URL \}\}", url), name


@needs_workflows
def test_only_the_jobs_that_publish_or_attest_get_an_identity() -> None:
    """And what publishes waits for an environment, in which a person can say no."""
    release = workflows()[".github/workflows/release.yml"]
    jobs = dict(re.findall(r"^  ([\w-]+):\n((?:    .*\n|\n)+)", release, re.MULTILINE))
    assert {name for name, job in jobs.items() if "id-token: write" in job} == {
        "attest",
        "publish-test",
        "publish",
    }
    assert {name for name, job in jobs.items() if "environment: " in job} == {
        "publish-test",
        "publish",
    }
    others = [text for name, text in workflows().items() if not name.endswith("/release.yml")]
    assert not any(": write" in text for text in others)


@needs_workflows
def test_everything_passed_waits_for_every_job() -> None:
    """The protection of a branch requires one check, which must not forget another."""
    check = workflows()[".github/workflows/check.yml"]
    body = check.partition("\njobs:\n")[2]
    jobs = set(re.findall(r"^  ([\w-]+):$", body, re.MULTILINE))
    needed = re.search(r"  passed:\n[\s\S]*?needs: \[(.*)\]", body)
    assert needed is not None
    assert jobs - {"passed"} == set(needed[1].split(", "))


def test_the_node_packages_are_pinned_by_their_hashes() -> None:
    """And by no address: npm takes them from where this machine is told to."""
    lock = json.loads((ROOT / "releasing" / "node" / "package-lock.json").read_text())
    packages = {name: package for name, package in lock["packages"].items() if name}
    assert packages
    for name, package in packages.items():
        assert package["integrity"].startswith("sha512-"), name
        assert "resolved" not in package, name


def test_the_stages_of_the_dockerfile() -> None:
    """Train, build, test, and a last one that starts from the bare base image."""
    stages = re.findall(r"^FROM (\S+) AS (\S+)$", DOCKERFILE, re.MULTILINE)
    assert len(re.findall(r"^FROM ", DOCKERFILE, re.MULTILINE)) == len(stages)
    names = [name for _, name in stages]
    assert {"train", "build", "test"} < set(names)
    assert stages[-1] == ("${BASE}", "predict")
    assert {base for base, _ in stages} <= {"${BASE}", "scratch", *names}
    for stage in re.findall(r"--from=(\S+)", DOCKERFILE):
        assert stage in names


def test_the_dockerfile_leaves_the_base_image_to_the_caller() -> None:
    """No tag that means another image tomorrow, and no digest that nobody has looked up."""
    assert re.search(r"^ARG BASE$", DOCKERFILE, re.MULTILINE)
    code = re.sub(r"^#.*$", "", DOCKERFILE, flags=re.MULTILINE)
    assert "latest" not in code
    assert "sha256" not in code


def test_the_last_stage_copies_the_environment_only_and_is_not_run_as_root() -> None:
    """No sources, no tools, no name to look up in a file of users."""
    last = DOCKERFILE.rpartition("\nFROM ")[2]
    assert re.findall(r"^COPY (.*)$", last, re.MULTILINE) == ["--from=install /app /app"]
    assert "\nRUN " not in last
    user = re.search(r"^USER (\d+):(\d+)$", last, re.MULTILINE)
    assert user is not None and "0" not in user.groups()
    assert 'ENTRYPOINT ["regression-model"]' in last


def test_every_file_that_the_dockerfile_copies_is_let_through() -> None:
    """What .dockerignore forgets is missing in the build, and only there."""
    let_through = {
        line.removeprefix("!/")
        for line in (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
        if line.startswith("!")
    }
    copied = {
        name.partition("/")[0]
        for words in re.findall(r"^COPY (?!--from)(.*) \S+$", DOCKERFILE, re.MULTILINE)
        for name in words.split()
    }
    assert copied | {"Dockerfile"} == let_through
    assert all((ROOT / name).exists() for name in let_through)


CHANGELOG = """# Changelog

## [1.2.0] - 2026-11-22

### Added

- A thing.

## [1.1.0] - 2026-01-01

- Another.
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """What a tag is compared with."""
    (tmp_path / "regression_model").mkdir()
    (tmp_path / "regression_model" / "VERSION").write_text("1.2.0\n", encoding="utf-8")
    (tmp_path / "CHANGELOG.md").write_text(CHANGELOG, encoding="utf-8")
    return tmp_path


@pytest.mark.usefixtures("releasing")
def test_release_notes_are_the_section_of_the_changelog(project: Path) -> None:
    """That of the version alone, without its heading."""
    from releasing.tag import release_notes

    assert release_notes("v1.2.0", project) == "### Added\n\n- A thing.\n"


@pytest.mark.usefixtures("releasing")
@pytest.mark.parametrize(
    ("tag", "change", "reason"),
    [
        ("v1.3.0", ("", ""), "the tag is v1.3.0, and regression_model/VERSION says 1.2.0"),
        ("1.2.0", ("", ""), "the tag is 1.2.0, and"),
        ("v1.2.0", ("2026-11-22", "unreleased"), "says 'unreleased' beside 1.2.0: write the date"),
        ("v1.2.0", ("[1.2.0]", "[1.2.1]"), "CHANGELOG.md has no section '## [1.2.0] - DATE'"),
    ],
)
def test_a_tag_that_does_not_fit_is_refused(
    project: Path, tag: str, change: tuple[str, str], reason: str
) -> None:
    """Before anything is built, with what to do."""
    from releasing.tag import TagError, release_notes

    path = project / "CHANGELOG.md"
    path.write_text(CHANGELOG.replace(*change), encoding="utf-8")
    with pytest.raises(TagError, match=re.escape(reason)):
        release_notes(tag, project)


@pytest.mark.usefixtures("releasing")
def test_commands_of_a_stage_stay_below_the_folder_that_stands_for_the_root(
    tmp_path: Path,
) -> None:
    """A path elsewhere is refused: here it would be a path of this machine."""
    from releasing.dockerfile import DockerfileError
    from releasing.roots import Root

    root = Root(tmp_path)
    assert root.inside("/app/bin/python -m x dist/*.whl", "here") == (
        f"{tmp_path}/app/bin/python -m x dist/*.whl"
    )
    assert root.inside("/bin/sh", "here") == "/bin/sh"
    assert root.inside("PATH=/app/bin:${PATH}", "here") == f"PATH={tmp_path}/app/bin:${{PATH}}"
    assert root.at("../app", "/src") == tmp_path / "app"
    with pytest.raises(DockerfileError, match="Dockerfile:7: /etc belongs to the system"):
        root.inside("echo > /etc/passwd", "Dockerfile:7")


@pytest.mark.usefixtures("releasing")
def test_copy_puts_files_and_contents_of_folders_where_docker_does(tmp_path: Path) -> None:
    """A folder's contents, not the folder; a file under its own name where the target is one."""
    from releasing.dockerfile import DockerfileError
    from releasing.roots import copy

    sources = tmp_path / "sources"
    (sources / "folder").mkdir(parents=True)
    (sources / "folder" / "inner").touch()
    (sources / "a.whl").touch()
    copy(["folder", "*.whl"], sources, tmp_path / "one", into=True)
    copy(["a.whl"], sources, tmp_path / "two", into=False)
    assert {path.name for path in (tmp_path / "one").iterdir()} == {"inner", "a.whl"}
    assert (tmp_path / "two").is_file()
    with pytest.raises(DockerfileError, match="there is no absent to copy"):
        copy(["absent"], sources, tmp_path / "three", into=True)
