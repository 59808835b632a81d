"""Sentences that the page and the card share."""

from __future__ import annotations

from collections.abc import Iterator

from ..evaluation import EvaluationResult, cross_validated
from ..runtime.contract import Field
from .columns import shown
from .facts import Facts
from .metrics import known, metric, written
from .numbers import count, percent, share

__all__ = [
    "ends",
    "how_scored",
    "intended",
    "limits",
    "not_intended",
    "on_intervals",
    "period",
    "verdict",
    "without_sentence",
]


def ends(field: Field) -> str:
    """Say what the training rows held of a field."""
    if field.is_category:
        return ", ".join(field.training_levels or field.levels)
    if field.training_range is None:
        return "no values"
    low, high = field.training_range
    return f"{shown(field, low)} to {shown(field, high)}" + (f" {field.unit}" if field.unit else "")


def period(facts: Facts) -> str:
    """Say which years the training rows are from, by every field that holds one."""
    years = [f for f in facts.model.contract.numbers if f.kind == "year" and f.training_range]
    named = [f"{f.name} ({f.description or 'a year'}) from {ends(f)}" for f in years]
    return "; ".join(named)


def intended(facts: Facts) -> str:
    """Say what the model is for."""
    target, training = facts.evaluation.target, facts.manifest["training"]
    what = target.get("description") or facts.target_name
    unit = f", in {target['unit']}" if target.get("unit") else ""
    return (
        f"To estimate {facts.target_name} ({_lowered(what)}{unit}) for rows like those it was "
        f"trained on, with an interval that says how sure the estimate is. It was trained on "
        f"{count(training['rows'], 'row')}."
    )


def not_intended(facts: Facts) -> list[tuple[str, str]]:
    """Say what the model is not for, each with a key word."""
    years = period(facts)
    level = facts.evaluation.level
    points = [
        (
            "Other places",
            "The model knows the place and the market that its rows come from, and no other.",
        ),
        (
            "Other times",
            (
                f"The training rows hold {years}. What changed later, the model has not seen."
                if years
                else "What changed after the training rows were collected, the model has not seen."
            ),
        ),
        (
            "Values beyond the training rows",
            "A row outside the ranges of the training rows gets a warning and an answer, and the "
            "answer is a guess: what was measured here was measured inside those ranges.",
        ),
        (
            "Causes",
            "It says what goes together. What a change to a row would be worth, it does not say.",
        ),
        (
            "The last word",
            f"About {percent(1 - level, 0)} of true values lie outside the {share(level)} "
            "interval: decide nothing of weight on one estimate alone.",
        ),
    ]
    return points


def limits(facts: Facts) -> list[str]:
    """Say what the metrics do not show."""
    held = percent(facts.evaluation.level, 0)
    sentences = [
        "Rows were held out at random, so the metrics are for rows of the same place and time as "
        "the training rows; later rows may fare worse.",
        f"An interval of {held} holds on average over many rows, not for every kind of row"
        + (": the coverage by group says where less often." if facts.evaluation.groups else "."),
    ]
    return sentences if facts.held_out else sentences[1:]


def how_scored(facts: Facts) -> str:
    """Say how the metrics were made."""
    evaluation = facts.evaluation
    ranges = "Ranges are 95% bootstrap intervals, from resampling the scored rows."
    if not facts.held_out:
        return (
            f"Predictions of the model file for the {count(evaluation.rows, 'row')} of "
            f"{evaluation.source}. {_whether_unseen(evaluation)} {ranges}"
        )
    return " ".join(
        [
            f"{evaluation.validated.capitalize()}, over all {count(evaluation.rows, 'row')}: every "
            "row was predicted by a model that had not seen it, with everything fitted again in "
            "each fold.",
            *_on_folds(facts),
            ranges,
        ]
    )


def _on_folds(facts: Facts) -> Iterator[str]:
    score, stratify = facts.score_name, facts.manifest.get("evaluation", {}).get("stratify")
    if stratify is not None:
        yield f"The values of {stratify} are spread evenly over the folds."
    if score in facts.evaluation.over_seeds:
        deviation = written(score, facts.evaluation.over_seeds[score], facts.amounts)
        yield (
            "Metrics are means over the repetitions, of which each splits the rows in another way; "
            f"from one to another the {metric(score).label} has a standard deviation of "
            f"{deviation}."
        )


def _whether_unseen(evaluation: EvaluationResult) -> str:
    if evaluation.trained_on is None:
        return "They are honest metrics if none of these rows was trained on."
    return evaluation.caution or "The model file recognises none of these rows as trained on."


def verdict(facts: Facts) -> list[tuple[bool, str]]:
    """Hold the metrics of the model file against the quality bar: passed or not, and a sentence."""
    bar, metrics = facts.manifest.get("quality") or {}, facts.manifest["metrics"]
    return list(_verdict(facts, bar, metrics))


def _verdict(
    facts: Facts, bar: dict[str, float | None], metrics: dict[str, float]
) -> Iterator[tuple[bool, str]]:
    for name in known(bar):
        allowed = bar[name]
        if allowed is None or name not in metrics:
            continue
        at_least = name == "coverage"
        passed = metrics[name] >= allowed if at_least else metrics[name] <= allowed
        training = facts.manifest["training"]
        validated = cross_validated(training["folds"], training.get("repeats", 1))
        value, limit = (written(name, v, facts.amounts) for v in (metrics[name], allowed))
        yield passed, (
            f"{metric(name).label}, {validated}, is {value}; the configuration asks for "
            f"{'at least' if at_least else 'at most'} {limit}."
        )


def without_sentence(facts: Facts, column: str) -> str:
    """Say what a declared column is worth."""
    score = facts.score_name
    metrics = facts.evaluation.without[column]
    with_it = written(score, facts.evaluation.metrics[score].value, facts.amounts)
    description = facts.manifest.get("without", {}).get(column)
    described = f"{column}: {description.rstrip('.')}. " if description else ""
    text = f"{described}With {column} the {metric(score).label} is {with_it}"
    if score not in metrics:
        return f"{text}."
    without = written(score, metrics[score].value, facts.amounts)
    return f"{text}; without it, and without all that is made from it, {without}."


def on_intervals(facts: Facts) -> str:
    """Say what an interval is, and how it was made."""
    interval = facts.manifest["interval"]
    adaptive = (
        " They are wider for rows of which the model is less sure."
        if interval.get("adaptive")
        else " All have one width on the scale that the model learns."
    )
    return (
        f"Every prediction comes with a {share(facts.evaluation.level)} interval, made from "
        f"the errors on held-out rows ({interval['method']}).{adaptive}"
    )


def _lowered(text: str) -> str:
    """Begin a description in small letters, unless it begins with an abbreviation."""
    text = text.rstrip(".")
    return text if text[1:2].isupper() else text[:1].lower() + text[1:]
