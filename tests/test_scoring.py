"""Estimates with intervals, groups, and a model file against a labelled table."""

import json
import math
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn import metrics as reference

from regression_model.errors import InputError, ModelFileError
from regression_model.evaluation import Details, Estimate, EvaluationResult
from regression_model.evaluation.comparing import check_same_target
from regression_model.evaluation.groups import groups_of, labels_of_numbers
from regression_model.evaluation.metrics import (
    ERRORS,
    WITH_INTERVALS,
    PredictedRows,
    difference,
    estimates,
    metrics_of,
)
from regression_model.evaluation.scoring import evaluate_model
from regression_model.evaluation.weighted import mean, means_by, median, resamples
from regression_model.files.tables import read_table
from regression_model.runtime.model import Model
from regression_model.runtime.model_file.release import PACKAGE_ROOT, find_model_file
from regression_model.runtime.model_file.sealing import open_sealed, seal

RANDOM = np.random.default_rng(3)
ROWS = 203
TARGET = np.exp(RANDOM.normal(12.0, 0.4, ROWS))
PREDICTION = TARGET * np.exp(RANDOM.normal(0.0, 0.1, ROWS))
FOLD = np.arange(ROWS) % 7
SPREAD = RANDOM.uniform(0.1, 0.2, ROWS)
SCORED = PredictedRows(
    TARGET, PREDICTION, FOLD, PREDICTION * (1 - SPREAD), PREDICTION * (1 + SPREAD)
)
ALL = (*ERRORS, *WITH_INTERVALS)
SHARE, WIDTH = "median_relative_width", "median_width"  # either the one or the other


def scored(target: Any, prediction: Any, *, width: Any = 1.0) -> Any:
    """Return rows of one fold, with intervals of one width."""
    target, prediction = np.array(target, dtype=float), np.array(prediction, dtype=float)
    fold = np.zeros(len(target), dtype=np.int64)
    return PredictedRows(target, prediction, fold, prediction - width, prediction + width)


# Rows that count several times


def test_a_weighted_median_is_that_of_the_repeated_rows() -> None:
    """Also where two rows stand in the middle, and where rows are equal."""
    values = np.array([3.0, 1.0, 2.0, 2.0, 7.0, 5.0, 4.0])
    for weights in resamples(len(values), number=300, seed=1):
        repeated = [np.repeat(values, of_rows.astype(int)) for of_rows in weights]
        np.testing.assert_array_equal([np.median(one) for one in repeated], median(weights, values))
        np.testing.assert_allclose([one.mean() for one in repeated], mean(weights, values))


def test_every_resample_has_as_many_rows_as_there_are() -> None:
    """Drawn with replacement, each as often as another, and the same ones for a seed."""
    drawn = np.vstack([*resamples(40, number=500, seed=2)])

    assert (500, 40) == drawn.shape
    assert {40.0} == {*drawn.sum(axis=1)}
    assert drawn.mean(axis=0) == pytest.approx(1.0, abs=0.25)
    assert drawn.var() == pytest.approx(1.0, abs=0.1)
    assert (drawn == np.vstack([*resamples(40, number=500, seed=2)])).all()


def test_resamples_of_a_large_table_come_in_slices() -> None:
    """Memory does not grow with their number."""
    slices = [*resamples(1_500_000, number=2, seed=0)]

    assert [(1, 1_500_000)] * 2 == [one.shape for one in slices]


def test_a_mean_of_nothing_is_unknown() -> None:
    """No warning is given, and no number."""
    weights = np.array([[2.0, 0.0], [0.0, 2.0]])
    found = means_by(weights, np.array([1.0, 0.0]), np.array([7, 8]))

    np.testing.assert_array_equal([[1.0, np.nan], [np.nan, 0.0]], found)


# Estimates


