"""Scores and intervals: against independent arithmetic, and only ever from rows held out."""

import math
from typing import Any

import numpy as np
import pandas as pd
import pytest
from feature_engine.encoding import MeanEncoder
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binom
from sklearn import metrics as reference
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LinearRegression
from sklearn.model_selection import KFold, cross_val_predict
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.validation import check_is_fitted

from regression_model.config.core import parse_config
from regression_model.evaluation.metrics import (
    ERRORS,
    WITH_INTERVALS,
    PredictedRows,
    metrics_of,
    rmsle,
)
from regression_model.training.cross_validation import cross_validate
from regression_model.training.held_out import HeldOutPredictions
from regression_model.training.intervals import conformal_quantile

RANDOM = np.random.default_rng(11)
TARGET = np.exp(RANDOM.normal(12.0, 0.4, 103))
PREDICTIONS = TARGET * np.exp(RANDOM.normal(0.0, 0.1, 103))
FOLDS = RANDOM.integers(0, 5, 103)


def ignore(stage: Any, done: Any, of: Any) -> None:
    """Be told of progress and do nothing."""


def metrics(target: Any, predictions: Any, folds: Any = None) -> Any:
    """Return the metrics of these predictions."""
    target, predictions = np.asarray(target, dtype=float), np.asarray(predictions, dtype=float)
    folds = np.zeros(len(predictions), dtype=np.int64) if folds is None else folds
    return metrics_of(PredictedRows(target, predictions, folds), ERRORS)


def log_errors_by_fold() -> Any:
    """Return the RMSLE of each fold, by scikit-learn."""
    return [
        reference.root_mean_squared_log_error(
            TARGET[FOLDS == fold] - 1.0, PREDICTIONS[FOLDS == fold] - 1.0  # it adds 1 itself
        )
        for fold in range(5)
    ]


METRICS = {
    "rmsle": lambda: np.mean(log_errors_by_fold()),
    "rmse": lambda: reference.root_mean_squared_error(TARGET, PREDICTIONS),
    "mae": lambda: reference.mean_absolute_error(TARGET, PREDICTIONS),
    "median_absolute_error": lambda: reference.median_absolute_error(TARGET, PREDICTIONS),
    "r2": lambda: reference.r2_score(TARGET, PREDICTIONS),
    "mape": lambda: reference.mean_absolute_percentage_error(TARGET, PREDICTIONS),
}


@pytest.mark.parametrize("name", METRICS)
def test_a_metric_is_what_scikit_learn_computes(name: str) -> None:
    """The mean over folds for the RMSLE, all rows together for the others."""
    assert METRICS[name]() == pytest.approx(metrics(TARGET, PREDICTIONS, FOLDS)[name], rel=1e-12)


def test_every_metric_is_compared() -> None:
    """A new metric comes with a comparison here."""
    assert {*METRICS} == {*metrics(TARGET, PREDICTIONS, FOLDS)}


@pytest.mark.parametrize(
    ("target", "predictions", "left_out"),
    [
        ([1.0, -2.0, 3.0], [1.0, 2.0, 3.0], {"rmsle", "mape"}),
        ([1.0, 2.0, 3.0], [1.0, -2.0, 3.0], {"rmsle"}),
        ([1.0, 0.0, 3.0], [1.0, 2.0, 3.0], {"rmsle", "mape"}),
        ([5.0, 5.0, 5.0], [1.0, 2.0, 3.0], {"r2"}),
        ([5.0, 5.0, 5.0], [5.0, 5.0, 5.0], {"r2"}),
    ],
)
def test_a_figure_that_the_target_has_none_of_is_left_out(
    target: Any, predictions: Any, left_out: Any
) -> None:
    """What stays are finite numbers, and no warning is given."""
    found = metrics(target, predictions)

    assert {*METRICS} - left_out == {*found}
    assert all(math.isfinite(value) for value in found.values())


def test_a_perfect_model_has_no_error() -> None:
    """Every error is 0 and all of the variance is explained."""
    found = metrics(TARGET, TARGET, FOLDS)

    assert 1.0 == found.pop("r2")
    assert {0.0} == {*found.values()}


@pytest.mark.parametrize("value", [0.0, -1.0])
def test_there_is_no_rmsle_of_what_is_not_positive(value: Any) -> None:
    """Neither of a target nor of a prediction."""
    positive, other = np.array([1.0, 2.0]), np.array([1.0, value])

    assert math.isnan(rmsle(other, positive))
    assert math.isnan(rmsle(positive, other))


def test_the_rmsle_does_not_depend_on_the_unit() -> None:
    """Dollars or cents: it is a relative error."""
    assert rmsle(TARGET, PREDICTIONS) == pytest.approx(rmsle(TARGET * 100, PREDICTIONS * 100))


