"""A table of any kind of file as columns of texts, each distinct text once."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from decimal import Decimal
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from ..errors import InputError
from ..files.streams.sources import Repeated
from ..files.tables import Rows
from ..levels import text_of_number
from ..runtime.intake import NotANumber, read_number

__all__ = ["Column", "Floats", "columns_of", "missing_tokens", "without_tokens"]

Floats = npt.NDArray[np.float64]

MOST_COLUMNS = 1_000
_ALWAYS_MISSING = frozenset("NA N/A n/a #N/A <NA> NaN nan NAN NULL null Null".split())
_MISSING_AMONG_NUMBERS = frozenset("None none NONE ? - -- . .. unknown Unknown missing".split())


@dataclass(frozen=True)
class Column:
    """One column: its distinct texts in the order in which they appear, and which each row has.

    Attributes
    ----------
    codes : array of int64, shape (rows,)
        Places in `levels`; -1 where a row has nothing.
    has_gaps : bool
        Whether a row has nothing, in the table that the rows were taken from.
    """

    name: str
    levels: tuple[str, ...]
    codes: npt.NDArray[np.int64]
    has_gaps: bool

    @classmethod
    def of(cls, name: str, cells: Iterable[Any]) -> Column:
        """Read cells of any type."""
        texts = np.array([_text(cell) for cell in cells] or [None], dtype=object)
        codes, levels = pd.factorize(texts)
        has_gaps = bool((codes < 0).any())
        return cls(name, tuple(map(str, levels)), codes.astype(np.int64), has_gaps)

    @property
    def rows(self) -> int:
        """How many rows there are."""
        return len(self.codes)

    @property
    def missing(self) -> int:
        """How many rows have nothing."""
        return int((self.codes < 0).sum())

    @cached_property
    def counts(self) -> npt.NDArray[np.int64]:
        """How many rows have each level."""
        return np.bincount(self.codes[self.codes >= 0], minlength=len(self.levels))

    @cached_property
    def level_numbers(self) -> Floats:
        """Each level as a number; NaN where it is none."""
        return np.array([_number(level) for level in self.levels])

    @property
    def is_numeric(self) -> bool:
        """Whether there is a value, and every one is a finite number."""
        return len(self.levels) > 0 and bool(np.isfinite(self.level_numbers).all())

    @property
    def is_whole(self) -> bool:
        """Whether every value is a whole number."""
        return self.is_numeric and bool((self.level_numbers == np.floor(self.level_numbers)).all())

    @cached_property
    def numbers(self) -> Floats:
        """The rows as numbers, shape (rows,); NaN where there is none."""
        return np.append(self.level_numbers, math.nan)[self.codes]

    def only(self, rows: npt.NDArray[Any]) -> Column:
        """Return some rows; levels that none of them has are gone."""
        codes = self.codes[rows]
        kept = np.unique(codes[codes >= 0])
        place = np.full(len(self.levels) + 1, -1)
        place[kept] = np.arange(len(kept))
        return Column(self.name, tuple(self.levels[at] for at in kept), place[codes], self.has_gaps)


def columns_of(rows: Rows, *, source: str) -> list[Column]:
    """Return the columns of a table as `read_table` gives it.

    Raises
    ------
    InputError
        When two columns have one name, or there are too many.
    """
    if isinstance(rows, Repeated):
        twice = sorted({name for name in rows.columns if rows.columns.count(name) > 1})
        raise InputError(
            f"{source} has more than one column called {', '.join(twice[:3])}: give each a name "
            "of its own."
        )
    names, cells = _by_column(rows)
    if len(names) > MOST_COLUMNS:
        raise InputError(
            f"{source} has {len(names):,} columns: at most {MOST_COLUMNS:,} can be described. "
            "Make a table of those that may matter."
        )
    return [Column.of(name, column) for name, column in zip(names, cells, strict=True)]


def _by_column(rows: Rows) -> tuple[Sequence[str], Iterable[Iterable[Any]]]:
    if isinstance(rows, Mapping):
        return list(rows), rows.values()
    if isinstance(rows, list):  # of dicts
        names = list(dict.fromkeys(name for row in rows for name in row))
        return names, ([row.get(name) for row in rows] for name in names)
    return rows.column_names, (column.to_pylist() for column in rows.columns)  # of pyarrow


def missing_tokens(columns: Sequence[Column]) -> tuple[str, ...]:
    """Return the texts that mean *missing* in a table.

    Some mean it everywhere; others, such as `?`, where all the other values are numbers.
    """
    found: set[str] = set()
    for column in columns:
        found |= _ALWAYS_MISSING.intersection(column.levels)
        suspect = (_ALWAYS_MISSING | _MISSING_AMONG_NUMBERS).intersection(column.levels)
        others = [level for level in column.levels if level not in suspect]
        if others and all(math.isfinite(_number(level)) for level in others):
            found |= suspect
    return tuple(sorted(found))


def without_tokens(column: Column, tokens: Sequence[str]) -> Column:
    """Return a column in which the texts that mean *missing* are nothing."""
    kept = tuple(level for level in column.levels if level not in tokens)
    place = {level: at for at, level in enumerate(kept)}
    codes = np.array([*(place.get(level, -1) for level in column.levels), -1])[column.codes]
    return Column(column.name, kept, codes, bool((codes < 0).any()))


def _number(text: str) -> float:
    """Read a number as a row to predict may have it; NaN for any other text."""
    try:
        return read_number(text)
    except NotANumber:
        return math.nan


def _text(cell: Any) -> str | None:
    """Return a cell as the text that a CSV file would have."""
    if cell is None or cell is pd.NaT:
        return None
    if isinstance(cell, str):
        return cell.strip() or None
    if isinstance(cell, bool | np.bool_):
        return "yes" if cell else "no"
    if isinstance(cell, float | np.floating) and math.isnan(cell):
        return None
    if isinstance(cell, int | float | Decimal | np.number):
        return text_of_number(cell)
    if isinstance(cell, datetime):
        return str(cell.date()) if cell.time() == time() else cell.isoformat()
    return cell.isoformat() if isinstance(cell, date) else str(cell)
