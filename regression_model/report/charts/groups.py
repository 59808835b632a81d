"""Errors by group, each with its interval and the number of rows behind it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from ...display import count, percent, share
from ...evaluation import Group
from ...evaluation.groups import FEW_ROWS, VERY_FEW_ROWS, in_order
from ..facts import Facts
from .drawing import (
    BLUE,
    GREY,
    VERMILLION,
    Picture,
    draw,
    few_ticks,
    height_of,
    name_axes,
    name_rows,
    score_axis,
    shortened,
    whiskers,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["by_group", "coverage_by_group"]

_MOST_BARS = 32
_LONGEST = 22  # characters of a name


def by_group(facts: Facts, name: str, *, number: int) -> Picture | None:
    """Show the score of each group as a bar; None when there is nothing to compare."""
    score, label = facts.evaluation.score, facts.score_label
    groups = in_order(facts.evaluation.groups[name])
    having = [group for group in groups if score in group.metrics]
    bars = [g for g in having if g.rows >= FEW_ROWS] if len(having) > _MOST_BARS else having
    are_cut = len(bars) > _MOST_BARS
    bars = bars[:_MOST_BARS]
    if len(bars) < 2:
        return None
    sure = [group for group in bars if group.rows >= FEW_ROWS] or bars
    worst = max(sure, key=lambda group: group.metrics[score].value)
    best = min(sure, key=lambda group: group.metrics[score].value)
    every = facts.written(score, facts.evaluation.metrics[score].value)

    def write(group: Group) -> str:
        return facts.written(score, group.metrics[score].value)

    hidden = len(having) - len(bars)
    which = f"with few rows or after the first {_MOST_BARS}" if are_cut else "with few rows"
    return Picture(
        title=f"By {name}: weakest at {facts.label_of(name, worst)}, {label} {write(worst)}",
        caption=(
            f"{label} of each group with its 95% bootstrap interval, and its number of rows; the "
            f"line is the metric of all rows, {every}."
            + _on_few(bars, "bars")
            + (f" {count(hidden, 'group')} {which} not shown." if hidden else "")
        ),
        alternative=(
            f"{label} by {name}: {len(bars)} groups. "
            + "; ".join(
                f"{facts.label_of(name, g)} {write(g)} ({count(g.rows, 'row')})" for g in bars
            )
            + f". All rows: {every}. Of the groups with enough rows "
            f"{facts.label_of(name, worst)} is the weakest and {facts.label_of(name, best)} the "
            "best."
        ),
        svg=draw(
            lambda axes: _paint(axes, facts, name, bars),
            name=f"group-{number}",
            height=height_of(len(bars)),
        ),
    )


def _paint(axes: Axes, facts: Facts, name: str, bars: Sequence[Group]) -> None:
    score = facts.evaluation.score
    values = np.array([group.metrics[score].value for group in bars])
    drawn = axes.barh(np.arange(len(bars)), values, color=BLUE, height=0.72)
    for bar, group in zip(drawn, bars, strict=True):
        bar.set_alpha(0.75 if group.rows >= FEW_ROWS else 0.3)
    _name_and_whiskers(axes, facts, name, bars, score)
    axes.axvline(facts.evaluation.metrics[score].value, color=VERMILLION, linewidth=1.6)
    highs = [group.metrics[score].high for group in bars if group.rows >= VERY_FEW_ROWS]
    right = min(max([*highs, float(values.max())]), 2.2 * float(values.max()))
    axes.set_xlim(0, right * 1.04)
    name_axes(axes, x=score_axis(axes.xaxis, facts, score, 4))


def coverage_by_group(facts: Facts, name: str, *, number: int) -> Picture | None:
    """Show how often the intervals of each group held; None when there is nothing to compare."""
    groups = [g for g in in_order(facts.evaluation.groups[name]) if "coverage" in g.metrics]
    dots = [g for g in groups if g.rows >= VERY_FEW_ROWS]
    if len(dots) < 2:
        return None
    which = f"of fewer than {VERY_FEW_ROWS} rows"
    if len(dots) > _MOST_BARS:
        which = "of fewest rows"
        largest = sorted(dots, key=lambda group: -group.rows)[:_MOST_BARS]
        dots = [group for group in dots if group in largest]
    hidden = len(groups) - len(dots)
    sure = [group for group in dots if group.rows >= FEW_ROWS] or dots
    lowest = min(sure, key=lambda group: group.metrics["coverage"].value)
    level = share(facts.evaluation.level)

    def write(group: Group) -> str:
        return f"{facts.label_of(name, group)} {percent(group.metrics['coverage'].value)}"

    lowest_label = facts.label_of(name, lowest)
    return Picture(
        title=f"Coverage by {name}: lowest at {lowest_label}, "
        f"{percent(lowest.metrics['coverage'].value)}",
        caption=(
            f"The share of each group inside its {level} interval, with a 95% bootstrap interval "
            f"and the number of rows; the line is {level}. The axis does not begin at zero."
            + _on_few(dots, "dots")
            + (f" {count(hidden, 'group')} {which} not shown." if hidden else "")
        ),
        alternative=f"Share inside the {level} interval by {name}: "
        + "; ".join(f"{write(group)} ({count(group.rows, 'row')})" for group in dots)
        + ".",
        svg=draw(
            lambda axes: _paint_coverage(axes, facts, name, dots),
            name=f"coverage-{number}",
            height=height_of(len(dots)),
        ),
    )


def _paint_coverage(axes: Axes, facts: Facts, name: str, dots: Sequence[Group]) -> None:
    for place, group in enumerate(dots):
        strong = 1.0 if group.rows >= FEW_ROWS else 0.4
        value = group.metrics["coverage"].value
        axes.plot(value, place, "o", color=BLUE, markersize=6, alpha=strong, zorder=3)
    _name_and_whiskers(axes, facts, name, dots, "coverage")
    axes.axvline(facts.evaluation.level, color=VERMILLION, linewidth=1.6)
    low = min(min(group.metrics["coverage"].low for group in dots), facts.evaluation.level)
    axes.set_xlim(max(low - 0.03, 0), 1.01)
    few_ticks(axes.xaxis, 5, lambda value: percent(value, 0))
    name_axes(axes, x="rows whose interval held")


def _name_and_whiskers(
    axes: Axes, facts: Facts, name: str, groups: Sequence[Group], of: str
) -> None:
    """Name each row, and draw the interval of a metric where there are enough rows for one."""
    for place, group in enumerate(groups):
        if group.rows >= VERY_FEW_ROWS:
            one = group.metrics[of]
            whiskers(axes, one.value, place, one.low, one.high)
    labels = [shortened(facts.label_of(name, group), _LONGEST) for group in groups]
    name_rows(axes, [f"{label}  ({g.rows:,})" for label, g in zip(labels, groups, strict=True)])
    axes.spines["left"].set_color(GREY)


def _on_few(groups: Sequence[Group], marks: str) -> str:
    """Explain how groups with few rows are drawn."""
    fewest = min(group.rows for group in groups)
    pale = f" Pale {marks} have fewer than {FEW_ROWS} rows." if fewest < FEW_ROWS else ""
    none = f" Of fewer than {VERY_FEW_ROWS} rows no interval is drawn."
    return pale + none if fewest < VERY_FEW_ROWS else pale
