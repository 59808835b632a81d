"""One raw column of the table, and the bounds that a transform of it needs."""

import itertools
import math
import sys
from collections.abc import Iterator, Mapping
from typing import Literal, NamedTuple

from pydantic import ValidationInfo, field_validator, model_validator

from ..levels import BOOLEAN_LEVELS, boolean_level, is_number_text, level_text
from ..times import seconds_of, time_text
from .mistakes import Mistake, expected, nearest, repeated
from .values import (
    Levels,
    Meanings,
    Number,
    Section,
    Sentence,
    Text,
    Words,
    YesNo,
    read_number,
    read_text,
)

__all__ = [
    "PARTS",
    "Bounds",
    "Encode",
    "Feature",
    "Transform",
    "columns_of_part",
    "transform_mistake",
    "unused_transform",
]

Encode = Literal["ordered", "mean", "one_hot", "target"]
FeatureEncode = Literal["value", Encode]
Kind = Literal["number", "year", "date", "timestamp", "boolean", "nominal", "ordinal", "identifier"]
Transform = Literal["none", "log", "log1p", "sqrt", "yeo_johnson", "binary"]

_BOUNDS = {"unit", "minimum", "maximum", "cap"}
_OF_LEVELS = {"levels", "meanings", "encode"}
_NOT_OF_TIMES = {"unit", "cap", "transform"} | _OF_LEVELS
_FOREIGN: Mapping[Kind, set[str]] = {  # the keys that a kind does not have
    "number": _OF_LEVELS | {"parts"},
    "year": _OF_LEVELS | {"parts"},
    "date": _NOT_OF_TIMES,
    "timestamp": _NOT_OF_TIMES,
    "boolean": _BOUNDS | {"levels", "transform", "encode", "parts"},
    "ordinal": _BOUNDS | {"parts"},
    "nominal": _BOUNDS | {"transform", "parts"},
    "identifier": _BOUNDS
    | _OF_LEVELS
    | {"parts", "missing", "missing_means", "flag_missing", "transform"},
}


class Bounds(NamedTuple):
    """The lowest and the highest value that a column can have."""

    low: float = -math.inf
    high: float = math.inf

    def plus(self, other: "Bounds") -> "Bounds":
        """Bounds of x + y."""
        return Bounds(self.low + other.low, self.high + other.high)

    def times(self, other: "Bounds") -> "Bounds":
        """Bounds of x * y."""
        corners = [a * b if a and b else 0.0 for a in self for b in other]
        return Bounds(min(corners), max(corners))

    def inverse(self) -> "Bounds":
        """Bounds of 1 / x, with 0 where x is 0."""
        if self.low > 0:
            return Bounds(min(1 / self.high, sys.float_info.max), 1 / self.low)
        return Bounds(0.0, math.inf) if self.low == 0 else Bounds()


PARTS: Mapping[str, Bounds] = {  # of a date or timestamp, with their bounds
    "year": Bounds(1, 9999),
    "month": Bounds(1, 12),
    "day": Bounds(1, 31),
    "weekday": Bounds(0, 6),
    "day_of_year": Bounds(1, 366),
    "hour": Bounds(0, 23),
    "minute": Bounds(0, 59),
    "elapsed_days": Bounds(),
    "month_cycle": Bounds(-1, 1),
    "weekday_cycle": Bounds(-1, 1),
    "day_of_year_cycle": Bounds(-1, 1),
    "hour_cycle": Bounds(-1, 1),
}
_OF_TIMESTAMPS = {"hour", "minute", "hour_cycle"}


def columns_of_part(name: str, part: str) -> tuple[str, ...]:
    """Return what the columns of a part of the feature `name` are called."""
    if part.endswith("_cycle"):
        return f"{name}_{part}_sine", f"{name}_{part}_cosine"
    return (f"{name}_{part}",)


def transform_mistake(transform: Transform, bounds: Bounds) -> str | None:
    """Say what a transform needs of the minimum, if the minimum is too low."""
    low = "and there is no lower bound" if bounds.low == -math.inf else f"got {bounds.low:g}"
    if transform == "log" and bounds.low <= 0:
        return f"log needs a minimum above 0, {low}"
    if transform == "log1p" and bounds.low <= -1:
        return f"log1p needs a minimum above -1, {low}"
    if transform == "sqrt" and bounds.low < 0:
        return f"sqrt needs a minimum of 0 or more, {low}"
    return None


def unused_transform(transform: Transform, use: str) -> str | None:
    """Say that a transform does nothing, if the model does not see its column."""
    if use == "derived" and transform != "none":
        return "has no effect: the model sees only what is made from it"
    return None


