"""From a configuration to a scikit-learn pipeline that is not fitted yet."""

from __future__ import annotations

from collections.abc import Iterator
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
    return Pipeline(
        [
            *_raw_columns(config),
            *_flags(config),
            *_imputers(config),
            *_parts(config),
            *_ranks_and_indicators(config),
            *_caps(config),
            *_encoders(config),
            *_derived(config),
            *_made_columns(config),
            *_transforms(config),
            *_drops(config),
            *_scaling(config),
            ("estimate", _estimator(config)),
        ]
    )


def fillers_of(pipeline: Pipeline, contract: Contract) -> dict[str, float | str]:
    """Return what a fitted pipeline puts in the place of a missing value, by the field's name."""
    fillers: dict[str, float | str] = {}
    for _, step in pipeline.steps:
        for name, filler in getattr(step, "imputer_dict_", {}).items():
            # A later imputer of the same column fills what an encoder left open.
            fillers.setdefault(name, filler)
    optional = [f for f in (*contract.numbers, *contract.categories) if not f.required]
    found: dict[str, float | str] = {}
    for field in optional:
        filler = fillers[field.name]
        found[field.name] = float(filler) if field.is_number else str(filler)
        if field.is_time:
            found[field.name] = field.time_text(float(filler))
    return found


def used_features(config: Config) -> dict[str, Feature]:
    """Return the features that the pipeline takes, by name."""
    return {name: f for name, f in config.features.items() if f.use != "no"}


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


def _made_columns(config: Config) -> Steps:
    """Keep what is made, and what no code stands for, before it is transformed and scaled."""
    if config.estimator.hist_gradient_boosting is not None:
        yield "keep_made", MadeColumns([n for n, column in _columns(config) if column.use == "yes"])


def _flags(config: Config) -> Steps:
    if flagged := [n for n, f in used_features(config).items() if f.flag_missing]:
        yield "flag_missing", AddMissingIndicator(missing_only=False, variables=flagged)


def _imputers(config: Config) -> Steps:
    """One step a policy: constants together, texts by the level that fills them."""
    constants: dict[str, float] = {}
    statistics: dict[str, list[str]] = {}
    most_frequent: list[str] = []
    levels: dict[str, str] = {}
    for name, feature in used_features(config).items():
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


def _parts(config: Config) -> Steps:
    times = {name: f for name, f in used_features(config).items() if f.is_time}
    if times:
        days = [name for name, feature in times.items() if feature.kind == "date"]
        yield "parts", DateParts({name: f.parts for name, f in times.items()}, days)


def _ranks_and_indicators(config: Config) -> Steps:
    levels = {n: f.ranked_levels for n, f in used_features(config).items() if f.ranked_levels}
    if levels:
        by_value = [name for name in levels if config.features[name].encode == "value"]
        yield "rank_levels", OrderedLevels(levels, by_value)
    tests = {
        name: Condition(d.inputs[0], levels=d.levels, threshold=d.threshold)
        for name, d in config.derived.items()
        if d.verb in ("equals", "above")
    }
    if tests:
        yield "indicators", Indicators(tests)


def _caps(config: Config) -> Steps:
    caps = {n: f.cap for n, f in used_features(config).items() if f.cap is not None}
    if caps:
        yield "cap", ArbitraryOutlierCapper(max_capping_dict=caps)


def _encoders(config: Config) -> Steps:
    """Group rare levels, then encode; a level never seen gets what a typical row has."""
    encoded: dict[str, list[str]] = {}
    for name in _encoded(config):
        encode = config.features[name].encode or config.encoding.nominal
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


def _encoded(config: Config) -> list[str]:
    """The nominal features whose encoding is used, by the estimator or by a formula."""
    formulas = {i for d in config.derived.values() if d.verb in _FORMULAS for i in d.inputs}
    return [
        name
        for name, feature in used_features(config).items()
        if feature.kind == "nominal" and (feature.use == "yes" or name in formulas)
    ]


_FORMULAS = ("sum", "product", "ratio", "elapsed")


def _derived(config: Config) -> Steps:
    formulas = {}
    for name in config.derived_order:
        derived = config.derived[name]
        if derived.verb in _FORMULAS:
            weights = tuple(weight for _, weight in derived.terms)
            formulas[name] = Formula(derived.verb, derived.inputs, weights)
    if formulas:
        yield "derive", DerivedFeatures(formulas)


def _columns(config: Config) -> list[tuple[str, Feature | Derived]]:
    """Every column of the pipeline that has a name in the configuration."""
    return [*used_features(config).items(), *config.derived.items()]


def _transforms(config: Config) -> Steps:
    transformed: dict[str, list[str]] = {}
    for name, column in _columns(config):
        if column.transform != "none" and column.use == "yes":
            transformed.setdefault(column.transform, []).append(name)
    for transform, names in transformed.items():
        yield f"transform_{transform}", _TRANSFORMERS[transform](names)


def _drops(config: Config) -> Steps:
    """Drop what served only to derive."""
    derived = [name for name, column in _columns(config) if column.use == "derived"]
    parts = config.part_columns
    dropped = [name for name in derived if name not in parts.values()]
    dropped += [column for column, name in parts.items() if name in derived]
    if dropped:
        yield "drop", DropFeatures(dropped)


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
