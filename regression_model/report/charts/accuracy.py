"""Predicted against actual values, errors against predictions, and the score of each fold."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from ...display import count, percent, share
from ..facts import Facts, Floats
from .drawing import (
    BLUE,
    INK,
    MUTED,
    VERMILLION,
    Picture,
    central,
    draw,
    few_ticks,
    name_axes,
    padded,
    score_axis,
    target_axis,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["by_fold", "errors_against_prediction", "paint_accuracy", "predicted_against_actual"]

Slices = tuple[Floats, Floats, Floats, Floats]

_MANY = 300  # points: more are drawn as one image
_SLICES = 12  # of the rows, by prediction, each with a median


def predicted_against_actual(facts: Facts) -> Picture:
    """Show every row as a dot: its actual and its predicted value."""
    half = facts.error(float(np.median(np.abs(facts.errors))))
    most = facts.error(float(np.quantile(np.abs(facts.errors), 0.9)))
    target = facts.scored.target
    outside = int((~_inside(facts)).sum())
    low, high = (facts.amounts.full(float(f(target))) for f in (np.min, np.max))
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
            f"{count(len(target), 'row')}, from {low} to {high}, along the diagonal. "
            f"Half of the predictions are within {half} of the actual value, nine in ten within "
            f"{most}; {count(outside, 'row')} ({percent(outside / len(target))}) "
            f"outside the {level} interval."
        ),
        svg=draw(lambda axes: paint_accuracy(axes, facts), name="accuracy", height=4.5),
    )


def paint_accuracy(axes: Axes, facts: Facts) -> None:
    """Put predicted against actual values on a pair of axes."""
    inside, target, prediction = _inside(facts), facts.scored.target, facts.scored.prediction
    level = share(facts.evaluation.level)
    kinds = (
        (inside, "o", BLUE, f"inside the {level} interval", 11, 0),
        (~inside, "x", VERMILLION, "outside it", 17, 1.2),
    )
    for chosen, marker, colour, label, size, line in kinds:
        axes.scatter(
            target[chosen],
            prediction[chosen],
            s=size,
            marker=marker,
            color=colour,
            alpha=0.5 if marker == "o" else 0.9,
            linewidths=line,
            label=label,
            rasterized=len(target) > _MANY,
        )
    low, high = padded(np.concatenate([target, prediction]), logarithmic=facts.is_logarithmic)
    axes.plot([low, high], [low, high], color=INK, linewidth=1.2, zorder=3)
    for axis in (axes.xaxis, axes.yaxis):
        target_axis(axis, facts, low, high)
    axes.set(xlim=(low, high), ylim=(low, high), aspect="equal")
    title = facts.amounts.title
    name_axes(axes, x=title(f"actual {facts.target_name}"), y=title("predicted"))
    axes.legend(loc="upper left", handletextpad=0.2, borderaxespad=0.1)


def _inside(facts: Facts) -> npt.NDArray[np.bool_]:
    """Whether each row's interval holds its value."""
    return (facts.scored.lower <= facts.scored.target) & (facts.scored.target <= facts.scored.upper)


def errors_against_prediction(facts: Facts) -> Picture:
    """Show the error of every row against what was predicted for it."""
    limit = central(facts.errors)
    beyond = int((np.abs(facts.errors) > limit).sum())
    bias = float(np.median(facts.errors))
    slices = _slices(facts.scored.prediction, facts.errors)
    _, medians, lows, highs = slices
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
        svg=draw(lambda axes: _paint_errors(axes, facts, limit, slices), name="errors", height=4.5),
    )


