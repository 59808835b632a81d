"""The sections of the file that say a few things each, and the members of the estimator."""

import math
import re
from collections.abc import Iterator
from typing import Annotated, ClassVar, Literal

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from ..named_metrics import unknown_metrics
from .features import Bounds, Encode, transform_mistake
from .mistakes import Mistake, expected
from .values import (
    Count,
    Duration,
    Name,
    NotNegative,
    Number,
    Positive,
    PositiveShare,
    Section,
    Seed,
    Sentence,
    Share,
    ShareUpToOne,
    Text,
    Words,
    check_name,
    read_number,
)

__all__ = [
    "Data",
    "Encoding",
    "Estimator",
    "Evaluation",
    "Interval",
    "Member",
    "Monitoring",
    "Quality",
    "Target",
]


class Target(Section):
    """The column to predict."""

    name: Annotated[Text, AfterValidator(check_name)]
    description: Sentence
    unit: Text | None = None
    minimum: Number | None = None
    missing: Literal["refuse", "leave_out"] = "refuse"
    transform: Literal["none", "log", "log1p"] = "none"

    def to_dict(self) -> dict[str, object]:
        """Return what a model file says of the target."""
        return self.model_dump(exclude={"missing"})

    def mistakes(self) -> Iterator[Mistake]:
        """Find a minimum that the transform does not allow."""
        low = -math.inf if self.minimum is None else self.minimum
        if mistake := transform_mistake(self.transform, Bounds(low)):
            yield ("transform",), mistake


class Data(Section):
    """Where the rows are: names inside datasets/, or paths relative to the configuration file.

    `weight` is a column of the training rows, beside the features: how much each row counts when
    the estimator is fitted.
    """

    training: Text
    scoring: Text | None = None
    weight: Annotated[Text, AfterValidator(check_name)] | None = None
    missing_values: Words = ()
    source: Sentence | None = None


class Encoding(Section):
    """How levels become numbers where a feature does not say so itself."""

    nominal: Encode = "ordered"
    rare_share: Share = 0.01
    smoothing: NotNegative = 0.0


_GROUPED, _BY_TIME = "grouped by ", "by time "


def _check_split(value: str) -> str:
    text = " ".join(value.split(maxsplit=2))
    if text != "random" and not (text.startswith((_GROUPED, _BY_TIME)) and text.count(" ") >= 2):
        raise expected("random, 'grouped by COLUMN' or 'by time COLUMN'", value)
    return text


class Evaluation(Section):
    """How the model is scored on rows that it has not seen.

    `repeats` is how many times the rows are split into folds, each time with the next seed.
    `split` is `random`, `grouped by COLUMN` (rows with one value of it are held out together) or
    `by time COLUMN` (`folds` windows, each predicted from the rows before it).
    `stratify` is a column whose values are spread evenly over the folds.
    `metrics` are more metrics, by the names that scikit-learn has for them.
    `groups` are the fields by whose values the errors are broken down; `baseline` is the field
    whose values have a median each, to be better than; `without` are columns without which the
    report shows the model too.
    """

    folds: Annotated[int, Field(ge=2), BeforeValidator(read_number)] = 10
    repeats: Count = 1
    split: Annotated[Text, AfterValidator(_check_split)] = "random"
    stratify: Text | None = None
    seed: Seed = 0
    groups: Words = ()
    baseline: Text | None = None
    without: Words = ()
    metrics: Words = ()

    @property
    def is_by_time(self) -> bool:
        """Whether every row is predicted from rows before it."""
        return self.split.startswith(_BY_TIME)

    @property
    def split_column(self) -> str | None:
        """The column by which the rows are split; None for a random split."""
        return None if self.split == "random" else self.split.split(maxsplit=2)[2]

    def mistakes(self) -> Iterator[Mistake]:
        """Find keys that have no meaning for the split."""
        if self.split != "random" and self.stratify is not None:
            yield ("stratify",), f"is for a random split: leave it out, as split is {self.split!r}"
        for _, text in unknown_metrics(self.metrics):
            yield ("metrics",), text
        if self.is_by_time and self.repeats > 1:
            yield ("repeats",), "expected 1: a split by time is always the same"


class Interval(Section):
    """The share of true values that intervals should hold, and what makes them wider.

    `ridge_alpha` is the penalty of the regression that tells where the model is less sure; without
    it every interval has one width.
    """

    level: PositiveShare = 0.9
    ridge_alpha: Positive | None = None