def test_an_interval_of_a_mean_error_is_that_of_a_plain_bootstrap() -> None:
    """Percentiles over resamples that are drawn one by one."""
    error = np.abs(PREDICTION - TARGET)
    means = [error[RANDOM.integers(ROWS, size=ROWS)].mean() for _ in range(4000)]
    low, high = np.percentile(means, [2.5, 97.5])

    found = estimates([SCORED], ["mae"], seed=0)["mae"]

    assert found.value == pytest.approx(error.mean())
    assert found.low == pytest.approx(low, rel=0.02)
    assert found.high == pytest.approx(high, rel=0.02)


@pytest.mark.parametrize("name", [name for name in ALL if name != WIDTH])
def test_a_figure_lies_in_its_interval(name: str) -> None:
    """And a seed gives the same interval every time."""
    found = estimates([SCORED], ALL, seed=0)[name]

    assert found.low < found.value < found.high
    assert found == estimates([SCORED], ALL, seed=0)[name]
    assert found != estimates([SCORED], ALL, seed=1)[name]


def test_intervals_cover_the_truth_about_as_often_as_they_say() -> None:
    """The MAE of a normal error is known; 95 of 100 intervals of 120 rows should hold it."""
    truth, held = math.sqrt(2 / math.pi), 0
    for _ in range(200):
        error = RANDOM.normal(size=120)
        found = estimates([scored(np.full(120, 9.0), 9.0 + error)], ["mae"], seed=0)["mae"]
        held += found.low <= truth <= found.high
    assert 176 <= held <= 199


def test_metrics_of_several_predictions_are_averaged() -> None:
    """The value, and every resample."""
    other = PredictedRows(TARGET, TARGET * 1.1, FOLD)
    both = estimates([SCORED, other], ["mape", "coverage"], seed=0)

    alone = [metrics_of(one, ["mape"])["mape"] for one in (SCORED, other)]
    assert both["mape"].value == pytest.approx(np.mean(alone))
    assert "coverage" not in both


@pytest.mark.parametrize(
    ("target", "prediction", "left_out"),
    [
        ([5.0, 5.0, 5.0], [1.1, 2.0, 3.0], {"r2", WIDTH}),
        ([1.0, -2.0, 3.0], [1.0, 2.0, 4.0], {"rmsle", "mape", SHARE}),
        ([1.0, 2.0, 3.0], [1.0, -2.0, 4.0], {"rmsle", SHARE}),
        ([1.0, 0.0, 3.0], [1.0, 2.0, 4.0], {"rmsle", "mape", SHARE}),
        ([1.0, 2.0, 3.0], [1.0, 0.0, 4.0], {"rmsle", SHARE}),
        ([4.0], [3.5], {"r2", WIDTH}),
    ],
)
def test_a_figure_that_the_rows_have_none_of_is_left_out(
    target: Any, prediction: Any, left_out: Any
) -> None:
    """What stays are finite numbers with finite ends, and no warning is given."""
    found = estimates([scored(target, prediction)], ALL, seed=0)

    assert {*ALL} - left_out == {*found}
    ends = [end for one in found.values() for end in (one.low, one.value, one.high)]
    assert all(map(math.isfinite, ends))


def test_a_resample_of_one_target_again_and_again_has_no_r_squared() -> None:
    """The others still give an interval."""
    found = estimates([scored([1.0, 9.0], [1.5, 8.0])], ["r2"], seed=0)["r2"]

    assert found.value == pytest.approx(reference.r2_score([1.0, 9.0], [1.5, 8.0]))
    assert math.isfinite(found.low)


def test_a_difference_is_paired() -> None:
    """Two models that err alike differ by much less than either is unsure of itself."""
    worse = PredictedRows(TARGET, PREDICTION * 1.01, FOLD, SCORED.lower, SCORED.upper)
    found: Any = difference([SCORED], [worse], seed=0)

    for name, one in found.items():
        assert one["difference"].value == pytest.approx(one["this"] - one["other"], abs=1e-12), name
    wide = estimates([SCORED], ["mae"], seed=0)["mae"]
    narrow = found["mae"]["difference"]
    assert narrow.high - narrow.low < (wide.high - wide.low) / 3


# Groups


