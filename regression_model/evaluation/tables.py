"""An evaluation, and what a model file records of one, as tables and sentences for people.

Terminal, page and model card show the same tables; each of them only renders.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from ..display import Amounts, Table, count, decimal, percent, plain, printable, share
from ..named_metrics import more_is_better
from ..runtime.contract import Contract
from .groups import TARGET_BAND, VERY_FEW_ROWS, in_order
from .results import (
    Estimate,
    EvaluationResult,
    Group,
    cross_validated,
    headline_of,
    is_by_time,
    split_of,
)

__all__ = [
    "Metric",
    "all_models",
    "amounts_of",
    "calibration",
    "comparison",
    "constant_width",
    "folds",
    "groups",
    "choice_sentence",
    "estimators",
    "holdout",
    "importances",
    "interval_of",
    "known",
    "label_of",
    "metric",
    "metrics",
    "quality_bar",
    "record",
    "recorded_metrics",
    "recorded_sentences",
    "simpler_models",
    "without",
    "written",
]

Form = Literal["amount", "share", "percentage", "log", "ratio", "plain"]

_OF_FOLDS = ("rmse", "r2", "mae", "coverage")  # where the RMSLE means little
_MOST_FIELDS = 10
_NONE = "–"


@dataclass(frozen=True)
class Metric:
    """A metric: its name, how it is written, what it means, and its name beside other metrics."""

    name: str
    form: Form
    meaning: str = ""
    abbreviation: str = ""

    @property
    def label(self) -> str:
        """The name where there is little room."""
        return self.abbreviation or self.name


_METRICS = {
    "rmsle": Metric(
        "Root mean squared log error (RMSLE)",
        "log",
        "Root mean squared error of the logarithms, the mean of the folds: an error of 0.10 is "
        "about 10% of the value, for small and large values alike.",
        "RMSLE",
    ),
    "rmsle_worst_fold": Metric("RMSLE, worst fold", "log"),
    "median_absolute_error": Metric(
        "Median absolute error", "amount", "Half of the predictions are closer than this."
    ),
    "mae": Metric("Mean absolute error", "amount", "The mean distance of a prediction."),
    "mape": Metric(
        "Mean absolute percentage error", "share", "The mean distance, relative to the value."
    ),
    "rmse": Metric(
        "Root mean squared error", "amount", "Like the mean error, but large errors weigh more."
    ),
    "median_error_percent": Metric("Median error", "percentage"),
    "r2": Metric(
        "R²", "ratio", "The share of the variance that the model accounts for; 1 is perfect."
    ),
    "coverage": Metric(
        "Coverage of the intervals", "share", "How often the interval holds the true value."
    ),
    "coverage_worst_quartile": Metric(
        "Coverage, worst quartile",
        "share",
        "The same in that quarter of the values where it is lowest.",
    ),
    "median_relative_width": Metric(
        "Median width of the intervals", "share", "Relative to the middle of the interval."
    ),
    "median_width": Metric(
        "Median width of the intervals", "amount", "From the lower to the upper end."
    ),
}


def metric(name: str) -> Metric:
    """Return the metric called `name`; an unknown one is a plain number."""
    return _METRICS.get(name) or Metric(name.replace("_", " "), "plain")


def known(names: Collection[str], target: Mapping[str, Any] | None = None) -> list[str]:
    """Return names of metrics in the order in which they are shown.

    Of all metrics of a target, those that say most about it come first.
    """
    order = list(_METRICS)
    if target is not None and headline_of(target, names) == "rmse":
        order = [*dict.fromkeys(("rmse", "r2", "mae", *order))]
    return sorted(names, key=lambda n: order.index(n) if n in order else len(order))


def written(name: str, value: float, amounts: Amounts, *, sign: bool = False) -> str:
    """Write a metric in its unit; `sign` puts a plus before what is above zero."""
    match metric(name).form:
        case "amount":
            return amounts.full(value, sign=sign)
        case "share":
            return percent(value, sign=sign)
        case "percentage":
            return percent(value / 100, sign=True)
        case "log":
            return decimal(value, 4, sign=sign)
        case "ratio":
            return decimal(value, 3, sign=sign)
    return plain(value, sign=sign)


def interval_of(name: str, estimate: Estimate, amounts: Amounts, *, sign: bool = False) -> str:
    """Write the two ends of a metric's bootstrap interval."""
    ends = [written(name, end, amounts, sign=sign) for end in (estimate.low, estimate.high)]
    return " to ".join(ends)


def amounts_of(target: Mapping[str, Any]) -> Amounts:
    """Return how values of a target are written."""
    return Amounts.of(target.get("unit"))


