"""One raw column of the table."""

import math
from collections.abc import Iterator, Mapping
from typing import Literal, Self

from pydantic import ValidationInfo, field_validator, model_validator

from ..levels import level_text
from .mistakes import Mistake, expected, nearest, raise_all, repeated
from .sections import Encode, Section
from .transforms import Bounds, Transform, transform_mistake, unused_transform
from .values import Levels, Number, Sentence, Text, Words, YesNo, read_number, read_text

__all__ = ["Feature", "Kind"]

Kind = Literal["number", "year", "nominal", "ordinal", "identifier"]

_NUMERIC_KEYS = frozenset(
    {
        "unit",
        "use",
        "minimum",
        "maximum",
        "cap",
        "missing",
        "missing_means",
        "flag_missing",
        "transform",
    }
)
_LEVEL_KEYS = frozenset({"use", "levels", "missing", "missing_means", "flag_missing"})
_KEYS: Mapping[str, frozenset[str]] = {  # beside description, kind and aliases
    "number": _NUMERIC_KEYS,
    "year": _NUMERIC_KEYS,
    "ordinal": _LEVEL_KEYS | {"transform"},
    "nominal": _LEVEL_KEYS | {"encode"},
    "identifier": frozenset({"use"}),
}


class Feature(Section):
    """One raw column: what it may hold, what a missing value means, how the model uses it."""

    description: Sentence
    kind: Kind
    unit: Text | None = None
    use: Literal["yes", "derived", "no"] = "yes"
    minimum: Number | None = None
    maximum: Number | None = None
    cap: Number | None = None
    levels: Levels = ()
    aliases: Words = ()
    missing: str | float | None = None
    missing_means: Sentence | None = None
    flag_missing: YesNo = False
    transform: Transform = "none"
    encode: Encode | None = None

    @property
    def required(self) -> bool:
        """Whether a row without this value gets no prediction."""
        return self.use != "no" and self.missing is None

    @property
    def is_numeric(self) -> bool:
        """Whether the column holds numbers."""
        return self.kind in ("number", "year")

    @property
    def has_order(self) -> bool:
        """Whether the column holds numbers or ranks, and may be calculated with."""
        return self.use != "no" and (self.is_numeric or self.kind == "ordinal")

    @property
    def bounds(self) -> Bounds:
        """Bounds of the numbers, or of the ranks of an ordinal feature."""
        if self.kind == "ordinal":
            return Bounds(0.0, float(len(self.levels) - 1))
        low = -math.inf if self.minimum is None else self.minimum
        highs = [high for high in (self.maximum, self.cap) if high is not None]
        return Bounds(low, min(highs, default=math.inf))

    @model_validator(mode="before")
    @classmethod
    def _leave_out_identifiers(cls, values: object) -> object:
        if isinstance(values, Mapping) and values.get("kind") == "identifier":
            return {"use": "no", **values}
        return values

    @field_validator("missing", mode="before")
    @classmethod
    def _read_missing(cls, value: object, info: ValidationInfo) -> str | float:
        if info.data.get("kind") not in ("number", "year"):
            return level_text(read_text(value))
        if value in ("median", "mean", "most_frequent"):
            return str(value)
        try:
            return read_number(value)
        except ValueError:
            raise expected("median, mean, most_frequent or a number", value) from None

    @model_validator(mode="after")
    def _check(self) -> Self:
        mistakes = [*self._foreign_keys()]
        if not mistakes:
            mistakes = [*self._bound_mistakes(), *self._level_mistakes(), *self._missing_mistakes()]
        mistakes += [
            (("aliases",), f"{alias!r} is listed twice") for alias in repeated(self.aliases)
        ]
        raise_all(mistakes)
        return self

    def _foreign_keys(self) -> Iterator[Mistake]:
        allowed = {"description", "kind", "aliases"} | _KEYS[self.kind]
        article = "an" if self.kind in ("ordinal", "identifier") else "a"
        for key in type(self).model_fields:
            if key in self.model_fields_set - allowed:
                yield (key,), f"not a key of {article} {self.kind} feature"
        if self.kind == "identifier" and self.use != "no":
            yield ("use",), f"an identifier is never used: expected no, got {self.use!r}"

    def _bound_mistakes(self) -> Iterator[Mistake]:
        low = -math.inf if self.minimum is None else self.minimum
        if self.maximum is not None and low > self.maximum:
            sentence = f"expected at most the maximum {self.maximum:g}, got {low:g}"
            yield ("minimum",), sentence
        elif self.cap is not None and low > self.cap:
            yield ("cap",), f"expected at least the minimum {low:g}, got {self.cap:g}"
        mistake = unused_transform(self.transform, self.use)
        mistake = mistake or transform_mistake(self.transform, self.bounds)
        if mistake:
            yield ("transform",), mistake

    def _level_mistakes(self) -> Iterator[Mistake]:
        if self.kind == "ordinal" and not self.levels:
            sentence = "required key is missing: an ordinal feature lists its levels in order"
            yield ("levels",), sentence
        for level in repeated(self.levels):
            yield ("levels",), f"{level!r} is listed twice"

    def _missing_mistakes(self) -> Iterator[Mistake]:
        if self.flag_missing and self.missing is None:
            yield ("flag_missing",), "needs 'missing' too: what stands in for a missing value"
        if isinstance(self.missing, float) and not self._holds(self.missing):
            yield ("missing",), f"expected a number within the bounds, got {self.missing:g}"
        if not self.is_numeric and self.missing not in (None, "most_frequent"):
            if self.levels and self.missing not in self.levels:
                near = nearest(str(self.missing), self.levels)
                yield ("missing",), f"expected most_frequent or a level, got {self.missing!r}{near}"
            elif not self.levels and self.missing in ("median", "mean"):
                yield ("missing",), f"expected most_frequent or a level, got {self.missing!r}"

    def _holds(self, value: float) -> bool:
        return self.bounds.low <= value <= self.bounds.high
