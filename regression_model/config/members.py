"""The members of the estimator: the models whose predictions are averaged."""

from collections.abc import Mapping
from typing import Annotated, Literal, get_args

from pydantic import AfterValidator, Field

from .mistakes import either, raise_all
from .sections import Section
from .values import Count, NotNegative, Positive, ShareUpToOne, WholeNumber

__all__ = [
    "MEMBERS",
    "AnyMember",
    "ElasticNetMember",
    "GradientBoostingMember",
    "LassoMember",
    "LinearSVRMember",
    "Member",
    "NystroemMember",
    "QuadraticSVRMember",
    "RidgeMember",
    "SVRMember",
    "with_kinds",
]


class _Weighted(Section):
    weight: Positive = 1.0


class LassoMember(_Weighted):
    """Least squares with an L1 penalty."""

    kind: Literal["lasso"] = "lasso"
    alpha: Positive


class RidgeMember(_Weighted):
    """Least squares with an L2 penalty."""

    kind: Literal["ridge"] = "ridge"
    alpha: Positive


class ElasticNetMember(_Weighted):
    """Least squares with both penalties; `l1_ratio` is the share of the first."""

    kind: Literal["elastic_net"] = "elastic_net"
    alpha: Positive
    l1_ratio: ShareUpToOne


class LinearSVRMember(_Weighted):
    """Linear support vector regression; errors up to `epsilon` cost nothing."""

    kind: Literal["linear_svr"] = "linear_svr"
    C: Positive
    epsilon: NotNegative


class SVRMember(_Weighted):
    """Support vector regression with an RBF kernel of width `gamma`."""

    kind: Literal["svr"] = "svr"
    C: Positive
    gamma: Positive
    epsilon: NotNegative


def _two(value: int) -> int:
    if value != 2:
        raise ValueError(f"expected 2, got {value}: no other degree is a quadratic form")
    return value


class QuadraticSVRMember(_Weighted):
    """Support vector regression with the kernel (gamma x'z + coef0)^2: one quadratic form."""

    kind: Literal["quadratic_svr"] = "quadratic_svr"
    C: Positive
    gamma: Positive
    epsilon: NotNegative
    coef0: NotNegative = 1.0
    degree: Annotated[WholeNumber, AfterValidator(_two)] = 2


class GradientBoostingMember(_Weighted):
    """Boosted regression trees; `subsample` and `max_features` are shares of rows and columns."""

    kind: Literal["gradient_boosting"] = "gradient_boosting"
    n_estimators: Count
    max_depth: Count
    learning_rate: Positive
    subsample: ShareUpToOne = 1.0
    min_samples_leaf: Count = 1
    max_features: ShareUpToOne = 1.0
    loss: Literal["squared_error", "huber"] = "squared_error"


class NystroemMember(_Weighted):
    """Ridge regression on `n_components` approximate features of an RBF kernel."""

    kind: Literal["nystroem"] = "nystroem"
    n_components: Count
    gamma: Positive
    alpha: Positive


AnyMember = (
    LassoMember
    | RidgeMember
    | ElasticNetMember
    | LinearSVRMember
    | SVRMember
    | QuadraticSVRMember
    | GradientBoostingMember
    | NystroemMember
)
Member = Annotated[AnyMember, Field(discriminator="kind")]
MEMBERS: Mapping[str, type[Section]] = {
    model.model_fields["kind"].default: model for model in get_args(AnyMember)
}


def with_kinds(members: object) -> object:
    """Copy each member's key into it as its kind, which tells pydantic the model to use."""
    if not isinstance(members, Mapping):
        return members
    if not members:
        raise ValueError(f"expected at least one of {either(MEMBERS)}, got nothing")
    named = {kind: value for kind, value in members.items() if isinstance(value, Mapping)}
    raise_all([((kind, "kind"), "unknown key") for kind, value in named.items() if "kind" in value])
    return {**members, **{kind: {**value, "kind": kind} for kind, value in named.items()}}
