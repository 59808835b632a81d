"""Regressors that a configuration names by their import path."""

import sys
from typing import Any

import numpy as np
import pandas as pd
import pytest

from regression_model.config.core import parse_config
from regression_model.errors import ConfigError, ExportError, MissingExtraError
from regression_model.runtime.model_file.operators import check_graph
from regression_model.training.export import custom, export_pipeline, open_graph
from regression_model.training.intervals import ConformalInterval
from regression_model.training.pipeline import build_pipeline
from regression_model.training.rows import read_training_data

CONFIG = """\
name: boats
description: Boats
target:
  name: price
  description: Price
data:
  training: boats.csv
features:
  length:
    description: Length
    kind: number
  beam:
    description: Beam
    kind: number
    missing: median
  hull:
    description: Hull
    kind: nominal
    encode: mean
evaluation:
  folds: 3
estimator:
"""
TREES = "  hist_gradient_boosting:\n    max_iter: 10\n"


def configured(path: str, parameters: str = "", rest: str = "") -> Any:
    """Return a configuration with this regressor."""
    keys = f"    parameters: {parameters}\n" if parameters else ""
    return parse_config(f"{CONFIG}{rest}  custom:\n    regressor: {path}\n{keys}")


def boats(rows: int = 200) -> pd.DataFrame:
    """Random boats."""
    random = np.random.default_rng(2)
    frame = pd.DataFrame(
        {
            "length": random.uniform(5, 15, rows),
            "beam": random.uniform(1, 4, rows),
            "hull": random.choice(["steel", "wood"], rows).astype(object),
        }
    )
    frame["price"] = frame["length"] * frame["beam"] + 5.0 * (frame["hull"] == "steel")
    frame.loc[::7, "beam"] = np.nan
    return frame


EXPORTED = [
    ("sklearn.linear_model.HuberRegressor", "epsilon=1.2, alpha=0.01"),
    ("sklearn.linear_model.BayesianRidge", ""),
    ("sklearn.linear_model.TweedieRegressor", "power=1.5, link=log, fit_intercept=yes"),
    ("sklearn.neural_network.MLPRegressor", "hidden_layer_sizes=8, max_iter=2000, tol=0.01"),
    ("sklearn.ensemble.RandomForestRegressor", "n_estimators=15, max_depth=none"),
    ("sklearn.ensemble.ExtraTreesRegressor", "n_estimators=10"),
    ("sklearn.tree.DecisionTreeRegressor", "max_depth=4"),
    ("sklearn.linear_model.Lasso", "alpha=0.1"),
]


@pytest.mark.parametrize("rest", ["", TREES], ids=["alone", "beside trees"])
@pytest.mark.parametrize(("path", "parameters"), EXPORTED)
def test_a_regressor_by_its_path_gives_the_same_prices_as_a_graph(
    path: str, parameters: str, rest: str
) -> None:
    """It is fitted to the standard columns, and the graph may be opened by everybody."""
    config = configured(path, parameters, rest)
    data = read_training_data(config, boats(), source="boats")
    pipeline = build_pipeline(config).fit(data.frame, data.target)

    graph = export_pipeline(pipeline, data.contract, interval=ConformalInterval(0.9, 0.2))

    check_graph(graph, data.contract)
    numbers = data.frame[["length", "beam"]].to_numpy(dtype=float)
    levels = data.frame[["hull"]].to_numpy(dtype=object)
    (actual,) = open_graph(graph).run(["prediction"], {"numbers": numbers, "levels": levels})
    np.testing.assert_allclose(actual, pipeline.predict(data.frame), rtol=1e-11)


@pytest.mark.parametrize(
    ("path", "parameters", "error", "said"),
    [
        ("sklearn.neighbors.KNeighborsRegressor", "weights=distance", ExportError, "model file"),
        ("sklearn.ensemble.AdaBoostRegressor", "", ExportError, "AdaBoostRegressor"),
        ("sklearn.linear_model.Huber", "", ConfigError, "has no sklearn.linear_model.Huber"),
        ("sklearn.nowhere.Ridge", "", ConfigError, "has no sklearn.nowhere.Ridge"),
        ("sklearn.svm.SVC", "", ConfigError, "is no regressor"),
        ("sklearn.linear_model.Ridge", "alhpa=2", ConfigError, "did you mean 'alpha'"),
        ("sklearn.ensemble.VotingRegressor", "", ConfigError, "needs estimators"),
    ],
)
def test_what_cannot_be_is_refused_before_any_work(
    path: str, parameters: str, error: type[Exception], said: str
) -> None:
    """In one sentence, when the pipeline is built."""
    with pytest.raises(error) as raised:
        build_pipeline(configured(path, parameters))
    assert said in str(raised.value) and "\n" not in str(raised.value)


@pytest.mark.parametrize(
    ("path", "parameters", "said"),
    [
        ("os.path", "", "expected a class of scikit-learn"),
        ("sklearn.linear_model", "", "expected a class of scikit-learn"),
        ("sklearn.linear_model.Ridge", "alpha", "expected names with values"),
        ("sklearn.linear_model.Ridge", "alpha=1, alpha=2", "expected names with values"),
    ],
)
def test_what_can_be_read_from_the_file_alone_is_a_mistake_of_it(
    path: str, parameters: str, said: str
) -> None:
    """Nothing is imported for it, and nothing outside scikit-learn ever."""
    with pytest.raises(ConfigError, match=said):
        configured(path, parameters)


def test_the_values_of_parameters_have_their_types() -> None:
    """Whole and broken numbers, yes and no, none, and text."""
    member = configured(
        "sklearn.svm.NuSVR", "C=2, nu=.5, shrinking=no, gamma=auto, verbose=yes, tol=1e-3"
    ).estimator.custom
    expected = {"C": 2, "nu": 0.5, "shrinking": False, "gamma": "auto", "verbose": True}
    assert expected | {"tol": 0.001} == member.settings
    assert [int, float] == [type(member.settings[name]) for name in ("C", "nu")]


def test_without_the_extra_one_sentence_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Trees need no other library; a regressor that is converted does."""
    monkeypatch.setitem(sys.modules, "skl2onnx", None)
    custom._try_to_export.cache_clear()
    build_pipeline(configured("sklearn.tree.DecisionTreeRegressor"))
    with pytest.raises(MissingExtraError, match=r"skl2onnx .* convert: .*\[train,convert\]"):
        build_pipeline(configured("sklearn.linear_model.BayesianRidge"))
