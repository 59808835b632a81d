"""Where the fields of the model are among the names that came, and what every intake gives."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from ...errors import InputError
from ..contract import Contract
from .cells import Codes, Floats, LevelCodes

__all__ = ["MOST_INCOMPLETE", "Intake", "Layout", "refuse_incomplete"]

MOST_INCOMPLETE = 10_000  # rows without a required field, where most rows are such


@dataclass(frozen=True, slots=True)
class Layout:
    """Where the fields of the model are among the names that came."""

    names: tuple[Any, ...]
    numbers: tuple[Any, ...]  # for each number field the name it came under, or None
    categories: tuple[Any, ...]
    unknown: tuple[Any, ...]
    repeated: tuple[str, ...]  # fields of the model that came twice, under one name or under two
    absent: tuple[str, ...]  # required fields that did not come
    more_unknown: int = 0  # unknown names beside those in `unknown`

    @classmethod
    def of(cls, contract: Contract, names: tuple[Any, ...]) -> Layout:
        """Match the names that came with the fields of the contract."""
        known = contract.canonical_names
        came_as = {known[name]: name for name in names if name in known}
        times = Counter(known[name] for name in names if name in known)
        used = (*contract.numbers, *contract.categories)
        return cls(
            names=names,
            numbers=tuple(came_as.get(field.name) for field in contract.numbers),
            categories=tuple(came_as.get(field.name) for field in contract.categories),
            unknown=unknown_names(contract, names),
            repeated=tuple(field.name for field in used if times[field.name] > 1),
            absent=tuple(f.name for f in used if f.required and f.name not in came_as),
        )

    @property
    def is_clean(self) -> bool:
        """Whether every required field came once and nothing else came."""
        return not (self.unknown or self.repeated or self.absent or self.more_unknown)


def unknown_names(contract: Contract, names: Sequence[Any]) -> tuple[Any, ...]:
    """Return the names, each once, that are neither a field's nor the target's."""
    known = contract.known_names
    return tuple(dict.fromkeys([name for name in names if name not in known]))


def refuse_incomplete(rows: int, incomplete: int, absent: Sequence[str]) -> None:
    """Refuse an input of rows that nothing can be predicted for: each would cost an answer.

    Raises InputError when more than 10,000 of the rows, and more than half of them, are incomplete:
    they lack a required field. The first of them lacks those in `absent`.
    """
    if incomplete > MOST_INCOMPLETE and 2 * incomplete > rows:
        raise InputError(
            f"{incomplete:,} of {rows:,} rows lack a required field, such as {absent[0]}: "
            f"{MOST_INCOMPLETE:,} of them at most are answered row by row."
        )


class Intake(ABC):
    """Rows that came in, read for one contract; `rows` is how many."""

    def __init__(self, contract: Contract, rows: int) -> None:
        self.contract = contract
        self.rows = rows

    @abstractmethod
    def numbers(self) -> tuple[Floats, list[int]]:
        """Return an array (rows, number fields), and the flat places in it of what is no number."""

    @abstractmethod
    def codes(self, lookups: Sequence[LevelCodes]) -> Codes:
        """Return an array (rows, category fields) of level codes; negative where there is none."""

    @abstractmethod
    def cells(self, name: str, rows: Sequence[int]) -> list[Any]:
        """Return what came for the field called `name` in some rows."""

    @abstractmethod
    def layouts(self) -> list[tuple[Layout, Sequence[int] | None]]:
        """Return each layout with the rows that have it; None for all rows."""

    def not_rows(self) -> list[tuple[int, Any]]:
        """Return the rows that are not mappings, each with its value."""
        return []
