"""The pictures of a report, each with its heading, its caption and its alternative text."""

from .accuracy import errors_against_prediction, paint_accuracy, predicted_against_actual
from .dependence import partial_dependence
from .folds import by_fold
from .groups import by_group, coverage_by_group
from .importance import importances
from .intervals import calibration, widths
from .residuals import errors_by_field

__all__ = [
    "by_fold",
    "by_group",
    "calibration",
    "coverage_by_group",
    "errors_against_prediction",
    "errors_by_field",
    "importances",
    "paint_accuracy",
    "partial_dependence",
    "predicted_against_actual",
    "widths",
]
