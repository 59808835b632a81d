"""The page and the model card, rendered from the same facts."""

from __future__ import annotations

import re

import numpy as np
from jinja2 import Environment, PackageLoader, StrictUndefined, Template
from markupsafe import Markup

from ..display import Table, count, markdown_table, markdown_text, share
from ..evaluation import tables
from ..evaluation.groups import FEW_ROWS
from .charts import accuracy, dependence, fields, groups, intervals
from .charts.drawing import Picture
from .facts import Facts
from .wording import (
    ends,
    how_scored,
    intended,
    limits,
    not_intended,
    on_intervals,
    without_sentence,
    years,
)

__all__ = ["card", "for_html", "page", "template_of"]

_TILES = (
    "rmsle",
    "median_absolute_error",
    "mae",
    "mape",
    "rmse",
    "r2",
    "coverage",
    "median_relative_width",
    "median_width",
)
_MOST_TILES = 6
_WEAKEST = 3  # groups of every kind
_MOST_WRONG = 10
_REASONS = 3
_MOST_REFUSED = 50
_NOT_IN_HTML = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff\ufdd0-\ufdef\ufffe\uffff]")


def page(facts: Facts) -> str:
    """Return the report as one HTML page that needs nothing else."""
    evaluation, names = facts.evaluation, [*enumerate(facts.evaluation.groups)]
    by_group = [groups.by_group(facts, name, number=i) for i, name in names]
    of_intervals = [
        intervals.calibration(facts),
        intervals.widths(facts),
        *(groups.coverage_by_group(facts, name, number=i) for i, name in names),
    ]
    text = _render(
        "report.html.jinja",
        facts,
        tiles=_tiles(facts),
        fields=_fields(facts),
        holdout=tables.holdout(evaluation) if evaluation.holdout else None,
        without=[
            (without_sentence(facts, column), tables.without(evaluation, column))
            for column in evaluation.without
        ],
        comparison=tables.comparison(evaluation),
        accuracy=[
            accuracy.predicted_against_actual(facts),
            accuracy.errors_against_prediction(facts),
        ],
        folds=accuracy.by_fold(facts),
        errors_by_field=fields.errors_by_field(facts),
        groups=sorted(filter(None, by_group), key=lambda picture: len(picture.alternative)),
        group_tables=[(name, tables.groups(evaluation, name)) for _, name in names],
        intervals=[*filter(None, of_intervals)],
        importances=fields.importances(facts),
        dependence=dependence.partial_dependence(facts),
        most_wrong=_most_wrong(facts),
        refused=_refused(facts),
        refused_title=f"{count(len(evaluation.refused), 'row')} could not be scored",
    )
    return for_html(text)


def card(facts: Facts) -> str:
    """Return the model card as Markdown."""
    return _render(
        "card.md.jinja",
        facts,
        years=[f"{field.name}: {ends(field)}" for field in years(facts)],
        without=[without_sentence(facts, column) for column in facts.evaluation.without],
        weak=_weak(facts),
    )


def _render(template: str, facts: Facts, **parts: object) -> str:
    """Render a template with what page and card share, and the parts of one of them."""
    evaluation, coverage = facts.evaluation, facts.evaluation.metrics.get("coverage")
    return template_of(template).render(
        manifest=facts.manifest,
        evaluation=evaluation,
        held_out=facts.held_out,
        caution=evaluation.caution,
        verdict=tables.quality_bar(facts.manifest),
        intended=intended(facts),
        not_intended=not_intended(facts),
        how_scored=how_scored(facts),
        metrics=tables.metrics(evaluation),
        simpler_models=tables.simpler_models(evaluation) if evaluation.baselines else None,
        on_intervals=on_intervals(facts),
        coverage=facts.written("coverage", coverage.value) if coverage else None,
        level=share(evaluation.level),
        constant_width=tables.constant_width(evaluation),
        limits=limits(facts),
        estimators=tables.estimators(facts.manifest),
        choice_sentence=tables.choice_sentence(facts.manifest),
        record=tables.record(facts.manifest, facts.model.contract),
        **parts,
    )


