"""The charts of a report, each with its heading, its caption and its alternative text."""

from .accuracy import by_fold, errors_against_prediction, paint_accuracy, predicted_against_actual
from .dependence import partial_dependence
from .drawing import Picture, png
from .fields import errors_by_field, importances
from .groups import by_group, coverage_by_group
from .intervals import calibration, widths

__all__ = [
    "Picture",
    "by_fold",
    "by_group",
    "calibration",
    "coverage_by_group",
    "errors_against_prediction",
    "errors_by_field",
    "importances",
    "paint_accuracy",
    "partial_dependence",
    "png",
    "predicted_against_actual",
    "widths",
]
