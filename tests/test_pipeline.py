"""From a configuration to a pipeline: each choice makes its step, and all steps are known kinds."""

from typing import Any

import numpy as np
import pandas as pd
import pytest
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
from sklearn.base import clone
from sklearn.ensemble import VotingRegressor
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import ElasticNet, Lasso, Ridge
from sklearn.preprocessing import Binarizer, StandardScaler
from sklearn.utils.validation import check_is_fitted

from regression_model.config.core import config as packaged
from regression_model.config.core import parse_config
from regression_model.training.pipeline import build_pipeline
from regression_model.training.steps.features import (
    Condition,
    DerivedFeatures,
    Formula,
    Indicators,
    LevelImputer,
    MostFrequentImputer,
    OrderedLevels,
)

TOP = """\
name: bicycles
description: Second-hand bicycles
target:
  name: price
  description: Price paid
  minimum: 1
  transform: log
data:
  training: bicycles.csv
"""
FEATURES = """\
features:
  weight:
    description: Weight
    kind: number
    minimum: 1
  gears:
    description: Number of gears
    kind: number
    minimum: 0
    missing: 1
  brand:
    description: Who made it
    kind: nominal
    missing: most_frequent
  state:
    description: State it is in
    kind: ordinal
    levels: broken, used, new
    missing: used
  made:
    description: Year in which it was made
    kind: year
    minimum: 1900
  sold:
    description: Year in which it was sold
    kind: year
    minimum: 1900
    use: derived
"""
LASSO = """\
estimator:
  lasso:
    alpha: 0.001
"""


def bicycles(
    features: Any = FEATURES, rest: Any = "", *, top: Any = TOP, estimator: Any = LASSO
) -> Any:
    """Return a small configuration."""
    return parse_config(top + features + rest + estimator)


def feature(name: Any, **keys: Any) -> Any:
    """Write one feature as YAML."""
    lines = [
        f"  {name}:",
        "    description: Something",
        *(f"    {k}: {v}" for k, v in keys.items()),
    ]
    return "\n".join(lines) + "\n"


def with_feature(**keys: Any) -> Any:
    """Return the small configuration with one more feature, called `extra`."""
    return bicycles(FEATURES + feature("extra", **keys))


def some_rows(config: Any, rows: Any = 90) -> Any:
    """Return random rows and a target for a configuration."""
    random = np.random.default_rng(3)
    columns = {}
    for name, one in config.features.items():
        if one.use == "no":
            continue
        if one.is_numeric:
            column = np.round(random.uniform(max(one.bounds.low, -5.0), 2000.0, rows), 2)
            column = pd.Series(np.maximum(column, one.bounds.low))
        else:
            levels = list(one.levels or ("Aurora", "Borea", "Cirrus"))
            shares = 0.5 ** np.arange(len(levels))
            column = pd.Series(random.choice(levels, rows, p=shares / shares.sum()), dtype=object)
        if one.missing is not None:
            column[random.random(rows) < 0.1] = None
        columns[name] = column
    return pd.DataFrame(columns), pd.Series(np.exp(random.normal(5.0, 0.3, rows)))


NUMBER = {"kind": "number", "minimum": 1}
NOMINAL = {"kind": "nominal", "levels": "red, green"}
ORDINAL = {"kind": "ordinal", "levels": "low, high"}

