"""The result of an evaluation, for tables, reports and programs."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from ..display import count
from ..files.records import DataRecord

__all__ = [
    "EvaluationResult",
    "Comparison",
    "Details",
    "Estimate",
    "Estimates",
    "Group",
    "Importance",
    "TrainedOn",
    "cross_validated",
    "headline_of",
    "is_by_time",
    "plain_values",
    "score_of",
    "split_of",
]

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Estimate:
    """A metric and its 95% bootstrap interval, from resampling the scored rows."""

    value: float
    low: float
    high: float


Estimates = dict[str, Estimate]


@dataclass(frozen=True)
class Group:
    """How good the model is on the rows of one group.

    Attributes
    ----------
    name : a level, a year, or a range such as `129,975 to 163,000`
    rows : how many there are
    metrics : `rmsle`, `mae`, `median_error_percent` (above 0 where predictions are too high), and
        `coverage`; those that the group has
    """

    name: str
    rows: int
    metrics: Estimates


@dataclass(frozen=True)
class Importance:
    """How much worse predictions get when a field's values are shuffled among held-out rows.

    Attributes
    ----------
    increase : mean rise of the RMSLE over the shuffles; of the RMSE where a target or a prediction
        is not positive
    standard_deviation : of the rise, over the shuffles
    """

    field: str
    increase: float
    standard_deviation: float


@dataclass(frozen=True)
class Details:
    """The rows behind the metrics, each array of shape (rows,).

    Attributes
    ----------
    index : position in the input, from 0
    prediction, lower, upper : NaN for a row that the contract refused
    fold : in which the row was held out; all 0 when a model file was scored
    """

    index: npt.NDArray[np.int64]
    target: Floats
    prediction: Floats
    lower: Floats
    upper: Floats
    fold: npt.NDArray[np.int64]


@dataclass(frozen=True)
class Comparison:
    """Another model file on the same rows, paired row by row.

    Attributes
    ----------
    other : `name` and `version` of the other model
    rows : how many both models could score
    metrics : for each metric `this` and `other`, floats, and `difference`, the Estimate of this
        minus other
    """

    other: dict[str, str]
    rows: int
    metrics: dict[str, dict[str, Any]]


@dataclass(frozen=True)
class TrainedOn:
    """How many of the scored rows the model was trained on.

    Attributes
    ----------
    is_estimate : whether the model file recognises a sample of its training rows only
    """

    rows: int
    is_estimate: bool = False


@dataclass(frozen=True)
class EvaluationResult:
    """How good a model is, how certain that is, and where it is weak.

    Attributes
    ----------
    name : of the model
    target : `name`, `description`, `unit`, `minimum` and `transform`, as in the configuration
    source : `cross-validation`, or the name of the file with the scored rows
    level : the share of rows that intervals should hold
    rows : how many were scored
    refused : rows that were left out, from 0, each with the sentence that says why
    metrics : `rmsle` (mean of the folds), `rmse`, `mae`, `mape`, `median_absolute_error`, `r2`,
        `coverage`, `coverage_worst_quartile` and `median_relative_width`; those that the target
        has. `median_width`, in its unit, stands for a relative width where intervals reach zero
    details : of the first seed
    over_seeds : the standard deviation of each metric over cross-validations with other seeds;
        empty for one alone
    holdout : of one seeded fifth of the rows, by a pipeline fitted on the rest
    constant_width : `coverage`, `coverage_worst_quartile` and the median width of intervals of one
        width at the same level
    folds : `seed`, `fold`, `rows`, and the `rmsle`, `rmse`, `r2`, `mae` and `coverage` that the
        fold has
    groups : by field, and by `target band`; each worst first
    baselines : simpler models in the same folds
    without : without the named column and all that is made from it, in the same folds
    importances : the most important first
    calibration : level and coverage of held-out intervals
    comparison : with another model, if one was named
    manifest : the metadata of the model file; None before there is one
    repeats : cross-validations with other seeds, over which the metrics are averaged
    split : how rows were held out in a cross-validation: `random`, or as `evaluation.split` says
    notes : sentences that a reader should know
    trained_on : for a model file, the scored rows that are among its training rows; None where
        that is not known, and for a cross-validation
    data : the files that were read; empty if the rows did not come from files
    """

    name: str
    target: dict[str, Any]
    source: str
    level: float
    rows: int
    refused: list[tuple[int, str]]
    metrics: Estimates
    details: Details
    over_seeds: dict[str, float] = field(default_factory=dict)
    holdout: Estimates = field(default_factory=dict)
    constant_width: dict[str, float] = field(default_factory=dict)
    folds: list[dict[str, Any]] = field(default_factory=list)
    groups: dict[str, list[Group]] = field(default_factory=dict)
    baselines: dict[str, Estimates] = field(default_factory=dict)
    without: dict[str, Estimates] = field(default_factory=dict)
    importances: list[Importance] = field(default_factory=list)
    calibration: list[tuple[float, float]] = field(default_factory=list)
    comparison: Comparison | None = None
    manifest: dict[str, Any] | None = None
    repeats: int = 1
    split: str = "random"
    notes: list[str] = field(default_factory=list)
    trained_on: TrainedOn | None = None
    data: tuple[DataRecord, ...] = ()

    @property
    def validated(self) -> str:
        """How the rows were held out, such as `cross-validated, 5 times 10 folds`."""
        folds = len({fold["fold"] for fold in self.folds})
        return cross_validated(folds, self.repeats, self.split)

    @property
    def headline(self) -> str:
        """The name of the metric that stands for the model, and that importances are rises of."""
        return headline_of(self.target, self.metrics)

    @property
    def score(self) -> str:
        """The name of the metric that groups and folds are compared by."""
        return score_of(self.headline)

    @property
    def caution(self) -> str | None:
        """A warning before the metrics: that the model was trained on some of the rows."""
        if self.trained_on is None or not self.trained_on.rows:
            return None
        rows = self.trained_on.rows
        about = "About " if self.trained_on.is_estimate else ""
        return (
            f"{about}{rows:,} of {count(self.rows, 'row')} {'was' if rows == 1 else 'were'} in the "
            "training data of this model: these metrics are not of unseen rows"
            f"{' alone' if rows < self.rows else ''}."
        )

    def to_dict(self) -> dict[str, Any]:
        """Return the evaluation as plain JSON types, with None for what is not a finite number."""
        return {name: plain_values(value) for name, value in asdict(self).items()}


def headline_of(target: Mapping[str, Any], metrics: Collection[str]) -> str:
    """Return the name of the metric that stands for a model: `rmsle`, or `rmse` for most targets.

    The RMSLE means something where the estimator learns the logarithm of a positive target.
    """
    is_log = target.get("transform") == "log" and "rmsle" in metrics
    return "rmsle" if is_log else "rmse"


def score_of(headline: str) -> str:
    """Return the name of the metric that groups and folds are compared by."""
    return "rmsle" if headline == "rmsle" else "mae"


def cross_validated(folds: int, repeats: int, split: str = "random") -> str:
    """Return how rows were held out, in the words that accompany every such metric."""
    times = f"{repeats} times " if repeats > 1 else ""
    what = "windows" if is_by_time(split) else "folds"
    return f"cross-validated, {times}{folds} {what}{'' if split == 'random' else f' {split}'}"


def is_by_time(split: str) -> bool:
    """Whether every row was predicted from rows before it."""
    return split.startswith("by time ")


def split_of(manifest: Mapping[str, Any]) -> str:
    """Return how the rows were split where a model file was trained."""
    return str(manifest.get("evaluation", {}).get("split", "random"))


def plain_values(value: Any) -> Any:
    """Return plain JSON types, with None for what is not finite."""
    if isinstance(value, np.ndarray | np.generic):
        value = value.tolist()
    if isinstance(value, Mapping):
        return {str(key): plain_values(one) for key, one in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [plain_values(one) for one in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value
