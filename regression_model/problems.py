"""Problems: what is wrong with a row, in a sentence."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from .contract import Field

__all__ = ["ERROR_CODES", "Finding", "Problem", "Severity", "WARNING_CODES"]

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
        One of `ERROR_CODES` (the row gets no price) or `WARNING_CODES` (it is priced).
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

    `rows` is None when every row has it; `values` then holds one value.
    """

    field: str | None
    code: str
    rows: Sequence[int] | None
    values: Sequence[Any]
    sentence: Callable[[Any], str]

    @property
    def severity(self) -> Severity:
        """Whether the rows still get a price."""
        return "warning" if self.code in WARNING_CODES else "error"

    def problems(self) -> list[Problem]:
        """Return one problem a row."""
        rows: Sequence[int | None] = [None] if self.rows is None else self.rows
        return [
            Problem(row, self.field, self.code, self.sentence(value), self.severity)
            for row, value in zip(rows, self.values, strict=True)
        ]


def shown(value: object) -> str:
    """Return `value` as it is shown in a sentence: quoted if text, on one line, and never long."""
    text = repr(value) if isinstance(value, str) else " ".join(text_of(value).split())
    return text if len(text) <= 60 else f"{text[:57]}..."


def text_of(value: object) -> str:
    """Return `value` as text, whatever it is."""
    try:
        return str(value)
    except (ValueError, RecursionError):  # an int of thousands of digits, lists in lists in lists
        return "a value too long to show"


def sentence_for(field: Field, code: str) -> Callable[[Any], str]:
    """Return the function from a value to the sentence that says what is wrong with it."""
    name = field.name

    def missing_value(_: Any) -> str:
        return f"{name} is missing: expected {field.expected}."

    def wrong_type(value: Any) -> str:
        kind = type(value).__name__
        return f"{name} is {shown(value)} (type {kind}): expected {field.expected}."

    def out_of_bounds(value: Any) -> str:
        return f"{name} is {shown(value)}: expected {field.expected}."

    def outside_training_range(value: Any) -> str:
        low, high = field.training_range or (float("nan"), float("nan"))
        seen = f"{low:.15g} to {high:.15g}"
        return f"{name} is {shown(value)}: the model was trained on values from {seen}."

    def unseen_level(value: Any) -> str:
        known = ", ".join(field.coded_levels)
        return f"{name} is {shown(value)}, priced as a rare level: the model knows {known}."

    return {
        "missing_value": missing_value,
        "wrong_type": wrong_type,
        "outside_training_range": outside_training_range,
        "unseen_level": unseen_level,
    }.get(code, out_of_bounds)
