"""Weighted means, medians and shares of rows, for many resamples at once."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

__all__ = ["mean", "means_by", "median", "resamples"]

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


def means_by(weights: Floats, values: Floats, labels: npt.NDArray[np.int64]) -> Floats:
    """Return the mean for each label, shape (resamples, labels); NaN where none of it was drawn."""
    has_label = (labels[:, None] == np.unique(labels)).astype(np.float64)
    total = weights @ has_label
    none = np.full(total.shape, np.nan)
    sums = weights @ (values[:, None] * has_label)
    return np.asarray(np.divide(sums, total, out=none, where=total > 0))


def median(weights: Floats, values: Floats) -> Floats:
    """Return the median of `values`: the middle one, or the mean of the two in the middle."""
    order = np.argsort(values, kind="stable")
    reached = np.cumsum(weights[:, order], axis=1)
    half = reached[:, -1:] / 2
    lower = values[order[np.argmax(reached >= half, axis=1)]]
    upper = values[order[np.argmax(reached > half, axis=1)]]
    return np.asarray((lower + upper) / 2)