class Quality(Section):
    """The worst cross-validated scores that a release may have.

    `rmsle`, and `rmse` and `mae` in the unit of the target, are at most this; `r2` and `coverage`,
    the share of true values inside their interval, at least.
    """

    rmsle: Positive | None = None
    rmse: Positive | None = None
    mae: Positive | None = None
    r2: Annotated[float, Field(le=1), BeforeValidator(read_number)] | None = None
    coverage: PositiveShare | None = None
    metrics: dict[Name, Number] = {}

    @property
    def limits(self) -> dict[str, float]:
        """The limits that are set, by the names of their metrics."""
        own = {name: limit for name, limit in self if name != "metrics" and limit is not None}
        return own | self.metrics

    def mistakes(self) -> Iterator[Mistake]:
        """Find a limit for what has a key of its own."""
        for name in self.metrics:
            if name in Quality.model_fields:
                yield ("metrics", name), f"has a key of its own: quality.{name}"
        for name, text in unknown_metrics(self.metrics):
            yield ("metrics", name), text


class Monitoring(Section):
    """When `regression-model monitor` and the service say that new rows differ.

    `significance` is how likely a false alarm may be over all tests together; with fewer values
    than `minimum_rows` nothing is tested. A difference counts from `effect` on, a difference of
    shares: of the rows up to some value, with some of the levels, or without a value; the share of
    refused rows from `refused` on. The error counts when it has increased by the share
    `error_increase`, and the coverage when it is lower than the level of the intervals by
    `coverage_loss`. The fields in `ignore` are shown and never count.
    """

    significance: PositiveShare = 0.05
    minimum_rows: Annotated[int, Field(ge=10), BeforeValidator(read_number)] = 30
    effect: Share = 0.1
    refused: Share = 0.01
    error_increase: NotNegative = 0.25
    coverage_loss: Share = 0.05
    ignore: Words = ()


SettingValue = int | float | bool | str | None
_SETTING = re.compile(r"\s*([A-Za-z_]\w*)\s*=\s*([^=]*[^=\s])\s*")
_WORDS: dict[str, SettingValue] = {"yes": True, "no": False, "none": None}


def settings_of(text: str) -> dict[str, SettingValue]:
    """Read `alpha=2, fit_intercept=no` as names with values; raises ValueError for other text."""
    found: dict[str, SettingValue] = {}
    for part in text.split(",") if text else []:
        setting = _SETTING.fullmatch(part)
        if setting is None or setting[1] in found:
            raise expected("names with values such as 'alpha=2, tol=0.001', each once", text)
        found[setting[1]] = _value_of(setting[2])
    return found


def _value_of(text: str) -> SettingValue:
    if text in _WORDS:
        return _WORDS[text]
    try:
        number = read_number(text)
    except ValueError:
        return text
    return int(number) if re.fullmatch(r"[+-]?\d+", text) else number


def _check_settings(value: str) -> str:
    settings_of(value)
    return value


def _check_import_path(value: str) -> str:
    if not re.fullmatch(r"sklearn(\.[a-z]\w*)+\.[A-Z]\w*", value):
        raise expected("a class of scikit-learn such as sklearn.linear_model.HuberRegressor", value)
    return value


def _no_keys(value: object) -> object:
    """Read a name without keys below it as one where each has its default."""
    return {} if value == "" else value


class Member(Section):
    """One of the models whose predictions are averaged."""

    takes_row_weights: ClassVar[bool] = True
    weight: Positive = 1.0

    def mistakes(self) -> Iterator[Mistake]:
        """Find a quantile without its loss, and the loss without it."""
        loss, quantile = getattr(self, "loss", None), getattr(self, "quantile", None)
        if loss == "quantile" and quantile is None:
            yield ("loss",), "needs 'quantile' too: the share of targets below the prediction"
        if loss != "quantile" and quantile is not None:
            yield ("quantile",), f"belongs to the loss quantile, and the loss is {loss}"


class LinearMember(Member):
    """Least squares with a penalty."""

    alpha: Positive


class ElasticNetMember(LinearMember):
    """Least squares with the penalties of both; `l1_ratio` is the share of the Lasso's."""

    l1_ratio: ShareUpToOne


