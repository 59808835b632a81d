"""While a command works: how far it is."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from .program import interruptible, say
from .tables import console_of

if TYPE_CHECKING:
    from ..training.cross_validation import Progress

__all__ = ["shown_progress"]


@contextmanager
def shown_progress() -> Iterator[Progress]:
    """Show stages as bars on a terminal and as lines elsewhere."""
    if not sys.stderr.isatty():
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

        def show(stage: str, done: int, of: int) -> None:
            if stage not in tasks:
                tasks[stage] = bars.add_task(stage, total=of)
            bars.update(tasks[stage], completed=done)

        yield show


def _stage_lines() -> Progress:
    said: set[str] = set()

    def show(stage: str, done: int, of: int) -> None:
        if stage not in said:
            said.add(stage)
            say(f"{stage} ...")

    return show
