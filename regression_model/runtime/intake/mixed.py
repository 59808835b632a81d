"""A list of dicts whose names differ from row to row, read cell by cell."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import chain, compress
from typing import Any

import numpy as np
import numpy.typing as npt

from ..contract import Contract
from .cells import UNHASHABLE, Codes, Floats, LevelCodes, read_cells
from .layout import Layout, refuse_incomplete
from .records import Dicts

__all__ = ["MixedRecords"]

_UNUSED, _UNKNOWN = -1, -2
_MOST_NAMED = 1_000  # sets of unknown names; in further rows they are counted

_Kind = tuple[tuple[Any, ...], int, tuple[str, ...]]  # unknown names, how many more, repeated


class MixedRecords(Dicts):
    """A list of dicts with many sets of names; the work is in proportion to the cells."""

    def __init__(self, contract: Contract, rows: Sequence[Any]) -> None:
        super().__init__(contract, rows)
        self._not_rows = [(at, row) for at, row in enumerate(rows) if not isinstance(row, Mapping)]
        self._empty_not_rows()
        self._width = len(contract.numbers) + len(contract.categories)
        self._unknown: dict[int, list[Any]] = {}
        self._cells: list[Any] = []
        self._at = self._read(_places(contract))
        self._absent = self._absent_in_all()

    def _read(self, places: Mapping[Any, int]) -> npt.NDArray[np.int64]:
        """Collect the cells of the fields that the model uses, and return where each belongs."""
        at: list[int] = []
        begin = 0
        for row, record in enumerate(self._records):
            for name, cell in record.items():
                place = places.get(name, _UNKNOWN)
                if place >= 0:
                    at.append(begin + place)
                    self._cells.append(cell)
                elif place == _UNKNOWN:
                    self._unknown.setdefault(row, []).append(name)
            begin += self._width
        return np.array(at, dtype=np.int64)

    def _absent_in_all(self) -> tuple[str, ...]:
        """Return the required fields that no row has; refuse rows most of which lack one."""
        fields = (*self.contract.numbers, *self.contract.categories)
        required = [place for place, field in enumerate(fields) if field.required]
        came = np.zeros(self.rows * self._width, dtype=bool)
        came[self._at] = True
        came_required = came.reshape(self.rows, self._width)[:, required]
        incomplete = np.flatnonzero(~came_required.all(axis=1))
        if len(incomplete):
            first = came_required[incomplete[0]].argmin()
            refuse_incomplete(self.rows, len(incomplete), [fields[required[first]].name])
        in_none = np.flatnonzero(~came_required.any(axis=0))
        return tuple(fields[required[place]].name for place in in_none)

    def numbers(self) -> tuple[Floats, list[int]]:
        width = len(self.contract.numbers)
        places, cells = self._of(slice(0, width))
        found, odd = read_cells(self.contract, cells, places)
        numbers = np.full(self.rows * width, np.nan)
        numbers[places] = found
        return numbers.reshape(self.rows, width), places[odd].tolist() if odd else odd

    def codes(self, lookups: Sequence[LevelCodes]) -> Codes:
        places, cells = self._of(slice(len(self.contract.numbers), self._width))
        codes = np.tile(np.array([look[None] for look in lookups], dtype=np.int64), self.rows)
        if cells:
            pairs = list(zip((places % len(lookups)).tolist(), cells, strict=True))
            try:
                codes[places] = [lookups[place][cell] for place, cell in pairs]
            except UNHASHABLE:
                codes[places] = [lookups[place].code(cell) for place, cell in pairs]
        return codes.reshape(self.rows, len(lookups))

    def _of(self, fields: slice) -> tuple[npt.NDArray[np.int64], list[Any]]:
        """Return the cells of some fields, and their places in an array of these fields."""
        rows, places = np.divmod(self._at, self._width)
        wanted = (places >= fields.start) & (places < fields.stop)
        at = rows * (fields.stop - fields.start) + places - fields.start
        return at[wanted], list(compress(self._cells, wanted.tolist()))

    def layouts(self) -> list[tuple[Layout, Sequence[int] | None]]:
        """Return the rows by what is unusual about their names."""
        repeated = self._repeated()
        refused = dict(self._not_rows)
        rows_of: dict[_Kind, list[int]] = {}
        named = 0
        for row in range(self.rows):
            if row in refused:
                continue
            unknown = tuple(self._unknown.get(row, ()))
            kind: _Kind = (unknown, 0, repeated.get(row, ()))
            if unknown and kind not in rows_of:
                named += 1
                if named > _MOST_NAMED:
                    kind = ((), len(unknown), kind[2])
            rows_of.setdefault(kind, []).append(row)
        names = tuple(dict.fromkeys(chain.from_iterable(self._records))) if self._absent else ()
        layouts: list[tuple[Layout, Sequence[int] | None]] = []
        for (unknown, more, fields), rows in rows_of.items():
            layouts.append((Layout(names, (), (), unknown, fields, self._absent, more), rows))
            names = ()
        return layouts

    def _repeated(self) -> dict[int, tuple[str, ...]]:
        """Return the fields that came under two names, by row."""
        fields = (*self.contract.numbers, *self.contract.categories)
        at, times = np.unique(self._at, return_counts=True)
        found: dict[int, tuple[str, ...]] = {}
        for row, place in zip(*np.divmod(at[times > 1], self._width), strict=True):
            found[int(row)] = (*found.get(int(row), ()), fields[place].name)
        return found


def _places(contract: Contract) -> dict[Any, int]:
    """Return the place of each known name among the fields that the model uses."""
    fields = (*contract.numbers, *contract.categories)
    place_of = {field.name: place for place, field in enumerate(fields)}
    places = dict.fromkeys(contract.known_names, _UNUSED)
    for name, field in contract.canonical_names.items():
        places[name] = place_of.get(field, _UNUSED)
    return places
