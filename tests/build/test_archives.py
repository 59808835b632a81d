"""Both archives in dist/ hold exactly what they should, and none is made without its model."""

import shutil
import subprocess
import sys
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
VERSION = (ROOT / "regression_model" / "VERSION").read_text(encoding="utf-8").strip()
STEM = f"regression_model-{VERSION}"
SDIST = ROOT / "dist" / f"{STEM}.tar.gz"
WHEEL = ROOT / "dist" / f"{STEM}-py3-none-any.whl"
MODEL = f"regression_model/trained_models/house-prices-{VERSION}.onnx"
CARD = MODEL.replace(".onnx", ".md")
WAY_OUT = "; train it first: tox -e train"


def files_below(folder: str, *patterns: str) -> set[str]:
    """The source files below a folder, by their paths from the top."""
    return {
        path.relative_to(ROOT).as_posix()
        for pattern in patterns
        for path in (ROOT / folder).rglob(pattern)
        if path.is_file() and "__pycache__" not in path.parts
    }


PACKAGE = files_below("regression_model", "*.py") | {
    "regression_model/VERSION",
    "regression_model/config.yml",
    "regression_model/datasets/README.md",
    "regression_model/datasets/test.csv",
    "regression_model/datasets/train.csv",
    "regression_model/py.typed",
    *files_below("regression_model/packaging/templates", "*.template"),
    *files_below("regression_model/report/templates", "*.jinja"),
    MODEL,
    CARD,
}


def build(tree: Path, *options: str) -> subprocess.CompletedProcess[str]:
    """Run `python -m build` in a copy of the sources."""
    command = [sys.executable, "-m", "build", "--no-isolation", *options, "."]
    return subprocess.run(command, cwd=tree, capture_output=True, text=True, check=False)


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """The sources as a reader of the sdist has them."""
    options: dict[str, Any] = {"filter": "data"} if hasattr(tarfile, "data_filter") else {}
    with tarfile.open(SDIST) as archive:
        archive.extractall(tmp_path, **options)  # Python has filters since 3.11.4
    return tmp_path / STEM


def test_dist_holds_one_sdist_and_one_wheel() -> None:
    """What is uploaded from dist/ is this version, and nothing left from another."""
    assert set((ROOT / "dist").iterdir()) == {SDIST, WHEEL}


def test_wheel_contents() -> None:
    """The wheel holds the package with its data and its model."""
    with zipfile.ZipFile(WHEEL) as archive:
        names = archive.namelist()
    metadata = {
        "METADATA",
        "RECORD",
        "WHEEL",
        "entry_points.txt",
        "licenses/LICENSE",
        "top_level.txt",
    }
    assert set(names) == PACKAGE | {f"{STEM}.dist-info/{name}" for name in metadata}
    assert len(names) == len(set(names))


def test_sdist_contents() -> None:
    """The sdist holds what it takes to train, build and test as well."""
    with tarfile.open(SDIST) as archive:
        names = [member.name for member in archive if member.isfile()]
    project = {
        "CHANGELOG.md",
        "CONTRIBUTING.md",
        "LICENSE",
        "MANIFEST.in",
        "Makefile",
        "README.md",
        "mypy.ini",
        "pyproject.toml",
        "setup.py",
        "tox.ini",
    }
    made = {
        "PKG-INFO",
        "setup.cfg",
        "regression_model.egg-info/PKG-INFO",
        "regression_model.egg-info/SOURCES.txt",
        "regression_model.egg-info/dependency_links.txt",
        "regression_model.egg-info/entry_points.txt",
        "regression_model.egg-info/requires.txt",
        "regression_model.egg-info/top_level.txt",
    }
    folders = (
        files_below("tests", "*")
        | files_below("benchmarks", "*.py")
        | files_below("releasing", "*.py")
        | files_below("docs", "*.md")
        | files_below("docs", "*.svg")
        | files_below("requirements", "*.in", "*.txt")
    )
    assert set(names) == {f"{STEM}/{name}" for name in PACKAGE | project | made | folders}
    assert len(names) == len(set(names))


def test_both_archives_hold_the_same_bytes() -> None:
    """The wheel was made from the sdist, and both from the sources as they are."""
    with tarfile.open(SDIST) as sdist, zipfile.ZipFile(WHEEL) as wheel:
        for name in PACKAGE:
            expected = (ROOT / name).read_bytes()
            member = sdist.extractfile(f"{STEM}/{name}")
            assert member is not None
            assert expected == member.read() == wheel.read(name), name


def test_the_sdist_builds_the_same_wheel_again(tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With SOURCE_DATE_EPOCH two wheels from the same sources are the same file."""
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1767225600")
    again = tree.with_name("again")
    shutil.copytree(tree, again)
    wheels = []
    for sources in (tree, again):
        done = build(sources, "--wheel")
        assert done.returncode == 0, done.stderr
        wheels.append((sources / "dist" / WHEEL.name).read_bytes())
    assert wheels[0] == wheels[1]


def absent(tree: Path) -> None:
    (tree / MODEL).unlink()


def of_another_version(tree: Path) -> None:
    (tree / "regression_model" / "VERSION").write_text("99.0.0\n", encoding="utf-8")


def with_another_configuration(tree: Path) -> None:
    with (tree / "regression_model" / "config.yml").open("a", encoding="utf-8") as file:
        file.write("# one more line\n")


def with_other_data(tree: Path) -> None:
    path = tree / "regression_model" / "datasets" / "train.csv"
    path.write_bytes(path.read_bytes().rstrip().rpartition(b"\n")[0] + b"\n")


def cut_short(tree: Path) -> None:
    path = tree / MODEL
    path.write_bytes(path.read_bytes()[:-1])


@pytest.mark.parametrize("kind", ["--sdist", "--wheel"])
@pytest.mark.parametrize(
    "spoil", [absent, of_another_version, with_another_configuration, with_other_data, cut_short]
)
def test_no_archive_without_its_model(tree: Path, spoil: Callable[[Path], None], kind: str) -> None:
    """The refusal is one sentence that says why and what to do."""
    spoil(tree)
    done = build(tree, kind)
    output = (done.stdout + done.stderr).splitlines()
    assert done.returncode != 0
    assert [line for line in output if line.endswith(WAY_OUT)] == [
        line for line in output if line.startswith("error: ")
    ]
    assert sum(line.endswith(WAY_OUT) for line in output) == 1
    assert not any(line.startswith("Traceback") for line in output)
    assert not list(tree.glob("dist/*.*"))


def test_an_editable_install_needs_no_model(tree: Path, tmp_path: Path) -> None:
    """Training is done in an editable install, so that one can't ask for the model."""
    absent(tree)
    program = f"import setuptools.build_meta as b; b.build_editable({str(tmp_path)!r})"
    subprocess.run(
        [sys.executable, "-c", program], cwd=tree, capture_output=True, text=True, check=True
    )
    assert len(list(tmp_path.glob("*.whl"))) == 1
