"""What a page is made of: sections with sentences, metrics_of, tables and pictures."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

__all__ = ["Picture", "Section", "Table", "Tile"]


@dataclass(frozen=True)
class Picture:
    """A picture with what it shows in words.

    Attributes
    ----------
    title, caption : str
    alternative : str
        For those who cannot see it; with the numbers that it shows.
    svg : str
    legend : list of (str, str)
        Words in the picture, each with what it means.
    """

    title: str
    caption: str
    alternative: str
    svg: str
    legend: Sequence[tuple[str, str]] = ()


@dataclass(frozen=True)
class Table:
    """A table; columns from `numbers_from` on hold numbers, up to `numbers_to`."""

    caption: str
    head: Sequence[str]
    rows: Sequence[Sequence[str]]
    numbers_from: int = 1
    numbers_to: int = 99


@dataclass(frozen=True)
class Tile:
    """A headline metric."""

    label: str
    value: str
    range: str
    meaning: str


@dataclass(frozen=True)
class Section:
    """A section of the page, in the order in which its parts are shown.

    Attributes
    ----------
    key : str
        Unique in the page: links point to it.
    short : str
        Its name in the table of contents.
    layout : str
        Of the pictures: `two` or `three` in a row, or `stacked` in two columns, for pictures of
        many heights; a picture alone has its words beside it.
    """

    key: str
    short: str
    title: str
    paragraphs: Sequence[str] = ()
    points: Sequence[tuple[str, str]] = ()
    tiles: Sequence[Tile] = ()
    tables: Sequence[Table] = ()
    pictures: Sequence[Picture] = ()
    layout: str = "two"
    folded: Sequence[tuple[str, Sequence[Table]]] = field(default_factory=tuple)
