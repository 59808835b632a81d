"""Intake: whatever rows come in, the cells of the fields that the model uses come out.

A list of dicts is read row by row, a table column by column; both give the same arrays.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import chain
from operator import itemgetter
from typing import Any, cast

import numpy as np
import numpy.typing as npt

from .contract import Contract, Field
from .errors import InputError

__all__ = ["Intake", "read_rows"]

Floats = npt.NDArray[np.float64]
Codes = npt.NDArray[np.int64]

WRONG_TYPE = -1  # stands where a code would stand
UNKNOWN_LEVEL = -2
UNHASHABLE = (TypeError, ValueError)  # numpy raises the second for a duration without a unit

# Cells of these types become float64 in one call, with None as NaN. A bool is none of them.
_PLAIN = frozenset({int, float, type(None), np.float64, np.float32, np.int64, np.int32})
# The nulls of pandas, pyarrow and numpy, by name.
_NULL_TYPES = frozenset({"NAType", "NaTType", "NullScalar", "MaskedConstant"})
_MOST_CACHED_LEVELS = 10_000
_MOST_CACHED_LAYOUTS = 256


class NotANumber(ValueError):
    """Raised inside this package when a cell cannot be read as a number."""


def is_missing(value: object, missing_values: Iterable[str] = ()) -> bool:
    """Say whether a cell is one of the many ways to write *missing*."""
    if value is None:
        return True
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


def read_number(value: object, missing_values: Iterable[str] = ()) -> float:
    """Read one cell as a number: NaN when it is missing, an infinity when it is too large.

    Raises
    ------
    NotANumber
        For a bool, a date, a text that is no number and every other type.
    """
    value = _scalar(value)
    if is_missing(value, missing_values):
        return math.nan
    if isinstance(value, str) and "_" not in value:
        try:
            return float(value)
        except ValueError:
            raise NotANumber from None
    if isinstance(value, int | float | np.integer | np.floating | Decimal):
        if isinstance(value, bool | np.timedelta64):  # numpy takes a duration for an integer
            raise NotANumber
        try:
            return float(value)
        except OverflowError:
            return math.inf if value > 0 else -math.inf
    raise NotANumber


def read_level(field: Field, value: object) -> str:
    """Read one cell as the text of a level, or an empty one when it is missing.

    Raises
    ------
    NotANumber
        For what is neither text nor, where levels are numbers, a number.
    """
    value = _scalar(value)
    if isinstance(value, str):
        return value.strip()
    if is_missing(value):
        return ""
    if field.has_numeric_levels:
        return f"{read_number(value):.15g}"
    raise NotANumber


def _scalar(value: object) -> object:
    """Return what an array without dimensions holds, and anything else as it is."""
    if isinstance(value, np.ndarray) and value.ndim == 0 and not is_missing(value):
        return value[()]
    return value


class LevelCodes(dict[Any, int]):
    """The code of every way to write a level of one field; odd ways are worked out when met."""

    def __init__(self, field: Field, offset: int, missing_values: tuple[str, ...]) -> None:
        levels = field.coded_levels
        self._field = field
        missing = offset + len(levels)
        self._unseen = UNKNOWN_LEVEL if field.kind == "ordinal" else missing + 1
        super().__init__(dict.fromkeys((None, np.nan, "", *missing_values), missing))
        self.update((level, offset + i) for i, level in enumerate(levels))
        self._most = len(self) + _MOST_CACHED_LEVELS

    def __missing__(self, value: object) -> int:
        code = self._work_out(value)
        if type(value) is str and len(self) < self._most:
            self[value] = code
        return code

    def _work_out(self, value: object) -> int:
        try:
            return self.get(read_level(self._field, value), self._unseen)
        except NotANumber:
            return WRONG_TYPE

    def code(self, value: object) -> int:
        """Return the code of any cell, hashable or not."""
        try:
            return self[value]
        except UNHASHABLE:
            return self._work_out(value)


@dataclass(frozen=True)
class Layout:
    """Where the fields of the model are among the names that came."""

    names: tuple[Any, ...]
    numbers: tuple[Any, ...]  # for each number field the name it came under, or None
    categories: tuple[Any, ...]
    unknown: tuple[Any, ...]
    repeated: tuple[str, ...]  # fields of the model that came twice, under one name or under two
    absent: tuple[str, ...]  # required fields that did not come

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
            unknown=tuple(
                dict.fromkeys(n for n in names if n not in known.keys() | {contract.target})
            ),
            repeated=tuple(field.name for field in used if times[field.name] > 1),
            absent=tuple(f.name for f in used if f.required and f.name not in came_as),
        )

    @property
    def is_clean(self) -> bool:
        """Whether every required field came once and nothing else came."""
        return not (self.unknown or self.repeated or self.absent)


class Intake(ABC):
    """Rows that came in, read for one contract.

    Attributes
    ----------
    contract : Contract
    rows : int
    """

    def __init__(self, contract: Contract, rows: int) -> None:
        self.contract = contract
        self.rows = rows

    @abstractmethod
    def numbers(self) -> tuple[Floats, list[tuple[int, int]]]:
        """Return an array (rows, number fields), and the cells in it that are no numbers."""

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
        """Return the rows that are no mappings, with what stands there."""
        return []


def read_rows(contract: Contract, rows: object, layouts: dict[Any, RecordLayout]) -> Intake:
    """Read a list of dicts, a dict of columns or of scalars, or a table of any known library.

    Raises
    ------
    InputError
        When `rows` is none of these.
    """
    if isinstance(rows, list | tuple):
        return Records(contract, rows, layouts)
    if isinstance(rows, Mapping):
        return _read_mapping(contract, rows)
    if isinstance(rows, str | bytes | int | float) or rows is None:
        raise InputError(_not_rows(rows))
    return _read_table(contract, rows)


def _not_rows(rows: object) -> str:
    return (
        f"The input is of type {type(rows).__name__}: expected a list of dicts, a dict of columns, "
        "or a pandas, polars or pyarrow table."
    )


class RecordLayout:
    """A layout of records, with the fastest way to fetch its cells."""

    def __init__(self, contract: Contract, names: tuple[Any, ...]) -> None:
        self.layout = Layout.of(contract, names)
        self.numbers = _getter(self.layout.numbers)
        self.categories = _getter(self.layout.categories)


def _getter(names: tuple[Any, ...]) -> Any:
    if len(names) > 1 and None not in names:
        return itemgetter(*names)
    return lambda row: tuple(None if name is None else row[name] for name in names)


class Records(Intake):
    """A list of dicts."""

    def __init__(
        self, contract: Contract, rows: Sequence[Any], layouts: dict[Any, RecordLayout]
    ) -> None:
        super().__init__(contract, len(rows))
        self._records = rows
        self._of_row: list[RecordLayout] = []
        self._not_rows: list[tuple[int, Any]] = []
        uncached: dict[Any, RecordLayout] = {}
        for at, row in enumerate(rows):
            if type(row) is not dict and not isinstance(row, Mapping):
                self._not_rows.append((at, row))
                row = {}
            names = tuple(row)
            layout = layouts.get(names) or uncached.get(names)
            if layout is None:
                layout = RecordLayout(contract, names)
                cache = layouts if len(layouts) < _MOST_CACHED_LAYOUTS else uncached
                cache[names] = layout
            self._of_row.append(layout)
        if self._not_rows:
            empty = dict(self._not_rows)
            self._records = [{} if at in empty else row for at, row in enumerate(rows)]

    def numbers(self) -> tuple[Floats, list[tuple[int, int]]]:
        width = len(self.contract.numbers)
        cells = [
            layout.numbers(row) for layout, row in zip(self._of_row, self._records, strict=True)
        ]
        flat = tuple(chain.from_iterable(cells))
        numbers, odd = _to_floats(flat, self.contract.missing_values)
        return numbers.reshape(self.rows, width), [divmod(at, width) for at in odd]

    def codes(self, lookups: Sequence[LevelCodes]) -> Codes:
        cells = [
            layout.categories(row) for layout, row in zip(self._of_row, self._records, strict=True)
        ]
        try:
            codes = [[look[v] for look, v in zip(lookups, row, strict=True)] for row in cells]
        except UNHASHABLE:
            codes = [[look.code(v) for look, v in zip(lookups, row, strict=True)] for row in cells]
        return np.array(codes, dtype=np.int64).reshape(self.rows, len(lookups))

    def cells(self, name: str, rows: Sequence[int]) -> list[Any]:
        names = [n for n, field in self.contract.canonical_names.items() if field == name] or [name]
        return [
            next((self._records[row][n] for n in names if n in self._records[row]), None)
            for row in rows
        ]

    def layouts(self) -> list[tuple[Layout, Sequence[int] | None]]:
        if not self._not_rows and all(layout is self._of_row[0] for layout in self._of_row):
            return [(self._of_row[0].layout, None)] if self._of_row else []
        refused = dict(self._not_rows)
        rows_of: dict[int, list[int]] = {}
        for at, layout in enumerate(self._of_row):
            if at not in refused:
                rows_of.setdefault(id(layout), []).append(at)
        by_id = {id(layout): layout for layout in self._of_row}
        return [(by_id[key].layout, rows) for key, rows in rows_of.items()]

    def not_rows(self) -> list[tuple[int, Any]]:
        return self._not_rows


@dataclass(frozen=True, slots=True)
class Distinct:
    """A column as its distinct values and, for each row, which of them it holds."""

    values: Sequence[Any]
    at: npt.NDArray[np.integer[Any]]

    def __getitem__(self, row: int) -> Any:
        return self.values[self.at[row]]


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

    def numbers(self) -> tuple[Floats, list[tuple[int, int]]]:
        numbers = np.full((self.rows, len(self._layout.numbers)), np.nan)
        odd: list[tuple[int, int]] = []
        for j, name in enumerate(self._layout.numbers):
            column = self._columns.get(name)
            if column is None:
                continue
            if isinstance(column, np.ndarray):
                with np.errstate(over="ignore"):  # beyond float64 is an infinity
                    numbers[:, j] = column
            elif isinstance(column, Distinct):
                distinct, at = _to_floats(column.values, self.contract.missing_values)
                numbers[:, j] = distinct[column.at]
                odd += [(int(i), j) for i in np.flatnonzero(np.isin(column.at, at))]
            else:
                numbers[:, j], at = _to_floats(column, self.contract.missing_values)
                odd += [(i, j) for i in at]
        return numbers, odd

    def codes(self, lookups: Sequence[LevelCodes]) -> Codes:
        codes = np.empty((self.rows, len(lookups)), dtype=np.int64)
        for j, (name, lookup) in enumerate(zip(self._layout.categories, lookups, strict=True)):
            column = self._columns.get(name)
            codes[:, j] = lookup[None] if column is None else _to_codes(column, lookup, self.rows)
        return codes

    def cells(self, name: str, rows: Sequence[int]) -> list[Any]:
        names = [n for n, field in self.contract.canonical_names.items() if field == name] or [name]
        column = next((self._columns[n] for n in names if n in self._columns), None)
        return [None if column is None else _plain(column[row]) for row in rows]

    def layouts(self) -> list[tuple[Layout, Sequence[int] | None]]:
        return [(self._layout, None)] if self.rows else []


def _plain(value: Any) -> Any:
    plain = isinstance(value, np.generic) and value.dtype.kind in "biuf"
    return value.item() if plain else value


def _to_floats(cells: Sequence[Any], missing_values: Iterable[str]) -> tuple[Floats, list[int]]:
    """Turn cells into float64 with NaN for missing, and say which are no numbers."""
    if set(map(type, cells)) <= _PLAIN:
        try:
            return np.array(cells, dtype=np.float64), []
        except OverflowError:  # an int beyond float64, found below
            pass
    numbers = np.empty(len(cells))
    odd = []
    for at, cell in enumerate(cells):
        try:
            numbers[at] = read_number(cell, missing_values)
        except NotANumber:
            numbers[at] = math.nan
            odd.append(at)
    return numbers, odd


def _to_codes(column: Column, lookup: LevelCodes, rows: int) -> Codes:
    if isinstance(column, np.ndarray):
        values, at = np.unique(column, return_inverse=True)
        column = Distinct(values.tolist(), at)
    if isinstance(column, Distinct):
        codes: Codes = np.array([lookup.code(value) for value in column.values], dtype=np.int64)
        return codes.take(column.at)
    try:
        return np.fromiter(map(lookup.__getitem__, column), dtype=np.int64, count=rows)
    except UNHASHABLE:
        return np.fromiter(map(lookup.code, column), dtype=np.int64, count=rows)


def _read_mapping(contract: Contract, columns: Mapping[Any, Any]) -> Intake:
    """Read a dict of columns, or of scalars: one row."""
    lengths = {
        name: len(column)
        for name, column in columns.items()
        if hasattr(column, "__len__")
        and not isinstance(column, str | bytes | Mapping)
        and getattr(column, "ndim", 1) > 0
    }
    if not lengths:
        return Records(contract, [columns] if columns else [], {})
    scalars = [name for name in columns if name not in lengths]
    if scalars:
        raise InputError(
            f"The column {scalars[0]!r} is one value and {next(iter(lengths))!r} is a list: "
            "expected lists of one length, or single values only."
        )
    if len(set(lengths.values())) > 1:
        said = ", ".join(f"{name!r} has {length}" for name, length in lengths.items())
        raise InputError(f"The columns differ in length: {said[:300]}.")
    names = tuple(columns)
    read = {name: _column_values(column) for name, column in columns.items()}
    return Columns(contract, next(iter(lengths.values())), names, read)


def _column_values(column: Any) -> Column:
    """Return a column given by hand as an array of numbers or as a list."""
    if isinstance(column, list | tuple):
        return column
    if isinstance(column, np.ndarray):
        if column.dtype.kind in "mM":  # as a list they would be integers
            return list(column)
        if column.dtype.kind in "iuf" and column.ndim == 1 and not np.ma.isMaskedArray(column):
            return column
    for method in ("tolist", "to_list"):  # the second in polars
        if hasattr(column, method):
            return cast(Column, getattr(column, method)())
    return list(column)


def _read_table(contract: Contract, table: Any) -> Intake:
    import narwhals.stable.v2 as nw  # a serving app that sends dicts never pays for it

    if not hasattr(table, "__len__"):  # not even a table that waits to be computed
        raise InputError(_not_rows(table))
    rows, names = len(table), _column_names(table)
    times = Counter(names)
    if len(times) < len(names):  # no library finds a column by a name that came twice
        once = [at for at, name in enumerate(names) if times[name] == 1]
        table = table.iloc[:, once] if hasattr(table, "iloc") else table.select(once)
    if isinstance(table, Mapping):
        return Columns(contract, rows, names, table)
    try:
        frame = nw.from_native(table, eager_only=True)
    except TypeError:
        raise InputError(_not_rows(table)) from None
    used = {field.name for field in (*contract.numbers, *contract.categories)}
    columns = {
        name: _series_values(nw, frame[name])
        for name in names
        if contract.canonical_names.get(name) in used and times[name] == 1
    }
    return Columns(contract, rows, names, columns)


def _column_names(table: Any) -> tuple[Any, ...]:
    names = getattr(table, "column_names", None)  # pyarrow
    return tuple(getattr(table, "columns", ()) if names is None else names)


def _series_values(nw: Any, series: Any) -> Column:
    """Return a column of a table: numbers as an array, texts by their distinct values."""
    dtype = series.dtype
    if dtype.is_integer() or dtype.is_float():
        array: npt.NDArray[Any] = series.to_numpy()  # nulls become NaN
        if array.dtype.kind in "iuf":
            return array
    if dtype in (nw.String, nw.Categorical) or isinstance(dtype, nw.Enum):
        return _distinct(nw, series)
    values: list[Any] = series.to_list()
    return values


def _distinct(nw: Any, series: Any) -> Distinct:
    native = series.to_native()
    if hasattr(native, "factorize"):  # pandas, where it is several times faster
        at, values = native.factorize()
        return Distinct([*values.tolist(), None], at)  # -1 is missing
    texts = series.cast(nw.String)
    values = texts.drop_nulls().unique().to_list()
    if not values:  # nothing to tell the type of a look-up by
        return Distinct([None], np.zeros(len(texts), dtype=np.int64))
    places = range(len(values))
    at = texts.replace_strict(values, places, default=len(values), return_dtype=nw.Int64)
    return Distinct([*values, None], at.to_numpy())