STEPS = [  # keys of a feature, name of a step, its type, what it is set to
    (NUMBER | {"missing": 4}, "impute_constant", ArbitraryNumberImputer, "imputer_dict",
     {"gears": 1.0, "extra": 4.0}),
    (NUMBER | {"missing": "median"}, "impute_median", MeanMedianImputer, "variables", ["extra"]),
    (NUMBER | {"missing": "median"}, "impute_median", MeanMedianImputer,
     "imputation_method", "median"),
    (NUMBER | {"missing": "mean"}, "impute_mean", MeanMedianImputer, "variables", ["extra"]),
    (NUMBER | {"missing": "mean"}, "impute_mean", MeanMedianImputer, "imputation_method", "mean"),
    (ORDINAL | {"missing": "low"}, "impute_level", LevelImputer, "levels",
     {"state": "used", "extra": "low"}),
    (NOMINAL | {"missing": "most_frequent"}, "impute_most_frequent", MostFrequentImputer,
     "variables", ["brand", "extra"]),
    (NUMBER | {"missing": 4, "flag_missing": "yes"}, "flag_missing", AddMissingIndicator,
     "variables", ["extra"]),
    (NOMINAL | {"missing": "red", "flag_missing": "yes"}, "flag_missing", AddMissingIndicator,
     "missing_only", False),
    (ORDINAL, "rank_levels", OrderedLevels, "levels",
     {"state": ("broken", "used", "new"), "extra": ("low", "high")}),
    (NUMBER | {"cap": 40}, "cap", ArbitraryOutlierCapper, "max_capping_dict", {"extra": 40.0}),
    (NUMBER | {"transform": "log"}, "transform_log", LogTransformer, "variables", ["extra"]),
    (NUMBER | {"transform": "log1p"}, "transform_log1p", LogCpTransformer, "C", 1),
    (NUMBER | {"transform": "sqrt"}, "transform_sqrt", PowerTransformer, "exp", 0.5),
    (NUMBER | {"transform": "yeo_johnson"}, "transform_yeo_johnson", YeoJohnsonTransformer,
     "variables", ["extra"]),
    (NUMBER | {"transform": "binary"}, "transform_binary", SklearnTransformerWrapper,
     "variables", ["extra"]),
    (ORDINAL | {"transform": "log1p"}, "transform_log1p", LogCpTransformer,
     "variables", ["extra"]),
    (NOMINAL | {"encode": "mean"}, "encode_mean", MeanEncoder, "variables", ["extra"]),
    (NOMINAL | {"encode": "ordered"}, "encode_ordered", OrdinalEncoder, "variables",
     ["brand", "extra"]),
    (NOMINAL | {"encode": "one_hot"}, "encode_one_hot", OneHotEncoder, "variables", ["extra"]),
    (NOMINAL | {"encode": "one_hot"}, "group_rare", RareLabelEncoder, "variables",
     ["brand", "extra"]),
    (NUMBER | {"use": "derived"}, "drop", DropFeatures, "features_to_drop", ["sold", "extra"]),
    (NUMBER, "scale", StandardScaler, "with_mean", True),
]  # fmt: skip


@pytest.mark.parametrize(("keys", "name", "kind", "parameter", "value"), STEPS)
def test_a_choice_makes_its_step(
    keys: Any, name: str, kind: Any, parameter: Any, value: Any
) -> None:
    """Every key of a feature reaches the step that does it, with its columns in order."""
    step = build_pipeline(with_feature(**keys)).named_steps[name]

    assert kind is type(step)
    assert value == step.get_params()[parameter]


@pytest.mark.parametrize(("keys", "name"), list({s[1]: s[:2] for s in STEPS}.values()))
def test_a_choice_can_be_fitted(keys: Any, name: str) -> None:
    """The step does its work among the others, and the prices are numbers."""
    config = with_feature(**keys)
    frame, target = some_rows(config)

    fitted = build_pipeline(config).fit(frame, target)

    assert np.isfinite(fitted.predict(frame)).all()


@pytest.mark.parametrize(
    ("keys", "name"),
    [
        (NUMBER, "impute_median"),
        (NUMBER, "flag_missing"),
        (NUMBER, "cap"),
        (NUMBER, "transform_log"),
        (NUMBER, "derive"),
        (NUMBER, "indicators"),
        (NOMINAL, "encode_one_hot"),
        (NUMBER | {"use": "no", "cap": 40}, "cap"),
        (NUMBER | {"use": "no", "missing": "median", "flag_missing": "yes"}, "impute_median"),
        (NUMBER | {"use": "no", "missing": "median", "flag_missing": "yes"}, "flag_missing"),
        (NUMBER | {"use": "no", "transform": "log"}, "transform_log"),
        (NOMINAL | {"use": "derived"}, "encode_mean"),
    ],
)
def test_what_nobody_chose_makes_no_step(keys: Any, name: str) -> None:
    """A step without columns is left out; a feature with use: no has none at all."""
    assert name not in build_pipeline(with_feature(**keys)).named_steps


