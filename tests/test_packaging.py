"""The installed distribution is what its metadata says, and nothing else is in it."""

from importlib import metadata
from pathlib import Path, PurePosixPath

import regression_model

ROOT = Path(__file__).parents[1]
DISTRIBUTION = metadata.distribution("regression-model")


def requirements(extra: str | None = None) -> set[str]:
    """The names of the libraries required, by the base install or by one extra."""
    split = [line.partition(";") for line in DISTRIBUTION.requires or []]
    return {
        library.partition(">=")[0].strip()
        for library, _, condition in split
        if (f'extra == "{extra}"' in condition if extra else "extra ==" not in condition)
    }


def installed_files() -> set[PurePosixPath]:
    """What the wheel's RECORD lists, but for what pip and Python made on this machine."""
    made_here = {
        "INSTALLER",
        "REQUESTED",
        "direct_url.json",
        "regression-model",
        "regression-model.exe",
    }
    return {
        PurePosixPath(file.as_posix())
        for file in DISTRIBUTION.files or []
        if file.name not in made_here and "__pycache__" not in file.parts
    }


def test_the_installed_package_is_tested_not_the_sources() -> None:
    """A file that the wheel lacks must not be found in the sources next to the tests."""
    package = Path(regression_model.__file__).parent
    assert "site-packages" in package.parts
    assert package != ROOT / "regression_model"


def test_version_is_the_one_in_the_sources() -> None:
    """VERSION says it once; the package, its metadata and the sources agree."""
    expected = (ROOT / "regression_model" / "VERSION").read_text(encoding="utf-8").strip()
    assert expected == DISTRIBUTION.version == regression_model.__version__


def test_the_base_install_needs_only_what_predicts() -> None:
    """The libraries that train stay out of a serving image."""
    assert requirements() == {"narwhals", "numpy", "onnxruntime", "pydantic", "rich", "typer"}


def test_extras_bring_what_trains_and_what_reads_parquet() -> None:
    """Each extra is asked for by name."""
    assert set(DISTRIBUTION.metadata.get_all("Provides-Extra", [])) == {
        "batch",
        "convert",
        "dask",
        "jobs",
        "mlflow",
        "notify",
        "package",
        "remote",
        "report",
        "serve",
        "spark",
        "train",
        "tune",
        "verify",
    }
    assert requirements("batch") == {"pyarrow"}
    assert requirements("package") == {"build", "packaging", "setuptools"}
    assert requirements("train") == {
        "feature-engine",
        "joblib",
        "onnx",
        "pandas",
        "scikit-learn",
        "strictyaml",
        "threadpoolctl",
    }


def test_metadata_for_the_index() -> None:
    """What a reader of the index sees."""
    about = DISTRIBUTION.metadata
    assert about["Name"] == "regression-model"
    assert about["License-Expression"] == "BSD-3-Clause"
    assert about["License-File"] == "LICENSE"
    assert about["Requires-Python"] == ">=3.11"
    assert about["Description-Content-Type"] == "text/markdown"
    assert "Typing :: Typed" in about.get_all("Classifier", [])


def test_the_command_is_installed() -> None:
    """`regression-model` starts the function that `python -m regression_model` starts."""
    (command,) = DISTRIBUTION.entry_points
    assert (command.group, command.name) == ("console_scripts", "regression-model")
    assert command.value == "regression_model.cli:main"
    assert callable(command.load())


def test_only_the_package_is_installed() -> None:
    """No tests, no benchmarks, nothing beside the package and its metadata."""
    tops = {file.parts[0] for file in installed_files()}
    assert tops == {"regression_model", f"regression_model-{DISTRIBUTION.version}.dist-info"}


def test_nothing_installed_is_pickled() -> None:
    """The one binary file is the model file of this version, which runs no code when opened."""
    suffixes = {file.suffix for file in installed_files() if file.parts[0] == "regression_model"}
    data = {".csv", ".jinja", ".md", ".onnx", ".template", ".typed", ".yml", ""}
    page = {".css", ".html", ".js", ".svg"}
    assert suffixes == {".py"} | data | page
    models = [file.name for file in installed_files() if file.suffix == ".onnx"]
    assert models == [f"house-prices-{DISTRIBUTION.version}.onnx"]
