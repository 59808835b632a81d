"""Tables read from files as a whole: CSV, JSON Lines and, with the extra batch, Parquet."""

from __future__ import annotations

from typing import Any

from ..errors import InputError
from .records import DataRecord
from .streams.arrow import pyarrow_parquet
from .streams.content import Content, opened_content
from .streams.formats import Format, format_of
from .streams.lines import CsvRows, check_separator
from .streams.several import check_same_columns, expanded
from .streams.sources import Repeated, guessed_format, json_rows

__all__ = ["Rows", "read_csv", "read_recorded", "read_table"]

Rows = Any  # a dict of columns, a list of dicts, or a pyarrow table: what Model.predict takes


def read_table(path: str, *, format_: Format | None = None) -> Rows:
    """Read a table from a file, or from standard input when `path` is `-`.

    A pattern such as `data/2024-*.csv` stands for several files with the same columns, and a URL
    for a file wherever it is.

    `format_` is what the file holds; None decides by its name, and by its first bytes for `-`.
    Raises InputError when the file is absent, not UTF-8, ragged, truncated or otherwise invalid,
    and MissingExtraError for Parquet without the extra that reads it.
    """
    return read_recorded(path, format_=format_)[0]


def read_recorded(
    path: str, *, format_: Format | None = None, separator_option: str | None = None, role: str = ""
) -> tuple[Rows, tuple[DataRecord, ...]]:
    """Read a table as `read_table` does, with a record of each file.

    An error about the separator names the caller's option for one.
    """
    if format_ is None and path != "-":
        format_ = format_of(path)
    tables: list[Rows] = []
    records: list[DataRecord] = []
    for place in expanded(path):
        table, record = _read_one(place, format_, separator_option, role)
        if tables:
            first = records[0]
            named = None if isinstance(table, list) else [*record.columns]
            check_same_columns(record.path, named, first.path, [*first.columns])
        tables.append(table)
        records.append(record)
    return _joined(tables, records), tuple(records)


def _read_one(
    path: str, format_: Format | None, separator_option: str | None, role: str
) -> tuple[Rows, DataRecord]:
    table: Rows
    with opened_content(path) as content:
        format_ = format_ or guessed_format(content)
        if format_.kind == "parquet":
            table = _read_parquet(content)
            rows, columns = len(table), {one.name: str(one.type) for one in table.schema}
        elif format_.kind == "jsonl":
            table = list(json_rows(content, content.name))
            rows = len(table)
            names = [name for row in table if isinstance(row, dict) for name in row]
            columns = dict.fromkeys(names, "json")
        else:
            table = read_csv(
                content, name=content.name, separator=format_.separator, option=separator_option
            )
            is_repeated = isinstance(table, Repeated)
            rows = len(table) if is_repeated else len(next(iter(table.values()), ()))
            columns = dict.fromkeys(table.columns if is_repeated else table, "text")
        sha256 = content.sha256()
    return table, DataRecord.of(path, sha256=sha256, rows=rows, columns=columns, role=role)


def _joined(tables: list[Rows], records: list[DataRecord]) -> Rows:
    """Put tables with the same columns under each other."""
    first = tables[0]
    if len(tables) == 1:
        return first
    if isinstance(first, list):
        return [row for table in tables for row in table]
    for table, record in zip(tables, records, strict=True):
        if isinstance(table, Repeated):
            raise InputError(f"{record.path} has two columns of one name: rename one.")
    if isinstance(first, dict):
        return {name: [cell for table in tables for cell in table[name]] for name in first}
    import pyarrow

    for table, record in zip(tables, records, strict=True):
        if not table.schema.equals(first.schema):
            raise InputError(
                f"{record.path} has columns of other types than {records[0].path}: "
                "expected files with the same columns."
            )
    return pyarrow.concat_tables(tables)


def read_csv(
    stream: Any, *, name: str, separator: str = ",", option: str | None = None
) -> dict[str, list[str]] | Repeated:
    """Read CSV from an open binary stream, which error messages call `name`.

    Raises InputError as `read_table` does.
    """
    rows = CsvRows(stream, name=name, separator=separator)
    check_separator(name, rows.header, separator, option=option)
    header = rows.header
    columns = list(map(list, zip(*rows, strict=True))) or [[] for _ in header]
    if len(set(header)) < len(header):
        return Repeated(header, columns)
    return dict(zip(header, columns, strict=True))


def _read_parquet(content: Content) -> Any:
    parquet = pyarrow_parquet()
    import pyarrow

    try:
        return parquet.read_table(pyarrow.BufferReader(content.readall() or b""))
    except (pyarrow.ArrowException, OSError) as error:
        reason = str(error).partition("\n")[0]
        raise InputError(f"{content.name} is not a complete Parquet file: {reason}") from None
