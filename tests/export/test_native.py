"""Histogram gradient boosting on columns of its own: in a pipeline, and as a graph."""

import functools
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.ensemble import HistGradientBoostingRegressor

from regression_model.config.core import parse_config
from regression_model.runtime.model_file.operators import check_graph
from regression_model.training.export import export_pipeline, graph_inputs, open_graph
from regression_model.training.held_out import cross_validations
from regression_model.training.intervals import ConformalInterval, fit_scale
from regression_model.training.pipeline import build_pipeline
from regression_model.training.rows import read_training_data
from regression_model.training.steps.native import standard_of

CONFIG = """\
name: boats
description: Second-hand boats
target:
  name: price
  description: Price paid
data:
  training: boats.csv
features:
  length:
    description: Length
    kind: number
    cap: 9.5
    missing: median
  berths:
    description: Berths
    kind: number
    missing: 0
    flag_missing: yes
    transform: yeo_johnson
  state:
    description: State it is in
    kind: ordinal
    levels: broken, used, new
    missing: used
  hull:
    description: What it is made of
    kind: nominal
    missing: most_frequent
    encode: ENCODE
  yard:
    description: Who built it
    kind: nominal
    missing: most_frequent
    encode: mean
  port:
    description: Where it lies; only for what is made from it
    kind: number
    missing: 0
    use: derived
DERIVED
evaluation:
  folds: 3
estimator:
ESTIMATOR
"""
DERIVED = """\
derived:
  size:
    sum: length * 0.3, berths
    transform: yeo_johnson
  is_steel:
    equals: hull, steel
  far:
    above: port, 3
"""
HULLS, STATES = ("steel", "wood", "plastic", "cement"), ("broken", "used", "new")
BOOSTING = "  hist_gradient_boosting:\n    max_iter: 40\n    min_samples_leaf: 5\n"
RIDGE = "  ridge:\n    alpha: 2\n"
SVR = "  quadratic_svr:\n    C: 1\n    gamma: 0.01\n    epsilon: 0.1\n"
INTERVAL = ConformalInterval(0.9, 0.25)


def boats(rows: int = 500, yards: int = 400) -> pd.DataFrame:
    """Random boats, a tenth of the values missing."""
    random = np.random.default_rng(5)
    frame = pd.DataFrame(
        {
            "length": random.normal(7, 2, rows),
            "berths": random.integers(0, 9, rows).astype(float),
            "state": random.choice(STATES, rows).astype(object),
            "hull": random.choice(HULLS, rows).astype(object),
            "yard": [f"yard {i}" for i in random.integers(0, yards, rows)],
            "port": random.integers(0, 9, rows).astype(float),
        }
    )
    frame["price"] = (
        np.minimum(frame["length"], 9)
        + frame["berths"] * (frame["state"] == "new")
        + 4 * frame["hull"].isin(["wood", "cement"])
        + random.normal(0, 0.5, rows)
        + 3 * frame["yard"].str[5:].astype(int).mod(2)  # no order of the yards tells this
    )
    for name in ("length", "berths", "state", "hull", "yard"):
        frame.loc[random.random(rows) < 0.1, name] = None
    return frame


def configured(estimator: str = BOOSTING, *, encode: str = "mean", derived: str = DERIVED) -> Any:
    """Return the configuration with an estimator."""
    text = CONFIG.replace("ENCODE", encode).replace("DERIVED\n", derived)
    return parse_config(text.replace("ESTIMATOR\n", estimator))


@functools.cache
def case(
    estimator: str,
    encode: str = "mean",
    loss: str = "squared_error",
    yards: int = 400,
    rows: int = 500,
) -> Any:
    """Fit and export, once: the pipeline, the contract, the session of the graph, the rows."""
    of_loss = f"    loss: {loss}\n" + ("    quantile: 0.8\n" if loss == "quantile" else "")
    text = estimator.replace("    max_iter", of_loss + "    max_iter")
    frame = boats(rows, yards)
    if loss in ("poisson", "gamma"):
        frame["price"] += 1 - frame["price"].min()
    target = "  description: Price paid\n"
    positive = target + "  minimum: 0.5\n" if loss in ("poisson", "gamma") else target
    written = (
        CONFIG.replace("ENCODE", encode).replace("DERIVED\n", DERIVED).replace(target, positive)
    )
    config = parse_config(written.replace("ESTIMATOR\n", text))
    data = read_training_data(config, frame, source="boats")
    pipeline = build_pipeline(config).fit(data.frame, data.target)
    graph = export_pipeline(pipeline, data.contract, interval=INTERVAL)
    check_graph(graph, data.contract)
    return pipeline, data, open_graph(graph)


