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
    "spread_sentence",
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
    "median_width": "Median width of the interval",
}
SHARES = ("mape", "coverage", "coverage_worst_quartile", "median_relative_width")
IN_UNIT = ("rmse", "mae", "median_absolute_error", "median_width")


def metrics_table(manifest: Mapping[str, Any]) -> Table:
    target, figures = manifest["target"], manifest["metrics"]
    spread = manifest.get("spread", {})  # an older file has none
    table = table_of(title=f"{target['name']}, {validated(manifest)}")
    table.add_column("Figure")
    table.add_column("Value", justify="right")
    table.add_column("Range for new rows", justify="right")
    table.add_column("Unit")
    for key in sorted(figures, key=[*METRIC_NAMES, *figures].index):
        ends = (spread[key]["low"], spread[key]["high"]) if key in spread else ()
        unit = target["unit"] if key in IN_UNIT else None
        between = " to ".join(_value(key, end) for end in ends)
        table.add_row(METRIC_NAMES.get(key, key), _value(key, figures[key]), between, unit or "")
    return table


def _value(key: str, value: float) -> str:
    return f"{value:.2%}" if key in SHARES else figure(value)


def validated(manifest: Mapping[str, Any]) -> str:
    from ..evaluation import cross_validated  # brings numpy, which --help does without

    training = manifest["training"]
    return cross_validated(training["folds"], training.get("repeats", 1))


def spread_sentence(manifest: Mapping[str, Any]) -> str | None:
    """Say what the ranges are; None for an older file, which has none."""
    spread = manifest.get("spread", {})
    if not spread:
        return None
    name = "rmsle" if "rmsle" in spread else "rmse"
    ranges = "The ranges are 95% bootstrap intervals, from resampling the rows."
    if "over_seeds" not in spread[name]:
        return ranges
    return (
        f"{ranges} From one split into folds to another the {name.upper()} differs by "
        f"{figure(spread[name]['over_seeds'])} (standard deviation)."
    )


def interval_sentence(manifest: Mapping[str, Any]) -> str:
    interval, figures = manifest["interval"], manifest["metrics"]
    return (
        f"Intervals: made to hold {100 * interval['level']:g}% of new rows. Of the held-out rows "
        f"they held {figures['coverage']:.1%}, and {figures['coverage_worst_quartile']:.1%} in the "
        f"worst quartile of the target{_width(manifest)}."
    )


def _width(manifest: Mapping[str, Any]) -> str:
    """Say how wide intervals are; as a share only where they stay away from zero."""
    figures, unit = manifest["metrics"], manifest["target"]["unit"]
    if "median_relative_width" in figures:
        return f"; median width {figures['median_relative_width']:.0%} of the prediction"
    if "median_width" in figures:
        return f"; median width {figure(figures['median_width'])}" + (f" {unit}" if unit else "")
    return ""


def quality_sentence(manifest: Mapping[str, Any]) -> str:
    figures, bar = manifest["metrics"], manifest["quality"]
    kept = [
        f"{name.upper() if name == 'rmsle' else name} {figures[name]:.4f} ({word} {bar[name]:g})"
        for name, word in (("rmsle", "at most"), ("coverage", "at least"))
        if bar[name] is not None
    ]
    met = f"Quality bar: met, {', '.join(kept)}; {validated(manifest)}."
    return met if kept else "Quality bar: none configured."


def parity_sentence(manifest: Mapping[str, Any]) -> str:
    parity = manifest["parity"]
    return (
        f"Graph and pipeline agree on {count(parity['rows'], 'row')}: "
        f"largest relative difference {parity['largest_relative_difference']:.1e}."
    )
