"""The command explain."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ..errors import InputError
from .loading import shown_progress
from .options import Kind, ModelOption, kind_value
from .program import interruptible, say
from .results import check_all_predicted, identifiers, problem_texts, say_of_all_rows
from .tables import console_of, count, figure, shown, table_of

if TYPE_CHECKING:
    from rich.table import Table

    from ..explanation import Explanation
    from ..files import Rows
    from ..model import Model, Prediction

__all__ = ["explain"]

_MOST_ROWS_SHOWN = 10
_BAR = 30  # characters


@dataclass(frozen=True)
class _Explained:
    """One row: its place from 0, its identifiers, its explanation or why there is none."""

    row: int
    identifiers: dict[str, Any]
    explanation: Explanation | None
    problems: str


def explain(
    source: Annotated[
        str, typer.Argument(metavar="INPUT", help="File with rows, or - for standard input.")
    ],
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
    from_kind: Annotated[
        Kind | None, typer.Option("--from", help="What INPUT holds, if its name does not tell.")
    ] = None,
) -> None:
    """Say what each field adds to, or takes from, a prediction.

    From the typical prediction of the training rows the contributions of all fields, in the unit
    of the target, add up to the row's own. They are estimated Shapley values; the same row always
    has the same ones. CSV and Parquet get a line for each contribution, JSON Lines one for each
    row. Exit code 1 says that some rows have no prediction.

    \b
    Examples:
      regression-model explain houses.csv --row 1
      regression-model explain houses.csv --top 5 --output contributions.csv
    """
    from ..files import kind_of, read_table
    from ..model import load_model

    kind = None if output in (None, "-") else kind_of(str(output))
    opened = load_model(model)
    rows = read_table(source, kind=kind_value(from_kind))
    prediction = opened.predict(rows)
    say_of_all_rows(prediction)
    wanted = _wanted(row, len(prediction))
    on_terminal = output is None and not as_json and sys.stdout.isatty()
    shown_rows = wanted[:_MOST_ROWS_SHOWN] if on_terminal else wanted
    explained = _explained(opened, rows, prediction, shown_rows)
    if on_terminal:
        _show(explained, opened, top, more=len(wanted) - len(explained))
    else:
        kind = "jsonl" if as_json else kind
        columns = _records(explained, top) if kind == "jsonl" else _lines(explained, top)
        _write(output or "-", columns, kind)
    if row is None:
        check_all_predicted(prediction)
    elif explained[0].explanation is None:
        raise typer.Exit(1)


def _wanted(row: int | None, rows: int) -> Sequence[int]:
    if row is None:
        return range(rows)
    if row > rows:
        raise InputError(f"There is no row {row}: the input has {count(rows, 'row')}.")
    return [row - 1]


def _explained(
    model: Model, rows: Rows, prediction: Prediction, wanted: Sequence[int]
) -> list[_Explained]:
    names = dict(identifiers(model.contract, rows))
    problems = problem_texts(prediction)
    priced = prediction.values == prediction.values  # false for NaN
    found = []
    with shown_progress() as progress:
        for done, row in enumerate(wanted):
            if len(wanted) > _MOST_ROWS_SHOWN:
                progress("Explaining", done + 1, len(wanted))
            explanation = model.explain(_only(rows, row))[0] if priced[row] else None
            of_row = {name: cells[row] for name, cells in names.items()}
            found.append(_Explained(row, of_row, explanation, problems[row]))
    return found


def _only(rows: Rows, at: int) -> Rows:
    """Return one row of what `read_table` gave."""
    if isinstance(rows, list):
        return [rows[at]]
    if isinstance(rows, dict):
        return {name: cells[at : at + 1] for name, cells in rows.items()}
    return rows.slice(at, 1)


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


def _write(output: str, columns: Mapping[str, Sequence[Any]], kind: Any) -> None:
    from ..files import write_table

    with interruptible():
        write_table(output, columns, kind=kind, numbers=("prediction", "base", "contribution"))


def _show(explained: Sequence[_Explained], model: Model, top: int | None, *, more: int) -> None:
    console = console_of(sys.stdout)
    unit = model.manifest["target"]["unit"] or ""
    for one in explained:
        of_row = "".join(f", {name} {shown(cell)}" for name, cell in one.identifiers.items())
        console.print(f"Row {one.row + 1}{of_row}", style="bold")
        if one.explanation is not None:
            console.print(_bars(one.explanation, unit, top))
        if one.problems:
            console.print(shown(one.problems))
    if more:
        say(f"{more:,} more: name one with --row, or write all with --output FILE.")


def _bars(explanation: Explanation, unit: str, top: int | None) -> Table:
    """Draw the way from the typical prediction to that of the row."""
    table = table_of(show_header=False)
    table.add_column(overflow="fold")
    table.add_column(justify="right")
    table.add_column()
    table.add_column(overflow="fold")
    parts = _largest(explanation, top)
    longest = max((abs(value) for value in parts.values()), default=0.0) or 1.0
    table.add_row("typical", figure(explanation.base), unit)
    for name, value in parts.items():
        bar = "█" * round(_BAR * abs(value) / longest)
        style = "bright_blue" if value > 0 else "yellow"
        sign = "+" if value > 0 else ""
        read = "assumed" if name in explanation.assumed else shown(_value(explanation, name))
        table.add_row(name, f"{sign}{figure(value)}", _coloured(bar, style), read)
    table.add_row("prediction", figure(explanation.value), unit, style="bold")
    return table


def _coloured(text: str, style: str) -> Any:
    from rich.text import Text

    return Text(text, style=style)
