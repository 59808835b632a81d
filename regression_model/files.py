"""Tables in files: CSV, JSON Lines and Parquet, in and out; the base install has the first two."""

from __future__ import annotations

import codecs
import csv
import io
import json
import sys
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

from .errors import InputError, MissingExtraError, OutputError
from .model_file import write_atomically

__all__ = ["FileKind", "Rows", "kind_of", "read_table", "write_table"]

FileKind = Literal["csv", "jsonl", "parquet"]
Rows = Any  # a dict of columns, a list of dicts, or a pyarrow table: what Model.predict takes

_KINDS: dict[str, FileKind] = {
    ".csv": "csv",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".parquet": "parquet",
}


def kind_of(path: str) -> FileKind:
    """Say what kind of file a name means.

    Raises
    ------
    InputError
        When the name ends in none of the known ways.
    """
    kind = _KINDS.get(Path(path).suffix.lower())
    if kind is None:
        raise InputError(f"{path}: expected a name that ends in {', '.join(_KINDS)}.")
    return kind


def read_table(path: str, *, kind: FileKind | None = None) -> Rows:
    """Read a table from a file, or from standard input when `path` is `-`.

    Parameters
    ----------
    kind : what the file holds; None goes by its name, and by its first character for `-`.

    Raises
    ------
    InputError
        When the file is absent, not UTF-8, ragged, cut short, or otherwise not what it should be.
    MissingExtraError
        For Parquet without the extra that reads it.
    """
    content = _content(path)
    if kind is None:
        kind = kind_of(path) if path != "-" else _guess(content)
    return {"csv": _read_csv, "jsonl": _read_json_lines, "parquet": _read_parquet}[kind](
        content, "standard input" if path == "-" else path
    )


def _content(path: str) -> bytes:
    if path == "-":
        return sys.stdin.buffer.read()
    try:
        return Path(path).read_bytes()
    except FileNotFoundError:
        raise InputError(f"{path} does not exist.") from None
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror or error}.") from None


def _guess(content: bytes) -> FileKind:
    if content.startswith(b"PAR1"):
        return "parquet"
    start = content.removeprefix(codecs.BOM_UTF8).lstrip()[:1]
    return "jsonl" if start in (b"{", b"[") else "csv"


def _text(content: bytes, name: str) -> str:
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        raise InputError(
            f"{name}, line {line}: byte 0x{content[error.start]:02x} is not UTF-8: "
            "save the file as UTF-8."
        ) from None


def _read_csv(content: bytes, name: str) -> dict[str, list[str]] | _Repeated:
    reader = csv.reader(io.StringIO(_text(content, name), newline=""), strict=True)
    rows: list[list[str]] = []
    try:
        header = next(filter(None, reader), None)
        if header is None:
            raise InputError(f"{name} is empty: expected a line with the names of the columns.")
        for row in reader:
            if len(row) != len(header) and row:
                raise InputError(
                    f"{name}, line {reader.line_num}: {len(row)} values for {len(header)} columns."
                )
            if row:
                rows.append(row)
    except csv.Error as error:
        raise InputError(f"{name}, line {reader.line_num}: not CSV: {error}.") from None
    columns = list(map(list, zip(*rows, strict=True))) or [[] for _ in header]
    if len(set(header)) < len(header):
        return _Repeated(header, columns)
    return dict(zip(header, columns, strict=True))


class _Repeated:
    """A table in which a column name stands twice; the check says so for every row."""

    def __init__(self, names: Sequence[str], columns: Sequence[list[str]]) -> None:
        self.columns = tuple(names)
        self._columns = columns

    def __len__(self) -> int:
        return len(self._columns[0])

    @property
    def column_names(self) -> list[str]:
        """The names, as a pyarrow table has them."""
        return list(self.columns)

    def column(self, name: str) -> list[str]:
        """Return the first column called `name`."""
        return self._columns[self.columns.index(name)]

    def slice(self, at: int, length: int) -> _Repeated:
        """Return some rows."""
        return _Repeated(self.columns, [cells[at : at + length] for cells in self._columns])

    def select(self, positions: Sequence[int]) -> dict[str, list[str]]:
        """Return the columns at some positions, whose names stand once."""
        return {self.columns[at]: self._columns[at] for at in positions}


