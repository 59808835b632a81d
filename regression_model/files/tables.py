"""Tables read from files as a whole: CSV, JSON Lines and, with the extra batch, Parquet."""

from __future__ import annotations

from typing import Any

from ..errors import InputError
from .streams.arrow import pyarrow_parquet
from .streams.content import Content, opened_content
from .streams.formats import Format, format_of
from .streams.lines import CsvRows, check_separator
from .streams.sources import Repeated, guessed_format, json_rows

__all__ = ["Rows", "read_csv", "read_table"]

Rows = Any  # a dict of columns, a list of dicts, or a pyarrow table: what Model.predict takes


def read_table(
    path: str,
    *,
    format_: Format | None = None,
    separator_option: str | None = None,
) -> Rows:
    """Read a table from a file, or from standard input when `path` is `-`.

    Parameters
    ----------
    format_ : what the file holds; None decides by its name, and by its first bytes for `-`
    separator_option : the caller's option for a separator, to be named in an error

    Raises
    ------
    InputError
        When the file is absent, not UTF-8, ragged, truncated or otherwise invalid.
    MissingExtraError
        For Parquet without the extra that reads it.
    """
    if format_ is None and path != "-":
        format_ = format_of(path)
    with opened_content(path) as content:
        format_ = format_ or guessed_format(content)
        if format_.kind == "parquet":
            return _read_parquet(content)
        if format_.kind == "jsonl":
            return list(json_rows(content, content.name))
        return read_csv(
            content, name=content.name, separator=format_.separator, option=separator_option
        )


def read_csv(
    stream: Any, *, name: str, separator: str = ",", option: str | None = None
) -> dict[str, list[str]] | Repeated:
    """Read CSV from an open binary stream, which error messages call `name`.

    Raises
    ------
    InputError
        As for `read_table`.
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
