"""The search for better values: what is tried, and a configuration with other values.

Values have dotted keys; the text of a value is what stands, or would stand, in the file.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError, model_validator

from .mistakes import KeyPath, Mistake, expected, explain, nearest, repeated
from .values import Count, Section, Seed, read_number

if TYPE_CHECKING:
    from .core import Config

__all__ = ["Space", "Tuning", "changed", "key_paths", "search_mistakes", "text_of", "value_at"]

_RANGE = re.compile(r"([-+.\d]\S*)\s+to\s+([-+.\d][^\s,]*)(?:\s*,\s*(.*))?", re.DOTALL)
_SHAPE = (
    "a range such as '0.1 to 10', '0.1 to 10, log' or '2 to 8, step 2', "
    "or two or more choices separated by commas"
)
# What changes the pipeline and leaves the rows that it takes as they are.
_FEATURE = ("use", "cap", "missing", "flag_missing", "transform", "encode")
_DERIVED = ("use", "transform")


class Space(Section):
    """The values that one parameter may take: a range of numbers, or choices."""

    choices: tuple[str, ...] = ()
    low: float = 0.0
    high: float = 0.0
    log: bool = False
    step: float | None = None

    @property
    def is_range(self) -> bool:
        """Whether it is a range of numbers."""
        return not self.choices

    @property
    def text(self) -> str:
        """What a file says for it."""
        if not self.is_range:
            return ", ".join(self.choices)
        option = f", step {self.step:g}" if self.step else ", log" if self.log else ""
        return f"{self.low:g} to {self.high:g}{option}"

    def holds(self, value: float) -> bool:
        """Whether a range has this value in it."""
        steps = (value - self.low) / self.step if self.step else 0.0
        return self.low <= value <= self.high and abs(steps - round(steps)) < 1e-8

    @model_validator(mode="before")
    @classmethod
    def _read(cls, value: object) -> object:
        if not isinstance(value, str):
            raise expected(_SHAPE, value)
        found = _RANGE.fullmatch(value.strip())
        return _read_range(*found.groups()) if found else {"choices": _read_choices(value)}


def _read_range(low: str, high: str, option: str | None) -> dict[str, Any]:
    begin, end = read_number(low), read_number(high)
    word, _, number = (option or "").partition(" ")
    if begin >= end:
        raise ValueError(f"expected the lower number first, got {low} to {high}")
    if word == "step" and number:
        step = read_number(number)
        if not 0 < step <= end - begin:
            raise ValueError(f"expected a step above 0 that fits into the range, got {step:g}")
        # It ends at the highest number that the steps reach.
        reached = begin + math.floor((end - begin) / step + 1e-9) * step
        return {"low": begin, "high": min(reached, end), "step": step}
    if option not in (None, "log"):
        raise expected("'log', or 'step' and a number, after the range", option)
    if option == "log" and begin <= 0:
        raise ValueError(f"log needs a range that begins above 0, got {low}")
    return {"low": begin, "high": end, "log": option == "log"}


def _read_choices(value: str) -> tuple[str, ...]:
    words = tuple(word.strip() for word in value.split(","))
    if len(words) < 2 or not all(words):
        raise expected(_SHAPE, value)
    if twice := repeated(words):
        raise ValueError(f"{twice[0]!r} is listed twice")
    return words


class Tuning(Section):
    """How many trials to make, and what to try: dotted keys of this file with their spaces.

    `repeats` is how many times the rows are split into folds, each time in another way.
    """

    trials: Count = 60
    repeats: Count = 1
    seed: Seed = 0
    search: dict[str, Space] = {}


def key_paths(config: Config) -> dict[str, KeyPath]:
    """Return the paths of all values that can be searched, by their dotted keys."""
    paths: list[KeyPath] = []
    paths += [("features", name, key) for name in config.features for key in _FEATURE]
    paths += [("derived", name, key) for name in config.derived for key in _DERIVED]
    paths += [("encoding", key) for key in type(config.encoding).model_fields]
    for kind, member in config.estimator.members.items():
        paths += [("estimator", kind, key) for key in type(member).model_fields]
    return {".".join(path): path for path in paths}


def value_at(config: Config, key: str) -> Any:
    """Return the value of a dotted key; None if it has none."""
    value: Any = config
    for name in key_paths(config)[key]:
        value = getattr(value, name) if isinstance(value, Section) else value[name]
    return value


def text_of(value: object) -> str:
    """Write a value as it stands in a file."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    return repr(value).removesuffix(".0") if isinstance(value, float) else str(value)


def changed(config: Config, texts: Mapping[str, str]) -> Config:
    """Return the configuration with other values, without its section `tuning`.

    Raises
    ------
    pydantic.ValidationError
        When the configuration refuses them.
    """
    document = config.model_dump(exclude_unset=True, exclude={"tuning"})
    paths = key_paths(config)
    for key, text in texts.items():
        section = document
        for name in paths[key][:-1]:
            section = section.setdefault(name, {})
        section[paths[key][-1]] = text
    return type(config).of(document, path=config.path)


def search_mistakes(config: Config) -> Iterator[Mistake]:
    """Find every mistake in what the configuration says should be searched."""
    paths = key_paths(config)
    for key in config.tuning.search:
        for text in _mistakes_of(config, key, paths):
            yield ("tuning", "search", key), text


def _mistakes_of(config: Config, key: str, paths: Mapping[str, KeyPath]) -> Iterator[str]:
    space = config.tuning.search[key]
    if key not in paths:
        known = [one for one in paths if value_at(config, one) is not None]
        parts = "expected a key of features, derived, encoding or estimator"
        yield f"no such parameter{nearest(key, known) or f': {parts}'}"
        return
    value = value_at(config, key)
    is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
    ends = (space.low, space.high, space.step or 1.0)
    if value is None:
        yield "has no value in this file to begin with: give it one first"
    elif space.is_range and not is_number:
        yield f"expected choices separated by commas, as it is {text_of(value)!r} now"
    elif space.is_range and isinstance(value, int) and not all(map(float.is_integer, ends)):
        yield "expected whole numbers"
    else:
        for text in map(text_of, ends[:2]) if space.is_range else space.choices:
            yield from _refusal(config, key, paths[key], text)


def _refusal(config: Config, key: str, path: KeyPath, text: str) -> Iterator[str]:
    """Say why the configuration refuses a value, in one sentence."""
    try:
        changed(config, {key: text})
    except ValidationError as error:
        where, said = explain(error, type(config))[0]
        of_other = "" if where == path else f"{'.'.join(where)}: "
        yield f"{text} is refused: {of_other}{said}"