class Recorder(TransformerMixin, BaseEstimator):
    """Passes rows on, and keeps in mind which ones it was fitted on and which it was given."""

    log = []

    def fit(self, X: Any, y: Any = None) -> Any:
        self.fitted_on_ = frozenset(X["row"].astype(int))
        return self

    def transform(self, X: Any) -> Any:
        Recorder.log.append((self.fitted_on_, frozenset(X["row"].astype(int))))
        return X


@pytest.fixture
def frame() -> Any:
    """Rows whose number is a column, shuffled, with an index that says nothing."""
    rows = RANDOM.permutation(53)
    return pd.DataFrame({"row": rows.astype(float), "x": rows**2.0}, index=rows + 1000)


def test_every_step_is_fitted_on_the_other_folds(frame: Any) -> None:
    """No step has seen a row that it is then asked about."""
    Recorder.log = []
    pipeline = make_pipeline(Recorder(), StandardScaler(), LinearRegression())

    (result,) = cross_validate(pipeline, frame, frame["x"], folds=5, seeds=[3], progress=ignore)

    fits = list(dict.fromkeys(fitted_on for fitted_on, _ in Recorder.log))
    assert 5 == len(fits)
    for fold, fitted_on in enumerate(fits):
        held_out = frozenset(frame["row"][result.folds == fold].astype(int))
        assert fitted_on == frozenset(range(53)) - held_out


def test_the_pipeline_that_comes_in_stays_unfitted(frame: Any) -> None:
    """Each fold fits a copy."""
    pipeline = make_pipeline(StandardScaler(), LinearRegression())

    cross_validate(pipeline, frame, frame["x"], folds=3, seeds=[3], progress=ignore)

    with pytest.raises(NotFittedError):
        check_is_fitted(pipeline[0])


def test_predictions_are_those_of_scikit_learn_and_in_the_order_of_the_rows(frame: Any) -> None:
    """The same folds, and each row's own prediction."""
    pipeline = make_pipeline(StandardScaler(), LinearRegression())
    target = np.log(frame["x"] + 1.0)

    (result,) = cross_validate(pipeline, frame, target, folds=7, seeds=[5], progress=ignore)

    folds = KFold(7, shuffle=True, random_state=5)
    expected = cross_val_predict(pipeline, frame, target, cv=folds)
    np.testing.assert_allclose(result.predictions, expected, rtol=1e-12)


def test_a_seed_chooses_the_folds(frame: Any) -> None:
    """The same one the same folds, another one others."""
    pipeline = make_pipeline(StandardScaler(), LinearRegression())

    first, again, other = cross_validate(
        pipeline, frame, frame["x"], folds=4, seeds=[1, 1, 2], progress=ignore
    )

    assert (first.folds == again.folds).all()
    assert (first.predictions == again.predictions).all()
    assert (first.folds != other.folds).any()


def test_levels_that_name_their_row_teach_nothing() -> None:
    """An encoder fitted outside the folds would know each price from the level of its row."""
    levels = pd.DataFrame({"level": pd.Series([f"row {i}" for i in range(103)], dtype=object)})
    pipeline = make_pipeline(MeanEncoder(unseen="encode"), StandardScaler(), LinearRegression())
    target = pd.Series(TARGET)

    (result,) = cross_validate(pipeline, levels, target, folds=5, seeds=[0], progress=ignore)

    assert metrics(TARGET, result.predictions)["r2"] < 0.05
    seen = pipeline.fit(levels, target).predict(levels)
    assert reference.r2_score(TARGET, seen) == pytest.approx(1.0)


def test_progress_is_told_from_none_to_all(frame: Any) -> None:
    """Once before each fold of every seed, and once after the last."""
    told = []
    cross_validate(
        make_pipeline(StandardScaler(), LinearRegression()),
        frame,
        frame["x"],
        folds=3,
        seeds=[0, 1],
        progress=lambda *words: told.append(words),
    )

    assert [("Cross-validating", done, 6) for done in range(7)] == told


CONFIG = """\
name: rows
description: A number and its target
target:
  name: y
  description: Target
data:
  training: rows.csv
features:
  x:
    description: Number
    kind: number
estimator:
  ridge:
    alpha: 1
interval:
  level: 0.8
"""


