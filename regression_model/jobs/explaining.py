"""The job explain: what each field adds to a prediction, row by row."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal

from ..display import count
from ..errors import InputError
from ..files.results import problem_texts
from .description.places import output_format
from .description.settings import (
    FromSetting,
    ModelSetting,
    SeparatorSetting,
    Text,
    Whole,
    YesNo,
    setting,
)
from .rows import PassedRows, PassingRows, RowsJob, identifiers
from .watching import Watcher

if TYPE_CHECKING:
    from ..files.streams import Slice
    from ..runtime.explanation import Explanation
    from ..runtime.model import Model, Prediction

__all__ = ["ExplainJob", "Explained", "largest", "value_text"]

_MOST_ROWS_SHOWN = 10
_ROWS_AT_ONCE = 100  # explained before they are written
_NUMBERS = ("prediction", "base", "contribution")
_COLUMNS = ("row", "prediction", "base", "field", "contribution", "value", "assumed", "problems")


@dataclass(frozen=True)
class Explained:
    """One row: its place from 0, its identifiers, its explanation or why there is none."""

    row: int
    identifiers: dict[str, Any]
    explanation: Explanation | None
    problems: str


_Show = Callable[[Sequence[Explained], "Model", int], None]  # the last: how many more there are


class ExplainJob(RowsJob):
    """Show what each field adds to a prediction, or takes from it."""

    kind: Literal["explain"] = "explain"
    row: Whole | None = setting("Only this row, counted from 1.", metavar="N", ge=1)
    top: Whole | None = setting(
        "The K largest contributions; the others as one.", metavar="K", ge=1
    )
    model: ModelSetting = None
    output: Text | None = setting(
        "Where the results go; without it, tables on a terminal and CSV elsewhere.",
        "--output",
        "-o",
        metavar="FILE",
    )
    as_json: YesNo = setting("One JSON text a row, for programs.", default=False, alias="json")
    from_kind: FromSetting = None
    separator: SeparatorSetting = None

    def run(self, watcher: Watcher | None = None, *, show: _Show | None = None) -> PassedRows:
        """Explain, and write the results to `output`, or to standard output without it.

        `show` is called with results that would go to a terminal.
        """
        return self.observed(lambda heard: self._explain(heard, show), watcher)

    def _explain(self, watcher: Watcher, show: _Show | None) -> PassedRows:
        from ..files.streams import Format, opened_sink

        row, top, output = self.row, self.top, self.output
        kind = Format("jsonl") if self.as_json else output_format(None, output, option=None)
        on_terminal = (
            show is not None and output is None and not self.as_json and sys.stdout.isatty()
        )
        outputs = {"results": None if on_terminal else output or "-"}
        with self.passing_rows(outputs, watcher) as passing:
            explained: list[Explained] = []
            parts = _explained(passing, row, most=_MOST_ROWS_SHOWN if on_terminal else None)
            if row is not None:
                found = next(parts, None)
                if found is None:
                    rows = count(passing.rows, "row")
                    raise InputError(f"There is no row {row}: the input has {rows}.")
                parts = iter([found])
            if show is not None and on_terminal:
                explained = [one for part in parts for one in part]
                show(explained, passing.model, 0 if row else passing.rows - len(explained))
            else:
                whole = kind is not None and kind.kind == "jsonl"
                with opened_sink(output or "-", format_=kind, numbers=_NUMBERS) as sink:
                    for explained in parts:
                        sink.write(_columns(_records(explained, top, whole=whole)))
                        passing.show(explained[-1].row + 1)
                    if not passing.rows:
                        sink.write({name: [] for name in _COLUMNS})
        if row is None:
            return passing.passed(what="explained")
        refused = sum(one.explanation is None for one in explained)
        return replace(passing.passed(what="explained"), rows=1, refused=refused)


def _explained(
    passing: PassingRows, wanted: int | None, *, most: int | None
) -> Iterator[list[Explained]]:
    """Yield rows with their explanations, some at a time: all, the first `most`, or the wanted."""
    model = passing.model
    left = most
    for unread in passing.source.slices(*model.contract.used_and_identifying):
        part = unread()
        begins = passing.rows
        prediction = model.predict(part.rows)
        passing.add(prediction)
        at: Sequence[int] = range(part.count if left is None else min(left, part.count))
        if wanted is not None:
            at = [wanted - 1 - begins] if begins < wanted <= passing.rows else []
        elif left is not None:
            left -= len(at)
        for some in range(0, len(at), _ROWS_AT_ONCE):
            yield _of_part(model, part, prediction, begins, at[some : some + _ROWS_AT_ONCE])
        if wanted is not None and at:
            return
    passing.check_columns()


def _of_part(
    model: Model, part: Slice, prediction: Prediction, begins: int, at: Sequence[int]
) -> list[Explained]:
    names = dict(identifiers(model.contract, part))
    problems = problem_texts(prediction)
    return [
        Explained(
            begins + row,
            {name: cells[row] for name, cells in names.items()},
            explanation,
            problems[row],
        )
        for row, explanation in zip(at, model.explain_rows(prediction, at), strict=True)
    ]


def largest(explanation: Explanation, top: int | None) -> dict[str, float]:
    """Return the contributions, largest first, with those after the `top` ones as one."""
    parts = list(explanation.contributions.items())
    if top is None or top >= len(parts):
        return dict(parts)
    others = sum(value for _, value in parts[top:])
    return {**dict(parts[:top]), f"{count(len(parts) - top, 'other field')}": others}


def _records(
    explained: Sequence[Explained], top: int | None, *, whole: bool
) -> Iterator[dict[str, Any]]:
    """Yield one record a row, or one a contribution, and one for a row that has none."""
    for one in explained:
        found = one.explanation
        of_row = {
            "row": one.row + 1,
            **one.identifiers,
            "prediction": found and found.value,
            "base": found and found.base,
        }
        if whole:
            yield of_row | {
                "contributions": found and largest(found, top),
                "values": found and found.values,
                "assumed": found and list(found.assumed),
                "problems": one.problems,
            }
            continue
        for name, contribution in (largest(found, top) if found else {"": None}).items():
            yield of_row | {
                "field": name,
                "contribution": contribution,
                "value": value_text(found, name),
                "assumed": name in found.assumed if found and name in found.values else None,
                "problems": one.problems,
            }


def _columns(records: Iterator[dict[str, Any]]) -> dict[str, list[Any]]:
    rows = list(records)
    names = dict.fromkeys(name for row in rows for name in row)
    return {name: [row.get(name) for row in rows] for name in names}


def value_text(explanation: Explanation | None, name: str) -> str | None:
    """Return the value of a field as text: a column of a table has one type."""
    value = explanation.values.get(name) if explanation else None
    return f"{value:.15g}" if isinstance(value, float) else value