def test_groups_are_the_rows_of_each_value_worst_first() -> None:
    """Each with the metrics of its own rows, taken together."""
    zones = np.array(["A", "B", "C"], dtype=object)[RANDOM.integers(0, 3, ROWS)]
    found = groups_of([SCORED], {"zone": zones}, seed=0)["zone"]

    assert {"A", "B", "C"} == {group.name for group in found}
    scores = [group.metrics["rmsle"].value for group in found]
    assert sorted(scores, reverse=True) == scores
    for group in found:
        rows = zones == group.name
        assert rows.sum() == group.rows
        errors = 100 * (PREDICTION[rows] / TARGET[rows] - 1)
        assert group.metrics["median_error_percent"].value == pytest.approx(np.median(errors))
        logs = np.log(PREDICTION[rows] / TARGET[rows])
        assert group.metrics["rmsle"].value == pytest.approx(np.sqrt(np.mean(logs**2)))


def test_price_bands_are_always_there() -> None:
    """Fifths of the target."""
    (name,) = groups = groups_of([SCORED], {}, seed=0)

    assert "target band" == name
    assert [40, 40, 41, 41, 41] == sorted(group.rows for group in groups[name])


def test_few_numbers_are_groups_and_many_are_bands() -> None:
    """A year is a group of its own; areas are not."""
    years = np.array([2006.0, 2007.0, np.nan, 2006.0])
    areas = np.append(np.linspace(0, 1000, 100), np.nan)

    assert ["2006", "2007", "missing", "2006"] == labels_of_numbers(years).tolist()
    named = labels_of_numbers(areas).tolist()
    assert ["0 to 200", "200 to 400", "400 to 600", "600 to 800", "800 to 1,000", "missing"] == [
        *dict.fromkeys(named)
    ]


def test_bands_of_numbers_that_hardly_differ_are_no_error() -> None:
    """Where more than a fifth of the rows have one value, bands run together."""
    values = np.concatenate([np.zeros(70), np.arange(1.0, 31.0)])

    assert {"0 to 10.2": 80, "10.2 to 30": 20} == Counter(labels_of_numbers(values))


def test_a_constant_target_is_one_band() -> None:
    """Named after its value."""
    (group,) = groups_of([scored([7.0] * 9, [6.0] * 9)], {}, seed=0)["target band"]

    assert ("7", 9) == (group.name, group.rows)


# A model file and a labelled table


@pytest.fixture(scope="module")
def sold(training_file: Path) -> Any:
    """Sixty rows with their prices, as a file has them."""
    return {name: cells[:60] for name, cells in read_table(str(training_file)).items()}


@pytest.fixture
def labelled(sold: Any) -> Any:
    """The same rows, free to be changed."""
    return {name: list(cells) for name, cells in sold.items()}


def sealed(**changed: Any) -> Any:
    """Return the shipped model with other things said in its manifest."""
    path = find_model_file(PACKAGE_ROOT)
    assert path is not None
    content = path.read_bytes()
    return Model(seal(content, open_sealed(content, name="shipped") | changed), name="changed")


def test_a_model_file_is_scored_by_its_own_predictions(model: Model, sold: Any) -> None:
    """Estimates, interval and details are those of `predict`."""
    found = evaluate_model(model, sold, source="sold.csv")

    prediction, target = model.predict(sold), np.array(sold["SalePrice"], dtype=float)
    assert (60, [], "sold.csv") == (found.rows, found.refused, found.source)
    np.testing.assert_array_equal(prediction.values, found.details.prediction)
    np.testing.assert_array_equal(target, found.details.target)
    expected = reference.mean_absolute_error(target, prediction.values)
    assert found.metrics["mae"].value == pytest.approx(expected)
    inside = (prediction.lower <= target) & (target <= prediction.upper)
    assert [(0.9, pytest.approx(inside.mean()))] == found.calibration
    assert found.manifest == model.manifest


def test_any_kind_of_table_is_scored_the_same(model: Model, sold: Any) -> None:
    """Texts of a CSV file, records, or a frame of pandas."""
    frame = pd.DataFrame(sold)

    expected = evaluate_model(model, sold).metrics
    assert expected == evaluate_model(model, frame).metrics
    assert expected == evaluate_model(model, frame.to_dict("records")).metrics


