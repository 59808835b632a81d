"""Problems: what is wrong with a row, in a sentence."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np

from .contract import Contract, Field

__all__ = [
    "ERROR_CODES",
    "Finding",
    "MOST_REPORTED",
    "NearestNames",
    "Problem",
    "Severity",
    "WARNING_CODES",
    "reported_findings",
]

Severity = Literal["error", "warning"]

ERROR_CODES = (
    "missing_column",
    "missing_value",
    "wrong_type",
    "not_finite",
    "below_minimum",
    "above_maximum",
    "unknown_level",
    "duplicate_field",
)
WARNING_CODES = ("unseen_level", "outside_training_range", "unknown_field")
_SAME_IN_ALL_ROWS = ("missing_value", "unknown_field", "duplicate_field")  # as no value is shown

MOST_REPORTED = 20_000  # problems in one answer, beside one for each row

_LONGEST_SHOWN = 60  # characters
_LONGEST_NAME = 100  # that is looked up
_MOST_COMPARED = 10_000  # pairs of an unknown and a known name, for one input


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong with one row, or with all of them.

    Attributes
    ----------
    row : int or None
        Position of the row in the input, from 0; None when it concerns every row.
    field : str or None
        The field's name in the contract, or the unknown name that came; None for the whole row.
    code : str
        One of `ERROR_CODES` (the row gets no prediction) or `WARNING_CODES` (it gets one).
    message : str
        A sentence that names the value and what was expected.
    severity : {"error", "warning"}
    """

    row: int | None
    field: str | None
    code: str
    message: str
    severity: Severity

    def to_dict(self) -> dict[str, Any]:
        """Return the problem as plain JSON types."""
        return {
            "row": self.row,
            "field": self.field,
            "code": self.code,
            "message": self.message,
            "severity": self.severity,
        }


@dataclass(frozen=True, slots=True)
class Finding:
    """The same problem in several rows; its sentences are written only when somebody reads them.

    `rows` is None when every row has it; `values` then holds one value. `about` is what the
    sentence needs beside the value: the field, or for an unknown field the names that are known.
    A finding can be pickled whatever the values are: what is more than a number or a short text
    travels as it is shown.
    """

    field: str | None
    code: str
    rows: Sequence[int] | None
    values: Sequence[Any]
    about: Field | NearestNames | None = None

    @property
    def severity(self) -> Severity:
        """Whether the rows still get a prediction."""
        return "warning" if self.code in WARNING_CODES else "error"

    def problems(self) -> list[Problem]:
        """Return one problem a row."""
        rows: Sequence[int | None] = [None] if self.rows is None else self.rows
        write = (_OF_ROWS if self.about is None else _OF_FIELDS)[self.code]
        field, code, severity = self.field, self.code, self.severity
        if code in _SAME_IN_ALL_ROWS and rows:
            message = write(self.about, self.values[0])
            return [Problem(row, field, code, message, severity) for row in rows]
        written: dict[tuple[type, int | str], str] = {}
        found = []
        for row, value in zip(rows, self.values, strict=True):
            if type(value) is str or type(value) is int:  # equal ones are shown alike
                key = type(value), value
                message = written.get(key) or written.setdefault(key, write(self.about, value))
            else:
                message = write(self.about, value)
            found.append(Problem(row, field, code, message, severity))
        return found

    def __reduce__(self) -> tuple[Any, ...]:
        values = [_portable(value) for value in self.values]
        return Finding, (self.field, self.code, self.rows, values, self.about)


def reported_findings(findings: list[Finding]) -> list[Finding]:
    """Return what an answer reports: after 20,000 problems, one for each further row.

    It is the row's first error, or its first warning if it has no error.
    """
    if sum(1 if f.rows is None else len(f.rows) for f in findings) <= MOST_REPORTED:
        return findings
    rows_of = [np.asarray(f.rows, dtype=np.int64) for f in findings if f.rows is not None]
    problems_until = np.bincount(np.concatenate(rows_of)).cumsum()
    in_full = int(problems_until.searchsorted(MOST_REPORTED, side="right"))  # rows before this one
    has_none = np.ones(len(problems_until), dtype=bool)
    reported: dict[int, Finding] = {}
    for at in sorted(range(len(findings)), key=lambda at: findings[at].severity):  # errors first
        finding = findings[at]
        if finding.rows is None:
            reported[at] = finding
            continue
        rows = np.asarray(finding.rows, dtype=np.int64)
        places = np.flatnonzero((rows < in_full) | has_none[rows])
        if len(places):
            has_none[rows[places]] = False
            values = [finding.values[place] for place in places.tolist()]
            reported[at] = replace(finding, rows=rows[places].tolist(), values=values)
    return [reported[at] for at in sorted(reported)]


