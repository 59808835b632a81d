"""The same work on many inputs, on all cores where it takes long; the results are the same."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from time import perf_counter
from typing import Any, TypeVar

import pandas as pd
from joblib import Parallel, delayed, effective_n_jobs
from threadpoolctl import threadpool_limits

__all__ = ["each", "steady"]

Result = TypeVar("Result")

_WORTH_IT = 8.0  # seconds of work left, from which on processes pay for their start


@contextmanager
def steady() -> Iterator[None]:
    """Compute with one thread, so that sums have one order: the same bytes from the same data.

    Texts are Python objects meanwhile, as they are for pandas without pyarrow. With it the names of
    columns are an Arrow array, and most of a fit is spent on looking for columns by their names.
    """
    with threadpool_limits(1), pd.option_context("mode.string_storage", "python"):
        yield


def each(
    function: Callable[..., Result], inputs: Sequence[tuple[Any, ...]]
) -> Iterator[tuple[int, Result]]:
    """Call `function` with each tuple of arguments; yield how many are done, and each result.

    Results come in the order of `inputs`. The first call runs here; when the others would take
    longer than processes take to start, joblib spreads them over the cores, or over whatever
    `joblib.parallel_config` says. Every call computes with one thread, so that sums have one order.

    Parameters
    ----------
    function : can be pickled, as can its arguments and results
    """
    begin = perf_counter()
    for done, arguments in enumerate(inputs[:1], start=1):
        yield done, _alone(function, *arguments)
    left = inputs[1:]
    seconds = (perf_counter() - begin) * len(left)
    jobs = min(effective_n_jobs(-1), len(left))
    if jobs < 2 or seconds < _WORTH_IT:
        jobs = 1
    results = Parallel(n_jobs=jobs, return_as="generator")(
        delayed(_alone)(function, *arguments) for arguments in left
    )
    for done, result in enumerate(results, start=2):
        yield done, result


def _alone(function: Callable[..., Result], *arguments: Any) -> Result:
    with steady():
        return function(*arguments)
