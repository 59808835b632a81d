"""An evaluation as tables for people."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from .metrics import IN_UNIT, METRIC_NAMES, SHARES
from .tables import console_of, count, figure, shown, table_of

if TYPE_CHECKING:
    from rich.table import Table

    from ..evaluation import Comparison, Estimate, EvaluationResult, Group

__all__ = ["show_evaluation"]

_MOST_GROUPS = 8
_MOST_FIELDS = 10
_MOST_REFUSED = 50
_SHORT = {
    "rmsle": "RMSLE",
    "rmse": "RMSE",
    "mae": "MAE",
    "mape": "MAPE",
    "r2": "R squared",
    "median_error_percent": "Median error",
    "coverage": "Inside interval",
}
_NAMES = METRIC_NAMES | {"rmsle": "Root mean squared log error (RMSLE)"}


def show_evaluation(evaluation: EvaluationResult) -> None:
    """Print an evaluation to standard output, most important first."""
    console = console_of(sys.stdout)
    if evaluation.caution is not None:
        console.print(evaluation.caution, style="bold red", soft_wrap=True)
    console.print(_title(evaluation), style="bold")
    for table in _tables(evaluation):
        console.print(table)
    for sentence in (*_sentences(evaluation), *evaluation.notes):
        console.print(sentence)


def _title(evaluation: EvaluationResult) -> str:
    rows = f"{evaluation.name}: {evaluation.target['name']}, {count(evaluation.rows, 'row')}"
    if evaluation.folds:
        return f"{rows}, {evaluation.validated}"
    return f"{rows} of {shown(evaluation.source)}"


def _tables(evaluation: EvaluationResult) -> Iterator[Table]:
    yield _metrics_table(evaluation)
    if evaluation.comparison is not None:
        yield _comparison(evaluation.comparison)
    if evaluation.baselines or evaluation.without:
        yield _beside(evaluation)
    if evaluation.folds:
        yield _folds(evaluation)
    for name, groups in evaluation.groups.items():
        yield _groups(name, groups)
    if evaluation.importances:
        yield _importances(evaluation)
    if len(evaluation.calibration) > 1:
        yield _calibration(evaluation)


def _columns(table: Table, *names: str) -> Table:
    """Add columns: the first for a name, the others for numbers."""
    for number, name in enumerate(names):
        table.add_column(name, justify="right" if number else "left", overflow="fold")
    return table


def _value(name: str, value: float) -> str:
    if name == "median_error_percent":
        return f"{round(value, 1) + 0.0:+.1f}%"  # no -0.0
    if name in SHARES:
        return f"{value:.1%}"
    return figure(value) if name in IN_UNIT else f"{value:.4f}"


def _range(name: str, estimate: Estimate) -> str:
    return f"{_value(name, estimate.low)} to {_value(name, estimate.high)}"


def _metrics_table(evaluation: EvaluationResult) -> Table:
    table = _columns(table_of(), "Figure", "Value", "95% interval", "Unit")
    for name, estimate in evaluation.metrics.items():
        unit = evaluation.target["unit"] if name in IN_UNIT else None
        value = _value(name, estimate.value)
        table.add_row(_NAMES.get(name, name), value, _range(name, estimate), unit or "")
    return table


def _comparison(comparison: Comparison) -> Table:
    other = f"{comparison.other['name']} {comparison.other['version']}"
    title = f"Beside {other}, on {count(comparison.rows, 'row')} that both can score"
    names = ("Figure", "This", "Other", "Difference", "95% interval")
    table = _columns(table_of(title=title), *names)
    for name, metrics in comparison.metrics.items():
        numbers = (metrics["this"], metrics["other"], metrics["difference"].value)
        cells = (*(_value(name, one) for one in numbers), _range(name, metrics["difference"]))
        table.add_row(_NAMES.get(name, name), *cells)
    return table


def _beside(evaluation: EvaluationResult) -> Table:
    models = {"this model": evaluation.metrics, "this model, on a fifth": evaluation.holdout}
    models |= evaluation.baselines
    models |= {f"without {name}": found for name, found in evaluation.without.items()}
    names = [name for name in ("rmsle", "rmse", "mae", "mape", "r2") if name in evaluation.metrics]
    table = _columns(table_of(title="Beside simpler models"), "", *(_SHORT[one] for one in names))
    for model, found in models.items():
        cells = (_value(one, found[one].value) if one in found else "-" for one in names)
        table.add_row(model, *cells)
    return table


def _folds(evaluation: EvaluationResult) -> Table:
    """One row a fold, or, of several cross-validations, one row each."""
    names = [name for name in ("rmsle", "mae", "coverage") if name in evaluation.folds[0]]
    shown_names = [_SHORT[name] for name in names]
    if evaluation.repeats == 1:
        table = _columns(table_of(title="By fold"), "Fold", "Rows", *shown_names)
        for fold in evaluation.folds:
            cells = (_value(name, fold[name]) if name in fold else "-" for name in names)
            table.add_row(str(fold["fold"]), str(fold["rows"]), *cells)
        return table
    title = "By seed of the split into folds: mean of its folds"
    table = _columns(table_of(title=title), "Seed", *shown_names)
    for seed in dict.fromkeys(fold["seed"] for fold in evaluation.folds):
        of_seed = [fold for fold in evaluation.folds if fold["seed"] == seed]
        found = {name: [fold[name] for fold in of_seed if name in fold] for name in names}
        cells = (_value(n, sum(v) / len(v)) if v else "-" for n, v in found.items())
        table.add_row(str(seed), *cells)
    return table


def _groups(name: str, groups: Sequence[Group]) -> Table:
    more = len(groups) - _MOST_GROUPS
    heading = f"By {name}, worst first" + (f" ({more} more are better)" if more > 0 else "")
    names = list(dict.fromkeys(one for group in groups for one in group.metrics))
    heads = (name, "Rows", *(_SHORT[one] for one in names))
    table = _columns(table_of(title=heading), *heads)
    for group in groups[:_MOST_GROUPS]:
        found = group.metrics
        cells = (_value(one, found[one].value) if one in found else "-" for one in names)
        table.add_row(shown(group.name), f"{group.rows:,}", *cells)
    return table


def _importances(evaluation: EvaluationResult) -> Table:
    score = "RMSLE" if "rmsle" in evaluation.metrics else "RMSE"
    title = f"Rise of {score} when the values of a field are shuffled"
    table = _columns(table_of(title=title), "Field", "Rise", "Standard deviation")
    for one in evaluation.importances[:_MOST_FIELDS]:
        numbers = (one.increase, one.standard_deviation)
        table.add_row(one.field, *(_value(score.lower(), number) for number in numbers))
    return table


def _calibration(evaluation: EvaluationResult) -> Table:
    table = _columns(table_of(title="Intervals at every level"), "Level", "Share inside")
    for level, coverage in evaluation.calibration:
        table.add_row(f"{100 * level:g}%", f"{coverage:.1%}")
    return table


def _sentences(evaluation: EvaluationResult) -> Iterator[str]:
    if evaluation.constant_width:
        yield _width_sentence(evaluation)
    for row, sentence in evaluation.refused[:_MOST_REFUSED]:
        yield f"Row {row + 1} was not scored: {shown(sentence)}"
    if (more := len(evaluation.refused) - _MOST_REFUSED) > 0:
        yield f"{more:,} more were not scored: --json lists them all."


def _width_sentence(evaluation: EvaluationResult) -> str:
    this = {name: one.value for name, one in evaluation.metrics.items()}
    return (
        f"Intervals at {100 * evaluation.level:g}%: {_interval(this)}. Of one width for all rows: "
        f"{_interval(evaluation.constant_width)}."
    )


def _interval(metrics: Mapping[str, float]) -> str:
    said = f"{metrics['coverage']:.1%} inside, {metrics['coverage_worst_quartile']:.1%} in the "
    said += "worst quartile"
    if "median_relative_width" in metrics:
        return f"{said}, median width {metrics['median_relative_width']:.1%} of the middle"
    if "median_width" in metrics:
        return f"{said}, median width {figure(metrics['median_width'])}"
    return said
