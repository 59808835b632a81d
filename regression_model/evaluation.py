"""How good the model is on rows that it has not seen."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from sklearn.base import clone
from sklearn.model_selection import KFold
from sklearn.pipeline import Pipeline

from .errors import DataError
from .interval import fit_interval

__all__ = [
    "CrossValidation",
    "Fold",
    "Progress",
    "cannot_be_fitted",
    "cross_validate",
    "held_out_intervals",
    "interval_metrics",
    "metrics",
    "rmsle",
]

Floats = npt.NDArray[np.float64]
Progress = Callable[[str, int, int], None]


@dataclass(frozen=True)
class Fold:
    """The rows of one fold, and their features as the estimator fitted in it takes them."""

    train: npt.NDArray[np.int64]
    test: npt.NDArray[np.int64]
    train_features: Floats
    test_features: Floats


@dataclass(frozen=True)
class CrossValidation:
    """Predictions of every row by a model that was fitted without it.

    Attributes
    ----------
    predictions : array of float64, shape (rows,)
    folds : array of int, shape (rows,)
        The fold in which each row was held out.
    parts : list of Fold
    """

    predictions: Floats
    folds: npt.NDArray[np.int64]
    parts: list[Fold]


def cannot_be_fitted(error: ValueError) -> DataError:
    """Return what scikit-learn or feature-engine could not do, as one sentence."""
    reason = str(error).strip().splitlines()[0] if str(error).strip() else "no reason was given"
    return DataError(f"The pipeline cannot be fitted to these rows: {reason}")


def cross_validate(
    pipeline: Pipeline,
    frame: pd.DataFrame,
    target: pd.Series[float],
    *,
    folds: int,
    seed: int,
    progress: Progress,
) -> CrossValidation:
    """Predict every row by a pipeline fitted from scratch on the other folds.

    Parameters
    ----------
    pipeline : Pipeline
        Not fitted; every step of it is fitted inside each fold.
    progress : callable
        Told the stage, how many folds are done, and how many there are.
    """
    predictions = np.empty(len(frame))
    fold_of = np.empty(len(frame), dtype=np.int64)
    parts = []
    splits = KFold(folds, shuffle=True, random_state=seed).split(frame)
    for fold, (train, test) in enumerate(splits):
        progress("Cross-validating", fold, folds)
        fitted = clone(pipeline).fit(frame.iloc[train], target.iloc[train])
        features = fitted[:-1].transform(frame)
        parts.append(Fold(train, test, features[train], features[test]))
        predictions[test] = fitted[-1].predict(features[test])
        fold_of[test] = fold
    progress("Cross-validating", folds, folds)
    return CrossValidation(predictions, fold_of, parts)


def rmsle(target: Floats, predictions: Floats) -> float:
    """Root mean squared error of the natural logarithms; NaN unless all values are positive."""
    if min(target.min(), predictions.min()) <= 0:
        return math.nan
    return float(np.sqrt(np.mean((np.log(predictions) - np.log(target)) ** 2)))


def metrics(target: Floats, result: CrossValidation) -> dict[str, float]:
    """Return the cross-validated figures, in the target's unit where they have one.

    `rmsle` is the mean over the folds; the others are over all rows together. Figures that the
    target has none of, such as the RMSLE of a negative target, are left out.
    """
    predictions = result.predictions
    error = predictions - target
    in_folds = [
        rmsle(target[result.folds == fold], predictions[result.folds == fold])
        for fold in np.unique(result.folds)
    ]
    figures: dict[str, Any] = {
        "rmsle": float(np.mean(in_folds)),
        "rmsle_worst_fold": float(np.max(in_folds)),
        "rmse": float(np.sqrt(np.mean(error**2))),
        "mae": float(np.mean(np.abs(error))),
        "median_absolute_error": float(np.median(np.abs(error))),
    }
    if (variance := np.mean((target - target.mean()) ** 2)) > 0:
        figures["r2"] = float(1 - np.mean(error**2) / variance)
    if (target != 0).all():
        figures["mape"] = float(np.mean(np.abs(error / target)))
    return {name: value for name, value in figures.items() if math.isfinite(value)}


def held_out_intervals(
    result: CrossValidation, residuals: Floats, *, level: float, alpha: float | None, seed: int
) -> Floats:
    """Return the half width of every row's interval, fitted on the residuals of the other folds.

    Those residuals are of models that had seen this row's fold; models fitted without both folds
    would take ten times as long, and gave the same coverage where that was tried.

    Parameters
    ----------
    residuals : array of float64, shape (rows,)
        Of the held-out predictions, on the scale that the estimator learns.
    level, alpha, seed : as for `fit_interval`.
    """
    half_widths = np.empty(len(residuals))
    for part in result.parts:
        interval = fit_interval(
            part.train_features, residuals[part.train], level=level, alpha=alpha, seed=seed
        )
        half_widths[part.test] = interval.half_width(part.test_features)
    return half_widths


def interval_metrics(target: Floats, lower: Floats, upper: Floats) -> dict[str, float]:
    """Return how often intervals hold the target, and how wide they are relative to its middle."""
    inside = (lower <= target) & (target <= upper)
    quartiles = np.digitize(target, np.quantile(target, [0.25, 0.5, 0.75]))
    width = (upper - lower) / np.abs((upper + lower) / 2)
    return {
        "coverage": float(inside.mean()),
        "coverage_worst_quartile": min(
            float(inside[quartiles == q].mean()) for q in set(quartiles)
        ),
        "median_relative_width": float(np.median(width)),
    }
