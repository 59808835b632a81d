"""Columns that give the target away: alone, or as parts of a sum."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from .table import Column, Floats

__all__ = ["find_leaks"]

_MOST_ROWS = 5_000
_FEWEST_ROWS = 50  # with fewer, one column may fit the target by chance
_DETERMINED = 0.995  # share of the target's variance
_EXACT = 1e-9  # of the target's range


def find_leaks(columns: Sequence[Column], target: Floats) -> dict[str, str]:
    """Return why each column that gives the target away does so, by the column's name.

    A column does if its neighbouring values alone predict more than 99.5% of the variance of the
    target, or if the target is the sum, or the difference, of a few columns in every row.

    Parameters
    ----------
    columns : the columns that would be used
    target : array of float64, shape (rows,)
    """
    rows = np.arange(len(target))
    if len(rows) > _MOST_ROWS:
        rows = np.sort(np.random.default_rng(0).choice(len(rows), _MOST_ROWS, replace=False))
    known = target[rows]
    found = _sums([column for column in columns if column.is_numeric], target)
    if len(rows) < _FEWEST_ROWS:
        return found
    for column in columns:
        if column.name not in found:
            share = _determined(column.only(rows), known)
            if share > _DETERMINED:
                found[column.name] = f"alone it determines {share:.1%} of the target's variance"
    return found


def _determined(column: Column, target: Floats) -> float:
    """Return the share of the target's variance that a column explains, row by row without it.

    A row is predicted by the mean of the others with its value. Where a number is alone, the line
    between the next smaller and the next larger one predicts it.
    """
    codes = np.where(column.codes < 0, len(column.levels), column.codes)
    counts = np.bincount(codes, minlength=len(column.levels) + 1)
    sums = np.bincount(codes, weights=target, minlength=len(column.levels) + 1)
    with np.errstate(invalid="ignore", divide="ignore"):
        found = (sums[codes] - target) / (counts[codes] - 1)
    alone = counts[codes] == 1
    lines = _between(column, counts, sums)[codes][alone] if column.is_numeric else math.nan
    found[alone] = lines
    known = np.isfinite(found)
    if known.sum() < _FEWEST_ROWS / 2:
        return 0.0
    variance = float(np.var(target[known]))
    return 1 - float(np.mean((target - found)[known] ** 2)) / variance if variance else 0.0


def _between(column: Column, counts: npt.NDArray[Any], sums: npt.NDArray[Any]) -> Floats:
    """Return for each number what the line between its neighbours says; NaN at the ends."""
    numbers = column.level_numbers
    order = np.argsort(numbers)
    x, mean = numbers[order], (sums[:-1] / counts[:-1])[order]
    lines = np.full(len(counts), math.nan)
    share = (x[1:-1] - x[:-2]) / (x[2:] - x[:-2])
    lines[order[1:-1]] = mean[:-2] + share * (mean[2:] - mean[:-2])
    return lines


def _sums(columns: Sequence[Column], target: Floats) -> dict[str, str]:
    """Find columns that add up to the target in every row, with plus or minus."""
    complete = [column for column in columns if not column.missing]
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
    for one, other in itertools.combinations(columns, 2):
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
