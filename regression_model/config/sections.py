"""The sections of the file that say a few things each, and the members of the estimator."""

import math
import re
from collections.abc import Iterator
from typing import Annotated, Literal

from pydantic import AfterValidator, BeforeValidator, Field

from .features import Bounds, Encode, transform_mistake
from .mistakes import Mistake, expected
from .values import (
    Count,
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

__all__ = ["Data", "Encoding", "Estimator", "Evaluation", "Interval", "Member", "Quality", "Target"]


class Target(Section):
    """The column to predict."""

    name: Annotated[Text, AfterValidator(check_name)]
    description: Sentence
    unit: Text | None = None
    minimum: Number | None = None
    transform: Literal["none", "log"] = "none"

    def mistakes(self) -> Iterator[Mistake]:
        """Find a minimum that the transform does not allow."""
        low = -math.inf if self.minimum is None else self.minimum
        if mistake := transform_mistake(self.transform, Bounds(low)):
            yield ("transform",), mistake


class Data(Section):
    """Where the rows are: names inside datasets/, or paths relative to the configuration file."""

    training: Text
    scoring: Text | None = None
    missing_values: Words = ()
    source: Sentence | None = None


class Encoding(Section):
    """How levels become numbers where a feature does not say so itself."""

    nominal: Encode = "ordered"
    rare_share: Share = 0.01
    smoothing: NotNegative = 0.0


class Evaluation(Section):
    """How the model is scored on rows that it has not seen.

    `repeats` is how many times the rows are split into folds, each time with the next seed.
    `stratify` is a column whose values are spread evenly over the folds.
    `groups` are the fields by whose values the errors are broken down; `baseline` is the field
    whose values have a median each, to be better than; `without` are columns without which the
    report shows the model too.
    """

    folds: Annotated[int, Field(ge=2), BeforeValidator(read_number)] = 10
    repeats: Count = 1
    stratify: Text | None = None
    seed: Seed = 0
    groups: Words = ()
    baseline: Text | None = None
    without: Words = ()


class Interval(Section):
    """The share of true values that intervals should hold, and what makes them wider.

    `ridge_alpha` is the penalty of the regression that tells where the model is less sure; without
    it every interval has one width.
    """

    level: PositiveShare = 0.9
    ridge_alpha: Positive | None = None


class Quality(Section):
    """The worst cross-validated scores that a release may have.

    `rmsle` is at most this; `coverage`, the share of true values inside their interval, at least.
    """

    rmsle: Positive | None = None
    coverage: PositiveShare | None = None


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
        name, value = setting.groups()
        found[name] = _WORDS[value] if value in _WORDS else _number_or_text(value)
    return found


def _number_or_text(value: str) -> SettingValue:
    try:
        number = read_number(value)
    except ValueError:
        return value
    return int(number) if re.fullmatch(r"[+-]?\d+", value) else number


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


def _quantile_mistakes(loss: str, quantile: float | None) -> Iterator[Mistake]:
    if loss == "quantile" and quantile is None:
        yield ("loss",), "needs 'quantile' too: the share of targets below the prediction"
    if loss != "quantile" and quantile is not None:
        yield ("quantile",), f"belongs to the loss quantile, and the loss is {loss}"


class Member(Section):
    """One of the models whose predictions are averaged."""

    weight: Positive = 1.0


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

    def mistakes(self) -> Iterator[Mistake]:
        """Find a quantile without its loss, and the loss without it."""
        yield from _quantile_mistakes(self.loss, self.quantile)


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

    def mistakes(self) -> Iterator[Mistake]:
        """Find a quantile without its loss, and the loss without it."""
        yield from _quantile_mistakes(self.loss, self.quantile)


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

    n_components: Count
    gamma: Positive


class Estimator(Section):
    """The models whose predictions are averaged by their weights, each with its parameters."""

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
        return {key: member for key, member in self if member is not None}

    def __len__(self) -> int:
        """Return how many there are."""
        return len(self.members)