@pytest.mark.parametrize("alpha", ["", "  ridge_alpha: 1\n"])
def test_half_widths_come_from_the_residuals_of_other_folds(frame: Any, alpha: Any) -> None:
    """A residual, however large, has no influence on the interval of its own fold."""
    pipeline = make_pipeline(StandardScaler(), LinearRegression())
    (result,) = cross_validate(pipeline, frame, frame["x"], folds=5, seeds=[3], progress=ignore)
    config, target = parse_config(CONFIG + alpha), frame["x"].to_numpy()
    in_fold = result.folds == 2

    before, after = (
        HeldOutPredictions(config, one, result).scored
        for one in (target, np.where(in_fold, 1e9, target))
    )

    assert (before.upper[in_fold] == after.upper[in_fold]).all()
    assert (before.upper[~in_fold] < after.upper[~in_fold]).all()


def test_features_of_a_fold_are_those_of_the_pipeline_fitted_in_it(frame: Any) -> None:
    """In the order of the rows, scaled by the rows of the other folds."""
    pipeline = make_pipeline(StandardScaler(), LinearRegression())

    (result,) = cross_validate(pipeline, frame, frame["x"], folds=4, seeds=[3], progress=ignore)

    for number, part in enumerate(result.parts):
        assert np.flatnonzero(result.folds == number).tolist() == part.test.tolist()
        assert sorted([*part.train, *part.test]) == list(range(53))
        scaler = StandardScaler().fit(frame.iloc[part.train])
        np.testing.assert_allclose(scaler.transform(frame.iloc[part.test]), part.test_features)
        np.testing.assert_allclose(scaler.transform(frame.iloc[part.train]), part.train_features)


def test_metrics_of_intervals_count_what_they_hold() -> None:
    """The share of rows, that of the worst quarter of the targets, and the middle width."""
    target = np.arange(1.0, 9.0)
    lower = np.array([0.5, 2.5, 2.0, 3.0, 4.0, 5.0, 6.0, 7.5])
    upper = np.array([1.5, 3.5, 4.0, 5.0, 6.0, 7.0, 8.0, 8.5])

    scored = PredictedRows(target, target, np.zeros(8, dtype=np.int64), lower, upper)
    widths = [1.0, 1 / 3, 2 / 3, 0.5, 0.4, 1 / 3, 2 / 7, 1 / 8]
    assert {
        "coverage": 7 / 8,
        "coverage_worst_quartile": 0.5,
        "median_relative_width": np.median(widths),
    } == pytest.approx(metrics_of(scored, WITH_INTERVALS))


def smallest_half_width(residuals: Any, level: Any) -> Any:
    """Return the least width that covers (n + 1) * level of the rows, by trying all of them."""
    sizes = [abs(residual) for residual in residuals]
    wanted = (len(sizes) + 1) * level
    enough = [width for width in sizes if sum(size <= width for size in sizes) >= wanted]
    return min(enough) if enough else max(sizes)


@given(
    st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=40),
    st.sampled_from([0.01, 0.25, 0.5, 0.8, 0.9, 0.95, 0.999]),
)
def test_the_half_width_is_the_smallest_that_covers_enough(residuals: Any, level: Any) -> None:
    """As the definition says, and the largest residual where the rows cannot tell."""
    expected = smallest_half_width(residuals, level)

    assert expected == conformal_quantile(np.abs(residuals), level=level)


@pytest.mark.parametrize(
    ("rows", "level", "rank"),
    [(9, 0.9, 9), (8, 0.9, 8), (99, 0.9, 90), (100, 0.9, 91), (19, 0.95, 19), (1, 0.5, 1)],
)
def test_the_half_width_has_the_correction_for_few_rows(rows: Any, level: Any, rank: Any) -> None:
    """Of n residuals it is the ceil((n + 1) * level)-th, not the (n * level)-th."""
    residuals = np.arange(1.0, rows + 1) * np.where(np.arange(rows) % 2, -1, 1)

    assert rank == conformal_quantile(RANDOM.permutation(np.abs(residuals)), level=level)


@pytest.mark.parametrize("level", [0.5, 0.8, 0.9])
@pytest.mark.parametrize("rows", [10, 60])
def test_intervals_hold_the_share_that_they_promise(rows: Any, level: Any) -> None:
    """Over many draws of exchangeable residuals, skewed and with long tails."""
    random = np.random.default_rng(1)
    draws = 4000
    residuals = random.standard_t(3, (draws, rows + 1)) + random.exponential(1.0, (draws, rows + 1))

    covered = sum(
        abs(row[-1]) <= conformal_quantile(np.abs(row[:-1]), level=level) for row in residuals
    )

    # Exchangeable rows are covered with this probability exactly.
    share = math.ceil((rows + 1) * level) / (rows + 1)
    assert share >= level
    assert binom.ppf(1e-4, draws, share) <= covered <= binom.ppf(1 - 1e-4, draws, share)
