"""From a configuration to a scikit-learn pipeline that is not fitted yet."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from feature_engine.encoding import MeanEncoder, OneHotEncoder, OrdinalEncoder, RareLabelEncoder
from feature_engine.imputation import (
    AddMissingIndicator,
    ArbitraryNumberImputer,
    MeanMedianImputer,
)
from feature_engine.outliers import ArbitraryOutlierCapper
from feature_engine.selection import DropFeatures
from feature_engine.transformation import (
    LogCpTransformer,
    LogTransformer,
    PowerTransformer,
    YeoJohnsonTransformer,
)
from feature_engine.wrappers import SklearnTransformerWrapper
from sklearn.compose import TransformedTargetRegressor
from sklearn.ensemble import (
    GradientBoostingRegressor,
    HistGradientBoostingRegressor,
    VotingRegressor,
)
from sklearn.kernel_approximation import Nystroem
from sklearn.linear_model import ElasticNet, Lasso, Ridge
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import Binarizer, StandardScaler
from sklearn.svm import SVR, LinearSVR

from ..config.core import Config, Derived, Feature
from ..config.sections import CustomMember
from ..runtime.contract import Contract
from .export.custom import custom_regressor
from .intervals import scale_of
from .steps.features import (
    Condition,
    DateParts,
    DerivedFeatures,
    Formula,
    Indicators,
    LevelImputer,
    MostFrequentImputer,
    OrderedLevels,
    TargetMeans,
)
from .steps.native import (
    ConvertedMember,
    MadeColumns,
    NativeMember,
    RawColumns,
    StandardMember,
    beside_native,
)
from .steps.quadratic import QuadraticSVR, RangeClipper

__all__ = ["build_pipeline", "fillers_of"]

Steps = Iterator[tuple[str, Any]]

_TESTS = ("equals", "above")  # the verbs that make indicators; the others are formulas
_LINEAR = {"max_iter": 100_000, "tol": 1e-6}
_TRANSFORMERS = {
    "log": lambda columns: LogTransformer(variables=columns),
    "log1p": lambda columns: LogCpTransformer(variables=columns, C=1),
    "sqrt": lambda columns: PowerTransformer(variables=columns, exp=0.5),
    "yeo_johnson": lambda columns: YeoJohnsonTransformer(variables=columns),
    "binary": lambda columns: SklearnTransformerWrapper(Binarizer(), variables=columns),
}


def build_pipeline(config: Config) -> Pipeline:
    """Build the pipeline that `config` describes.

    It takes a frame with one column a used feature, float64 for numbers and object for text, with
    NaN or None where missing, and predicts the target in its own unit.
    """
    return Pipeline([*_steps(config), ("estimate", _estimator(config))])


def fillers_of(pipeline: Pipeline, contract: Contract) -> dict[str, float | str]:
    """Return what a fitted pipeline puts in the place of a missing value, by the field's name."""
    fillers: dict[str, float | str] = {}
    for _, step in pipeline.steps:
        for name, filler in getattr(step, "imputer_dict_", {}).items():
            # A later imputer of the same column fills what an encoder left open.
            fillers.setdefault(name, filler)
    found: dict[str, float | str] = {}
    for field in (*contract.numbers, *contract.categories):
        if field.is_time and not field.required:
            found[field.name] = field.time_text(float(fillers[field.name]))
        elif not field.required:
            found[field.name] = (float if field.is_number else str)(fillers[field.name])
    return found


def used_features(config: Config) -> dict[str, Feature]:
    """Return the features that the pipeline takes, by name."""
    return {name: f for name, f in config.features.items() if f.use != "no"}


