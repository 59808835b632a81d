"""A trained regression model as a package: `make_prediction` and everything behind it.

Importing this package imports nothing else; a name is loaded when it is first used.
"""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .comparison import ModelComparison
    from .comparison.run import compare_models
    from .errors import (
        ClusterError,
        ConfigError,
        DataError,
        ExportError,
        InputError,
        MissingExtraError,
        ModelFileError,
        OutputError,
        PackageError,
        QualityError,
        RegressionModelError,
        VerificationError,
    )
    from .monitoring import DriftReport
    from .monitoring.run import monitor_rows
    from .predict import make_prediction
    from .runtime.explanation import Explanation, Explanations
    from .runtime.model import Model, load_model
    from .runtime.prediction import Prediction
    from .runtime.problems import Problem

__all__ = [
    "ClusterError",
    "ConfigError",
    "DataError",
    "DriftReport",
    "Explanation",
    "Explanations",
    "ExportError",
    "InputError",
    "MissingExtraError",
    "Model",
    "ModelComparison",
    "ModelFileError",
    "OutputError",
    "PackageError",
    "Prediction",
    "Problem",
    "QualityError",
    "RegressionModelError",
    "VerificationError",
    "__version__",
    "compare_models",
    "load_model",
    "make_prediction",
    "monitor_rows",
]

__version__ = (Path(__file__).parent / "VERSION").read_text(encoding="utf-8").strip()

_HOME = {
    "DriftReport": "monitoring.results",
    "Explanation": "runtime.explanation",
    "Explanations": "runtime.explanation",
    "Model": "runtime.model",
    "ModelComparison": "comparison.results",
    "Prediction": "runtime.prediction",
    "Problem": "runtime.problems",
    "compare_models": "comparison.run",
    "load_model": "runtime.model",
    "make_prediction": "predict",
    "monitor_rows": "monitoring.run",
}


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f".{_HOME.get(name, 'errors')}", __name__), name)


def __dir__() -> list[str]:
    return sorted(set(globals()) | set(__all__))
