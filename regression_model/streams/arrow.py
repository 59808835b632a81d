"""CSV and Parquet with pyarrow: the extra batch."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Collection, Iterator, Sequence, Set
from importlib import import_module
from typing import Any

import numpy as np

from ..errors import InputError, MissingExtraError
from ..intake.columns import Distinct, Parsed
from .content import Content
from .lines import CsvRows
from .sources import Slice, Source

__all__ = ["ArrowCsv", "array_of", "has_arrow", "parquet_source", "pyarrow_parquet"]

_BLOCK = 4 << 20  # bytes of CSV in a slice
_ROWS = 16_384  # rows of Parquet in a slice


def has_arrow() -> bool:
    """Say whether the extra batch is installed."""
    try:
        import_module("pyarrow.csv")
    except ImportError:
        return False
    return True


def pyarrow_parquet(name: str) -> Any:
    """Return pyarrow's module for Parquet."""
    try:
        return import_module("pyarrow.parquet")
    except ImportError:
        raise MissingExtraError(
            f"{name}: Parquet needs the extra batch: pip install 'regression-model[batch]'."
        ) from None


class ArrowCsv:
    """The rows of a CSV file, read by pyarrow: every cell as text, like the standard library's."""

    def __init__(
        self,
        path: str,
        content: Content,
        rows: CsvRows,
        separator: str,
        missing_values: Collection[str],
    ) -> None:
        self.header = rows.header
        self._path = path
        self._content = content
        self._separator = separator
        self._missing = ["", *missing_values]

    @classmethod
    def of(
        cls, path: str, content: Content, separator: str, missing_values: Collection[str]
    ) -> ArrowCsv | None:
        """Read the header; None for what only the standard library reads as it should be."""
        head = content.head()
        if b"\r" in head and b"\n" not in head:
            return None
        try:
            rows = CsvRows(io.BytesIO(head), name=content.name, separator=separator)
        except InputError:  # the standard library says what is wrong, with the line
            return None
        if rows.is_spaced or len({*rows.header}) < len(rows.header):
            return None
        end = 0
        for _ in range(rows.line):
            end = head.find(b"\n", end) + 1
            if end == 0:  # a header alone, or a very long one
                return None
        if len(head) == end:
            return None
        content.skip(end)
        return cls(path, content, rows, separator, missing_values)

    def slices(self, used: Set[str], carried: Collection[str]) -> Iterator[Slice]:
        import pyarrow
        from pyarrow import csv as arrow_csv

        wanted = [name for name in self.header if name in used or name in carried]
        try:
            reader = arrow_csv.open_csv(
                pyarrow.PythonFile(self._content, mode="r"),
                read_options=arrow_csv.ReadOptions(block_size=_BLOCK, column_names=self.header),
                parse_options=arrow_csv.ParseOptions(
                    delimiter=self._separator, newlines_in_values=True
                ),
                convert_options=arrow_csv.ConvertOptions(
                    include_columns=wanted or self.header[:1],
                    column_types=dict.fromkeys(self.header, pyarrow.string()),
                    strings_can_be_null=False,
                ),
            )
            for batch in reader:
                if batch.num_rows:
                    yield self._slice(batch, used, carried)
        except (pyarrow.ArrowException, OSError) as error:
            raise self._wrong(str(error)) from None

    def _slice(self, batch: Any, used: Set[str], carried: Collection[str]) -> Slice:
        names = batch.schema.names
        given = {
            name: column_of(batch.column(name), self._missing) for name in names if name in used
        }
        kept = {name: batch.column(name).to_pylist() for name in names if name in carried}
        return Slice(given or [{}] * batch.num_rows, batch.num_rows, kept, self.header)

    def _wrong(self, reason: str) -> InputError:
        """Say what is wrong as the standard library does, with the line."""
        name = self._content.name
        if self._path != "-":
            try:
                with open(self._path, "rb", buffering=0) as file:
                    content = Content(file, name=name)
                    for _ in CsvRows(content, name=name, separator=self._separator):
                        pass
            except InputError as error:
                return error
            except (OSError, csv.Error):
                pass
        first = reason.partition("\n")[0].rstrip(".")
        return InputError(f"{name}: not CSV: {first}.")


