"""Mistakes in a configuration: each the path of its key and a sentence, all raised at once."""

import difflib
import re
from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from itertools import islice
from types import UnionType
from typing import Any, NoReturn, get_args, get_origin

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from ..errors import ConfigError

__all__ = [
    "KeyPath",
    "Mistake",
    "expected",
    "explain",
    "fail",
    "first_of",
    "found",
    "nearest",
    "repeated",
]

_MOST_REPORTED = 100
_MOST_COMPARED = 2_000  # known words, when somebody misspelt one
_LONGEST_COMPARED = 100  # characters

_EXPECTED = {  # what a sentence says of pydantic's limits
    "greater_than": "a number above {gt:.12g}",
    "greater_than_equal": "{ge:.12g} or more",
    "less_than": "a number below {lt:.12g}",
    "less_than_equal": "at most {le:.12g}",
    "too_short": "{min_length} or more names separated by commas",
    "too_long": "at most {max_length} names separated by commas",
    "int_from_float": "a whole number",
    "literal_error": "{expected}",
    "enum": "{expected}",
}

KeyPath = tuple[str, ...]
Mistake = tuple[KeyPath, str]


def found(value: object) -> str:
    """Say what stands in the file, for the end of a sentence."""
    if isinstance(value, tuple):
        value = ", ".join(map(str, value))
    if isinstance(value, str):
        short = value if len(value) <= 60 else f"{value[:57]}..."
        return repr(short) if value.strip() else "nothing"
    if isinstance(value, float):
        return f"{value:.12g}"
    if isinstance(value, dict):
        return "keys"
    return "a list" if isinstance(value, list) else repr(value)


def expected(what: str, value: object) -> ValueError:
    """Make the error for a value that is something else."""
    return ValueError(f"expected {what}, got {found(value)}")


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
    first = [*islice(mistakes, _MOST_REPORTED + 1)]
    if len(first) > _MOST_REPORTED:
        first[_MOST_REPORTED:] = [((), f"there are more mistakes than these {_MOST_REPORTED}")]
    return first


def explain(error: ValidationError, model: type[BaseModel]) -> list[Mistake]:
    """Turn pydantic's errors into mistakes, with the keys as they stand in the file."""
    mistakes: list[Mistake] = []
    for detail in error.errors():
        path = tuple(str(part) for part in detail["loc"] if part != "[key]")
        if detail["type"] == "mistakes":
            mistakes += [((*path, *below), text) for below, text in detail["ctx"]["mistakes"]]
        elif detail["type"] == "extra_forbidden":
            near = nearest(path[-1], _keys_below(model, path[:-1]), label="known keys")
            mistakes.append((path, f"unknown key{near}"))
        else:
            mistakes.append((path, _sentence(detail)))
    return mistakes


def _sentence(detail: ErrorDetails) -> str:
    value, context = detail["input"], detail.get("ctx", {})
    if detail["type"] == "value_error":
        return str(context["error"])
    if detail["type"] == "missing":
        return "required key is missing"
    what = _EXPECTED.get(detail["type"], "keys").format(**context).replace("'", "")
    known = re.split(", | or ", what) if detail["type"] in ("literal_error", "enum") else []
    return f"expected {what}, got {found(value)}{nearest(str(value), known)}"


def _keys_below(model: type[BaseModel], path: KeyPath) -> Collection[str]:
    """Return the keys that may stand below a path."""
    kind: Any = model
    for part in path:
        kind = get_args(kind)[1] if get_origin(kind) is dict else kind.model_fields[part].annotation
        kind = get_args(kind)[0] if get_origin(kind) is UnionType else kind
    return [field.alias or name for name, field in kind.model_fields.items()]


def fail(source: str, mistakes: Sequence[tuple[int, str, str]]) -> NoReturn:
    """Raise one ConfigError for mistakes with their lines, in the order given."""
    error = ConfigError(
        "\n".join(
            f"{source}:{line}: {key}: {text}" if key else f"{source}:{line}: {text}"
            for line, key, text in mistakes
        )
    )
    error.mistakes = tuple(mistakes)
    raise error from None
