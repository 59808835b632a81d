"""The search for better values: what is tried, and how often."""

import math
import re
from typing import Annotated, Any

from pydantic import AfterValidator, model_validator

from .mistakes import expected, repeated
from .sections import Section
from .values import Count, WholeNumber, read_number

__all__ = ["Space", "Tuning"]

_RANGE = re.compile(r"([-+.\d]\S*)\s+to\s+([-+.\d][^\s,]*)(?:\s*,\s*(.*))?", re.DOTALL)
_SHAPE = (
    "a range such as '0.1 to 10', '0.1 to 10, log' or '2 to 8, step 2', "
    "or two or more choices separated by commas"
)


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
        return _read_steps(begin, end, read_number(number))
    if option not in (None, "log"):
        raise expected("'log', or 'step' and a number, after the range", option)
    if option == "log" and begin <= 0:
        raise ValueError(f"log needs a range that begins above 0, got {low}")
    return {"low": begin, "high": end, "log": option == "log"}


def _read_steps(begin: float, end: float, step: float) -> dict[str, Any]:
    """Read a range with steps; it ends at the highest number that they reach."""
    if not 0 < step <= end - begin:
        raise ValueError(f"expected a step above 0 that fits into the range, got {step:g}")
    reached = begin + math.floor((end - begin) / step + 1e-9) * step
    return {"low": begin, "high": min(reached, end), "step": step}


def _read_choices(value: str) -> tuple[str, ...]:
    words = tuple(word.strip() for word in value.split(","))
    if len(words) < 2 or not all(words):
        raise expected(_SHAPE, value)
    if twice := repeated(words):
        raise ValueError(f"{twice[0]!r} is listed twice")
    return words


def _check_seed(value: int) -> int:
    if not 0 <= value < 2**32:  # what numpy takes
        raise ValueError(f"expected 0 to {2**32 - 1}, got {value}")
    return value


class Tuning(Section):
    """How many trials to make, and what to try: dotted keys of this file with their spaces.

    `repeats` is how many times the rows are split into folds, each time in another way.
    """

    trials: Count = 60
    repeats: Count = 1
    seed: Annotated[WholeNumber, AfterValidator(_check_seed)] = 0
    search: dict[str, Space] = {}
