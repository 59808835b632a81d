"""The tables of the page and the card."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from ..evaluation import Estimate, Group
from .charts.groups import VERY_FEW_ROWS, in_order, label_of
from .columns import Columns, shown
from .facts import Facts
from .metrics import interval_of, known, metric, written
from .numbers import count, percent, plain, share
from .parts import Table
from .wording import ends

__all__ = [
    "baselines",
    "comparison",
    "constant_width",
    "fields",
    "metrics",
    "groups",
    "holdout",
    "most_wrong",
    "record",
    "refused",
    "without",
]

_MOST_WRONG = 10
_REASONS = 3
_MOST_REFUSED = 50
_SCORES = ("rmsle", "mae", "rmse", "r2")


def metrics(facts: Facts) -> Table:
    """Every metric with its bootstrap interval."""
    return _of_estimates(facts, "The metrics", facts.evaluation.metrics)


def holdout(facts: Facts) -> Table:
    """The metrics of the rows that were put aside once."""
    return _of_estimates(
        facts,
        "A fifth of the rows, put aside once, predicted by a model fitted on the rest",
        facts.evaluation.holdout,
    )


def _of_estimates(facts: Facts, caption: str, estimates: Mapping[str, Estimate]) -> Table:
    rows = [
        [
            metric(name).label,
            written(name, estimates[name].value, facts.amounts),
            interval_of(name, estimates[name], facts.amounts),
        ]
        for name in known(estimates)
    ]
    return Table(caption, ["Metric", "Value", "95% interval"], rows)


def baselines(facts: Facts) -> Table:
    """The model beside simpler ones."""
    this = f"{facts.evaluation.name} (this model)"
    models = {this: facts.evaluation.metrics, **facts.evaluation.baselines}
    return _of_models(facts, "The same rows, the same folds", models)


def without(facts: Facts, column: str) -> Table:
    """The model beside itself without a declared column."""
    models = {"with it": facts.evaluation.metrics, "without it": facts.evaluation.without[column]}
    return _of_models(facts, f"With and without {column}", models)


def _of_models(facts: Facts, caption: str, models: Mapping[str, Mapping[str, Estimate]]) -> Table:
    others = list(models.values())[1:]
    names = [name for name in _SCORES if name in others[0] and name in facts.evaluation.metrics]
    rows = []
    for model, estimates in models.items():
        cells = [_with_range(facts, n, estimates[n]) if n in estimates else "–" for n in names]
        rows.append([model, *cells])
    return Table(caption, ["Model", *(metric(name).label for name in names)], rows)


def _with_range(facts: Facts, name: str, estimate: Estimate) -> str:
    value = written(name, estimate.value, facts.amounts)
    return f"{value}\n({interval_of(name, estimate, facts.amounts)})"


def comparison(facts: Facts) -> Table | None:
    """The model beside another model file, row by row."""
    compared = facts.evaluation.comparison
    if compared is None:
        return None
    other = f"{compared.other['name']} {compared.other['version']}"
    rows = []
    for name in known(compared.metrics):
        found = compared.metrics[name]
        difference = found["difference"]
        rows.append(
            [
                metric(name).label,
                written(name, found["this"], facts.amounts),
                written(name, found["other"], facts.amounts),
                written(name, difference.value, facts.amounts, sign=True),
                interval_of(name, difference, facts.amounts, sign=True),
            ]
        )
    head = ["Metric", "This model", other, "Difference", "95% interval"]
    return Table(f"Paired over {compared.rows:,} rows that both could predict", head, rows)


def constant_width(facts: Facts) -> Table | None:
    """Intervals as they are, beside intervals of one width."""
    constant, found = facts.evaluation.constant_width, facts.evaluation.metrics
    names = [name for name in known(constant) if name in found]
    if not names:
        return None
    rows = [
        ["Intervals of this model", *(written(n, found[n].value, facts.amounts) for n in names)],
        ["One width for all", *(written(n, constant[n], facts.amounts) for n in names)],
    ]
    caption = f"{share(facts.evaluation.level)} intervals on held-out rows"
    return Table(caption, ["Intervals", *(metric(name).label for name in names)], rows)


def groups(facts: Facts, name: str, of: Sequence[Group]) -> Table:
    """The metrics of each group."""
    score = "rmsle" if any("rmsle" in group.metrics for group in of) else None
    names = [n for n in (score, "mae", "median_error_percent", "coverage") if n]
    names = [n for n in names if any(n in group.metrics for group in of)]
    rows = [
        [
            label_of(facts, name, group),
            f"{group.rows:,}",
            *(_of_group(facts, group, n) for n in names),
        ]
        for group in in_order(of)
    ]
    labels = ["Median error" if n == "median_error_percent" else metric(n).label for n in names]
    return Table(f"By {name}", [name, "Rows", *labels], rows)


def _of_group(facts: Facts, group: Group, name: str) -> str:
    if name not in group.metrics:
        return "–"
    estimate, few = group.metrics[name], group.rows < VERY_FEW_ROWS
    if name == "median_error_percent":
        ends_ = [percent(e / 100, sign=True) for e in (estimate.low, estimate.high)]
        value = percent(estimate.value / 100, sign=True)
        return value if few else f"{value}\n({' to '.join(ends_)})"
    if few:
        return written(name, estimate.value, facts.amounts)
    return _with_range(facts, name, estimate)


def most_wrong(facts: Facts, columns: Columns) -> Table:
    """The rows with the largest errors, each with what moved its prediction."""
    worst = np.argsort(-facts.badness, kind="stable")[:_MOST_WRONG]
    explanations = facts.model.explain(columns.rows(worst))
    amount = facts.amounts.full
    rows = []
    for row, explanation in zip(worst.tolist(), explanations, strict=True):
        reasons = list(explanation.contributions.items())[:_REASONS] if explanation else []
        moved = [
            f"{_with_value(columns, name, row)} {facts.amounts.short(value, sign=True)}"
            for name, value in reasons
        ]
        rows.append(
            [
                columns.names[row],
                amount(facts.target[row]),
                amount(facts.prediction[row]),
                f"{amount(facts.lower[row])} to\n{amount(facts.upper[row])}",
                facts.error(float(facts.errors[row]), sign=True),
                "\n".join(moved) or "–",
            ]
        )
    head = [columns.named_by, "Actual", "Predicted", "Interval", "Error", "What moved it most"]
    return Table(f"The {count(len(rows), 'row')} furthest off", head, rows, numbers_to=5)


def _with_value(columns: Columns, name: str, row: int) -> str:
    return f"{name} ({shown(columns.contract.field(name), columns.values[name][row])})"


def refused(facts: Facts) -> Table:
    """The rows that were not scored."""
    all_of_them = facts.evaluation.refused
    rows = [[f"{row + 1:,}", sentence] for row, sentence in all_of_them[:_MOST_REFUSED]]
    if len(all_of_them) > _MOST_REFUSED:
        rows.append(["…", f"and {len(all_of_them) - _MOST_REFUSED:,} more"])
    return Table("Rows without a score", ["Row", "Why"], rows, numbers_from=0, numbers_to=1)


def fields(facts: Facts) -> Table:
    """What the training rows held, field by field."""
    contract = facts.model.contract
    rows = [
        [field.name, field.description, ends(field), field.missing_means or "not allowed"]
        for field in contract.fields
        if field.used and field.kind != "identifier"
    ]
    head = ["Field", "What it is", "In the training rows", "A missing value means"]
    return Table("The fields that the model uses", head, rows, numbers_to=0)


def record(facts: Facts) -> list[Table]:
    """What the model file records about itself."""
    manifest, training = facts.manifest, facts.manifest["training"]
    parity = manifest["parity"]
    about = [
        ["Model", f"{manifest['name']} {manifest['version']}"],
        ["Model file format", str(manifest["format"])],
        ["Created", manifest["created"] or "not recorded, for SOURCE_DATE_EPOCH was not set"],
        *([["Commit of the sources", training["commit"]]] if training.get("commit") else []),
        ["Training rows", f"{training['rows']:,}, from {training['data_file']}"],
        ["Training rows, SHA-256", training["data_sha256"]],
        ["Configuration, SHA-256", training["config_sha256"]],
        ["Folds", f"{training['folds']}, {count(training.get('repeats', 1), 'repetition')}"],
        ["Seed", str(training["seed"])],
        *([f"Estimator {kind}", _settings(s)] for kind, s in training["estimator"].items()),
        [
            "Graph and pipeline compared",
            f"{parity['rows']:,} rows, largest relative difference "
            f"{parity['largest_relative_difference']:.1e}",
        ],
    ]
    libraries = [["Python", training["python"]], *map(list, training["libraries"].items())]
    return [
        Table("The record of the training run", ["What", "Value"], about, numbers_to=0),
        Table("The libraries that trained it", ["Library", "Version"], libraries, numbers_to=0),
    ]


def _settings(settings: Mapping[str, object]) -> str:
    listed = [
        f"{key} {plain(value) if isinstance(value, float) else value}"
        for key, value in settings.items()
        if value is not None
    ]
    return ", ".join(listed) or "as it comes"
