"""What one section says about another, once each of them can be read."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from graphlib import CycleError
from typing import TYPE_CHECKING

from ..levels import BOOLEAN_LEVELS, boolean_level, level_text
from .derived import Derived, in_order
from .features import Bounds, Feature, transform_mistake
from .mistakes import KeyPath, Mistake, nearest, repeated

if TYPE_CHECKING:
    from .core import Contents

__all__ = ["mistakes_between"]


def mistakes_between(contents: Contents) -> Iterator[Mistake]:
    """Find every mistake between sections."""
    yield from _names(contents)
    yield from _levels(contents)
    yield from _aliases(contents)
    for name, derived in contents.derived.items():
        for text in _inputs(contents, derived):
            yield ("derived", name, derived.verb), text
    try:
        order = in_order(contents.derived)
    except CycleError as error:
        yield _cycle(contents.derived, error.args[1])
    else:
        yield from _transforms(contents, order)
    yield from _weight(contents)
    yield from _split(contents)
    yield from _evaluation(contents)
    yield from _losses(contents)
    ignored = contents.monitoring.ignore
    yield from _scored_names(("monitoring", "ignore"), ignored, contents.features)


def _weight(contents: Contents) -> Iterator[Mistake]:
    name, path = contents.data.weight, ("data", "weight")
    if name is None:
        return
    if name == contents.target.name:
        yield path, f"{name!r} is the target, and cannot be the weight as well"
    aliases = {alias for feature in contents.features.values() for alias in feature.aliases}
    if name in {*contents.features, *contents.derived, *aliases}:
        yield path, f"{name!r} is described as a feature: take it out there, or name another column"
    for kind, member in contents.estimator.members.items():
        if not member.takes_row_weights:
            yield path, f"{kind} takes no weights: leave out the weight, or that member"


def _split(contents: Contents) -> Iterator[Mistake]:
    name, path = contents.evaluation.split_column, ("evaluation", "split")
    if name == contents.target.name:
        yield path, f"{name!r} is the target: name a column that is known before it"
    elif name in contents.derived:
        yield path, f"{name} is a derived feature: name a column of the training rows"
    for feature, described in contents.features.items():
        if name in described.aliases:
            yield path, f"{name!r} is an alias of {feature}: name {feature}"
    if contents.evaluation.is_by_time and contents.tuning.repeats > 1:
        yield ("tuning", "repeats"), "expected 1: a split by time is always the same"


def _names(contents: Contents) -> Iterator[Mistake]:
    for section in ("features", "derived"):
        if contents.target.name in getattr(contents, section):
            path = (section, contents.target.name)
            yield path, "is the target, and cannot be a feature as well"
    for name in contents.derived:
        if name in contents.features:
            yield ("derived", name), f"{name!r} is the name of a feature already"
    for name, feature in contents.features.items():
        for column in feature.part_columns(name):
            if column in contents.features or column in contents.derived:
                parts = ("features", name, "parts")
                yield parts, f"would make the column {column}, which is the name of another one"
    columns: list[Feature | Derived] = [*contents.features.values(), *contents.derived.values()]
    if not any(column.use == "yes" for column in columns):
        yield ("features",), "expected at least one feature with use: yes, got none"


def _levels(contents: Contents) -> Iterator[Mistake]:
    tokens = {*contents.data.missing_values, *map(level_text, contents.data.missing_values)}
    for name, feature in contents.features.items():
        if feature.kind == "boolean":
            for token in contents.data.missing_values:
                if (level := boolean_level(token)) in BOOLEAN_LEVELS:
                    text = f"{token!r} means missing (data.missing_values), and {level} here"
                    yield ("features", name, "kind"), text
        for level in feature.levels:
            if level in tokens:
                text = f"{level!r} means missing (data.missing_values), and cannot be a level"
                yield ("features", name, "levels"), text


def _aliases(contents: Contents) -> Iterator[Mistake]:
    owners: dict[str, str] = {}
    for name, feature in contents.features.items():
        path = ("features", name, "aliases")
        for alias in feature.aliases:
            if alias == name:
                yield path, f"{alias!r} is the feature's own name"
            elif alias in contents.features:
                yield path, f"{alias!r} is the name of another feature"
            elif alias == contents.target.name:
                yield path, f"{alias!r} is the name of the target"
            elif alias in owners:
                yield path, f"{alias!r} is an alias of {owners[alias]} already"
            owners.setdefault(alias, name)


def _inputs(contents: Contents, derived: Derived) -> Iterator[str]:
    for name in dict.fromkeys(derived.inputs):
        feature = contents.features.get(name)
        if feature is not None:
            yield from _feature_input(contents, derived, name, feature)
        elif name in contents.part_columns:
            if derived.verb == "equals":
                yield f"expected a nominal feature, and {name} is a part of a date"
        elif name not in contents.derived:
            known = [*contents.features, *contents.derived, *contents.part_columns]
            near = nearest(name, known)
            yield f"no feature is named {name!r}{near}"
        elif derived.verb in ("equals", "above"):
            yield f"{derived.verb} needs a feature, and {name} is a derived one"


def _feature_input(
    contents: Contents, derived: Derived, name: str, feature: Feature
) -> Iterator[str]:
    is_one_hot = (feature.encode or contents.encoding.nominal) == "one_hot"
    if feature.kind == "identifier":
        yield f"{name} is an identifier, and no feature can be made from it"
    elif feature.use == "no":
        yield f"{name} has use: no; give it use: derived"
    elif feature.is_time:
        columns = ", ".join(feature.part_columns(name)) or "none"
        yield f"{name} is a {feature.kind}; what counts are its parts: {columns}"
    elif derived.verb == "equals" and feature.kind != "nominal":
        yield f"expected a nominal feature, and {name} has kind {feature.kind}"
    elif derived.verb in ("elapsed", "above") and feature.kind == "nominal":
        yield f"expected numbers or ranks, and {name} is nominal"
    elif derived.verb != "equals" and feature.kind == "nominal" and is_one_hot:
        yield f"expected one number, and {name} is encoded one_hot; encode it mean or ordered"
    elif feature.levels:
        levels = frozenset(feature.levels)
        for level in derived.levels:
            if level not in levels:
                yield f"{level!r} is not a level of {name}{nearest(level, feature.levels)}"


def _cycle(derived: Iterable[str], found: list[str]) -> Mistake:
    """Say what is made from itself, from the first in the file on; each `found` makes the next."""
    cycle, names = found[:0:-1], frozenset(found)
    begin = cycle.index(next(name for name in derived if name in names))
    path = [*cycle[begin:], *cycle[: begin + 1]]
    return ("derived", path[0]), f"is made from itself: {' from '.join(path)}"


def _transforms(contents: Contents, order: tuple[str, ...]) -> Iterator[Mistake]:
    """Follow the bounds through the derived features; unknown inputs have no mistake here."""
    known = {name: one.bounds for name, one in contents.features.items() if one.has_order}
    # A nominal stands for the mean target of its level or for a rank.
    low = contents.target.minimum
    encoded = Bounds() if low is None or low < 0 else Bounds(0.0, math.inf)
    for name, feature in contents.features.items():
        known |= feature.part_columns(name)
    known |= {n: encoded for n, one in contents.features.items() if one.kind == "nominal"}
    for name in order:
        derived = contents.derived[name]
        inputs = () if derived.verb == "equals" else derived.inputs
        if not known.keys() >= {*inputs}:
            continue
        known[name] = derived.bounds([known[one] for one in inputs])
        if mistake := transform_mistake(derived.transform, known[name]):
            advice = f"; raise the minimum of {', '.join(dict.fromkeys(derived.inputs))}"
            yield ("derived", name, "transform"), mistake + advice


def _evaluation(contents: Contents) -> Iterator[Mistake]:
    evaluation, features = contents.evaluation, contents.features
    columns: dict[str, Feature | Derived] = {**features, **contents.derived}
    yield from _scored_names(("evaluation", "groups"), evaluation.groups, features)
    yield from _scored_names(("evaluation", "without"), evaluation.without, columns)
    name, kinds = evaluation.stratify, {"nominal", "ordinal", "boolean"}
    few = "column with few values"
    if name is not None and (text := _scored(name, columns, few, {*kinds, "year"})):
        yield ("evaluation", "stratify"), text
    name, what = evaluation.baseline, "nominal, ordinal or boolean feature"
    if name is not None and (text := _scored(name, features, what, kinds)):
        yield ("evaluation", "baseline"), text


def _scored_names(
    path: KeyPath, names: Sequence[str], known: Mapping[str, Feature | Derived]
) -> Iterator[Mistake]:
    for name in repeated(names):
        yield path, f"{name!r} stands there more than once"
    for name in dict.fromkeys(names):
        if text := _scored(name, known):
            yield path, text


def _scored(
    name: str, known: Mapping[str, Feature | Derived], what: str = "", kinds: Collection[str] = ()
) -> str | None:
    """Say what is wrong with a column that the evaluation takes from the model."""
    column = known.get(name)
    if column is None:
        return f"no feature is named {name!r}{nearest(name, known)}"
    if column.use == "no":
        return f"{name} has use: no, and the model does without it"
    if isinstance(column, Feature) and kinds and column.kind not in kinds:
        return f"expected a {what}, and {name} has kind {column.kind}"
    return None


def _losses(contents: Contents) -> Iterator[Mistake]:
    """Find a loss that predicts by a logarithm of its own, where the target does not allow it."""
    member, target = contents.estimator.hist_gradient_boosting, contents.target
    if member is None or member.loss not in ("poisson", "gamma"):
        return
    path = ("estimator", "hist_gradient_boosting", "loss")
    low = -math.inf if target.minimum is None else target.minimum
    if target.transform != "none":
        yield path, (
            f"{member.loss} learns the logarithm of a mean by itself, and target.transform is "
            f"{target.transform}: set that to none, or take another loss"
        )
    elif low < 0 or member.loss == "gamma" and low == 0:
        needed = "of 0 or more" if member.loss == "poisson" else "above 0"
        yield path, f"{member.loss} needs a target.minimum {needed}"
