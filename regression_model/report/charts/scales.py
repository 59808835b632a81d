"""Scales of axes: logarithmic ones with round numbers, and limits that one odd row does not set."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
from matplotlib.ticker import FixedLocator, MaxNLocator, NullLocator

from ..drawing import ticks

if TYPE_CHECKING:
    from matplotlib.axis import Axis

__all__ = ["central", "few_ticks", "logarithmic", "padded", "round_steps"]

Floats = npt.NDArray[np.float64]

_CENTRAL = (0.005, 0.995)


def padded(values: Floats, *, logarithmic: bool = False) -> tuple[float, float]:
    """Return limits with a little room around all values."""
    low, high = float(values.min()), float(values.max())
    if logarithmic:
        room = (high / low) ** 0.04 if high > low else 1.1
        return low / room, high * room
    room = 0.04 * (high - low) or abs(high) * 0.1 or 1.0
    return low - room, high + room


def central(values: Floats) -> float:
    """Return the size that nearly all values are below, with a little room."""
    size = np.abs(values)
    inner, largest = float(np.quantile(size, _CENTRAL[1])), float(size.max())
    return (largest if largest < 1.6 * inner else inner) * 1.1 or 1.0


def logarithmic(axis: Axis, low: float, high: float, write: Callable[[float], str]) -> None:
    """Have an axis logarithmic, with numbers at 1, 2 and 5, or at even steps when it is short."""
    if axis is axis.axes.xaxis:
        axis.axes.set_xscale("log")
    else:
        axis.axes.set_yscale("log")
    places = round_steps(low, high)
    if len(places) < 3:
        places = [p for p in list(MaxNLocator(5).tick_values(low, high)) if low <= p <= high]
    axis.set_major_locator(FixedLocator(places))
    axis.set_minor_locator(NullLocator())
    ticks(axis, write)


def round_steps(low: float, high: float) -> list[float]:
    """Return 1, 2 and 5 times every power of ten between two numbers; powers only if many."""
    powers = range(int(np.floor(np.log10(low))), int(np.ceil(np.log10(high))) + 1)
    for steps in ((1, 2, 5), (1, 3), (1,)):
        places = [step * 10.0**power for power in powers for step in steps]
        places = [place for place in places if low <= place <= high]
        if len(places) <= 7:
            return places
    return places[:: -(-len(places) // 7)]


def few_ticks(axis: Axis, most: int, *, whole: bool = False) -> None:
    """Keep the numbers of an axis apart."""
    axis.set_major_locator(MaxNLocator(most, integer=whole))
