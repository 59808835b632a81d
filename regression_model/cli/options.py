"""What several commands let be chosen."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from ..files import FileKind

__all__ = ["Kind", "ModelOption", "kind_value"]


class Kind(StrEnum):
    """What a file holds."""

    csv = "csv"
    jsonl = "jsonl"
    parquet = "parquet"


ModelOption = Annotated[
    Path | None,
    typer.Option("--model", metavar="FILE", help="Model file; without it, the shipped one."),
]


def kind_value(kind: Kind | None) -> FileKind | None:
    return None if kind is None else kind.value
