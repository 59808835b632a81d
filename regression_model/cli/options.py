"""What several commands let be chosen."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from ..files.streams import Format

__all__ = [
    "FromOption",
    "InputArgument",
    "Kind",
    "ModelOption",
    "SeparatorOption",
    "format_value",
    "input_format",
]


class Kind(StrEnum):
    """What a file holds."""

    csv = "csv"
    jsonl = "jsonl"
    parquet = "parquet"


InputArgument = Annotated[
    str, typer.Argument(metavar="INPUT", help="File with rows, or - for standard input.")
]

FromOption = Annotated[
    Kind | None, typer.Option("--from", help="What INPUT holds, if its name does not tell.")
]

ModelOption = Annotated[
    Path | None,
    typer.Option("--model", metavar="FILE", help="Model file; without it, the shipped one."),
]


SeparatorOption = Annotated[
    str | None,
    typer.Option(
        metavar="C",
        help="What separates the cells of a CSV file, such as ';' or tab; else a comma.",
    ),
]


def input_format(
    path: str, kind: Kind | None, separator: str | None, *, option: str | None = "--from"
) -> Format | None:
    """Return what an input holds; None for standard input that has to be looked at."""
    from ..errors import InputError
    from ..files.streams import Format, format_of, separator_of

    found = None
    if kind is not None:
        found = Format(kind.value)
    elif path != "-":
        found = format_of(path, option=option)
    if separator is None:
        return found
    if found is not None and found.kind != "csv":
        raise InputError(f"--separator is for CSV, and {path} is read as {found.kind}.")
    return Format("csv", separator_of(separator))


def format_value(
    kind: Kind | None, output: str | None, *, option: str | None = "--to"
) -> Format | None:
    """Return what to write; None for CSV to standard output, or a table on a terminal."""
    from ..files.streams import Format, format_of

    if kind is not None:
        is_packed = output is not None and output.lower().endswith(".gz")
        return Format(kind.value, packed=is_packed and kind is not Kind.parquet)
    return None if output in (None, "-") else format_of(str(output), option=option)
