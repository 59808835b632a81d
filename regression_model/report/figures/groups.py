"""Errors by group, each with its interval and the number of rows behind it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from ...assessment import Estimate, Group
from ...assessment.grouping import PRICE_BAND
from ..drawing import BLUE, GREY, INK, VERMILLION, draw, name_axes, ticks
from ..facts import Facts
from ..metrics import metric, written
from ..numbers import count
from ..parts import Picture
from .scales import few_ticks

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["FEW_ROWS", "by_group", "in_order", "label_of"]

FEW_ROWS = 30  # of a group: fewer say little about it
_MOST_BARS = 32
_NUMBER = re.compile(r"-?[\d,]*\.?\d+")


def by_group(facts: Facts, name: str, groups: Sequence[Group], *, number: int) -> Picture | None:
    """Show the score of each group as a bar; None when there is nothing to compare."""
    score = facts.score_name
    having = [group for group in in_order(groups) if score in group.figures]
    bars = [g for g in having if g.rows >= FEW_ROWS] if len(having) > _MOST_BARS else having
    bars = bars[:_MOST_BARS]
    if len(bars) < 2:
        return None
    sure = [group for group in bars if group.rows >= FEW_ROWS] or bars
    worst = max(sure, key=lambda group: group.figures[score].value)
    best = min(sure, key=lambda group: group.figures[score].value)
    label, every = metric(score).label, facts.assessment.figures[score]

    def write(estimate: Estimate) -> str:
        return written(score, estimate.value, facts.amounts)

    few = any(group.rows < FEW_ROWS for group in bars)
    hidden = len(having) - len(bars)
    return Picture(
        title=f"By {name}: weakest at {label_of(facts, name, worst)}, "
        f"{label} {write(worst.figures[score])}",
        caption=(
            f"{label} of each group with its 95% bootstrap interval, and its number of rows; the "
            f"line is the figure of all rows, {write(every)}."
            + (f" Pale bars have fewer than {FEW_ROWS} rows." if few else "")
            + (f" {count(hidden, 'group')} with few rows not shown." if hidden else "")
        ),
        alternative=(
            f"{label} by {name}: {len(bars)} groups. "
            + "; ".join(
                f"{label_of(facts, name, g)} {write(g.figures[score])} ({count(g.rows, 'row')})"
                for g in bars
            )
            + f". All rows: {write(every)}. Of the groups with enough rows "
            f"{label_of(facts, name, worst)} is the weakest and {label_of(facts, name, best)} the "
            "best."
        ),
        svg=draw(
            lambda axes: _paint(
                axes, facts, bars, [label_of(facts, name, group) for group in bars]
            ),
            name=f"group-{number}",
            height=0.95 + 0.255 * len(bars),
        ),
    )


def label_of(facts: Facts, name: str, group: Group) -> str:
    """Return what a group is called; bands of the target are in its unit."""
    return facts.amounts.range(group.name) if name == PRICE_BAND else group.name


def in_order(groups: Sequence[Group]) -> list[Group]:
    """Return groups with numbers for names by these numbers, and others the worst first."""
    starts = [_NUMBER.match(group.name) for group in groups]
    if not all(
        start or group.name == "missing" for start, group in zip(starts, groups, strict=True)
    ):
        return list(groups)
    numbers = [float(start[0].replace(",", "")) if start else np.inf for start in starts]
    return [groups[i] for i in np.argsort(numbers, kind="stable")]


def _paint(axes: Axes, facts: Facts, bars: Sequence[Group], names: Sequence[str]) -> None:
    score = facts.score_name
    estimates = [group.figures[score] for group in bars]
    places = np.arange(len(bars))
    values = np.array([estimate.value for estimate in estimates])
    ends = np.array([[e.value - e.low, e.high - e.value] for e in estimates]).T
    drawn = axes.barh(places, values, color=BLUE, height=0.72)
    for bar, group in zip(drawn, bars, strict=True):
        bar.set_alpha(0.75 if group.rows >= FEW_ROWS else 0.3)
    errors = np.clip(ends, 0, None)
    axes.errorbar(values, places, xerr=errors, fmt="none", ecolor=INK, elinewidth=1, capsize=2)
    axes.axvline(facts.assessment.figures[score].value, color=VERMILLION, linewidth=1.6)
    labels = [
        f"{_shortened(name)}  ({group.rows:,})" for name, group in zip(names, bars, strict=True)
    ]
    axes.set_yticks(places, labels)
    axes.set_ylim(len(bars) - 0.4, -0.6)
    right = min(max(e.high for e in estimates), 2.2 * float(values.max()))
    axes.set_xlim(0, right * 1.04)
    axes.grid(visible=False, axis="y")
    axes.tick_params(axis="y", length=0)
    axes.spines["left"].set_color(GREY)
    few_ticks(axes.xaxis, 4)
    if score == "mae":
        ticks(axes.xaxis, facts.amounts.tick)
    name_axes(axes, x=metric(score).label if score != "mae" else facts.amounts.title("mean error"))


def _shortened(name: str) -> str:
    return name if len(name) <= 22 else f"{name[:21]}…"
