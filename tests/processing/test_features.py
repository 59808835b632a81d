"""The package's own transformers: what they make of a frame, and how scikit-learn finds them."""

import math
import pickle
from datetime import UTC, datetime
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.pipeline import make_pipeline
from sklearn.utils.estimator_checks import parametrize_with_checks

from regression_model.config.features import PARTS
from regression_model.training.steps.features import (
    Condition,
    DateParts,
    DerivedFeatures,
    Formula,
    Indicators,
    MostFrequentImputer,
    OrderedLevels,
)

FRAME = pd.DataFrame(
    {
        "grade": pd.Series(["Po", "Ex", "TA", None, "never heard of"], dtype=object),
        "colour": pd.Series(["red", "blue", None, "green", "red"], dtype=object),
        "length": [1.0, 2.0, np.nan, -4.0, 0.0],
        "width": [2.0, 0.0, 3.0, 8.0, 0.0],
    }
).set_axis([7, 3, 5, 1, 9])
GRADES = {"grade": ("Po", "TA", "Ex")}
TESTS = {
    "is_red": Condition("colour", levels=("red",)),
    "is_warm": Condition("colour", levels=("red", "orange")),
    "is_long": Condition("length", threshold=1.0),
}
FORMULAS = {
    "total": Formula("sum", ("length", "width"), (1.0, 0.5)),
    "area": Formula("product", ("length", "width")),
    "shape": Formula("ratio", ("length", "width")),
    "gap": Formula("elapsed", ("width", "length")),
    "grown": Formula("product", ("total", "area", "area")),
}
TRANSFORMERS = [
    OrderedLevels(GRADES),
    Indicators(TESTS),
    DerivedFeatures(FORMULAS),
    DateParts({"length": ("minute", "month_cycle")}),
]
each_transformer = pytest.mark.parametrize(
    "transformer", TRANSFORMERS, ids=lambda one: type(one).__name__
)


# scikit-learn offers all of its checks; one asks for an environment variable and skips itself.
@parametrize_with_checks(
    [
        OrderedLevels(),
        Indicators(),
        Indicators({"above": Condition("x0", threshold=0.5)}),
        DateParts(),
        DateParts({"x0": ("day", "weekday_cycle", "elapsed_days")}),
        DerivedFeatures(),
        DerivedFeatures({"twice": Formula("sum", ("x0",), (2.0,))}),
    ]
)
def test_every_check_of_scikit_learn_passes(estimator: Any, check: Any) -> None:
    """No check for estimators is expected to fail."""
    check(estimator)


def test_levels_become_ranks_from_zero() -> None:
    """The lowest level is 0; what is missing or unknown becomes NaN."""
    ranked = OrderedLevels(GRADES).fit_transform(FRAME)

    expected = pd.Series([0.0, 2.0, 1.0, np.nan, np.nan], index=FRAME.index, name="grade")
    pd.testing.assert_series_equal(expected, ranked["grade"])


def test_other_columns_stay_as_they_are() -> None:
    """Only the columns that are named change."""
    ranked = OrderedLevels(GRADES).fit_transform(FRAME)

    pd.testing.assert_frame_equal(FRAME.drop(columns="grade"), ranked.drop(columns="grade"))


def test_the_order_is_the_one_given_and_not_one_learnt() -> None:
    """Rows and target have no influence on the ranks."""
    fitted = OrderedLevels({"grade": ("Ex", "TA", "Po")}).fit(FRAME.iloc[:1], [1.0])

    assert [2.0, 0.0, 1.0] == fitted.transform(FRAME)["grade"].tolist()[:3]


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (["b", "a", None, "b"], "b"),
        (["b", "a", None, None], "a"),
        ([2.0, np.nan, 3.0, 3.0], 3.0),
        ([2.0, np.nan, 3.0, np.nan], 2.0),
    ],
)
def test_the_most_frequent_value_stands_in_for_none(values: Any, expected: Any) -> None:
    """Of several that are equally frequent it is the first in order, on every run."""
    frame = pd.DataFrame({"x": pd.Series(values, dtype=object if "a" in values else float)})
    imputer = MostFrequentImputer(
        "frequent", variables=["x"], return_object=True, ignore_format=True
    )

    filled = imputer.fit_transform(frame)

    assert [expected if pd.isna(value) else value for value in values] == filled["x"].tolist()
    assert {"x": expected} == clone(imputer).fit(frame).imputer_dict_


def test_a_column_without_values_has_no_most_frequent_one() -> None:
    """The message names the column."""
    frame = pd.DataFrame({"x": pd.Series([None, None], dtype=object), "y": [1.0, 2.0]})

    with pytest.raises(ValueError, match="No row has a value to learn from: x"):
        MostFrequentImputer("frequent", variables=["x", "y"]).fit(frame)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("is_red", [1.0, 0.0, 0.0, 0.0, 1.0]),
        ("is_warm", [1.0, 0.0, 0.0, 0.0, 1.0]),
        ("is_long", [0.0, 1.0, 0.0, 0.0, 0.0]),
    ],
)
def test_answers_are_one_or_zero(name: str, expected: Any) -> None:
    """A missing value is neither a level nor above anything."""
    assert expected == Indicators(TESTS).fit_transform(FRAME)[name].tolist()


