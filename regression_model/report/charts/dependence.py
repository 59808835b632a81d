"""How predictions change when one field of the rows is varied and the others stay as they are."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from ...display import short
from ...runtime.contract import Field
from ...times import time_text
from ..facts import Facts, Floats, as_sent, shown
from .drawing import (
    BLUE,
    GREY,
    GRID,
    NARROW,
    Picture,
    draw,
    few_ticks,
    name_axes,
    name_rows,
    sentence,
    shortened,
    titled,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["partial_dependence"]

_MOST_PICTURES = 9
_MOST_ROWS = 300  # of the background, evenly through the table
_MOST_LEVELS = 28
_STEPS = 24
_CENTRAL = (0.01, 0.99)
_HEIGHT = 2.7


@dataclass(frozen=True)
class _Curve:
    """Mean predictions over the values of one field, and how many rows have each value."""

    field: Field
    values: list[Any]
    means: Floats
    column: npt.NDArray[Any]


def partial_dependence(facts: Facts) -> list[Picture]:
    """Show the mean prediction over the values of each main field.

    Notes
    -----
    Friedman, "Greedy function approximation: a gradient boosting machine", Annals of Statistics 29
    (2001).
    """
    rows, columns = len(facts.scored.target), facts.columns
    chosen = np.unique(np.linspace(0, rows - 1, min(rows, _MOST_ROWS)).round().astype(np.int64))
    curves = []
    for field in facts.main_fields:
        values = _values(field, columns.values[field.name])
        if len(values) > 1:
            means = _means(facts, columns.rows(chosen), field, values)
            curves.append(_Curve(field, values, means, columns.values[field.name]))
        if len(curves) == _MOST_PICTURES:
            break
    if not curves:
        return []
    ends = [f([f(curve.means) for curve in curves]) for f in (np.min, np.max)]
    room = 0.06 * (ends[1] - ends[0]) or 1.0
    limits = (ends[0] - 3 * room, ends[1] + room)  # the histogram stands below the curve
    return [_picture(facts, curve, limits, number=i) for i, curve in enumerate(curves)]


def _values(field: Field, column: npt.NDArray[Any]) -> list[Any]:
    """Return the values to try: the levels of the rows, or steps through what nearly all have.

    Of a field with an order, those in the middle 98% of the rows.
    """
    if field.is_category:
        counts = {level: int((column == level).sum()) for level in field.coded_levels}
        present = [level for level in counts if counts[level]]
        if field.kind == "ordinal":
            ranks = np.repeat(np.arange(len(present)), [counts[level] for level in present])
            low, high = _middle(ranks)
            present = present[int(low) : int(high) + 1]
        often = sorted(present, key=lambda level: -counts[level])[:_MOST_LEVELS]
        return [level for level in present if level in often]
    known = column[~np.isnan(column)]
    if not len(known):
        return []
    low, high = _middle(known)
    distinct = np.unique(known[(known >= low) & (known <= high)])
    if len(distinct) <= _STEPS:
        return [float(value) for value in distinct]
    steps = np.linspace(low, high, _STEPS)
    if (known == np.round(known)).all():
        steps = np.unique(np.round(steps))
    return [float(value) for value in steps]


def _middle(values: npt.NDArray[Any]) -> tuple[float, float]:
    """Return the lowest and the highest of the values that the middle of the rows have."""
    low, high = np.quantile(values, _CENTRAL, method="inverted_cdf")
    return float(low), float(high)


def _means(facts: Facts, rows: dict[str, list[Any]], field: Field, values: list[Any]) -> Floats:
    size = len(next(iter(rows.values())))
    varied = {name: column * len(values) for name, column in rows.items()}
    varied[field.name] = [value for value in as_sent(field, values) for _ in range(size)]
    predictions = facts.model.predict(varied).values.reshape(len(values), size)
    return np.asarray(np.nanmean(predictions, axis=1))


def _picture(facts: Facts, curve: _Curve, limits: tuple[float, float], *, number: int) -> Picture:
    field, write = curve.field, facts.amounts.short
    unit = f" {field.unit}" if field.unit else ""
    lowest, highest = int(np.argmin(curve.means)), int(np.argmax(curve.means))
    bars = field.kind == "nominal"
    swing = float(curve.means[highest] - curve.means[lowest])
    listed = ", ".join(
        f"{write(float(mean))} at {shown(field, value)}"
        for value, mean in _some(list(zip(curve.values, curve.means.tolist(), strict=True)))
    )
    return Picture(
        title=f"{field.name} moves it by {write(swing)}",
        caption=f"{sentence(field.description)}"
        f"Mean prediction from {write(float(curve.means[lowest]))} at "
        f"{shown(field, curve.values[lowest])}{unit} to {write(float(curve.means[highest]))} at "
        f"{shown(field, curve.values[highest])}{unit}.",
        alternative=f"Mean predicted {facts.target_name} by {field.name}{unit and f' in{unit}'}: "
        f"{listed}.",
        svg=draw(
            lambda axes: (_paint_levels if bars else _paint_curve)(axes, facts, curve, limits),
            name=f"dependence-{number}",
            height=max(_HEIGHT, 0.95 + 0.215 * len(curve.values)) if bars else _HEIGHT,
            width=NARROW,
        ),
    )


def _some(points: list[tuple[Any, float]]) -> list[tuple[Any, float]]:
    """Return at most nine points of a curve, with its two ends."""
    if len(points) <= 9:
        return points
    return [points[i] for i in np.linspace(0, len(points) - 1, 7).round().astype(int)]


def _paint_curve(axes: Axes, facts: Facts, curve: _Curve, limits: tuple[float, float]) -> None:
    field = curve.field
    ranks = field.is_category
    places = np.arange(len(curve.values), dtype=float) if ranks else np.array(curve.values)
    axes.plot(places, curve.means, color=BLUE, marker="o" if len(places) <= 12 else None)
    rows = axes.twinx()
    if ranks:
        counts = np.array([(curve.column == value).sum() for value in curve.values])
        rows.bar(places, counts, width=0.7, color=GREY, alpha=0.45)
        axes.set_xticks(places, [str(value) for value in curve.values])
        axes.set_xlim(-0.5, len(places) - 0.5)
    else:
        room = 0.03 * float(np.ptp(places))
        span = (float(places.min()) - room, float(places.max()) + room)
        known = curve.column[~np.isnan(curve.column)]
        bins = _edges(places) if len(places) <= 12 else np.linspace(*span, 31)
        counts, _ = np.histogram(known, bins)
        rows.bar(bins[:-1], counts, np.diff(bins) * 0.9, align="edge", color=GREY, alpha=0.45)
        axes.set_xlim(min(span[0], bins[0]), max(span[1], bins[-1]))
        is_year = field.kind == "year"
        write: Callable[[float], str] = (lambda v: shown(field, v)) if is_year else short
        if field.is_time:
            write = partial(time_text, days=True)
        few_ticks(axes.xaxis, 3 if field.is_time else 5, write, whole=is_year)
    rows.set_ylim(0, 6 * max(int(counts.max()), 1))
    rows.set_axis_off()
    axes.set_ylim(*limits)
    few_ticks(axes.yaxis, 5, facts.amounts.tick)
    name_axes(axes, x=titled(field), y=facts.amounts.title("mean prediction"))


def _edges(places: Floats) -> Floats:
    middles = (places[1:] + places[:-1]) / 2
    first, last = places[0] - (middles[0] - places[0]), places[-1] + (places[-1] - middles[-1])
    return np.concatenate([[first], middles, [last]])


def _paint_levels(axes: Axes, facts: Facts, curve: _Curve, limits: tuple[float, float]) -> None:
    order = np.argsort(-curve.means, kind="stable")
    places = np.arange(len(order))
    axes.plot(curve.means[order], places, "o", color=BLUE, markersize=6)
    axes.hlines(places, *limits, color=GRID, linewidth=0.8, zorder=0)  # no bars: zero is far
    counts = [int((curve.column == curve.values[i]).sum()) for i in order]
    labels = [shortened(str(curve.values[i]), 16) for i in order]
    name_rows(axes, [f"{label}  ({n:,})" for label, n in zip(labels, counts, strict=True)])
    axes.set_xlim(limits)
    few_ticks(axes.xaxis, 4, facts.amounts.tick)
    name_axes(axes, x=facts.amounts.title("mean prediction"))