def _read_json_lines(content: bytes, name: str) -> list[Any]:
    text = _text(content, name)
    if text.lstrip()[:1] == "[":
        return list(_parsed(text, name, line=1))
    lines = enumerate(text.split("\n"), start=1)  # other line ends may stand inside a JSON text
    return [_parsed(line, name, line=number) for number, line in lines if line.strip()]


def _parsed(text: str, name: str, *, line: int) -> Any:
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        line, reason = line + error.lineno - 1, error.msg
    except (RecursionError, ValueError) as error:  # nested too deeply, or a number without end
        reason = str(error)
    raise InputError(f"{name}, line {line}: not JSON: {reason}.")


def _read_parquet(content: bytes, name: str) -> Any:
    parquet = _parquet(name)
    import pyarrow

    try:
        return parquet.read_table(pyarrow.BufferReader(content))
    except (pyarrow.ArrowException, OSError) as error:
        reason = str(error).partition("\n")[0]
        raise InputError(f"{name} is no whole Parquet file: {reason}") from None


def _parquet(name: str) -> Any:
    try:
        import pyarrow.parquet
    except ImportError:
        raise MissingExtraError(
            f"{name}: Parquet needs the extra batch: pip install 'regression-model[batch]'."
        ) from None
    return pyarrow.parquet


def write_table(
    path: str,
    columns: Mapping[str, Sequence[Any]],
    *,
    kind: FileKind | None = None,
    numbers: Collection[str] = (),
) -> None:
    """Write columns of one length to a file, or to standard output when `path` is `-`.

    Parameters
    ----------
    kind : what to write; None goes by the name, and is CSV for `-`.
    numbers : names of columns of numbers, which Parquet must be told when all their cells are None.

    Raises
    ------
    OutputError
        When the file cannot be written; what stood there before is untouched.
    """
    kind = kind or ("csv" if path == "-" else kind_of(path))
    if kind == "parquet":
        content = _parquet_bytes(columns, path, numbers)
    else:
        content = _csv_bytes(columns) if kind == "csv" else _json_lines_bytes(columns)
    if path == "-":
        sys.stdout.buffer.write(content)
        sys.stdout.buffer.flush()
    else:
        _write(Path(path), content)


def _write(path: Path, content: bytes) -> None:
    """Write a file atomically; a pipe or a device is no file to put another one in place of."""
    if path.is_file() or not path.exists():
        write_atomically(path.resolve(), content)
        return
    try:
        path.write_bytes(content)
    except OSError as error:
        raise OutputError(f"{path} cannot be written: {error.strerror or error}.") from None


def _csv_bytes(columns: Mapping[str, Sequence[Any]]) -> bytes:
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows(zip(*columns.values(), strict=True))
    return text.getvalue().encode(errors="backslashreplace")  # half a surrogate pair


def _json_lines_bytes(columns: Mapping[str, Sequence[Any]]) -> bytes:
    rows = zip(*columns.values(), strict=True)
    lines = [json.dumps(dict(zip(columns, row, strict=True)), allow_nan=False) for row in rows]
    return "".join(f"{line}\n" for line in lines).encode()


def _parquet_bytes(
    columns: Mapping[str, Sequence[Any]], name: str, numbers: Collection[str]
) -> bytes:
    parquet = _parquet(name)
    import pyarrow

    def array(column: str) -> Any:
        if column in numbers:
            return pyarrow.array(columns[column], pyarrow.float64())
        try:
            cells = pyarrow.array(columns[column])
        except (pyarrow.ArrowException, OverflowError, UnicodeEncodeError):  # cells of many types
            texts = [None if cell is None else _storable(cell) for cell in columns[column]]
            return pyarrow.array(texts, pyarrow.string())
        return cells.cast(pyarrow.string()) if pyarrow.types.is_null(cells.type) else cells

    sink = io.BytesIO()
    parquet.write_table(pyarrow.table({column: array(column) for column in columns}), sink)
    return sink.getvalue()


def _storable(cell: object) -> str:
    return str(cell).encode(errors="backslashreplace").decode()
