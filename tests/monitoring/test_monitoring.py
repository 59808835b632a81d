"""Whether drift is found where there is some, and not where there is none."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from threading import Thread
from typing import Any

import numpy as np
import pytest
from scipy import stats

from regression_model import InputError, Model, monitor_rows
from regression_model.monitoring import Compared, DriftReport, Settings
from regression_model.monitoring.reference import Reference
from regression_model.monitoring.run import RunningMonitor
from regression_model.monitoring.running import RunningProfile
from regression_model.monitoring.verdict import part_of
from regression_model.monitoring.windows import Windows

Rows = list[dict[str, Any]]
Draw = Callable[..., Rows]


def field(report: DriftReport, name: str) -> Compared:
    return next(one for one in report.everything.fields if one.name == name)


def test_no_drift_is_found_where_there_is_none(stand: Model, draw: Draw) -> None:
    """At most one false alarm in twenty, at sizes from 50 rows to 1,000."""
    alarms = [
        monitor_rows(stand, draw(seed, rows)).has_drift
        for seed, rows in enumerate([50, 100, 300, 1000] * 10, start=100)
    ]

    assert sum(alarms) <= 2


def test_half_a_standard_deviation_is_found(stand: Model, draw: Draw) -> None:
    """In 500 rows, in that field."""
    for seed in range(10):
        report = monitor_rows(stand, draw(seed, 500, shift=0.5))
        assert report.has_drift
        assert "heat" == report.everything.drifted[0].name


def test_the_tests_agree_with_scipy_on_the_rows_themselves(
    stand: Model, draw: Draw, training_rows: Rows
) -> None:
    """A number within the error of its sketch; a number with few values and levels exactly."""
    new = draw(7, 400, shift=0.2, missing=0.15, pier=0.1)

    report = monitor_rows(stand, new)

    heat, stock = field(report, "heat").tests[0], field(report, "stock").tests[0]
    both = [np.array([row["heat"] for row in rows]) for rows in (training_rows, new)]
    assert heat.statistic == pytest.approx(stats.ks_2samp(*both).statistic, abs=0.01)
    both = [np.array([row["stock"] for row in rows]) for rows in (training_rows, new)]
    expected = stats.ks_2samp(*both, method="asymp")
    assert (stock.statistic, stock.p_value) == pytest.approx(expected[:2])
    place = field(report, "place").tests[0]
    names = ["park", "market", "beach", "pier"]  # the zoo is rare, and goes with the pier
    table = [
        [sum(row["place"] == name for row in rows) for name in names]
        for rows in (training_rows, new)
    ]
    for line, rows in zip(table, (training_rows, new), strict=True):
        line[-1] += sum(row["place"] == "zoo" for row in rows)
    expected = stats.chi2_contingency(table)
    assert (place.statistic, place.p_value) == pytest.approx((expected[0], expected[1]))
    assert "drift" == field(report, "place").verdict
    [missing] = [test for test in field(report, "visitors").tests if test.of == "missing"]
    table = [
        [sum((row["visitors"] is None) == gone for row in rows) for gone in (True, False)]
        for rows in (training_rows, new)
    ]
    expected = stats.chi2_contingency(table, correction=False)
    assert (missing.statistic, missing.p_value) == pytest.approx((expected[0], expected[1]))
    assert missing.counts


def test_predictions_that_move_are_drift(stand: Model, draw: Draw) -> None:
    """Also where each field moves too little to count."""
    report = monitor_rows(stand, draw(3, 2000, shift=1.0), settings=Settings(ignore=("heat",)))

    assert "ignored" == field(report, "heat").verdict
    assert [] == [*report.everything.drifted]
    assert "drift" == report.everything.predictions.verdict
    assert report.has_drift


def test_a_difference_that_is_small_does_not_count(stand: Model, draw: Draw) -> None:
    """However many rows show it."""
    report = monitor_rows(
        stand, draw(3, 3000, shift=0.2), settings=Settings(effect=0.15, refused=0.15)
    )

    heat = field(report, "heat")
    assert "no drift" == heat.verdict
    assert heat.p_value < 0.001


def test_new_levels_values_beyond_all_and_refused_rows_are_rates(stand: Model, draw: Draw) -> None:
    """Of all new rows; a share of refused rows is drift by itself."""
    rows = draw(5, 200)
    for row in rows[:20]:
        row["place"] = "moon"
    for row in rows[20:30]:
        row["heat"] = 1e6
    for row in rows[30:40]:
        row["stock"] = -1
    for row in rows[40:45]:
        row["heat"] = None

    report = monitor_rows(stand, rows)

    assert 0.1 == field(report, "place").rates["unseen_level"]
    assert 0.05 == field(report, "heat").rates["outside_training_range"]
    assert 0.05 == field(report, "stock").rates["below_minimum"]
    assert 5 / 190 == field(report, "heat").rates["missing"]
    assert 15 == report.everything.refused
    assert "drift" == report.everything.refusals.verdict
    assert 0.025 == report.everything.refusals.rates["missing_value"]


def test_too_few_rows_are_not_tested(stand: Model, draw: Draw) -> None:
    """They alarm nobody, and are told apart from rows without drift."""
    report = monitor_rows(stand, draw(1, 12, shift=5.0))

    assert not report.has_drift
    assert {"too few rows"} == {one.verdict for one in report.everything.fields}


def test_the_population_stability_index_is_shown_from_300_rows_on(stand: Model, draw: Draw) -> None:
    """With fewer it is large by chance."""
    for rows, shown in ((299, False), (320, True)):
        report = monitor_rows(stand, draw(2, rows, missing=0.0))
        heat = field(report, "heat")
        assert shown == (heat.psi is not None) == (report.everything.predictions.psi is not None)
    assert heat.psi is not None and heat.psi < 0.1


def test_outcomes_show_that_the_model_got_worse(stand: Model, draw: Draw) -> None:
    """In its error and in the coverage of its intervals, of rows that look the same."""
    rows = draw(11, 400)
    good = [row["earned"] for row in rows]
    worse = [value + 25 * (-1) ** at for at, value in enumerate(good)]

    same, other = (monitor_rows(stand, rows, outcomes=known) for known in (good, worse))

    assert same.everything.outcomes is not None and other.everything.outcomes is not None
    assert "no drift" == same.everything.outcomes.verdict
    errors = np.array(good) - stand.predict(rows).values
    assert same.everything.outcomes.metrics["rmse"] == pytest.approx(np.sqrt(np.mean(errors**2)))
    assert {"error", "coverage"} == {t.of for t in other.everything.outcomes.tests if t.counts}
    assert other.has_drift and not other.everything.drifted


def test_outcomes_that_are_not_known_yet_do_not_count(stand: Model, draw: Draw) -> None:
    """Nor do those that are none, which are counted."""
    rows = draw(11, 100)
    outcomes: list[Any] = [row["earned"] for row in rows[:60]] + [None] * 38 + ["soon", True]

    report = monitor_rows(stand, rows, outcomes=outcomes)

    assert report.everything.outcomes is not None and 60 == report.everything.outcomes.rows
    assert ("2 outcomes are not usable and do not count.",) == report.notes


def test_windows_share_the_significance(stand: Model, draw: Draw) -> None:
    """And each has a verdict of its own."""
    running = RunningMonitor(stand, windows=Windows("quarter", "day"))
    for seed, shift, month in ((1, 0.0, 1), (2, 1.5, 4)):
        for start in (0, 45):
            part = draw(seed, 90, shift=shift)[start : start + 45]
            days = [
                f"2024-{month + at // 30:02d}-{at % 30 % 28 + 1:02d}"
                for at in range(start, start + 45)
            ]
            running.add(stand.predict(part), times=days)

    report = running.report()

    assert ["2024 Q1", "2024 Q2"] == [part.name for part in report.windows]
    assert [False, True] == [part.has_drift for part in report.windows]
    assert report.has_drift
    assert {0.05 / 3} == {part.significance for part in (report.everything, *report.windows)}


def test_windows_of_so_many_rows_are_in_the_order_of_the_rows(stand: Model, draw: Draw) -> None:
    """Across the slices in which they come."""
    running = RunningMonitor(stand, windows=Windows("60", None))
    rows = draw(1, 150)
    for start in (0, 50, 100):
        running.add(stand.predict(rows[start : start + 50]))

    windows = running.report().windows

    assert {"rows 1 to 60": 60, "rows 61 to 120": 60, "rows 121 to 180": 30} == {
        part.name: part.rows for part in windows
    }


@pytest.mark.parametrize(
    ("length", "cell", "name"),
    [
        ("year", 2024, "2024"),
        ("year", "2024.0", "2024"),
        ("year", "2024-05-17", "2024"),
        ("month", "2024-05-17T08:00", "2024-05"),
        ("quarter", "2024-05-17", "2024 Q2"),
        ("month", None, "without day"),
        ("month", "NA", "without day"),
    ],
)
def test_a_time_has_a_window(length: str, cell: object, name: str) -> None:
    """Numbers are years, and a missing time has a window of its own."""
    assert [name] == [*Windows(length, "day", ("NA",)).split(1, [cell])]


@pytest.mark.parametrize(
    ("length", "time", "sentence"),
    [
        ("week", "day", "A window is 'week': expected month, quarter, year or a number of rows."),
        ("0", None, "A window is '0': expected month, quarter, year or a number of rows."),
        ("month", None, "Windows of a month need a column"),
        ("50", "day", "Windows of 50 rows are cut in the order of the rows"),
    ],
)
def test_windows_that_cannot_be(length: str, time: str | None, sentence: str) -> None:
    """One sentence, with the way out."""
    with pytest.raises(InputError, match=sentence):
        Windows(length, time)


def test_a_profile_that_runs_is_merged_from_threads_and_parts(stand: Model, draw: Draw) -> None:
    """Counted at once, by threads, in parts, and as rows alone: the same."""
    rows = draw(4, 700)
    for row in rows[:30]:
        row["place"], row["stock"] = "moon", -1
    predictions = [stand.predict(rows[at : at + 7]) for at in range(0, 700, 7)]
    whole, shared = RunningProfile(Reference(stand)), RunningProfile(Reference(stand))
    whole.add(stand.predict(rows))

    def work(part: int) -> None:
        for prediction in predictions[part::3]:
            shared.add(prediction)

    threads = [Thread(target=work, args=(part,)) for part in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    merged = RunningProfile(Reference(stand))
    for half in (range(350), range(350, 700)):
        one = RunningProfile(Reference(stand))
        one.add(stand.predict(rows), np.array(half))
        merged.merge(one.counts)

    np.testing.assert_array_equal(whole.counts, shared.counts)
    np.testing.assert_array_equal(whole.counts, merged.counts)
    assert 700 == whole.rows == merged.rows


def test_a_report_needs_no_rows(stand: Model) -> None:
    """A service is asked before it has predicted anything."""
    running = RunningProfile(Reference(stand))

    part = part_of(running, running.reference.settings, name="none")

    assert not part.has_drift and 0 == part.tested == part.rows


def test_a_field_that_is_not_there_cannot_be_ignored(stand: Model, draw: Draw) -> None:
    """It may be a typing error."""
    with pytest.raises(InputError, match="'haet' cannot be ignored"):
        monitor_rows(stand, draw(1, 50), settings=replace(Settings(), ignore=("haet",)))
