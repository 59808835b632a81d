"""How predictions move from one model to the other, slice by slice, with flat memory."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from ..errors import InputError, ModelFileError
from ..runtime.checking import Checked
from ..runtime.intake import Floats
from ..runtime.model import Model, Prediction
from .manifests import same_target
from .results import MovedRow, Movement

__all__ = ["OVER", "Both", "RunningMovement", "predict_both", "smallest_size"]

OVER = {"1%": 0.01, "5%": 0.05, "10%": 0.10}
_LARGEST = sys.float_info.max
_SMALLEST = sys.float_info.min
_TENTH = 0.1  # of the typical size of predictions: below it a relative move says little

Label = Callable[[int], str]
Rows = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Both:
    """The predictions of two models for the same rows.

    `refused` is why the new model refuses the rows as a whole, which then has no prediction.
    """

    old: Prediction
    new: Prediction | None
    refused: str = ""


@dataclass(frozen=True)
class _Kept:
    """A row that moved, with all that it takes to explain it."""

    move: float
    label: str
    old: Prediction
    new: Prediction


def predict_both(old: Model, new: Model, rows: Any) -> Both:
    """Predict some rows with two models.

    Raises
    ------
    InputError
        When the old model cannot read `rows` as rows.
    """
    before = old.predict(rows)
    try:
        return Both(before, new.predict(rows))
    except InputError as error:  # too many rows without a field that only the new model requires
        return Both(before, None, str(error))


def smallest_size(old: Model, several: Iterable[Any]) -> float:
    """Return the size of a prediction below which moves are relative to that size.

    Parameters
    ----------
    several : typical rows, some at a time
    """
    if old.manifest["target"]["transform"] == "log":
        return _SMALLEST  # predictions are above 0, and small ones count as large ones do
    found = [np.abs(old.predict(rows).values) for rows in several]
    sizes = np.concatenate([*found, np.empty(0)])
    sizes = sizes[~np.isnan(sizes)]
    if not sizes.any():
        return 1.0
    typical = float(np.median(sizes))
    return max(_TENTH * (typical or float(sizes.max())), _SMALLEST)


class RunningMovement:
    """Takes the predictions for some rows at a time, and counts them in `rows` and their moves."""

    def __init__(
        self, old: Model, new: Model, *, smallest: float, tolerance: float, top: int
    ) -> None:
        self.rows = 0
        self._old, self._new = old, new
        self._is_comparable = same_target(old, new)
        self._has_same_level = (
            old.manifest["interval"]["level"] == new.manifest["interval"]["level"]
        )
        self._smallest, self._tolerance, self._top = smallest, tolerance, top
        self._compared = self._lost = self._gained = self._refused = 0
        self._lost_by: Counter[str] = Counter()
        self._lost_example: str | None = None
        self._over = dict.fromkeys(OVER, 0)
        self._beyond = self._intervals_beyond = 0
        self._largest = self._sum = 0.0
        self._widths = {"old": 0.0, "new": 0.0}
        self._kept: list[_Kept] = []

    def add(self, both: Both, label: Label) -> None:
        """Take some rows into account; `label` says what the one at a place is called."""
        before = both.old
        self.rows += len(before)
        had = ~np.isnan(before.values)
        has = np.zeros_like(had) if both.new is None else ~np.isnan(both.new.values)
        self._gained += int((has & ~had).sum())
        self._refused += int((~has & ~had).sum())
        lost, at = np.flatnonzero(had & ~has), np.flatnonzero(had & has)
        if len(lost):
            self._lose(both, lost, label)
        self._compared += len(at)
        if both.new is not None and len(at):
            self._compare(before, both.new, at, label)

    def _lose(self, both: Both, lost: Rows, label: Label) -> None:
        self._lost += len(lost)
        if both.new is None:
            self._lost_by["all fields: missing_column"] += len(lost)
        else:
            self._lost_by.update(_errors(both.new, lost))
        if self._lost_example is None:
            why = both.refused if both.new is None else _first_error(both.new, int(lost[0]))
            self._lost_example = f"{label(int(lost[0]))}: {why}"

    def _compare(self, old: Prediction, new: Prediction, at: Rows, label: Label) -> None:
        with np.errstate(over="ignore"):
            for name, one in (("old", old), ("new", new)):
                self._widths[name] += float((one.upper[at] - one.lower[at]).sum())
            if not self._is_comparable:
                return
            sizes = np.maximum(np.abs(old.values[at]), self._smallest)
            moves = _finite((new.values[at] - old.values[at]) / sizes)
            ends = [
                _finite((now[at] - was[at]) / sizes)
                for was, now in ((old.lower, new.lower), (old.upper, new.upper))
            ]
        size = np.abs(moves)
        for name, limit in OVER.items():
            self._over[name] += int((size > limit).sum())
        self._beyond += int((size > self._tolerance).sum())
        if self._has_same_level:
            of_ends = np.maximum(*map(np.abs, ends))
            self._intervals_beyond += int((of_ends > self._tolerance).sum())
        self._largest = max(self._largest, float(size.max()))
        self._sum += float(moves.sum())
        self._keep(old, new, at, moves, label)

    def _keep(
        self, old: Prediction, new: Prediction, at: Rows, moves: Floats, label: Label
    ) -> None:
        """Keep the rows that moved most so far, the first ones of those that moved alike."""
        is_full = len(self._kept) == self._top > 0
        least = abs(self._kept[-1].move) if is_full else self._tolerance
        for place in np.argsort(-np.abs(moves), kind="stable")[: self._top].tolist():
            if abs(moves[place]) > least:
                row, move = int(at[place]), float(moves[place])
                self._kept.append(_Kept(move, label(row), _only(old, row), _only(new, row)))
        self._kept = sorted(self._kept, key=lambda one: -abs(one.move))[: self._top]

    def result(self, source: str) -> Movement:
        """Return what was counted, and explain the rows that moved most."""
        has_moves = self._is_comparable and self._compared > 0
        return Movement(
            source=source,
            rows=self.rows,
            compared=self._compared,
            lost=self._lost,
            gained=self._gained,
            refused=self._refused,
            lost_by=dict(self._lost_by.most_common()),
            lost_example=self._lost_example,
            over=self._over,
            beyond=self._beyond,
            intervals_beyond=self._intervals_beyond,
            largest=self._largest if has_moves else None,
            mean=_limited(self._sum / self._compared) if has_moves else None,
            widths={
                which: _limited(s / max(1, self._compared)) for which, s in self._widths.items()
            },
            most_moved=tuple(map(self._explained, self._kept)),
        )

    def _explained(self, kept: _Kept) -> MovedRow:
        before, after = float(kept.old.values[0]), float(kept.new.values[0])
        try:
            (was,) = self._old.explain_rows(kept.old, [0])
            (now,) = self._new.explain_rows(kept.new, [0])
        except ModelFileError:  # an older file, which holds no rows to explain others by
            was = now = None
        if was is None or now is None:
            return MovedRow(kept.label, before, after, kept.move, None, {}, {})
        known = self._new.contract.canonical_names
        parts = {known.get(name, name): part for name, part in was.contributions.items()}
        values = {known.get(name, name): value for name, value in was.values.items()} | now.values
        moved = {
            name: now.contributions.get(name, 0.0) - parts.get(name, 0.0)
            for name in dict.fromkeys((*now.contributions, *parts))
        }
        changes = dict(sorted(moved.items(), key=lambda one: -abs(one[1])))
        values = {name: values.get(name) for name in changes}
        return MovedRow(kept.label, before, after, kept.move, now.base - was.base, changes, values)


def _only(prediction: Prediction, row: int) -> Prediction:
    """Return the prediction of one row, to be explained later; the others can be forgotten."""
    checked, at = prediction.checked, slice(row, row + 1)
    cells = Checked(checked.numbers[at].copy(), checked.codes[at].copy(), None, [])
    ends = (prediction.lower[at].copy(), prediction.upper[at].copy())
    no_codes = np.empty(0, dtype=np.int64)
    return Prediction(
        prediction.values[at].copy(), *ends, prediction.version, [], (cells, no_codes)
    )


def _errors(prediction: Prediction, lost: Rows) -> Counter[str]:
    """Count the errors of some rows by field and code."""
    found: Counter[str] = Counter()
    for finding in prediction.findings:
        if finding.severity == "error":
            rows = len(lost) if finding.rows is None else int(np.isin(finding.rows, lost).sum())
            found[f"{finding.field or 'row'}: {finding.code}"] += rows
    return +found


def _first_error(prediction: Prediction, row: int) -> str:
    for finding in prediction.findings:
        if finding.severity != "error":
            continue
        if finding.rows is None:
            return finding.problems()[0].message
        if row in finding.rows:
            value = finding.values[list(finding.rows).index(row)]
            return replace(finding, rows=[row], values=[value]).problems()[0].message
    return "it has no prediction."


def _finite(moves: Floats) -> Floats:
    return np.nan_to_num(moves, nan=0.0, posinf=_LARGEST, neginf=-_LARGEST)


def _limited(value: float) -> float:
    return float(np.clip(value, -_LARGEST, _LARGEST))
