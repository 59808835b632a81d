"""Numbers as people read them."""

import math
from typing import Any

import pytest

from regression_model.display import Amounts, count, percent, plain, share, short


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (0, "0"),
        (208_500, "208,500"),
        (999.96, "1,000"),
        (12.3456, "12.35"),
        (-1234.5, "−1,234"),
        (-0.0, "0"),
        (1e-7, "1e-07"),
        (math.nan, "–"),
    ],
)
def test_plain(value: Any, expected: Any) -> None:
    """Whole from a thousand on, else four significant digits."""
    assert expected == plain(value)


@pytest.mark.parametrize(
    ("value", "expected"),
    [(200_000, "200k"), (1_500_000, "1.5M"), (999_999, "1M"), (950, "950"), (-12_345, "−12.3k")],
)
def test_short(value: Any, expected: Any) -> None:
    """Three digits and a letter."""
    assert expected == short(value)


@pytest.mark.parametrize(
    ("unit", "full", "brief", "tick", "title"),
    [
        ("US dollars", "−$208,500", "−$208k", "−$208k", "price"),
        ("euros", "−€208,500", "−€208k", "−€208k", "price"),
        ("kWh", "−208,500 kWh", "−208k kWh", "−208k", "price (kWh)"),
        (None, "−208,500", "−208k", "−208k", "price"),
    ],
)
def test_amounts(unit: Any, full: Any, brief: Any, tick: Any, title: Any) -> None:
    """Money has its sign in front, other units follow, and an axis says them once."""
    amounts = Amounts.of(unit)
    written = (amounts.full(-208_500), amounts.short(-208_500), amounts.tick(-208_500))
    assert (full, brief, tick) == written
    assert title == amounts.title("price")


def test_a_sign_is_put_before_the_currency() -> None:
    """As people write it."""
    assert "+$12" == Amounts.of("US dollars").full(12, sign=True)
    assert "$0" == Amounts.of("US dollars").full(0, sign=True)


def test_a_range_is_in_the_unit() -> None:
    """Each end of it, where the sign stands in front."""
    assert "$1 to $2" == Amounts.of("US dollars").range("1 to 2")
    assert "1 to 2 kWh" == Amounts.of("kWh").range("1 to 2")


def test_percentages() -> None:
    """With a real minus, and a plus where it is asked for."""
    assert ["7.2%", "−7%", "+7.2%"] == [
        percent(0.0721),
        percent(-0.0721, 0),
        percent(0.0721, sign=True),
    ]
    assert ["90%", "97.5%"] == [share(0.9), share(0.975)]


def test_counts() -> None:
    """One of a thing is no plural."""
    assert ["1 row", "1,460 rows"] == [count(1, "row"), count(1460, "row")]
