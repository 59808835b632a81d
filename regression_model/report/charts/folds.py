"""How much the score depends on which rows were held out."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ..drawing import BLUE, VERMILLION, draw, name_axes, ticks
from ..facts import Facts, Floats
from ..metrics import metric, written
from ..parts import Picture
from .scales import few_ticks

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["by_fold"]


def by_fold(facts: Facts) -> Picture | None:
    """Show the score of every fold as a dot."""
    score, label = facts.score_name, metric(facts.score_name).label
    folds = [fold for fold in facts.evaluation.folds if score in fold]
    if len(folds) < 2:
        return None
    values = np.array([float(fold[score]) for fold in folds])
    seeds = np.array([int(fold.get("seed", 0)) for fold in folds])

    def write(value: float) -> str:
        return written(score, value, facts.amounts)

    low, high, middle = (write(float(f(values))) for f in (np.min, np.max, np.mean))
    repeats = len(np.unique(seeds))
    across = f" of {repeats} cross-validations, each with a seed of its own" if repeats > 1 else ""
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
        svg=draw(lambda axes: _paint(axes, facts, values, seeds), name="folds", height=3.4),
    )


def _paint(axes: Axes, facts: Facts, values: Floats, seeds: Floats) -> None:
    score, repeated = facts.score_name, len(np.unique(seeds)) > 1
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
    few_ticks(axes.yaxis, 5)
    if score == "mae":
        ticks(axes.yaxis, facts.amounts.tick)
    label = metric(score).label
    name_axes(
        axes,
        x="seed" if repeated else "fold",
        y=facts.amounts.title(label) if score == "mae" else label,
    )
