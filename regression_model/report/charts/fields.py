"""Which fields matter, and errors against them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from ...display import count
from ...evaluation import Importance
from ...evaluation.groups import FEW_ROWS, VERY_FEW_ROWS
from ...runtime.contract import Field
from ..facts import Facts, shown
from .drawing import (
    BLUE,
    GREY,
    MUTED,
    NARROW,
    VERMILLION,
    Picture,
    central,
    draw,
    few_ticks,
    height_of,
    name_axes,
    name_rows,
    score_axis,
    sentence,
    shortened,
    titled,
    whiskers,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["errors_by_field", "importances"]

_MOST_BARS = 22
_MOST_WORDS = 8
_MOST_PICTURES = 6
_MOST_VALUES = 10  # more distinct ones are cut into bins
_BINS = 8
_HEIGHT = 2.7

Groups = list[tuple[str, npt.NDArray[np.bool_]]]


def importances(facts: Facts) -> Picture | None:
    """Show the fields by how much worse predictions get when their values are shuffled."""
    ranked = facts.evaluation.importances[:_MOST_BARS]
    if not ranked:
        return None
    score, label = facts.evaluation.headline, facts.evaluation.headline.upper()
    hidden = len(facts.evaluation.importances) - len(ranked)
    described = {field.name: field.description for field in facts.model.contract.fields}
    words = [one.field for one in ranked[:_MOST_WORDS] if described.get(one.field)]
    first = facts.written(score, ranked[0].increase, sign=True)
    listed = [f"{one.field} {facts.written(score, one.increase, sign=True)}" for one in ranked]
    return Picture(
        title=f"{ranked[0].field} matters most: shuffled, it costs {first} {label}",
        caption=(
            f"By how much the {label} rises when the values of one field are shuffled among "
            "held-out rows; whiskers are one standard deviation over the shuffles. Fields that "
            "say the same share their importance."
            + (f" {count(hidden, 'field')} with less not shown." if hidden else "")
        ),
        alternative=f"Rise of the {label} when a field is shuffled: {', '.join(listed)}.",
        svg=draw(
            lambda axes: _paint_importances(axes, facts, ranked),
            name="importance",
            height=height_of(len(ranked)),
        ),
        legend=[(name, described[name]) for name in words],
    )


def _paint_importances(axes: Axes, facts: Facts, ranked: list[Importance]) -> None:
    values = [one.increase for one in ranked]
    axes.barh(np.arange(len(ranked)), values, color=BLUE, alpha=0.75, height=0.72)
    for place, one in enumerate(ranked):
        deviation = one.standard_deviation
        whiskers(axes, one.increase, place, one.increase - deviation, one.increase + deviation)
    name_rows(axes, [one.field for one in ranked])
    axes.axvline(0, color=GREY, linewidth=0.8)
    score_axis(axes.xaxis, facts, facts.evaluation.headline, 4)
    name_axes(axes, x=f"rise of the {facts.evaluation.headline.upper()}")


def errors_by_field(facts: Facts) -> list[Picture]:
    """Show the middle of the errors, and its spread, over the values of each main field."""
    pictures: list[Picture] = []
    for field in facts.main_fields:
        groups = _groups(field, facts.columns.values[field.name])
        if len(groups) > 1:
            pictures.append(_picture(facts, field, groups, number=len(pictures)))
        if len(pictures) == _MOST_PICTURES:
            break
    return pictures


def _groups(field: Field, column: npt.NDArray[Any]) -> Groups:
    """Cut the rows by a field: by value when there are few, else into bins of one size."""
    if field.is_category:
        present = [level for level in field.coded_levels if (column == level).any()]
        if len(present) > _MOST_VALUES:
            return []
        return [(level, column == level) for level in present]
    known = column[~np.isnan(column)]
    distinct = np.unique(known)
    if len(distinct) <= _MOST_VALUES:
        return [(shown(field, value), column == value) for value in distinct.tolist()]
    edges = np.unique(np.quantile(known, np.linspace(0, 1, _BINS + 1)))
    place = np.digitize(column, edges[1:-1])
    chosen = [(place == i) & ~np.isnan(column) for i in range(len(edges) - 1)]
    return [(shown(field, float(np.median(column[c]))), c) for c in chosen if c.any()]


def _picture(facts: Facts, field: Field, groups: Groups, *, number: int) -> Picture:
    medians = [float(np.median(facts.errors[chosen])) for _, chosen in groups]
    sizes = [int(chosen.sum()) for _, chosen in groups]
    sure = [i for i, size in enumerate(sizes) if size >= FEW_ROWS] or list(range(len(groups)))
    worst = max(sure, key=lambda i: abs(medians[i]))
    unit = f" {field.unit}" if field.unit else ""
    listed = ", ".join(
        f"{name}: {facts.error(median, sign=True)}"
        for (name, _), median in zip(groups, medians, strict=True)
    )
    return Picture(
        title=field.name,
        caption=f"{sentence(field.description)}Furthest from zero at "
        f"{groups[worst][0]}{unit}: "
        f"{facts.error(medians[worst], sign=True)}, the median of {count(sizes[worst], 'row')}.",
        alternative=f"Median error by {field.name}{unit and f' in{unit}'}: {listed}.",
        svg=draw(
            lambda axes: _paint_errors(axes, facts, field, groups),
            name=f"field-{number}",
            height=_HEIGHT,
            width=NARROW,
        ),
    )


def _paint_errors(axes: Axes, facts: Facts, field: Field, groups: Groups) -> None:
    places = np.arange(len(groups))
    for place, (_, chosen) in zip(places, groups, strict=True):
        low, first, median, third, high = np.quantile(
            facts.errors[chosen], [0.05, 0.25, 0.5, 0.75, 0.95]
        )
        if chosen.sum() >= VERY_FEW_ROWS:
            axes.plot([place, place], [low, high], color=BLUE, linewidth=1.3)
            axes.vlines(place, first, third, color=BLUE, linewidth=7)
        axes.plot(place, median, marker="o", color=VERMILLION, markersize=5, zorder=4)
    axes.axhline(0, color=MUTED, linewidth=1)
    limit = central(facts.errors) * 0.75
    labels = [shortened(name, 8) for name, _ in groups]
    axes.set_xticks(places, labels)
    if max(map(len, labels)) * len(labels) > 34:
        axes.tick_params(axis="x", labelrotation=40)
        for text in axes.get_xticklabels():
            text.set(ha="right", rotation_mode="anchor")
    axes.set(ylim=(-limit, limit), xlim=(-0.6, len(groups) - 0.4))
    axes.grid(visible=False, axis="x")
    few_ticks(axes.yaxis, 5, facts.error_tick)
    name_axes(axes, x=titled(field), y=facts.error_title)
