"""The command explain."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ..display import count, plain, printable
from ..errors import InputError
from .options import FromOption, InputArgument, ModelOption, SeparatorOption, output_format
from .program import say
from .results import identifiers, problem_texts
from .rows import PassingRows, column_names, passing_rows
from .terminal import cell, console_of, rich_table

if TYPE_CHECKING:
    from rich.table import Table

    from ..files.streams import Slice
    from ..runtime.explanation import Explanation
    from ..runtime.model import Model, Prediction

__all__ = ["explain"]

_MOST_ROWS_SHOWN = 10
_ROWS_AT_ONCE = 100  # explained before they are written
_BAR = 30  # characters
_NUMBERS = ("prediction", "base", "contribution")


@dataclass(frozen=True)
class _Explained:
    """One row: its place from 0, its identifiers, its explanation or why there is none."""

    row: int
    identifiers: dict[str, Any]
    explanation: Explanation | None
    problems: str


def explain(
    source: InputArgument,
    row: Annotated[
        int | None, typer.Option(metavar="N", min=1, help="Only this row, counted from 1.")
    ] = None,
    top: Annotated[
        int | None,
        typer.Option(metavar="K", min=1, help="The K largest contributions; the others as one."),
    ] = None,
    model: ModelOption = None,
    output: Annotated[
        str | None,
        typer.Option(
            "--output",
            "-o",
            metavar="FILE",
            help="Where the results go; without it, tables on a terminal and CSV elsewhere.",
        ),
    ] = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="One JSON text a row, for programs.")
    ] = False,
    from_kind: FromOption = None,
    separator: SeparatorOption = None,
) -> None:
    """Show what each field adds to a prediction, or takes from it.

    The contributions of all fields, in the unit of the target, add up to the difference between the
    prediction for the row and that for a typical training row. They are estimated Shapley values;
    the same row always has the same ones. CSV and Parquet get a line for each contribution, JSON
    Lines one for each row. Exit code 1 means that some rows have no prediction.

    \b
    Examples:
      regression-model explain houses.csv --row 1
      regression-model explain houses.csv --top 5 --output contributions.csv
    """
    from ..files.streams import Format, opened_sink

    kind = Format("jsonl") if as_json else output_format(None, output, option=None)
    on_terminal = output is None and not as_json and sys.stdout.isatty()
    outputs = {"results": None if on_terminal else output or "-"}
    with passing_rows(source, model, from_kind, separator, outputs=outputs) as passing:
        tally = passing.tally
        explained: list[_Explained] = []
        parts = _explained(passing, row, most=_MOST_ROWS_SHOWN if on_terminal else None)
        if row is not None:
            found = next(parts, None)
            if found is None:
                rows = count(tally.rows, "row")
                raise InputError(f"There is no row {row}: the input has {rows}.")
            parts = iter([found])
        if on_terminal:
            explained = [one for part in parts for one in part]
            more = 0 if row else tally.rows - len(explained)
            _show(explained, passing.model, top, more=more)
        else:
            in_records = kind is not None and kind.kind == "jsonl"
            with opened_sink(output or "-", format_=kind, numbers=_NUMBERS) as sink:
                for explained in parts:
                    sink.write((_records if in_records else _lines)(explained, top))
                    passing.show(explained[-1].row + 1)
                if not tally.rows:
                    sink.write(_lines(explained, top))
    if row is None:
        tally.finish(what="explained")
    elif any(one.explanation is None for one in explained):
        raise typer.Exit(1)


def _explained(
    passing: PassingRows, wanted: int | None, *, most: int | None
) -> Iterator[list[_Explained]]:
    """Yield rows with their explanations, some at a time: all, the first `most`, or the wanted."""
    model, tally = passing.model, passing.tally
    left = most
    for unread in passing.source.slices(*column_names(model.contract)):
        part = unread()
        begins = tally.rows
        prediction = model.predict(part.rows)
        tally.add(prediction)
        at: Sequence[int] = range(part.count if left is None else min(left, part.count))
        if wanted is not None:
            at = [wanted - 1 - begins] if begins < wanted <= tally.rows else []
        elif left is not None:
            left -= len(at)
        for some in range(0, len(at), _ROWS_AT_ONCE):
            yield _of_part(model, part, prediction, begins, at[some : some + _ROWS_AT_ONCE])
        if wanted is not None and at:
            return
    tally.check_columns()


def _of_part(
    model: Model, part: Slice, prediction: Prediction, begins: int, at: Sequence[int]
) -> list[_Explained]:
    names = dict(identifiers(model.contract, part))
    problems = problem_texts(prediction)
    return [
        _Explained(
            begins + row,
            {name: cells[row] for name, cells in names.items()},
            explanation,
            problems[row],
        )
        for row, explanation in zip(at, model.explain_rows(prediction, at), strict=True)
    ]


def _largest(explanation: Explanation, top: int | None) -> dict[str, float]:
    """Return the contributions, largest first, with those after the `top` ones as one."""
    parts = list(explanation.contributions.items())
    if top is None or top >= len(parts):
        return dict(parts)
    others = sum(value for _, value in parts[top:])
    return {**dict(parts[:top]), f"{count(len(parts) - top, 'other field')}": others}


def _records(explained: Sequence[_Explained], top: int | None) -> dict[str, list[Any]]:
    """Return one line a row, for JSON."""
    known = [one.explanation for one in explained]
    return {
        "row": [one.row + 1 for one in explained],
        **_identifier_columns(explained),
        "prediction": [None if one is None else one.value for one in known],
        "base": [None if one is None else one.base for one in known],
        "contributions": [None if one is None else _largest(one, top) for one in known],
        "values": [None if one is None else one.values for one in known],
        "assumed": [None if one is None else list(one.assumed) for one in known],
        "problems": [one.problems for one in explained],
    }


def _lines(explained: Sequence[_Explained], top: int | None) -> dict[str, list[Any]]:
    """Return one line a contribution, and one for a row that has none."""
    every, parts = [], []
    for one in explained:
        found = _largest(one.explanation, top) if one.explanation else {"": None}
        for part in found.items():
            every.append(one)
            parts.append(part)
    known = [one.explanation for one in every]
    return {
        "row": [one.row + 1 for one in every],
        **_identifier_columns(every),
        "prediction": [None if one is None else one.value for one in known],
        "base": [None if one is None else one.base for one in known],
        "field": [name for name, _ in parts],
        "contribution": [value for _, value in parts],
        "value": [_value(one, name) for one, (name, _) in zip(known, parts, strict=True)],
        "assumed": [
            None if one is None or name not in one.values else name in one.assumed
            for one, (name, _) in zip(known, parts, strict=True)
        ],
        "problems": [one.problems for one in every],
    }


def _value(explanation: Explanation | None, name: str) -> str | None:
    """Return the value of a field as text: a column of a table has one type."""
    value = explanation.values.get(name) if explanation else None
    return f"{value:.15g}" if isinstance(value, float) else value


def _identifier_columns(explained: Sequence[_Explained]) -> dict[str, list[Any]]:
    names = dict.fromkeys(name for one in explained for name in one.identifiers)
    return {name: [one.identifiers.get(name) for one in explained] for name in names}


def _show(explained: Sequence[_Explained], model: Model, top: int | None, *, more: int) -> None:
    console = console_of(sys.stdout)
    unit = model.manifest["target"]["unit"] or ""
    for one in explained:
        of_row = "".join(f", {name} {printable(cell)}" for name, cell in one.identifiers.items())
        console.print(f"Row {one.row + 1}{of_row}", style="bold")
        if one.explanation is not None:
            console.print(_bars(one.explanation, unit, top))
        if one.problems:
            console.print(printable(one.problems))
    if more:
        say(f"{more:,} more: name one with --row, or write all with --output FILE.")


def _bars(explanation: Explanation, unit: str, top: int | None) -> Table:
    """Draw the steps from the typical prediction to that for the row."""
    table = rich_table(header=False)
    table.add_column(overflow="fold")
    table.add_column(justify="right")
    table.add_column()
    table.add_column(overflow="fold")
    parts = _largest(explanation, top)
    longest = max((abs(value) for value in parts.values()), default=0.0) or 1.0
    table.add_row("typical", cell(plain(explanation.base)), unit)
    for name, value in parts.items():
        bar = "█" * round(_BAR * abs(value) / longest)
        style = "bright_blue" if value > 0 else "yellow"
        read = printable(_value(explanation, name))
        if name in explanation.assumed:
            read = f"{read} (assumed)".strip()
        table.add_row(name, cell(plain(value, sign=True)), _coloured(bar, style), read)
    table.add_row("prediction", cell(plain(explanation.value)), unit, style="bold")
    return table


def _coloured(text: str, style: str) -> Any:
    from rich.text import Text

    return Text(text, style=style)
