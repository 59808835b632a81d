"""How good a model is, as its manifest says, for people."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from .tables import count, figure, table_of

if TYPE_CHECKING:
    from rich.table import Table

__all__ = [
    "IN_UNIT",
    "METRIC_NAMES",
    "SHARES",
    "interval_sentence",
    "metrics_table",
    "parity_sentence",
    "quality_sentence",
]


METRIC_NAMES = {
    "rmsle": "Root mean squared log error (RMSLE), mean of folds",
    "rmsle_worst_fold": "RMSLE, worst fold",
    "rmse": "Root mean squared error",
    "mae": "Mean absolute error",
    "median_absolute_error": "Median absolute error",
    "mape": "Mean absolute percentage error",
    "r2": "R squared",
    "coverage": "Share inside the interval",
    "coverage_worst_quartile": "Share inside, worst quartile of the target",
    "median_relative_width": "Median width of the interval",
}
SHARES = ("mape", "coverage", "coverage_worst_quartile", "median_relative_width")
IN_UNIT = ("rmse", "mae", "median_absolute_error")


def metrics_table(manifest: Mapping[str, Any]) -> Table:
    target, figures = manifest["target"], manifest["metrics"]
    table = table_of(
        title=f"{target['name']}, {manifest['training']['folds']}-fold cross-validation"
    )
    table.add_column("Figure")
    table.add_column("Value", justify="right")
    table.add_column("Unit")
    for key in sorted(figures, key=[*METRIC_NAMES, *figures].index):
        value = f"{figures[key]:.2%}" if key in SHARES else figure(figures[key])
        unit = target["unit"] if key in IN_UNIT else None
        table.add_row(METRIC_NAMES.get(key, key), value, unit or "")
    return table


def interval_sentence(manifest: Mapping[str, Any]) -> str:
    interval, figures = manifest["interval"], manifest["metrics"]
    return (
        f"Intervals: made to hold {100 * interval['level']:g}% of new rows. Of the held-out rows "
        f"they held {figures['coverage']:.1%}, and {figures['coverage_worst_quartile']:.1%} in the "
        f"worst quartile of the target; median width {figures['median_relative_width']:.0%} of the "
        "prediction."
    )


def quality_sentence(manifest: Mapping[str, Any]) -> str:
    figures, bar = manifest["metrics"], manifest["quality"]
    kept = [
        f"{name} {figures[name]:.4f} ({word} {bar[name]:g})"
        for name, word in (("rmsle", "at most"), ("coverage", "at least"))
        if bar[name] is not None
    ]
    return f"Quality bar: met, {', '.join(kept)}." if kept else "Quality bar: none configured."


def parity_sentence(manifest: Mapping[str, Any]) -> str:
    parity = manifest["parity"]
    return (
        f"Graph and pipeline agree on {count(parity['rows'], 'row')}: "
        f"largest relative difference {parity['largest_relative_difference']:.1e}."
    )
