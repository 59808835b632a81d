"""How much predictions lose when a field's values are shuffled."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from ...evaluation import Importance
from ..drawing import BLUE, GREY, INK, draw, name_axes, ticks
from ..facts import Facts
from ..metrics import written
from ..numbers import count
from ..parts import Picture
from .scales import few_ticks

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["importances"]

_MOST_BARS = 22
_MOST_WORDS = 8


def importances(facts: Facts) -> Picture | None:
    """Show the fields by what shuffling their values costs."""
    ranked = facts.evaluation.importances[:_MOST_BARS]
    if not ranked:
        return None
    score = _score(facts)
    label = "RMSLE" if score == "rmsle" else "RMSE"
    hidden = len(facts.evaluation.importances) - len(ranked)

    def write(value: float) -> str:
        return written(score, value, facts.amounts, sign=True)

    first = ranked[0]
    return Picture(
        title=f"{first.field} matters most: shuffled, it costs {write(first.increase)} {label}",
        caption=(
            f"By how much the {label} rises when the values of one field are shuffled among "
            "held-out rows; whiskers are one standard deviation over the shuffles. Fields that "
            "say the same share their importance."
            + (f" {count(hidden, 'field')} with less not shown." if hidden else "")
        ),
        alternative=f"Rise of the {label} when a field is shuffled: "
        + ", ".join(f"{one.field} {write(one.increase)}" for one in ranked)
        + ".",
        svg=draw(
            lambda axes: _paint(axes, facts, ranked, score, label),
            name="importance",
            height=0.95 + 0.255 * len(ranked),
        ),
        legend=_legend(facts, ranked[:_MOST_WORDS]),
    )


def _legend(facts: Facts, ranked: Sequence[Importance]) -> list[tuple[str, str]]:
    """Say what the fields are, where the contract does."""
    described = {field.name: field.description for field in facts.model.contract.fields}
    return [(one.field, described[one.field]) for one in ranked if described.get(one.field)]


def _score(facts: Facts) -> str:
    return "rmsle" if "rmsle" in facts.evaluation.metrics else "rmse"


def _paint(axes: Axes, facts: Facts, ranked: Sequence[Importance], score: str, label: str) -> None:
    places = np.arange(len(ranked))
    values = [one.increase for one in ranked]
    axes.barh(places, values, color=BLUE, alpha=0.75, height=0.72)
    deviations = [one.standard_deviation for one in ranked]
    axes.errorbar(values, places, xerr=deviations, fmt="none", ecolor=INK, elinewidth=1, capsize=2)
    axes.set_yticks(places, [one.field for one in ranked])
    axes.set_ylim(len(ranked) - 0.4, -0.6)
    axes.axvline(0, color=GREY, linewidth=0.8)
    axes.grid(visible=False, axis="y")
    axes.tick_params(axis="y", length=0)
    few_ticks(axes.xaxis, 4)
    if score == "rmse":
        ticks(axes.xaxis, facts.amounts.tick)
    name_axes(axes, x=f"rise of the {label}")