CASES = {
    "alone": (BOOSTING, "mean", "squared_error"),
    "absolute error": (BOOSTING, "one_hot", "absolute_error"),
    "quantile": (BOOSTING, "ordered", "quantile"),
    "poisson": (BOOSTING, "mean", "poisson"),
    "gamma": (BOOSTING, "mean", "gamma"),
    "blend": (BOOSTING + RIDGE + SVR, "one_hot", "squared_error"),
    "stumps": (BOOSTING + "    max_depth: 1\n    max_bins: 3\n" + RIDGE, "mean", "gamma"),
    "150 levels": (BOOSTING + RIDGE, "mean", "squared_error", 150),
    # so many rows of each that trees ask about all of them, more than a set holds in one step
    "100 large levels": (BOOSTING + RIDGE, "mean", "squared_error", 100, 2000),
    "some columns": (BOOSTING + "    max_features: 0.4\n", "mean", "squared_error"),
}


def thresholds_of(pipeline: Any) -> list[float]:
    """Every number that a tree compares with."""
    regressor = pipeline[-1].regressor_
    members = getattr(regressor, "estimators_", [regressor])
    boosting = next(m.regressor_ for m in members if hasattr(m.regressor_, "_predictors"))
    trees = [predictor.nodes for (predictor,) in boosting._predictors]
    found = np.concatenate([nodes["num_threshold"][nodes["is_leaf"] == 0] for nodes in trees])
    return sorted({float(one) for one in found if np.isfinite(one) and one})


def rows_of(pipeline: Any) -> Any:
    """Generate rows: thresholds and their neighbours, what is missing, levels never seen."""
    at = st.sampled_from(thresholds_of(pipeline))
    beside = at.map(lambda x: float(np.nextafter(x, np.inf)))
    below = at.map(lambda x: float(np.nextafter(x, -np.inf)))
    number = at | beside | below | st.floats(-1e6, 1e6) | st.none()
    level = {
        "state": st.sampled_from([*STATES, None]),
        "hull": st.sampled_from([*HULLS, None, "ice"]),
        "yard": st.sampled_from([None, "nobody", *(f"yard {i}" for i in range(0, 300, 7))]),
    }
    numbers = dict.fromkeys(("length", "berths", "port"), number)
    row = st.fixed_dictionaries({**numbers, **level})
    return st.lists(row, min_size=1, max_size=2) | st.lists(row, min_size=20, max_size=50)


def compare(pipeline: Any, data: Any, session: Any, frame: pd.DataFrame) -> None:
    """The graph gives what the pipeline gives."""
    numbers, levels = graph_inputs(data.contract, frame)
    (actual,) = session.run(["prediction"], {"numbers": numbers, "levels": levels})
    size = float(np.abs(data.target).max())
    np.testing.assert_allclose(actual, pipeline.predict(frame), rtol=1e-11, atol=1e-13 * size)


@pytest.mark.parametrize("name", CASES)
def test_a_graph_gives_the_same_prices_on_the_rows_it_was_trained_on(name: str) -> None:
    """With derived columns, and a field with too many levels for codes."""
    pipeline, data, session = case(*CASES[name])
    compare(pipeline, data, session, data.frame)


@pytest.mark.parametrize("name", CASES)
@settings(max_examples=18, deadline=None)  # of many rows: a frame costs more than its rows
@given(data=st.data())
def test_a_graph_gives_the_same_prices_on_any_row(name: str, data: Any) -> None:
    """On a threshold and beside it, where a value is missing, and for a level never seen."""
    pipeline, trained, session = case(*CASES[name])
    rows = data.draw(rows_of(pipeline))
    frame = pd.DataFrame(rows).astype({n: float for n in ("length", "berths", "port")})
    compare(pipeline, trained, session, frame[list(trained.frame)])


