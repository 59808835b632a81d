"""Columns made from others, and the order to make them in."""

import functools
from collections.abc import Collection, Mapping, Sequence
from heapq import heappop, heappush
from typing import Literal, Self

from pydantic import model_validator

from .mistakes import Mistake, either, raise_all, repeated
from .sections import Section
from .transforms import Bounds, Transform, unused_transform
from .values import Above, NameAndLevels, Pair, Product, Sentence, Text, WeightedSum

__all__ = ["VERBS", "Derived", "Verb", "in_order"]

Verb = Literal["sum", "product", "ratio", "elapsed", "equals", "above"]

VERBS: tuple[Verb, ...] = ("sum", "product", "ratio", "elapsed", "equals", "above")


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
        return next(verb for verb in VERBS if getattr(self, verb) is not None)

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

    @model_validator(mode="after")
    def _check(self) -> Self:
        mistakes: list[Mistake] = []
        verbs = [verb for verb in VERBS if getattr(self, verb) is not None]
        if len(verbs) != 1:
            written = " and ".join(verbs) or "none"
            mistakes.append(((), f"expected exactly one of {either(VERBS)}, got {written}"))
        mistakes += [(("equals",), f"{level!r} is listed twice") for level in repeated(self.levels)]
        unused = unused_transform(self.transform, self.use)
        mistakes += [(("transform",), unused)] if unused else []
        raise_all(mistakes)
        return self

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


def in_order(derived: Mapping[str, Derived]) -> tuple[list[str], list[list[str]]]:
    """Put every derived feature after its inputs, otherwise as in the file; name the cycles."""
    place = {name: i for i, name in enumerate(derived)}
    names = [*derived]
    unmet = {name: place.keys() & {*one.inputs} for name, one in derived.items()}
    users: dict[str, list[str]] = {name: [] for name in derived}
    for name, inputs in unmet.items():
        for one in inputs:
            users[one].append(name)
    ready = [place[name] for name, inputs in unmet.items() if not inputs]
    order: list[str] = []
    cycles: list[list[str]] = []
    while unmet:
        if ready:
            done = [names[heappop(ready)]]
        else:
            done = _cycle(unmet, derived)
            cycles.append(done)
        order += done
        for name in done:
            del unmet[name]
        for name in done:
            for user in users[name]:
                if user in unmet:
                    unmet[user].discard(name)
                    if not unmet[user]:
                        heappush(ready, place[user])
    return order, cycles


def _cycle(waiting: Collection[str], derived: Mapping[str, Derived]) -> list[str]:
    """Follow inputs that wait, from the first, until a name comes back."""
    name = next(iter(waiting))
    trail: dict[str, int] = {}
    while name not in trail:
        trail[name] = len(trail)
        name = next(one for one in derived[name].inputs if one in waiting)
    return [*trail][trail[name] :]