def _steps(config: Config) -> Steps:
    """Yield the steps in their order, with their names."""
    used = used_features(config)
    columns: list[tuple[str, Feature | Derived]] = [*used.items(), *config.derived.items()]
    yield from _raw_columns(config)
    if flagged := [name for name, feature in used.items() if feature.flag_missing]:
        yield "flag_missing", AddMissingIndicator(missing_only=False, variables=flagged)
    yield from _imputers(used)
    if times := {name: feature.parts for name, feature in used.items() if feature.is_time}:
        yield "parts", DateParts(times, [name for name in times if used[name].kind == "date"])
    if levels := {name: f.ranked_levels for name, f in used.items() if f.ranked_levels}:
        by_value = [name for name in levels if used[name].encode == "value"]
        yield "rank_levels", OrderedLevels(levels, by_value)
    if tests := {
        name: Condition(d.inputs[0], levels=d.levels, threshold=d.threshold)
        for name, d in config.derived.items()
        if d.verb in _TESTS
    }:
        yield "indicators", Indicators(tests)
    if caps := {name: f.cap for name, f in used.items() if f.cap is not None}:
        yield "cap", ArbitraryOutlierCapper(max_capping_dict=caps)
    yield from _encoders(config)
    derived = [(name, config.derived[name]) for name in config.derived_order]
    if formulas := {
        name: Formula(d.verb, d.inputs, tuple(weight for _, weight in d.terms))
        for name, d in derived
        if d.verb not in _TESTS
    }:
        yield "derive", DerivedFeatures(formulas)
    seen = [(name, column) for name, column in columns if column.use == "yes"]
    if config.estimator.hist_gradient_boosting is not None:
        # Also what is made, and what no code stands for, before it is transformed and scaled.
        yield "keep_made", MadeColumns([name for name, _ in seen])
    for transform in dict.fromkeys(column.transform for _, column in seen):
        if transform != "none":
            names = [name for name, column in seen if column.transform == transform]
            yield f"transform_{transform}", _TRANSFORMERS[transform](names)
    parts = config.part_columns
    only_to_derive = [name for name, column in columns if column.use == "derived"]
    dropped = [name for name in only_to_derive if name not in parts.values()]
    if dropped := dropped + [column for column, name in parts.items() if name in only_to_derive]:
        yield "drop", DropFeatures(dropped)
    yield from _scaling(config)


def _raw_columns(config: Config) -> Steps:
    """Keep the fields as they come, for a member that takes native columns."""
    member = config.estimator.hist_gradient_boosting
    if member is None:
        return
    seen = {name: f for name, f in config.features.items() if f.use == "yes"}
    numbers = {name: f.cap for name, f in seen.items() if f.kind in ("number", "year")}
    ranks = {name: f.ranked_levels for name, f in seen.items() if f.ranked_levels}
    codes = [name for name, f in seen.items() if f.kind == "nominal"]
    yield "keep_raw", RawColumns(numbers, ranks, codes, member.max_bins)


def _imputers(used: Mapping[str, Feature]) -> Steps:
    """One step a policy: constants together, texts by the level that fills them."""
    constants: dict[str, float] = {}
    statistics: dict[str, list[str]] = {}
    most_frequent: list[str] = []
    levels: dict[str, str] = {}
    for name, feature in used.items():
        match feature.missing:
            case None:
                continue
            case float(number):
                constants[name] = number
            case "median" | "mean" if feature.is_numeric or feature.is_time:
                statistics.setdefault(feature.missing, []).append(name)
            case "most_frequent":
                most_frequent.append(name)
            case str(level):
                levels[name] = level
    if constants:
        yield "impute_constant", ArbitraryNumberImputer(imputer_dict=constants)
    for statistic, names in statistics.items():
        yield f"impute_{statistic}", MeanMedianImputer(statistic, variables=names)
    if most_frequent:
        yield "impute_most_frequent", MostFrequentImputer(
            "frequent", variables=most_frequent, return_object=True, ignore_format=True
        )
    if levels:
        yield "impute_level", LevelImputer(levels)