def test_new_columns_come_last_in_the_order_of_the_tests() -> None:
    """The columns that came keep their places."""
    columns = Indicators(TESTS).fit_transform(FRAME).columns.tolist()

    assert [*FRAME.columns, *TESTS] == columns


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("total", [2.0, 2.0, np.nan, 0.0, 0.0]),
        ("area", [2.0, 0.0, np.nan, -32.0, 0.0]),
        ("shape", [0.5, 0.0, np.nan, -0.5, 0.0]),
        ("gap", [1.0, 0.0, np.nan, 12.0, 0.0]),
        ("grown", [8.0, 0.0, np.nan, 0.0, 0.0]),
    ],
)
def test_each_verb_computes_what_it_says(name: str, expected: Any) -> None:
    """A ratio to 0 is 0, time never runs backwards, and later formulas see earlier ones."""
    made = DerivedFeatures(FORMULAS).fit_transform(FRAME)

    np.testing.assert_array_equal(expected, made[name].to_numpy())


def test_rows_keep_their_index() -> None:
    """A frame whose rows are numbered otherwise is not joined with itself."""
    made = DerivedFeatures(FORMULAS).fit_transform(FRAME)

    assert FRAME.index.tolist() == made.index.tolist()
    assert [*FRAME.columns, *FORMULAS] == made.columns.tolist()


def test_whole_numbers_are_no_special_case() -> None:
    """A ratio of int columns is not cut to whole numbers."""
    frame = pd.DataFrame({"a": [1, 3], "b": [2, 0]})
    made = DerivedFeatures({"share": Formula("ratio", ("a", "b"))}).fit_transform(frame)

    assert [0.5, 0.0] == made["share"].tolist()


@given(
    st.lists(st.tuples(*[st.floats(-1e6, 1e6, allow_subnormal=False)] * 2), min_size=1, max_size=5)
)
def test_formulas_agree_with_plain_arithmetic(rows: Any) -> None:
    """Each verb gives, value by value, what Python gives."""
    frame = pd.DataFrame(rows, columns=["length", "width"])
    made = DerivedFeatures(FORMULAS).fit_transform(frame)

    assert [a + 0.5 * b for a, b in rows] == made["total"].tolist()
    assert [a * b for a, b in rows] == made["area"].tolist()
    assert [a / b if b else 0.0 for a, b in rows] == made["shape"].tolist()
    assert [max(b - a, 0.0) for a, b in rows] == made["gap"].tolist()


@each_transformer
def test_the_frame_that_comes_in_is_not_changed(transformer: Any) -> None:
    """Callers may go on using their frame."""
    frame = FRAME.copy(deep=True)
    clone(transformer).fit(frame).transform(frame)

    pd.testing.assert_frame_equal(FRAME, frame)


@each_transformer
def test_columns_that_are_needed_and_absent_are_named(transformer: Any) -> None:
    """The message says which transformer needs which column."""
    with pytest.raises(ValueError, match="needs columns that did not come: (grade|colour|length)"):
        clone(transformer).fit(FRAME[["width"]])


@each_transformer
@pytest.mark.parametrize(
    "columns", [["grade", "colour"], [*reversed(FRAME.columns)]], ids=["fewer", "other order"]
)
def test_other_columns_than_those_fitted_are_refused(transformer: Any, columns: Any) -> None:
    """Columns are never taken for others."""
    fitted = clone(transformer).fit(FRAME)

    with pytest.raises(ValueError, match="feature names should match"):
        fitted.transform(FRAME[columns])


@each_transformer
def test_two_columns_of_one_name_are_refused(transformer: Any) -> None:
    """Which of the two is meant cannot be known."""
    with pytest.raises(ValueError, match="columns with different names"):
        clone(transformer).fit(pd.concat([FRAME, FRAME], axis=1))


@each_transformer
def test_transforming_needs_fitting(transformer: Any) -> None:
    """An unfitted transformer says so."""
    with pytest.raises(NotFittedError):
        clone(transformer).transform(FRAME)


@each_transformer
def test_a_clone_has_equal_parameters_and_is_not_fitted(transformer: Any) -> None:
    """Cross-validation starts from scratch in each fold."""
    fitted = clone(transformer).fit(FRAME)
    copy = clone(fitted)

    assert fitted.get_params() == copy.get_params()
    assert not hasattr(copy, "n_features_in_")


@each_transformer
def test_parameters_can_be_set(transformer: Any) -> None:
    """get_params and set_params are each other's inverse."""
    parameters = transformer.get_params()
    other = type(transformer)().set_params(**parameters)

    pd.testing.assert_frame_equal(
        clone(transformer).fit_transform(FRAME), other.fit_transform(FRAME)
    )


