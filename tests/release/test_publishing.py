"""The archives in dist, published to a real index on 127.0.0.1."""

import os
import secrets
import shutil
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT))

from regression_model.reproducible import reproducible_sdist  # noqa: E402
from releasing.archives import Archives, ReleaseError, find_archives, record_tested  # noqa: E402
from releasing.environments import Environment  # noqa: E402
from releasing.local_index import LocalIndex, local_index  # noqa: E402
from releasing.publish import publish  # noqa: E402

HOUSE = {
    **{"Neighborhood": "NAmes", "LotArea": 11622, "OverallQual": 5, "OverallCond": 6},
    **{"YearBuilt": 1961, "YrSold": 2010, "GrLivArea": 896, "TotalBsmtSF": 882},
}


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalIndex]:
    with local_index(tmp_path_factory.mktemp("server")) as index:
        yield index


@pytest.fixture
def index(server: LocalIndex) -> str:
    """The name of an empty index."""
    name = f"index-{secrets.token_hex(4)}"
    server.make(name)
    return name


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A commit whose archives were built and tested."""
    root = tmp_path / "project"
    git = ("git", "-c", "user.name=Test", "-c", "user.email=test@example.com")
    shutil.copytree(ROOT / "dist", root / "dist", ignore=shutil.ignore_patterns("*.sig"))
    (root / ".tox").mkdir()
    record_tested(find_archives(root / "dist"), root / ".tox" / "tested.sha256")
    version = find_archives(root / "dist").version
    (root / "CHANGELOG.md").write_text(f"## [{version}] - 2026-01-01\n", encoding="utf-8")
    (root / "regression_model").mkdir()
    (root / "regression_model" / "VERSION").write_text(version, encoding="utf-8")
    (root / ".gitignore").write_text("dist\n.tox\nregression_model\n", encoding="utf-8")
    for words in (("init", "-q"), ("add", "."), ("commit", "-qm", "Release")):
        subprocess.run([*git, *words], cwd=root, check=True)
    return root


def archives(project: Path) -> Archives:
    return find_archives(project / "dist")


def environment(variables: dict[str, str]) -> dict[str, str]:
    return os.environ | variables


def test_a_dry_run_uploads_nothing(server: LocalIndex, index: str, project: Path) -> None:
    """It names the files, their digests and the place, and a second one says the same."""
    variables = environment(server.environment(index))
    said = publish(archives(project), variables, root=project)
    assert [line.split()[0] for line in said[:2]] == [one.name for one in archives(project).files]
    assert said[-1] == "Dry run: these would go to 127.0.0.1. Repeat with --upload."
    assert said == publish(archives(project), variables, root=project)


def test_a_version_is_published_once(server: LocalIndex, index: str, project: Path) -> None:
    """The second attempt is refused before twine is asked."""
    variables = environment(server.environment(index))
    said = publish(archives(project), variables, upload=True, root=project)
    assert said[-1] == "Uploaded to 127.0.0.1, downloaded again and compared."
    with pytest.raises(ReleaseError, match="already: a version is published once"):
        publish(archives(project), variables, upload=True, root=project)


def test_an_upload_that_broke_off_is_completed(
    server: LocalIndex, index: str, project: Path
) -> None:
    """Only the file that is missing is uploaded."""
    variables = environment(server.environment(index))
    command = [sys.executable, "-m", "twine", "upload", "--non-interactive"]
    subprocess.run([*command, str(archives(project).wheel)], env=variables, check=True)
    said = publish(archives(project), variables, upload=True, root=project)
    assert [line.split()[0] for line in said[:-1]] == [archives(project).sdist.name]


def test_other_bytes_of_a_version_are_refused(
    server: LocalIndex, index: str, project: Path
) -> None:
    """What somebody has installed already stays what it is."""
    variables = environment(server.environment(index))
    publish(archives(project), variables, upload=True, root=project)
    sdist = archives(project).sdist
    sdist.write_bytes(reproducible_sdist(sdist.read_bytes(), 1_000_000_000))
    record_tested(archives(project), project / ".tox" / "tested.sha256")
    with pytest.raises(ReleaseError, match=f"The index holds another {sdist.name}"):
        publish(archives(project), variables, upload=True, root=project)


def test_only_what_was_tested_is_published(server: LocalIndex, index: str, project: Path) -> None:
    """A build after the tests is another build."""
    wheel = archives(project).wheel
    wheel.write_bytes(wheel.read_bytes() + b"\0")
    with pytest.raises(ReleaseError, match="is not what test_package tested"):
        publish(archives(project), environment(server.environment(index)), root=project)


def test_a_wrong_password_is_refused_and_not_repeated(
    server: LocalIndex, index: str, project: Path
) -> None:
    """The index says no, and the sentence does not hold the password."""
    variables = environment(server.environment(index) | {"TWINE_PASSWORD": "not-the-password"})
    with pytest.raises(ReleaseError) as caught:
        publish(archives(project), variables, upload=True, root=project)
    assert "nothing was tagged" in str(caught.value)
    assert "not-the-password" not in str(caught.value)


def test_the_password_goes_to_the_host_of_the_uploads_alone(
    server: LocalIndex, index: str, project: Path
) -> None:
    """An index of another host is read without it."""
    received = []

    class Other(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            received.append(self.headers["Authorization"])
            self.send_error(404)

    with ThreadingHTTPServer(("127.0.0.1", 0), Other) as other:
        threading.Thread(target=other.serve_forever, daemon=True).start()
        variables = environment(server.environment(index))
        read_url = f"http://localhost:{other.server_port}/"
        said = publish(archives(project), variables | {"RELEASE_INDEX_URL": read_url}, root=project)
        other.shutdown()
    assert received == [None]
    assert said[-1].startswith("Dry run")


@pytest.mark.parametrize(
    ("changed", "sentence"),
    [
        ({"TWINE_PASSWORD": ""}, "Set TWINE_PASSWORD in the environment"),
        ({"TWINE_REPOSITORY_URL": "https://me:secret@example.com/"}, "holds credentials"),
        ({"TWINE_REPOSITORY_URL": "http://example.com/"}, "in the clear: use https"),
        ({"RELEASE_INDEX_URL": "somewhere"}, "is not the address of an index"),
        ({"RELEASE_INDEX_URL": "http://127.0.0.1:9/"}, "127.0.0.1 cannot be read"),
    ],
)
def test_settings_that_cannot_be_used_are_named(
    server: LocalIndex, index: str, project: Path, changed: dict[str, str], sentence: str
) -> None:
    """Before anything is sent, and without what is secret in them."""
    variables = environment(server.environment(index) | changed)
    with pytest.raises(ReleaseError, match=sentence) as caught:
        publish(archives(project), variables, upload=True, root=project)
    assert "secret" not in str(caught.value)


def test_what_is_promoted_is_what_was_staged(server: LocalIndex, index: str, project: Path) -> None:
    """The release index gets the bytes that the staging index holds, or nothing."""
    server.make(f"{index}-release")
    release = environment(server.environment(f"{index}-release", staging=index))
    with pytest.raises(ReleaseError, match="does not hold these files: upload them there first"):
        publish(archives(project), release, upload=True, promote=True, root=project)
    publish(archives(project), environment(server.environment(index)), upload=True, root=project)
    said = publish(archives(project), release, upload=True, promote=True, root=project)
    assert said[-1].endswith("downloaded again and compared.")


def tags(project: Path) -> str:
    ran = subprocess.run(
        ["git", "tag", "--list"], cwd=project, capture_output=True, text=True, check=True
    )
    return ran.stdout.strip()


def test_no_tag_without_the_model_of_the_commit(
    server: LocalIndex, index: str, project: Path
) -> None:
    """A tag says that this commit makes what is on the index."""
    variables = environment(server.environment(index))
    with pytest.raises(ReleaseError, match="was trained from no commit and not from this commit"):
        publish(archives(project), variables, upload=True, tag=True, root=project)
    assert tags(project) == ""


def change(root: Path) -> None:
    (root / "new.txt").write_text("x", encoding="utf-8")


def tag_before(root: Path) -> None:
    subprocess.run(["git", "tag", f"v{archives(root).version}"], cwd=root, check=True)


def take_the_date_away(root: Path) -> None:
    changelog = root / "CHANGELOG.md"
    text = changelog.read_text(encoding="utf-8")
    changelog.write_text(text.replace("2026-01-01", "unreleased"), encoding="utf-8")
    named = ("git", "-c", "user.name=Test", "-c", "user.email=test@example.com")
    subprocess.run([*named, "commit", "-qam", "No date"], cwd=root, check=True)


@pytest.mark.parametrize(
    ("spoil", "sentence"),
    [
        (change, "changes that are not committed"),
        (tag_before, "is tagged already"),
        (take_the_date_away, "and its date"),
    ],
)
def test_a_release_is_of_a_dated_commit_and_happens_once(
    server: LocalIndex,
    index: str,
    project: Path,
    spoil: Callable[[Path], None],
    sentence: str,
) -> None:
    """What is tagged can be made again."""
    spoil(project)
    variables = environment(server.environment(index))
    with pytest.raises(ReleaseError, match=sentence):
        publish(archives(project), variables, upload=True, tag=True, root=project)


def test_what_was_published_installs_and_predicts(
    server: LocalIndex, index: str, project: Path, tmp_path: Path
) -> None:
    """`pip install` from the index alone, into an empty environment."""
    publish(archives(project), environment(server.environment(index)), upload=True, root=project)
    empty = Environment.make(tmp_path / "empty", Path(sys.executable))
    empty.download_locked(tmp_path / "house", "runtime")
    empty.install(
        "--isolated",
        "--index-url",
        server.read_url(index),
        "--find-links",
        str(tmp_path / "house"),
        archives(project).name,
    )
    code = (
        f"from regression_model import load_model; print(load_model().predict([{HOUSE}]).values[0])"
    )
    ran = subprocess.run(
        [str(empty.python), "-P", "-c", code], capture_output=True, text=True, check=True
    )
    assert 10_000 < float(ran.stdout) < 1_000_000
