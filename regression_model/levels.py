"""The canonical text of a level: 5, 5.0, "5" and "5.00" are one level.

Of a boolean field, so are True, 1, "true" and "Y".
"""

from __future__ import annotations

import re
from decimal import Decimal

import numpy as np

__all__ = [
    "BOOLEAN_LEVELS",
    "boolean_level",
    "boolean_spellings",
    "is_number_text",
    "level_text",
    "text_of_number",
]

BOOLEAN_LEVELS = ("no", "yes")
_BOOLEANS = {
    **dict.fromkeys(("no", "n", "false", "f", "0"), "no"),
    **dict.fromkeys(("yes", "y", "true", "t", "1"), "yes"),
}

# As programs write numbers. Codes such as 007, +5, .5 and 1e5 are texts.
_NUMBER = re.compile(r"-?(0|[1-9][0-9]*)(\.[0-9]*)?(e[+-][0-9]{2,3})?")
_LONGEST = 400  # characters: a longer text is not a real number


def level_text(text: str) -> str:
    """Return the text of a level without blanks around it; a number has one canonical text."""
    text = text.strip()
    if not text or text[-1] not in "0123456789." or text.isdigit() and text[0] != "0":
        return text
    if len(text) > _LONGEST or not _NUMBER.fullmatch(text):
        return text
    if "e" in text:
        text = f"{Decimal(text):f}"
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    return "0" if text == "-0" else text


def text_of_number(value: int | float | Decimal | np.number) -> str:
    """Return the text of a level that was given as a number."""
    if isinstance(value, Decimal) and value.is_finite() and abs(value.adjusted()) < _LONGEST:
        text = f"{value:f}"
    elif isinstance(value, float) and not isinstance(value, np.generic):
        text = repr(value)
    else:
        try:
            text = str(value)
        except ValueError:  # an int of thousands of digits
            return "inf" if value > 0 else "-inf"
    return level_text(text.lower())


def is_number_text(text: str) -> bool:
    """Return whether a level is a number, and so may be given as one."""
    return len(text) <= _LONGEST and _NUMBER.fullmatch(text) is not None


def boolean_level(text: str) -> str:
    """Return `no` or `yes` for the ways to write them, in any case, and any other text as it is."""
    text = level_text(text)
    return _BOOLEANS.get(text.lower(), text)


def boolean_spellings() -> dict[str, str]:
    """Return the common ways to write `no` and `yes`, each with what it stands for."""
    ways = {
        way: level
        for text, level in _BOOLEANS.items()
        for way in (text, text.capitalize(), text.upper())
    }
    return ways | {"0.0": "no", "1.0": "yes"}
