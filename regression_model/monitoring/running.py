"""What rows looked like that were predicted, counted as they pass, in constant memory."""

from __future__ import annotations

import threading
from typing import Any

import numpy as np
import numpy.typing as npt

from ..runtime.checking import Checked
from ..runtime.prediction import Prediction
from ..runtime.problems import ERROR_CODES, WARNING_CODES, Finding
from .reference import Counts, Floats, Reference

__all__ = ["PROBLEMS", "RunningProfile", "parts_of"]

PROBLEMS = tuple(code for code in (*ERROR_CODES, *WARNING_CODES) if code != "unknown_field")
_PLACES = {code: place for place, code in enumerate(PROBLEMS)}
_MOST_WAITING = (
    1_024  # rows that are counted together: alone, each would cost as much as all of them
)

Rows = npt.NDArray[np.intp]


class RunningProfile:
    """Counts rows in the bins of a reference, by threads as they come.

    All of it is one array of integers, `counts`: profiles of one model are merged by adding them.

    Parameters
    ----------
    counts : array of int64 to count in, of `size(reference)`; without it, a new one
    """

    def __init__(self, reference: Reference, counts: Counts | None = None) -> None:
        self.reference = reference
        self._counts = np.zeros(self.size(reference), np.int64) if counts is None else counts
        self._parts = _Parts(reference, self._counts)
        self._lock = threading.Lock()
        self._waiting: list[tuple[Checked, Floats]] = []
        self._rows_waiting = 0

    @staticmethod
    def size(reference: Reference) -> int:
        """Return how many integers a profile takes."""
        return _Parts(reference, None).size

    def add(self, prediction: Prediction, rows: Rows | None = None) -> None:
        """Take the rows of a prediction into account, or some of them.

        Raises
        ------
        InputError
            When the prediction came out of a pickle, which holds no rows.
        """
        checked, values = prediction.checked, prediction.values
        findings = prediction.findings
        if rows is not None:
            accepted = checked.accepted
            kept = None if accepted is None else accepted[rows]
            checked = Checked(checked.numbers[rows], checked.codes[rows], kept, [])
            values = values[rows]
        elif findings:  # what they quote of the rows is not kept
            checked = Checked(checked.numbers, checked.codes, checked.accepted, [])
        with self._lock:
            self._waiting.append((checked, values))
            self._rows_waiting += len(values)
            if findings:
                self._count_findings(findings, len(prediction), rows)
            if self._rows_waiting >= _MOST_WAITING:
                self._fold()

    @property
    def counts(self) -> Counts:
        """All that was counted, as a copy."""
        with self._lock:
            self._fold()
            return self._counts.copy()

    @property
    def rows(self) -> int:
        """How many rows there were."""
        with self._lock:
            return int(self._counts[0]) + self._rows_waiting

    def merge(self, counts: Counts) -> None:
        """Add what another profile of the same model has counted."""
        with self._lock:
            self._counts += counts

    def move_to(self, counts: Counts) -> None:
        """Put all that was counted in the place of other counts, and begin with no rows."""
        with self._lock:
            self._fold()
            counts[:] = self._counts
            self._counts[:] = 0

    def fold(self) -> None:
        """Count the rows that wait until there are enough of them."""
        with self._lock:
            self._fold()

    def _count_findings(self, findings: list[Finding], of: int, rows: Rows | None) -> None:
        chosen = None
        if rows is not None:
            chosen = np.zeros(of, dtype=bool)
            chosen[rows] = True
        for finding in findings:
            place, field = _PLACES.get(finding.code), self._parts.place_of.get(finding.field or "")
            if place is None or field is None:
                continue
            if finding.rows is None:
                times = of if rows is None else len(rows)
            else:
                times = len(finding.rows) if chosen is None else int(chosen[finding.rows].sum())
            self._parts.problems[field, place] += times

    def _fold(self) -> None:
        """Count the rows that wait."""
        waiting, self._waiting, self._rows_waiting = self._waiting, [], 0
        if not waiting:
            return
        parts = self._parts
        values = np.concatenate([one for _, one in waiting])
        predicted = ~np.isnan(values)
        parts.totals += len(values), len(values) - np.count_nonzero(predicted)
        accepted = [checked.only_accepted() for checked, _ in waiting]
        numbers = np.concatenate([one.numbers for one in accepted])
        codes = np.concatenate([one.codes for one in accepted])
        numbers = np.ascontiguousarray(numbers.T)
        missing = np.isnan(numbers)
        gone = missing.sum(axis=1)
        parts.missing += gone
        for j, (sketch, bins) in enumerate(parts.numbers):
            if sketch is not None:
                bins += sketch.count(numbers[j][~missing[j]] if gone[j] else numbers[j])
        parts.codes += np.bincount(codes.reshape(-1), minlength=len(parts.codes))
        sketch, bins = parts.predictions
        if sketch is not None:
            bins += sketch.count(values[predicted])


class _Parts:
    """Where in the array what is counted."""

    def __init__(self, reference: Reference, counts: Counts | None) -> None:
        contract = reference.contract
        fields = [field.name for field in (*contract.numbers, *contract.categories)]
        self.place_of = {name: place for place, name in enumerate(fields)}
        sizes = [len(sketch.counts) if sketch else 0 for sketch in reference.sketches]
        levels = sum(len(field.coded_levels) + 2 for field in contract.categories)
        of_predictions = len(reference.predictions.counts) if reference.predictions else 0
        lengths = [2, len(contract.numbers), *sizes, levels, of_predictions]
        lengths.append(len(fields) * len(PROBLEMS))
        self.size = sum(lengths)
        if counts is None:
            return
        pieces: list[Any] = np.split(counts, np.cumsum(lengths)[:-1])
        self.totals, self.missing = pieces[0], pieces[1]
        self.numbers = [*zip(reference.sketches, pieces[2 : 2 + len(sizes)], strict=True)]
        self.codes = pieces[-3]
        self.predictions = reference.predictions, pieces[-2]
        self.problems = pieces[-1].reshape(len(fields), len(PROBLEMS))


def parts_of(reference: Reference, counts: Counts) -> _Parts:
    """Return the parts of the counts of a profile."""
    return _Parts(reference, counts)