def test_the_trees_are_those_of_scikit_learn_on_the_rows_as_they_are() -> None:
    """Fitted by it to a frame with missing values and categories; a cap counts, an encoding not."""
    config = configured(derived="")
    frame = boats(yards=200)
    data = read_training_data(config, frame, source="boats")
    fitted = build_pipeline(config).fit(data.frame, data.target)

    native = pd.DataFrame(
        {
            "hull": frame["hull"].astype("category"),
            "yard": frame["yard"].astype("category"),
            "length": frame["length"].clip(upper=9.5),
            "berths": frame["berths"],
            "state": frame["state"].map({state: i for i, state in enumerate(STATES)}),
        }
    )
    alone = HistGradientBoostingRegressor(
        max_iter=40, min_samples_leaf=5, early_stopping=False, random_state=0
    ).fit(native, frame["price"])
    np.testing.assert_array_equal(alone.predict(native), fitted.predict(data.frame))


def test_members_of_a_blend_see_their_own_columns() -> None:
    """A ridge beside the trees is the ridge that it is alone, and so are the trees."""
    data = read_training_data(configured(), boats(), source="boats")
    blend, trees, ridge = (
        build_pipeline(configured(one)).fit(data.frame, data.target)
        for one in (RIDGE + BOOSTING + "    weight: 3\n", BOOSTING, RIDGE)
    )

    expected = 0.25 * ridge.predict(data.frame) + 0.75 * trees.predict(data.frame)
    np.testing.assert_allclose(blend.predict(data.frame), expected, rtol=1e-12)
    assert "keep_raw" not in ridge.named_steps and "keep_made" not in ridge.named_steps


def test_the_width_of_an_interval_follows_from_the_standard_columns_alone() -> None:
    """The regression that makes it knows no missing values."""
    data = read_training_data(configured(), boats(), source="boats")
    both, standard = (
        build_pipeline(configured(one))[:-1].fit_transform(data.frame, data.target)
        for one in (BOOSTING, RIDGE)
    )
    residuals = np.random.default_rng(0).normal(size=len(both))

    scale, alone = (fit_scale(of, residuals, alpha=1.0, seed=0) for of in (both, standard))

    np.testing.assert_array_equal(standard_of(both), standard)
    np.testing.assert_allclose(
        scale.interval(0.9).half_width(both), alone.interval(0.9).half_width(standard), rtol=1e-12
    )


@pytest.mark.parametrize("encode", ["mean", "one_hot"])
@pytest.mark.parametrize("name", ["hull", "length", "yard"])
def test_without_a_field_the_trees_see_nothing_of_it(name: str, encode: str) -> None:
    """The same scores as from a configuration that does not have the field."""
    rest = CONFIG[: CONFIG.index(f"  {name}:\n")]
    after = CONFIG[CONFIG.index(f"  {name}:\n") + 3 :]
    following = [
        after.index(key)
        for key in ("\n  hull:", "\n  yard:", "\n  port:", "\n  berths:")
        if key in after
    ]
    shorter = rest + after[min(following) + 1 :]
    derived = {"length": "", "hull": "", "yard": DERIVED}[name]
    config = configured(encode=encode, derived=derived)
    data = read_training_data(config, boats(), source="boats")
    written = shorter.replace("ENCODE", encode).replace("DERIVED\n", derived)
    other = parse_config(written.replace("ESTIMATOR\n", BOOSTING))
    fewer = read_training_data(other, boats(), source="boats")

    (held_out,) = cross_validations(config, data, seeds=[0], progress=lambda *_: None)
    (expected,) = cross_validations(other, fewer, seeds=[0], progress=lambda *_: None)

    np.testing.assert_array_equal(
        held_out.without(name).scored.prediction, expected.scored.prediction
    )


def test_columns_without_a_value_and_with_one_level_are_no_obstacle() -> None:
    """A fold may have them, however the whole table looks."""
    frame = boats()
    frame["berths"], frame["hull"] = np.nan, "steel"
    data = read_training_data(configured(derived=""), frame, source="boats")

    pipeline = build_pipeline(configured(derived="")).fit(data.frame, data.target)

    session = open_graph(export_pipeline(pipeline, data.contract, interval=INTERVAL))
    compare(pipeline, data, session, data.frame)