def column_of(texts: Any, missing: Sequence[str]) -> Distinct | Parsed:
    """Return a column of texts as numbers if all of them are, or by its distinct values."""
    import pyarrow
    from pyarrow import compute

    # No array, scalar or to_numpy of pyarrow: each of them imports pandas, if it is installed.
    encoded = texts.dictionary_encode()
    values, at = encoded.dictionary, np.asarray(np.from_dlpack(encoded.indices), dtype=np.int32)
    if 2 * len(values) > len(texts):
        pattern = f"^(?:{'|'.join(map(re.escape, missing))})$"
        filled = compute.replace_substring_regex(texts, pattern=pattern, replacement="nan")
        try:
            numbers = filled.cast(pyarrow.float64())
        except pyarrow.ArrowInvalid:
            pass
        else:
            return Parsed(np.asarray(np.from_dlpack(numbers), dtype=np.float64), texts)
    return Distinct(values.to_pylist(), at)


def parquet_source(path: str, content: Content) -> Source:
    """Open a Parquet file; standard input, in which nobody can go back, is read at once."""
    name = content.name
    parquet = pyarrow_parquet(name)
    import pyarrow

    try:
        whole = path if content.is_file else pyarrow.BufferReader(content.readall() or b"")
        file = parquet.ParquetFile(whole)
        texts = [column.name for column in file.schema_arrow if _is_text(column.type)]
        file = parquet.ParquetFile(whole, read_dictionary=texts)  # as they stand in the file
    except (pyarrow.ArrowException, OSError) as error:
        raise _no_parquet(name, error) from None
    rows = file.metadata.num_rows
    names = file.schema_arrow.names
    done = 0

    def slices(used: Set[str], carried: Collection[str]) -> Iterator[Slice]:
        nonlocal done
        wanted = [name for name in names if name in used or name in carried]
        try:
            for batch in file.iter_batches(batch_size=_ROWS, columns=wanted):
                done += batch.num_rows
                yield _parquet_slice(batch, used, carried, names)
        except (pyarrow.ArrowException, OSError) as error:
            raise _no_parquet(name, error) from None

    return Source(name, names, slices, lambda: done / rows if rows else None)


def _no_parquet(name: str, error: Exception) -> InputError:
    reason = str(error).partition("\n")[0]
    return InputError(f"{name} is no whole Parquet file: {reason}")


def _parquet_slice(batch: Any, used: Set[str], carried: Collection[str], names: list[str]) -> Slice:
    import pyarrow

    came = batch.schema.names
    given: Any = {}
    for at, name in enumerate(came):
        if name in used:
            given[name] = batch.column(at)
    repeated = len({*came}) < len(came)
    types = [column.type for column in given.values()]
    if repeated or not all(_is_text(t) or _is_plain_number(t) for t in types):
        given = pyarrow.Table.from_batches([batch]).select(
            [at for at, name in enumerate(came) if name in used]
        )
    else:
        given = {name: _typed(column) for name, column in given.items()}
    kept = {name: cells_of(batch.column(at)) for at, name in enumerate(came) if name in carried}
    empty = not types
    return Slice([{}] * batch.num_rows if empty else given, batch.num_rows, kept, names)


def _is_plain_number(type_: Any) -> bool:
    import pyarrow

    return bool(pyarrow.types.is_integer(type_) or pyarrow.types.is_floating(type_))


def _is_text(type_: Any) -> bool:
    import pyarrow

    if pyarrow.types.is_dictionary(type_):
        type_ = type_.value_type
    return bool(pyarrow.types.is_string(type_) or pyarrow.types.is_large_string(type_))


def _typed(column: Any) -> Any:
    if not _is_plain_number(column.type):
        if hasattr(column, "dictionary") and len(column.dictionary) > len(column):
            column = column.dictionary_decode()  # one dictionary for many slices
        encoded = column.dictionary_encode()
        values = [*encoded.dictionary.to_pylist(), None]
        return Distinct(values, encoded.indices.fill_null(len(values) - 1).to_numpy())
    return column.to_numpy(zero_copy_only=False)  # nulls become NaN


def array_of(cells: Sequence[Any], type_: Any = None) -> Any:
    """Return cells as an array; a list would make pyarrow import pandas, if it is installed."""
    import pyarrow

    objects = np.empty(len(cells), dtype=object)
    objects[:] = cells
    return pyarrow.array(objects, type_)


def cells_of(column: Any) -> list[Any]:
    """Return cells as Python's values, or as None what Python cannot hold."""
    try:
        return list(column.to_pylist())
    except (ArithmeticError, ValueError):  # dates out of Python's range, bytes that are no text
        return [None] * len(column)
