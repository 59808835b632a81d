"""An assessment as tables for people."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from .metrics import IN_UNIT, METRIC_NAMES, SHARES
from .tables import console_of, count, figure, shown, table_of

if TYPE_CHECKING:
    from rich.table import Table

    from ..evaluation import Assessment, Comparison, Estimate, Group

__all__ = ["show_assessment"]

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


def show_assessment(assessment: Assessment) -> None:
    """Print an assessment to standard output, most important first."""
    console = console_of(sys.stdout)
    if assessment.caution is not None:
        console.print(assessment.caution, style="bold red", soft_wrap=True)
    console.print(_title(assessment), style="bold")
    for table in _tables(assessment):
        console.print(table)
    for sentence in (*_sentences(assessment), *assessment.notes):
        console.print(sentence)


def _title(assessment: Assessment) -> str:
    rows = f"{assessment.name}: {assessment.target['name']}, {count(assessment.rows, 'row')}"
    if assessment.folds:
        return f"{rows}, {assessment.validated}"
    return f"{rows} of {shown(assessment.source)}"


def _tables(assessment: Assessment) -> Iterator[Table]:
    yield _figures(assessment)
    if assessment.comparison is not None:
        yield _comparison(assessment.comparison)
    if assessment.baselines or assessment.without:
        yield _beside(assessment)
    if assessment.folds:
        yield _folds(assessment)
    for name, groups in assessment.groups.items():
        yield _groups(name, groups)
    if assessment.importances:
        yield _importances(assessment)
    if len(assessment.calibration) > 1:
        yield _calibration(assessment)


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


def _figures(assessment: Assessment) -> Table:
    table = _columns(table_of(), "Figure", "Value", "95% interval", "Unit")
    for name, estimate in assessment.figures.items():
        unit = assessment.target["unit"] if name in IN_UNIT else None
        value = _value(name, estimate.value)
        table.add_row(_NAMES.get(name, name), value, _range(name, estimate), unit or "")
    return table


def _comparison(comparison: Comparison) -> Table:
    other = f"{comparison.other['name']} {comparison.other['version']}"
    title = f"Beside {other}, on {count(comparison.rows, 'row')} that both can score"
    names = ("Figure", "This", "Other", "Difference", "95% interval")
    table = _columns(table_of(title=title), *names)
    for name, figures in comparison.figures.items():
        numbers = (figures["this"], figures["other"], figures["difference"].value)
        cells = (*(_value(name, one) for one in numbers), _range(name, figures["difference"]))
        table.add_row(_NAMES.get(name, name), *cells)
    return table


def _beside(assessment: Assessment) -> Table:
    models = {"this model": assessment.figures, "this model, on a fifth": assessment.holdout}
    models |= assessment.baselines
    models |= {f"without {name}": found for name, found in assessment.without.items()}
    names = [name for name in ("rmsle", "rmse", "mae", "mape", "r2") if name in assessment.figures]
    table = _columns(table_of(title="Beside simpler models"), "", *(_SHORT[one] for one in names))
    for model, found in models.items():
        cells = (_value(one, found[one].value) if one in found else "-" for one in names)
        table.add_row(model, *cells)
    return table


def _folds(assessment: Assessment) -> Table:
    """One row a fold, or, of several cross-validations, one row each."""
    names = [name for name in ("rmsle", "mae", "coverage") if name in assessment.folds[0]]
    shown_names = [_SHORT[name] for name in names]
    if assessment.repeats == 1:
        table = _columns(table_of(title="By fold"), "Fold", "Rows", *shown_names)
        for fold in assessment.folds:
            cells = (_value(name, fold[name]) if name in fold else "-" for name in names)
            table.add_row(str(fold["fold"]), str(fold["rows"]), *cells)
        return table
    title = "By seed of the split into folds: mean of its folds"
    table = _columns(table_of(title=title), "Seed", *shown_names)
    for seed in dict.fromkeys(fold["seed"] for fold in assessment.folds):
        of_seed = [fold for fold in assessment.folds if fold["seed"] == seed]
        found = {name: [fold[name] for fold in of_seed if name in fold] for name in names}
        cells = (_value(n, sum(v) / len(v)) if v else "-" for n, v in found.items())
        table.add_row(str(seed), *cells)
    return table


def _groups(name: str, groups: Sequence[Group]) -> Table:
    more = len(groups) - _MOST_GROUPS
    heading = f"By {name}, worst first" + (f" ({more} more are better)" if more > 0 else "")
    names = list(dict.fromkeys(one for group in groups for one in group.figures))
    heads = (name, "Rows", *(_SHORT[one] for one in names))
    table = _columns(table_of(title=heading), *heads)
    for group in groups[:_MOST_GROUPS]:
        found = group.figures
        cells = (_value(one, found[one].value) if one in found else "-" for one in names)
        table.add_row(shown(group.name), f"{group.rows:,}", *cells)
    return table


def _importances(assessment: Assessment) -> Table:
    score = "RMSLE" if "rmsle" in assessment.figures else "RMSE"
    title = f"Rise of {score} when the values of a field are shuffled"
    table = _columns(table_of(title=title), "Field", "Rise", "Standard deviation")
    for one in assessment.importances[:_MOST_FIELDS]:
        numbers = (one.increase, one.standard_deviation)
        table.add_row(one.field, *(_value(score.lower(), number) for number in numbers))
    return table


def _calibration(assessment: Assessment) -> Table:
    table = _columns(table_of(title="Intervals at every level"), "Level", "Share inside")
    for level, coverage in assessment.calibration:
        table.add_row(f"{100 * level:g}%", f"{coverage:.1%}")
    return table


def _sentences(assessment: Assessment) -> Iterator[str]:
    if assessment.constant_width:
        yield _width_sentence(assessment)
    for row, sentence in assessment.refused[:_MOST_REFUSED]:
        yield f"Row {row + 1} was not scored: {shown(sentence)}"
    if (more := len(assessment.refused) - _MOST_REFUSED) > 0:
        yield f"{more:,} more were not scored: --json lists them all."


def _width_sentence(assessment: Assessment) -> str:
    this = {name: one.value for name, one in assessment.figures.items()}
    return (
        f"Intervals at {100 * assessment.level:g}%: {_interval(this)}. Of one width for all rows: "
        f"{_interval(assessment.constant_width)}."
    )


def _interval(figures: Mapping[str, float]) -> str:
    said = f"{figures['coverage']:.1%} inside, {figures['coverage_worst_quartile']:.1%} in the "
    said += "worst quartile"
    if "median_relative_width" in figures:
        return f"{said}, median width {figures['median_relative_width']:.1%} of the middle"
    if "median_width" in figures:
        return f"{said}, median width {figure(figures['median_width'])}"
    return said