def label_of(evaluation: EvaluationResult, name: str, group: Group) -> str:
    """Return what a group is called; bands of the target are in its unit."""
    return amounts_of(evaluation.target).range(group.name) if name == TARGET_BAND else group.name


def metrics(evaluation: EvaluationResult) -> Table:
    """Every metric with its bootstrap interval."""
    return _of_estimates(evaluation, "The metrics", evaluation.metrics)


def holdout(evaluation: EvaluationResult) -> Table:
    """The metrics of the rows that were set aside once."""
    fifth = "The last fifth" if is_by_time(evaluation.split) else "A fifth"
    caption = f"{fifth} of the rows, set aside once, predicted by a model fitted on the rest"
    return _of_estimates(evaluation, caption, evaluation.holdout)


def _of_estimates(
    evaluation: EvaluationResult, caption: str, estimates: Mapping[str, Estimate]
) -> Table:
    amounts = amounts_of(evaluation.target)
    rows = [
        [
            metric(name).name,
            written(name, estimates[name].value, amounts),
            interval_of(name, estimates[name], amounts),
        ]
        for name in known(estimates, evaluation.target)
    ]
    return Table(caption, ["Metric", "Value", "95% interval"], rows)


def simpler_models(evaluation: EvaluationResult) -> Table:
    """The model beside simpler ones."""
    this = f"{evaluation.name} (this model)"
    models = {this: evaluation.metrics, **evaluation.baselines}
    return _of_models(evaluation, "The same rows, the same folds", models)


def without(evaluation: EvaluationResult, column: str) -> Table:
    """The model beside itself without a declared column."""
    models = {"with it": evaluation.metrics, "without it": evaluation.without[column]}
    return _of_models(evaluation, f"With and without {column}", models)


def all_models(evaluation: EvaluationResult) -> Table | None:
    """The model beside simpler ones and beside itself without the declared columns, in short."""
    if not (evaluation.baselines or evaluation.without):
        return None
    models = {"this model": evaluation.metrics, "this model, on a fifth": evaluation.holdout}
    models |= evaluation.baselines
    models |= {f"without {name}": found for name, found in evaluation.without.items()}
    return _of_models(evaluation, "Beside simpler models", models, ranges=False)


def _of_models(
    evaluation: EvaluationResult,
    caption: str,
    models: Mapping[str, Mapping[str, Estimate]],
    *,
    ranges: bool = True,
) -> Table:
    others = {name for found in list(models.values())[1:] for name in found}
    wanted = ["rmsle", "mae", "rmse", "r2", *([] if ranges else ["mape"])]
    if evaluation.headline == "rmse":
        wanted = ["rmse", "r2", "mae", *wanted[4:]]
    names = [name for name in wanted if name in others and name in evaluation.metrics]
    rows = [
        [model, *(_cell(evaluation, name, found, ranges=ranges) for name in names)]
        for model, found in models.items()
    ]
    return Table(caption, ["Model", *(metric(name).label for name in names)], rows)


def _cell(
    evaluation: EvaluationResult, name: str, found: Mapping[str, Estimate], *, ranges: bool
) -> str:
    """Write a metric, with its interval on a second line."""
    if name not in found:
        return _NONE
    amounts = amounts_of(evaluation.target)
    value = written(name, found[name].value, amounts)
    return f"{value}\n({interval_of(name, found[name], amounts)})" if ranges else value


def comparison(evaluation: EvaluationResult) -> Table | None:
    """The model beside another model file, row by row."""
    compared = evaluation.comparison
    if compared is None:
        return None
    other = f"{compared.other['name']} {compared.other['version']}"
    amounts = amounts_of(evaluation.target)
    rows = []
    for name in known(compared.metrics):
        found = compared.metrics[name]
        difference = found["difference"]
        rows.append(
            [
                metric(name).label,
                written(name, found["this"], amounts),
                written(name, found["other"], amounts),
                written(name, difference.value, amounts, sign=True),
                interval_of(name, difference, amounts, sign=True),
            ]
        )
    caption = f"Beside {other}, on {count(compared.rows, 'row')} that both can predict"
    return Table(caption, ["Metric", "This model", other, "Difference", "95% interval"], rows)


def constant_width(evaluation: EvaluationResult) -> Table | None:
    """Intervals as they are, beside intervals of one width."""
    constant, found = evaluation.constant_width, evaluation.metrics
    names = [name for name in known(constant) if name in found]
    if not names:
        return None
    this = {name: found[name].value for name in names}
    rows = [
        [label, *(written(name, values[name], amounts_of(evaluation.target)) for name in names)]
        for label, values in (("Intervals of this model", this), ("One width for all", constant))
    ]
    caption = f"{share(evaluation.level)} intervals on held-out rows"
    return Table(caption, ["Intervals", *(metric(name).label for name in names)], rows)


