"""The search for better values of a configuration, scored on the folds of its evaluation."""

from .nested import run_nested_tuning
from .nested_result import Mean, NestedTuningResult, OuterFold
from .result import TuningResult
from .run import run_tuning
from .trials import Trial

__all__ = [
    "Mean",
    "NestedTuningResult",
    "OuterFold",
    "Trial",
    "TuningResult",
    "run_nested_tuning",
    "run_tuning",
]
