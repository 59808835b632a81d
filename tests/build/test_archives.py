"""Both archives in dist/ hold exactly what they should, and none is made without its model."""

import json
import os
import re
import shutil
import subprocess
import sys
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator

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
    *files_below("regression_model/tracking/mlflow", "*.template"),
    *files_below("regression_model/serving/page", "*.css", "*.html", "*.js", "*.svg"),
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
        "sboms/regression-model.cdx.json",
        "top_level.txt",
    }
    assert set(names) == PACKAGE | {f"{STEM}.dist-info/{name}" for name in metadata}
    assert len(names) == len(set(names))


def test_sdist_contents() -> None:
    """The sdist holds what it takes to train, build and test as well."""
    with tarfile.open(SDIST) as archive:
        names = [member.name for member in archive if member.isfile()]
    project = {
        ".dockerignore",
        "CHANGELOG.md",
        "CONTRIBUTING.md",
        "Dockerfile",
        "LICENSE",
        "MANIFEST.in",
        "Makefile",
        "README.md",
        "SECURITY.md",
        "mypy.ini",
        "pyproject.toml",
        "setup.py",
        "sonar-project.properties",
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
        | files_below("docs", "*.css", "*.md", "*.png", "*.py", "*.svg")
        | files_below("examples", "*.csv", "*.md")
        | files_below("releasing", "*.py")
        | files_below("releasing/node", "*.json", "*.mjs")
        | files_below("requirements", "*.in", "*.json", "*.txt")
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


def test_the_sdist_builds_the_same_archives_again(tree: Path) -> None:
    """Without any setting: the times in the archives are those of the sources."""
    another = tree.with_name("another place")
    shutil.copytree(tree, another)
    done = build(another)
    assert done.returncode == 0, done.stderr
    for archive in (WHEEL, SDIST):
        assert archive.read_bytes() == (another / "dist" / archive.name).read_bytes()


def test_the_times_in_the_archives_are_those_of_the_commit() -> None:
    """Nothing in them says when or by whom they were built."""
    with tarfile.open(SDIST) as sdist, zipfile.ZipFile(WHEEL) as wheel:
        times = {member.mtime for member in sdist}
        owners = {(member.uid, member.gid, member.uname, member.gname) for member in sdist}
        wheel_times = {member.date_time for member in wheel.infolist()}
    assert owners == {(0, 0, "", "")}
    assert len(times) == len(wheel_times) == 1
    if (ROOT / ".git").exists() and "SOURCE_DATE_EPOCH" not in os.environ:
        command = ["git", "log", "-1", "--format=%ct"]
        ran = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
        assert times == {int(ran.stdout)}


def sbom() -> str:
    """The text of the SBOM in the wheel."""
    with zipfile.ZipFile(WHEEL) as archive:
        name = f"{STEM}.dist-info/sboms/regression-model.cdx.json"
        return archive.read(name).decode("utf-8")


def test_the_sbom_is_valid() -> None:
    """As the schema of CycloneDX has it."""
    assert JsonStrictValidator(SchemaVersion.V1_6).validate_str(sbom()) is None


def test_the_sbom_names_this_wheel_and_the_libraries_of_the_lock() -> None:
    """Those that the base install needs, and those that the extras add, each as locked."""
    document = json.loads(sbom())
    root = document["metadata"]["component"]
    assert (root["name"], root["version"]) == ("regression-model", VERSION)
    lock = (ROOT / "requirements" / "lock.txt").read_text(encoding="utf-8")
    locked = set(re.findall(r"^([a-z0-9-]+)==([^\s;]+)", lock, flags=re.MULTILINE))
    stated = {
        (re.sub(r"[-_.]+", "-", one["name"]).lower(), one["version"])
        for one in document["components"]
    }
    assert stated <= locked
    base = {one["name"] for one in document["components"] if one["scope"] == "required"}
    assert {"numpy", "onnxruntime", "pydantic"} < base
    assert base.isdisjoint({"pandas", "scikit-learn"})
    assert {"pandas", "scikit-learn"} < {one["name"] for one in document["components"]}


def test_one_line_gives_the_distribution_another_name(tree: Path, tmp_path: Path) -> None:
    """For an index on which the name is taken: what the package says follows."""
    project = tree / "pyproject.toml"
    text = project.read_text(encoding="utf-8")
    project.write_text(
        text.replace('name = "regression-model"', 'name = "acme-houses"', 1), encoding="utf-8"
    )
    assert build(tree).returncode == 0
    (wheel,) = (tree / "dist").glob("acme_houses-*.whl")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(tmp_path / "installed")
    program = (
        "from regression_model.extras import needs\n"
        "with needs('train'):\n"
        "    import a_missing_library\n"
    )
    ran = subprocess.run(
        [sys.executable, "-c", program],
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": str(tmp_path / "installed")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert f"pip install 'acme-houses[train]=={VERSION}'" in ran.stderr


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
