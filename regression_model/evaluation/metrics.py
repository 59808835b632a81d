"""The metrics of scored rows, each with its bootstrap interval."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
import numpy.typing as npt

from ..named_metrics import named_metric
from .results import Estimate, Estimates
from .weighted import mean, means_by, median, resamples

__all__ = [
    "ERRORS",
    "OF_GROUPS",
    "PredictedRows",
    "WITH_INTERVALS",
    "check_metric",
    "difference",
    "estimates",
    "metrics_of",
    "rmse",
    "rmsle",
]

Floats = npt.NDArray[np.float64]
Metric = Callable[["PredictedRows", Floats], Floats | None]

_RESAMPLES = 1000
_SHARE = 95  # per cent of the resampled metrics, between the ends of an interval


@dataclass(frozen=True)
class PredictedRows:
    """Rows with their predictions, each array of shape (rows,).

    `fold` says in which fold each row was held out. `lower` and `upper` are None where a model
    gives no intervals.
    """

    target: Floats
    prediction: Floats
    fold: npt.NDArray[np.int64]
    lower: Floats | None = None
    upper: Floats | None = None

    @property
    def error(self) -> Floats:
        """By how much the prediction is too high."""
        return self.prediction - self.target

    @property
    def inside(self) -> Floats | None:
        """1 for a row whose interval holds the target."""
        if self.lower is None or self.upper is None:
            return None
        return ((self.lower <= self.target) & (self.target <= self.upper)).astype(np.float64)

    def only(self, chosen: npt.NDArray[np.bool_]) -> PredictedRows:
        """Return some of the rows."""
        bounds = [None if one is None else one[chosen] for one in (self.lower, self.upper)]
        return PredictedRows(
            self.target[chosen], self.prediction[chosen], self.fold[chosen], *bounds
        )


def rmsle(target: Floats, predictions: Floats) -> Floats:
    """Return the root mean squared error of the natural logarithms.

    Parameters
    ----------
    target : array of float64, shape (rows,)
    predictions : array of float64, shape (rows,) or (times, rows)

    Returns
    -------
    array of float64, shape () or (times,)
        NaN unless all values are positive.
    """
    if not _are_positive(target, predictions):
        return np.full(predictions.shape[:-1], np.nan)
    return np.asarray(np.sqrt(np.mean(np.log(predictions / target) ** 2, axis=-1)))


def rmse(target: Floats, predictions: Floats) -> Floats:
    """Return the root mean squared error; parameters and shape as for `rmsle`."""
    return np.asarray(np.sqrt(np.mean((predictions - target) ** 2, axis=-1)))


def _are_positive(target: Floats, predictions: Floats) -> bool:
    return bool(min(target.min(), predictions.min()) > 0)


def _rmsle(scored: PredictedRows, weights: Floats) -> Floats | None:
    if not _are_positive(scored.target, scored.prediction):
        return None
    squares = np.log(scored.prediction / scored.target) ** 2
    return np.asarray(np.nanmean(np.sqrt(means_by(weights, squares, scored.fold)), axis=1))


def _rmse(scored: PredictedRows, weights: Floats) -> Floats:
    return np.asarray(np.sqrt(mean(weights, scored.error**2)))


def _mae(scored: PredictedRows, weights: Floats) -> Floats:
    return mean(weights, np.abs(scored.error))


def _mape(scored: PredictedRows, weights: Floats) -> Floats | None:
    if not _away_from_zero(scored.target, scored.target):
        return None
    return mean(weights, np.abs(scored.error / scored.target))


def _median_absolute_error(scored: PredictedRows, weights: Floats) -> Floats:
    return median(weights, np.abs(scored.error))


def _median_error_percent(scored: PredictedRows, weights: Floats) -> Floats | None:
    if not _away_from_zero(scored.target, scored.target):
        return None
    return median(weights, 100 * scored.error / np.abs(scored.target))


def _r2(scored: PredictedRows, weights: Floats) -> Floats | None:
    if (scored.target == scored.target[0]).all():
        return None
    centred = scored.target - scored.target.mean()  # so that nothing cancels below
    variance = mean(weights, centred**2) - mean(weights, centred) ** 2
    ratio = np.full(variance.shape, np.nan)  # for a resample that repeats one target
    enough = variance > 1e-12 * np.mean(centred**2)
    np.divide(mean(weights, scored.error**2), variance, out=ratio, where=enough)
    return 1 - ratio


def _coverage(scored: PredictedRows, weights: Floats) -> Floats | None:
    return None if scored.inside is None else mean(weights, scored.inside)


def _coverage_worst_quartile(scored: PredictedRows, weights: Floats) -> Floats | None:
    if scored.inside is None:
        return None
    quartile = np.digitize(scored.target, np.quantile(scored.target, [0.25, 0.5, 0.75]))
    return np.asarray(np.nanmin(means_by(weights, scored.inside, quartile), axis=1))


def _median_width(scored: PredictedRows, weights: Floats, *, relative: bool) -> Floats | None:
    """In the unit of the target only for intervals that reach zero: they have no relative width."""
    lower, upper = scored.lower, scored.upper
    if lower is None or upper is None or _away_from_zero(lower, upper) != relative:
        return None
    return median(weights, (upper - lower) / (np.abs(upper + lower) / 2 if relative else 1))


def _away_from_zero(lower: Floats, upper: Floats) -> bool:
    """Whether an error or a width can be relative: all is on one side of zero."""
    return bool(lower.min() > 0 or upper.max() < 0)


_METRICS: Mapping[str, Metric] = {
    "rmsle": _rmsle,
    "rmse": _rmse,
    "mae": _mae,
    "mape": _mape,
    "median_absolute_error": _median_absolute_error,
    "median_error_percent": _median_error_percent,
    "r2": _r2,
    "coverage": _coverage,
    "coverage_worst_quartile": _coverage_worst_quartile,
    "median_relative_width": partial(_median_width, relative=True),
    "median_width": partial(_median_width, relative=False),
}
ERRORS = ("rmsle", "rmse", "mae", "mape", "median_absolute_error", "r2")
WITH_INTERVALS = ("coverage", "coverage_worst_quartile", "median_relative_width", "median_width")
COMPARED = (*ERRORS, "coverage", "median_relative_width", "median_width")
OF_GROUPS = ("rmsle", "mae", "median_error_percent", "coverage")


def check_metric(name: str) -> None:
    """Check that there is a metric of a name: one of these, or one of scikit-learn.

    Raises
    ------
    InputError
        When there is none.
    MissingExtraError
        When it is not one of these, and scikit-learn is not installed.
    """
    _metric(name)


def _metric(name: str) -> Metric:
    return _METRICS.get(name) or _of_scikit_learn(name)


def _of_scikit_learn(name: str) -> Metric:
    """Return a metric that repeats each row as often as its weight says."""
    function = named_metric(name)

    def metric(scored: PredictedRows, weights: Floats) -> Floats | None:
        rows, found = np.arange(len(scored.target)), []
        for times in weights.astype(np.int64):
            drawn = np.repeat(rows, times)
            try:
                found.append(function(scored.target[drawn], scored.prediction[drawn]))
            except ValueError:  # such as a logarithm of a target below zero
                if len(weights) == 1:
                    return None
                found.append(np.nan)
        return np.array(found, dtype=np.float64)

    return metric


def metrics_of(scored: PredictedRows, names: Collection[str]) -> dict[str, float]:
    """Return the named metrics of the rows, without those that are not defined for them."""
    once = np.ones((1, len(scored.target)))
    values = {name: _metric(name)(scored, once) for name in names}
    return {
        name: float(value[0])
        for name, value in values.items()
        if value is not None and np.isfinite(value[0])
    }


def estimates(several: Sequence[PredictedRows], names: Collection[str], *, seed: int) -> Estimates:
    """Return the named metrics with their bootstrap intervals.

    Parameters
    ----------
    several : the same rows, predicted several times; metrics are averaged over them

    Notes
    -----
    Percentile intervals of 1000 resamples of the rows: Efron and Tibshirani, *An Introduction to
    the Bootstrap* (1993).
    """
    values = _averages([metrics_of(scored, names) for scored in several])
    drawn = _resampled(several, tuple(values), seed=seed)
    return {name: _estimate(value, drawn[name]) for name, value in values.items()}


def difference(
    this: Sequence[PredictedRows],
    other: Sequence[PredictedRows],
    *,
    seed: int,
    more: Collection[str] = (),
) -> dict[str, dict[str, float | Estimate]]:
    """Compare two models on the same rows; both are resampled together.

    Parameters
    ----------
    this, other : the rows, predicted once or several times by each; metrics are averaged over them
    more : metrics beside those that are always compared
    """
    of_this, of_other = (
        _averages([metrics_of(one, (*COMPARED, *more)) for one in of]) for of in (this, other)
    )
    names = tuple(name for name in of_this if name in of_other)
    drawn_this = _resampled(this, names, seed=seed)
    drawn_other = _resampled(other, names, seed=seed)
    return {
        name: {
            "this": of_this[name],
            "other": of_other[name],
            "difference": _estimate(
                of_this[name] - of_other[name], drawn_this[name] - drawn_other[name]
            ),
        }
        for name in names
    }


def _averages(several: Sequence[Mapping[str, float]]) -> dict[str, float]:
    shared = [name for name in several[0] if all(name in one for one in several)]
    return {name: float(np.mean([one[name] for one in several])) for name in shared}


def _resampled(
    several: Sequence[PredictedRows], names: Collection[str], *, seed: int
) -> dict[str, Floats]:
    """Return the named metrics of every resample, averaged over the predictions."""
    parts: dict[str, list[Floats]] = {name: [] for name in names}
    for weights in resamples(len(several[0].target), number=_RESAMPLES, seed=seed):
        for name, found in parts.items():
            values = [_metric(name)(scored, weights) for scored in several]
            found.append(np.mean([value for value in values if value is not None], axis=0))
    return {name: np.concatenate(found) for name, found in parts.items()}


def _estimate(value: float, drawn: Floats) -> Estimate:
    known = drawn[np.isfinite(drawn)]
    if not len(known):
        return Estimate(value, value, value)
    low, high = np.percentile(known, [(100 - _SHARE) / 2, (100 + _SHARE) / 2])
    return Estimate(value, float(low), float(high))