def test_a_number_may_be_filled_with_the_most_frequent_one() -> None:
    """The column stays one of numbers, which later steps can calculate with."""
    config = with_feature(kind="number", minimum=0, missing="most_frequent", transform="log1p")
    frame, target = some_rows(config)
    frame["extra"] = [3.0] * 50 + [np.nan] * 10 + [float(i) for i in range(4, 34)]

    pipeline = build_pipeline(config).fit(frame, target)

    filled = frame.assign(extra=frame["extra"].fillna(3.0))
    np.testing.assert_array_equal(pipeline.predict(filled), pipeline.predict(frame))


def test_two_levels_that_are_most_frequent_do_not_stop_training() -> None:
    """One of them stands in, the same one each time."""
    config = with_feature(**NOMINAL, missing="most_frequent")
    frame, target = some_rows(config)
    frame["extra"] = pd.Series(["red", "green"] * 45, dtype=object)

    first, second = (build_pipeline(config).fit(frame, target) for _ in range(2))

    frame["extra"] = pd.Series([None] * 90, dtype=object)
    np.testing.assert_array_equal(first.predict(frame), second.predict(frame))


def test_a_nominal_with_one_level_does_not_stop_training() -> None:
    """In a fold of a small table a column may not vary."""
    config = with_feature(**NOMINAL)
    frame, target = some_rows(config)
    frame["extra"] = pd.Series(["red"] * 90, dtype=object)

    assert np.isfinite(build_pipeline(config).fit(frame, target).predict(frame)).all()


@pytest.mark.parametrize("level", ["mean", "median", "constant", "unseen", "a__b"])
def test_a_level_may_be_called_anything(level: Any) -> None:
    """What fills a level is not mistaken for a statistic, nor for the name of another step."""
    config = bicycles(
        FEATURES
        + feature("size", kind="number", missing="mean")
        + feature("wheel", kind="number", missing="median")
        + feature("extra", kind="nominal", levels=f"{level}, other", missing=level)
    )
    frame, target = some_rows(config)

    assert np.isfinite(build_pipeline(config).fit(frame, target).predict(frame)).all()


DERIVED = """\
derived:
  load:
    product: per_year, gears
  per_year:
    ratio: weight, age
  age:
    elapsed: sold, made
    use: derived
  total:
    sum: weight, gears * 0.5, state
    transform: log
  is_known:
    equals: brand, Aurora, Borea
  has_many:
    above: gears, 7
  is_new:
    above: state, 1
"""


def test_each_verb_makes_its_formula_or_indicator() -> None:
    """Formulas stand in an order in which each finds its inputs made."""
    steps = build_pipeline(bicycles(rest=DERIVED)).named_steps

    assert {
        "is_known": Condition("brand", levels=("Aurora", "Borea")),
        "has_many": Condition("gears", threshold=7.0),
        "is_new": Condition("state", threshold=1.0),
    } == steps["indicators"].tests
    assert (Indicators, DerivedFeatures) == (type(steps["indicators"]), type(steps["derive"]))
    assert [
        ("age", Formula("elapsed", ("sold", "made"))),
        ("per_year", Formula("ratio", ("weight", "age"))),
        ("load", Formula("product", ("per_year", "gears"))),
        ("total", Formula("sum", ("weight", "gears", "state"), (1.0, 0.5, 1.0))),
    ] == list(steps["derive"].formulas.items())
    assert ["total"] == steps["transform_log"].variables
    assert ["sold", "age"] == steps["drop"].features_to_drop


