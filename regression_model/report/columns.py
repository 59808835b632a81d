"""The fields of the scored rows, as columns to draw, to vary and to show."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from ..runtime.checking import Checker
from ..runtime.contract import Contract, Field
from ..runtime.intake import read_rows
from .numbers import plain

__all__ = ["Columns", "read_columns", "shown"]

Floats = npt.NDArray[np.float64]
Rows = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Columns:
    """Some rows of a table.

    Attributes
    ----------
    contract : Contract
    values : dict of field name to array, shape (rows,)
        Of every field that the model uses: float64 with NaN, or texts with None.
    names : list of str
        What each row is called: its identifier, or its number from 1.
    named_by : str
        The field with the identifiers, or `row`.
    """

    contract: Contract
    values: dict[str, npt.NDArray[Any]]
    names: list[str]
    named_by: str

    def rows(self, chosen: Rows) -> dict[str, list[Any]]:
        """Return some rows as `Model.predict` takes them."""
        return {name: _plain(column[chosen]) for name, column in self.values.items()}


def read_columns(contract: Contract, rows: Any, chosen: Rows) -> Columns:
    """Read some rows of a table that the contract has accepted.

    Parameters
    ----------
    rows : as for `Model.predict`
    chosen : array of int
        Which rows, from 0, in the order wanted.
    """
    checked = Checker(contract).check(rows).values(contract)
    values = {name: column[chosen] for name, column in checked.items()}
    named_by, names = _names(contract, rows, chosen)
    return Columns(contract, values, names, named_by)


def shown(field: Field, value: Any) -> str:
    """Write a field's value; a year has no thousands."""
    if value is None or value != value:
        return "missing"
    if field.kind == "year":
        return f"{value:.0f}"
    return plain(value) if field.is_number else str(value)


def _names(contract: Contract, rows: Any, chosen: Rows) -> tuple[str, list[str]]:
    identifier = next((f.name for f in contract.fields if f.kind == "identifier"), None)
    if identifier is not None:
        cells = read_rows(contract, rows).cells(identifier, chosen.tolist())
        if all(cell is not None for cell in cells):
            return identifier, [_name(cell) for cell in cells]
    return "row", [str(row + 1) for row in chosen]


def _name(cell: Any) -> str:
    return f"{cell:.15g}" if isinstance(cell, float) else str(cell)


def _plain(column: npt.NDArray[Any]) -> list[Any]:
    return [None if cell != cell else cell for cell in column.tolist()]
