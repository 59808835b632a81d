"""Parquet with pyarrow: the extra batch."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence, Set
from functools import partial
from importlib import import_module
from typing import Any

import numpy as np
import numpy.typing as npt

from ...errors import InputError
from ...extras import needs
from ...runtime.intake.columns import Distinct
from .content import Content, changed
from .slices import Slice, Source, Unread

__all__ = [
    "array_of",
    "opened_parquet",
    "parquet_batches",
    "parquet_source",
    "pyarrow_parquet",
    "rows_of",
]

_ROWS = 16_384  # in a slice
_LEAST_ROWS = 4 * _ROWS  # read together


def pyarrow_parquet() -> Any:
    """Return pyarrow's module for Parquet; raises MissingExtraError without the extra batch."""
    with needs("batch"):
        return import_module("pyarrow.parquet")


def parquet_source(path: str | None, content: Content) -> tuple[Source, dict[str, str]]:
    """Open a Parquet file, and return the type of each of its columns too.

    Standard input, which cannot be read twice, has no path, and is read as a whole.
    """
    name = content.name
    parquet = pyarrow_parquet()
    import pyarrow

    whole = path or pyarrow.BufferReader(content.readall() or b"")
    file = _opened(whole, name, parquet)
    types = {column.name: str(_plain_type(column.type)) for column in file.schema_arrow}
    rows = file.metadata.num_rows
    names = file.schema_arrow.names
    done = 0

    def slices(used: Set[str], carried: Collection[str]) -> Iterator[Unread]:
        nonlocal done
        wanted = [name for name in names if name in used or name in carried]
        for batch in parquet_batches(file, name, wanted):
            done += batch.num_rows
            yield partial(_parquet_slice, batch, used, carried, names)
        if path is not None and content.has_changed():
            raise changed(name)

    return Source(name, names, slices, lambda: done / rows if rows else None), types


def opened_parquet(path: str) -> Any:
    """Open a Parquet file, whose texts are then read as it holds them: each of them once.

    Raises InputError when it is not complete or not Parquet, and MissingExtraError without the
    extra batch.
    """
    return _opened(path, path, pyarrow_parquet())


def _opened(whole: Any, name: str, parquet: Any) -> Any:
    import pyarrow

    try:
        file = parquet.ParquetFile(whole)
        texts = [column.name for column in file.schema_arrow if _is_text(column.type)]
        return parquet.ParquetFile(whole, read_dictionary=texts)  # as in the file
    except (pyarrow.ArrowException, OSError) as error:
        raise _not_parquet(name, error) from None


def parquet_batches(file: Any, name: str, columns: Collection[str]) -> Iterator[Any]:
    """Yield some columns of a Parquet file as record batches; `name` is what messages call it.

    Raises InputError when it is damaged.
    """
    import pyarrow

    try:
        for groups in _row_groups(file.metadata):
            yield from file.iter_batches(_ROWS, groups, [*columns], use_threads=False)
    except (pyarrow.ArrowException, OSError) as error:
        raise _not_parquet(name, error) from None


def _plain_type(type_: Any) -> Any:
    """Return the type of the cells of a column, which may be read by its distinct texts."""
    import pyarrow

    return type_.value_type if pyarrow.types.is_dictionary(type_) else type_


def _row_groups(metadata: Any) -> Iterator[list[int]]:
    """Yield row groups to be read together: pyarrow keeps them until the last of them is read."""
    groups: list[int] = []
    rows = 0
    for group in range(metadata.num_row_groups):
        groups.append(group)
        rows += metadata.row_group(group).num_rows
        if rows >= _LEAST_ROWS:
            yield groups
            groups, rows = [], 0
    if groups:
        yield groups


def _not_parquet(name: str, error: Exception) -> InputError:
    reason = str(error).partition("\n")[0]
    return InputError(f"{name} is not a complete Parquet file: {reason}")


def _parquet_slice(batch: Any, used: Set[str], carried: Collection[str], names: list[str]) -> Slice:
    columns = batch.schema.names
    kept = {name: cells_of(batch.column(at)) for at, name in enumerate(columns) if name in carried}
    return Slice(rows_of(batch, used), batch.num_rows, kept, names)


