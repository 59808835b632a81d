"""The proof that a graph and its pipeline agree: what passes, what does not, what it says."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from regression_model.errors import ExportError
from regression_model.training.export import Parity, prove_parity
from regression_model.training.export.proof import TOLERANCE

PRICES = np.array([100_000.0, 250_000.0, 80_000.0])


def test_equal_prices_are_no_distance_apart() -> None:
    """The result says how many rows were compared."""
    assert Parity(3, 0.0) == prove_parity(PRICES, PRICES.copy())


def test_no_rows_agree() -> None:
    """Nothing to compare is no disagreement."""
    assert Parity(0, 0.0) == prove_parity(np.empty(0), np.empty(0))


@pytest.mark.parametrize("factor", [1 + 9e-10, 1 - 9e-10])
def test_the_largest_difference_is_kept(factor: Any) -> None:
    """It stands in the model file."""
    actual = PRICES * [1.0, factor, 1 + 1e-12]

    parity = prove_parity(PRICES, actual)

    assert 3 == parity.rows
    assert 9e-10 == pytest.approx(parity.largest_relative_difference, rel=1e-5)


@pytest.mark.parametrize("factor", [1 + 1.1e-9, 1 - 1.1e-9, 2.0, 0.0, -1.0, np.nan, np.inf])
def test_one_row_that_differs_is_named(factor: Any) -> None:
    """The message has the row and both prices."""
    actual = PRICES * [1.0, factor, 1.0]

    with pytest.raises(ExportError) as caught:
        prove_parity(PRICES, actual)

    message = str(caught.value)
    assert "row 1 gives" in message
    assert repr(actual[1]) in message
    assert repr(PRICES[1]) in message


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_a_pipeline_that_gives_no_number_is_no_proof(value: Any) -> None:
    """Two that are equally not finite agree on nothing."""
    prices = np.array([1.0, value])

    with pytest.raises(ExportError, match="row 1"):
        prove_parity(prices, prices.copy())


def test_a_tolerance_can_be_given() -> None:
    """Without one it is that of the promise."""
    assert 1e-9 == TOLERANCE
    assert 3 == prove_parity(PRICES, PRICES * 1.01, tolerance=0.02).rows


def test_a_price_of_zero_is_compared_with_care() -> None:
    """There is no relative difference to 0: only 0 will do."""
    assert Parity(1, 0.0) == prove_parity(np.zeros(1), np.zeros(1))
    with pytest.raises(ExportError):
        prove_parity(np.zeros(1), np.full(1, 1e-300))


@given(
    st.lists(st.tuples(st.floats(1.0, 1e9), st.floats(-3e-9, 3e-9)), min_size=1, max_size=20),
)
def test_it_passes_exactly_when_every_row_is_close(rows: Any) -> None:
    """One row beyond the tolerance is enough to refuse."""
    expected = np.array([price for price, _ in rows])
    actual = expected * (1 + np.array([difference for _, difference in rows]))
    is_close = bool((np.abs(actual - expected) <= TOLERANCE * expected * (1 - 1e-6)).all())
    is_far = bool((np.abs(actual - expected) > TOLERANCE * expected * (1 + 1e-6)).any())

    if is_far:
        with pytest.raises(ExportError):
            prove_parity(expected, actual)
    elif is_close:
        assert len(rows) == prove_parity(expected, actual).rows
