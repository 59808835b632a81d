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

__all__ = ["CrossValidation", "conformal_half_width", "cross_validate", "metrics", "rmsle"]

Floats = npt.NDArray[np.float64]
Progress = Callable[[str, int, int], None]


@dataclass(frozen=True)
class CrossValidation:
    """Predictions of every row by a model that was fitted without it.

    Attributes
    ----------
    predictions : array of float64, shape (rows,)
    folds : array of int, shape (rows,)
        The fold in which each row was held out.
    """

    predictions: Floats
    folds: npt.NDArray[np.int64]


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
    splits = KFold(folds, shuffle=True, random_state=seed).split(frame)
    for fold, (train, test) in enumerate(splits):
        progress("Cross-validating", fold, folds)
        fitted = clone(pipeline).fit(frame.iloc[train], target.iloc[train])
        predictions[test] = fitted.predict(frame.iloc[test])
        fold_of[test] = fold
    progress("Cross-validating", folds, folds)
    return CrossValidation(predictions, fold_of)


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
        "r2": float(1 - np.sum(error**2) / np.sum((target - target.mean()) ** 2)),
    }
    if (target != 0).all():
        figures["mape"] = float(np.mean(np.abs(error / target)))
    return {name: value for name, value in figures.items() if math.isfinite(value)}


def conformal_half_width(residuals: Floats, *, level: float) -> float:
    """Return the half width of an interval that holds a share `level` of unseen rows.

    Parameters
    ----------
    residuals : array of float64, shape (rows,)
        Of held-out rows, on the scale on which the interval has one width.

    Notes
    -----
    The quantile of the absolute residuals with the finite-sample correction of split conformal
    prediction, taken over the folds together: Vovk, "Cross-conformal predictors", Annals of
    Mathematics and Artificial Intelligence 74 (2015). The largest residual where `level` asks for
    more than the rows can tell.
    """
    rank = math.ceil((len(residuals) + 1) * level)
    return float(np.sort(np.abs(residuals))[min(rank, len(residuals)) - 1])