def test_rows_are_grouped_by_fields_of_the_model(model: Model, sold: Any) -> None:
    """By level, by number and by band, as the file or the caller says."""
    groups = evaluate_model(model, sold, groups=["Neighborhood", "OverallQual", "GrLivArea"]).groups

    assert ["target band", "Neighborhood", "OverallQual", "GrLivArea"] == [*groups]
    assert {*sold["Neighborhood"]} == {group.name for group in groups["Neighborhood"]}
    assert {*sold["OverallQual"]} == {group.name for group in groups["OverallQual"]}
    assert 5 == len(groups["GrLivArea"])
    told = evaluate_model(sealed(evaluation={"groups": ["YrSold"]}), sold).groups
    assert ["target band", "YrSold"] == [*told]


def test_unknown_and_missing_levels_have_groups_of_their_own(model: Model, labelled: Any) -> None:
    """They were priced as well."""
    labelled["Neighborhood"][:2] = ["Atlantis", "Utopia"]
    groups = evaluate_model(model, labelled, groups=["Neighborhood"]).groups["Neighborhood"]

    assert {"any other level": 2} == {g.name: g.rows for g in groups if "other" in g.name}


def test_a_table_without_the_target_is_refused_in_one_sentence(model: Model, labelled: Any) -> None:
    """It names the column."""
    del labelled["SalePrice"]

    with pytest.raises(InputError) as raised:
        evaluate_model(model, labelled, source="sold.csv")
    assert "sold.csv has no column SalePrice" in str(raised.value)
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize("price", ["0", "-5", "NA", "", "cheap", "inf"])
def test_a_row_with_no_usable_price_is_listed_and_left_out(
    model: Model, labelled: Any, price: Any
) -> None:
    """With the sentence that says why."""
    labelled["SalePrice"][7] = price

    found = evaluate_model(model, labelled)

    ((row, sentence),) = found.refused
    assert (7, 59) == (row, found.rows)
    assert sentence.startswith("SalePrice is ")
    assert 60 == len(found.details.index)


def test_rows_outside_the_contract_are_listed_and_left_out(model: Model, labelled: Any) -> None:
    """The others are scored as if these were not there."""
    whole = evaluate_model(model, {name: cells[2:] for name, cells in labelled.items()})
    labelled["GrLivArea"][0] = "-3"
    labelled["OverallQual"][1] = "excellent"

    found = evaluate_model(model, labelled)

    assert [0, 1] == [row for row, _ in found.refused]
    assert "GrLivArea is '-3'" in found.refused[0][1]
    assert "OverallQual is 'excellent'" in found.refused[1][1]
    assert whole.metrics == found.metrics
    assert np.isnan(found.details.prediction[:2]).all()


@pytest.mark.parametrize("price", ["0", "-1", "none"])
def test_a_table_without_one_usable_price_is_refused(
    model: Model, labelled: Any, price: Any
) -> None:
    """With the first reason."""
    labelled["SalePrice"] = [price] * 60

    with pytest.raises(InputError, match=r"^sold.csv: no row can be scored: SalePrice is "):
        evaluate_model(model, labelled, source="sold.csv")


def test_a_table_without_rows_is_refused(model: Model, labelled: Any) -> None:
    """There is nothing to score."""
    empty = {name: [] for name in labelled}

    with pytest.raises(InputError, match=r"^rows: no row can be scored, as it has no rows\.$"):
        evaluate_model(model, empty)


def test_a_table_without_a_required_column_is_refused_with_the_column(
    model: Model, labelled: Any
) -> None:
    """The sentence is that of the contract."""
    del labelled["GrLivArea"]

    with pytest.raises(InputError, match="no row can be scored: No row has the field GrLivArea"):
        evaluate_model(model, labelled)


def test_one_row_is_scored(model: Model, labelled: Any) -> None:
    """Its metrics have no spread, and there is no R squared of one row."""
    found = evaluate_model(model, {name: cells[:1] for name, cells in labelled.items()})

    assert 1 == found.rows
    assert "r2" not in found.metrics
    assert all(one.low == one.value == one.high for one in found.metrics.values())
    json.dumps(found.to_dict(), allow_nan=False)


