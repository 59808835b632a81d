"""Rows made from the training profile in a model file, the same ones each time."""

from __future__ import annotations

import math
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from ..runtime.contract import Contract, Field
from ..runtime.model import Model
from ..times import seconds_of_text

__all__ = ["ProfileRows", "Row"]

Row = dict[str, Any]

_DRAWN = 1_000
_SHARE_CHANGED = 0.25  # of the fields of a drawn row: the others fit together
_SEED = 0
_MOST_LEVELS = 50  # of one field, the most frequent ones
_MOST_QUANTILES = 101
_MOST_VARIED = 5_000  # rows that change one field, where there are not thousands of fields
_MOST_CELLS = 200_000  # of the rows that are held at once
_LARGEST = sys.float_info.max


@dataclass(frozen=True)
class _Known:
    """What the training rows had in one field: numbers in order or levels, and their shares."""

    field: Field
    values: list[float] | list[str]
    shares: list[float]
    missing: float

    @property
    def typical(self) -> float | str | None:
        """The median or the most frequent level; None if most rows had nothing."""
        if not self.values or self.missing > 0.5:
            return None
        return self.values[len(self.values) // 2 if self.field.is_number else 0]

    def cell(self, value: float | str | None) -> float | str | None:
        """Return a value as a row has it."""
        if isinstance(value, float) and self.field.is_time:
            return self.field.time_text(value)
        return value

    def drawn(self, generator: np.random.Generator, rows: int) -> list[float | str | None]:
        """Draw as many values, by their shares or between the quantiles."""
        at, gone = generator.random(rows), generator.random(rows) < self.missing
        values: list[float | str | None]
        if not self.values:
            return [None] * rows
        if self.field.is_number:
            values = [*self._between(at).tolist()]
        else:
            ends = np.cumsum(self.shares) / sum(self.shares)
            places = np.minimum(ends.searchsorted(at, side="right"), len(ends) - 1)
            values = [self.values[place] for place in places.tolist()]
        return [None if is_gone else one for one, is_gone in zip(values, gone, strict=True)]

    def _between(self, at: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        quantiles = np.array(self.values, dtype=np.float64)
        found = np.interp(at, np.linspace(0, 1, len(quantiles)), quantiles)
        return np.round(found) if (quantiles == np.round(quantiles)).all() else found


class ProfileRows:
    """Rows that resemble the training rows of a model, in the fields that it uses.

    They are the typical row, that row with one field changed to each of its quantiles or levels and
    to nothing, the training rows that the file holds, and those rows with some fields drawn from
    the profile.
    """

    def __init__(self, model: Model, *, drawn: int = _DRAWN) -> None:
        manifest, contract = model.manifest, model.contract
        self._known = [*_known(contract, manifest)]
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
        rows: list[Row] = []
        labels: list[str] = []
        for row, label in self._rows():
            rows.append(row)
            labels.append(label)
            if len(rows) == most:
                yield rows, labels
                rows, labels = [], []
        if rows:
            yield rows, labels

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
        columns = [one.drawn(generator, self._drawn) for one in self._known]
        changed = generator.random((self._drawn, len(self._known))) < _SHARE_CHANGED
        for at, cells in enumerate(zip(*columns, strict=True)):
            row = dict(self._training[at % len(self._training)]) if self._training else {}
            for one, cell, is_changed in zip(self._known, cells, changed[at].tolist(), strict=True):
                if is_changed or not self._training:
                    row[one.field.name] = one.cell(cell)
            yield row, f"drawn row {at + 1}"


def _variations(known: _Known, most: int) -> Iterator[float | str | None]:
    """Yield values that are not the typical one: quantiles evenly, or the most frequent levels."""
    others: list[float | str | None] = [*known.values[: min(most, _MOST_LEVELS)]]
    if known.field.is_number:
        step = max(1, math.ceil((len(known.values) - 1) / (most - 1)))
        others = [*known.values[::step], *known.values[-1:]]
    if not known.field.required:
        others.append(None)
    typical = known.typical
    yield from dict.fromkeys(value for value in others if value != typical)


def _known(contract: Contract, manifest: Mapping[str, Any]) -> Iterator[_Known]:
    """Read the profile; what a file does not say is taken from the contract in it."""
    profile = manifest.get("profile", {})
    for field in (*contract.numbers, *contract.categories):
        of_field = profile.get(field.name, {})
        missing = of_field.get("missing", 0.0)
        if field.required or not _is_number(missing) or not 0 <= missing <= 1:
            missing = 0.0
        if field.is_number:
            values = _quantiles(field, of_field.get("deciles"))
            yield _Known(field, values, [], missing if values else 1.0)
        else:
            shares = _shares(field, of_field.get("shares"))
            yield _Known(field, [*shares], [*shares.values()], missing)


def _quantiles(field: Field, recorded: Any) -> list[float]:
    if isinstance(recorded, list) and 1 < len(recorded) <= _MOST_QUANTILES:
        try:
            days = field.kind == "date"
            found = [seconds_of_text(q, days=days) if field.is_time else q for q in recorded]
        except (AttributeError, TypeError, ValueError):
            found = []
        if found and all(map(_is_number, found)):
            return sorted(map(float, found))
    ends = field.training_range or (field.minimum, field.maximum)
    return [float(end) for end in ends if end is not None]


def _shares(field: Field, recorded: Any) -> dict[str, float]:
    """Return the share of each level, the most frequent one first."""
    known = {}
    for level in field.coded_levels if isinstance(recorded, dict) else ():
        share = recorded.get(level)
        if _is_number(share) and share > 0:
            known[level] = float(share)
    known = known or dict.fromkeys(field.coded_levels, 1.0)
    return dict(sorted(known.items(), key=lambda item: (-item[1], item[0])))


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and type(value) is not bool and abs(value) <= _LARGEST
