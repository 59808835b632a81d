"""What the training rows looked like, field by field, as the model file records it."""

from __future__ import annotations

import math
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from ..times import seconds_of_text
from .contract import Contract, Field

__all__ = ["Known", "known_fields", "typical_row"]

_MOST_QUANTILES = 101
_MOST_DECIMALS = 6
_MOST_WHOLE = 2**53  # above it a double does not hold every whole number
_LARGEST = sys.float_info.max


@dataclass(frozen=True)
class Known:
    """What the training rows had in one field."""

    field: Field
    values: list[float] | list[str]  # quantiles in order, or levels, the most frequent one first
    shares: list[float]  # of the levels; empty for a number
    missing: float  # the share of the rows without a value
    sample: list[float]  # numbers of some training rows, which say how many decimals they have

    @property
    def typical(self) -> float | str | None:
        """The median or the most frequent level; None if most rows had nothing.

        A median has no more decimals than the training rows have.
        """
        if not self.values or self.missing > 0.5:
            return None
        value = self.values[len(self.values) // 2 if self.field.is_number else 0]
        return value if isinstance(value, str) else self._rounded(value)

    def _rounded(self, value: float) -> float:
        seen = self.sample or [float(one) for one in self.values]
        for decimals in range(_MOST_DECIMALS):
            if all(round(one, decimals) == one for one in seen):
                rounded = round(value, decimals)
                is_inside = float(self.values[0]) <= rounded <= float(self.values[-1])
                return rounded if is_inside else value
        return value

    def cell(self, value: float | str | None) -> float | str | None:
        """Return a value as a row has it: a time as text."""
        if isinstance(value, float) and self.field.is_time:
            return self.field.time_text(value)
        return value


def typical_row(contract: Contract, manifest: Mapping[str, Any]) -> dict[str, Any]:
    """Return a row with the median or the most frequent level of every field that is used.

    Where most training rows had nothing, the value is None.
    """
    row: dict[str, Any] = {}
    for known in known_fields(contract, manifest):
        cell: Any = known.cell(known.typical)
        if isinstance(cell, float) and cell.is_integer() and abs(cell) < _MOST_WHOLE:
            cell = int(cell)
        elif known.field.kind == "boolean" and cell is not None:
            cell = cell == "yes"
        row[known.field.name] = cell
    return {field.name: row[field.name] for field in contract.fields if field.name in row}


def known_fields(contract: Contract, manifest: Mapping[str, Any]) -> Iterator[Known]:
    """Read the profile; what a file does not say is taken from the contract in it."""
    profile = manifest.get("profile", {})
    for field in (*contract.numbers, *contract.categories):
        of_field = profile.get(field.name, {})
        missing = of_field.get("missing", 0.0)
        if field.required or not _is_number(missing) or not 0 <= missing <= 1:
            missing = 0.0
        if field.is_number:
            values = _quantiles(field, of_field.get("deciles"))
            cells = [] if field.is_time else manifest.get("background", [])
            sample = [float(c) for row in cells if _is_number(c := row.get(field.name))]
            yield Known(field, values, [], missing if values else 1.0, sample)
        else:
            shares = _shares(field, of_field.get("shares"))
            yield Known(field, [*shares], [*shares.values()], missing, [])


def _quantiles(field: Field, recorded: Any) -> list[float]:
    if isinstance(recorded, list) and 1 < len(recorded) <= _MOST_QUANTILES:
        try:
            days = field.kind == "date"
            found = [seconds_of_text(q, days=days) if field.is_time else q for q in recorded]
        except (AttributeError, TypeError, ValueError):
            found = []
        if found and all(map(_is_number, found)):
            return sorted(map(float, found))
    ends = field.training_range or (field.minimum, field.maximum)
    return [float(end) for end in ends if end is not None]


def _shares(field: Field, recorded: Any) -> dict[str, float]:
    """Return the share of each level, the most frequent one first."""
    known = {}
    for level in field.coded_levels if isinstance(recorded, dict) else ():
        share = recorded.get(level)
        if _is_number(share) and share > 0:
            known[level] = float(share)
    known = known or dict.fromkeys(field.coded_levels, 1.0)
    return dict(sorted(known.items(), key=lambda item: (-item[1], item[0])))


def _is_number(value: Any) -> bool:
    if type(value) is bool or not isinstance(value, int | float):
        return False
    return abs(value) <= _LARGEST and not math.isnan(value)
