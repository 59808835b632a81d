"""How often intervals hold the true value, and how wide they are."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ...display import percent, share
from ..facts import Facts, Floats
from .drawing import BLUE, GREY, INK, MUTED, VERMILLION, Picture, draw, few_ticks, name_axes

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["calibration", "widths"]

_BINS = 32
_HEIGHT = 3.7


def calibration(facts: Facts) -> Picture | None:
    """Show how often intervals of several levels held the true value."""
    pairs = sorted(facts.evaluation.calibration)
    if len(pairs) < 2:
        return None
    level, observed = max(pairs, key=lambda pair: abs(pair[1] - pair[0]))
    listed = ", ".join(f"{percent(seen)} at {share(wanted)}" for wanted, seen in pairs)
    return Picture(
        title=f"Intervals hold what they promise to within {100 * abs(observed - level):.1f} "
        "percentage points",
        caption=(
            "Each dot is one level: how often intervals of it should hold the true value, and how "
            "often they did. On the line is exact; above it intervals are wider than they need be. "
            "The band is what chance alone does to as many rows."
        ),
        alternative=f"Observed coverage of intervals by nominal level: {listed}.",
        svg=draw(lambda axes: _paint_calibration(axes, facts), name="calibration", height=_HEIGHT),
    )


def _paint_calibration(axes: Axes, facts: Facts) -> None:
    levels, observed = np.array(sorted(facts.evaluation.calibration)).T
    low = max(min(levels.min(), observed.min()) - 0.06, 0)
    axes.plot([low, 1], [low, 1], color=MUTED, linewidth=1.2)
    line = np.linspace(low, 1, 200)
    chance = 1.96 * np.sqrt(line * (1 - line) / facts.evaluation.rows)
    axes.fill_between(line, line - chance, line + chance, color=GREY, alpha=0.35, linewidth=0)
    axes.plot(levels, observed, "o", color=BLUE, markersize=6)
    chosen = np.isclose(levels, facts.evaluation.level)
    axes.plot(levels[chosen], observed[chosen], "D", color=VERMILLION, markersize=8, zorder=4)
    for level, seen in zip(levels[chosen], observed[chosen], strict=True):
        axes.annotate(
            f"{share(level)}: {percent(seen)}",
            (level, seen),
            xytext=(-10, 6),
            textcoords="offset points",
            ha="right",
        )
    axes.set(xlim=(low, 1.01), ylim=(low, 1.01))
    for axis in (axes.xaxis, axes.yaxis):
        few_ticks(axis, 6, lambda value: percent(value, 0))
    name_axes(axes, x="level asked for", y="rows whose interval held")


def widths(facts: Facts) -> Picture | None:
    """Show how wide the intervals are."""
    lower, upper = facts.scored.lower, facts.scored.upper
    relative = bool(lower.min() > 0)  # to the middle: no interval reaches zero
    values = (upper - lower) / ((upper + lower) / 2 if relative else 1)
    if not np.isfinite(values).all() or np.ptp(values) < 1e-9 * np.abs(values).max():
        return None  # one width for all

    def write(value: float) -> str:
        return percent(value) if relative else facts.amounts.full(value)

    low, median, high = (float(q) for q in np.quantile(values, [0.05, 0.5, 0.95]))
    name = "median_relative_width" if relative else "median_width"
    constant = facts.evaluation.constant_width.get(name)
    line = dashed = ""
    if constant is not None:
        line = f" One width for all would be {write(constant)}."
        dashed = (
            " The dashed line is the median width of intervals that are made without regard to "
            f"how usual a row is, at the same level: {write(constant)}."
        )
    return Picture(
        title=f"Half of the intervals are narrower than {write(median)}"
        + (" of the value" if relative else ""),
        caption=(
            "From the lower to the upper end"
            + (", relative to the middle" if relative else "")
            + f". The model is less sure of unusual rows and says so.{dashed}"
        ),
        alternative=(
            f"Histogram of the widths of {share(facts.evaluation.level)} intervals: median "
            f"{write(median)}, from {write(low)} to {write(high)} for the middle 90% of "
            f"{len(values):,} rows.{line}"
        ),
        svg=draw(
            lambda axes: _paint_widths(axes, facts, values, median, constant, relative=relative),
            name="widths",
            height=_HEIGHT,
        ),
    )


def _paint_widths(
    axes: Axes,
    facts: Facts,
    values: Floats,
    median: float,
    constant: float | None,
    *,
    relative: bool,
) -> None:
    shown = values[values <= np.quantile(values, 0.995)]
    axes.hist(shown, bins=_BINS, color=BLUE, alpha=0.7)
    axes.axvline(median, color=INK, linewidth=1.6, label="median")
    if constant is not None:
        label = "one width for all"
        axes.axvline(constant, color=VERMILLION, linestyle=(0, (4, 2)), label=label)
    axes.legend(loc="upper right")
    few_ticks(axes.xaxis, 5, lambda v: percent(v, 0) if relative else facts.amounts.tick(v))
    few_ticks(axes.yaxis, 4, whole=True)
    unit = "width, relative to the middle" if relative else facts.amounts.title("width")
    name_axes(axes, x=unit, y="rows")
