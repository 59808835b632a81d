"""Weighted means, medians and shares of rows, for many resamples at once."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

__all__ = ["mean", "median", "resamples", "share"]

Floats = npt.NDArray[np.float64]
_CELLS_AT_ONCE = 2_000_000  # 16 MB


def resamples(rows: int, *, number: int, seed: int) -> Iterator[Floats]:
    """Yield how often each row was drawn with replacement, in slices (resamples, rows)."""
    generator = np.random.default_rng(seed)
    at_once = max(1, _CELLS_AT_ONCE // rows)
    for start in range(0, number, at_once):
        some = min(at_once, number - start)
        drawn = generator.integers(rows, size=(some, rows)) + rows * np.arange(some)[:, None]
        counts = np.bincount(drawn.ravel(), minlength=some * rows)
        yield counts.reshape(some, rows).astype(np.float64)


def mean(weights: Floats, values: Floats) -> Floats:
    """Return the mean of `values`, shape (rows,), for each row of `weights`."""
    return np.asarray(weights @ values / weights.sum(axis=1))


def share(weights: Floats, chosen: Floats, among: Floats) -> Floats:
    """Return the sum of `chosen` over that of `among`; NaN for a resample with none of these."""
    total = weights @ among
    none = np.full(total.shape, np.nan)
    return np.asarray(np.divide(weights @ chosen, total, out=none, where=total > 0))


def median(weights: Floats, values: Floats) -> Floats:
    """Return the median of `values`: the middle one, or the mean of the two in the middle."""
    order = np.argsort(values, kind="stable")
    reached = np.cumsum(weights[:, order], axis=1)
    half = reached[:, -1:] / 2
    lower = values[order[np.argmax(reached >= half, axis=1)]]
    upper = values[order[np.argmax(reached > half, axis=1)]]
    return np.asarray((lower + upper) / 2)