@pytest.mark.parametrize("name", ["SalePrice", "Neighborhood", "YrSold", "GrLivArea"])
def test_a_column_of_constants_is_scored(model: Model, labelled: Any, name: str) -> None:
    """No metric becomes NaN; a constant target has no R squared."""
    labelled[name] = [labelled[name][0]] * 60

    found = evaluate_model(model, labelled, groups=["Neighborhood", "YrSold"])

    assert (name != "SalePrice") == ("r2" in found.metrics)
    json.dumps(found.to_dict(), allow_nan=False)


def test_columns_that_were_not_used_are_told(model: Model, labelled: Any) -> None:
    """A misspelt column would else go unnoticed."""
    labelled["Hammock"] = ["yes"] * 60

    assert ["'Hammock'" in note for note in evaluate_model(model, labelled).notes] == [True]


def test_another_model_is_compared_row_by_row(model: Model, labelled: Any) -> None:
    """Over the rows that both can score."""
    labelled["GrLivArea"][0] = "-3"
    other = sealed(name="older", version="1.0.0")

    found = evaluate_model(model, labelled, compare=other).comparison

    assert ({"name": "older", "version": "1.0.0"}, 59) == (found.other, found.rows)
    assert {"rmsle", "mae", "coverage"} <= {*found.metrics}
    zero = {"this": found.metrics["mae"]["this"], "difference": Estimate(0.0, 0.0, 0.0)}
    assert zero | {"other": zero["this"]} == found.metrics["mae"]


def test_intervals_of_another_level_are_not_compared(model: Model, sold: Any) -> None:
    """Wider ones hold more, and that says nothing of the model."""
    other = sealed(interval=model.manifest["interval"] | {"level": 0.5})

    found = evaluate_model(model, sold, compare=other).comparison

    assert {"rmsle", "rmse", "mae", "mape", "median_absolute_error", "r2"} == {*found.metrics}


@pytest.mark.parametrize("change", [{"name": "Rent"}, {"unit": "euros"}, {"unit": None}])
def test_a_model_of_another_target_is_not_compared(model: Model, sold: Any, change: Any) -> None:
    """One sentence says what each of them predicts."""
    other = sealed(name="other", target=model.manifest["target"] | change)

    with pytest.raises(ModelFileError) as raised:
        evaluate_model(model, sold, compare=other)
    sentence = str(raised.value)
    assert "cannot be compared: it predicts " in sentence
    assert "SalePrice in US dollars" in sentence
    assert "\n" not in sentence


def test_a_model_of_the_same_target_is_compared(model: Model) -> None:
    """Whatever its description says."""
    other = sealed(target=model.manifest["target"] | {"description": "in other words"})

    check_same_target(model.manifest["target"], other)


# Facts


def test_an_evaluation_as_a_dict_is_plain(model: Model, labelled: Any) -> None:
    """It survives JSON as it is, with None for what is not a number."""
    labelled["GrLivArea"][0] = "-3"
    found = evaluate_model(model, labelled, compare=model, groups=["Neighborhood"])

    plain = found.to_dict()

    assert plain == json.loads(json.dumps(plain, allow_nan=False))
    assert plain["details"]["prediction"][0] is None
    assert {"value", "low", "high"} == {*plain["metrics"]["mae"]}
    assert [0, plain["refused"][0][1]] == plain["refused"][0]


def test_what_an_evaluation_does_not_have_is_empty() -> None:
    """Whoever makes a page of it need not ask twice."""
    nothing = np.empty(0)
    none = np.empty(0, dtype=np.int64)
    details = Details(none, nothing, nothing, nothing, nothing, none)
    bare = EvaluationResult("boats", {}, "boats.csv", 0.9, 0, [], {}, details)

    assert (None, None, 1) == (bare.comparison, bare.manifest, bare.repeats)
    empty = (bare.folds, bare.groups, bare.baselines, bare.without, bare.importances, bare.notes)
    assert not any(empty)
