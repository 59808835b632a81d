"""The identifier and the problems of each row, for the output."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ..files.streams import Slice
    from ..runtime.contract import Contract
    from ..runtime.model import Prediction

__all__ = ["identifiers", "problem_lines", "simple"]

_SIMPLE = {str, int, bool, type(None)}


def identifiers(contract: Contract, part: Slice) -> Iterator[tuple[str, Sequence[Any]]]:
    """Yield the identifier columns of the input, under the names that the contract has for them."""
    for field in contract.fields:
        if field.kind == "identifier":
            for name in (field.name, *field.aliases):
                if name in part.carried and list(part.names).count(name) == 1:
                    yield field.name, simple(part.carried[name])
                    break


def simple(cells: Sequence[Any]) -> Sequence[Any]:
    """Return cells as values that every kind of file can hold."""
    if {*map(type, cells)} <= _SIMPLE:
        return cells
    return [cell if type(cell) is str else _simple(cell) for cell in cells]


def _simple(cell: object) -> str | int | float | None:
    if cell is None or isinstance(cell, str | int):
        return cell
    if isinstance(cell, float):
        return cell if math.isfinite(cell) else None
    return str(cell)


def problem_lines(
    prediction: Prediction | None, begins: int, said: set[tuple[str | None, str]]
) -> dict[str, list[Any]]:
    """Return one line a problem, with the row counted from 1 over the whole input.

    A problem of all rows has no row, and is written only once.
    """
    lines: dict[str, list[Any]] = {
        name: [] for name in ("row", "field", "code", "severity", "message")
    }
    for problem in () if prediction is None else prediction.problems:
        if problem.row is None:
            if (problem.field, problem.code) in said:
                continue
            said.add((problem.field, problem.code))
        lines["row"].append(None if problem.row is None else begins + problem.row + 1)
        for name in ("field", "code", "severity", "message"):
            lines[name].append(getattr(problem, name))
    return lines
