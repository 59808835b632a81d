"""The sections of the page, in the order in which a reader wants them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from ..display import Table, count, share
from ..evaluation import tables
from ..evaluation.tables import interval_of, known, metric
from . import charts
from .charts import Picture
from .facts import Facts
from .wording import (
    ends,
    how_scored,
    intended,
    limits,
    not_intended,
    on_intervals,
    without_sentence,
)

__all__ = ["Section", "Tile", "sections"]

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
_MOST_WRONG = 10
_REASONS = 3
_MOST_REFUSED = 50


@dataclass(frozen=True)
class Tile:
    """A headline metric."""

    label: str
    value: str
    range: str
    meaning: str


@dataclass(frozen=True)
class Section:
    """A section of the page, in the order in which its parts are shown.

    Attributes
    ----------
    key : str
        Unique in the page: links point to it.
    short : str
        Its name in the table of contents.
    layout : str
        Of the pictures: `two` or `three` in a row, or `stacked` in two columns, for pictures of
        many heights; a picture alone has its words beside it.
    folded : list of (str, list of Table)
        Tables to be unfolded, under a title.
    """

    key: str
    short: str
    title: str
    paragraphs: Sequence[str] = ()
    points: Sequence[tuple[str, str]] = ()
    tiles: Sequence[Tile] = ()
    tables: Sequence[Table] = ()
    pictures: Sequence[Picture] = ()
    layout: str = "two"
    folded: Sequence[tuple[str, Sequence[Table]]] = ()


def sections(facts: Facts) -> list[Section]:
    """Return the sections for which there is something to show."""
    return [
        _purpose(facts),
        _score(facts),
        *_comparisons(facts),
        _accuracy(facts),
        *_by_fold(facts),
        *_by_field(facts),
        *_by_group(facts),
        _intervals(facts),
        *_importances(facts),
        *_dependence(facts),
        _most_wrong(facts),
        *_refused(facts),
        _record(facts),
    ]


def _tiles(facts: Facts) -> list[Tile]:
    found = facts.evaluation.metrics
    names = [name for name in _TILES if name in found]
    if len(names) > _MOST_TILES:  # the mean errors say much the same
        names = [name for name in names if name not in ("mae", "rmse")]
    return [
        Tile(
            metric(name).label,
            facts.written(name, found[name].value),
            interval_of(name, found[name], facts.amounts),
            metric(name).meaning,
        )
        for name in known(names)
    ]


def _purpose(facts: Facts) -> Section:
    source = facts.manifest["training"].get("data_source")
    paragraphs = [intended(facts)]
    if source:
        paragraphs.append(f"The data: {source.strip()}")
    return Section(
        "purpose",
        "Purpose",
        "What it is for, and what it is not for",
        paragraphs,
        points=not_intended(facts),
        folded=[("The fields, and their values in the training rows", [_fields(facts)])],
    )


def _score(facts: Facts) -> Section:
    evaluation = facts.evaluation
    folded = [("Every metric", [tables.metrics(evaluation)])]
    if evaluation.holdout:
        folded.append(("Beside it, a holdout", [tables.holdout(evaluation)]))
    paragraphs = [how_scored(facts)]
    if evaluation.repeats > 1:
        paragraphs.append("Where single rows are shown, they are of the first cross-validation.")
    return Section(
        "metrics",
        "Metrics",
        "How good it is",
        [*paragraphs, *evaluation.notes],
        tiles=_tiles(facts),
        folded=folded,
    )


def _comparisons(facts: Facts) -> Iterator[Section]:
    if facts.evaluation.baselines:
        yield Section(
            "baselines",
            "Baselines",
            "Is it better than something simple?",
            tables=[tables.simpler_models(facts.evaluation)],
        )
    if facts.evaluation.without:
        yield Section(
            "without",
            "Declared column",
            "What a declared column is worth",
            [without_sentence(facts, column) for column in facts.evaluation.without],
            tables=[
                tables.without(facts.evaluation, column) for column in facts.evaluation.without
            ],
        )
    compared = tables.comparison(facts.evaluation)
    if compared is not None:
        yield Section(
            "comparison",
            "Comparison",
            "Beside another model",
            [
                "The difference is this model minus the other; where its interval holds zero, the "
                "rows do not tell the two apart."
            ],
            tables=[compared],
        )


def _accuracy(facts: Facts) -> Section:
    drawn = [charts.predicted_against_actual(facts), charts.errors_against_prediction(facts)]
    return Section("accuracy", "Accuracy", "How close predictions are", pictures=drawn)


def _by_fold(facts: Facts) -> Iterator[Section]:
    drawn = charts.by_fold(facts)
    if drawn:
        title = "Does it depend on which rows were held out?"
        yield Section("folds", "Folds", title, pictures=[drawn])


def _by_field(facts: Facts) -> Iterator[Section]:
    drawn = charts.errors_by_field(facts)
    if drawn:
        yield Section(
            "fields",
            "Errors by field",
            "Do errors depend on the fields?",
            [
                "For each value or range of a field: the dot is the median error, the thick bar "
                "holds the middle half of the errors and the thin one the middle 90%. Fewer than "
                "10 rows have a dot alone. Dots on zero say that nothing is left in the field for "
                "the model to learn."
            ],
            pictures=drawn,
            layout="three",
        )


def _by_group(facts: Facts) -> Iterator[Section]:
    names = list(facts.evaluation.groups)
    found = [charts.by_group(facts, name, number=i) for i, name in enumerate(names)]
    drawn = sorted((p for p in found if p), key=lambda picture: len(picture.alternative))
    if drawn:
        yield Section(
            "groups",
            "Weak spots",
            "Where it is weak",
            pictures=drawn,
            layout="stacked",
            folded=[
                (f"The metrics by {name}", [tables.groups(facts.evaluation, name)])
                for name in names
            ],
        )


def _intervals(facts: Facts) -> Section:
    by_group = [
        charts.coverage_by_group(facts, name, number=i)
        for i, name in enumerate(facts.evaluation.groups)
    ]
    drawn = [charts.calibration(facts), charts.widths(facts), *by_group]
    beside = tables.constant_width(facts.evaluation)
    paragraphs = [on_intervals(facts)]
    if "coverage" in facts.evaluation.metrics:
        held = facts.written("coverage", facts.evaluation.metrics["coverage"].value)
        paragraphs.append(
            f"{held} of the scored rows were inside; {share(facts.evaluation.level)} should be."
        )
    return Section(
        "intervals",
        "Intervals",
        "Can the intervals be trusted?",
        paragraphs,
        tables=[beside] if beside else [],
        pictures=[picture for picture in drawn if picture],
        layout="stacked" if any(by_group) else "two",
    )


def _importances(facts: Facts) -> Iterator[Section]:
    drawn = charts.importances(facts)
    if drawn:
        yield Section("importance", "Importance", "Which fields matter", pictures=[drawn])


def _dependence(facts: Facts) -> Iterator[Section]:
    drawn = charts.partial_dependence(facts)
    if drawn:
        yield Section(
            "dependence",
            "Dependence",
            "How predictions change with one field",
            [
                "The mean prediction when every row is given the same value of one field and keeps "
                "its other values; all pictures have the same scale, so that they can be compared. "
                "The grey bars, and the numbers beside names, are how many rows have the value: "
                "where there are few, the model knows little. Fields with an order are shown for "
                "the middle 98% of the rows. Here one field changes while those that usually "
                "change with it stay as they are, so read a direction, not an exact amount."
            ],
            pictures=drawn,
            layout="three",
        )


def _most_wrong(facts: Facts) -> Section:
    explained = (
        "The last column shows which fields moved the prediction of the model file most, away from "
        "that of a typical row: estimated Shapley values."
    )
    if facts.held_out:
        explained += (
            " The predictions in the table are from models that had not seen the row, the "
            "explanations from the model file, which has."
        )
    title = "Where it was furthest off"
    return Section("most-wrong", "Most wrong", title, [explained], tables=[_wrong_rows(facts)])


def _wrong_rows(facts: Facts) -> Table:
    """The rows with the largest errors, each with what moved its prediction."""
    columns, amount = facts.columns, facts.amounts.full
    worst = np.argsort(-facts.error_sizes, kind="stable")[:_MOST_WRONG]
    explanations = facts.model.explain(columns.rows(worst))
    rows = []
    for row, explanation in zip(worst.tolist(), explanations, strict=True):
        reasons = list(explanation.contributions.items())[:_REASONS] if explanation else []
        moved = [
            f"{name} ({columns.cell(name, row)}) {facts.amounts.short(value, sign=True)}"
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


def _refused(facts: Facts) -> Iterator[Section]:
    refused = facts.evaluation.refused
    if refused:
        rows = [[f"{row + 1:,}", sentence] for row, sentence in refused[:_MOST_REFUSED]]
        if len(refused) > _MOST_REFUSED:
            rows.append(["…", f"and {len(refused) - _MOST_REFUSED:,} more"])
        table = Table("Rows without a score", ["Row", "Why"], rows, numbers_from=0, numbers_to=1)
        title = f"{count(len(refused), 'row')} could not be scored"
        yield Section("refused", "Not scored", title, folded=[("Which, and why", [table])])


def _fields(facts: Facts) -> Table:
    """What the training rows held, field by field."""
    rows = [
        [field.name, field.description, ends(field), field.missing_means or "not allowed"]
        for field in facts.model.contract.fields
        if field.used and field.kind != "identifier"
    ]
    head = ["Field", "What it is", "In the training rows", "A missing value means"]
    return Table("The fields that the model uses", head, rows, numbers_to=0)


def _record(facts: Facts) -> Section:
    record = tables.record(facts.manifest, facts.model.contract)
    return Section(
        "record",
        "Record",
        "Limits of this report, and the record",
        limits(facts),
        folded=[("The training record", [record])],
    )
