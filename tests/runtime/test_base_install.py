"""The base install stands on its own: the training half's libraries are not even there."""

from importlib import import_module
from importlib.util import find_spec
from pathlib import Path

import pytest

import regression_model

RUNTIME_HALF = [
    "checking",
    "cli",
    "contract",
    "errors",
    "explanation",
    "files",
    "intake",
    "manifest_check",
    "model",
    "model_file",
    "onnx_model",
    "operators",
    "predict",
    "problems",
    "processing.validation",
    "wire",
    "writing",
]


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


@pytest.mark.parametrize("name", RUNTIME_HALF)
def test_the_runtime_half_is_imported(name: str) -> None:
    """No module that predicts imports what is not there."""
    assert import_module(f"regression_model.{name}").__name__ == f"regression_model.{name}"