class Feature(Section):
    """One raw column: what it may hold, what a missing value means, how the model uses it."""

    description: Sentence
    group: Sentence | None = None
    kind: Kind
    unit: Text | None = None
    use: Literal["yes", "derived", "no"] = "yes"
    minimum: Number | None = None
    maximum: Number | None = None
    cap: Number | None = None
    levels: Levels = ()
    meanings: Meanings = {}
    aliases: Words = ()
    missing: str | float | None = None
    missing_means: Sentence | None = None
    flag_missing: YesNo = False
    transform: Transform = "none"
    encode: FeatureEncode | None = None
    parts: Words = ()

    @property
    def required(self) -> bool:
        """Whether a row without this value gets no prediction."""
        return self.use != "no" and self.missing is None

    @property
    def is_numeric(self) -> bool:
        """Whether the column holds numbers."""
        return self.kind in ("number", "year")

    @property
    def is_time(self) -> bool:
        """Whether the column holds dates or timestamps, which count as seconds since 1970."""
        return self.kind in ("date", "timestamp")

    def part_columns(self, name: str) -> dict[str, Bounds]:
        """Return the columns that the parts of this feature, called `name`, make."""
        return {
            column: PARTS[part] for part in self.parts for column in columns_of_part(name, part)
        }

    @property
    def has_order(self) -> bool:
        """Whether the column holds numbers or ranks, and may be calculated with."""
        return self.use != "no" and (self.is_numeric or self.kind in ("ordinal", "boolean"))

    @property
    def ranked_levels(self) -> tuple[str, ...]:
        """The levels that count with their rank: of an ordinal feature, and no and yes."""
        if self.kind == "boolean":
            return BOOLEAN_LEVELS
        return self.levels if self.kind == "ordinal" else ()

    @property
    def level_meanings(self) -> tuple[str, ...]:
        """What each level means, as many as there are levels; none if no level has a meaning."""
        meanings = {_level_of(key, self.kind): text for key, text in self.meanings.items()}
        levels = self.ranked_levels or self.levels
        return tuple(meanings.get(level, "") for level in levels) if meanings else ()

    @property
    def bounds(self) -> Bounds:
        """Bounds of the numbers, or of the ranks of an ordinal or boolean feature."""
        if self.encode == "value" and self.levels and all(map(is_number_text, self.levels)):
            values = [*map(float, self.levels)]
            return Bounds(min(values), max(values))
        if self.ranked_levels:
            return Bounds(0.0, float(len(self.ranked_levels) - 1))
        low = -math.inf if self.minimum is None else self.minimum
        highs = [high for high in (self.maximum, self.cap) if high is not None]
        return Bounds(low, min(highs, default=math.inf))

    @model_validator(mode="before")
    @classmethod
    def _leave_out_identifiers(cls, values: object) -> object:
        if isinstance(values, Mapping) and values.get("kind") == "identifier":
            return {"use": "no", **values}
        return values

    @field_validator("minimum", "maximum", mode="before")
    @classmethod
    def _read_bound(cls, value: object, info: ValidationInfo) -> object:
        kind = info.data.get("kind")
        return _read_time(value, kind) if kind in ("date", "timestamp") else value

    @field_validator("parts")
    @classmethod
    def _read_parts(cls, value: tuple[str, ...], info: ValidationInfo) -> tuple[str, ...]:
        foreign = _OF_TIMESTAMPS if info.data.get("kind") == "date" else set()
        known = [part for part in PARTS if part not in foreign]
        for part in value:
            if part in foreign:
                raise ValueError(f"a date has no {part}: expected kind timestamp, or other parts")
            if part not in known:
                raise ValueError(f"no part is called {part!r}{nearest(part, known, label='parts')}")
        return value

    @field_validator("missing", mode="before")
    @classmethod
    def _read_missing(cls, value: object, info: ValidationInfo) -> str | float:
        kind = info.data.get("kind")
        if kind in ("date", "timestamp"):
            return "median" if value == "median" else _read_time(value, kind, "median")
        if kind not in ("number", "year"):
            return _level_of(read_text(value), kind)
        if value in ("median", "mean", "most_frequent"):
            return str(value)
        try:
            return read_number(value)
        except ValueError:
            raise expected("median, mean, most_frequent or a number", value) from None

    def mistakes(self) -> Iterator[Mistake]:
        """Find keys of other kinds, and what the values say against each other."""
        for alias in repeated(self.aliases):
            yield ("aliases",), f"{alias!r} is listed twice"
        if self.kind == "identifier" and self.use != "no":
            yield ("use",), f"an identifier is never used: expected no, got {self.use!r}"
        foreign = self.model_fields_set & _FOREIGN[self.kind]
        article = "an" if self.kind in ("ordinal", "identifier") else "a"
        for key in sorted(foreign):
            yield (key,), f"not a key of {article} {self.kind} feature"
        if not foreign:
            yield from self._bound_mistakes()
            yield from self._level_mistakes()
            yield from self._meaning_mistakes()
            yield from self._missing_mistakes()
            yield from self._part_mistakes()

    def _bound_mistakes(self) -> Iterator[Mistake]:
        low = self.bounds.low
        if self.maximum is not None and low > self.maximum:
            most, least = self._shown(self.maximum), self._shown(low)
            yield ("minimum",), f"expected at most the maximum {most}, got {least}"
        elif self.cap is not None and low > self.cap:
            yield ("cap",), f"expected at least the minimum {low:g}, got {self.cap:g}"
        unused = unused_transform(self.transform, self.use)
        if mistake := unused or transform_mistake(self.transform, self.bounds):
            yield ("transform",), mistake

    def _level_mistakes(self) -> Iterator[Mistake]:
        if self.kind == "ordinal" and not self.levels:
            text = "required key is missing: an ordinal feature lists its levels in order"
            yield ("levels",), text
        for level in repeated(self.levels):
            yield ("levels",), f"{level!r} is listed twice"
        if self.kind == "ordinal" and self.encode not in (None, "value"):
            what = "expected value, the only encoding of an ordinal feature"
            yield ("encode",), f"{what}, got {self.encode!r}"
        elif self.kind == "nominal" and self.encode == "value":
            yield ("encode",), "value is for an ordinal feature, whose levels are numbers"
        elif self.encode == "value":
            for level in itertools.filterfalse(is_number_text, self.levels):
                yield ("encode",), f"value needs levels that are numbers, got {level!r}"

    def _meaning_mistakes(self) -> Iterator[Mistake]:
        levels, seen = self.ranked_levels or self.levels, set()
        if self.meanings and not levels:
            yield ("meanings",), "needs 'levels' too: the levels that have these meanings"
            return
        for key in self.meanings:
            level = _level_of(key, self.kind)
            if level not in levels:
                yield ("meanings", key), f"{key!r} is not a level{nearest(key, levels)}"
            elif level in seen:
                yield ("meanings", key), f"the level {level!r} has a meaning already"
            seen.add(level)

    def _missing_mistakes(self) -> Iterator[Mistake]:
        if self.flag_missing and self.missing is None:
            yield ("flag_missing",), "needs 'missing' too: what stands in for a missing value"
        if isinstance(self.missing, float):
            if not self.bounds.low <= self.missing <= self.bounds.high:
                what = "date" if self.is_time else "number"
                got = self._shown(self.missing)
                yield ("missing",), f"expected a {what} within the bounds, got {got}"
            return
        known = self.ranked_levels or self.levels
        if self.is_numeric or self.is_time or self.missing in (None, "most_frequent", *known):
            return
        if self.kind == "boolean":
            yield ("missing",), f"expected yes, no or most_frequent, got {self.missing!r}"
        elif self.levels or self.missing in ("median", "mean"):
            near = nearest(str(self.missing), self.levels)
            yield ("missing",), f"expected most_frequent or a level, got {self.missing!r}{near}"

    def _part_mistakes(self) -> Iterator[Mistake]:
        for part in repeated(self.parts):
            yield ("parts",), f"{part!r} is listed twice"
        if self.is_time and self.use != "no" and not self.parts:
            yield ("parts",), (
                f"required key is missing: what the model sees of a {self.kind}, such as "
                "year, month, weekday, elapsed_days"
            )

    def _shown(self, value: float) -> str:
        return time_text(value, days=self.kind == "date") if self.is_time else f"{value:g}"


def _level_of(text: str, kind: Kind | None) -> str:
    """Return the level that a text in the file stands for."""
    return boolean_level(text) if kind == "boolean" else level_text(text)


def _read_time(value: object, kind: str, other: str = "") -> float:
    """Read a date or a timestamp as seconds; numbers were read before."""
    if isinstance(value, float):
        return value
    try:
        return seconds_of(value, days=kind == "date")
    except ValueError:
        example = "2010-06-01" if kind == "date" else "2010-06-01T13:00:05"
        raise expected(f"{other and f'{other} or '}a date such as {example}", value) from None