class LinearSVRMember(Member):
    """Linear support vector regression; errors up to `epsilon` cost nothing."""

    C: Positive
    epsilon: NotNegative


class SVRMember(LinearSVRMember):
    """Support vector regression with an RBF kernel of width `gamma`."""

    gamma: Positive


class QuadraticSVRMember(SVRMember):
    """Support vector regression with the kernel (gamma x'z + coef0)^2: one quadratic form."""

    coef0: NotNegative = 1.0
    degree: Annotated[int, Field(ge=2, le=2), BeforeValidator(read_number)] = 2


class GradientBoostingMember(Member):
    """Boosted regression trees; `subsample` and `max_features` are shares of rows and columns.

    `quantile` belongs to the loss of that name.
    """

    n_estimators: Count
    max_depth: Count
    learning_rate: Positive
    subsample: ShareUpToOne = 1.0
    min_samples_leaf: Count = 1
    max_features: ShareUpToOne = 1.0
    loss: Literal["squared_error", "huber", "absolute_error", "quantile"] = "squared_error"
    quantile: PositiveShare | None = None


class HistGradientBoostingMember(Member):
    """Trees boosted on histograms; they see missing values and categories as they are.

    The defaults are scikit-learn's. `max_features` is a share of the columns; `max_bins` is how
    many values of a column are told apart, and how many levels at most; `quantile` belongs to the
    loss of that name.
    """

    max_iter: Count = 100
    learning_rate: Positive = 0.1
    max_leaf_nodes: Annotated[int, Field(ge=2), BeforeValidator(read_number)] = 31
    max_depth: Count | None = None
    min_samples_leaf: Count = 20
    l2_regularization: NotNegative = 0.0
    max_features: ShareUpToOne = 1.0
    max_bins: Annotated[int, Field(ge=2, le=255), BeforeValidator(read_number)] = 255
    loss: Literal["squared_error", "absolute_error", "poisson", "gamma", "quantile"] = (
        "squared_error"
    )
    quantile: PositiveShare | None = None


class CustomMember(Member):
    """A regressor of scikit-learn by its import path, with parameters as `alpha=2, tol=0.01`."""

    regressor: Annotated[Text, AfterValidator(_check_import_path)]
    parameters: Annotated[Text, AfterValidator(_check_settings)] | None = None

    @property
    def settings(self) -> dict[str, SettingValue]:
        """The parameters by name: numbers, yes and no, none, or text."""
        return settings_of(self.parameters or "")


class NystroemMember(LinearMember):
    """Ridge regression on `n_components` approximate features of an RBF kernel."""

    takes_row_weights: ClassVar[bool] = False
    n_components: Count
    gamma: Positive


class Auto(Section):
    """A choice of the members by comparing a few, and their blends, in the folds.

    `budget` says how much may be compared, as the time that the fits are expected to take. What is
    compared follows from it and from the size of the table, and from no clock.
    """

    budget: Duration = 60.0


class Estimator(Section):
    """The models whose predictions are averaged by their weights, each with its parameters.

    With `auto` they are chosen when the model is trained.
    """

    words = ("auto",)
    auto: Annotated[Auto | None, BeforeValidator(_no_keys)] = None
    lasso: LinearMember | None = None
    ridge: LinearMember | None = None
    elastic_net: ElasticNetMember | None = None
    linear_svr: LinearSVRMember | None = None
    svr: SVRMember | None = None
    quadratic_svr: QuadraticSVRMember | None = None
    gradient_boosting: GradientBoostingMember | None = None
    nystroem: NystroemMember | None = None
    hist_gradient_boosting: Annotated[
        HistGradientBoostingMember | None, BeforeValidator(_no_keys)
    ] = None
    custom: CustomMember | None = None

    @property
    def members(self) -> dict[str, Member]:
        """Those that are there, by their keys, in the order above."""
        return {key: member for key, member in self if isinstance(member, Member)}

    @model_validator(mode="before")
    @classmethod
    def _read_auto(cls, value: object) -> object:
        return {value: {}} if isinstance(value, str) and value in cls.words else value

    def mistakes(self) -> Iterator[Mistake]:
        """Find members beside a choice of them."""
        if self.auto is not None and self.members:
            yield ("auto",), f"chooses the members itself: remove {', '.join(self.members)}"

    def __len__(self) -> int:
        """Return how many there are."""
        return len(self.members)
