"""Numbers as people read them: with the target's unit, and no digits that say nothing."""

from __future__ import annotations

import math
from dataclasses import dataclass

__all__ = ["Amounts", "count", "percent", "plain", "share", "short"]

_SIGNS = {
    "us dollars": "$",
    "dollars": "$",
    "usd": "$",
    "euros": "€",
    "eur": "€",
    "pounds": "£",
    "gbp": "£",
}
_MINUS = "\N{MINUS SIGN}"
_MULTIPLES = ((1e12, "T"), (1e9, "B"), (1e6, "M"), (1e3, "k"))


def plain(value: float) -> str:
    """Write a number: whole from a thousand on, else four significant digits."""
    if not math.isfinite(value):
        return "–"
    text = f"{abs(value):,.0f}" if abs(value) >= 999.95 else f"{abs(value):.4g}"
    return _signed(value, text)


def short(value: float) -> str:
    """Write a number for an axis, such as 200k or 1.5M."""
    if not math.isfinite(value):
        return "–"
    size = abs(value)
    for multiple, letter in _MULTIPLES:
        if size >= multiple * 0.9995:
            return _signed(value, f"{size / multiple:.3g}{letter}")
    return _signed(value, f"{size:.3g}")


def percent(value: float, digits: int = 1, *, sign: bool = False) -> str:
    """Write a share as a percentage; `sign` puts a plus before what is above zero."""
    if not math.isfinite(value):
        return "–"
    text = f"{abs(value):.{digits}%}"
    plus = "+" if sign and value > 0 else ""
    return plus + _signed(value, text)


def share(value: float) -> str:
    """Write a share without digits that are zero, such as 90% or 97.5%."""
    return f"{100 * value:g}%"


def count(number: int, noun: str) -> str:
    """Write a number of things."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def _signed(value: float, text: str) -> str:
    is_zero = not any(digit in text for digit in "123456789")
    return _MINUS + text if value < 0 and not is_zero else text


@dataclass(frozen=True)
class Amounts:
    """How values of the target are written: `$208,500` for US dollars, `12.3 kWh` for kWh."""

    before: str = ""
    after: str = ""

    @classmethod
    def of(cls, unit: str | None) -> Amounts:
        """Return the way of writing a unit."""
        sign = _SIGNS.get((unit or "").casefold())
        if sign:
            return cls(before=sign)
        return cls(after=f" {unit}" if unit else "")

    def full(self, value: float, *, sign: bool = False) -> str:
        """Write a value in a sentence or a table."""
        return self._dressed(plain(value), plus=sign and value > 0)

    def short(self, value: float, *, sign: bool = False) -> str:
        """Write a value where there is little room."""
        return self._dressed(short(value), plus=sign and value > 0)

    def tick(self, value: float) -> str:
        """Write a value on an axis whose title names the unit."""
        return self._dressed(short(value), plus=False) if self.before else short(value)

    def title(self, name: str) -> str:
        """Return an axis title, which names the unit where ticks do not."""
        return f"{name} ({self.after.strip()})" if self.after else name

    def range(self, name: str) -> str:
        """Write the range that a group of values is called after, such as `2 to 4`."""
        return " to ".join(f"{self.before}{end}" for end in name.split(" to ")) + self.after

    def _dressed(self, text: str, *, plus: bool) -> str:
        if text == "–":
            return text
        minus = text.startswith(_MINUS)
        front = (_MINUS if minus else "+" if plus else "") + self.before
        return front + text.removeprefix(_MINUS) + self.after
