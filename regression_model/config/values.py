"""From the text of a value to the value; nothing is guessed."""

import functools
import math
import re
from typing import Annotated

from pydantic import AfterValidator, BeforeValidator

from ..levels import level_text
from .mistakes import expected

__all__ = [
    "Above",
    "Count",
    "Levels",
    "Name",
    "NameAndLevels",
    "NotNegative",
    "Number",
    "Pair",
    "Positive",
    "PositiveShare",
    "Product",
    "Sentence",
    "Share",
    "ShareUpToOne",
    "Text",
    "WeightedSum",
    "WholeNumber",
    "Words",
    "YesNo",
    "check_name",
    "read_number",
    "read_text",
]

_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", re.ASCII)


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


def _sentence(value: object) -> str:
    return " ".join(read_text(value).split())


def _whole_number(value: object) -> int:
    try:
        number = read_number(value)
    except ValueError:
        raise expected("a whole number", value) from None
    if not number.is_integer():
        raise expected("a whole number", value)
    return int(number)


def _yes_or_no(value: object) -> bool:
    if isinstance(value, bool):
        return value
    if value not in ("yes", "no"):
        raise expected("yes or no", value)
    return value == "yes"


def _words(value: object) -> tuple[str, ...]:
    """Split a comma-separated list; no item is empty or has blanks around it."""
    items = value.split(",") if isinstance(value, str) else value
    if not isinstance(items, (list, tuple)) or isinstance(value, list):
        raise expected("words separated by commas", value)
    words = tuple(str(item).strip() for item in items)
    if not words or not all(words):
        raise expected("words separated by commas", value)
    return words


def _levels(value: object) -> tuple[str, ...]:
    """Split a comma-separated list of levels; a number has one way to be written."""
    return tuple(level_text(word) for word in _words(value))


def _name_and_levels(value: object) -> tuple[str, ...]:
    name, *levels = _words_at_least(2, None, "a name and its levels separated by commas", value)
    return (name, *map(level_text, levels))


def _words_at_least(least: int, most: int | None, shape: str, value: object) -> tuple[str, ...]:
    words = _words(value)
    if len(words) < least or (most is not None and len(words) > most):
        raise expected(shape, value)
    return words


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


def _threshold(value: object) -> tuple[str, float]:
    shape = "a name and a number separated by a comma"
    name, limit = _words_at_least(2, 2, shape, value)
    try:
        return name, read_number(limit)
    except ValueError:
        raise expected(shape, value) from None


def check_name(value: str) -> str:
    """Return the name of a column if it can stand in a list."""
    if not value.strip() or value != value.strip() or re.search(r"[,*\n]", value):
        raise expected("a name without commas, stars or blanks around it", value)
    return value


def _above_zero(value: float) -> float:
    if value <= 0:
        raise ValueError(f"expected a number above 0, got {value:g}")
    return value


def _not_negative(value: float) -> float:
    if value < 0:
        raise ValueError(f"expected a number of at least 0, got {value:g}")
    return value


def _at_least_one(value: int) -> int:
    if value < 1:
        raise ValueError(f"expected 1 or more, got {value}")
    return value


def _share(value: float) -> float:
    if not 0 <= value < 1:
        raise ValueError(f"expected a share from 0 to below 1, got {value:g}")
    return value


def _at_most_one(value: float) -> float:
    if value > 1:
        raise ValueError(f"expected a share above 0, at most 1, got {value:g}")
    return value


Text = Annotated[str, BeforeValidator(read_text)]
Sentence = Annotated[str, BeforeValidator(_sentence)]
Name = Annotated[str, AfterValidator(check_name)]
YesNo = Annotated[bool, BeforeValidator(_yes_or_no)]

Number = Annotated[float, BeforeValidator(read_number)]
Positive = Annotated[Number, AfterValidator(_above_zero)]
NotNegative = Annotated[Number, AfterValidator(_not_negative)]
Share = Annotated[Number, AfterValidator(_share)]  # 1 is too much
PositiveShare = Annotated[Share, AfterValidator(_above_zero)]
ShareUpToOne = Annotated[Positive, AfterValidator(_at_most_one)]
WholeNumber = Annotated[int, BeforeValidator(_whole_number)]
Count = Annotated[WholeNumber, AfterValidator(_at_least_one)]

Levels = Annotated[tuple[str, ...], BeforeValidator(_levels)]
Words = Annotated[tuple[str, ...], BeforeValidator(_words)]
Product = Annotated[
    tuple[str, ...],
    BeforeValidator(
        functools.partial(_words_at_least, 2, None, "two or more names separated by commas")
    ),
]
Pair = Annotated[
    tuple[str, ...],
    BeforeValidator(functools.partial(_words_at_least, 2, 2, "two names separated by a comma")),
]
NameAndLevels = Annotated[tuple[str, ...], BeforeValidator(_name_and_levels)]
WeightedSum = Annotated[tuple[tuple[str, float], ...], BeforeValidator(_weighted)]
Above = Annotated[tuple[str, float], BeforeValidator(_threshold)]
