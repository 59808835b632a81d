"""What the model file holds of its training rows, and how exact the tests are with it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from scipy import stats

from regression_model import Model, monitor_rows
from regression_model.config.sections import Monitoring
from regression_model.monitoring import Settings
from regression_model.monitoring.reference import Reference, Sketch
from regression_model.runtime.model_file.sealing import reseal

Floats = npt.NDArray[np.float64]


def statistic(sketch: Sketch, values: Floats) -> float:
    """The largest difference of shares over the values of a sketch."""
    ours, theirs = sketch.counts.cumsum(), sketch.count(values).cumsum()
    return float(np.abs(ours / ours[-1] - theirs / theirs[-1]).max())


@pytest.mark.parametrize("shift", [0.0, 0.1, 0.5, 3.0])
@pytest.mark.parametrize(
    "draw",
    [
        lambda generator, rows: generator.normal(size=rows),
        lambda generator, rows: generator.lognormal(0, 2, rows),
        lambda generator, rows: generator.poisson(4, rows).astype(float),
        lambda generator, rows: np.where(
            generator.random(rows) < 0.6, 0.0, generator.normal(size=rows)
        ),
    ],
    ids=["normal", "skewed", "counts", "half zeros"],
)
def test_the_error_of_a_sketch_is_at_most_what_it_states(
    draw: Callable[..., Floats], shift: float
) -> None:
    """Beside scipy's statistic of the rows themselves; with few distinct numbers there is none."""
    for seed, parts in enumerate((5, 20, 100)):
        generator = np.random.default_rng(seed)
        ours, theirs = draw(generator, 900), draw(generator, 400) + shift
        sketch = Sketch.of(ours, parts=parts)

        exact = stats.ks_2samp(ours, theirs).statistic
        found = statistic(sketch, theirs)

        assert sketch.error <= 1 / parts
        assert exact - sketch.error - 1e-12 <= found <= exact + 1e-12
        if len(np.unique(ours)) <= 20 < parts:
            assert exact == pytest.approx(found)


def test_a_sketch_is_small_and_holds_the_ends() -> None:
    """At most 101 numbers, whatever the rows are."""
    values = np.random.default_rng(0).normal(size=50_000)

    sketch = Sketch.of(values)

    assert len(sketch.values) <= 101
    assert [values.min(), values.max()] == [sketch.values[0], sketch.values[-1]]
    assert 50_000 == sketch.rows
    assert 0 < sketch.error <= 0.01


def test_a_sketch_comes_back_from_the_file(
    stand: Model, training_rows: list[dict[str, Any]]
) -> None:
    """Of numbers and of dates, which are texts there."""
    reference = Reference(stand)

    by_name = dict(zip((f.name for f in stand.contract.numbers), reference.sketches, strict=True))

    heat = np.array([row["heat"] for row in training_rows])
    assert by_name["heat"] is not None and by_name["opened"] is not None
    np.testing.assert_array_equal(Sketch.of(heat).counts, by_name["heat"].counts)
    assert 1500 == by_name["opened"].rows
    known = sum(row["visitors"] is not None for row in training_rows)
    assert by_name["visitors"] is not None and known == by_name["visitors"].rows
    assert 1500 - known == reference.missing[0]
    levels = dict(zip((f.name for f in stand.contract.categories), reference.levels, strict=True))
    places = [row["place"] for row in training_rows]
    assert levels["place"] is not None
    assert [places.count(n) for n in stand.contract.field("place").coded_levels] == [
        *levels["place"]
    ]
    assert reference.untold is None


@pytest.mark.parametrize(
    "recorded",
    [
        None,
        5,
        {},
        {"values": [1, 2]},
        {"values": [2, 1], "counts": [1, 1, 1]},
        {"values": [1, 2], "counts": [1, 1]},
        {"values": [1, 2], "counts": [1, -1, 1]},
        {"values": ["x", 2], "counts": [1, 1, 1]},
        {"values": [10**400, 2], "counts": [1, 1, 1]},
        {"values": [], "counts": []},
    ],
)
def test_what_is_no_sketch_is_not_taken_for_one(recorded: Any) -> None:
    """A file may hold anything."""
    assert Sketch.from_dict(recorded) is None


def test_an_older_file_says_what_it_does_not_hold(stand: Model, training_rows: Any) -> None:
    """Levels and missing values are tested, and it is said what is not, and the way out."""
    manifest = stand.manifest
    del manifest["monitoring"]
    _, (content,) = stand.__reduce__()
    older = Model(reseal(content, manifest, name="older"))
    rows = [{**row, "place": "pier"} for row in training_rows[:300]]

    report = monitor_rows(older, rows)

    verdicts = {one.name: one.verdict for one in report.everything.fields}
    assert "drift" == verdicts["place"]
    assert "not tested" == verdicts["heat"] == report.everything.predictions.verdict
    assert Settings() == report.settings
    [note] = report.notes
    assert "written by an earlier version" in note and "Train it again" in note


def test_the_settings_travel_in_the_model_file(stand: Model) -> None:
    """Those of the configuration, and the defaults of both halves are the same."""
    assert 0.08 == Reference(stand).settings.effect
    assert Settings() == Settings.from_dict(Monitoring().model_dump(mode="json"))
    assert Settings() == Settings.from_dict({"effect": "much", "ignore": 5, "significance": True})
