"""The command init."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ..display import Table, count, printable
from ..extras import needs
from ..jobs.description.places import check_places
from .console.program import fail, if_interrupted, say
from .console.terminal import show, shown_progress

if TYPE_CHECKING:
    from ..drafting.document import Draft

__all__ = ["init"]


def init(
    table: Annotated[
        Path, typer.Argument(metavar="TABLE", help="Training rows: CSV, JSON Lines or Parquet.")
    ],
    target: Annotated[
        str, typer.Option("--target", metavar="COLUMN", help="The column to predict.")
    ],
    output: Annotated[
        Path | None,
        typer.Option(
            "--output",
            "-o",
            metavar="FILE",
            help="Configuration to write; without it, TABLE's name with .yml, beside it.",
        ),
    ] = None,
    force: Annotated[
        bool, typer.Option("--force", help="Replace the configuration if it exists.")
    ] = False,
) -> None:
    """Draft a configuration from a table.

    Looks at every column and says what it takes it for, and why. Each choice is a line of the
    configuration, to be changed where you know better.

    \b
    Example:
      regression-model init cars.csv --target mpg
    """
    if str(table) == "-":
        raise typer.BadParameter("training rows come from a file.", param_hint="TABLE")
    place = output or table.with_name(f"{table.name.partition('.')[0] or 'model'}.yml")
    check_places({"configuration": place}, {"table": table})
    if place.exists() and not force:
        fail(f"Error: {place} exists: name another --output, or give --force.", code=2)
    say("Loading libraries ...")
    with needs("train"):
        from ..drafting.run import draft_configuration
        from ..files.writing import write_atomically
    with if_interrupted("nothing was written."), shown_progress() as progress:
        text, draft = draft_configuration(table, target, output=place, progress=progress)
    write_atomically(place, text.encode("utf-8"))
    _show(draft, place)


def _show(draft: Draft, place: Path) -> None:
    rows = [
        [printable(one.name), one.kind if one.use else f"{one.kind}, left out", printable(one.why)]
        for one in draft.columns
    ]
    head = ["column", "taken for", "why"]
    show(Table(f"{draft.table}, to predict {draft.target.name}", head, rows, numbers_from=99))
    typer.echo(f"The target {draft.target.name} is {draft.target.why}.")
    for note in draft.notes:
        typer.echo(f"Note: {printable(note)}")
    used = sum(one.use for one in draft.columns)
    typer.echo(f"Configuration: {place} ({count(len(draft.columns), 'column')}, {used} used)")
    typer.echo(f"Next: regression-model train --config {place}")
