"""The layouts of the records met last, so that the next row with the same names is read at once."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, replace
from operator import itemgetter
from typing import Any

from ..contract import Contract
from .layout import Layout, unknown_names

__all__ = ["Layouts", "RecordLayout"]

_MOST_KEPT = 256
_MOST_CHARACTERS = 2_000_000  # in the names of all layouts that are kept
_OF_ONE = 200_000  # a layout with more of them is not kept
_OF_ANY_NAME = 50  # what a name takes beside its characters

Getter = Callable[[Any], tuple[Any, ...]]


@dataclass(frozen=True, slots=True)
class RecordLayout:
    """A layout of records, with the fastest way to fetch the cells that are there.

    The getters give the cells of the number and the category fields that came, and the places
    say which fields these are.
    """

    layout: Layout
    numbers: Getter
    categories: Getter
    number_places: tuple[int, ...]
    category_places: tuple[int, ...]
    is_full: bool

    @classmethod
    def of(cls, contract: Contract, names: tuple[Any, ...]) -> RecordLayout:
        """Match the names that came with the fields of the contract."""
        layout = Layout.of(contract, names)
        return cls(
            layout,
            _getter(layout.numbers),
            _getter(layout.categories),
            _places(layout.numbers),
            _places(layout.categories),
            None not in layout.numbers and None not in layout.categories,
        )


class Layouts:
    """The layouts of one contract that were used last; safe to share between threads.

    What clients send as names is kept for a while, to a bounded number and size.
    """

    def __init__(self, contract: Contract) -> None:
        self._contract = contract
        self._kept: dict[tuple[Any, ...], RecordLayout] = {}  # the one used last stands last
        self._characters = 0
        self._lock = threading.Lock()

    def __len__(self) -> int:
        return len(self._kept)

    def of(self, names: tuple[Any, ...]) -> RecordLayout:
        """Return the layout of records with these names."""
        with self._lock:
            layout = self._kept.pop(names, None)
            if layout is not None:
                self._kept[names] = layout
                return layout
        layout = self._make(names)
        size = _size(names)
        if size <= _OF_ONE:
            with self._lock:
                self._keep(names, layout, size)
        return layout

    def _make(self, names: tuple[Any, ...]) -> RecordLayout:
        canonical = self._contract.canonical_names
        known = tuple(name for name in names if name in canonical)
        if len(known) == len(names):
            return RecordLayout.of(self._contract, names)
        found = self.of(known)  # only the unknown names differ, of which there is no end
        unknown = unknown_names(self._contract, names)
        return replace(found, layout=replace(found.layout, names=names, unknown=unknown))

    def _keep(self, names: tuple[Any, ...], layout: RecordLayout, size: int) -> None:
        if names not in self._kept:
            self._characters += size
        self._kept[names] = layout
        while len(self._kept) > _MOST_KEPT or self._characters > _MOST_CHARACTERS:
            oldest = next(iter(self._kept))
            del self._kept[oldest]
            self._characters -= _size(oldest)


def _size(names: tuple[Any, ...]) -> int:
    """Return how much a tuple of names takes, or too much if they are not all text."""
    if not all(type(name) is str for name in names):
        return _OF_ONE + 1
    return sum(map(len, names)) + _OF_ANY_NAME * len(names)


def _getter(names: tuple[Any, ...]) -> Getter:
    came = tuple(name for name in names if name is not None)
    if len(came) > 1:
        return itemgetter(*came)
    return lambda row: tuple([row[name] for name in came])


def _places(names: tuple[Any, ...]) -> tuple[int, ...]:
    return tuple(at for at, name in enumerate(names) if name is not None)
