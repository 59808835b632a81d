"""The search for better values of a configuration, scored on the folds of its evaluation."""

from .result import TuningResult
from .run import run_tuning
from .trials import Trial

__all__ = ["Trial", "TuningResult", "run_tuning"]
