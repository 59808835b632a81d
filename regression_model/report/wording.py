"""Sentences that the page and the card share."""

from __future__ import annotations

from collections.abc import Iterator

from ..display import count, percent, share
from ..evaluation import EvaluationResult
from ..evaluation.results import is_by_time, split_of
from ..evaluation.tables import metric
from ..runtime.contract import Field
from .facts import Facts, shown

__all__ = [
    "ends",
    "how_scored",
    "intended",
    "limits",
    "not_intended",
    "on_intervals",
    "without_sentence",
    "years",
]

_MOST_LEVELS, _SOME_LEVELS = 50, 10  # of a field, all of them named or some
_NO_GUARANTEE = (
    " The level is what they are made to hold among the rows of past windows, each judged by the "
    "rows before it: later rows may differ from all of these, so it is no guarantee."
)


def ends(field: Field) -> str:
    """Say which values the training rows have in a field."""
    if field.is_category:
        levels = field.training_levels or field.levels
        if len(levels) <= _MOST_LEVELS:
            means = field.meaning_of
            return ", ".join(f"{one} ({means[one]})" if one in means else one for one in levels)
        return f"{count(len(levels), 'level')}, among them {', '.join(levels[:_SOME_LEVELS])}"
    if field.training_range is None:
        return "no values"
    low, high = field.training_range
    return f"{shown(field, low)} to {shown(field, high)}" + (f" {field.unit}" if field.unit else "")


def years(facts: Facts) -> list[Field]:
    """Return the fields that hold years or dates, and so say when the training rows are from."""
    fields = facts.model.contract.numbers
    return [f for f in fields if (f.kind == "year" or f.is_time) and f.training_range]


def intended(facts: Facts) -> str:
    """Say what the model is for."""
    target, training = facts.evaluation.target, facts.manifest["training"]
    what = target.get("description") or facts.target_name
    unit = f", in {target['unit']}" if target.get("unit") else ""
    return (
        f"To estimate {facts.target_name} ({_lowered(what)}{unit}) for rows like those it was "
        f"trained on, with an interval that shows how certain the estimate is. It was trained on "
        f"{count(training['rows'], 'row')}."
    )


def not_intended(facts: Facts) -> dict[str, str]:
    """Say what the model is not for, each under a keyword."""
    named = [f"{f.name} ({f.description or 'a year'}) from {ends(f)}" for f in years(facts)]
    training = f" They hold {'; '.join(named)}." if named else ""
    level = facts.evaluation.level
    return {
        "Other places": "The model knows the place and the market that its rows come from, and no "
        "other.",
        "Other times": "The model knows nothing of what changed after the training rows were "
        f"collected.{training}",
        "Values beyond the training rows": "A row outside the ranges of the training rows gets a "
        "prediction with a warning, and the prediction is a guess: the model was only tested "
        "inside those ranges.",
        "Causes": "The model shows what goes together, not what a change to a row would be worth.",
        "The last word": f"About {percent(1 - level, 0)} of true values lie outside the "
        f"{share(level)} interval: base no important decision on one estimate alone.",
    }


def limits(facts: Facts) -> list[str]:
    """Say what the metrics do not show."""
    on_average = (
        f"An interval of {percent(facts.evaluation.level, 0)} holds on average over many rows, "
        "not for every kind of row"
        + (": the coverage by group shows where it is lower." if facts.evaluation.groups else ".")
    )
    if not facts.held_out:
        return [on_average]
    split = split_of(facts.manifest)
    if is_by_time(split):
        held_out = (
            "Each window was predicted from the rows before it, so the metrics are for rows that "
            "follow the training rows; predictions for much later rows may be worse."
        )
    elif split != "random":
        held_out = (
            f"Rows were held out {split}, so the metrics are for values of that column that the "
            "model has not seen, of the same time as the training rows; predictions for later rows "
            "may be worse."
        )
    else:
        held_out = (
            "Rows were held out at random, so the metrics are for rows of the same place and time "
            "as the training rows; predictions for later rows may be worse."
        )
    return [held_out, on_average]


def how_scored(facts: Facts) -> str:
    """Say how the metrics were made."""
    evaluation = facts.evaluation
    ranges = "Ranges are 95% bootstrap intervals, from resampling the scored rows."
    if not facts.held_out:
        return (
            f"Predictions of the model file for the {count(evaluation.rows, 'row')} of "
            f"{evaluation.source}. {_whether_unseen(evaluation)} {ranges}"
        )
    validated = evaluation.validated[:1].upper() + evaluation.validated[1:]
    if is_by_time(evaluation.split):
        before = facts.manifest["training"]["rows"] - evaluation.rows
        over = (
            f"over the {count(evaluation.rows, 'row')} of the windows: each was predicted by a "
            "model that had only seen the rows before its window, with everything fitted again for "
            f"each window. The {count(before, 'row')} before the first window are not scored."
        )
    else:
        over = (
            f"over all {count(evaluation.rows, 'row')}: every row was predicted by a model that "
            "had not seen it, with everything fitted again in each fold."
        )
    return " ".join([f"{validated}, {over}", *_on_folds(facts), ranges])


def _on_folds(facts: Facts) -> Iterator[str]:
    score = facts.evaluation.headline
    stratify = facts.manifest.get("evaluation", {}).get("stratify")
    if stratify is not None:
        yield f"The values of {stratify} are spread evenly over the folds."
    if score in facts.evaluation.over_seeds:
        deviation = facts.written(score, facts.evaluation.over_seeds[score])
        yield (
            "Metrics are means over the repetitions, each of which splits the rows in another way; "
            f"from one to another the {metric(score).label} has a standard deviation of "
            f"{deviation}."
        )


def _whether_unseen(evaluation: EvaluationResult) -> str:
    if evaluation.trained_on is None:
        return "The metrics are honest if the model was trained on none of these rows."
    return evaluation.caution or "The model file recognises none of these rows as training rows."


def without_sentence(facts: Facts, column: str) -> str:
    """Say what a declared column is worth."""
    score = facts.evaluation.headline
    metrics = facts.evaluation.without[column]
    with_it = facts.written(score, facts.evaluation.metrics[score].value)
    description = facts.manifest.get("without", {}).get(column)
    described = f"{column}: {description.rstrip('.')}. " if description else ""
    text = f"{described}With {column} the {metric(score).label} is {with_it}"
    if score not in metrics:
        return f"{text}."
    without = facts.written(score, metrics[score].value)
    return f"{text}; without it, and without all that is made from it, {without}."


def on_intervals(facts: Facts) -> str:
    """Say what an interval is, and how it was made."""
    interval = facts.manifest["interval"]
    width = "All have the same width on the scale that the model learns."
    if interval.get("adaptive"):
        width = "They are wider for rows where the model is less certain."
    return (
        f"Every prediction has a {share(facts.evaluation.level)} interval, made from the errors "
        f"on held-out rows ({interval['method']}). {width}"
        + (_NO_GUARANTEE if is_by_time(split_of(facts.manifest)) else "")
    )


def _lowered(text: str) -> str:
    """Begin a description with a small letter, unless it begins with an abbreviation."""
    text = text.rstrip(".")
    return text if text[1:2].isupper() else text[:1].lower() + text[1:]
