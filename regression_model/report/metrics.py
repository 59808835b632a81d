"""What the metrics are called, how they are written, and what each one says."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from ..evaluation import Estimate
from .numbers import Amounts, percent, plain

__all__ = ["Metric", "interval_of", "known", "metric", "written"]

Form = Literal["amount", "share", "log", "ratio", "plain"]


@dataclass(frozen=True)
class Metric:
    """A metric: what it is called, how it is written, and what it says."""

    label: str
    form: Form
    meaning: str


_METRICS = {
    "rmsle": Metric(
        "RMSLE",
        "log",
        "Root mean squared error of the logarithms, the mean of the folds: an error of 0.10 is "
        "about 10% of the value, for small and large values alike.",
    ),
    "median_absolute_error": Metric(
        "Median absolute error", "amount", "Half of the predictions are closer than this."
    ),
    "mae": Metric("Mean absolute error", "amount", "The mean distance of a prediction."),
    "mape": Metric(
        "Mean absolute percentage error", "share", "The mean distance, relative to the value."
    ),
    "rmse": Metric(
        "Root mean squared error", "amount", "As the mean, but large errors weigh more."
    ),
    "r2": Metric(
        "R²", "ratio", "The share of the variance that the model accounts for; 1 is perfect."
    ),
    "coverage": Metric(
        "Coverage of the intervals", "share", "How often the interval holds the true value."
    ),
    "coverage_worst_quartile": Metric(
        "Coverage, worst quartile",
        "share",
        "The same in that quarter of the values where it is lowest.",
    ),
    "median_relative_width": Metric(
        "Median width of the intervals", "share", "Relative to the middle of the interval."
    ),
    "median_width": Metric(
        "Median width of the intervals", "amount", "From the lower to the upper end."
    ),
}


def metric(name: str) -> Metric:
    """Return the metric called `name`; one that this page has not heard of is a plain number."""
    return _METRICS.get(name) or Metric(name.replace("_", " "), "plain", "")


def known(names: Iterable[str]) -> list[str]:
    """Return names of metrics in the order of this page."""
    order = list(_METRICS)
    return sorted(names, key=lambda n: order.index(n) if n in order else len(order))


def written(name: str, value: float, amounts: Amounts, *, sign: bool = False) -> str:
    """Write a metric in its unit; `sign` puts a plus before what is above zero."""
    form = metric(name).form
    if form == "amount":
        return amounts.full(value, sign=sign)
    if form == "share":
        return percent(value, sign=sign)
    if form == "plain" or not math.isfinite(value):
        return plain(value)
    text = f"{abs(value):.{4 if form == 'log' else 3}f}"
    front = "\N{MINUS SIGN}" if value < 0 else "+" if sign and value > 0 else ""
    return front + text


def interval_of(name: str, estimate: Estimate, amounts: Amounts, *, sign: bool = False) -> str:
    """Write the two ends of a metric's bootstrap interval."""
    ends = [written(name, end, amounts, sign=sign) for end in (estimate.low, estimate.high)]
    return " to ".join(ends)