def template_of(name: str) -> Template:
    """Return a template, which escapes what it is given where it makes HTML."""
    environment = Environment(
        loader=PackageLoader("regression_model.report"),
        autoescape=name.endswith(".html.jinja"),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters |= {"drawn": _drawn, "text": markdown_text, "table": markdown_table}
    return environment.get_template(name)


def for_html(text: str) -> str:
    """Return a page without the characters that HTML does not allow."""
    return _NOT_IN_HTML.sub("\N{REPLACEMENT CHARACTER}", text)


def _tiles(facts: Facts) -> list[dict[str, str]]:
    """Return the headline metrics."""
    found = facts.evaluation.metrics
    names = [name for name in _TILES if name in found]
    if len(names) > _MOST_TILES:  # several say much the same
        is_log = facts.evaluation.headline == "rmsle"
        spare = ("mae", "rmse") if is_log else ("rmsle", "mape", "median_absolute_error")
        names = [name for name in names if name not in spare]
    return [
        {
            "label": tables.metric(name).label,
            "value": facts.written(name, found[name].value),
            "range": tables.interval_of(name, found[name], facts.amounts),
            "meaning": tables.metric(name).meaning,
        }
        for name in tables.known(names, facts.evaluation.target)
    ]


def _most_wrong(facts: Facts) -> Table:
    """The rows with the largest errors, each with what moved its prediction."""
    columns, amount = facts.columns, facts.amounts.full
    worst = np.argsort(-facts.error_sizes, kind="stable")[:_MOST_WRONG]
    explanations = facts.model.explain(columns.rows(worst))
    rows, scored = [], facts.scored
    for row, explanation in zip(worst.tolist(), explanations, strict=True):
        reasons = list(explanation.contributions.items())[:_REASONS] if explanation else []
        moved = [
            f"{name} ({columns.cell(name, row)}) {facts.amounts.short(value, sign=True)}"
            for name, value in reasons
        ]
        rows.append(
            [
                columns.names[row],
                amount(scored.target[row]),
                amount(scored.prediction[row]),
                f"{amount(scored.lower[row])} to\n{amount(scored.upper[row])}",
                facts.error(float(facts.errors[row]), sign=True),
                "\n".join(moved) or "–",
            ]
        )
    head = [columns.named_by, "Actual", "Predicted", "Interval", "Error", "What moved it most"]
    return Table(f"The {count(len(rows), 'row')} furthest off", head, rows, numbers_to=5)


def _refused(facts: Facts) -> Table | None:
    """The rows that could not be scored."""
    refused = facts.evaluation.refused
    rows = [[f"{row + 1:,}", sentence] for row, sentence in refused[:_MOST_REFUSED]]
    if len(refused) > _MOST_REFUSED:
        rows.append(["…", f"and {len(refused) - _MOST_REFUSED:,} more"])
    caption = "Rows without a score"
    return Table(caption, ["Row", "Why"], rows, numbers_from=0, numbers_to=1) if rows else None


def _fields(facts: Facts) -> Table:
    """What the training rows held, field by field."""
    fields = [field for field in facts.model.contract.fields if field.used]
    rows = [
        [field.name, field.description, ends(field), field.missing_means or "not allowed"]
        for field in fields
    ]
    head = ["Field", "What it is", "In the training rows", "A missing value means"]
    if any(field.group for field in fields):
        head.insert(0, "Group")
        rows = [[field.group or "–", *row] for field, row in zip(fields, rows, strict=True)]
    return Table("The fields that the model uses", head, rows, numbers_to=0)


def _drawn(picture: Picture) -> Markup:
    """Return a picture's SVG, which this package made, with its alternative text."""
    label = Markup('<svg role="img" aria-label="{}"').format(picture.alternative)
    return Markup(picture.svg.replace("<svg", label, 1))


def _weak(facts: Facts) -> Table | None:
    """The weakest groups that have enough rows."""
    evaluation, score = facts.evaluation, facts.evaluation.score
    every = evaluation.metrics[score].value
    rows = []
    for name, every_group in evaluation.groups.items():
        enough = [g for g in every_group if g.rows >= FEW_ROWS and score in g.metrics]
        weak = [group for group in enough if group.metrics[score].value > every]
        weak.sort(key=lambda group: -group.metrics[score].value)
        for group in weak[:_WEAKEST]:
            value = facts.written(score, group.metrics[score].value)
            rows.append([name, facts.label_of(name, group), f"{group.rows:,}", value])
    if not rows:
        return None
    rows.append(["all rows", "", f"{evaluation.rows:,}", facts.written(score, every)])
    caption = f"The weakest groups of at least {count(FEW_ROWS, 'row')}"
    return Table(caption, ["By", "Group", "Rows", facts.score_label], rows, numbers_from=2)
