"""Columns of one length, read column by column."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from ...times import seconds_of_array
from ..contract import Contract
from .cells import UNHASHABLE, Codes, Floats, LevelCodes, to_floats, to_times
from .layout import Intake, Layout

__all__ = ["Column", "Columns", "Distinct"]


@dataclass(frozen=True, slots=True)
class Distinct:
    """A column as its distinct values and, for each row, which of them it holds."""

    values: Sequence[Any]
    at: npt.NDArray[np.integer[Any]]

    def __getitem__(self, row: int) -> Any:
        return self.values[self.at[row]]

    def __len__(self) -> int:
        return len(self.at)


Column = npt.NDArray[Any] | Distinct | Sequence[Any]


class Columns(Intake):
    """Columns of one length: arrays of numbers, distinct values, or sequences of anything.

    A column that did not come, or came twice, is not among `columns`.
    """

    def __init__(
        self, contract: Contract, rows: int, names: tuple[Any, ...], columns: Mapping[Any, Column]
    ) -> None:
        super().__init__(contract, rows)
        self._layout = Layout.of(contract, names)
        self._columns = columns

    def numbers(self) -> tuple[Floats, list[int]]:
        width = len(self._layout.numbers)
        numbers = np.full((self.rows, width), np.nan)
        odd: list[int] = []
        for j, name in enumerate(self._layout.numbers):
            column = self._columns.get(name)
            if column is not None:
                numbers[:, j], at = self._numbers(column, self.contract.times.get(j))
                odd += [i * width + j for i in at]
        return numbers, odd

    def _numbers(self, column: Column, days: bool | None) -> tuple[Floats, list[int]]:
        """Return a column as float64, and the rows that hold another type.

        With True or False the numbers are seconds since 1970, of whole days or not.
        """
        cells: Sequence[Any]
        if isinstance(column, Distinct):
            cells = column.values
        elif not isinstance(column, np.ndarray):
            cells = column
        elif column.dtype.kind == "M" and days is not None:
            seconds, within = seconds_of_array(column, days=days)
            return seconds, np.flatnonzero(~within).tolist()
        elif column.dtype.kind != "M" and days is None:
            with np.errstate(over="ignore"):  # beyond float64 is an infinity
                return column.astype(np.float64, copy=False), []
        else:
            cells = list(column)
        missing_values = self.contract.missing_values
        if days is None:
            found, odd = to_floats(cells, missing_values)
        else:
            times, odd = to_times(cells, days=days, missing_values=missing_values)
            found = np.array(times, dtype=np.float64)
        if isinstance(column, Distinct):
            return found[column.at], np.flatnonzero(np.isin(column.at, odd)).tolist()
        return found, odd

    def codes(self, lookups: Sequence[LevelCodes]) -> Codes:
        codes = np.empty((self.rows, len(lookups)), dtype=np.int64)
        for j, (name, lookup) in enumerate(zip(self._layout.categories, lookups, strict=True)):
            column = self._columns.get(name)
            codes[:, j] = lookup[None] if column is None else _to_codes(column, lookup, self.rows)
        return codes

    def cells(self, name: str, rows: Sequence[int]) -> list[Any]:
        names = [n for n, field in self.contract.canonical_names.items() if field == name] or [name]
        column = next((self._columns[n] for n in names if n in self._columns), None)
        if column is None:
            return [None] * len(rows)
        found = [column[row] for row in rows]
        return [_plain(value) if isinstance(value, np.generic) else value for value in found]

    def layouts(self) -> list[tuple[Layout, Sequence[int] | None]]:
        return [(self._layout, None)] if self.rows else []


def _plain(value: np.generic) -> Any:
    return value.item() if value.dtype.kind in "biuf" else value


def _to_codes(column: Column, lookup: LevelCodes, rows: int) -> Codes:
    if isinstance(column, np.ndarray) and column.dtype.kind != "M":
        values, at = np.unique(column, return_inverse=True)
        exact = values.dtype.itemsize >= 8 or values.dtype.kind != "f"
        # A float32 that becomes a float gets more digits than it was written with.
        column = Distinct(values.tolist() if exact else list(values), at)
    if isinstance(column, Distinct):
        codes: Codes = np.array([lookup.code(value) for value in column.values], dtype=np.int64)
        return codes.take(column.at)
    try:
        return np.fromiter(map(lookup.__getitem__, column), dtype=np.int64, count=rows)
    except UNHASHABLE:
        return np.fromiter(map(lookup.code, column), dtype=np.int64, count=rows)
