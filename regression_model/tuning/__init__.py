"""The search for better values of a configuration, scored on the folds of its evaluation.

Without the libraries of the extras `train` and `tune`, importing this raises a MissingExtraError.
"""

from ..extras import needs

with needs("train", "tune"):
    from .results import Mean, NestedTuningResult, OuterFold, TuningResult
    from .run import run_nested_tuning, run_tuning
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
