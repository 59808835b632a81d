"""One cell at a time: a number, a level, or one of the many ways to write *missing*."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Sequence
from decimal import Decimal
from functools import lru_cache, partial
from typing import Any

import numpy as np
import numpy.typing as npt

from ...levels import boolean_level, boolean_spellings, is_number_text, level_text, text_of_number
from ...times import seconds_of, seconds_of_texts
from ..contract import Contract, Field

__all__ = [
    "UNHASHABLE",
    "UNKNOWN_LEVEL",
    "WRONG_TYPE",
    "Codes",
    "Floats",
    "LevelCodes",
    "NotANumber",
    "is_missing",
    "missing_numbers",
    "number_text",
    "read_boolean",
    "read_level",
    "read_number",
    "read_time",
    "read_cells",
    "to_times",
    "to_floats",
]

Floats = npt.NDArray[np.float64]
Codes = npt.NDArray[np.int64]

WRONG_TYPE = -1  # stands where a code would stand
UNKNOWN_LEVEL = -2
UNHASHABLE = (TypeError, ValueError)  # numpy raises the second for a duration without a unit

# Cells of these types become float64 in one call, with None as NaN. A bool is none of them.
_PLAIN = frozenset({int, float, type(None), np.float64, np.float32, np.int64, np.int32})
_PLAIN_OR_TEXT = _PLAIN | {str}
# The nulls of pandas, pyarrow and numpy, by name.
_NULL_TYPES = frozenset({"NAType", "NaTType", "NullScalar", "MaskedConstant"})
_CONTAINERS = frozenset({list, dict})  # what JSON has beside scalars
_NUMBERS = (int, float, np.integer, np.floating, Decimal)
_MOST_CACHED_LEVELS = 1_000  # of a field: what clients send is not to fill the memory
_FEW_TEXTS = 16  # are read faster one by one
_WHOLE_NUMBER = re.compile(r"-?[1-9][0-9]{0,14}|0", re.ASCII)
_LONGEST_CACHED = 100  # characters: a client that sends more does not fill the memory


class NotANumber(ValueError):
    """Raised inside this package when a cell cannot be read as a number."""


@lru_cache(maxsize=64)
def missing_numbers(missing_values: tuple[str, ...]) -> frozenset[float]:
    """Return the numbers among the texts that mean *missing*: they mean it in every form."""
    texts = map(level_text, missing_values)
    return frozenset(float(text) for text in texts if is_number_text(text))


def is_missing(value: object, missing_values: tuple[str, ...] = ()) -> bool:
    """Say whether a cell is one of the many ways to write *missing*.

    With -1 among `missing_values`, so are -1.0, "-1.0" and a -1 of numpy.
    """
    return _is_nothing(value, missing_values) or _is_missing_number(value, missing_values)


def _is_nothing(value: object, missing_values: tuple[str, ...] = ()) -> bool:
    if value is None:
        return True
    if type(value) is list or type(value) is dict:
        return False
    if isinstance(value, str):
        text = value.strip()
        return not text or text in missing_values
    if type(value).__name__ in _NULL_TYPES:
        return True
    if isinstance(value, np.datetime64 | np.timedelta64):
        return bool(np.isnat(value))
    if isinstance(value, Decimal):
        return value.is_nan()
    return isinstance(value, float | np.floating) and math.isnan(value)


def _is_missing_number(value: object, missing_values: tuple[str, ...]) -> bool:
    numbers = missing_numbers(missing_values)
    if not numbers:
        return False
    if isinstance(value, str):
        text = level_text(value)
        return is_number_text(text) and float(text) in numbers
    is_number = isinstance(value, _NUMBERS) and not isinstance(value, bool | np.timedelta64)
    return is_number and value in numbers


def read_number(value: object, missing_values: tuple[str, ...] = ()) -> float:
    """Read one cell as a number: NaN when it is missing, an infinity when it is too large.

    A number that means *missing* stays one: the check takes these out of all rows at once. Raises
    NotANumber for a bool, a date, a text that is not a number and every other type.
    """
    value = _scalar(value)
    if _is_nothing(value, missing_values):
        return math.nan
    if isinstance(value, str) and "_" not in value:
        try:
            return float(value)
        except ValueError:
            raise NotANumber from None
    if isinstance(value, _NUMBERS):
        if isinstance(value, bool | np.timedelta64):  # numpy takes a duration for an integer
            raise NotANumber
        try:
            return float(value)
        except OverflowError:
            return math.inf if value > 0 else -math.inf
    raise NotANumber


def read_time(value: object, *, days: bool, missing_values: tuple[str, ...] = ()) -> float:
    """Read one cell as a time in seconds since 1970: NaN when it is missing.

    `days` says whether the field holds whole days. Raises NotANumber for what is neither a date,
    nor a datetime, nor an ISO 8601 text.
    """
    value = _scalar(value)
    try:
        return seconds_of(value, days=days)
    except (ValueError, TypeError):  # NaT of pandas is a datetime that cannot be calculated with
        if is_missing(value, missing_values):
            return math.nan
        raise NotANumber from None


def read_level(
    value: object, *, is_numeric: bool = False, missing_values: tuple[str, ...] = ()
) -> str:
    """Read one cell as the text of a level, or an empty one when it is missing.

    A number has the same text in every form, see `regression_model.levels`, and is refused unless
    `is_numeric`. A text in `missing_values` is returned. Raises NotANumber for any other type.
    """
    value = _scalar(value)
    if isinstance(value, str):
        return level_text(value)
    if is_missing(value, () if is_numeric else missing_values):
        return ""
    if is_numeric:
        return number_text(value)
    raise NotANumber


def read_boolean(value: object, missing_values: tuple[str, ...] = ()) -> str:
    """Read one cell as `no` or `yes`, or an empty text when it is missing.

    Another text, and a number that is neither 0 nor 1, is returned as text. Raises NotANumber for
    what is neither a bool, nor text, nor a number.
    """
    value = _scalar(value)
    if isinstance(value, bool | np.bool_):
        return "yes" if value else "no"
    return boolean_level(read_level(value, is_numeric=True, missing_values=missing_values))


def number_text(value: object) -> str:
    """Return the text of a number; raises NotANumber for a bool, a duration and other types."""
    if isinstance(value, bool | np.timedelta64) or not isinstance(value, _NUMBERS):
        raise NotANumber
    return text_of_number(value)


def _scalar(value: object) -> object:
    """Return what an array without dimensions holds, and anything else as it is."""
    if isinstance(value, np.ndarray) and value.ndim == 0 and not _is_nothing(value):
        return value[()]
    return value


class LevelCodes(dict[Any, int]):
    """The code of every way to write a level of one field; odd ways are worked out when met."""

    def __init__(self, field: Field, offset: int, missing_values: tuple[str, ...]) -> None:
        levels = field.coded_levels
        self._is_numeric = field.has_numeric_levels
        self._missing_values = missing_values
        missing = offset + len(levels)
        self._unseen = UNKNOWN_LEVEL if field.has_fixed_levels else missing + 1
        self._is_boolean = field.kind == "boolean"
        tokens = (*missing_values, *map(level_text, missing_values))
        super().__init__(dict.fromkeys((None, np.nan, "", *tokens), missing))
        self.update((level, offset + i) for i, level in enumerate(levels))
        if self._is_numeric:  # whole numbers, but for 0 and 1, which equal False and True
            self.update(
                (int(level), self[level])
                for level in levels
                if _WHOLE_NUMBER.fullmatch(level) and level not in ("0", "1")
            )
        if self._is_boolean:
            ways: dict[Any, str] = {True: "yes", False: "no"}
            ways |= boolean_spellings()
            self.update((way, self[level]) for way, level in ways.items() if way not in self)
        self._most = len(self) + _MOST_CACHED_LEVELS

    def __missing__(self, value: object) -> int:
        code = self._work_out(value)
        if type(value) is str and len(value) <= _LONGEST_CACHED and len(self) < self._most:
            self[value] = code
        return code

    def _work_out(self, value: object) -> int:
        try:
            if self._is_boolean:
                level = read_boolean(value, self._missing_values)
            else:
                level = read_level(
                    value, is_numeric=self._is_numeric, missing_values=self._missing_values
                )
        except NotANumber:
            return WRONG_TYPE
        return self.get(level, self._unseen)

    def code(self, value: object) -> int:
        """Return the code of any cell, hashable or not."""
        if type(value) in _CONTAINERS:
            return WRONG_TYPE
        try:
            return self[value]
        except UNHASHABLE:
            return self._work_out(value)


def to_floats(cells: Sequence[Any], missing_values: tuple[str, ...]) -> tuple[Floats, list[int]]:
    """Turn cells into float64 with NaN for missing, and say which are not numbers."""
    types = set(map(type, cells))
    if types <= _PLAIN:
        try:
            return np.array(cells, dtype=np.float64), []
        except OverflowError:  # an int beyond float64, found below
            pass
    elif types <= _PLAIN_OR_TEXT and "_" not in "".join([c for c in cells if type(c) is str]):
        # Python takes an underscore for part of a number.
        missing = dict.fromkeys(("", *missing_values), "nan")
        try:
            if types == {str}:
                return np.array([float(missing.get(cell, cell)) for cell in cells]), []
            read = [float(missing.get(c, c)) if type(c) is str else c for c in cells]
            return np.array(read, dtype=np.float64), []
        except (ValueError, OverflowError):  # a text that is not a number, found below
            pass
    numbers, odd = _one_by_one(cells, partial(read_number, missing_values=missing_values))
    return np.array(numbers, dtype=np.float64), odd


def to_times(
    cells: Sequence[Any], *, days: bool, missing_values: tuple[str, ...]
) -> tuple[list[float], list[int]]:
    """Turn cells into seconds since 1970 with NaN for missing, and say which are not times."""
    if len(cells) > _FEW_TEXTS and set(map(type, cells)) <= {str, type(None)}:
        missing = frozenset((None, "", *missing_values))
        texts = [cell for cell in cells if cell not in missing]
        seconds = seconds_of_texts(texts, days=days)
        if seconds is not None:
            known = iter(seconds.tolist())
            return [math.nan if cell in missing else next(known) for cell in cells], []
    return _one_by_one(cells, partial(read_time, days=days, missing_values=missing_values))


def _one_by_one(
    cells: Sequence[Any], read: Callable[[object], float]
) -> tuple[list[float], list[int]]:
    found, odd = [], []
    for at, cell in enumerate(cells):
        try:
            if type(cell) in _CONTAINERS:
                raise NotANumber
            found.append(read(cell))
        except NotANumber:
            found.append(math.nan)
            odd.append(at)
    return found, odd


def read_cells(
    contract: Contract, cells: Sequence[Any], places: npt.NDArray[np.int64] | None = None
) -> tuple[Floats, list[int]]:
    """Turn the cells of several number fields into float64, and say which are of another type.

    The places are those in an array (rows, number fields) without rows; None for all, in order.
    """
    if not contract.times:
        return to_floats(cells, contract.missing_values)
    width = len(contract.numbers)
    read, wrong = list(cells), []
    for j, days in contract.times.items():
        at: Sequence[int] = range(j, len(cells), width)
        if places is not None:
            at = np.flatnonzero(places % width == j).tolist()
        of_field = [read[i] for i in at]
        times, odd = to_times(of_field, days=days, missing_values=contract.missing_values)
        for i, time in zip(at, times, strict=True):
            read[i] = time
        wrong += [at[i] for i in odd]
    found, odd = to_floats(read, contract.missing_values)
    return found, odd + wrong