def test_what_the_estimator_sees_is_what_the_configuration_says() -> None:
    """Features and derived ones with use: yes, and a flag; every value from one row is right."""
    weighed = FEATURES.replace("missing: 1", "missing: 1\n    flag_missing: yes\n    cap: 12")
    config = bicycles(weighed, DERIVED)
    frame, target = some_rows(config)
    row = {"weight": 8.0, "gears": 24.0, "brand": "Borea", "state": "new"}
    frame.loc[0] = row | {"made": 2010.0, "sold": 2014.0}
    pipeline = build_pipeline(config).fit(frame, target)

    seen = pipeline[:-2].transform(frame.iloc[:1]).iloc[0]

    expected = {
        "weight": 8.0,
        "gears": 12.0,  # capped
        "state": 2.0,
        "made": 2010.0,
        "gears_na": 0.0,
        "is_known": 1.0,
        "has_many": 1.0,
        "is_new": 1.0,
        "per_year": 2.0,
        "load": 24.0,
        "total": np.log(8.0 + 6.0 + 2.0),
    }
    assert {*expected, "brand"} == {*seen.index}
    assert expected == pytest.approx(seen.drop("brand").to_dict())


@pytest.mark.parametrize("encode", ["mean", "ordered"])
def test_an_encoded_level_can_be_calculated_with(encode: Any) -> None:
    """A formula takes what the nominal is encoded to, even if only the formula uses it."""
    derived = "derived:\n  priced:\n    product: brand, weight\n"
    features = FEATURES.replace("kind: nominal", f"kind: nominal\n    encode: {encode}")
    features = features.replace("most_frequent", "most_frequent\n    use: derived")
    config = bicycles(features, derived)
    frame, target = some_rows(config)

    pipeline = build_pipeline(config).fit(frame, target)

    assert ["brand", "sold"] == pipeline.named_steps["drop"].features_to_drop
    assert "priced" in pipeline[-2].feature_names_in_


def test_a_default_encoding_is_for_features_that_say_nothing() -> None:
    """The section encoding is the default, with its share and its smoothing."""
    encoding = "encoding:\n  nominal: mean\n  rare_share: 0.125\n  smoothing: 4\n"
    features = FEATURES + feature("extra", **NOMINAL, encode="one_hot")

    steps = build_pipeline(bicycles(features, encoding)).named_steps

    assert ["brand"] == steps["encode_mean"].variables
    assert 4.0 == steps["encode_mean"].smoothing
    assert ["extra"] == steps["encode_one_hot"].variables
    assert 0.125 == steps["group_rare"].tol
    assert "encode_ordered" not in steps


def test_levels_encoded_one_hot_by_default_leave_no_text_behind() -> None:
    """A nominal that serves indicators only, and one that the estimator sees."""
    derived = "derived:\n  is_red:\n    equals: extra, red\n"
    encoding = "encoding:\n  nominal: one_hot\n"
    features = FEATURES + feature("extra", **NOMINAL, use="derived")
    config = bicycles(features, derived + encoding)
    frame, target = some_rows(config)

    seen = build_pipeline(config).fit(frame, target)[-2].feature_names_in_

    assert {"brand_Aurora", "brand_Borea", "brand_Cirrus", "is_red"} == {
        name for name in seen if name.startswith(("brand", "extra", "is_"))
    }


MEMBERS = [
    ("lasso:\n    alpha: 0.5", Lasso, {"alpha": 0.5}),
    ("ridge:\n    alpha: 7", Ridge, {"alpha": 7.0}),
    (
        "elastic_net:\n    alpha: 0.5\n    l1_ratio: 0.25\n    weight: 3",
        ElasticNet,
        {"alpha": 0.5, "l1_ratio": 0.25},
    ),
]


