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
        if self._is_same_everywhere and len(rows) > 1:
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

    @property
    def _is_same_everywhere(self) -> bool:
        """Whether the sentence says nothing of a row's own value."""
        return self.code in ("missing_value", "unknown_field", "duplicate_field")

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


def _missing_column(field: Field, came: Any) -> str:
    return f"No row has the field {field.name}: expected {field.expected}. Received: {came}."


def _missing_value(field: Field, _: Any) -> str:
    return f"{field.name} is missing: expected {field.expected}."


def _wrong_type(field: Field, value: Any) -> str:
    return f"{field.name} is {shown(value)} (type {_kind(value)}): expected {field.expected}."


def _out_of_bounds(field: Field, value: Any) -> str:
    return f"{field.name} is {shown(value)}: expected {field.expected}."


def _duplicate_field(field: Field, _: Any) -> str:
    return (
        f"The field {field.name} came more than once, under its own name or an alias: "
        "send it once."
    )


def _outside_training_range(field: Field, value: Any) -> str:
    low, high = field.training_range or (float("nan"), float("nan"))
    seen = f"{low:.15g} to {high:.15g}"
    if field.is_time:
        seen = f"{field.time_text(low)} to {field.time_text(high)}"
    return f"{field.name} is {shown(value)}: the model was trained on values from {seen}."


def _unseen_level(field: Field, value: Any) -> str:
    known = ", ".join(field.coded_levels)
    return f"{field.name} is {shown(value)}, treated as a rare level: the model knows {known}."


def _unknown_field(names: NearestNames, name: Any) -> str:
    nearest = names.of(name)
    hint = f": did you mean {nearest}?" if nearest else "."
    return f"The field {shown(name)} is not known and was not used{hint}"


def _more_unknown_fields(_: None, number: int) -> str:
    if number == 1:
        return "And 1 more field is not known and was not used."
    return f"And {number:,} more fields are not known and were not used."


def _not_a_row(_: None, value: Any) -> str:
    return (
        f"The row is {shown(value)} (type {_kind(value)}): "
        "expected a dict of field names and values."
    )


def _overflow(_: None, value: Any) -> str:
    return "The prediction is out of all bounds: the row is too far from all training rows."


_OF_FIELDS: dict[str, Callable[[Any, Any], str]] = {
    "missing_column": _missing_column,
    "missing_value": _missing_value,
    "wrong_type": _wrong_type,
    "not_finite": _out_of_bounds,
    "below_minimum": _out_of_bounds,
    "above_maximum": _out_of_bounds,
    "unknown_level": _out_of_bounds,
    "duplicate_field": _duplicate_field,
    "unseen_level": _unseen_level,
    "outside_training_range": _outside_training_range,
    "unknown_field": _unknown_field,
}
_OF_ROWS: dict[str, Callable[[Any, Any], str]] = {
    "unknown_field": _more_unknown_fields,
    "wrong_type": _not_a_row,
    "not_finite": _overflow,
}