def rows_of(batch: Any, used: Set[str]) -> Any:
    """Return the rows of a record batch as `Model.predict` takes them, with the columns it uses."""
    import pyarrow

    columns = batch.schema.names
    places = [at for at, name in enumerate(columns) if name in used]
    if not places:
        return [{}] * batch.num_rows
    types = [batch.schema.types[at] for at in places]
    repeated = len({*columns}) < len(columns)
    if repeated or not all(_is_text(t) or _is_plain_number(t) for t in types):
        return pyarrow.Table.from_batches([batch]).select(places)
    return {columns[at]: _typed(batch.column(at)) for at in places}


def _is_plain_number(type_: Any) -> bool:
    import pyarrow

    return bool(pyarrow.types.is_integer(type_) or pyarrow.types.is_floating(type_))


def _is_text(type_: Any) -> bool:
    import pyarrow

    type_ = _plain_type(type_)
    return bool(pyarrow.types.is_string(type_) or pyarrow.types.is_large_string(type_))


def _typed(column: Any) -> Any:
    """Return a column as an array of numbers, or by its distinct texts."""
    if _is_plain_number(column.type):
        numbers, missing = _numbers(column)
        return numbers if missing is None else np.where(missing, np.nan, numbers)
    if hasattr(column, "dictionary") and len(column.dictionary) > len(column):
        column = column.dictionary_decode()  # one dictionary for many slices
    encoded = column.dictionary_encode()
    values = [*encoded.dictionary.to_pylist(), None]
    at, missing = _numbers(encoded.indices)
    return Distinct(values, at if missing is None else np.where(missing, len(values) - 1, at))


# pyarrow's own conversions from and to numpy import pandas, if it is installed: half a second.


def _numbers(column: Any) -> tuple[npt.NDArray[Any], npt.NDArray[np.bool_] | None]:
    """Return numbers as they are in memory, and which of them are missing, if any are."""
    name = str(column.type)
    dtype = {"halffloat": "float16", "float": "float32", "double": "float64"}.get(name, name)
    end = column.offset + len(column)
    numbers = np.frombuffer(column.buffers()[1], dtype=dtype, count=end)[column.offset :]
    if not column.null_count:
        return numbers, None
    bits = np.frombuffer(column.buffers()[0], dtype=np.uint8)
    there = np.unpackbits(bits, count=end, bitorder="little")[column.offset :]
    return numbers, there == 0


def array_of(cells: Sequence[Any] | npt.NDArray[Any], type_: Any = None) -> Any:
    """Return cells as an array; NaN in an array of floats is missing."""
    import pyarrow

    if isinstance(cells, np.ndarray):
        array = _from_memory(cells)
        missing = cells != cells
        if not missing.any():
            return array
        there = np.packbits(~missing, bitorder="little")
        buffers = [pyarrow.py_buffer(there), array.buffers()[1]]
        return pyarrow.Array.from_buffers(array.type, len(cells), buffers)
    types = {*map(type, cells)}
    try:
        if types == {int} and type_ is None:
            return _from_memory(np.array(cells, dtype=np.int64))
        if types == {str} and type_ is None:
            return _from_texts(cells)
    except (OverflowError, UnicodeEncodeError):  # left to pyarrow, or to its error
        pass
    objects = np.empty(len(cells), dtype=object)
    objects[:] = cells
    return pyarrow.array(objects, type_)


def _from_memory(numbers: npt.NDArray[Any]) -> Any:
    import pyarrow

    type_ = pyarrow.from_numpy_dtype(numbers.dtype)
    buffer = pyarrow.py_buffer(np.ascontiguousarray(numbers))
    return pyarrow.Array.from_buffers(type_, len(numbers), [None, buffer])


def _from_texts(texts: Sequence[str]) -> Any:
    import pyarrow

    every = "".join(texts)
    content = every.encode()
    is_ascii = len(content) == len(every)
    lengths = map(len, texts) if is_ascii else (len(text.encode()) for text in texts)
    ends = np.zeros(len(texts) + 1, dtype=np.int64)
    np.cumsum([*lengths], out=ends[1:])
    if ends[-1] > np.iinfo(np.int32).max:
        raise OverflowError
    buffers = [None, pyarrow.py_buffer(ends.astype(np.int32)), pyarrow.py_buffer(content)]
    return pyarrow.Array.from_buffers(pyarrow.string(), len(texts), buffers)


def cells_of(column: Any) -> list[Any]:
    """Return cells as Python objects, or None where Python cannot hold them."""
    try:
        return list(column.to_pylist())
    except (ArithmeticError, ValueError):  # dates out of Python's range, bytes that are not text
        return [None] * len(column)
