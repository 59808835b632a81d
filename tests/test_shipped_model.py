"""The shipped model is as good as its file says, in five times ten folds made again."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.model_selection import StratifiedKFold
from threadpoolctl import threadpool_limits

from regression_model import Model
from regression_model.config.core import config
from regression_model.training.data import read_dataset
from regression_model.training.evaluation import evaluate_pipeline
from regression_model.training.held_out import Measured, measure
from regression_model.training.pipeline import build_pipeline
from regression_model.training.rows import TrainingData, read_training_data


@pytest.fixture(scope="module")
def data(training_file: Path) -> TrainingData:
    """The training rows, as training reads them."""
    return read_training_data(config, read_dataset(training_file), source=training_file.name)


@pytest.fixture(scope="module")
def measured(data: TrainingData) -> Measured:
    """The cross-validations of training, made again."""
    with threadpool_limits(1):
        return measure(config, data, progress=lambda *_: None)


@pytest.fixture(scope="module")
def frame(training_file: Path) -> pd.DataFrame:
    """The training rows, read by pandas alone."""
    table = pd.read_csv(training_file, dtype=str, keep_default_na=False).astype(object)
    table = table.replace({name: {"NA": None} for name in table.columns})
    used = {name: feature for name, feature in config.features.items() if feature.use != "no"}
    columns = {
        name: table[name].astype(float) if feature.is_numeric else table[name]
        for name, feature in used.items()
    }
    return pd.DataFrame(columns | {"SalePrice": table["SalePrice"].astype(float)})


@pytest.fixture(scope="module")
def splits(frame: pd.DataFrame) -> list[list[tuple[np.ndarray, np.ndarray]]]:
    """Five times ten folds by scikit-learn, the two very large partial sales in two of each ten."""
    rare = (frame["SaleCondition"] == "Partial") & (frame["GrLivArea"] > 4000)
    found = []
    for seed in range(5):
        folds = StratifiedKFold(10, shuffle=True, random_state=seed)
        with pytest.warns(UserWarning, match="The least populated class"):
            found.append([*folds.split(frame, rare.astype(str))])
    return found


def test_the_file_states_what_the_folds_give(model: Model, measured: Measured) -> None:
    """Every metric and its spread, from the same data by the same code."""
    metrics = model.manifest["metrics"]
    assert measured.values.keys() == metrics.keys()
    for name, value in measured.values.items():
        assert value == pytest.approx(metrics[name], rel=1e-6), name
    for name, spread in measured.spread.items():
        assert spread == pytest.approx(model.manifest["spread"][name], rel=1e-6), name
    training = model.manifest["training"]
    assert (10, 5, 0) == tuple(training[key] for key in ("folds", "repeats", "seed"))


def test_no_row_is_predicted_by_a_pipeline_that_has_seen_it(
    frame: pd.DataFrame, splits: list[list[tuple[np.ndarray, np.ndarray]]], measured: Measured
) -> None:
    """Two folds of each seed, another two of each, as scikit-learn fits and predicts."""
    price, pipeline = frame["SalePrice"], build_pipeline(config)
    rows = frame.drop(columns="SalePrice")

    for seed, (one, folds) in enumerate(zip(measured.held_out, splits, strict=True)):
        for train, test in folds[2 * seed : 2 * seed + 2]:
            fitted = clone(pipeline).fit(rows.iloc[train], price.iloc[train])
            expected = fitted.predict(rows.iloc[test])
            np.testing.assert_allclose(one.result.predictions[test], expected, rtol=1e-6)


def test_the_metrics_follow_by_independent_arithmetic(
    frame: pd.DataFrame,
    splits: list[list[tuple[np.ndarray, np.ndarray]]],
    measured: Measured,
    model: Model,
) -> None:
    """From the predictions of every row in folds that scikit-learn makes."""
    price, in_folds, mae, rmse = frame["SalePrice"].to_numpy(), [], [], []
    for one, folds in zip(measured.held_out, splits, strict=True):
        predicted = one.result.predictions
        for number, (_, test) in enumerate(folds):
            assert {number} == {*one.result.folds[test].tolist()}
        error = np.log(predicted) - np.log(price)
        in_folds += [np.sqrt(np.mean(error[test] ** 2)) for _, test in folds]
        mae.append(np.mean(np.abs(predicted - price)))
        rmse.append(np.sqrt(np.mean((predicted - price) ** 2)))
    metrics, spread = model.manifest["metrics"], model.manifest["spread"]
    assert np.mean(in_folds) == pytest.approx(metrics["rmsle"], rel=1e-6)
    assert np.max(in_folds) == pytest.approx(metrics["rmsle_worst_fold"], rel=1e-6)
    assert np.mean(mae) == pytest.approx(metrics["mae"], rel=1e-6)
    assert np.mean(rmse) == pytest.approx(metrics["rmse"], rel=1e-6)
    assert np.std(mae, ddof=1) == pytest.approx(spread["mae"]["over_seeds"], rel=1e-6)
    assert config.quality.rmsle is not None
    assert (np.reshape(in_folds, (5, 10)).mean(axis=1) <= config.quality.rmsle).all()


def test_the_model_is_as_good_as_it_says(data: TrainingData, measured: Measured) -> None:
    """The score and the intervals over all fifty folds.

    What the odd houses are worth, and simpler models, are fitted in the ten folds of one seed.
    """
    once = replace(measured, held_out=measured.held_out[:1])
    found = evaluate_pipeline(config, data, measured=once)

    value = {name: one.value for name, one in found.metrics.items()}
    assert measured.metrics == found.metrics
    assert 50 == sum(len(one.result.parts) for one in measured.held_out)
    assert 10 == len(found.folds)
    assert value["rmsle"] <= 0.1100
    assert 0.885 <= value["coverage"] <= 0.915
    assert value["coverage_worst_quartile"] >= 0.85
    assert value["median_relative_width"] < found.constant_width["median_relative_width"]
    in_those_folds = np.mean([fold["rmsle"] for fold in found.folds])
    assert in_those_folds < found.without["IsVeryLargePartialSale"]["rmsle"].value
    assert all(value["rmsle"] < one["rmsle"].low for one in found.baselines.values())


def test_the_bar_is_no_lower_than_it_was_promised() -> None:
    """A configuration with a worse bar is another promise."""
    assert config.quality.rmsle is not None
    assert config.quality.rmsle <= 0.11
