"""Rows made from the training profile in a model file, the same ones each time."""

from __future__ import annotations

import math
from collections.abc import Iterator
from itertools import islice
from typing import Any

import numpy as np
import numpy.typing as npt

from ..runtime.model import Model
from ..runtime.profile import Known, known_fields

__all__ = ["ProfileRows", "Row"]

Row = dict[str, Any]
Floats = npt.NDArray[np.float64]

_ROWS_DRAWN = 1_000
_SHARE_CHANGED = 0.25  # of the fields of a drawn row: the others fit together
_SEED = 0
_MOST_LEVELS = 50  # of one field, the most frequent ones
_MOST_VARIED = 5_000  # rows that change one field, where there are not thousands of fields
_MOST_CELLS = 200_000  # of the rows that are held at once


class ProfileRows:
    """Rows that resemble the training rows of a model, in the fields that it uses.

    They are the typical row, that row with one field changed to each of its quantiles or levels and
    to nothing, the training rows that the file holds, and those rows with some fields drawn from
    the profile.
    """

    def __init__(self, model: Model, *, drawn: int = _ROWS_DRAWN) -> None:
        manifest = model.manifest
        self._known = [*known_fields(model.contract, manifest)]
        self._typical = {one.field.name: one.cell(one.typical) for one in self._known}
        self._training: list[Row] = manifest.get("background", [])
        self._drawn = drawn
        most = max(3, _MOST_VARIED // len(self._known))
        self._varied = [(one, value) for one in self._known for value in _variations(one, most)]

    @property
    def described(self) -> str:
        """How many rows there are of each kind, in words."""
        return (
            f"the typical row, {len(self._varied):,} that change one field of it, "
            f"{len(self._training):,} training rows, and {self._drawn:,} like them with some "
            "fields drawn from the profile"
        )

    def slices(self) -> Iterator[tuple[list[Row], list[str]]]:
        """Yield some rows at a time, with what each is called."""
        most = max(1, min(1_000, _MOST_CELLS // len(self._known)))
        every = self._rows()
        while some := [*islice(every, most)]:
            yield [row for row, _ in some], [label for _, label in some]

    def _rows(self) -> Iterator[tuple[Row, str]]:
        yield self._typical, "the typical row"
        for one, value in self._varied:
            cell = one.cell(value)
            shown = "missing" if cell is None else f"{cell:.15g}" if type(cell) is float else cell
            name = one.field.name
            yield {**self._typical, name: cell}, f"the typical row with {name} {shown}"
        for at, row in enumerate(self._training, start=1):
            yield row, f"training row {at}"
        generator = np.random.default_rng(_SEED)
        columns = [_drawn(one, generator, self._drawn) for one in self._known]
        changed = generator.random((self._drawn, len(self._known))) < _SHARE_CHANGED
        for at, cells in enumerate(zip(*columns, strict=True)):
            row = dict(self._training[at % len(self._training)]) if self._training else {}
            for one, cell, is_changed in zip(self._known, cells, changed[at].tolist(), strict=True):
                if is_changed or not self._training:
                    row[one.field.name] = one.cell(cell)
            yield row, f"drawn row {at + 1}"


def _variations(known: Known, most: int) -> Iterator[float | str | None]:
    """Yield values that are not the typical one: quantiles evenly, or the most frequent levels."""
    others: list[float | str | None] = [*known.values[: min(most, _MOST_LEVELS)]]
    if known.field.is_number:
        step = max(1, math.ceil((len(known.values) - 1) / (most - 1)))
        others = [*known.values[::step], *known.values[-1:]]
    if not known.field.required:
        others.append(None)
    typical = known.typical
    yield from dict.fromkeys(value for value in others if value != typical)


def _drawn(known: Known, generator: np.random.Generator, rows: int) -> list[float | str | None]:
    """Draw as many values, by their shares or between the quantiles."""
    at, gone = generator.random(rows), generator.random(rows) < known.missing
    values: list[float | str | None]
    if not known.values:
        return [None] * rows
    if known.field.is_number:
        values = [*_between(np.array(known.values, dtype=np.float64), at).tolist()]
    else:
        ends = np.cumsum(known.shares) / sum(known.shares)
        places = np.minimum(ends.searchsorted(at, side="right"), len(ends) - 1)
        values = [known.values[place] for place in places.tolist()]
    return [None if is_gone else one for one, is_gone in zip(values, gone, strict=True)]


def _between(quantiles: Floats, at: Floats) -> Floats:
    found = np.interp(at, np.linspace(0, 1, len(quantiles)), quantiles)
    return np.round(found) if (quantiles == np.round(quantiles)).all() else found
