"""Columns that give the target away: alone, or as parts of a sum."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from sklearn.model_selection import KFold, cross_val_predict
from sklearn.tree import DecisionTreeRegressor

from .kinds import Taken
from .table import Column

__all__ = ["find_leaks"]

Floats = npt.NDArray[np.float64]

_MOST_ROWS = 5_000
_FEWEST_ROWS = 50  # with fewer, one column may fit the target by chance
_DETERMINED = 0.98  # share of the target's variance
_EXACT = 1e-9  # of the target's range


def find_leaks(columns: Sequence[tuple[Column, Taken]], target: Floats) -> dict[str, str]:
    """Return why each column that gives the target away does so, by the column's name.

    A column does if a regression tree on it alone predicts more than 98% of the variance of the
    target in rows that it has not seen, or if the target is the sum, or the difference, of a few
    columns in every row.

    Parameters
    ----------
    columns : the columns that would be used
    target : array of float64, shape (rows,)
    """
    rows = np.arange(len(target))
    if len(rows) > _MOST_ROWS:
        rows = np.sort(np.random.default_rng(0).choice(len(rows), _MOST_ROWS, replace=False))
    known = target[rows]
    found = _sums([(column, taken) for column, taken in columns if column.is_numeric], target)
    if len(rows) < _FEWEST_ROWS:
        return found
    for column, _ in columns:
        if column.name not in found:
            share = _determined(column.only(rows), known)
            if share > _DETERMINED:
                found[column.name] = f"alone it determines {share:.1%} of the target's variance"
    return found


def _determined(column: Column, target: Floats) -> float:
    """Return the share of the target's variance that a column explains in rows held out."""
    codes = column.codes
    values = column.numbers if column.is_numeric else codes.astype(float)
    values = np.where(codes < 0, values[codes >= 0].min(initial=0.0) - 1, values)
    folds = KFold(2, shuffle=True, random_state=0)
    if not column.is_numeric:  # levels in the order of their targets, each half by the other
        values = np.empty(len(codes))
        for fit, held_out in folds.split(codes):
            values[held_out] = _means(codes[fit], target[fit], len(column.levels))[codes[held_out]]
        errors = target - values
    else:
        tree = DecisionTreeRegressor(min_samples_leaf=2, random_state=0)
        errors = target - cross_val_predict(tree, values.reshape(-1, 1), target, cv=folds)
    variance = float(np.var(target))
    return 1 - float(np.mean(errors**2)) / variance if variance else 0.0


def _means(codes: npt.NDArray[np.int64], target: Floats, levels: int) -> Floats:
    """Return the mean target of each level and of rows without one, at -1; of all if unseen."""
    places = np.where(codes < 0, levels, codes)
    counts = np.bincount(places, minlength=levels + 1)
    sums = np.bincount(places, weights=target, minlength=levels + 1)
    return np.where(counts > 0, sums / np.maximum(counts, 1), target.mean())


def _sums(columns: Sequence[tuple[Column, Taken]], target: Floats) -> dict[str, str]:
    """Find columns that add up to the target in every row, with plus or minus."""
    complete = [column for column, _ in columns if not column.missing]
    if not complete or len(target) <= 2 * len(complete):
        return {}
    table = np.column_stack([column.numbers for column in complete])
    spread = table.std(axis=0)
    kept = np.flatnonzero(spread > 0)
    scaled = (table[:, kept] - table[:, kept].mean(axis=0)) / spread[kept]
    weights, _, rank, _ = np.linalg.lstsq(scaled, target - target.mean(), rcond=None)
    if rank < len(kept):  # columns that follow from each other: look at pairs alone
        return _pairs([complete[at] for at in kept], target)
    slopes = np.round(weights / spread[kept], 9)
    parts = [complete[at] for at in kept[np.abs(slopes) == 1]]
    signs = slopes[np.abs(slopes) == 1]
    total = sum((sign * part.numbers for sign, part in zip(signs, parts, strict=True)), np.zeros(1))
    return _reported(parts, signs, target - total)


def _pairs(columns: Sequence[Column], target: Floats) -> dict[str, str]:
    found: dict[str, str] = {}
    for i, one in enumerate(columns):
        for other in columns[i + 1 :]:
            for sign in (1.0, -1.0):
                rest = target - one.numbers - sign * other.numbers
                found |= _reported([one, other], np.array([1.0, sign]), rest)
    return found


def _reported(parts: Sequence[Column], signs: Floats, rest: Floats) -> dict[str, str]:
    """Say what adds up, if what it leaves of the target is the same in every row."""
    if len(parts) < 2 or np.ptp(rest) > _EXACT * max(1.0, float(np.abs(rest).max())):
        return {}
    first, *others = zip(signs, parts, strict=True)
    text = ("-" if first[0] < 0 else "") + first[1].name
    text += "".join(f" {'-' if sign < 0 else '+'} {part.name}" for sign, part in others)
    return {part.name: f"the target is {text} in every row" for part in parts}
