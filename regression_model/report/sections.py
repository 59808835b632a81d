"""The sections of the page, in the order in which a reader wants them."""

from __future__ import annotations

from collections.abc import Iterator

from . import charts, tables
from .columns import Columns
from .facts import Facts
from .metrics import interval_of, known, metric, written
from .numbers import count, share
from .parts import Section, Tile
from .wording import (
    how_scored,
    intended,
    limits,
    not_intended,
    on_intervals,
    without_sentence,
)

__all__ = ["sections", "tiles"]

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


def sections(facts: Facts, columns: Columns) -> list[Section]:
    """Return the sections that the facts have something to say in."""
    return [
        _purpose(facts),
        _score(facts),
        *_comparisons(facts),
        _accuracy(facts),
        *_by_fold(facts),
        *_by_field(facts, columns),
        *_by_group(facts),
        _intervals(facts),
        *_importances(facts),
        *_dependence(facts, columns),
        _most_wrong(facts, columns),
        *_refused(facts),
        _record(facts),
    ]


def tiles(facts: Facts) -> list[Tile]:
    """Return the headline metrics."""
    found = facts.evaluation.metrics
    names = [name for name in _TILES if name in found]
    if len(names) > _MOST_TILES:  # the mean errors say much the same
        names = [name for name in names if name not in ("mae", "rmse")]
    return [
        Tile(
            metric(name).label,
            written(name, found[name].value, facts.amounts),
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
        folded=[("The fields, and what the training rows held", [tables.fields(facts)])],
    )


def _score(facts: Facts) -> Section:
    folded = [("Every metric", [tables.metrics(facts)])]
    if facts.evaluation.holdout:
        folded.append(("A holdout beside it", [tables.holdout(facts)]))
    return Section(
        "metrics",
        "Estimates",
        "How good it is",
        [how_scored(facts), *_single_rows(facts), *facts.evaluation.notes],
        tiles=tiles(facts),
        folded=folded,
    )


def _single_rows(facts: Facts) -> list[str]:
    if facts.evaluation.repeats == 1:
        return []
    return ["Where single rows are shown, it is with the first of the cross-validations."]


def _comparisons(facts: Facts) -> Iterator[Section]:
    if facts.evaluation.baselines:
        yield Section(
            "baselines",
            "Baselines",
            "Is it better than something simple?",
            tables=[tables.baselines(facts)],
        )
    if facts.evaluation.without:
        yield Section(
            "without",
            "Declared column",
            "What a declared column is worth",
            [without_sentence(facts, column) for column in facts.evaluation.without],
            tables=[tables.without(facts, column) for column in facts.evaluation.without],
        )
    compared = tables.comparison(facts)
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
    drawn = [
        charts.predicted_against_actual(facts),
        charts.errors_against_prediction(facts),
    ]
    return Section(
        "accuracy",
        "Accuracy",
        "Where predictions land",
        pictures=drawn,
    )


def _by_fold(facts: Facts) -> Iterator[Section]:
    drawn = charts.by_fold(facts)
    if drawn:
        title = "Does it depend on which rows were held out?"
        yield Section("folds", "Folds", title, pictures=[drawn])


def _by_field(facts: Facts, columns: Columns) -> Iterator[Section]:
    drawn = charts.errors_by_field(facts, columns)
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
    groups = facts.evaluation.groups
    found = [
        charts.by_group(facts, name, of, number=i) for i, (name, of) in enumerate(groups.items())
    ]
    drawn = sorted((p for p in found if p), key=lambda picture: len(picture.alternative))
    if drawn:
        folded = [
            (f"The metrics by {name}", [tables.groups(facts, name, groups[name])])
            for name in groups
        ]
        title = "Where it is weak"
        yield Section(
            "groups", "Weak spots", title, pictures=drawn, layout="stacked", folded=folded
        )


def _intervals(facts: Facts) -> Section:
    by_group = [
        charts.coverage_by_group(facts, name, of, number=i)
        for i, (name, of) in enumerate(facts.evaluation.groups.items())
    ]
    drawn = [charts.calibration(facts), charts.widths(facts), *by_group]
    beside = tables.constant_width(facts)
    paragraphs = [on_intervals(facts)]
    if "coverage" in facts.evaluation.metrics:
        held = written("coverage", facts.evaluation.metrics["coverage"].value, facts.amounts)
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


def _dependence(facts: Facts, columns: Columns) -> Iterator[Section]:
    drawn = charts.partial_dependence(facts, columns)
    if drawn:
        yield Section(
            "dependence",
            "Dependence",
            "What the model says when one field changes",
            [
                "The mean prediction when every row is given the same value of one field and keeps "
                "its other values; all pictures have the same scale, so that they can be compared. "
                "The grey bars, and the numbers beside names, are how many rows have the value: "
                "where there are few, the model knows little. Fields with an order are shown for "
                "the middle 98% of the rows. Fields that go together in life are pulled apart "
                "here, so read a direction, not an exact amount."
            ],
            pictures=drawn,
            layout="three",
        )


def _most_wrong(facts: Facts, columns: Columns) -> Section:
    explained = (
        "The last column says what moved the prediction of the model file most, away from that "
        "of a typical row: an estimate of Shapley values."
    )
    if facts.held_out:
        explained += (
            " The predictions in the table are from models that had not seen the row, the "
            "explanations from the model file, which has."
        )
    return Section(
        "most-wrong",
        "Most wrong",
        "Where it was furthest off",
        [explained],
        tables=[tables.most_wrong(facts, columns)],
    )


def _refused(facts: Facts) -> Iterator[Section]:
    number = len(facts.evaluation.refused)
    if number:
        yield Section(
            "refused",
            "Not scored",
            f"{count(number, 'row')} could not be scored",
            folded=[("Which, and why", [tables.refused(facts)])],
        )


def _record(facts: Facts) -> Section:
    return Section(
        "record",
        "Record",
        "Limits of this report, and the record",
        limits(facts),
        folded=[("The training record", tables.record(facts))],
    )