def _encoders(config: Config) -> Steps:
    """Group rare levels, then encode; a level never seen gets what a typical row has.

    Those of features that the estimator sees or a formula is made of.
    """
    formulas = {i for d in config.derived.values() if d.verb not in _TESTS for i in d.inputs}
    encoded: dict[str, list[str]] = {}
    for name, feature in used_features(config).items():
        if feature.kind == "nominal" and (feature.use == "yes" or name in formulas):
            encode = feature.encode or config.encoding.nominal
            encoded.setdefault(encode, []).append(name)
    if names := encoded.pop("target", None):  # the means of rare levels are smoothed
        yield "encode_target", TargetMeans(names, random_state=config.evaluation.seed)
    if not encoded:
        return
    every = [name for names in encoded.values() for name in names]
    yield "group_rare", RareLabelEncoder(
        tol=config.encoding.rare_share, n_categories=0, variables=every, ignore_format=True
    )
    if names := encoded.get("ordered"):
        yield "encode_ordered", OrdinalEncoder("ordered", variables=names, unseen="ignore")
        yield "impute_unseen", MeanMedianImputer("median", variables=names)
    if names := encoded.get("mean"):
        smoothing = config.encoding.smoothing
        yield "encode_mean", MeanEncoder(variables=names, smoothing=smoothing, unseen="encode")
    if names := encoded.get("one_hot"):
        yield "encode_one_hot", OneHotEncoder(variables=names)


def _scaling(config: Config) -> Steps:
    """Standardise, and keep a quadratic member, which grows with the square of a distance, near
    the rows it knows.

    The other members of the blend see the same columns, save those that take native ones.
    """
    steps: list[tuple[str, Any]] = [("scale", StandardScaler())]
    if config.estimator.quadratic_svr is not None:
        steps.append(("clip", RangeClipper()))
    if config.estimator.hist_gradient_boosting is not None:
        steps = [("scale", beside_native(Pipeline(steps)))]
    yield from steps


def _estimator(config: Config) -> TransformedTargetRegressor:
    """Return the members' weighted mean, on the scale that the target is learnt on.

    It predicts nothing below the minimum of the target.
    """
    found = config.estimator.members
    members = [(kind, _of_its_columns(kind, member, config)) for kind, member in found.items()]
    weights = [member.weight for member in found.values()]
    regressor = members[0][1] if len(members) == 1 else VotingRegressor(members, weights=weights)
    scale = scale_of(config.target.transform, config.target.minimum)
    return TransformedTargetRegressor(regressor, func=scale.to, inverse_func=scale.back)


def _of_its_columns(kind: str, member: Any, config: Config) -> Any:
    """Return a member, and where there are two kinds of columns, with those that it takes."""
    regressor = _member(kind, member, config)
    if kind == "hist_gradient_boosting":
        return NativeMember(regressor)
    if kind == "custom":
        return ConvertedMember(regressor)
    native = config.estimator.hist_gradient_boosting
    return regressor if native is None else StandardMember(regressor)


def _member(kind: str, member: Any, config: Config) -> Any:
    if isinstance(member, CustomMember):
        return custom_regressor(member, config)
    parameters = member.model_dump(exclude={"weight"})
    seed = {"random_state": config.evaluation.seed}
    match kind:
        case "lasso":
            return Lasso(**parameters, **_LINEAR, **seed)
        case "elastic_net":
            return ElasticNet(**parameters, **_LINEAR, **seed)
        case "ridge":
            return Ridge(**parameters)
        case "linear_svr":
            # Its intercept is penalised, so the target is centred first.
            centre = StandardScaler(with_std=False)
            machine = LinearSVR(**parameters, **_LINEAR, **seed)
            return TransformedTargetRegressor(machine, transformer=centre)
        case "svr":
            return SVR(**parameters)
        case "quadratic_svr":
            del parameters["degree"]
            return QuadraticSVR(**parameters)
        case "gradient_boosting":
            quantile = parameters.pop("quantile")
            alpha = {} if quantile is None else {"alpha": quantile}
            return GradientBoostingRegressor(**parameters, **alpha, **seed)
        case "hist_gradient_boosting":
            return HistGradientBoostingRegressor(**parameters, **seed, early_stopping=False)
        case _:  # nystroem
            alpha = parameters.pop("alpha")
            return make_pipeline(Nystroem(**parameters, **seed), Ridge(alpha))
