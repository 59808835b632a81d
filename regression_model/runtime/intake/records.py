"""A list of dicts, read row by row."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from itertools import chain
from operator import getitem
from typing import Any

import numpy as np
import numpy.typing as npt

from ..contract import Contract
from .cells import UNHASHABLE, Codes, Floats, LevelCodes, read_cells
from .layout import MOST_INCOMPLETE, Intake, Layout, refuse_incomplete
from .layouts import Layouts, RecordLayout

__all__ = ["Dicts", "Records"]

_MOST_LAYOUTS = 256  # of which the work for each is worth it


class Dicts(Intake):
    """A list of dicts: the rows, with an empty dict for what is not one."""

    def __init__(self, contract: Contract, rows: Sequence[Any]) -> None:
        super().__init__(contract, len(rows))
        self._records = rows
        self._not_rows: list[tuple[int, Any]] = []

    def _empty_not_rows(self) -> None:
        refused = dict(self._not_rows)
        self._records = [{} if at in refused else row for at, row in enumerate(self._records)]

    def cells(self, name: str, rows: Sequence[int]) -> list[Any]:
        known = self.contract.canonical_names
        names = [n for n, field in known.items() if field == name] or [name]
        records = [self._records[row] for row in rows]
        if len(names) == 1:
            return [row.get(name) for row in records]
        return [next((row[n] for n in names if n in row), None) for row in records]

    def not_rows(self) -> list[tuple[int, Any]]:
        return self._not_rows


class Records(Dicts):
    """A list of dicts with the same names, or of a few kinds."""

    is_mixed = False  # whether there are more kinds: `MixedRecords` reads them

    def __init__(self, contract: Contract, rows: Sequence[Any], layouts: Layouts) -> None:
        super().__init__(contract, rows)
        self._of_row: list[RecordLayout] = []
        if len(rows) > MOST_INCOMPLETE:
            _refuse_not_rows(contract, rows)
        found: dict[Any, RecordLayout] = {}
        for at, row in enumerate(rows):
            if type(row) is not dict and not isinstance(row, Mapping):
                self._not_rows.append((at, row))
                row = {}
            names = tuple(row)
            layout = found.get(names)
            if layout is None:
                if len(found) == _MOST_LAYOUTS:
                    self.is_mixed = True
                    return
                layout = found[names] = layouts.of(names)
            self._of_row.append(layout)
        self._is_full = all(layout.is_full for layout in found.values())
        if self._not_rows:
            self._empty_not_rows()
        if self.rows > MOST_INCOMPLETE:
            absent = [layout.layout.absent for layout in self._of_row if layout.layout.absent]
            refuse_incomplete(self.rows, len(absent), absent[0] if absent else ())

    def numbers(self) -> tuple[Floats, list[int]]:
        width = len(self.contract.numbers)
        cells = [
            layout.numbers(row) for layout, row in zip(self._of_row, self._records, strict=True)
        ]
        flat = tuple(chain.from_iterable(cells))
        if self._is_full:
            found, odd = read_cells(self.contract, flat)
            return found.reshape(self.rows, width), odd
        places = self._places([layout.number_places for layout in self._of_row], width)
        found, odd = read_cells(self.contract, flat, places)
        numbers = np.full(self.rows * width, np.nan)
        numbers[places] = found
        return numbers.reshape(self.rows, width), places[odd].tolist() if odd else odd

    def codes(self, lookups: Sequence[LevelCodes]) -> Codes:
        cells = [
            layout.categories(row) for layout, row in zip(self._of_row, self._records, strict=True)
        ]
        if self._is_full:
            return _codes(cells, [lookups] * self.rows).reshape(self.rows, len(lookups))
        came = [layout.category_places for layout in self._of_row]
        codes = np.tile(np.array([look[None] for look in lookups], dtype=np.int64), self.rows)
        of_row = {at: [lookups[place] for place in at] for at in set(came)}
        codes[self._places(came, len(lookups))] = _codes(cells, [of_row[at] for at in came])
        return codes.reshape(self.rows, len(lookups))

    def _places(self, came: list[tuple[int, ...]], width: int) -> npt.NDArray[np.int64]:
        """Return where the cells that came stand in the flat array of all cells."""
        counts = np.fromiter(map(len, came), dtype=np.int64, count=self.rows)
        total = int(counts.sum())
        at = np.fromiter(chain.from_iterable(came), dtype=np.int64, count=total)
        return at + np.repeat(np.arange(self.rows) * width, counts)

    def layouts(self) -> list[tuple[Layout, Sequence[int] | None]]:
        if not self._not_rows and all(layout is self._of_row[0] for layout in self._of_row):
            return [(self._of_row[0].layout, None)] if self._of_row else []
        refused = dict(self._not_rows)
        rows_of: dict[int, tuple[Layout, list[int]]] = {}
        for at, one in enumerate(self._of_row):
            if at not in refused:
                rows_of.setdefault(id(one), (one.layout, []))[1].append(at)
        return [*rows_of.values()]


def _refuse_not_rows(contract: Contract, rows: Sequence[Any]) -> None:
    """Refuse an input most of which is not even rows before anything is done for each."""
    times = Counter(map(type, rows))
    not_rows = sum(n for kind, n in times.items() if not issubclass(kind, Mapping))
    if required := [field.name for field in contract.fields if field.used and field.required]:
        refuse_incomplete(len(rows), not_rows, required)


def _codes(cells: list[tuple[Any, ...]], lookups: Sequence[Sequence[LevelCodes]]) -> Codes:
    """Return the codes of all cells in one array without rows."""
    looks = list(chain.from_iterable(lookups))
    flat = list(chain.from_iterable(cells))
    try:
        codes = list(map(getitem, looks, flat))
    except UNHASHABLE:
        codes = [look.code(value) for look, value in zip(looks, flat, strict=True)]
    return np.array(codes, dtype=np.int64)
