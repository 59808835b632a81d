"""Prediction intervals: conformal, from the residuals of rows that were held out."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from sklearn.linear_model import Ridge
from sklearn.model_selection import KFold, cross_val_predict

from .arrays import Features, Floats
from .steps.native import standard_of

__all__ = [
    "ConformalInterval",
    "Inverse",
    "ResidualScale",
    "Scale",
    "conformal_quantile",
    "exp_less_one",
    "fit_scale",
    "scale_of",
]


_FOLDS = 10  # in which the scale is fitted without the row whose residual it divides
_OFFSET = 0.01  # of the target's scale: a residual of nothing has a logarithm too
_ROUNDING = 1e-14  # relative: the exponential of a logarithm can be a little below the number


@dataclass(frozen=True)
class ConformalInterval:
    """An interval whose half width is `quantile` times a scale that follows from the features.

    The scale is `exp(features @ weights + intercept)`, its exponent kept between `lowest` and
    `highest`, what the training rows had. Without weights it is 1 and every row has one width.

    Attributes
    ----------
    level : float
        The share of unseen rows that the interval should hold.
    quantile : float
    weights : array of float64, shape (features,), or None
    intercept, lowest, highest : float
    """

    level: float
    quantile: float
    weights: Floats | None = None
    intercept: float = 0.0
    lowest: float = 0.0
    highest: float = 0.0

    def half_width(self, features: Features) -> Floats:
        """Return the half width for each row of features, on the scale that the estimator learns.

        Parameters
        ----------
        features : array of float64, shape (rows, features)
            As the estimator takes them; of a frame, its standard columns count.
        """
        if self.weights is None:
            return np.full(len(features), self.quantile)
        exponent = standard_of(features) @ self.weights + self.intercept
        return self.quantile * np.exp(np.clip(exponent, self.lowest, self.highest))


def exp_less_one(scores: Floats) -> Floats:
    """Return the way back from log1p, in the two steps that a graph has for it."""
    return np.asarray(np.exp(scores) - 1.0)


@dataclass(frozen=True)
class Inverse:
    """The way back from the scale that an estimator learns, never below the target's minimum.

    Attributes
    ----------
    function : numpy.exp, exp_less_one or numpy.positive
    floor : float
        The minimum, on the scale that the estimator learns; minus infinity where there is none.
    """

    function: Callable[[Floats], Floats]
    floor: float = -math.inf

    def __call__(self, scores: Floats) -> Floats:
        """Return the scores in the target's unit."""
        return self.function(np.maximum(scores, self.floor))


@dataclass(frozen=True)
class Scale:
    """The scale that an estimator learns: from the target to it, and back."""

    to: Callable[[Floats], Floats]
    back: Inverse

    def around(self, predictions: Floats, half_widths: Floats) -> tuple[Floats, Floats]:
        """Return the ends of intervals of `half_widths` on this scale, in the target's unit."""
        scores = self.to(predictions)
        return self.back(scores - half_widths), self.back(scores + half_widths)


def scale_of(transform: str, minimum: float | None) -> Scale:
    """Return the scale that `target.transform` and `target.minimum` of a configuration name."""
    floor = -math.inf if minimum is None else float(minimum)
    if transform == "log1p":
        lowest = floor if minimum is None else math.log1p(floor)
        return Scale(np.log1p, Inverse(exp_less_one, lowest + (_ROUNDING if lowest else 0.0)))
    if transform != "log":
        return Scale(np.positive, Inverse(np.positive, floor))
    if minimum is not None:
        floor = math.log(minimum)
        floor += max(_ROUNDING, 4 * math.ulp(floor))
    return Scale(np.log, Inverse(np.exp, floor))


@dataclass(frozen=True)
class ResidualScale:
    """How large residuals are, row by row: what intervals of every level have in common.

    Attributes
    ----------
    scores : array of float64, shape (rows,)
        The size of each residual, divided by a scale that was fitted without it.
    scale : ConformalInterval
        Its half width is the scale.
    """

    scores: Floats
    scale: ConformalInterval = ConformalInterval(level=0.0, quantile=1.0)

    def interval(self, level: float) -> ConformalInterval:
        """Return the interval that holds a share `level`, above 0 and below 1, of unseen rows."""
        quantile = conformal_quantile(self.scores, level=level)
        return replace(self.scale, level=level, quantile=quantile)


def fit_scale(
    features: Features, residuals: Floats, *, alpha: float | None, seed: int
) -> ResidualScale:
    """Fit the scale of intervals to the residuals of held-out rows.

    Parameters
    ----------
    features : array of float64, shape (rows, features)
        As the estimator takes them; of a frame, its standard columns count.
    residuals : array of float64, shape (rows,)
        Of predictions by models fitted without the row, on the scale that the estimator learns;
        NaN where there is none, and the row does not count.
    alpha : float or None
        Penalty of the ridge regression of the logarithm of the residual's size on the features,
        which makes the interval wider where the model is less sure; None for one width.
    seed : int

    Notes
    -----
    Normalised conformal prediction: Papadopoulos, Gammerman and Vovk, "Normalized nonconformity
    measures for regression conformal prediction", Artificial Intelligence and Applications (2008).
    The residual of every row is divided by a scale that was fitted without it. The residuals of all
    folds are pooled, around the predictions of one model for all rows: a relative of the CV+ of
    Barber, Candes, Ramdas and Tibshirani, "Predictive inference with the jackknife+", Annals of
    Statistics 49 (2021), which would need the models of all folds to predict. It has no guarantee
    for finite samples, so the coverage is measured.
    """
    known = ~np.isnan(residuals)
    if not known.all():
        features, residuals = features[known], residuals[known]
    size = np.abs(residuals)
    if alpha is None or len(size) < 2:  # a scale is fitted without the row that it is for
        return ResidualScale(size)
    features, ridge, target = standard_of(features), Ridge(alpha), np.log(size + _OFFSET)
    folds = KFold(min(_FOLDS, len(size)), shuffle=True, random_state=seed)
    held_out = cross_val_predict(ridge, features, target, cv=folds)
    fitted = ridge.fit(features, target)
    exponents = fitted.predict(features)
    lowest, highest = float(exponents.min()), float(exponents.max())
    weights, intercept = np.asarray(fitted.coef_, dtype=np.float64), float(fitted.intercept_)
    scale = ConformalInterval(0.0, 1.0, weights, intercept, lowest, highest)
    return ResidualScale(size / np.exp(np.clip(held_out, lowest, highest)), scale)


def conformal_quantile(scores: Floats, *, level: float) -> float:
    """Return the score that a share `level` of rows like these is expected not to exceed.

    The quantile with the finite-sample correction of split conformal prediction (Vovk, Gammerman
    and Shafer, *Algorithmic Learning in a Random World*, 2005); the largest score where `level`
    asks for more than the rows can tell.
    """
    rank = math.ceil((len(scores) + 1) * level)
    return float(np.sort(scores)[min(rank, len(scores)) - 1])
