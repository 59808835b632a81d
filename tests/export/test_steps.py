"""Each type of step and of estimator, alone: the graph gives what scikit-learn gives.

Each case is a small pipeline around one step, fitted once; hypothesis then writes the rows.
"""

import functools
import math
from collections import Counter
from typing import Any

import numpy as np
import onnx
import onnxruntime
import pandas as pd
import pytest
from feature_engine.discretisation import EqualWidthDiscretiser
from feature_engine.encoding import MeanEncoder, OneHotEncoder, OrdinalEncoder, RareLabelEncoder
from feature_engine.imputation import (
    AddMissingIndicator,
    ArbitraryNumberImputer,
    CategoricalImputer,
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
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.compose import ColumnTransformer, TransformedTargetRegressor
from sklearn.ensemble import GradientBoostingRegressor, VotingRegressor
from sklearn.kernel_approximation import Nystroem
from sklearn.linear_model import BayesianRidge, ElasticNet, Lasso, LinearRegression, Ridge
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import Binarizer, MinMaxScaler, StandardScaler
from sklearn.svm import SVR, LinearSVR

from regression_model.config.features import PARTS
from regression_model.errors import ExportError
from regression_model.runtime.contract import Contract, Field
from regression_model.runtime.model_file.operators import (
    IR_VERSIONS,
    OPERATORS,
    OPSETS,
    check_graph,
)
from regression_model.training.export import export_pipeline
from regression_model.training.export.estimators import export_estimator
from regression_model.training.export.graph import Graph
from regression_model.training.export.proof import graph_inputs
from regression_model.training.export.scaled import ScaledColumns
from regression_model.training.export.steps import export_step
from regression_model.training.intervals import ConformalInterval, scale_of
from regression_model.training.steps.features import (
    Condition,
    DateParts,
    DerivedFeatures,
    Formula,
    Indicators,
    MostFrequentImputer,
    OrderedLevels,
    TargetMeans,
)
from regression_model.training.steps.native import (
    ConvertedMember,
    MadeColumns,
    NativeMember,
    RawColumns,
    StandardMember,
)
from regression_model.training.steps.quadratic import QuadraticForm, QuadraticSVR, RangeClipper

COLOURS = ("red", "green", "blue", "violet", "white")  # ever rarer
GRADES = ("Po", "TA", "Gd", "Ex")
YEAR_1, YEAR_10000 = -62_135_596_800.0, 253_402_300_799.0  # the ends, in seconds since 1970
FIELDS = {
    field.name: field
    for field in (
        Field("balance", "number", minimum=-1000.0, maximum=1000.0),
        Field("area", "number", required=True, minimum=0.5, maximum=5000.0),
        Field("width", "number", required=True, minimum=0.0, maximum=40.0),
        Field("built", "year", required=True, minimum=1900.0, maximum=2030.0),
        Field("sold", "year", required=True, minimum=1900.0, maximum=2030.0),
        Field("colour", "nominal", required=True, levels=COLOURS, training_levels=COLOURS),
        Field("place", "nominal", levels=("10", "20", "30"), training_levels=("10", "20")),
        Field("grade", "ordinal", levels=GRADES),
        Field("doors", "ordinal", required=True, levels=("2", "3.5", "12")),
        Field("pool", "boolean", levels=("no", "yes")),
        Field("listed", "date", required=True, minimum=YEAR_1, maximum=YEAR_10000 - 86_400),
        Field("seen", "timestamp", minimum=YEAR_1, maximum=YEAR_10000),
        Field("paid", "timestamp", required=True, minimum=1.2e9, maximum=1.3e9),
    )
}
OF_DATES = [part for part in PARTS if part not in ("hour", "minute", "hour_cycle")]
ONE_WIDTH = ConformalInterval(0.9, 0.25)
OTHER_WIDTHS = ConformalInterval(0.9, 1.5, np.array([0.7, -0.4]), -1.0, -1.5, 0.1)
UNSEEN = ("black", "Rare", "RED", "red ", "\u00e9t\u00e9", "nan")


def small_contract(names: Any) -> Any:
    """Return the contract of a few of the fields."""
    return Contract(tuple(FIELDS[name] for name in names), "price", ("NA",))


def training_rows(contract: Any, rows: Any = 240) -> Any:
    """Return random rows within the contract, every level among them, and a positive target."""
    random = np.random.default_rng(7)
    columns = {}
    for field in contract.fields:
        if field.is_number:
            column = random.uniform(field.minimum, field.maximum, rows)
            column[:3] = field.minimum, field.maximum, max(field.minimum, 0.0)
            missing = np.nan
        else:
            levels = np.array(field.coded_levels, dtype=object)
            shares = 0.4 ** np.arange(len(levels))
            column = random.choice(levels, rows, p=shares / shares.sum())
            column[: len(levels)] = levels
            missing = None
        if not field.required:
            column[random.random(rows) < 0.1] = missing
        columns[field.name] = pd.Series(column, dtype=float if field.is_number else object)
    target = np.exp(random.normal(1.0, 0.5, rows))
    return pd.DataFrame(columns), pd.Series(target)


def value_of(field: Any) -> Any:
    """Generate what one cell may hold: bounds, zero, anything between, unseen levels, missing."""
    if field.is_number:
        special = {field.minimum, field.maximum, max(field.minimum, 0.0), 1.0, 0.0, -0.0}
        within = [v for v in special if field.minimum <= v <= field.maximum]
        between = st.floats(field.minimum, field.maximum).map(lambda value: round(value, 6))
        values = st.sampled_from(within) | between  # no 1e-300, by which nothing can be divided
    else:
        unseen = UNSEEN if field.kind == "nominal" else ()
        values = st.sampled_from((*field.coded_levels, *unseen))
    return values if field.required else values | st.none()


def rows_of(contract: Any) -> Any:
    """Generate a few rows that get a price."""
    row = st.fixed_dictionaries({field.name: value_of(field) for field in contract.fields})
    return st.lists(row, min_size=1, max_size=12)


def frame_of(contract: Any, rows: Any) -> Any:
    """Return rows as the frame that a pipeline takes."""
    return pd.DataFrame(
        {
            field.name: pd.Series(
                [row[field.name] for row in rows], dtype=float if field.is_number else object
            )
            for field in contract.fields
        }
    )


def inputs_of(contract: Any, rows: Any) -> Any:
    """Return rows as the graph takes them: with levels as texts, and with levels as codes."""
    numbers = np.array(
        [[math.nan if (v := row[f.name]) is None else v for f in contract.numbers] for row in rows],
        dtype=float,
    ).reshape(len(rows), len(contract.numbers))
    levels = np.array(
        [[row[f.name] or "" for f in contract.categories] for row in rows], dtype=object
    ).reshape(len(rows), len(contract.categories))
    codes = np.empty(levels.shape, dtype=np.int64)
    for j, (field, offset) in enumerate(zip(contract.categories, contract.offsets, strict=True)):
        known = {level: i for i, level in enumerate((*field.coded_levels, ""))}
        codes[:, j] = [offset + known.get(level, len(known)) for level in levels[:, j]]
    by_text = {"numbers": numbers, "levels": levels}
    return by_text, {"numbers": numbers, "levels": levels[:0], "codes": codes}


def session_of(content: Any) -> Any:
    """Open the bytes of a graph."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 3
    return onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"])


def log_of(regressor: Any) -> Any:
    """Return a regressor of the logarithm of the target."""
    return TransformedTargetRegressor(regressor, func=np.log, inverse_func=np.exp)


def centred(regressor: Any) -> Any:
    """Return a regressor of the target's distance from its mean."""
    return TransformedTargetRegressor(regressor, transformer=StandardScaler(with_std=False))


def filled(*numbers: Any) -> Any:
    """Return a step that leaves nothing missing in the named columns of numbers."""
    return ArbitraryNumberImputer(imputer_dict=dict.fromkeys(numbers, -1.5))


class FixedYeoJohnson(YeoJohnsonTransformer):
    """Yeo-Johnson with lambdas that are given, where fitting would never find exactly these."""

    def __init__(self, lambdas: Any = None, variables: Any = None) -> None:
        super().__init__(variables=variables)
        self.lambdas = lambdas

    def fit(self, X: Any, y: Any = None) -> Any:
        super().fit(X)
        self.lambda_dict_ = dict(self.lambdas)
        return self


NUMBERS = ("balance", "area", "width")
ENCODED = ("colour", "place")
FREQUENT = functools.partial(
    MostFrequentImputer, "frequent", variables=["place"], return_object=True, ignore_format=True
)
RARE = functools.partial(
    RareLabelEncoder, tol=0.05, n_categories=0, variables=list(ENCODED), ignore_format=True
)

# name: the fields, the steps before the scaler, the regressor of the logarithm
STEPS = {
    "flag of a number": (
        NUMBERS,
        lambda: [AddMissingIndicator(missing_only=False, variables=["balance"]), filled("balance")],
    ),
    "flags of levels and numbers together": (
        ("grade", "balance", "place"),
        lambda: [
            AddMissingIndicator(missing_only=False, variables=["place", "balance", "grade"]),
            filled("balance"),
            DropFeatures(["place", "grade"]),
        ],
    ),
    "ranks of booleans, and levels that are numbers": (
        ("doors", "pool", "area"),
        lambda: [
            MostFrequentImputer(
                "frequent", variables=["pool"], return_object=True, ignore_format=True
            ),
            OrderedLevels({"doors": ("2", "3.5", "12"), "pool": ("no", "yes")}, ["doors"]),
        ],
    ),
    "parts of times": (
        ("listed", "area", "seen", "paid"),
        lambda: [
            MeanMedianImputer("median", variables=["seen"]),
            DateParts({"listed": OF_DATES, "seen": [*PARTS], "paid": ["hour"]}, ["listed"]),
        ],
    ),
    "a part of one time": (("paid",), lambda: [DateParts({"paid": ["weekday_cycle"]})]),
    "years and days that elapse": (
        ("listed", "paid"),
        lambda: [
            DateParts({"listed": ["year", "elapsed_days"], "paid": ["elapsed_days"]}, ["listed"]),
            DerivedFeatures({"first": Formula("ratio", ("paid_elapsed_days", "listed_year"))}),
        ],
    ),
    "constants": (("area", "balance"), lambda: [ArbitraryNumberImputer(42, variables=["balance"])]),
    "median": (NUMBERS, lambda: [MeanMedianImputer("median", variables=["balance"])]),
    "mean": (NUMBERS, lambda: [MeanMedianImputer("mean", variables=["balance"])]),
    "only the first of two fills counts": (
        NUMBERS,
        lambda: [filled("balance"), MeanMedianImputer("median", variables=["balance"])],
    ),
    "a fill after a flag after a fill": (
        ("balance", "width"),
        lambda: [
            filled("balance"),
            AddMissingIndicator(missing_only=False, variables=["balance"]),
            MeanMedianImputer("median", variables=["balance", "width"]),
        ],
    ),
    "a level that is given": (
        ("width", "grade"),
        lambda: [
            CategoricalImputer("missing", "Gd", variables=["grade"], return_object=True),
            OrderedLevels({"grade": GRADES}),
        ],
    ),
    "the most frequent level": (
        ("place", "width"),
        lambda: [FREQUENT(), MeanEncoder(variables=["place"], unseen="encode")],
    ),
    "the smoothed mean target": (
        ("place", "colour", "width"),
        lambda: [FREQUENT(), TargetMeans(("place", "colour"))],
    ),
    "ranks, and the median rank for none": (
        ("grade", "area"),
        lambda: [
            OrderedLevels({"grade": GRADES}),
            MeanMedianImputer("median", variables=["grade"]),
        ],
    ),
    "indicators of levels, ranks and numbers": (
        ("width", "grade", "colour"),
        lambda: [
            CategoricalImputer("missing", "TA", variables=["grade"], return_object=True),
            OrderedLevels({"grade": GRADES}),
            Indicators(
                {
                    "is_wide": Condition("width", threshold=20.0),
                    "is_red": Condition("colour", levels=("red", "violet")),
                    "is_good": Condition("grade", threshold=1.0),
                    "is_not_narrow": Condition("width", threshold=0.0),
                }
            ),
            DropFeatures(["colour"]),
        ],
    ),
    "rare levels by mean": (
        (*ENCODED, "width"),
        lambda: [
            FREQUENT(),
            RARE(),
            MeanEncoder(variables=list(ENCODED), smoothing=10, unseen="encode"),
        ],
    ),
    "rare levels by order": (
        ("width", *ENCODED),
        lambda: [
            FREQUENT(),
            RARE(),
            OrdinalEncoder("ordered", variables=list(ENCODED), unseen="ignore"),
            MeanMedianImputer("median", variables=list(ENCODED)),
        ],
    ),
    "rare levels by order, unseen ones below all": (
        ("width", *ENCODED),
        lambda: [
            FREQUENT(),
            RARE(),
            OrdinalEncoder("ordered", variables=list(ENCODED), unseen="encode"),
        ],
    ),
    "rare levels one-hot": (
        (*ENCODED, "width"),
        lambda: [FREQUENT(), RARE(), OneHotEncoder(variables=list(ENCODED))],
    ),
    "levels one-hot, none of them rare": (
        ("colour", "width"),
        lambda: [OneHotEncoder(variables=["colour"], drop_last=True)],
    ),
    "levels by mean, none of them rare": (
        ("colour", "width"),
        lambda: [MeanEncoder(variables=["colour"], unseen="encode")],
    ),
    "caps on both sides": (
        NUMBERS,
        lambda: [
            filled("balance"),
            ArbitraryOutlierCapper(
                max_capping_dict={"balance": 100.0, "width": 7.5},
                min_capping_dict={"area": 10.0, "balance": -1.0},
            ),
        ],
    ),
    "a cap on ranks": (
        ("area", "grade"),
        lambda: [
            CategoricalImputer("missing", "Ex", variables=["grade"], return_object=True),
            OrderedLevels({"grade": GRADES}),
            ArbitraryOutlierCapper(max_capping_dict={"grade": 2.0}),
        ],
    ),
    "log": (("width", "area"), lambda: [LogTransformer(variables=["area"])]),
    "log of base 10": (("width", "area"), lambda: [LogTransformer(variables=["area"], base="10")]),
    "log1p": (("width", "area"), lambda: [LogCpTransformer(variables=["width"], C=1)]),
    "log of each with its own constant": (
        ("width", "area"),
        lambda: [LogCpTransformer(C={"width": 0.25, "area": 3}, base="10")],
    ),
    "square root": (
        ("width", "area"),
        lambda: [PowerTransformer(variables=["width", "area"], exp=0.5)],
    ),
    "cube": (("width", "area"), lambda: [PowerTransformer(variables=["width"], exp=3)]),
    "yeo-johnson as fitted": (
        NUMBERS,
        lambda: [filled("balance"), YeoJohnsonTransformer(variables=["balance", "width"])],
    ),
    "yeo-johnson with lambdas 0 and 2": (
        NUMBERS,
        lambda: [
            filled("balance"),
            SklearnTransformerWrapper(Binarizer(), variables=["area"]),
            FixedYeoJohnson({"balance": 0.0, "width": 2.0}, variables=["balance", "width"]),
        ],
    ),
    "yeo-johnson with lambdas 2 and 0": (
        NUMBERS,
        lambda: [
            filled("balance"),
            FixedYeoJohnson({"balance": 2.0, "width": 0.0}, variables=["balance", "width"]),
        ],
    ),
    "yeo-johnson with lambdas below 0 and above 2": (
        NUMBERS,
        lambda: [
            filled("balance"),
            FixedYeoJohnson({"balance": 2.5, "width": -0.5}, variables=["balance", "width"]),
        ],
    ),
    "binary": (
        NUMBERS,
        lambda: [
            filled("balance"),
            SklearnTransformerWrapper(Binarizer(), variables=["balance", "width"]),
            SklearnTransformerWrapper(Binarizer(threshold=800.0), variables=["area"]),
        ],
    ),
    "dropped columns": (
        ("area", "colour", "width", "grade"),
        lambda: [DropFeatures(["grade", "colour", "area"])],
    ),
    "derived of derived": (
        ("sold", "built", "area", "grade", "width"),
        lambda: [
            CategoricalImputer("missing", "TA", variables=["grade"], return_object=True),
            OrderedLevels({"grade": GRADES}),
            DerivedFeatures(
                {
                    "age": Formula("elapsed", ("sold", "built")),
                    "outer": Formula("sum", ("area", "width"), (1.0, -0.5)),
                    "twice": Formula("sum", ("width", "width"), (1.0, 2.0)),
                    "graded": Formula("product", ("grade", "area")),
                    "per_width": Formula("ratio", ("area", "width")),
                    "per_grade": Formula("ratio", ("outer", "grade")),
                    "cubed": Formula("product", ("width", "width", "width")),
                    "aged": Formula("product", ("age", "graded", "twice")),
                }
            ),
            # A ratio to a number near 0 is beyond every training row, and so is its price.
            ArbitraryOutlierCapper(max_capping_dict={"per_width": 1e5}),
        ],
    ),
    "one column alone": (("balance",), lambda: [filled("balance")]),
    "nothing but the scaler": (("width", "area", "built"), lambda: []),
    "a column that never changes": (
        ("width", "area"),
        lambda: [DerivedFeatures({"nought": Formula("sum", ("area",), (0.0,))})],
    ),
}
REGRESSORS = {
    "lasso": lambda: Lasso(alpha=0.01),
    "lasso that keeps nothing": lambda: Lasso(alpha=100.0),
    "elastic net": lambda: ElasticNet(alpha=0.01, l1_ratio=0.3),
    "ridge": lambda: Ridge(alpha=2.0),
    "least squares": lambda: LinearRegression(),
    "no intercept": lambda: Ridge(fit_intercept=False),
    "several with weights": lambda: VotingRegressor(
        [("lasso", Lasso(alpha=0.01)), ("ridge", Ridge()), ("line", LinearRegression())],
        weights=[1.0, 2.5, 0.25],
    ),
    "several without": lambda: VotingRegressor([("lasso", Lasso(0.1)), ("ridge", Ridge(50.0))]),
    "centred": lambda: centred(SVR(gamma=0.3)),
    "several, straight and not": lambda: VotingRegressor(
        [
            ("line", centred(LinearSVR(random_state=0))),
            ("ridge", Ridge()),
            ("curve", SVR(gamma=0.5)),
        ],
        weights=[1.0, 0.5, 3.0],
    ),
    "linear support vectors": lambda: LinearSVR(random_state=0, max_iter=100_000),
    "support vectors": lambda: SVR(C=10.0, gamma=0.3),
    "quadratic": lambda: QuadraticSVR(C=10.0, gamma=0.2),
    "several, straight and quadratic": lambda: VotingRegressor(
        [
            ("lasso", Lasso(0.01)),
            ("line", centred(LinearSVR(random_state=0))),
            ("form", QuadraticSVR(gamma=0.1)),
            ("other form", centred(QuadraticSVR(C=3.0, gamma=0.3, coef0=0.5))),
        ],
        weights=[1.0, 0.5, 3.0, 2.0],
    ),
    "quadratic beside a curve and trees": lambda: VotingRegressor(
        [
            ("form", QuadraticSVR(gamma=0.1)),
            ("curve", SVR(gamma=0.5)),
            ("trees", GradientBoostingRegressor(n_estimators=20, random_state=0)),
        ]
    ),
    "landmarks": lambda: make_pipeline(
        Nystroem(gamma=0.2, n_components=20, random_state=0), Ridge()
    ),
    "trees of the absolute error": lambda: GradientBoostingRegressor(
        loss="absolute_error", n_estimators=20, random_state=0
    ),
    "trees of a quantile": lambda: GradientBoostingRegressor(
        loss="quantile", alpha=0.8, n_estimators=20, random_state=0
    ),
    "trees": lambda: GradientBoostingRegressor(n_estimators=40, max_depth=3, random_state=0),
}


def fitted_and_exported(
    names: Any, steps: Any, estimator: Any, interval: Any = ONE_WIDTH, clipping: Any = ()
) -> Any:
    """Fit a small pipeline and return it with its contract and the session of its graph."""
    contract = small_contract(names)
    frame, target = training_rows(contract)
    pipeline = make_pipeline(*steps, StandardScaler(), *clipping, estimator).fit(frame, target)
    content = export_pipeline(pipeline, contract, interval=interval)
    session = session_of(content)
    session.content = content
    return pipeline, contract, session


@functools.cache
def step_case(name: Any) -> Any:
    """Fit and export the pipeline around one step, once."""
    names, steps = STEPS[name]
    return fitted_and_exported(names, steps(), log_of(Ridge()))


@functools.cache
def regressor_case(name: Any, clipping: Any = ()) -> Any:
    """Fit and export the pipeline around one regressor, once."""
    steps, regressor = [filled("balance")], log_of(REGRESSORS[name]())
    return fitted_and_exported(NUMBERS, steps, regressor, clipping=[one() for one in clipping])


def assert_equal_prices(case: Any, rows: Any) -> None:
    """Compare the pipeline with the graph, entered both ways, on rows of the contract."""
    pipeline, contract, session = case
    expected = pipeline.predict(frame_of(contract, rows))
    assert np.isfinite(expected).all()
    for feed in inputs_of(contract, rows):
        (actual,) = session.run(["prediction"], feed)
        np.testing.assert_allclose(actual, expected, rtol=1e-11, atol=0)


few_frames_each = settings(max_examples=15, deadline=None)  # the first example fits the pipeline


@pytest.mark.parametrize("name", STEPS)
@few_frames_each
@given(data=st.data())
def test_a_step_gives_the_same_prices_as_a_graph(name: str, data: Any) -> None:
    """Whatever a row holds that the contract allows, to 11 digits, by texts and by codes."""
    case = step_case(name)
    assert_equal_prices(case, data.draw(rows_of(case[1])))


def test_every_day_has_the_same_parts_in_a_graph() -> None:
    """The days of two cycles of the calendar, each at another time of the day."""
    pipeline, contract, session = step_case("parts of times")
    days = np.arange(-2 * 146_097 + 40_000, 40_000) * 86_400.0
    seconds = days + np.random.default_rng(3).integers(0, 86_400_000, len(days)) / 1e3
    frame = pd.DataFrame({"listed": days, "area": 10.0, "seen": seconds, "paid": seconds})

    inputs = frame[[field.name for field in contract.numbers]].to_numpy()
    feed = {"numbers": inputs, "levels": np.empty((len(frame), 0), dtype=object)}
    (actual,) = session.run(["prediction"], feed)

    np.testing.assert_allclose(actual, pipeline.predict(frame), rtol=1e-11, atol=0)


@pytest.mark.parametrize("name", REGRESSORS)
@few_frames_each
@given(data=st.data())
def test_a_regressor_gives_the_same_prices_as_a_graph(name: str, data: Any) -> None:
    """One member or several, weighted or not."""
    case = regressor_case(name)
    assert_equal_prices(case, data.draw(rows_of(case[1])))


@pytest.mark.parametrize("name", ["ridge", "several, straight and quadratic", "support vectors"])
@few_frames_each
@given(data=st.data())
def test_a_clipped_regressor_gives_the_same_prices_far_beyond_its_rows(
    name: str, data: Any
) -> None:
    """A column counts at most as in any training row, in either half."""
    case = regressor_case(name, (RangeClipper,))
    far = st.sampled_from([-1e150, -1e6, 1e6, 1e150])
    numbers = st.fixed_dictionaries({one: far | st.floats(1.0, 40.0) for one in NUMBERS})

    assert_equal_prices(case, data.draw(st.lists(numbers, min_size=1, max_size=8)))


def test_linear_and_quadratic_members_are_one_form_in_the_graph() -> None:
    """However many they are: the curvature, the slope and the constant of one form."""
    _, _, session = regressor_case("several, straight and quadratic", (RangeClipper,))
    alone, _, other = regressor_case("quadratic", (RangeClipper,))

    def operators(opened: Any) -> Any:
        nodes = onnx.load_from_string(opened.content).graph.node
        return Counter(node.op_type for node in nodes)

    assert operators(other) == operators(session)
    assert 1 == operators(session)["Gemm"]


def test_an_svr_of_another_kernel_is_refused_with_those_that_have_an_export() -> None:
    """A cubic kernel is no quadratic form."""
    with pytest.raises(ExportError, match="'poly' and degree 3 .* QuadraticSVR"):
        fitted_and_exported(("width", "area"), [], log_of(SVR(kernel="poly", degree=3)))


def test_coefficients_that_overflow_are_refused() -> None:
    """Where the scaled columns have a form, and the raw ones have none."""
    columns = ScaledColumns(
        Graph(), "x", np.arange(1), np.array([1e200]), np.array([1e-200]), None, None
    )

    with pytest.raises(ExportError, match="overflow: lower gamma"):
        columns.value_of(QuadraticForm(np.array([1.0]), 0.0, np.array([[1.0]])))


def test_every_type_that_has_an_export_is_compared() -> None:
    """A new export comes with a case here."""
    clipped = regressor_case("ridge", (RangeClipper,))[0]
    pipelines = [*(step_case(name)[0] for name in STEPS), clipped]
    regressors = [regressor_case(name)[0][-1].regressor_ for name in REGRESSORS]
    votes = [one for one in regressors if isinstance(one, VotingRegressor)]
    members = [*regressors, *(member for vote in votes for member in vote.estimators_)]

    compared = {type(step) for pipeline in pipelines for step in pipeline[:-1]}
    compared -= {FixedYeoJohnson, MostFrequentImputer}
    elsewhere = {RawColumns, MadeColumns, ColumnTransformer, NativeMember, StandardMember}
    elsewhere.add(ConvertedMember)
    assert {*export_step.registry} - {object} - elsewhere == compared
    known = {*export_estimator.registry} - {object} - elsewhere
    assert known == {type(member) for member in members}


def test_a_model_file_may_have_the_operators_that_are_written_and_no_others() -> None:
    """Export writes nothing that is refused when a file is opened, and everything that is not."""
    plain = fitted_and_exported(NUMBERS, [filled("balance")], TransformedTargetRegressor(Ridge()))
    cases = [plain, *map(step_case, STEPS), *map(regressor_case, REGRESSORS)]
    written = set()
    for _, contract, session in cases:
        check_graph(session.content, contract)
        model = onnx.load_from_string(session.content)
        written |= {(node.domain, node.op_type) for node in model.graph.node}
        assert model.ir_version in IR_VERSIONS
        assert all(opset.version in OPSETS[opset.domain] for opset in model.opset_import)
    in_earlier_files = {("", "ReduceSum"), ("", "ReduceSumSquare")}
    assert OPERATORS.keys() == written | in_earlier_files


@pytest.mark.parametrize("interval", [ONE_WIDTH, OTHER_WIDTHS], ids=["one width", "other widths"])
@pytest.mark.parametrize("function", ["log", "none"])
def test_the_interval_lies_around_the_price_on_the_scale_of_the_target(
    function: Any, interval: Any
) -> None:
    """Its half width follows from what the estimator takes, on the scale that it learns."""
    regressor = Lasso(0.01)
    estimator = (
        log_of(regressor)
        if function == "log"
        else TransformedTargetRegressor(regressor, check_inverse=False)
    )
    case = fitted_and_exported(("area", "width"), [], estimator, interval)
    pipeline, contract, session = case
    frame, _ = training_rows(contract, rows=60)
    feed, _ = inputs_of(contract, frame.to_dict("records"))

    prediction, lower, upper = session.run(["prediction", "lower", "upper"], feed)

    expected = pipeline.predict(frame)
    width = interval.half_width(pipeline[:-1].transform(frame))
    ends = [expected * np.exp(-width), expected * np.exp(width)]
    if function == "none":
        ends = [expected - width, expected + width]
    np.testing.assert_allclose([prediction, lower, upper], [expected, *ends], rtol=1e-12)


@pytest.mark.parametrize("transform", ["none", "log", "log1p"])
@pytest.mark.parametrize("minimum", [None, 0.001, 3.0, 7.7, 30_000.0])
def test_no_price_and_no_end_of_an_interval_is_below_the_minimum(
    transform: Any, minimum: Any
) -> None:
    """The graph and the pipeline stop at the same number, and agree on all three outputs."""
    scale = scale_of(transform, minimum)
    estimator = TransformedTargetRegressor(Ridge(), func=scale.to, inverse_func=scale.back)
    contract, interval = small_contract(("area", "width")), ConformalInterval(0.9, quantile=1.5)
    frame, _ = training_rows(contract, rows=60)
    target = (minimum or 1) * (1 + frame["area"] / frame["area"].max())
    pipeline = make_pipeline(StandardScaler(), estimator).fit(frame, target)
    session = session_of(export_pipeline(pipeline, contract, interval=interval))
    rows = pd.concat([frame, frame - 2 * frame["area"].max()])
    numbers, levels = graph_inputs(contract, rows)

    outputs = ["prediction", "lower", "upper"]
    prediction, lower, upper = session.run(outputs, {"numbers": numbers, "levels": levels})

    expected = pipeline.predict(rows)
    ends = scale.around(expected, interval.half_width(numbers))
    np.testing.assert_allclose([prediction, lower, upper], [expected, *ends], rtol=1e-12)
    assert (lower <= prediction).all() and (prediction < upper).all()
    if minimum is None:
        return
    assert min(prediction.min(), lower.min(), expected.min(), ends[0].min()) >= minimum
    assert (prediction < minimum * (1 + 1e-9)).any()


def test_a_missing_value_token_is_missing_in_the_graph_too() -> None:
    """The look-up of texts knows the configured tokens."""
    pipeline, contract, session = step_case("the most frequent level")
    rows = [{"width": 1.0, "place": None}] * 2
    feed, _ = inputs_of(contract, rows)
    feed["levels"] = np.array([["NA"], [""]], dtype=object)

    (actual,) = session.run(["prediction"], feed)

    np.testing.assert_allclose(actual, pipeline.predict(frame_of(contract, rows)), rtol=1e-12)


def test_no_rows_give_no_prices() -> None:
    """Both ways into the graph take zero rows."""
    _, contract, session = step_case("rare levels by mean")
    for feed in inputs_of(contract, []):
        (actual,) = session.run(["prediction"], feed)
        assert (0,) == actual.shape


def test_the_same_pipeline_gives_the_same_bytes() -> None:
    """No name in the graph comes from a counter of the process or an order of hashing."""
    pipeline, contract, _ = step_case("derived of derived")

    first, second = (export_pipeline(pipeline, contract, interval=ONE_WIDTH) for _ in range(2))

    assert first == second


UNKNOWN = {
    "step": (
        lambda: [EqualWidthDiscretiser(variables=["width"])],
        log_of(Ridge()),
        ["a step of type EqualWidthDiscretiser", "AddMissingIndicator", "YeoJohnsonTransformer"],
    ),
    "wrapped step": (
        lambda: [SklearnTransformerWrapper(MinMaxScaler(), variables=["width"])],
        log_of(Ridge()),
        ["a step of type MinMaxScaler"],
    ),
    "regressor": (
        lambda: [],
        log_of(BayesianRidge()),
        ["an estimator of type BayesianRidge", "ElasticNet", "Lasso", "Ridge"],
    ),
    "member": (
        lambda: [],
        log_of(VotingRegressor([("ridge", Ridge()), ("bayes", BayesianRidge())])),
        ["an estimator of type BayesianRidge", "VotingRegressor"],
    ),
    "target function": (
        lambda: [],
        TransformedTargetRegressor(Ridge(), func=np.sqrt, inverse_func=np.square),
        ["target", "sqrt", "logarithm"],
    ),
    "target transformer": (
        lambda: [],
        TransformedTargetRegressor(Ridge(), transformer=StandardScaler()),
        ["target", "StandardScaler", "logarithm"],
    ),
    "last step": (lambda: [], Ridge(), ["Ridge", "TransformedTargetRegressor"]),
}


@pytest.mark.parametrize("name", UNKNOWN)
def test_what_has_no_export_is_named(name: str) -> None:
    """The message says which type it is, and which are known."""
    steps, estimator, words = UNKNOWN[name]

    with pytest.raises(ExportError) as caught:
        fitted_and_exported(("width", "area"), steps(), estimator)

    assert [] == [word for word in words if word not in str(caught.value)]


@pytest.mark.parametrize(
    ("steps", "message"),
    [
        (lambda: [Indicators({"is_2": Condition("width", levels=("2",))})], "is_2 .* width"),
        (lambda: [OneHotEncoder(variables=["colour"], top_categories=2)], None),
    ],
)
def test_what_a_graph_cannot_say_is_refused_and_the_rest_is_not(steps: Any, message: Any) -> None:
    """A number has no levels; a choice of levels is no more than other levels."""
    names = ("width", "colour")
    if message is None:
        pipeline, contract, session = fitted_and_exported(names, steps(), log_of(Ridge()))
        frame, _ = training_rows(contract)
        (actual,) = session.run(["prediction"], inputs_of(contract, frame.to_dict("records"))[0])
        np.testing.assert_allclose(actual, pipeline.predict(frame), rtol=1e-11)
    else:
        with pytest.raises(ExportError, match=message):
            fitted_and_exported(names, [*steps(), DropFeatures(["colour"])], log_of(Ridge()))
