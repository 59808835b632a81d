"""The tests of one field: of its values, of its levels, and of how many are missing."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np

from ..display import plain
from ..runtime.contract import Field
from .distributions import chi_squared_p, fisher_p, kolmogorov_smirnov_p
from .reference import Counts, Sketch
from .results import Distributions, Test, Verdict
from .settings import Settings

__all__ = ["TOO_FEW", "Found", "of_levels", "of_missing", "of_numbers", "of_shares"]

_FEWEST_FOR_PSI = 300  # with fewer rows the index is large by chance
TOO_FEW: Verdict = "too few rows"
_OLD_FILE = "the model file does not hold its distribution"
_GROUPS = 10  # of the index
_FEWEST_EXPECTED = 5.0  # rows of a level, in both samples: else the chi-squared test errs
_LONGEST_NUMBER = 8  # characters: a year has no comma
_UNSEEN = "any other level"
_RARE = "the rare levels together"


class Found(NamedTuple):
    """What the comparison of values has found; `why` says why there is no test."""

    tests: list[Test]
    rows: int
    why: str = ""
    psi: float | None = None
    distributions: Distributions | None = None


def of_numbers(
    sketch: Sketch | None, bins: Counts, settings: Settings, field: Field | None
) -> Found:
    """Compare the distributions of numbers: Kolmogorov and Smirnov."""
    rows = int(bins.sum())
    if sketch is None:
        return Found([], rows, _OLD_FILE)
    if rows < settings.minimum_rows:
        return Found([], rows, TOO_FEW)
    ours, theirs = sketch.counts.cumsum() / sketch.rows, bins.cumsum() / rows
    gaps = np.abs(ours - theirs)
    at = int(gaps[:-1].argmax())
    statistic = float(gaps[at])
    values: list[Any] = sketch.values.tolist()
    test = Test(
        of="values",
        method="Kolmogorov-Smirnov",
        statistic=statistic,
        p_value=kolmogorov_smirnov_p(statistic, sketch.rows, rows),
        effect=statistic,
        at=f"{'up to' if at % 2 else 'below'} {_written(values[at // 2], field)}",
        training=float(ours[at]),
        new=float(theirs[at]),
    )
    if field is not None and field.is_time:
        values = [field.time_text(value) for value in values]
    shown = Distributions(tuple(values), tuple(ours[1::2].tolist()), tuple(theirs[1::2].tolist()))
    psi = _psi_of_bins(sketch.counts, bins) if rows >= _FEWEST_FOR_PSI else None
    return Found([test], rows, "", psi, shown)


def _written(value: float, field: Field | None) -> str:
    if field is not None and field.is_time:
        return field.time_text(value)
    text = f"{value:.15g}"
    return text if len(text) <= _LONGEST_NUMBER else plain(value)


def of_levels(ours: Counts | None, new: Counts, settings: Settings, field: Field) -> Found:
    """Compare the shares of levels: chi-squared, rare levels as one.

    Parameters
    ----------
    ours, new : the rows with each level; of the new rows, with any other as well
    """
    rows = int(new.sum())
    if ours is None or not ours.sum():
        return Found([], rows, _OLD_FILE if ours is None else "no training row had a value")
    if rows < settings.minimum_rows:
        return Found([], rows, TOO_FEW)
    both = np.array([np.append(ours, 0), new], dtype=np.float64)
    table, names = _pooled(both, [*field.coded_levels, _UNSEEN])
    shares = table / table.sum(axis=1, keepdims=True)
    psi = _psi(table[0], table[1]) if rows >= _FEWEST_FOR_PSI else None
    shown = Distributions(tuple(names), tuple(shares[0].tolist()), tuple(shares[1].tolist()))
    if len(names) < 2:
        return Found([], rows, "nearly all rows have one level", psi, shown)
    statistic = _chi_squared(table)
    change = np.abs(shares[1] - shares[0])
    at = int(change.argmax())
    test = Test(
        of="values",
        method="chi-squared",
        statistic=statistic,
        p_value=chi_squared_p(statistic, len(names) - 1),
        effect=float(change.sum() / 2),
        at=names[at],
        training=float(shares[0, at]),
        new=float(shares[1, at]),
    )
    return Found([test], rows, "", psi, shown)


def _pooled(table: Any, names: list[str]) -> tuple[Any, list[str]]:
    """Put the rarest levels together, until enough rows of each are expected in both samples."""
    seen = np.flatnonzero(table.sum(axis=0))
    totals, smaller = table.sum(axis=0), table.sum(axis=1).min() / table.sum()
    order = sorted(seen.tolist(), key=lambda at: (totals[at], at))
    rare: list[int] = []
    while order and (
        totals[order[0]] * smaller < _FEWEST_EXPECTED
        or (rare and totals[rare].sum() * smaller < _FEWEST_EXPECTED)
    ):
        rare.append(order.pop(0))
    kept = sorted(order)
    columns, labels = [table[:, at] for at in kept], [names[at] for at in kept]
    if rare:
        columns.append(table[:, rare].sum(axis=1))
        labels.append(names[rare[0]] if len(rare) == 1 else _RARE)
    return np.array(columns).T, labels


def _expected(table: Any) -> Any:
    """Return how many rows there would be in each cell if both samples had the same shares."""
    return table.sum(axis=1, keepdims=True) * table.sum(axis=0) / table.sum()


def _chi_squared(table: Any) -> float:
    expected = _expected(table)
    return float(((table - expected) ** 2 / expected).sum())


def of_missing(before: int, of: int, gone: int, rows: int, settings: Settings) -> Iterator[Test]:
    """Compare the shares of missing values, if any is missing and any is not."""
    if rows >= settings.minimum_rows and 0 < before + gone < of + rows:
        yield of_shares("missing", before, of, gone, rows)


def of_shares(kind: str, before: int, of: int, hits: int, rows: int) -> Test:
    """Compare two shares: chi-squared, or Fisher's exact test where few rows are expected."""
    table = np.array([[before, of - before], [hits, rows - hits]], dtype=np.float64)
    training, new = before / of, hits / rows
    if _expected(table).min() >= _FEWEST_EXPECTED:
        method, statistic = "chi-squared", _chi_squared(table)
        p_value = chi_squared_p(statistic, 1)
    else:
        method, statistic = "Fisher's exact test", new - training
        p_value = fisher_p(hits, rows, before, of)
    return Test(
        of=kind,
        method=method,
        statistic=statistic,
        p_value=p_value,
        effect=abs(new - training),
        at=kind,
        training=training,
        new=new,
    )


def _psi_of_bins(ours: Counts, theirs: Counts) -> float:
    """Return the population stability index over about ten groups of equal shares."""
    middles = (ours.cumsum() - ours / 2) / ours.sum()
    groups = np.minimum((middles * _GROUPS).astype(np.int64), _GROUPS - 1)
    both = [np.bincount(groups, weights=one, minlength=_GROUPS) for one in (ours, theirs)]
    some = both[0] + both[1] > 0
    return _psi(both[0][some], both[1][some])


def _psi(ours: Any, theirs: Any) -> float:
    """Half a row is added to each group, so that none has none."""
    p, q = ((one + 0.5) / (one.sum() + 0.5 * len(one)) for one in (ours, theirs))
    return float(((p - q) * np.log(p / q)).sum())
