"""How good predictions were, summed as their outcomes pass, in constant memory."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..runtime.prediction import Prediction
from .reference import Floats

__all__ = ["RunningErrors"]


class RunningErrors:
    """Sums over rows with a prediction and an outcome; those of others do not count."""

    def __init__(self) -> None:
        self.rows = self._inside = 0
        self._error = self._size = 0.0
        self._squares, self._fourths = 0.0, 0.0
        self._log_squares, self._log_fourths = 0.0, 0.0
        self._has_logs = True

    def add(self, prediction: Prediction, outcomes: Floats, rows: Any = slice(None)) -> None:
        """Take outcomes into account, NaN where there is none yet."""
        target, predicted = outcomes[rows], prediction.values[rows]
        known = ~(np.isnan(target) | np.isnan(predicted))
        target, predicted = target[known], predicted[known]
        lower, upper = prediction.lower[rows][known], prediction.upper[rows][known]
        with np.errstate(over="ignore"):  # beyond float64 is an infinity
            self._add(target, predicted)
        self.rows += len(target)
        self._inside += int(((lower <= target) & (target <= upper)).sum())

    def _add(self, target: Floats, predicted: Floats) -> None:
        error = predicted - target
        squares = error**2
        self._error += float(error.sum())
        self._size += float(np.abs(error).sum())
        self._squares += float(squares.sum())
        self._fourths += float((squares**2).sum())
        self._has_logs = self._has_logs and not (np.minimum(target, predicted) <= 0).any()
        if self._has_logs:
            squares = np.log(predicted / target) ** 2
            self._log_squares += float(squares.sum())
            self._log_fourths += float((squares**2).sum())

    @property
    def metrics(self) -> dict[str, float]:
        """The metrics of the rows so far; none without rows."""
        n = self.rows
        if not n:
            return {}
        found = {"rmsle": math.sqrt(self._log_squares / n)} if self._has_logs else {}
        return found | {
            "rmse": math.sqrt(self._squares / n),
            "mae": self._size / n,
            "mean_error": self._error / n,
            "coverage": self._inside / n,
        }

    def standard_error(self, name: str) -> float:
        """Return that of rmse or rmsle, by the delta method."""
        squares, fourths = self._squares, self._fourths
        if name == "rmsle":
            squares, fourths = self._log_squares, self._log_fourths
        mean = squares / self.rows
        variance = max(0.0, fourths / self.rows - mean**2) / self.rows
        return math.sqrt(variance) / (2 * math.sqrt(mean)) if mean else 0.0
