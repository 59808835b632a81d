"""The command predict."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ..errors import InputError
from .options import Kind, ModelOption, kind_value
from .program import interruptible, say
from .results import check_all_predicted, identifiers, problem_texts, say_of_all_rows
from .tables import console_of, figure, shown, table_of

if TYPE_CHECKING:
    from ..contract import Contract
    from ..files import Rows
    from ..model import Prediction

__all__ = ["predict"]

_MOST_ROWS_SHOWN = 50
_FIGURES = ("prediction", "lower", "upper")


def predict(
    source: Annotated[
        str, typer.Argument(metavar="INPUT", help="File with rows, or - for standard input.")
    ],
    output: Annotated[
        str | None,
        typer.Option(
            "--output",
            "-o",
            metavar="FILE",
            help="Where the results go; without it, a table on a terminal and CSV elsewhere.",
        ),
    ] = None,
    model: ModelOption = None,
    from_kind: Annotated[
        Kind | None, typer.Option("--from", help="What INPUT holds, if its name does not tell.")
    ] = None,
    to_kind: Annotated[
        Kind | None, typer.Option("--to", help="What to write, if the name does not tell.")
    ] = None,
    interval: Annotated[
        bool, typer.Option("--interval", help="Add the columns lower and upper.")
    ] = False,
) -> None:
    """Predict the target for every row.

    Reads and writes CSV, JSON Lines and, with the extra batch, Parquet. One row comes out for each
    row that goes in, in the same order: its identifier if it has one, the prediction, and its
    problems. Exit code 1 says that some rows have no prediction.

    \b
    Examples:
      regression-model predict houses.csv
      regression-model predict houses.csv --output prices.csv --interval
      cat houses.jsonl | regression-model predict - --to jsonl
    """
    from ..files import kind_of, read_table, write_table
    from ..model import load_model

    kind = kind_value(to_kind) or (None if output in (None, "-") else kind_of(str(output)))
    terminal = output in (None, "-") and sys.stdout.isatty()
    if terminal and kind == "parquet":
        raise InputError("Parquet is nothing for a terminal: name a file with --output.")
    opened = load_model(model)
    rows = read_table(source, kind=kind_value(from_kind))
    prediction = opened.predict(rows)
    columns = _results(opened.contract, rows, prediction, interval=interval)
    say_of_all_rows(prediction)
    if terminal and output is None and kind is None:
        _show_results(columns, len(prediction))
    else:
        with interruptible():
            write_table(output or "-", columns, kind=kind, numbers=_FIGURES)
    check_all_predicted(prediction)


def _results(
    contract: Contract, rows: Rows, prediction: Prediction, *, interval: bool
) -> dict[str, Sequence[Any]]:
    from ..model import plain

    columns: dict[str, Sequence[Any]] = dict(identifiers(contract, rows))
    columns["prediction"] = plain(prediction.values)
    if interval:
        columns["lower"] = plain(prediction.lower)
        columns["upper"] = plain(prediction.upper)
    columns["problems"] = problem_texts(prediction)
    return columns


def _show_results(columns: Mapping[str, Sequence[Any]], rows: int) -> None:
    table = table_of()
    for name in columns:
        table.add_column(name, justify="left" if name == "problems" else "right", overflow="fold")
    for cells in list(zip(*columns.values(), strict=True))[:_MOST_ROWS_SHOWN]:
        named = zip(columns, cells, strict=True)
        table.add_row(*(figure(v) if name in _FIGURES else shown(v) for name, v in named))
    console_of(sys.stdout).print(table)
    if rows > _MOST_ROWS_SHOWN:
        say(f"{rows - _MOST_ROWS_SHOWN:,} more: write all {rows:,} rows with --output FILE.")
