"""Errors against the fields that matter most."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from ...runtime.contract import Field
from ..columns import Columns, shown
from ..drawing import BLUE, MUTED, NARROW, VERMILLION, draw, name_axes, ticks
from ..facts import Facts
from ..numbers import count
from ..parts import Picture
from .groups import FEW_ROWS, VERY_FEW_ROWS
from .scales import central, few_ticks

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["errors_by_field"]

Floats = npt.NDArray[np.float64]

_MOST_PICTURES = 6
_MOST_VALUES = 10  # more distinct ones are cut into bins
_BINS = 8
_HEIGHT = 2.7


def errors_by_field(facts: Facts, columns: Columns) -> list[Picture]:
    """Show the middle of the errors, and its spread, over the values of each main field."""
    pictures: list[Picture] = []
    for field in facts.main_fields(24):
        groups = _groups(field, columns.values[field.name])
        if len(groups) > 1:
            pictures.append(_picture(facts, field, groups, number=len(pictures)))
        if len(pictures) == _MOST_PICTURES:
            break
    return pictures


Groups = list[tuple[str, npt.NDArray[np.bool_]]]


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
        caption=f"{_sentence(field.description)}Furthest from zero at "
        f"{groups[worst][0]}{unit}: "
        f"{facts.error(medians[worst], sign=True)}, the median of {count(sizes[worst], 'row')}.",
        alternative=f"Median error by {field.name}{unit and f' in{unit}'}: {listed}.",
        svg=draw(
            lambda axes: _paint(axes, facts, field, groups),
            name=f"field-{number}",
            height=_HEIGHT,
            width=NARROW,
        ),
    )


def _sentence(description: str) -> str:
    return f"{description.rstrip('.')}. " if description else ""


def _paint(axes: Axes, facts: Facts, field: Field, groups: Groups) -> None:
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
    labels = [name if len(name) <= 8 else f"{name[:7]}…" for name, _ in groups]
    axes.set_xticks(places, labels)
    if max(map(len, labels)) * len(labels) > 34:
        axes.tick_params(axis="x", labelrotation=40)
        for text in axes.get_xticklabels():
            text.set(ha="right", rotation_mode="anchor")
    axes.set(ylim=(-limit, limit), xlim=(-0.6, len(groups) - 0.4))
    axes.grid(visible=False, axis="x")
    few_ticks(axes.yaxis, 5)
    ticks(axes.yaxis, facts.error_tick)
    name = "error" if facts.is_relative else facts.amounts.title("error")
    unit = f" ({field.unit})" if field.unit else ""
    name_axes(axes, x=f"{field.name}{unit}", y=name)
