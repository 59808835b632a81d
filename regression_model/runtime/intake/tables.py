"""Tables of the libraries, and dicts of columns, as columns."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any, cast

import numpy as np
import numpy.typing as npt

from ...errors import InputError
from ..contract import Contract
from .columns import Column, Columns, Distinct
from .layout import Intake, refuse_incomplete
from .layouts import Layouts
from .records import Records

__all__ = ["is_row", "not_rows", "read_mapping", "read_table"]

_SCALARS = frozenset({str, int, float, bool, type(None)})


def is_row(rows: object) -> bool:
    """Whether `rows` is a pandas Series of one row, with the names in its index."""
    if type(rows).__name__ != "Series" or not hasattr(rows, "iloc"):
        return False
    return all(isinstance(name, str) for name in rows.index)  # type: ignore[attr-defined]


def not_rows(rows: object) -> str:
    if hasattr(rows, "shape") and not hasattr(rows, "columns"):  # an array, dense or sparse
        return (
            f"The input is of type {type(rows).__name__} and has no names: name its columns with "
            "pandas.DataFrame(array, columns=[...]) or a dict of name and column."
        )
    return (
        f"The input is of type {type(rows).__name__}: expected a list of dicts, a dict of columns, "
        "or a pandas, polars or pyarrow table."
    )


def read_mapping(contract: Contract, columns: Mapping[Any, Any], layouts: Layouts) -> Intake:
    """Read a dict of columns, or of scalars: one row."""
    if _SCALARS.issuperset(map(type, columns.values())):
        return Records(contract, [columns] if columns else [], layouts)
    lengths = {
        name: len(column)
        for name, column in columns.items()
        if hasattr(column, "__len__")
        and not isinstance(column, str | bytes | Mapping)
        and getattr(column, "ndim", 1) > 0
    }
    if not lengths:
        return Records(contract, [columns], layouts)
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
    rows = next(iter(lengths.values()))
    intake = Columns(contract, rows, names, read)
    if all(type(column) is list for column in columns.values()):  # as JSON has them
        for layout, _ in intake.layouts():
            refuse_incomplete(rows, rows if layout.absent else 0, layout.absent)
    return intake


def _column_values(column: Any) -> Column:
    """Return a column given by hand as an array of numbers or as a list."""
    if isinstance(column, list | tuple | Distinct):
        return column
    if isinstance(column, np.ndarray):
        is_plain = column.ndim == 1 and not np.ma.isMaskedArray(column)
        if is_plain and column.dtype.kind in "Miuf":
            return column
        if is_plain and column.dtype.kind == "b":
            return Distinct([False, True], column.astype(np.intp))
        if column.dtype.kind in "mM":  # as a list they would be integers
            return list(column)
    for method in ("tolist", "to_list", "to_pylist"):  # in numpy and pandas, polars, pyarrow
        if hasattr(column, method):
            return cast(Column, getattr(column, method)())
    return list(column)


def read_table(contract: Contract, table: Any) -> Intake:
    """Read a table of any library that narwhals knows."""
    import narwhals.stable.v2 as nw  # a serving app that sends dicts never pays for it

    is_nameless = hasattr(table, "shape") and not hasattr(table, "columns")
    if is_nameless or not hasattr(table, "__len__"):  # such as a table that waits to be computed
        raise InputError(not_rows(table))
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
        raise InputError(not_rows(table)) from None
    used = {field.name for field in (*contract.numbers, *contract.categories)}
    of_times = {contract.numbers[j].name for j in contract.times}
    columns = {
        name: _series_values(nw, frame[name], is_time=contract.canonical_names[name] in of_times)
        for name in names
        if contract.canonical_names.get(name) in used and times[name] == 1
    }
    return Columns(contract, rows, names, columns)


def _column_names(table: Any) -> tuple[Any, ...]:
    names = getattr(table, "column_names", None)  # pyarrow
    return tuple(getattr(table, "columns", ()) if names is None else names)


class _Unreadable:
    """Stands for a cell that its library cannot give as a Python value."""

    def __str__(self) -> str:
        return "a value that Python cannot hold"


def _series_values(nw: Any, series: Any, *, is_time: bool) -> Column:
    """Return a column of a table, cell by cell where it cannot be read at once."""
    if series.dtype in (nw.Int128, nw.UInt128):  # numpy has no such type
        return cast(Column, series.to_list())
    try:
        return _times(nw, series) if is_time else _values_at_once(nw, series)
    except (ArithmeticError, ValueError):  # a date out of range, bytes that are no UTF-8
        return [_cell(series, at) for at in range(len(series))]


def _cell(series: Any, at: int) -> Any:
    try:
        return series.item(at)
    except (ArithmeticError, ValueError):
        return _Unreadable()


def _values_at_once(nw: Any, series: Any) -> Column:
    """Return a column of a table: numbers as an array, texts by their distinct values."""
    dtype = series.dtype
    if dtype.is_integer() or dtype.is_float():
        array: npt.NDArray[Any] = series.to_numpy()  # nulls become NaN
        if array.dtype.kind in "iuf":
            return array
    if dtype == nw.Boolean:
        missing = series.is_null().to_numpy()
        at = series.fill_null(False).to_numpy().astype(np.intp)
        return Distinct([False, True, None], np.where(missing, 2, at))
    if dtype in (nw.String, nw.Categorical) or isinstance(dtype, nw.Enum):
        return _distinct(nw, series)
    values: list[Any] = series.to_list()
    return values


def _times(nw: Any, series: Any) -> Column:
    """Return a column for a field of times: dates as an array, in UTC."""
    if series.dtype == nw.Datetime and series.dtype.time_zone is not None:
        series = series.dt.convert_time_zone("UTC").dt.replace_time_zone(None)
    if series.dtype in (nw.Date, nw.Datetime):
        array: npt.NDArray[Any] = series.to_numpy()
        if array.dtype.kind == "M":
            return array
    return _values_at_once(nw, series)


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
