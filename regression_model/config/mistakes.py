"""Mistakes in a configuration: each the path of its key and a sentence, all raised at once."""

import difflib
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from itertools import islice
from typing import NoReturn

from pydantic_core import PydanticCustomError

from ..errors import ConfigError

__all__ = [
    "KeyPath",
    "Mistake",
    "either",
    "expected",
    "fail",
    "first_of",
    "found",
    "nearest",
    "raise_all",
    "repeated",
]

_MOST_TOLD = 100
_MOST_COMPARED = 2_000  # known words, when somebody misspelt one
_LONGEST_COMPARED = 100  # characters

KeyPath = tuple[str, ...]
Mistake = tuple[KeyPath, str]


def found(value: object) -> str:
    """Say what stands in the file, for the end of a sentence."""
    if isinstance(value, Mapping):
        return "keys"
    if isinstance(value, str):
        short = value if len(value) <= 60 else f"{value[:57]}..."
        return repr(short) if value.strip() else "nothing"
    return "a list" if isinstance(value, list) else repr(value)


def expected(what: str, value: object) -> ValueError:
    """Make the error for a value that is something else."""
    return ValueError(f"expected {what}, got {found(value)}")


def either(words: Collection[str]) -> str:
    """Join words as a choice."""
    *others, last = words
    return f"{', '.join(others)} or {last}" if others else last


def nearest(word: str, known: Collection[str], *, label: str = "") -> str:
    """End a sentence with the nearest known word, or, after a label, with all of them."""
    few = len(known) <= _MOST_COMPARED and len(word) <= _LONGEST_COMPARED
    folded = {one.casefold(): one for one in known} if few else {}
    close = difflib.get_close_matches(word.casefold(), folded, n=1)
    if close:
        return f"; did you mean {folded[close[0]]!r}?"
    return f"; {label}: {', '.join(sorted(known))}" if label else ""


def repeated(words: Sequence[str]) -> list[str]:
    """Return the words that come more than once."""
    return [word for word, times in Counter(words).items() if times > 1]


def first_of(mistakes: Iterable[Mistake]) -> list[Mistake]:
    """Return the first hundred mistakes, and say if there are more; no others are looked for."""
    found = [*islice(mistakes, _MOST_TOLD + 1)]
    if len(found) > _MOST_TOLD:
        found[_MOST_TOLD:] = [((), f"there are more mistakes than these {_MOST_TOLD}")]
    return found


def raise_all(mistakes: Sequence[Mistake]) -> None:
    """Raise inside a validator every mistake that was found, as one error."""
    if mistakes:
        sentences = "; ".join(": ".join((".".join(path), text)) for path, text in mistakes)
        raise PydanticCustomError(
            "mistakes", "{sentences}", {"sentences": sentences, "mistakes": list(mistakes)}
        )


def fail(source: str, mistakes: Sequence[tuple[int, str, str]]) -> NoReturn:
    """Raise one ConfigError for mistakes with their lines, in the order given."""
    said = [
        f"{source}:{line}: {key}: {text}" if key else f"{source}:{line}: {text}"
        for line, key, text in mistakes
    ]
    error = ConfigError("\n".join(said))
    error.mistakes = tuple(mistakes)
    raise error from None
