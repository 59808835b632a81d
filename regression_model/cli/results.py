"""What is said of each row: its identifier and its problems."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

from .program import fail, say
from .tables import count

if TYPE_CHECKING:
    from ..contract import Contract
    from ..files import Rows
    from ..model import Prediction
    from ..problems import Problem

__all__ = ["check_all_predicted", "identifiers", "problem_texts", "say_of_all_rows"]


def identifiers(contract: Contract, rows: Rows) -> Iterator[tuple[str, list[Any]]]:
    """Yield the identifier columns that came, under the names that the contract has for them."""
    for field in contract.fields:
        if field.kind == "identifier":
            for name in (field.name, *field.aliases):
                cells = _column(rows, name)
                if cells is not None:
                    yield field.name, [_simple(cell) for cell in cells]
                    break


def _column(rows: Rows, name: str) -> Iterable[Any] | None:
    """Return one column of what `read_table` gave, or None if there is none of this name."""
    if isinstance(rows, dict):
        return rows.get(name)
    if isinstance(rows, list):
        records = [row if isinstance(row, dict) else {} for row in rows]
        return [row.get(name) for row in records] if any(name in row for row in records) else None
    if rows.column_names.count(name) != 1:
        return None
    column = rows.column(name)
    try:
        return column if isinstance(column, list) else list(column.to_pylist())
    except (ArithmeticError, ValueError):  # dates out of Python's range, bytes that are no text
        return None


def _simple(cell: object) -> str | int | float | None:
    """Return a cell as something that every kind of file can hold."""
    if cell is None or isinstance(cell, str | int):
        return cell
    if isinstance(cell, float):
        return cell if math.isfinite(cell) else None
    return str(cell)


def problem_texts(prediction: Prediction) -> list[str]:
    """Join the problems of each row, errors first.

    What is wrong with all rows was said in full on standard error. If it is an error, each row
    names it in a few words, so that no row without a prediction is without a reason.
    """
    of_all = [_in_short(p) for p in prediction.errors if p.row is None]
    errors: dict[int, list[str]] = {}
    warnings: dict[int, list[str]] = {}
    for problem in prediction.problems:
        if problem.row is not None:
            found = errors if problem.severity == "error" else warnings
            found.setdefault(problem.row, []).append(problem.message)
    return [
        "; ".join((*of_all, *errors.get(row, ()), *warnings.get(row, ())))
        for row in range(len(prediction))
    ]


def _in_short(problem: Problem) -> str:
    return f"{problem.field or 'row'}: {problem.code.replace('_', ' ')}"


def say_of_all_rows(prediction: Prediction) -> None:
    for problem in prediction.problems:
        if problem.row is None:
            say(f"{problem.severity.capitalize()} in every row: {problem.message}")


def check_all_predicted(prediction: Prediction) -> None:
    missed = sum(value != value for value in prediction.values.tolist())
    if missed:
        fail(f"No prediction for {missed:,} of {count(len(prediction), 'row')}.", code=1)