@each_transformer
def test_names_out_are_the_columns_out(transformer: Any) -> None:
    """A pipeline can say what its estimator sees."""
    fitted = clone(transformer).fit(FRAME)

    assert fitted.transform(FRAME).columns.tolist() == list(fitted.get_feature_names_out())


@each_transformer
@pytest.mark.parametrize("container", ["default", "pandas"])
def test_output_is_a_frame_in_either_setting(transformer: Any, container: Any) -> None:
    """set_output changes nothing: frames come out in any case."""
    expected = clone(transformer).fit_transform(FRAME)
    actual = clone(transformer).set_output(transform=container).fit_transform(FRAME)

    pd.testing.assert_frame_equal(expected, actual)


@each_transformer
def test_pickling_keeps_what_was_fitted(transformer: Any) -> None:
    """The joblib pipeline holds these transformers."""
    fitted = clone(transformer).fit(FRAME)
    copy = pickle.loads(pickle.dumps(fitted))

    pd.testing.assert_frame_equal(fitted.transform(FRAME), copy.transform(FRAME))


def test_they_follow_each_other_in_a_pipeline() -> None:
    """Ranks can be compared and calculated with."""
    pipeline = make_pipeline(
        OrderedLevels(GRADES),
        Indicators({"is_good": Condition("grade", threshold=0.0)}),
        DerivedFeatures({"good_width": Formula("product", ("is_good", "width"))}),
    )

    made = pipeline.fit_transform(FRAME)

    assert [0.0, 0.0, 3.0, 0.0, 0.0] == made["good_width"].tolist()
    assert made.columns.tolist() == list(pipeline.get_feature_names_out())


MOMENTS = st.datetimes(datetime(1, 1, 1), datetime(9999, 12, 31, 23, 59))
OF_THE_CLOCK = ("hour", "minute", "hour_cycle")


@given(st.lists(MOMENTS.map(lambda one: one.replace(microsecond=0)), min_size=1, max_size=9))
def test_parts_are_those_of_pythons_calendar(moments: list[datetime]) -> None:
    """Each part, for a timestamp and for the day of it."""
    seconds = [moment.replace(tzinfo=UTC).timestamp() for moment in moments]
    frame = pd.DataFrame({"at": seconds, "on": seconds})
    of_days = [part for part in PARTS if part not in OF_THE_CLOCK]
    found = DateParts({"at": [*PARTS], "on": of_days}, ["on"]).fit_transform(frame)

    for i, moment in enumerate(moments):
        parts = {
            "year": moment.year,
            "month": moment.month,
            "day": moment.day,
            "weekday": moment.weekday(),
            "day_of_year": moment.timetuple().tm_yday,
            "hour": moment.hour,
            "minute": moment.minute,
            "elapsed_days": (seconds[i] - min(seconds)) / 86_400,
        }
        for part, (value, length) in {
            "month": (moment.month - 1, 12),
            "weekday": (moment.weekday(), 7),
            "day_of_year": (parts["day_of_year"] - 1, 365.25),
            "hour": (moment.hour, 24),
        }.items():
            parts[f"{part}_cycle_sine"] = math.sin(2 * math.pi * value / length)
            parts[f"{part}_cycle_cosine"] = math.cos(2 * math.pi * value / length)
        expected = {f"at_{part}": value for part, value in parts.items()}
        days = (moment.date() - min(moments).date()).days
        expected |= {
            f"on_{part}": value
            for part, value in (parts | {"elapsed_days": days}).items()
            if part.split("_cycle")[0] not in ("hour", "minute")
        }
        assert pytest.approx(expected, abs=1e-12) == found.iloc[i].to_dict()


def test_days_elapse_from_the_earliest_of_fit() -> None:
    """Before it they are negative; a missing time has no part."""
    fitted = DateParts({"at": ("elapsed_days", "month")}).fit(pd.DataFrame({"at": [1e6, 2e6]}))
    found = fitted.transform(pd.DataFrame({"at": [1e6 - 86_400, np.nan]}))

    assert {"at": 1e6} == fitted.earliest_
    assert ["at_elapsed_days", "at_month"] == list(fitted.get_feature_names_out())
    np.testing.assert_array_equal([[-1.0, 1.0], [np.nan, np.nan]], found.to_numpy())


def test_levels_that_are_numbers_stand_for_themselves() -> None:
    """The other columns have ranks."""
    frame = pd.DataFrame({"doors": ["2", "12", None], "grade": ["Po", "Ex", "TA"]}, dtype=object)
    found = OrderedLevels({"doors": ("2", "3.5", "12"), **GRADES}, ["doors"]).fit_transform(frame)

    np.testing.assert_array_equal([[2.0, 0.0], [12.0, 2.0], [np.nan, 1.0]], found.to_numpy())
