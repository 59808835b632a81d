"""What one key says about another."""

import math
from collections.abc import Collection, Iterator, Mapping

from ..levels import level_text
from .derived import Derived, in_order
from .features import Feature
from .mistakes import Mistake, nearest, repeated
from .sections import Data, Encoding, Evaluation, Target
from .transforms import Bounds, transform_mistake

__all__ = ["Sections"]


class Sections:
    """The checks that need more than one section; parts that could not be read are left out."""

    def __init__(
        self,
        target: Target | None,
        data: Data | None,
        features: Mapping[str, Feature],
        derived: Mapping[str, Derived],
        encoding: Encoding | None,
        unread: Collection[str] = (),
        evaluation: Evaluation | None = None,
    ) -> None:
        self.target = target
        tokens = data.missing_values if data else ()
        self.tokens = frozenset((*tokens, *map(level_text, tokens)))
        self.features = features
        self.derived = derived
        self.encode = encoding.nominal if encoding else None
        self.unread = dict.fromkeys(unread)  # names that are known, and nothing else about them
        self.evaluation = evaluation or Evaluation()

    def mistakes(self) -> Iterator[Mistake]:
        """Find every mistake between sections."""
        yield from self._features()
        yield from self._aliases()
        for name, derived in self.derived.items():
            if name in self.features:
                yield ("derived", name), f"{name!r} is the name of a feature already"
            for text in self._inputs(derived):
                yield ("derived", name, derived.verb), text
        yield from self._cycles()
        yield from self._transforms()
        yield from self._evaluation()

    def _features(self) -> Iterator[Mistake]:
        if self.target and self.target.name in self.features:
            yield ("features", self.target.name), "is the target, and cannot be a feature as well"
        if self.target and self.target.name in self.derived:
            yield ("derived", self.target.name), "is the target, and cannot be a feature as well"
        columns: list[Feature | Derived] = [*self.features.values(), *self.derived.values()]
        uses = {column.use for column in columns}
        if self.features and not self.unread and "yes" not in uses:
            yield ("features",), "expected at least one feature with use: yes, got none"
        for name, feature in self.features.items():
            for level in feature.levels:
                if level in self.tokens:
                    text = f"{level!r} means missing (data.missing_values), and cannot be a level"
                    yield ("features", name, "levels"), text

    def _aliases(self) -> Iterator[Mistake]:
        owners: dict[str, str] = {}
        for name, feature in self.features.items():
            for alias in dict.fromkeys(feature.aliases):
                path = ("features", name, "aliases")
                if alias == name:
                    yield path, f"{alias!r} is the feature's own name"
                elif alias in self.features or alias in self.unread:
                    yield path, f"{alias!r} is the name of another feature"
                elif self.target and alias == self.target.name:
                    yield path, f"{alias!r} is the name of the target"
                elif alias in owners:
                    yield path, f"{alias!r} is an alias of {owners[alias]} already"
                owners.setdefault(alias, name)

    def _inputs(self, derived: Derived) -> Iterator[str]:
        for name in dict.fromkeys(derived.inputs):
            feature = self.features.get(name)
            if feature is not None:
                yield from self._feature_input(derived, name, feature)
            elif name in self.derived:
                if derived.verb == "equals":
                    yield f"expected a nominal feature, and {name} is a derived one"
                elif derived.verb == "above":
                    yield f"expected a feature, and {name} is a derived one"
            elif name not in self.unread:
                known = [*self.features, *self.derived, *self.unread]
                yield f"no feature is named {name!r}{nearest(name, known)}"

    def _feature_input(self, derived: Derived, name: str, feature: Feature) -> Iterator[str]:
        if feature.kind == "identifier":
            yield f"{name} is an identifier, and no feature can be made from it"
        elif feature.use == "no":
            yield f"{name} has use: no; give it use: derived"
        elif derived.verb == "equals" and feature.kind != "nominal":
            yield f"expected a nominal feature, and {name} has kind {feature.kind}"
        elif derived.verb in ("elapsed", "above") and feature.kind == "nominal":
            yield f"expected numbers or ranks, and {name} is nominal"
        elif derived.verb != "equals" and self._is_one_hot(feature):
            yield f"expected one number, and {name} is encoded one_hot; encode it mean or ordered"
        elif feature.levels:
            levels = frozenset(feature.levels)
            for level in derived.levels:
                if level not in levels:
                    yield f"{level!r} is no level of {name}{nearest(level, feature.levels)}"

    def _is_one_hot(self, feature: Feature) -> bool:
        return feature.kind == "nominal" and (feature.encode or self.encode) == "one_hot"

    def _cycles(self) -> Iterator[Mistake]:
        for cycle in in_order(self.derived)[1]:
            path = " from ".join([*cycle, cycle[0]])
            yield ("derived", cycle[0]), f"is made from itself: {path}"

    def _transforms(self) -> Iterator[Mistake]:
        """Follow the bounds through the derived features; unknown inputs have no mistake here."""
        order, cycles = in_order(self.derived)
        circular = {name for cycle in cycles for name in cycle}
        known = {name: one.bounds for name, one in self.features.items() if one.has_order}
        # A nominal stands for the mean target of its level or for a rank.
        priced = self.target is not None and (self.target.minimum or -1.0) >= 0
        encoded = Bounds(0.0, math.inf) if priced else Bounds()
        known |= {n: encoded for n, one in self.features.items() if one.kind == "nominal"}
        for name in order:
            derived = self.derived[name]
            inputs = () if derived.verb == "equals" else derived.inputs
            if name in circular or not known.keys() >= {*inputs}:
                continue
            known[name] = derived.bounds([known[one] for one in inputs])
            mistake = transform_mistake(derived.transform, known[name])
            if mistake:
                advice = f"; raise the minimum of {', '.join(dict.fromkeys(derived.inputs))}"
                yield ("derived", name, "transform"), mistake + advice

    def _evaluation(self) -> Iterator[Mistake]:
        evaluation = self.evaluation
        if not (self.features or self.unread):
            return
        for key, names in (("groups", evaluation.groups), ("without", evaluation.without)):
            for name in repeated(names):
                yield ("evaluation", key), f"{name!r} stands there more than once"
            known: dict[str, Feature | Derived] = {**self.features}
            if key == "without":
                known |= self.derived
            for name in dict.fromkeys(names):
                for text in self._scored(name, known):
                    yield ("evaluation", key), text
        if evaluation.stratify is not None:
            for text in self._stratify(evaluation.stratify):
                yield ("evaluation", "stratify"), text
        if evaluation.baseline is not None:
            for text in self._baseline(evaluation.baseline):
                yield ("evaluation", "baseline"), text

    def _stratify(self, name: str) -> Iterator[str]:
        yield from self._scored(name, {**self.features, **self.derived})
        feature = self.features.get(name)
        few = ("nominal", "ordinal", "year")
        if feature is not None and feature.use != "no" and feature.kind not in few:
            yield f"expected a column with few values, and {name} has kind {feature.kind}"

    def _baseline(self, name: str) -> Iterator[str]:
        yield from self._scored(name, {**self.features})
        feature = self.features.get(name)
        if feature is not None and feature.kind not in ("nominal", "ordinal", "identifier"):
            yield f"expected a nominal or ordinal feature, and {name} has kind {feature.kind}"

    def _scored(self, name: str, known: Mapping[str, Feature | Derived]) -> Iterator[str]:
        """Find what is wrong with a name that the evaluation takes from the model."""
        column = known.get(name)
        if column is None and name not in self.unread:
            yield f"no feature is named {name!r}{nearest(name, [*known, *self.unread])}"
        elif isinstance(column, Feature) and column.use == "no":
            yield f"{name} has use: no, and the model does without it"
