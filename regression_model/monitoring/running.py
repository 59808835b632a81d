"""What rows looked like that were predicted, counted as they pass, in constant memory."""

from __future__ import annotations

import threading
from typing import Any

import numpy as np
import numpy.typing as npt

from ..runtime.checking import Checked
from ..runtime.intake import Codes
from ..runtime.prediction import Prediction
from ..runtime.problems import ERROR_CODES, WARNING_CODES, Finding
from .reference import Counts, Floats, Reference

__all__ = ["PROBLEMS", "Parts", "RunningProfile"]

PROBLEMS = tuple(code for code in (*ERROR_CODES, *WARNING_CODES) if code != "unknown_field")
_PLACES = {code: place for place, code in enumerate(PROBLEMS)}
# Rows that are counted together: alone, each would cost as much as all of them. With more, those
# who ask meanwhile would wait longer.
_MOST_WAITING = 256

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
        self._parts = Parts(reference, self._counts)
        self._lock = threading.Lock()
        contract = reference.contract
        self._numbers = np.empty((_MOST_WAITING, len(contract.numbers)))
        self._codes = np.empty((_MOST_WAITING, len(contract.categories)), dtype=np.int64)
        self._values = np.empty(_MOST_WAITING)
        self._waiting = self._rows_waiting = self._refused_waiting = 0

    @staticmethod
    def size(reference: Reference) -> int:
        """Return how many integers a profile takes."""
        return Parts(reference, None).size

    def add(self, prediction: Prediction, rows: Rows | None = None) -> None:
        """Take the rows of a prediction into account, or some of them.

        Raises
        ------
        InputError
            When the prediction came out of a pickle, which holds no rows.
        """
        checked, values = prediction.checked, prediction.values
        findings = prediction.findings
        accepted = checked.accepted
        if rows is not None:
            accepted = None if accepted is None else accepted[rows]
            checked = Checked(checked.numbers[rows], checked.codes[rows], accepted, [])
            values = values[rows]
        taken, refused = len(values), 0
        if findings:
            refused = int(np.count_nonzero(np.isnan(values)))
            if accepted is not None:
                checked, values = checked.only_accepted(), values[accepted]
        with self._lock:
            self._rows_waiting += taken
            self._refused_waiting += refused
            if findings:
                self._count_findings(findings, len(prediction), rows)
            begin, end = self._waiting, self._waiting + len(values)
            if end > _MOST_WAITING:
                self._fold()
                begin, end = 0, len(values)
            if end > _MOST_WAITING:
                self._count(checked.numbers, checked.codes, values)
                return
            self._numbers[begin:end] = checked.numbers
            self._codes[begin:end] = checked.codes
            self._values[begin:end] = values
            self._waiting = end

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
        self._parts.totals += self._rows_waiting, self._refused_waiting
        waiting = slice(self._waiting)
        self._waiting = self._rows_waiting = self._refused_waiting = 0
        if waiting.stop:
            self._count(self._numbers[waiting], self._codes[waiting], self._values[waiting])

    def _count(self, numbers: Floats, codes: Codes, values: Floats) -> None:
        """Count rows without errors."""
        parts = self._parts
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
            bins += sketch.count(values[~np.isnan(values)])


class Parts:
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
