"""New rows beside the training rows: how much each field differs, and where."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from ...display import percent, short
from ...monitoring.results import Compared, Distributions, DriftReport
from ...monitoring.tables import where
from ...runtime.contract import Contract
from .drawing import (
    BLUE,
    GREY,
    NARROW,
    VERMILLION,
    Picture,
    draw,
    few_ticks,
    height_of,
    name_axes,
    name_rows,
    sentence,
    shortened,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["distributions", "effects"]

_MOST_BARS = 22
_MOST_LEVELS = 10
_HEIGHT = 2.7


def effects(report: DriftReport) -> Picture | None:
    """Show the fields by how much they differ."""
    tested = [one for one in report.everything.fields if one.tests]
    shown = sorted(tested, key=lambda one: -one.effect)[:_MOST_BARS]
    if not shown:
        return None
    drifted = len(report.everything.drifted)
    listed = ", ".join(f"{one.name} {percent(one.effect)} ({one.verdict})" for one in shown)
    largest = shown[0]
    return Picture(
        title=f"{largest.name} differs most: {percent(largest.effect)} of the rows",
        caption=(
            f"{drifted} of {len(tested)} fields drifted. The line is the smallest difference that "
            "counts; a bar beyond it that is blue is not significant, or ignored."
        ),
        alternative=f"Difference by field: {listed}.",
        svg=draw(
            lambda axes: _paint_effects(axes, shown, report.settings.effect),
            name="effects",
            height=height_of(len(shown)),
        ),
    )


def _paint_effects(axes: Axes, shown: list[Compared], smallest: float) -> None:
    colours = [VERMILLION if one.verdict == "drift" else BLUE for one in shown]
    values = [one.effect for one in shown]
    axes.barh(np.arange(len(shown)), values, color=colours, alpha=0.75, height=0.72)
    name_rows(axes, [shortened(one.name, 24) for one in shown])
    axes.axvline(smallest, color=GREY, linewidth=1, linestyle="--")
    few_ticks(axes.xaxis, 5, lambda value: percent(value, 0))
    name_axes(axes, x="difference of shares")


def distributions(compared: Compared, contract: Contract, *, number: int) -> Picture | None:
    """Show the training rows and the new ones side by side, of a field or of the predictions."""
    both = compared.distributions
    if both is None or not both.values or not compared.tests:
        return None
    names = {field.name for field in contract.fields}
    described = contract.field(compared.name).description if compared.name in names else ""
    paint = partial(_paint_numbers, compared=compared, both=both)
    if compared.kind in ("nominal", "ordinal", "boolean"):
        paint = partial(_paint_levels, both=both)
    listed = "; ".join(where(test) for test in compared.tests)
    return Picture(
        title=compared.name,
        caption=f"{sentence(described)}{listed}. Grey: training rows, orange: new rows.",
        alternative=f"{compared.name}, training rows beside new rows: {listed}.",
        svg=draw(paint, name=f"distribution-{number}", height=_HEIGHT, width=NARROW),
    )


def _paint_numbers(axes: Axes, compared: Compared, both: Distributions) -> None:
    times = isinstance(both.values[0], str)
    values = np.array(both.values, dtype="datetime64[us]" if times else np.float64)
    for shares, colour, width in ((both.training, GREY, 3.0), (both.new, VERMILLION, 1.8)):
        axes.step(values, shares, where="post", color=colour, linewidth=width)
    axes.set_ylim(0, 1.02)
    few_ticks(axes.yaxis, 4, lambda value: percent(value, 0))
    if times:
        axes.tick_params(axis="x", labelrotation=40)
    else:
        few_ticks(axes.xaxis, 4, None if compared.kind == "year" else short)
    name_axes(axes, x=compared.name, y="share of the rows up to each value")


def _paint_levels(axes: Axes, both: Distributions) -> None:
    changes = np.abs(np.subtract(both.new, both.training))
    shown = sorted(np.argsort(-changes, kind="stable")[:_MOST_LEVELS].tolist())
    places = np.arange(len(shown))
    for shares, colour, move in ((both.training, GREY, -0.19), (both.new, VERMILLION, 0.19)):
        axes.barh(places + move, [shares[at] for at in shown], color=colour, height=0.36)
    name_rows(axes, [shortened(str(both.values[at]), 18) for at in shown])
    few_ticks(axes.xaxis, 4, lambda value: percent(value, 0))
    name_axes(axes, x="share of the rows")