class NearestNames:
    """Looks up which known name an unknown one may stand for; the work for one input is bounded.

    A name that is too long to be a misspelling, and every name after the first few, gets none.
    """

    def __init__(self, contract: Contract) -> None:
        self._contract = contract
        self._left = max(1, _MOST_COMPARED // max(1, len(contract.canonical_names)))
        self._found: dict[str, str | None] = {}

    def of(self, name: object) -> str | None:
        """Return the known name that looks most like `name`, if one does."""
        if not isinstance(name, str) or len(name) > _LONGEST_NAME:
            return None
        if name not in self._found and self._left > 0:
            self._left -= 1
            self._found[name] = self._contract.nearest(name)
        return self._found.get(name)


@dataclass(frozen=True, slots=True)
class _Written:
    """Stands in a pickle for a value of any type."""

    text: str
    kind: str


def _portable(value: object) -> object:
    if type(value) in (int, float, bool, type(None), _Written):
        return value
    if type(value) is str and len(value) <= _LONGEST_SHOWN:
        return value
    return _Written(shown(value), _kind(value))


def _kind(value: object) -> str:
    return value.kind if isinstance(value, _Written) else type(value).__name__


def shown(value: object) -> str:
    """Return `value` as it is shown in a sentence: quoted if text, on one line, and never long."""
    if isinstance(value, _Written):
        return value.text
    if isinstance(value, str):
        text = repr(value[: _LONGEST_SHOWN + 1])
    else:
        text = " ".join(text_of(value).split())
    return _cut(text)


def short_name(name: object) -> str:
    """Return the name of a field that came as text that is never long."""
    return _cut(text_of(name))


def _cut(text: str) -> str:
    return text if len(text) <= _LONGEST_SHOWN else f"{text[:_LONGEST_SHOWN - 3]}..."


def text_of(value: object) -> str:
    """Return `value` as text, whatever it is."""
    try:
        return str(value)
    except (ValueError, RecursionError):  # an int of thousands of digits, lists in lists in lists
        return "a value too long to show"


def _range_of(field: Field) -> str:
    low, high = field.training_range or (float("nan"), float("nan"))
    if field.is_time:
        return f"{field.time_text(low)} to {field.time_text(high)}"
    return f"{low:.15g} to {high:.15g}"


def _nearest_name(names: NearestNames, name: Any) -> str:
    nearest = names.of(name)
    return f": did you mean {nearest}?" if nearest else "."


def _not_as_expected(field: Field, value: Any) -> str:
    return f"{field.name} is {shown(value)}: expected {field.expected}."


_Sentence = Callable[[Any, Any], str]
_OF_FIELDS: dict[str, _Sentence] = {
    "missing_column": lambda field, received: (
        f"No row has the field {field.name}: expected {field.expected}. Received: {received}."
    ),
    "missing_value": lambda field, _: f"{field.name} is missing: expected {field.expected}.",
    "wrong_type": lambda field, value: (
        f"{field.name} is {shown(value)} (type {_kind(value)}): expected {field.expected}."
    ),
    "not_finite": _not_as_expected,
    "below_minimum": _not_as_expected,
    "above_maximum": _not_as_expected,
    "unknown_level": _not_as_expected,
    "duplicate_field": lambda field, _: (
        f"The field {field.name} came more than once, under its own name or an alias: send it once."
    ),
    "unseen_level": lambda field, value: (
        f"{field.name} is {shown(value)}, treated as a rare level: the model knows "
        f"{', '.join(field.coded_levels)}."
    ),
    "outside_training_range": lambda field, value: (
        f"{field.name} is {shown(value)}: the model was trained on values from {_range_of(field)}."
    ),
    "unknown_field": lambda names, name: (
        f"The field {shown(name)} is not known and was not used{_nearest_name(names, name)}"
    ),
}
_OF_ROWS: dict[str, _Sentence] = {
    "unknown_field": lambda _, number: (
        f"And {number:,} more field{' is' if number == 1 else 's are'} not known and "
        f"{'was' if number == 1 else 'were'} not used."
    ),
    "wrong_type": lambda _, value: (
        f"The row is {shown(value)} (type {_kind(value)}): "
        "expected a dict of field names and values."
    ),
    "not_finite": lambda *_: (
        "The prediction is out of all bounds: the row is too far from all training rows."
    ),
}
