"""A section of the file, and from the text of a value to the value; nothing is guessed."""

import math
import re
from collections.abc import Iterator
from typing import Annotated, ClassVar, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    model_validator,
)
from pydantic_core import PydanticCustomError

from .mistakes import Mistake, expected, first_of

__all__ = [
    "Above",
    "Count",
    "Duration",
    "Levels",
    "Meanings",
    "Name",
    "NameAndLevels",
    "NotNegative",
    "Number",
    "Pair",
    "Positive",
    "PositiveShare",
    "Product",
    "Section",
    "Seed",
    "Sentence",
    "Share",
    "ShareUpToOne",
    "Text",
    "WeightedSum",
    "Words",
    "YesNo",
    "check_name",
    "read_number",
    "read_text",
]

_DURATION = re.compile(r"(\d+\.?\d*)\s*(s|min|h)", re.ASCII)
_UNITS = {"s": 1.0, "min": 60.0, "h": 3600.0}
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", re.ASCII)


class Section(BaseModel):
    """Keys that belong together; others are refused, and none can be set later."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    words: ClassVar[tuple[str, ...]] = ()  # that may stand in the place of the keys

    def mistakes(self) -> Iterator[Mistake]:
        """Find what one value says against another, when each of them can be read."""
        yield from ()

    @model_validator(mode="after")
    def _check(self) -> Self:
        mistakes = first_of(self.mistakes())
        if mistakes:
            raise PydanticCustomError("mistakes", "{mistakes}", {"mistakes": mistakes})
        return self


def read_text(value: object) -> str:
    """Read text that is not blank, without the blanks around it."""
    if not isinstance(value, str) or not value.strip():
        raise expected("text", value)
    return value.strip()


def read_number(value: object) -> float:
    """Read a finite decimal number."""
    if isinstance(value, str) and _NUMBER.fullmatch(value.strip()):
        value = float(value)
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value):
        raise expected("a number", value)
    return float(value)


def check_name(value: str) -> str:
    """Return the name of a column if it can stand in a list."""
    if not value.strip() or value != value.strip() or re.search(r"[,*\n]", value):
        raise expected("a name without commas, stars or blanks around it", value)
    return value


def _sentence(value: object) -> str:
    return " ".join(read_text(value).split())


def _yes_or_no(value: object) -> bool:
    if not isinstance(value, bool) and value not in ("yes", "no"):
        raise expected("yes or no", value)
    return value in (True, "yes")


def _words(value: object) -> tuple[str, ...]:
    """Split a comma-separated list; no item is empty or has blanks around it."""
    if isinstance(value, tuple):  # was read before
        return value
    words = tuple(word.strip() for word in value.split(",")) if isinstance(value, str) else ()
    if not words or not all(words):
        raise expected("words separated by commas", value)
    return words


def _levels(value: object) -> tuple[str, ...]:
    """Split a comma-separated list of levels; a number has one way to be written."""
    from ..levels import level_text  # which loads numpy, and the help of a command needs none

    return tuple(map(level_text, _words(value)))


def _name_and_levels(value: object) -> tuple[str, ...]:
    name, *levels = _words(value)
    return (name, *_levels(tuple(levels)))


def _weighted(value: object) -> tuple[tuple[str, float], ...]:
    """Read `A, B * 0.5` as names with weights; a name alone weighs 1."""
    if isinstance(value, tuple):
        return value
    terms = []
    for word in _words(value):
        name, star, weight = (part.strip() for part in word.partition("*"))
        if not name or (star and not _NUMBER.fullmatch(weight)):
            raise expected("names separated by commas, each perhaps with ' * weight'", value)
        terms.append((name, read_number(weight) if star else 1.0))
    return tuple(terms)


def _seconds(value: object) -> float:
    """Read a time such as `90 s` or `2 min` as seconds."""
    if isinstance(value, float):  # was read before
        return value
    found = _DURATION.fullmatch(value.strip()) if isinstance(value, str) else None
    if found is None:
        raise expected("a time such as 60 s or 2 min", value)
    return read_number(found[1]) * _UNITS[found[2]]


def _threshold(value: object) -> tuple[str, float]:
    try:
        name, limit = _words(value)
        return name, read_number(limit)
    except ValueError:
        raise expected("a name and a number separated by a comma", value) from None


Text = Annotated[str, BeforeValidator(read_text)]
Sentence = Annotated[str, BeforeValidator(_sentence)]
Name = Annotated[str, AfterValidator(check_name)]
YesNo = Annotated[bool, BeforeValidator(_yes_or_no)]

Number = Annotated[float, BeforeValidator(read_number)]
Duration = Annotated[float, Field(gt=0), BeforeValidator(_seconds)]
Positive = Annotated[float, Field(gt=0), BeforeValidator(read_number)]
NotNegative = Annotated[float, Field(ge=0), BeforeValidator(read_number)]
Share = Annotated[float, Field(ge=0, lt=1), BeforeValidator(read_number)]
PositiveShare = Annotated[float, Field(gt=0, lt=1), BeforeValidator(read_number)]
ShareUpToOne = Annotated[float, Field(gt=0, le=1), BeforeValidator(read_number)]
Count = Annotated[int, Field(ge=1), BeforeValidator(read_number)]
Seed = Annotated[int, Field(ge=0, lt=2**32), BeforeValidator(read_number)]  # what numpy takes

Words = Annotated[tuple[str, ...], BeforeValidator(_words)]
Meanings = dict[str, Sentence]  # of levels
Levels = Annotated[tuple[str, ...], BeforeValidator(_levels)]
Product = Annotated[tuple[str, ...], Field(min_length=2), BeforeValidator(_words)]
Pair = Annotated[tuple[str, ...], Field(min_length=2, max_length=2), BeforeValidator(_words)]
NameAndLevels = Annotated[tuple[str, ...], Field(min_length=2), BeforeValidator(_name_and_levels)]
WeightedSum = Annotated[tuple[tuple[str, float], ...], BeforeValidator(_weighted)]
Above = Annotated[tuple[str, float], BeforeValidator(_threshold)]
