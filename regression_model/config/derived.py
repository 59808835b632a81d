"""Columns made from others, and the order to make them in."""

import functools
from collections.abc import Iterator, Mapping, Sequence
from graphlib import TopologicalSorter
from heapq import heappop, heappush
from typing import Literal, get_args

from .features import Bounds, Transform, unused_transform
from .mistakes import Mistake, repeated
from .values import Above, NameAndLevels, Pair, Product, Section, Sentence, Text, WeightedSum

__all__ = ["Derived", "in_order"]

Verb = Literal["sum", "product", "ratio", "elapsed", "equals", "above"]
_VERBS: tuple[Verb, ...] = get_args(Verb)


class Derived(Section):
    """A column made from others with one verb, before any transform of theirs."""

    sum: WeightedSum | None = None
    product: Product | None = None
    ratio: Pair | None = None
    elapsed: Pair | None = None
    equals: NameAndLevels | None = None
    above: Above | None = None
    transform: Transform = "none"
    use: Literal["yes", "derived"] = "yes"
    description: Sentence | None = None
    unit: Text | None = None

    @property
    def verb(self) -> Verb:
        """How the column is made."""
        return self._verbs[0]

    @property
    def _verbs(self) -> list[Verb]:
        return [verb for verb in _VERBS if getattr(self, verb) is not None]

    @property
    def inputs(self) -> tuple[str, ...]:
        """Names of the columns it is made from, in the order of the file."""
        if self.sum is not None:
            return tuple(name for name, _ in self.sum)
        if self.equals is not None:
            return self.equals[:1]
        if self.above is not None:
            return (self.above[0],)
        return self.product or self.ratio or self.elapsed or ()

    @property
    def terms(self) -> tuple[tuple[str, float], ...]:
        """Names and weights of a sum."""
        return self.sum or ()

    @property
    def levels(self) -> tuple[str, ...]:
        """Levels for which `equals` is 1."""
        return self.equals[1:] if self.equals else ()

    @property
    def threshold(self) -> float | None:
        """Number over which `above` is 1."""
        return self.above[1] if self.above else None

    def mistakes(self) -> Iterator[Mistake]:
        """Find no verb or several, a level that comes twice, a transform without effect."""
        if len(self._verbs) != 1:
            written = " and ".join(self._verbs) or "none"
            yield (), f"expected exactly one of {', '.join(_VERBS)}, got {written}"
        for level in repeated(self.levels):
            yield ("equals",), f"{level!r} is listed twice"
        if unused := unused_transform(self.transform, self.use):
            yield ("transform",), unused

    def bounds(self, inputs: Sequence[Bounds]) -> Bounds:
        """Bounds of the column, from the bounds of its inputs in their order."""
        if self.sum is not None:
            weights = [Bounds(weight, weight) for _, weight in self.sum]
            return functools.reduce(Bounds.plus, map(Bounds.times, inputs, weights))
        if self.product is not None:
            return functools.reduce(Bounds.times, inputs)
        if self.ratio is not None:
            return inputs[0].times(inputs[1].inverse())
        if self.elapsed is not None:
            later, earlier = inputs
            return Bounds(max(0.0, later.low - earlier.high), max(0.0, later.high - earlier.low))
        return Bounds(0.0, 1.0)


def in_order(derived: Mapping[str, Derived]) -> tuple[str, ...]:
    """Put every derived feature after its inputs, otherwise as in the file.

    Raises
    ------
    graphlib.CycleError
        When one is made from itself.
    """
    places = {name: place for place, name in enumerate(derived)}
    sorter = TopologicalSorter(
        {name: [one for one in made.inputs if one in places] for name, made in derived.items()}
    )
    sorter.prepare()
    ready: list[tuple[int, str]] = []
    order: list[str] = []
    while sorter.is_active():
        for name in sorter.get_ready():
            heappush(ready, (places[name], name))
        _, first = heappop(ready)
        order.append(first)
        sorter.done(first)
    return tuple(order)
