"""Errors by group, each with its interval and the number of rows behind it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from ...evaluation import Estimate, Group
from ...evaluation.groups import PRICE_BAND
from ..drawing import BLUE, GREY, INK, VERMILLION, draw, name_axes, ticks
from ..facts import Facts
from ..metrics import metric, written
from ..numbers import count, percent, share
from ..parts import Picture
from .scales import few_ticks

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["FEW_ROWS", "VERY_FEW_ROWS", "by_group", "coverage_by_group", "in_order", "label_of"]

FEW_ROWS = 30  # of a group: fewer say little about it
VERY_FEW_ROWS = 10  # fewer say so little that an interval would pretend to know
_MOST_BARS = 32
_NUMBER = re.compile(r"-?[\d,]*\.?\d+")


def by_group(facts: Facts, name: str, groups: Sequence[Group], *, number: int) -> Picture | None:
    """Show the score of each group as a bar; None when there is nothing to compare."""
    score = facts.score_name
    having = [group for group in in_order(groups) if score in group.metrics]
    bars = [g for g in having if g.rows >= FEW_ROWS] if len(having) > _MOST_BARS else having
    bars = bars[:_MOST_BARS]
    if len(bars) < 2:
        return None
    sure = [group for group in bars if group.rows >= FEW_ROWS] or bars
    worst = max(sure, key=lambda group: group.metrics[score].value)
    best = min(sure, key=lambda group: group.metrics[score].value)
    label, every = metric(score).label, facts.evaluation.metrics[score]

    def write(estimate: Estimate) -> str:
        return written(score, estimate.value, facts.amounts)

    hidden = len(having) - len(bars)
    return Picture(
        title=f"By {name}: weakest at {label_of(facts, name, worst)}, "
        f"{label} {write(worst.metrics[score])}",
        caption=(
            f"{label} of each group with its 95% bootstrap interval, and its number of rows; the "
            f"line is the metric of all rows, {write(every)}."
            + _on_few(bars, "bars")
            + (f" {count(hidden, 'group')} with few rows not shown." if hidden else "")
        ),
        alternative=(
            f"{label} by {name}: {len(bars)} groups. "
            + "; ".join(
                f"{label_of(facts, name, g)} {write(g.metrics[score])} ({count(g.rows, 'row')})"
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
    places = np.arange(len(bars))
    values = np.array([group.metrics[score].value for group in bars])
    drawn = axes.barh(places, values, color=BLUE, height=0.72)
    for bar, group in zip(drawn, bars, strict=True):
        bar.set_alpha(0.75 if group.rows >= FEW_ROWS else 0.3)
    _whiskers(axes, bars, score, places)
    axes.axvline(facts.evaluation.metrics[score].value, color=VERMILLION, linewidth=1.6)
    _name_rows(axes, bars, names)
    highs = [group.metrics[score].high for group in bars if group.rows >= VERY_FEW_ROWS]
    right = min(max([*highs, float(values.max())]), 2.2 * float(values.max()))
    axes.set_xlim(0, right * 1.04)
    few_ticks(axes.xaxis, 4)
    if score == "mae":
        ticks(axes.xaxis, facts.amounts.tick)
    name_axes(axes, x=metric(score).label if score != "mae" else facts.amounts.title("mean error"))


def coverage_by_group(
    facts: Facts, name: str, groups: Sequence[Group], *, number: int
) -> Picture | None:
    """Show how often the intervals of each group held; None when there is nothing to compare."""
    dots = [g for g in in_order(groups) if "coverage" in g.metrics and g.rows >= VERY_FEW_ROWS]
    if len(dots) < 2:
        return None
    hidden = sum("coverage" in group.metrics for group in groups) - len(dots)
    dots = sorted(dots, key=lambda group: -group.rows)[:_MOST_BARS]
    dots = [group for group in in_order(groups) if group in dots]
    sure = [group for group in dots if group.rows >= FEW_ROWS] or dots
    lowest = min(sure, key=lambda group: group.metrics["coverage"].value)
    level = share(facts.evaluation.level)

    def write(group: Group) -> str:
        return percent(group.metrics["coverage"].value)

    return Picture(
        title=f"Coverage by {name}: lowest at {label_of(facts, name, lowest)}, {write(lowest)}",
        caption=(
            f"The share of each group inside its {level} interval, with a 95% bootstrap interval "
            f"and the number of rows; the line is {level}. The axis does not begin at zero."
            + _on_few(dots, "dots")
            + (
                f" {count(hidden, 'group')} of fewer than {VERY_FEW_ROWS} rows not shown."
                if hidden
                else ""
            )
        ),
        alternative=(
            f"Share inside the {level} interval by {name}: "
            + "; ".join(
                f"{label_of(facts, name, g)} {write(g)} ({count(g.rows, 'row')})" for g in dots
            )
            + "."
        ),
        svg=draw(
            lambda axes: _paint_coverage(
                axes, facts, dots, [label_of(facts, name, group) for group in dots]
            ),
            name=f"coverage-{number}",
            height=0.95 + 0.255 * len(dots),
        ),
    )


def _paint_coverage(axes: Axes, facts: Facts, dots: Sequence[Group], names: Sequence[str]) -> None:
    places = np.arange(len(dots))
    _whiskers(axes, dots, "coverage", places)
    for place, group in zip(places, dots, strict=True):
        strong = 1.0 if group.rows >= FEW_ROWS else 0.4
        value = group.metrics["coverage"].value
        axes.plot(value, place, "o", color=BLUE, markersize=6, alpha=strong, zorder=3)
    axes.axvline(facts.evaluation.level, color=VERMILLION, linewidth=1.6)
    _name_rows(axes, dots, names)
    low = min(min(group.metrics["coverage"].low for group in dots), facts.evaluation.level)
    axes.set_xlim(max(low - 0.03, 0), 1.01)
    few_ticks(axes.xaxis, 5)
    ticks(axes.xaxis, lambda value: percent(value, 0))
    name_axes(axes, x="rows whose interval held")


def _whiskers(
    axes: Axes, groups: Sequence[Group], name: str, places: npt.NDArray[np.int64]
) -> None:
    """Draw the interval of a metric, for groups that have the rows to tell one."""
    for place, group in zip(places, groups, strict=True):
        if group.rows >= VERY_FEW_ROWS:
            one = group.metrics[name]
            ends = np.clip([[one.value - one.low], [one.high - one.value]], 0, None)
            axes.errorbar(
                one.value, place, xerr=ends, fmt="none", ecolor=INK, elinewidth=1, capsize=2
            )


def _name_rows(axes: Axes, groups: Sequence[Group], names: Sequence[str]) -> None:
    labels = [
        f"{_shortened(name)}  ({group.rows:,})" for name, group in zip(names, groups, strict=True)
    ]
    axes.set_yticks(np.arange(len(groups)), labels)
    axes.set_ylim(len(groups) - 0.4, -0.6)
    axes.grid(visible=False, axis="y")
    axes.tick_params(axis="y", length=0)
    axes.spines["left"].set_color(GREY)


def _on_few(groups: Sequence[Group], marks: str) -> str:
    """Say what is drawn otherwise of groups with few rows."""
    fewest = min(group.rows for group in groups)
    said = f" Pale {marks} have fewer than {FEW_ROWS} rows." if fewest < FEW_ROWS else ""
    none = f" Of fewer than {VERY_FEW_ROWS} rows no interval is drawn."
    return said + none if fewest < VERY_FEW_ROWS else said


def _shortened(name: str) -> str:
    return name if len(name) <= 22 else f"{name[:21]}…"