def groups(evaluation: EvaluationResult, name: str, *, most: int | None = None) -> Table:
    """The metrics of each group; with `most`, in short and of the worst groups only."""
    every = evaluation.groups[name]
    names = known({metric for group in every for metric in group.metrics})
    shown, caption = in_order(every), f"By {name}"
    if most is not None:
        shown, more = every[:most], len(every) - most
        caption += ", worst first" + (f" ({more:,} more are better)" if more > 0 else "")
    rows = []
    for group in shown:
        ranges = most is None and group.rows >= VERY_FEW_ROWS
        cells = [_cell(evaluation, of, group.metrics, ranges=ranges) for of in names]
        rows.append([label_of(evaluation, name, group), f"{group.rows:,}", *cells])
    return Table(caption, [name, "Rows", *(metric(of).label for of in names)], rows)


def folds(evaluation: EvaluationResult) -> Table | None:
    """One row a fold, or one row for each of several cross-validations."""
    every, amounts = evaluation.folds, amounts_of(evaluation.target)
    if not every:
        return None
    wanted = ("rmsle", "mae", "coverage") if evaluation.headline == "rmsle" else _OF_FOLDS
    names = [name for name in wanted if name in every[0]]
    labels = [metric(name).label for name in names]

    def cells(of: Sequence[Mapping[str, Any]]) -> Iterator[str]:
        for name in names:
            values = [fold[name] for fold in of if name in fold]
            yield written(name, sum(values) / len(values), amounts) if values else _NONE

    if evaluation.repeats == 1:
        rows = [[str(fold["fold"]), str(fold["rows"]), *cells([fold])] for fold in every]
        return Table("By fold", ["Fold", "Rows", *labels], rows)
    seeds = dict.fromkeys(fold["seed"] for fold in every)
    rows = [[str(seed), *cells([f for f in every if f["seed"] == seed])] for seed in seeds]
    return Table("By seed of the split into folds: mean of its folds", ["Seed", *labels], rows)


def importances(evaluation: EvaluationResult) -> Table | None:
    """By how much the error rises when the values of a field are shuffled."""
    if not evaluation.importances:
        return None
    score, amounts = evaluation.headline, amounts_of(evaluation.target)
    rows = [
        [one.field, *(written(score, v, amounts) for v in (one.increase, one.standard_deviation))]
        for one in evaluation.importances[:_MOST_FIELDS]
    ]
    caption = f"Rise of {score.upper()} when the values of a field are shuffled"
    return Table(caption, ["Field", "Rise", "Standard deviation"], rows)


def calibration(evaluation: EvaluationResult) -> Table | None:
    """How often intervals of each level held."""
    if len(evaluation.calibration) < 2:
        return None
    rows = [[share(level), percent(observed)] for level, observed in evaluation.calibration]
    return Table("Intervals at every level", ["Level", "Share inside"], rows)


# What a model file records.


def _validated(manifest: Mapping[str, Any]) -> str:
    training = manifest["training"]
    return cross_validated(training["folds"], training.get("repeats", 1), split_of(manifest))


def recorded_metrics(manifest: Mapping[str, Any]) -> Table:
    """The metrics in a model file, with the ranges that an older file does not have."""
    amounts, spread = amounts_of(manifest["target"]), manifest.get("spread", {})
    rows = []
    for name in known(manifest["metrics"], manifest["target"]):
        found, value = spread.get(name), manifest["metrics"][name]
        between = found and interval_of(name, Estimate(value, found["low"], found["high"]), amounts)
        rows.append([metric(name).name, written(name, value, amounts), between or ""])
    caption = f"{manifest['target']['name']}, {_validated(manifest)}"
    return Table(caption, ["Metric", "Value", "Range for new rows"], rows)


def recorded_sentences(manifest: Mapping[str, Any]) -> Iterator[str]:
    """Explain the metrics in a model file: their ranges, and the level of the intervals."""
    spread, amounts = manifest.get("spread", {}), amounts_of(manifest["target"])
    if spread:
        yield "The ranges are 95% bootstrap intervals, from resampling the rows."
        name = headline_of(manifest["target"], spread)
        if "over_seeds" in spread.get(name, {}):
            deviation = written(name, spread[name]["over_seeds"], amounts)
            yield (
                f"From one split into folds to another the {metric(name).label} has a standard "
                f"deviation of {deviation}."
            )
    level = share(manifest["interval"]["level"])
    if is_by_time(split_of(manifest)):
        yield (
            f"Intervals: made to hold {level} of the rows of past windows. Later rows may differ "
            "from them, so it is no guarantee."
        )
    else:
        yield f"Intervals: made to hold {level} of new rows."


