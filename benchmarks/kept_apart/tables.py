"""The packaged tables and the full public one, as columns of comparable cells."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import regression_model
from regression_model.errors import InputError
from regression_model.files.streams.formats import Format
from regression_model.files.tables import read_table

__all__ = ["PRICE", "TEST", "TRAINING", "Cell", "Columns", "Table", "read_ours", "read_public"]

DATASETS = Path(regression_model.__file__).parent / "datasets"
TRAINING, TEST = DATASETS / "train.csv", DATASETS / "test.csv"
IDENTIFIER, PRICE = "Id", "SalePrice"

Cell = float | str | None
Columns = dict[str, list[Cell]]

_MOST_ROWS = 20_000  # the public table has 2,930
_MOST_NAMED = 10
_MISSING = {"", "na", "nan", "none"}  # `None` is a level of MasVnrType, and some copies lose it


@dataclass(frozen=True)
class Table:
    """Columns by the names of train.csv, their prices apart from them."""

    columns: Columns
    prices: list[float]


def read_ours() -> tuple[Table, int]:
    """Return the rows of train.csv and of test.csv below them, and how many are of train.csv.

    There are prices of the first ones only.
    """
    training, test = read_table(str(TRAINING)), read_table(str(TEST))
    names = [name for name in training if name not in (IDENTIFIER, PRICE)]
    columns = {name: _comparable([*training[name], *test[name]]) for name in names}
    prices = [float(price) for price in training[PRICE]]
    return Table(columns, prices), len(prices)


def read_public(path: str, names: Sequence[str]) -> Table:
    """Read the full public table.

    Parameters
    ----------
    names : of the columns that are compared, as in train.csv; blanks, slashes and case in those
        of the file, and their order, do not matter

    Raises
    ------
    InputError
        When the file cannot be read, lacks columns, or has rows without a usable price.
    """
    table = read_table(path, format_=Format("csv"))
    given = list(table) if isinstance(table, dict) else table.column_names
    wanted = {_folded(name): name for name in (*names, PRICE)}
    found = [(wanted[_folded(name)], name) for name in given if _folded(name) in wanted]
    _check_names(path, list(wanted.values()), [name for name, _ in found])
    cells = {
        name: table[theirs] if isinstance(table, dict) else table.column(theirs)
        for name, theirs in found
    }
    rows = len(cells[PRICE])
    if not rows:
        raise InputError(f"{path} has no rows below the names of the columns.")
    if rows > _MOST_ROWS:
        raise InputError(f"{path} has {rows:,} rows: expected the public table, which has 2,930.")
    prices = _prices(path, cells[PRICE])
    return Table({name: _comparable(cells[name]) for name in names}, prices)


def _folded(name: str) -> str:
    return re.sub(r"[^a-z0-9]", "", name.casefold())


def _check_names(path: str, wanted: Sequence[str], found: Sequence[str]) -> None:
    absent = [name for name in wanted if name not in found]
    if absent:
        more = f" and {len(absent) - _MOST_NAMED} more" if len(absent) > _MOST_NAMED else ""
        raise InputError(
            f"{path} lacks {len(absent)} of {len(wanted)} columns: "
            f"{', '.join(absent[:_MOST_NAMED])}{more}."
        )
    if repeated := [name for name, times in Counter(found).items() if times > 1]:
        raise InputError(f"{path} has more than one column {', '.join(repeated)}.")


def _prices(path: str, cells: Sequence[str]) -> list[float]:
    prices = [_comparable_cell(cell) for cell in cells]
    bad = [row for row, price in enumerate(prices) if not isinstance(price, float) or price <= 0]
    if bad:
        raise InputError(
            f"{path} has no usable {PRICE} in {len(bad):,} of {len(cells):,} rows, the first of "
            f"them row {bad[0] + 1}: expected a number above 0."
        )
    return [price for price in prices if isinstance(price, float)]


def _comparable(cells: Sequence[Any]) -> list[Cell]:
    comparable = {cell: _comparable_cell(cell) for cell in set(cells)}
    return [comparable[cell] for cell in cells]


def _comparable_cell(cell: str) -> Cell:
    """Return a number (`020`, `20.0`), a text without blanks and signs, or None if missing."""
    text = cell.strip().casefold()
    if text in _MISSING:
        return None
    try:
        number = float(text)
    except ValueError:
        return _folded(text)
    return number if math.isfinite(number) else text
