"""What a person sees on a terminal: tables, and how far the work is."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import TYPE_CHECKING, Any

import typer

from ...display import Table, count, printable
from ...jobs.watching import Progress, Watcher
from .logs import MESSAGES
from .program import interruptible, say

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table as RichTable

    from ...files.streams import Source

__all__ = ["Terminal", "cell", "console_of", "rich_table", "show", "show_json", "shown_progress"]

_ASCII = str.maketrans({"\N{MINUS SIGN}": "-", "\N{EN DASH}": "-"})  # to be searched for and copied


def console_of(stream: Any) -> Console:
    """Return a console that takes texts as they are, and colours nothing under NO_COLOR."""
    from rich.console import Console

    class PipedConsole(Console):
        def on_broken_pipe(self) -> None:  # rich would exit with a code that commands use
            raise BrokenPipeError

    plain = bool(os.environ.get("NO_COLOR")) or not stream.isatty()
    return PipedConsole(
        file=stream,
        color_system=None if plain else "auto",
        force_terminal=stream.isatty(),
        markup=False,
        emoji=False,
        highlight=False,
    )


def rich_table(title: str | None = None, *, header: bool = True) -> RichTable:
    """Return an empty table in the style of this program."""
    from rich import box
    from rich.table import Table as RichTable

    return RichTable(title=title, show_header=header, box=box.SIMPLE, title_justify="left")


def show(
    *parts: Table | str | None,
    header: bool = True,
    style: str | None = None,
    soft_wrap: bool = False,
) -> None:
    """Print tables and sentences, in a style of rich, to standard output; None is nothing."""
    console = console_of(sys.stdout)
    for part in parts:
        if isinstance(part, Table):
            table = rich_table(part.caption if header else None, header=header)
            for at, name in enumerate(part.head):
                if part.holds_numbers(at):  # no wider than its cells and the words of its name
                    words = [
                        *name.split(),
                        *(line for row in part.rows for line in row[at].split("\n")),
                    ]
                    width = max(map(len, words), default=1)
                    table.add_column(cell(name), justify="right", overflow="fold", max_width=width)
                else:
                    table.add_column(cell(name), overflow="fold")
            for row in part.rows:
                table.add_row(*map(cell, row))
            console.print(table)
        elif part is not None:
            console.print(part, style=style, soft_wrap=soft_wrap)


def show_json(found: Any) -> None:
    """Print a result as JSON to standard output."""
    typer.echo(json.dumps(found.to_dict(), allow_nan=False))


def cell(text: str) -> str:
    """Write a cell for a terminal."""
    lines = text.translate(_ASCII).split("\n")
    return "\n".join(map(printable, lines))


class Terminal(Watcher):
    """Shows what a job says on standard error, how far it is, and, by `show`, its result."""

    def __init__(self, show: Callable[[Any], None] = lambda result: None) -> None:
        self._show = show

    def result(self, result: Any) -> None:
        self._show(result)

    def say(self, sentence: str) -> None:
        say(sentence)

    def warn(self, sentence: str) -> None:
        MESSAGES.say(sentence, level="warning")

    def event(self, level: str, event: str, about: dict[str, Any]) -> None:
        MESSAGES.event(level, event, about)

    def interruptible(self) -> AbstractContextManager[None]:
        return interruptible()

    def work(self) -> AbstractContextManager[Progress]:
        return shown_progress()

    def rows(self, source: Source) -> AbstractContextManager[Callable[[int], None]]:
        return _shown_rows(source)


@contextmanager
def shown_progress() -> Iterator[Progress]:
    """Show stages, as bars on a terminal; Ctrl-C raises KeyboardInterrupt meanwhile."""
    if not sys.stderr.isatty():
        with interruptible():
            yield _stage_lines()
        return
    from rich import progress as rich

    columns = (
        rich.TextColumn("{task.description}"),
        rich.BarColumn(),
        rich.MofNCompleteColumn(),
        rich.TimeElapsedColumn(),
    )
    # Interrupted by an exception, so that the bars give the terminal its cursor back.
    with interruptible(), rich.Progress(*columns, console=console_of(sys.stderr)) as bars:
        tasks: dict[str, Any] = {}

        def update(stage: str, done: int, of: int) -> None:
            if stage not in tasks:
                tasks[stage] = bars.add_task(stage, total=of)
            bars.update(tasks[stage], completed=done)

        yield update


def _stage_lines() -> Progress:
    begun: set[str] = set()

    def update(stage: str, done: int, of: int) -> None:
        if stage not in begun:
            begun.add(stage)
            say(f"{stage} ...")

    return update


@contextmanager
def _shown_rows(source: Source) -> Iterator[Callable[[int], None]]:
    """Show on a terminal how many rows are done, how fast, and how long the others will take."""
    if not sys.stderr.isatty():
        with interruptible():
            yield lambda _: None
        return
    from rich import progress as rich
    from rich.text import Text

    class Rows(rich.ProgressColumn):
        def render(self, task: Any) -> Any:
            rows, seconds = task.fields["rows"], task.elapsed or 0.0
            speed = f", {rows / seconds:,.0f} rows/s" if seconds else ""
            return Text(f"{count(rows, 'row')}{speed}")

    columns: list[Any] = [rich.BarColumn(), Rows(), rich.TimeRemainingColumn()]
    bars = rich.Progress(*columns, console=console_of(sys.stderr), transient=True)
    with interruptible(), bars as bar:
        task = bar.add_task("", total=None, rows=0)

        def update(rows: int) -> None:
            fraction = source.fraction()
            total = None if fraction is None else 1.0
            bar.update(task, total=total, completed=fraction, rows=rows)

        yield update