def quality_bar(manifest: Mapping[str, Any]) -> list[tuple[bool, str]]:
    """Compare the metrics in a model file with its quality bar: met or not, and a sentence.

    The list is empty if the configuration has no quality bar.
    """
    bar, found = manifest.get("quality") or {}, manifest["metrics"]
    amounts = amounts_of(manifest["target"])
    verdicts = []
    for name in known([name for name in bar if bar[name] is not None and name in found]):
        more = more_is_better(name)
        met = found[name] >= bar[name] if more else found[name] <= bar[name]
        value, limit = (written(name, one[name], amounts) for one in (found, bar))
        sentence = (
            f"{metric(name).label}, {_validated(manifest)}, is {value}; the configuration asks for "
            f"{'at least' if more else 'at most'} {limit}."
        )
        verdicts.append((met, sentence))
    return verdicts


def estimators(manifest: Mapping[str, Any]) -> Table | None:
    """The estimators that were compared; None where none were."""
    choice = manifest.get("choice")
    if choice is None:
        return None
    rows = [
        [
            "; ".join(_member(*member) for member in one["members"].items()),
            plain(one["error"]),
            plain(one["above_lowest"]),
            plain(one["standard_error"]),
            "chosen" if one["chosen"] else "",
        ]
        for one in choice["compared"]
    ]
    head = ["Estimator", _error_of(manifest), "Mean square above the lowest", "Standard error", ""]
    return Table("The best of each family, and their blends", head, rows, numbers_to=4)


def choice_sentence(manifest: Mapping[str, Any]) -> str | None:
    """Say how the estimator was chosen, and how good it looks without that advantage."""
    choice = manifest.get("choice")
    if choice is None:
        return None
    [chosen] = [one for one in choice["compared"] if one["chosen"]]
    return (
        f"Chosen among {count(choice['tried'], 'estimator')} and blends of the best: that with the "
        "lowest mean squared error, or the best without trees if it is at most one standard error "
        "above, since trees make a prediction slower. Its "
        f"{_error_of(manifest)} is {plain(chosen['error'])}; where the folds that it is not scored "
        f"on choose, it is {plain(choice['repeated'])}."
    )


def _error_of(manifest: Mapping[str, Any]) -> str:
    is_log = manifest["target"]["transform"] != "none"
    return "RMSE of the logarithm" if is_log else "RMSE"


def record(manifest: Mapping[str, Any], contract: Contract) -> Table:
    """What a model file records of its training."""
    target, training, parity = manifest["target"], manifest["training"], manifest["parity"]
    unit = f" in {target['unit']}" if target["unit"] else ""
    used, split = [field for field in contract.fields if field.used], split_of(manifest)
    required = sum(field.required for field in used)
    libraries = {"Python": training["python"], **training["libraries"]}
    rows = {
        "Model": f"{manifest['name']} {manifest['version']}, file format {manifest['format']}",
        "Target": f"{target['name']}{unit}: {target['description']}",
        "Fields": f"{len(contract.fields)}, of which {len(used)} used ({required} required)",
        "Estimator": "; ".join(_member(*member) for member in training["estimator"].items()),
        "Training rows": f"{training['rows']:,} rows of {training['data_file']}"
        + (f", weighted by {training['weight']}" if training.get("weight") else ""),
        "Training rows, SHA-256": training["data_sha256"],
        "Configuration, SHA-256": training["config_sha256"],
        "Folds": f"{training['folds']}, {count(training.get('repeats', 1), 'repetition')}, "
        f"seed {training['seed']}" + ("" if split == "random" else f", {split}"),
        "Created": manifest["created"] or "not recorded, because SOURCE_DATE_EPOCH was not set",
        "Commit of the sources": training.get("commit"),
        "Trained with": ", ".join(f"{name} {version}" for name, version in libraries.items()),
        "Graph and pipeline": f"agree on {count(parity['rows'], 'row')}: largest relative "
        f"difference {parity['largest_relative_difference']:.1e}",
    }
    listed = [[what, printable(value)] for what, value in rows.items() if value]
    return Table("The record of the training run", ["What", "Value"], listed, numbers_to=0)


def _member(kind: str, settings: Mapping[str, Any]) -> str:
    listed = ", ".join(
        f"{key} {plain(value) if isinstance(value, float) else value}"
        for key, value in settings.items()
        if key != "kind" and value is not None
    )
    return f"{kind} ({listed})" if listed else kind
