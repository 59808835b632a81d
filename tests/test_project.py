"""The project's own files agree with each other: tox, make, the changelog, the requirements."""

import re
import shutil
import subprocess
import sys
import tomllib
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
VERSION = (ROOT / "regression_model" / "VERSION").read_text(encoding="utf-8").strip()
ENVIRONMENTS = {
    "audit",
    "bench",
    "bench_serve",
    "bench_tables",
    "build",
    "checks",
    "compat-highest",
    "compat-highest-py312",
    "compat-highest-py313",
    "compat-lowest",
    "compat-lowest-py312",
    "compat-lowest-py313",
    "compat-train-lowest",
    "containers",
    "coverage",
    "cycle",
    "dependencies",
    "dev",
    "docs",
    "docs_site",
    "evaluate",
    "format",
    "job-compare",
    "job-evaluate",
    "job-explain",
    "job-monitor",
    "job-predict",
    "job-promote",
    "job-train",
    "job-tune",
    "keep",
    "lint",
    "lock",
    "publish",
    "pylock",
    "release_rehearsal",
    "reliability",
    "test_browser",
    "test_mlflow",
    "test_package",
    "test_release",
    "test_remote",
    "test_runtime",
    "test_runtime-py312",
    "test_runtime-py313",
    "test_spark",
    "train",
    "tune",
    "typecheck",
    "workflows",
}


@cache
def tox_config() -> str:
    """What tox prints of every environment in the project's tox.ini."""
    command = [sys.executable, "-m", "tox", "config", "-e", "ALL"]
    command += ["--root", str(ROOT), "-c", "tox.ini"]
    # tox's exit code tells as well whether every Python is there, which is no matter here
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False).stdout


def tracked_text() -> dict[str, str]:
    """Every text file of the project by its path: what git would keep, or all without git."""
    if (ROOT / ".git").exists():
        names = subprocess.run(
            ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=True,
        ).stdout.split("\0")
    else:
        hidden_or_made = re.compile(
            r"(^|/)(\.(?!ci/)[^/]*|build|dist|site|__pycache__|[^/]*\.egg-info)/"
        )
        names = [path.relative_to(ROOT).as_posix() for path in ROOT.rglob("*")]
        names = [name for name in names if not hidden_or_made.search(name)]
    binary = {".onnx", ".joblib", ".csv", ".pyc", ".png"}
    paths = [ROOT / name for name in names if name]
    return {
        path.relative_to(ROOT).as_posix(): path.read_text(encoding="utf-8")
        for path in paths
        if path.is_file() and path.suffix not in binary
    }


def test_tox_has_these_environments_and_describes_each() -> None:
    """`tox list` is the documentation of what can be run."""
    found = re.findall(
        r"^\[testenv:([^.].*)\]\n(?:.+\n)*?description = (.*)", tox_config(), flags=re.MULTILINE
    )
    described = dict(found)
    assert described.keys() == ENVIRONMENTS
    assert all(described.values())


def test_tox_knows_every_key() -> None:
    """A misspelt key in tox.ini does nothing, and only `tox config` remarks on it."""
    assert "[testenv:train]" in tox_config()
    assert "# !!! unused" not in tox_config()


def test_every_environment_named_in_the_documents_exists() -> None:
    """Whoever types `make X` or `tox -e X` from a document gets something that runs."""
    named = set()
    for path in (*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md")):
        text = path.read_text(encoding="utf-8")
        for words in re.findall(
            r"^ {4}make ([\w\- ]+)|`make ([\w\- ]+)`", text, flags=re.MULTILINE
        ):
            named.update(" ".join(words).split())
        for words in re.findall(r"tox -e ([\w\-,]+)", text):
            named.update(words.split(","))
    assert "train" in named
    assert named <= ENVIRONMENTS | {"ci"}


@pytest.mark.skipif(shutil.which("make") is None, reason="there is no make")
def test_a_target_of_make_is_the_environment_of_that_name() -> None:
    """Whatever tox can do for a developer, and plain make is plain tox."""

    def said(*targets: str) -> list[str]:
        command = ["make", "--dry-run", "--no-print-directory", "TOX=tox", *targets]
        return subprocess.run(
            command, cwd=ROOT, capture_output=True, text=True, check=True
        ).stdout.splitlines()

    assert said() == ["tox run"]
    targets = re.findall(
        r"^([\w-]+): \$\(TOX\)", (ROOT / "Makefile").read_text(), flags=re.MULTILINE
    )
    named = [target for target in targets if target not in ("all", "ci")]
    assert [f"tox run -e {target}" for target in named] == said(*named)
    assert {*named} == {name for name in ENVIRONMENTS if "-py" not in name}


def test_every_folder_has_its_place_in_the_import_rules() -> None:
    """A new folder that import-linter is not told of would be free to import anything."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    layers = project["tool"]["importlinter"]["contracts"][0]["layers"]
    named = {name.strip() for layer in layers for name in layer.split("|")}
    package = ROOT / "regression_model"
    folders = {f"{package.name}.{path.parent.name}" for path in package.glob("*/__init__.py")}
    faces = {f"{package.name}.processing"}
    assert folders - faces == {name for name in named if (ROOT / name.replace(".", "/")).is_dir()}


def test_the_changelog_begins_with_this_version() -> None:
    """A version is not released without saying what is in it."""
    changelog = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    newest = re.search(r"^## \[(.+?)\]", changelog, flags=re.MULTILINE)
    assert newest is not None
    assert newest[1] == VERSION


def test_the_lock_pins_every_listed_library_exactly() -> None:
    """Nothing is installed by tox in a version, or with bytes, that the lock leaves open."""
    text = (ROOT / "requirements" / "lock.txt").read_text(encoding="utf-8").replace(" \\\n", "")
    pins = [line for line in text.splitlines() if line and not line.lstrip().startswith("#")]
    assert all(
        re.match(r"[a-z0-9-]+==\S+( ; .+)?(    --hash=sha256:\w{64})+$", pin) for pin in pins
    )
    pinned = {pin.partition("==")[0] for pin in pins}
    listed = {
        re.split(r"[^\w.-]", line, maxsplit=1)[0]
        for path in (ROOT / "requirements").glob("*.in")
        if path.stem not in ("index", "mlflow_server", "peer")  # which have locks of their own
        for line in path.read_text(encoding="utf-8").splitlines()
        if line and not line.startswith("#")
    }
    assert listed <= pinned


def test_requirements_name_libraries_only() -> None:
    """Where packages come from is for each machine to say."""
    texts = [path.read_text(encoding="utf-8") for path in (ROOT / "requirements").iterdir()]
    texts += [(ROOT / name).read_text(encoding="utf-8") for name in ("pyproject.toml", "tox.ini")]
    for text in texts:
        for known in ("https://example.com/", "http://cyclonedx.org/schema/"):
            text = text.replace(known, "")
        assert "://" not in text
        assert not re.search(r"(?<!--no-emit-)index-url|find-links|trusted-host", text)


def test_no_file_names_a_place_on_one_machine() -> None:
    """Paths of the machine that a file was written on mean nothing on another."""
    own_place = re.compile(r"(?<![\w./-])/(?:home|root|Users|work|opt|mnt)/\w+")
    found = {
        name: matches
        for name, text in tracked_text().items()
        if (matches := own_place.findall(text))
    }
    assert found == {}
