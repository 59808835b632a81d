"""Intake: whatever rows come in, the cells of the fields that the model uses come out.

A list of dicts is read row by row, a table column by column; both give the same arrays.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..contract import Contract
from ..errors import InputError
from .cells import (
    UNKNOWN_LEVEL,
    WRONG_TYPE,
    Codes,
    Floats,
    LevelCodes,
    NotANumber,
    is_missing,
    read_level,
    read_number,
)
from .layout import Intake
from .records import RecordLayout, Records
from .tables import not_rows, read_mapping, read_table

__all__ = [
    "UNKNOWN_LEVEL",
    "WRONG_TYPE",
    "Codes",
    "Floats",
    "Intake",
    "LevelCodes",
    "NotANumber",
    "RecordLayout",
    "is_missing",
    "read_level",
    "read_number",
    "read_rows",
]


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
        return read_mapping(contract, rows)
    if isinstance(rows, str | bytes | int | float) or rows is None:
        raise InputError(not_rows(rows))
    return read_table(contract, rows)
