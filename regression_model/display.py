"""Numbers, texts and tables as people read them: on a terminal, on a page and in Markdown."""

from __future__ import annotations

import math
import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from itertools import islice

__all__ = [
    "Amounts",
    "Table",
    "count",
    "decimal",
    "listed",
    "markdown_table",
    "markdown_text",
    "percent",
    "plain",
    "printable",
    "share",
    "short",
]

_SIGNS = {
    **dict.fromkeys(("us dollars", "dollars", "usd"), "$"),
    **dict.fromkeys(("euros", "eur"), "€"),
    **dict.fromkeys(("pounds", "gbp"), "£"),
}
_MINUS = "\N{MINUS SIGN}"
_NOTHING = "\N{EN DASH}"
_SPECIAL = re.compile(r"[\\`*\[\]<>|&$~]|(?<!\w)_|_(?!\w)")  # an underscore inside a word is plain
_MULTIPLES = ((1e12, "T"), (1e9, "B"), (1e6, "M"), (1e3, "k"))


@dataclass(frozen=True)
class Table:
    """A table of texts; the columns from `numbers_from` up to `numbers_to` hold numbers."""

    caption: str
    head: Sequence[str]
    rows: Sequence[Sequence[str]]
    numbers_from: int = 1
    numbers_to: int = 99

    def holds_numbers(self, column: int) -> bool:
        """Whether the cells of a column are numbers, which are aligned to the right."""
        return self.numbers_from <= column < self.numbers_to


def plain(value: float, *, sign: bool = False) -> str:
    """Write a number: whole from a thousand on, else four significant digits."""
    return _signed(value, f"{abs(value):{',.0f' if abs(value) >= 999.95 else '.4g'}}", sign=sign)


def short(value: float, *, sign: bool = False) -> str:
    """Write a number for an axis, such as 200k or 1.5M."""
    size = abs(value)
    for multiple, letter in _MULTIPLES:
        if size >= multiple * 0.9995:
            return _signed(value, f"{size / multiple:.3g}{letter}", sign=sign)
    return _signed(value, f"{size:.3g}", sign=sign)


def decimal(value: float, digits: int, *, sign: bool = False) -> str:
    """Write a number with as many digits after the point."""
    return _signed(value, f"{abs(value):.{digits}f}", sign=sign)


def percent(value: float, digits: int = 1, *, sign: bool = False) -> str:
    """Write a share as a percentage; `sign` puts a plus before what is above zero."""
    return _signed(value, f"{abs(value):.{digits}%}", sign=sign)


def share(value: float) -> str:
    """Write a share without trailing zeros, such as 90% or 97.5%."""
    return f"{100 * value:g}%"


def count(number: int, noun: str) -> str:
    """Write a number of things."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def listed(things: Collection[object], most: int) -> str:
    """Name the first `most` of some things, and say how many more there are."""
    more = len(things) - most
    named = ", ".join(map(str, islice(things, most)))
    return f"{named} and {more:,} more" if more > 0 else named


def printable(value: object) -> str:
    """Write a text without its control characters, which could play tricks on a terminal."""
    text = "" if value is None else str(value)
    return "".join(character if character.isprintable() else "?" for character in text)


def markdown_text(text: object) -> str:
    """Escape a text, so that Markdown and HTML see nothing else in it."""
    one_line = " ".join(str(text).split())
    return _SPECIAL.sub(r"\\\g<0>", one_line)


def markdown_table(table: Table) -> str:
    """Write a table in Markdown."""
    rules = ["---:" if table.holds_numbers(at) else "---" for at in range(len(table.head))]
    lines = [[markdown_text(cell) for cell in table.head], rules]
    lines += [[markdown_text(cell) for cell in row] for row in table.rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _signed(value: float, text: str, *, sign: bool) -> str:
    """Put the sign before the text of an absolute value; zero has none."""
    if not math.isfinite(value):
        return _NOTHING
    if not any(digit in text for digit in "123456789"):
        return text
    return f"{_MINUS if value < 0 else '+' if sign else ''}{text}"


@dataclass(frozen=True)
class Amounts:
    """How values of the target are written: `$208,500` for US dollars, `12.3 kWh` for kWh."""

    before: str = ""
    after: str = ""

    @classmethod
    def of(cls, unit: str | None) -> Amounts:
        """Return the way of writing a unit."""
        sign = _SIGNS.get((unit or "").casefold())
        if sign:
            return cls(before=sign)
        return cls(after=f" {unit}" if unit else "")

    def full(self, value: float, *, sign: bool = False) -> str:
        """Write a value in a sentence or a table."""
        return self._with_unit(plain(value, sign=sign))

    def short(self, value: float, *, sign: bool = False) -> str:
        """Write a value where there is little room."""
        return self._with_unit(short(value, sign=sign))

    def tick(self, value: float) -> str:
        """Write a value on an axis whose title names the unit."""
        return self._with_unit(short(value)) if self.before else short(value)

    def title(self, name: str) -> str:
        """Return an axis title, which names the unit where ticks do not."""
        return f"{name} ({self.after.strip()})" if self.after else name

    def range(self, name: str) -> str:
        """Write the range that names a group of values, such as `2 to 4`, with its unit."""
        return " to ".join(f"{self.before}{end}" for end in name.split(" to ")) + self.after

    def _with_unit(self, text: str) -> str:
        if text == _NOTHING:
            return text
        sign = text[0] if text[0] in (_MINUS, "+") else ""
        return f"{sign}{self.before}{text.removeprefix(sign)}{self.after}"