@pytest.mark.parametrize(("text", "kind", "parameters"), MEMBERS)
def test_one_member_is_the_estimator(text: Any, kind: Any, parameters: Any) -> None:
    """A single member stands alone; its weight says nothing."""
    config = bicycles(estimator=f"estimator:\n  {text}\n")

    regressor = build_pipeline(config)[-1].regressor

    assert kind is type(regressor)
    assert parameters == {name: regressor.get_params()[name] for name in parameters}


def test_several_members_vote_by_weight() -> None:
    """They stand in the order of the file, a weight of 1 where none is given."""
    members = "".join(f"  {text}\n" for text, _, _ in MEMBERS)
    config = bicycles(estimator="estimator:\n" + members)

    regressor = build_pipeline(config)[-1].regressor

    assert isinstance(regressor, VotingRegressor)
    assert [kind for _, kind, _ in MEMBERS] == [type(member) for _, member in regressor.estimators]
    assert [1.0, 1.0, 3.0] == regressor.weights


def test_members_average_on_the_scale_that_they_learn() -> None:
    """The price is the exponential of the weighted mean of logarithms."""
    members = "".join(f"  {text}\n" for text, _, _ in MEMBERS)
    together = bicycles(estimator="estimator:\n" + members)
    frame, target = some_rows(together)
    alone = [
        build_pipeline(bicycles(estimator=f"estimator:\n  {text}\n")).fit(frame, target)
        for text, _, _ in MEMBERS
    ]

    expected = np.exp(
        np.average([np.log(one.predict(frame)) for one in alone], axis=0, weights=[1, 1, 3])
    )

    actual = build_pipeline(together).fit(frame, target).predict(frame)
    np.testing.assert_allclose(actual, expected, rtol=1e-12)


@pytest.mark.parametrize(
    ("top", "functions"),
    [(TOP, (np.log, np.exp)), (TOP.replace("  transform: log\n", ""), (np.positive,) * 2)],
    ids=["log", "none"],
)
def test_the_logarithm_of_the_target_belongs_to_the_configuration(top: Any, functions: Any) -> None:
    """It is taken and undone inside the pipeline, which predicts prices."""
    config = bicycles(top=top)
    frame, target = some_rows(config)

    pipeline = build_pipeline(config).fit(frame, target)

    estimator = pipeline[-1]
    assert functions == (estimator.func, estimator.inverse_func.function)
    assert functions[0](target).mean() == pytest.approx(float(estimator.regressor_.intercept_))
    assert target.mean() == pytest.approx(pipeline.predict(frame).mean(), rel=0.1)


def test_the_shipped_pipeline_is_made_of_known_steps() -> None:
    """Every step comes from feature-engine, scikit-learn or this package."""
    modules = {type(step).__module__.split(".")[0] for _, step in build_pipeline(packaged).steps}

    assert modules <= {"feature_engine", "sklearn", "regression_model"}
    wrapped = [s for s in build_pipeline(packaged) if isinstance(s, SklearnTransformerWrapper)]
    assert all(isinstance(step.transformer, Binarizer) for step in wrapped)


@pytest.mark.parametrize("config", [packaged, bicycles(rest=DERIVED)], ids=["shipped", "small"])
def test_a_pipeline_comes_unfitted_and_can_be_cloned(config: Any) -> None:
    """Building learns nothing, and twice gives equal pipelines."""
    pipeline = build_pipeline(config)

    for step in pipeline:
        with pytest.raises(NotFittedError):
            check_is_fitted(step)
    assert repr(pipeline) == repr(clone(pipeline)) == repr(build_pipeline(config))


def test_a_model_of_texts_alone_and_one_of_numbers_alone() -> None:
    """No kind of feature needs another kind beside it."""
    for features in (
        "features:\n" + feature("extra", **NOMINAL),
        "features:\n" + feature("extra", **ORDINAL),
        "features:\n" + feature("extra", **NUMBER),
    ):
        config = bicycles(features)
        frame, target = some_rows(config)
        assert np.isfinite(build_pipeline(config).fit(frame, target).predict(frame)).all()
