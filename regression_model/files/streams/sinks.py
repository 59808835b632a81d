"""Tables written slice by slice: CSV, JSON Lines and Parquet."""

from __future__ import annotations

import gzip
import json
from abc import ABC, abstractmethod
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
import numpy.typing as npt

from ...errors import OutputError
from ..writing import opened_output
from .formats import Format, format_of

__all__ = ["Column", "Sink", "listed", "opened_sink"]

Column = Sequence[Any] | npt.NDArray[Any]

_LIGHT = 6  # gzip's own default


def listed(cells: Column) -> list[Any]:
    """Return a column as a list; NaN in an array is missing."""
    if not isinstance(cells, np.ndarray):
        return list(cells)
    values: list[Any] = cells.tolist()
    for at in np.flatnonzero(cells != cells).tolist():
        values[at] = None
    return values


class Sink(ABC):
    """Takes columns of one length, slice after slice: sequences, or arrays of numbers."""

    def __init__(self, output: Any, name: str) -> None:
        self._output = output
        self._name = name
        self._names: list[str] | None = None

    def write(self, columns: Mapping[str, Column]) -> None:
        """Write some rows; the first slice, which may have no rows, decides the columns."""
        if self._names is None:
            self._names = list(columns)
            self._begin(columns)
        new = [name for name in columns if name not in self._names]
        if new and not isinstance(self, _JsonLines):
            raise OutputError(
                f"{self._name}: the column {new[0]!r} is not in the first rows, and a table cannot "
                "add a column later: write JSON Lines."
            )
        rows = len(next(iter(columns.values())))
        if rows:
            names = columns if isinstance(self, _JsonLines) else self._names
            empty = [None] * rows
            self._write({name: columns.get(name, empty) for name in names})

    def end(self) -> None:
        """Write the end of the file."""

    def _begin(self, columns: Mapping[str, Column]) -> None:
        """Write the beginning of the file."""

    @abstractmethod
    def _write(self, columns: Mapping[str, Column]) -> None: ...


class _Csv(Sink):
    def __init__(self, output: Any, name: str, separator: str) -> None:
        super().__init__(output, name)
        self._separator = separator

    def _begin(self, columns: Mapping[str, Column]) -> None:
        self._put([self._texts([name]) for name in columns])

    def _write(self, columns: Mapping[str, Column]) -> None:
        self._put([self._texts(cells) for cells in columns.values()])

    def _put(self, columns: list[list[str]]) -> None:
        lines = map(self._separator.join, zip(*columns, strict=True))
        text = "\n".join([*lines, ""])
        self._output.write(text.encode(errors="backslashreplace"))  # for a lone surrogate

    def _texts(self, cells: Column) -> list[str]:
        """Return cells as they are written, much faster than `csv.writer` does."""
        cells = listed(cells)
        types = {*map(type, cells)}
        if types == {float} or types == {int}:
            return [*map(repr, cells)]
        texts = cells if types == {str} else ["" if cell is None else str(cell) for cell in cells]
        special = f'{self._separator}"\r\n'
        every = "".join(texts)
        if not any(one in every for one in special):
            return texts
        return [
            '"{}"'.format(text.replace('"', '""')) if any(one in text for one in special) else text
            for text in texts
        ]


class _JsonLines(Sink):
    def _write(self, columns: Mapping[str, Column]) -> None:
        rows = zip(*map(listed, columns.values()), strict=True)
        lines = [json.dumps(dict(zip(columns, row, strict=True)), allow_nan=False) for row in rows]
        self._output.write("".join(f"{line}\n" for line in lines).encode())


class _Parquet(Sink):
    def __init__(self, output: Any, name: str, numbers: Collection[str]) -> None:
        super().__init__(output, name)
        from .arrow import pyarrow_parquet

        self._parquet = pyarrow_parquet()
        self._numbers = numbers
        self._writer: Any = None

    def _begin(self, columns: Mapping[str, Column]) -> None:
        import pyarrow

        first = pyarrow.table({name: self._array(name, cells) for name, cells in columns.items()})
        self._writer = self._parquet.ParquetWriter(self._output, first.schema)

    def _write(self, columns: Mapping[str, Column]) -> None:
        import pyarrow

        schema = self._writer.schema
        arrays = [self._array(name, cells) for name, cells in columns.items()]
        try:
            cast = [
                array if array.type == field.type else array.cast(field.type)
                for array, field in zip(arrays, schema, strict=True)
            ]
        except pyarrow.ArrowException:
            raise OutputError(
                f"{self._name}: a column changes its type in later rows, which Parquet does not "
                "allow: write CSV or JSON Lines."
            ) from None
        self._writer.write_table(pyarrow.table(cast, schema=schema))

    def _array(self, name: str, cells: Column) -> Any:
        import pyarrow

        from .arrow import array_of

        if isinstance(cells, np.ndarray):
            return array_of(cells)
        if name in self._numbers:
            return array_of(cells, pyarrow.float64())
        try:
            array = array_of(cells)
        except (pyarrow.ArrowException, OverflowError, UnicodeEncodeError):  # cells of many types
            texts = [None if cell is None else _storable(cell) for cell in cells]
            return array_of(texts, pyarrow.string())
        return array.cast(pyarrow.string()) if pyarrow.types.is_null(array.type) else array

    def end(self) -> None:
        if self._writer is not None:
            self._writer.close()


def _storable(cell: object) -> str:
    return str(cell).encode(errors="backslashreplace").decode()


@contextmanager
def opened_sink(
    path: str, *, format_: Format | None = None, numbers: Collection[str] = ()
) -> Iterator[Sink]:
    """Open a file, or standard output for `-`, to be written slice by slice.

    The file takes its place when the block ends without an error. Raises OutputError when it cannot
    be written; what was there before is untouched.

    Parameters
    ----------
    format_ : what to write; None decides by the name, and is CSV for `-`
    numbers : names of the columns that are numbers for Parquet even if all their cells are None
    """
    if format_ is None:
        format_ = Format("csv") if path == "-" else format_of(path, option="--to")
    with opened_output(path) as output:
        # Neither a name nor a time inside: the same rows give the same bytes.
        packed = gzip.GzipFile("", "wb", _LIGHT, output, mtime=0) if format_.packed else None
        sink = _sink(packed or output, path, format_, numbers)
        yield sink
        sink.end()
        if packed is not None:
            packed.close()


def _sink(output: Any, path: str, format_: Format, numbers: Collection[str]) -> Sink:
    if format_.kind == "csv":
        return _Csv(output, path, format_.separator)
    if format_.kind == "jsonl":
        return _JsonLines(output, path)
    return _Parquet(output, path, numbers)
