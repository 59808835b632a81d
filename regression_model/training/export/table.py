"""The table that a pipeline passes from step to step, as it stands at one place of the graph.

A column of text never becomes a tensor. It is known as a list: what each level of its field has
been made into so far. Steps on text change the list while exporting, and once it holds numbers
the whole column is one look-up in the graph, whatever number of steps made it.
Columns of numbers live in blocks: tensors of shape (rows, columns) that are computed together.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from ...errors import ExportError
from ...runtime.contract import Contract
from ..arrays import Floats
from .graph import Graph
from .scaled import Native, ScaledColumns

__all__ = ["CODES", "LEVELS", "NUMBERS", "Levels", "Table"]


NUMBERS, LEVELS, CODES = "numbers", "levels", "codes"

ANY_OTHER = "\0any other level"  # stands for every text that no training row had


@dataclass(frozen=True)
class Levels:
    """A column that follows from one category field.

    `values` holds what each coded level, then *missing* and then *any other level*, became.
    """

    source: int
    values: tuple[Any, ...]

    def map(self, function: Callable[[Any], Any]) -> Levels:
        """Return the column with every value passed through `function`."""
        return Levels(self.source, tuple(function(value) for value in self.values))

    def look_up(self, numbers: Mapping[Any, float], otherwise: float = math.nan) -> Levels:
        """Return the column with the number of each value."""
        return self.map(lambda value: numbers.get(value, otherwise))

    def fill(self, filler: Any) -> Levels:
        """Return the column with `filler` where a value is missing."""
        return self.map(lambda value: filler if is_missing(value) else value)

    @property
    def is_numeric(self) -> bool:
        """Whether every level has become a number (or NaN)."""
        return all(isinstance(value, float) for value in self.values)


@dataclass
class Table:
    """The columns by name, in order, at one place of the graph."""

    graph: Graph
    contract: Contract
    names: list[str]
    levels: dict[str, Levels] = field(default_factory=dict)
    numbers: dict[str, tuple[str, int]] = field(default_factory=dict)
    widths: dict[str, int] = field(default_factory=dict)
    fills: dict[str, float] = field(default_factory=dict)
    codes: dict[str, Levels] = field(default_factory=dict)
    native: Native | None = None
    scaling: ScaledColumns | None = None

    @classmethod
    def of(cls, graph: Graph, contract: Contract, names: Sequence[str]) -> Table:
        """Start with the graph's inputs as the columns `names`."""
        table = cls(graph, contract, list(names))
        for source, category in enumerate(contract.categories):
            values = (*category.coded_levels, None, ANY_OTHER)
            table.levels[category.name] = Levels(source, values)
        table.numbers = {f.name: (NUMBERS, i) for i, f in enumerate(contract.numbers)}
        table.widths[NUMBERS] = len(contract.numbers)
        return table

    def fill(self, values: Mapping[str, float]) -> None:
        """Put a number in the place of NaN, in the named columns of numbers."""
        for name, value in values.items():
            if name in self.levels:
                self.levels[name] = self.levels[name].fill(float(value))
            elif name not in self.fills:
                self.fills[name] = float(value)

    def take(self, names: Sequence[str]) -> str:
        """Return a tensor of shape (rows, len(names)) with these columns as numbers.

        Raises
        ------
        ExportError
            When a column is text still, or has been scaled.
        """
        if self.scaling is not None:
            raise ExportError("A step after the StandardScaler has no ONNX export; clipping has.")
        block = self._join(self._blocks(names))
        at = [self.numbers[name][1] for name in names]
        if at == list(range(self.widths[block])):
            return block
        return self.graph.add("Gather", block, self.graph.indices(at), axis=1)

    def scale(self, names: Sequence[str], centre: Floats, spread: Floats) -> None:
        """Let the columns `names`, scaled, be all that the estimator takes.

        Raises
        ------
        ExportError
            When columns were scaled before.
        """
        if self.scaling is not None:
            raise ExportError("A pipeline with two scalers has no ONNX export.")
        self.names = list(names)
        tensor, found = self._take_in_any_order(names)
        order = np.array([self.names.index(name) for name in found])
        self.scaling = ScaledColumns(self.graph, tensor, order, centre, spread, native=self.native)

    def clip(self, lowest: Floats, highest: Floats) -> None:
        """Clip the scaled columns."""
        self.scaling = replace(self.scaled(), lowest=lowest, highest=highest)

    def scaled(self) -> ScaledColumns:
        """Return the columns as the estimator takes them.

        Raises
        ------
        ExportError
            When no step has scaled them.
        """
        if self.scaling is None:
            raise ExportError("A pipeline without a StandardScaler has no ONNX export.")
        return self.scaling

    def _take_in_any_order(self, names: Sequence[str]) -> tuple[str, list[str]]:
        """Return a tensor of exactly these columns, and their names in its order."""
        blocks = self._blocks(names)
        if sum(self.widths[block] for block in blocks) != len(names):
            return self.take(names), list(names)  # a block has other columns, perhaps NaN, too
        return self._join(blocks), sorted(names, key=lambda name: self.numbers[name][1])

    def _blocks(self, names: Sequence[str]) -> list[str]:
        """Return the blocks that columns are in, looked up and filled."""
        self._look_up(names)
        self._fill()
        return list(dict.fromkeys(self.numbers[name][0] for name in names))

    def put(self, tensor: str, names: Sequence[str]) -> None:
        """Let the columns of `tensor`, shape (rows, len(names)), be the named ones from now on."""
        self.widths[tensor] = len(names)
        for i, name in enumerate(names):
            self.levels.pop(name, None)
            self.fills.pop(name, None)
            self.numbers[name] = (tensor, i)
            if name not in self.names:
                self.names.append(name)

    def put_levels(self, name: str, levels: Levels) -> None:
        """Add or replace one column that follows from a category field."""
        self.levels[name] = levels
        if name not in self.names:
            self.names.append(name)

    def drop(self, names: Sequence[str]) -> None:
        """Forget columns."""
        self.names = [name for name in self.names if name not in names]

    def _join(self, blocks: Sequence[str]) -> str:
        """Make one block of several, for this use and all later ones."""
        if len(blocks) == 1:
            return blocks[0]
        joined = self.graph.add("Concat", *blocks, axis=1)
        self._replace(blocks, joined)
        return joined

    def _replace(self, blocks: Sequence[str], tensor: str) -> None:
        """Let the columns of `blocks`, one after the other, be those of `tensor` from now on."""
        start = 0
        for block in blocks:
            for name, (of, i) in self.numbers.items():
                if of == block:
                    self.numbers[name] = (tensor, start + i)
            start += self.widths[block]
        self.widths[tensor] = start

    def _look_up(self, names: Sequence[str]) -> None:
        """Turn every column of levels that has become numeric into numbers, all in one go."""
        for name in names:
            if name in self.levels and not self.levels[name].is_numeric:
                raise ExportError(f"The column {name} is text where the pipeline needs numbers.")
        if not any(name in self.levels for name in names):
            return
        ready = [n for n in self.names if n in self.levels and self.levels[n].is_numeric]
        self.put(self.look_up([self.levels[name] for name in ready]), ready)

    def look_up(self, columns: Sequence[Levels]) -> str:
        """Return a tensor of shape (rows, len(columns)) of levels that have become numbers."""
        sizes = [len(column.values) for column in columns]
        starts = np.cumsum([0, *sizes])[:-1]
        offsets = np.array([self.contract.offsets[column.source] for column in columns])
        codes = self.graph.add(
            "Gather", CODES_OF_ROWS, self.graph.indices([c.source for c in columns]), axis=1
        )
        places = self.graph.add("Add", codes, self.graph.indices(starts - offsets))
        values = self.graph.constant([value for column in columns for value in column.values])
        return self.graph.add("Gather", values, places)

    def _fill(self) -> None:
        """Emit the fills that were asked for, one for each block that has any."""
        for block in dict.fromkeys(self.numbers[name][0] for name in self.fills):
            fills = np.full(self.widths[block], np.nan)
            for name, value in self.fills.items():
                if self.numbers[name][0] == block:
                    fills[self.numbers[name][1]] = value
            filled = self.graph.add("Where", self.graph.add("IsNaN", block), fills, block)
            self._replace([block], filled)
        self.fills.clear()


def is_missing(value: Any) -> bool:
    """Whether a level stands for a missing value so far."""
    return value is None or isinstance(value, float) and math.isnan(value)


CODES_OF_ROWS = "codes_of_rows"
