"""The simpler models that a model should be better than, on tables of any number of levels."""

from typing import Any

import pytest

np = pytest.importorskip("numpy")
pd = pytest.importorskip("pandas")
pytest.importorskip("sklearn")

from regression_model.training.baselines import (  # noqa: E402
    _linear,
    _most_levels,
    plain_linear,
)
from regression_model.training.cross_validation import Fold  # noqa: E402
from regression_model.training.intervals import scale_of  # noqa: E402


def table(rows: int, levels: int) -> Any:
    """A number and two fields of levels, and a target that follows from the number and a level."""
    random = np.random.default_rng(0)
    first = random.integers(0, levels, rows)
    frame = pd.DataFrame(
        {
            "size": random.uniform(1, 9, rows),
            "place": pd.Series([f"p{i}" for i in first], dtype=object),
            "kind": pd.Series([f"k{i}" for i in random.integers(0, 3, rows)], dtype=object),
        }
    )
    return frame, frame["size"].to_numpy() + (first % 2)


def folds(rows: int) -> Any:
    """Two halves, each predicted by the other."""
    half = np.arange(rows) < rows // 2
    parts = [np.flatnonzero(half), np.flatnonzero(~half)]
    nothing = np.empty((0, 0))
    orders = (parts, parts[::-1])
    return [Fold(train, test, nothing, nothing, None) for train, test in orders]


def test_each_level_of_a_usual_table_has_a_column() -> None:
    """Nothing is grouped while the levels are few: what follows from them is found exactly."""
    frame, target = table(400, 20)
    assert _most_levels(frame) is None
    predicted = plain_linear(frame, target, scale_of("none", None), folds(400))
    np.testing.assert_allclose(predicted, target, atol=1e-8)


def test_thousands_of_levels_share_500_columns() -> None:
    """The rarest of them; `python -m benchmarks.hostile` shows what that saves."""
    frame, target = table(12_000, 3_500)
    fitted = _linear(_most_levels(frame)).fit(frame[:6_000], target[:6_000])
    assert fitted[-1].coef_.size <= 501
    predicted = plain_linear(frame, target, scale_of("none", None), folds(12_000))
    assert np.corrcoef(predicted, target)[0, 1] > 0.95


def test_a_table_of_texts_alone_and_one_of_numbers_alone() -> None:
    """More fields than columns are allowed, and no field of levels at all."""
    assert 1 == _most_levels(pd.DataFrame({f"t{i}": ["a", "b"] for i in range(600)}, dtype=object))
    assert _most_levels(pd.DataFrame({"n": [1.0]})) is None
