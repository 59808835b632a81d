"""Which window of time, or of so many rows, a row belongs to."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
from typing import Any

import numpy as np

from ..errors import InputError
from ..runtime.intake import is_missing, read_number
from ..runtime.problems import shown
from ..times import seconds_of, time_text

__all__ = ["Windows"]

_LENGTHS = ("month", "quarter", "year")
_YEARS = range(1, 10_000)
_MOST = 400


class Windows:
    """Names the window of each row, as rows pass.

    Parameters
    ----------
    length : "month", "quarter" or "year" of the column `time`, or how many rows
    time : name of the column, with dates or, for windows of a year, years
    missing_values : texts that stand for a missing value

    Raises
    ------
    InputError
        When the two do not belong together.
    """

    def __init__(self, length: str, time: str | None, missing_values: Sequence[str] = ()) -> None:
        self.time, self._length, self._missing = time, length, tuple(missing_values)
        self._rows = int(length) if length.isascii() and length.isdecimal() else 0
        self._seen, self._names = 0, set[str]()
        if not self._rows and length not in _LENGTHS:
            raise InputError(
                f"A window is {shown(length)}: expected month, quarter, year or a number of rows."
            )
        if self._rows and time is not None:
            raise InputError(
                f"Windows of {length} rows are cut in the order of the rows: leave out the column "
                "of the time, or name windows of a month, quarter or year."
            )
        if not self._rows and time is None:
            raise InputError(
                f"Windows of a {length} need a column with the time of each row: name it with "
                "--time."
            )
        self._name_of: Callable[[Any], str] = cache(self._uncached_name)

    def split(self, count: int, cells: Sequence[Any] | None) -> dict[str, Any]:
        """Return which of the next rows belong to each window, by its name.

        Parameters
        ----------
        cells : of the column with the time

        Raises
        ------
        InputError
            When a cell is no time, or there are too many windows.
        """
        if cells is None:
            places = np.arange(self._seen, self._seen + count) // max(1, self._rows)
            named = {int(at): self._of_rows(int(at)) for at in np.unique(places)}
            found = {name: np.flatnonzero(places == at) for at, name in named.items()}
        else:
            rows: dict[str, list[int]] = {}
            for row, cell in enumerate(cells):
                rows.setdefault(self._name(cell, row), []).append(row)
            found = {name: np.array(at, dtype=np.intp) for name, at in rows.items()}
        self._seen += count
        self._names |= found.keys()
        if len(self._names) > _MOST:
            raise InputError(
                f"The rows have more than {_MOST} windows: name larger ones with --window."
            )
        return found

    def _of_rows(self, at: int) -> str:
        return f"rows {at * self._rows + 1:,} to {(at + 1) * self._rows:,}"

    def _name(self, cell: Any, row: int) -> str:
        try:
            return self._name_of(cell)
        except (TypeError, ValueError):
            expected = "a date such as 2010-06-01"
            if self._length == "year":
                expected += ", or a year"
            raise InputError(
                f"{self.time} is {shown(cell)} in row {self._seen + row + 1:,}: expected "
                f"{expected}."
            ) from None

    def _uncached_name(self, cell: Any) -> str:
        if is_missing(cell, self._missing):
            return f"without {self.time}"
        if self._length == "year":
            try:
                year = read_number(cell)
            except ValueError:
                pass
            else:
                if year not in _YEARS:
                    raise ValueError(cell)
                return f"{int(year):04d}"
        date = time_text(seconds_of(cell, days=True), days=True)
        if self._length == "year":
            return date[:4]
        if self._length == "month":
            return date[:7]
        return f"{date[:4]} Q{(int(date[5:7]) + 2) // 3}"
