"""The program that measures drift on made rows, at a small size."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path

import pytest


@pytest.mark.usefixtures("benchmarks")
def test_a_made_shift_is_found_and_nothing_else(tmp_path: Path) -> None:
    """Half a standard deviation in 500 rows, and no alarm where nothing has changed."""
    drift = import_module("benchmarks.drift")
    table = drift.MadeTable(numbers=5, levels=2)
    models = [table.model(tmp_path, rows=600)]

    usual, shifted = (
        drift.simulated(table, models, rows=500, shift=shift, resamples=20) for shift in (0.0, 0.5)
    )

    assert usual.alarms <= drift.FALSE_ALARMS
    assert 1.0 == shifted.of_field == shifted.alarms
