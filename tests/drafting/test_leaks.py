"""Columns that give the target away."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pytest

from regression_model.drafting.leaks import find_leaks
from regression_model.drafting.table import Column

RANDOM = np.random.default_rng(1)
X, NOISE = RANDOM.normal(size=(2, 300))
CASUAL, REGISTERED = RANDOM.poisson(30, 300), RANDOM.poisson(90, 300)


def leaks(columns: Mapping[str, Sequence[Any]], target: Any) -> set[str]:
    """The columns that give a target away."""
    named = [Column.of(name, cells) for name, cells in columns.items()]
    return set(find_leaks(named, np.asarray(target, dtype=float)))


@pytest.mark.parametrize(
    ("columns", "target", "expected"),
    [
        ({"x": X, "log": np.exp(X + 3)}, X, {"x", "log"}),
        ({"x": X, "kilos": 0.4536 * (X + NOISE)}, X + NOISE, {"kilos"}),
        ({"x": X}, X + NOISE, set()),
        ({"x": X}, X + 0.3 * NOISE, set()),
        ({"casual": CASUAL, "registered": REGISTERED, "x": X}, CASUAL + REGISTERED, None),
        ({"begin": CASUAL, "end": REGISTERED, "x": X}, REGISTERED - CASUAL, {"begin", "end"}),
        ({"casual": CASUAL, "twice": 2 * CASUAL, "more": REGISTERED}, CASUAL + REGISTERED, None),
    ],
    ids=["functions", "scaled", "noisy", "good", "sum", "difference", "dependent"],
)
def test_columns_that_determine_the_target(
    columns: Mapping[str, Sequence[Any]], target: Any, expected: set[str] | None
) -> None:
    """Alone, by any function; or as a sum, of which no part alone gives it away."""
    found = leaks(columns, target)
    if expected is None:
        assert {"casual", *({"registered", "more"} & {*columns})} <= found
        assert "x" not in found
    else:
        assert found == expected


def test_levels_that_determine_the_target() -> None:
    """A town whose name tells the price to the cent."""
    towns = RANDOM.integers(20, size=300)
    names = [f"town {town}" for town in towns]
    assert leaks({"town": names, "x": X}, towns * 3.0) == {"town"}
    assert leaks({"town": names, "x": X}, towns * 3.0 + 30 * NOISE) == set()


def test_few_rows_accuse_no_column() -> None:
    """With a dozen rows, anything may fit by chance."""
    assert leaks({"x": X[:12]}, X[:12] * 2) == set()
