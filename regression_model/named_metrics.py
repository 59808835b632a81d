"""Metrics of scikit-learn by their names: its regression metrics, and its scorers for them.

They need the extra train.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from difflib import get_close_matches
from functools import cache
from typing import Any

import numpy as np
import numpy.typing as npt

from .errors import InputError, MissingExtraError
from .extras import needs

__all__ = ["OURS", "more_is_better", "named_metric", "unknown_metrics"]

Floats = npt.NDArray[np.float64]
Function = Callable[[Floats, Floats], float]

OURS = (  # of this package, which need nothing
    "rmsle",
    "rmse",
    "mae",
    "mape",
    "median_absolute_error",
    "median_error_percent",
    "r2",
    "coverage",
    "coverage_worst_quartile",
    "median_relative_width",
    "median_width",
)
_BETTER = ("r2", "coverage", "explained_variance")


def more_is_better(name: str) -> bool:
    """Whether a larger value of a metric is a better one; scikit-learn's names say so."""
    return name in _BETTER or name.startswith("neg_") or name.endswith("_score")


def unknown_metrics(names: Iterable[str]) -> Iterator[tuple[str, str]]:
    """Yield the names that are no metric, each with a sentence; none without the extra train."""
    others = [name for name in names if name not in OURS]
    if not others:
        return
    try:
        known = [*OURS, *_functions()]
    except MissingExtraError:  # said when it is to be computed
        return
    for name in others:
        if name not in known:
            yield name, _unknown(name, known)


def _unknown(name: str, known: Iterable[str]) -> str:
    close = get_close_matches(name, [*known], n=1)
    hint = f"; did you mean {close[0]!r}?" if close else ""
    return f"{name!r} is not a metric of this package or of scikit-learn{hint}"


def named_metric(name: str) -> Function:
    """Return the function of a metric, which takes the targets and the predictions.

    Raises InputError when there is no such regression metric, MissingExtraError without the extra.
    """
    functions = _functions()
    if name not in functions:
        sentence = _unknown(name, [*OURS, *functions])
        raise InputError(sentence if sentence.endswith("?") else f"{sentence}.")
    return functions[name]


@cache
def _functions() -> dict[str, Function]:
    with needs("train"):
        import sklearn.metrics as metrics
    home = metrics.mean_squared_error.__module__
    functions: dict[str, Any] = {
        name: function
        for name in metrics.__all__
        if getattr(function := getattr(metrics, name), "__module__", "") == home
    }
    for name in metrics.get_scorer_names():
        scorer: Any = metrics.get_scorer(name)
        if getattr(scorer._score_func, "__module__", "") == home:
            functions.setdefault(name, _of_scorer(scorer))
    return functions


def _of_scorer(scorer: Any) -> Function:
    def score(target: Floats, prediction: Floats) -> float:
        return float(scorer._sign * scorer._score_func(target, prediction, **scorer._kwargs))

    return score
