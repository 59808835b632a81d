"""The command explain."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING

import typer

from ..display import plain, printable
from .console.commands import JobFunction
from .console.program import say
from .console.terminal import Terminal, cell, console_of, rich_table
from .predicting import finish

if TYPE_CHECKING:
    from rich.table import Table

    from ..jobs.explaining import Explained, ExplainJob
    from ..runtime.explanation import Explanation
    from ..runtime.model import Model

__all__ = ["explain"]

_BAR = 30  # characters


@JobFunction
def explain(job: ExplainJob) -> None:
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
    passed = job.run(Terminal(), show=partial(_show, job.top))
    if job.row is None:
        finish(passed)
    elif passed.refused:
        raise typer.Exit(1)


def _show(top: int | None, explained: Sequence[Explained], model: Model, more: int) -> None:
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
    from rich.text import Text

    from ..jobs.explaining import largest, value_text

    table = rich_table(header=False)
    table.add_column(overflow="fold")
    table.add_column(justify="right")
    table.add_column()
    table.add_column(overflow="fold")
    parts = largest(explanation, top)
    longest = max((abs(value) for value in parts.values()), default=0.0) or 1.0
    table.add_row("typical", cell(plain(explanation.base)), unit)
    for name, value in parts.items():
        bar = "█" * round(_BAR * abs(value) / longest)
        style = "bright_blue" if value > 0 else "yellow"
        read = printable(value_text(explanation, name))
        if name in explanation.assumed:
            read = f"{read} (assumed)".strip()
        table.add_row(name, cell(plain(value, sign=True)), Text(bar, style=style), read)
    table.add_row("prediction", cell(plain(explanation.value)), unit, style="bold")
    return table
