"""The base install stands on its own: the training half's libraries are not even there."""

import os
import subprocess
import sys
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path

import pytest

import regression_model

PACKAGE = Path(regression_model.__file__).parent
FOLDERS = ("runtime", "files", "evaluation", "comparison", "monitoring", "verification", "cli")
MODULES = [
    ".".join(path.relative_to(PACKAGE).with_suffix("").parts)
    for folder in FOLDERS
    for path in sorted((PACKAGE / folder).rglob("*.py"))
    if path.name != "__init__.py"
]
FACES = ["errors", "predict", "processing.validation"]


def test_the_installed_package_is_tested_not_the_sources() -> None:
    """The sources, which hold all of both halves, are out of reach."""
    assert "site-packages" in Path(regression_model.__file__).parts


@pytest.mark.parametrize(
    "library",
    [
        "feature_engine",
        "joblib",
        "onnx",
        "pandas",
        "polars",
        "pyarrow",
        "scipy",
        "sklearn",
        "strictyaml",
        "threadpoolctl",
    ],
)
def test_no_library_of_an_extra_is_importable(library: str) -> None:
    """So whatever passes here passes without it."""
    assert find_spec(library) is None


@pytest.mark.parametrize("name", [*FACES, *MODULES])
def test_every_module_of_the_base_install_is_imported(name: str) -> None:
    """No module that predicts, reads files or scores them imports what is not there."""
    assert import_module(f"regression_model.{name}").__name__ == f"regression_model.{name}"


def test_nothing_is_kept_or_reported_by_onnxruntime(tmp_path: Path) -> None:
    """Without being told, it writes an identifier of the device into the home folder."""
    program = "import regression_model; regression_model.load_model()"
    kept = {name: value for name, value in os.environ.items() if not name.startswith("ORT_")}
    places = dict.fromkeys(("HOME", "XDG_CACHE_HOME", "LOCALAPPDATA", "USERPROFILE"), str(tmp_path))
    subprocess.run([sys.executable, "-P", "-c", program], env=kept | places, check=True)
    assert list(tmp_path.rglob("*")) == []
