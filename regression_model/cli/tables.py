"""Numbers, texts and tables for people."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

__all__ = ["console_of", "count", "figure", "shown", "table_of"]


def console_of(stream: Any) -> Console:
    """Return a console that takes texts as they are, and colours nothing under NO_COLOR."""
    from rich.console import Console

    plain = bool(os.environ.get("NO_COLOR")) or not stream.isatty()
    return Console(
        file=stream,
        color_system=None if plain else "auto",
        force_terminal=stream.isatty(),
        markup=False,
        emoji=False,
        highlight=False,
    )


def table_of(*, title: str | None = None, show_header: bool = True) -> Table:
    from rich import box
    from rich.table import Table

    return Table(title=title, show_header=show_header, box=box.SIMPLE, title_justify="left")


def figure(value: float | None) -> str:
    """Write a number for people: whole from a thousand on, else four significant digits."""
    if value is None:
        return "-"
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.4g}"


def shown(value: object) -> str:
    """Write a cell for people; control characters could play tricks on a terminal."""
    text = "" if value is None else str(value)
    return "".join(character if character.isprintable() else "?" for character in text)


def count(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"
