"""Predicted against actual values, and errors against predictions."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from ..drawing import BLUE, INK, MUTED, VERMILLION, draw, name_axes, ticks
from ..facts import Facts
from ..numbers import count, percent, share
from ..parts import Picture
from .scales import central, few_ticks, logarithmic, padded

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["errors_against_prediction", "paint_accuracy", "predicted_against_actual"]

_MANY = 300  # points: more are drawn as one picture of dots
_SLICES = 12  # of the rows, by prediction, each with a median


def predicted_against_actual(facts: Facts) -> Picture:
    """Show every row as a dot: what it was, and what the model said."""
    half = facts.error(float(np.median(np.abs(facts.errors))))
    most = facts.error(float(np.quantile(np.abs(facts.errors), 0.9)))
    outside = int((~facts.inside).sum())
    low, high = (facts.amounts.full(float(f(facts.target))) for f in (np.min, np.max))
    level = share(facts.evaluation.level)
    return Picture(
        title=f"Half of the predictions are within {half}, nine in ten within {most}",
        caption=(
            "A dot on the line is a row predicted exactly; above it the prediction is too high. "
            f"Crosses are the rows whose {level} interval misses the actual value."
            + (" Both axes are logarithmic." if facts.is_logarithmic else "")
        ),
        alternative=(
            f"Scatter plot of predicted against actual {facts.target_name} of "
            f"{count(len(facts.target), 'row')}, from {low} to {high}, along the diagonal. "
            f"Half of the predictions are within {half} of the actual value, nine in ten within "
            f"{most}; {count(outside, 'row')} ({percent(outside / len(facts.target))}) "
            f"outside the {level} interval."
        ),
        svg=draw(lambda axes: paint_accuracy(axes, facts), name="accuracy", height=4.5),
    )


def paint_accuracy(axes: Axes, facts: Facts) -> None:
    """Put predicted against actual values on a pair of axes."""
    inside, dense = facts.inside, len(facts.target) > _MANY
    level = share(facts.evaluation.level)
    kinds = (
        (inside, "o", BLUE, f"inside the {level} interval", 11, 0),
        (~inside, "x", VERMILLION, "outside it", 17, 1.2),
    )
    for chosen, marker, colour, label, size, line in kinds:
        axes.scatter(
            facts.target[chosen],
            facts.prediction[chosen],
            s=size,
            marker=marker,
            color=colour,
            alpha=0.5 if marker == "o" else 0.9,
            linewidths=line,
            label=label,
            rasterized=dense,
        )
    both = np.concatenate([facts.target, facts.prediction])
    low, high = padded(both, logarithmic=facts.is_logarithmic)
    axes.plot([low, high], [low, high], color=INK, linewidth=1.2, zorder=3)
    for axis in (axes.xaxis, axes.yaxis):
        if facts.is_logarithmic:
            logarithmic(axis, low, high, facts.amounts.tick)
        else:
            few_ticks(axis, 5)
            ticks(axis, facts.amounts.tick)
    axes.set(xlim=(low, high), ylim=(low, high), aspect="equal")
    title = facts.amounts.title
    name_axes(axes, x=title(f"actual {facts.target_name}"), y=title("predicted"))
    axes.legend(loc="upper left", handletextpad=0.2, borderaxespad=0.1)


def errors_against_prediction(facts: Facts) -> Picture:
    """Show the error of every row against what was predicted for it."""
    limit = central(facts.errors)
    beyond = int((np.abs(facts.errors) > limit).sum())
    bias = float(np.median(facts.errors))
    middles, medians, lows, highs = _slices(facts.prediction, facts.errors)
    way = "too high" if bias > 0 else "too low"
    return Picture(
        title=f"The median error is {facts.error(bias, sign=True)}; does it depend on the "
        "prediction?",
        caption=(
            "Above zero the prediction is too high. The line is the median error of rows with "
            "similar predictions, the band holds the middle 80% of them."
            + (f" {count(beyond, 'row')} beyond the edges: triangles." if beyond else "")
        ),
        alternative=(
            f"Errors against predictions of {count(len(facts.errors), 'row')}: the median error "
            f"is {facts.error(bias, sign=True)} ({way}). In {len(medians)} slices from low to high "
            f"predictions the median goes from {facts.error(medians[0], sign=True)} to "
            f"{facts.error(medians[-1], sign=True)}, and the middle 80% of the errors from between "
            f"{facts.error(lows[0], sign=True)} and {facts.error(highs[0], sign=True)} to between "
            f"{facts.error(lows[-1], sign=True)} and {facts.error(highs[-1], sign=True)}."
        ),
        svg=draw(lambda axes: _paint_errors(axes, facts, limit), name="errors", height=4.5),
    )


def _paint_errors(axes: Axes, facts: Facts, limit: float) -> None:
    middles, medians, lows, highs = _slices(facts.prediction, facts.errors)
    shown = np.clip(facts.errors, -limit, limit)
    near, dense = np.abs(facts.errors) <= limit, len(shown) > _MANY
    for chosen, marker, size in (
        (near, "o", 9),
        (~near & (shown > 0), "^", 34),
        (~near & (shown < 0), "v", 34),
    ):
        if chosen.any():
            axes.scatter(
                facts.prediction[chosen],
                shown[chosen],
                s=size,
                marker=marker,
                color=BLUE if marker == "o" else VERMILLION,
                alpha=0.4 if marker == "o" else 1,
                linewidths=0,
                rasterized=dense and marker == "o",
                zorder=2 if marker == "o" else 4,
                clip_on=marker == "o",
            )
    axes.axhline(0, color=MUTED, linewidth=1)
    if len(middles) > 1:
        axes.fill_between(middles, lows, highs, color=VERMILLION, alpha=0.18, linewidth=0)
    axes.plot(middles, medians, color=VERMILLION, marker="o", markersize=3.5, zorder=3)
    low, high = padded(facts.prediction, logarithmic=facts.is_logarithmic)
    if facts.is_logarithmic:
        logarithmic(axes.xaxis, low, high, facts.amounts.tick)
    else:
        few_ticks(axes.xaxis, 5)
        ticks(axes.xaxis, facts.amounts.tick)
    axes.set(xlim=(low, high), ylim=(-limit, limit))
    ticks(axes.yaxis, facts.error_tick)
    name = "error" if facts.is_relative else facts.amounts.title("error")
    name_axes(axes, x=facts.amounts.title(f"predicted {facts.target_name}"), y=name)


Floats = npt.NDArray[np.float64]


def _slices(at: Floats, values: Floats) -> tuple[Floats, Floats, Floats, Floats]:
    """Cut rows into slices of one size: middles, medians, and what 10% are below and above."""
    slices = min(_SLICES, max(len(at) // 8, 1))
    parts = np.array_split(np.argsort(at, kind="stable"), slices)
    middles = np.array([np.median(at[part]) for part in parts])
    low, median, high = np.array([np.quantile(values[part], [0.1, 0.5, 0.9]) for part in parts]).T
    return middles, median, low, high
