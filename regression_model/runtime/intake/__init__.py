"""Intake: whatever rows come in, the cells of the fields that the model uses come out.

A list of dicts is read row by row, a table column by column; both give the same arrays.
"""

from __future__ import annotations

from collections.abc import Generator, Mapping

from ...errors import InputError
from ..contract import Contract
from .cells import Codes, Floats, NotANumber, is_missing, number_text, read_number
from .layout import Intake
from .layouts import Layouts
from .mixed import MixedRecords
from .records import Records
from .tables import is_row, not_rows, read_mapping, read_table

__all__ = ["Codes", "Floats", "NotANumber", "is_missing", "number_text", "read_number", "read_rows"]


def read_rows(contract: Contract, rows: object, layouts: Layouts | None = None) -> Intake:
    """Read a list of dicts, a dict of columns or of scalars, or a table of any known library.

    With layouts that are kept between calls, records with the same names are read faster. Raises
    InputError when `rows` is none of these.
    """
    layouts = Layouts(contract) if layouts is None else layouts
    if isinstance(rows, list | tuple):
        records = Records(contract, rows, layouts)
        return MixedRecords(contract, rows) if records.is_mixed else records
    if isinstance(rows, Mapping):
        return read_mapping(contract, rows, layouts)
    if isinstance(rows, Generator):
        return read_rows(contract, list(rows), layouts)
    if is_row(rows):
        return read_mapping(contract, rows.to_dict(), layouts)  # type: ignore[attr-defined]
    if isinstance(rows, str | bytes | int | float) or rows is None:
        raise InputError(not_rows(rows))
    return read_table(contract, rows)