def _paint_errors(axes: Axes, facts: Facts, limit: float, slices: Slices) -> None:
    middles, medians, lows, highs = slices
    prediction, shown = facts.scored.prediction, np.clip(facts.errors, -limit, limit)
    near = np.abs(facts.errors) <= limit
    dots: dict[str, Any] = {
        "s": 9,
        "color": BLUE,
        "alpha": 0.4,
        "rasterized": len(shown) > _MANY,
        "zorder": 2,
    }
    far: dict[str, Any] = {"s": 34, "color": VERMILLION, "zorder": 4, "clip_on": False}
    for chosen, marker, style in (
        (near, "o", dots),
        (~near & (shown > 0), "^", far),
        (~near & (shown < 0), "v", far),
    ):
        if chosen.any():
            axes.scatter(prediction[chosen], shown[chosen], marker=marker, linewidths=0, **style)
    axes.axhline(0, color=MUTED, linewidth=1)
    if len(middles) > 1:
        axes.fill_between(middles, lows, highs, color=VERMILLION, alpha=0.18, linewidth=0)
    axes.plot(middles, medians, color=VERMILLION, marker="o", markersize=3.5, zorder=3)
    low, high = padded(prediction, logarithmic=facts.is_logarithmic)
    target_axis(axes.xaxis, facts, low, high)
    axes.set(xlim=(low, high), ylim=(-limit, limit))
    few_ticks(axes.yaxis, 8, facts.error_tick)
    title = facts.amounts.title(f"predicted {facts.target_name}")
    name_axes(axes, x=title, y=facts.error_title)


def _slices(at: Floats, values: Floats) -> Slices:
    """Cut rows into slices of one size: their middles, medians, and the 10% and 90% quantiles."""
    slices = min(_SLICES, max(len(at) // 8, 1))
    parts = np.array_split(np.argsort(at, kind="stable"), slices)
    middles = np.array([np.median(at[part]) for part in parts])
    low, median, high = np.array([np.quantile(values[part], [0.1, 0.5, 0.9]) for part in parts]).T
    return middles, median, low, high


def by_fold(facts: Facts) -> Picture | None:
    """Show the score of every fold as a dot."""
    score, label = facts.evaluation.score, facts.score_label
    folds = [fold for fold in facts.evaluation.folds if score in fold]
    if len(folds) < 2:
        return None
    values = np.array([float(fold[score]) for fold in folds])
    seeds = np.array([int(fold.get("seed", 0)) for fold in folds])

    def write(value: float) -> str:
        return facts.written(score, value)

    low, high, middle = (write(float(f(values))) for f in (np.min, np.max, np.mean))
    repeats = len(np.unique(seeds))
    across = f" of {repeats} cross-validations, each with its own seed" if repeats > 1 else ""
    listed = "; ".join(
        ", ".join(write(value) for value in values[seeds == seed]) for seed in np.unique(seeds)
    )
    return Picture(
        title=f"{len(folds)} folds: {label} from {low} to {high}",
        caption=(
            f"Each dot is the {label} of one fold{across}: of its rows, by a model that was fitted "
            f"without them. The line is the mean, {middle}."
            + (" The short lines are the means of the seeds." if repeats > 1 else "")
        ),
        alternative=f"{label} by fold{across}, mean {middle}: {listed}.",
        svg=draw(lambda axes: _paint_folds(axes, facts, values, seeds), name="folds", height=3.4),
    )


def _paint_folds(axes: Axes, facts: Facts, values: Floats, seeds: Floats) -> None:
    repeated = len(np.unique(seeds)) > 1
    places = seeds if repeated else np.arange(1, len(values) + 1)
    axes.axhline(values.mean(), color=VERMILLION, linewidth=1.6)
    if repeated:
        for seed in np.unique(seeds):
            mean = values[seeds == seed].mean()
            axes.plot([seed - 0.25, seed + 0.25], [mean, mean], color=BLUE, linewidth=2.5)
    else:
        axes.vlines(places, values.mean(), values, color=BLUE, linewidth=1, alpha=0.5)
    axes.plot(places, values, "o", color=BLUE, markersize=7, alpha=0.55 if repeated else 1)
    axes.set_ylim(0, float(values.max()) * 1.12)
    axes.set_xlim(float(places.min()) - 0.7, float(places.max()) + 0.7)
    axes.grid(visible=False, axis="x")
    few_ticks(axes.xaxis, 10, whole=True)
    title = score_axis(axes.yaxis, facts, facts.evaluation.score, 5)
    name_axes(axes, x="seed" if repeated else "fold", y=title)
