"""`evaluation.split`: rows held out in groups, or predicted from those before them."""

from datetime import UTC, date, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.base import clone

from regression_model import Model
from regression_model.config.core import Config, parse_config
from regression_model.errors import ConfigError, DataError
from regression_model.evaluation.results import EvaluationResult
from regression_model.evaluation.tables import recorded_sentences
from regression_model.training import run
from regression_model.training.cross_validation import Splitter
from regression_model.training.evaluation import evaluate_pipeline
from regression_model.training.held_out import HeldOutPredictions, holdout, measure
from regression_model.training.pipeline import build_pipeline
from regression_model.training.rows import TrainingData, read_training_data, time_of
from regression_model.tuning import run_nested_tuning

CONFIG = """\
name: rides
description: Rides by the day
target:
  name: rides
  description: Rides in a day
data:
  training: rows.csv
features:
  x:
    description: A number
    kind: number
  place:
    description: Where
    kind: nominal
    encode: mean
estimator:
  ridge:
    alpha: 1
evaluation:
  folds: 4
  split: by time day
  groups: place
  baseline: place
  without: x
interval:
  ridge_alpha: 1
tuning:
  trials: 3
  search:
    estimator.ridge.alpha: 0.1 to 10, log
"""
GROUPED = CONFIG.replace("by time day", "grouped by store")
TIME, GROUPS = parse_config(CONFIG), parse_config(GROUPED)


def table(rows: int = 150) -> dict[str, Any]:
    """Rows in no order, three a day, whose target grows with time."""
    generator = np.random.default_rng(1)
    day = generator.permutation(rows) // 3
    x = generator.normal(size=rows)
    place = generator.choice(["a", "b", "c"], rows)
    store = generator.integers(0, 12, rows)
    rides = x + (place == "a") + 0.02 * day + generator.normal(0, 0.5, rows)
    return {
        "x": x.tolist(),
        "place": place.tolist(),
        "store": [f"store {i}" for i in store],
        "day": [str(date(2010, 1, 1) + timedelta(int(i))) for i in day],
        "rides": rides.tolist(),
    }


def data_of(config: Config, columns: Any = None) -> TrainingData:
    """The rows as training reads them."""
    return read_training_data(config, columns or table(), source="rows.csv")


def nothing(*_: object) -> None:
    """Report no progress."""


def held_out_of(config: Config, columns: Any = None) -> HeldOutPredictions:
    """The only cross-validation of a configuration."""
    (held_out,) = measure(config, data_of(config, columns), progress=nothing).held_out
    return held_out


@given(
    st.lists(st.integers(0, 30), min_size=8, max_size=80), st.integers(2, 6), st.integers(0, 2**33)
)
def test_windows_follow_one_another(values: list[int], folds: int, seed: int) -> None:
    """Each is predicted from all rows before it, and rows of one time are in one window."""
    by, rows = np.array(values), np.arange(len(values))
    splitter = Splitter(None, "day", by, is_by_time=True)
    if len(set(values)) <= folds:
        with pytest.raises(DataError, match=r"evaluation\.split: day has"):
            splitter.split(rows, folds=folds, seed=seed)
        return

    splits = splitter.split(rows, folds=folds, seed=seed)

    assert folds == len(splits)
    seen = set(splits[0][0].tolist())
    for train, test in splits:
        assert seen == {*train.tolist()} and len(test)
        assert by[train].max() < by[test].min()
        seen |= {*test.tolist()}
    assert seen == {*rows.tolist()}


def test_windows_have_one_size_where_times_allow_it() -> None:
    """The first block and each window."""
    splitter = Splitter(None, "day", np.arange(100), is_by_time=True)

    splits = splitter.split(np.arange(100), folds=4, seed=0)

    assert [20] * 4 == [len(test) for _, test in splits]
    assert [20, 40, 60, 80] == [len(train) for train, _ in splits]


@given(
    st.lists(st.integers(0, 9), min_size=6, max_size=80), st.integers(2, 6), st.integers(0, 2**33)
)
def test_a_group_is_never_on_both_sides(values: list[int], folds: int, seed: int) -> None:
    """And every row is held out once."""
    by, rows = np.array(values), np.arange(len(values))
    splitter = Splitter(None, "store", by)
    if len(set(values)) < folds:
        with pytest.raises(DataError, match=r"evaluation\.split: store has"):
            splitter.split(rows, folds=folds, seed=seed)
        return

    splits = splitter.split(rows, folds=folds, seed=seed)

    assert rows.tolist() == sorted(np.concatenate([test for _, test in splits]))
    for train, test in splits:
        assert not {*by[train]} & {*by[test]}
        assert rows.tolist() == sorted([*train, *test])


@pytest.mark.parametrize("config", [TIME, GROUPS], ids=["time", "grouped"])
def test_held_out_predictions_are_those_of_a_model_that_saw_the_other_side(config: Config) -> None:
    """Fitted here once more, window by window and group by group."""
    held_out, data = held_out_of(config), data_of(config)
    by = np.unique(table()["day" if config is TIME else "store"], return_inverse=True)[1]
    scored = held_out.scored

    for fold in np.unique(scored.fold):
        test = held_out.rows[scored.fold == fold]
        is_train = by < by[test].min() if config is TIME else ~np.isin(by, by[test])
        pipeline = clone(build_pipeline(config))
        pipeline.fit(data.frame[is_train], data.target[is_train])
        expected = pipeline.predict(data.frame.iloc[test])
        np.testing.assert_allclose(scored.prediction[scored.fold == fold], expected, rtol=1e-12)


def test_nothing_before_a_window_depends_on_what_follows() -> None:
    """Predictions and intervals, of the first window too, whatever later targets are."""
    columns, before = table(), held_out_of(TIME)
    last = before.rows[before.scored.fold == 3]
    columns["rides"] = [
        value + 100 * (row in {*last.tolist()}) for row, value in enumerate(columns["rides"])
    ]

    after = held_out_of(TIME, columns)

    assert 120 == len(before.rows)
    assert before.rows.tolist() == after.rows.tolist()
    for one, other in (
        (before.scored.prediction, after.scored.prediction),
        (before.scored.lower, after.scored.lower),
        (before.scored.upper, after.scored.upper),
    ):
        assert one is not None and other is not None and np.isfinite(one).all()
        assert (one == other).all()


@pytest.mark.parametrize("config", [TIME, GROUPS], ids=["time", "grouped"])
def test_an_evaluation_is_of_the_rows_that_were_held_out(config: Config) -> None:
    """Metrics, groups, details, baselines and what is left without a column."""
    data = data_of(config)

    found = evaluate_pipeline(config, data)

    rows = 120 if config is TIME else 150
    details = found.details
    assert rows == found.rows == len(details.index) == sum(g.rows for g in found.groups["place"])
    target = np.asarray(data.target)[details.index]
    assert target.tolist() == details.target.tolist()
    assert np.isfinite([details.prediction, details.lower, details.upper]).all()
    errors = np.abs(details.prediction - target)
    assert errors.mean() == pytest.approx(found.metrics["mae"].value)
    inside = (details.lower <= target) & (target <= details.upper)
    assert inside.mean() == pytest.approx(found.metrics["coverage"].value)
    assert found.without["x"]["mae"].value > found.metrics["mae"].value
    plain = found.baselines["plain linear"]
    assert plain["rmse"].value < found.baselines["median by place"]["rmse"].value
    assert "x" == found.importances[0].field
    words = "4 windows by time day" if config is TIME else "4 folds grouped by store"
    assert f"cross-validated, {words}" == found.validated


def test_the_holdout_is_the_end_of_the_rows_or_whole_groups() -> None:
    """Not rows at random."""
    columns = table()
    target = np.array(columns["rides"])
    days, stores = np.array(columns["day"], dtype="datetime64[D]"), np.array(columns["store"])

    last = np.isin(target, holdout(TIME, data_of(TIME)).target)
    grouped = np.isin(target, holdout(GROUPS, data_of(GROUPS)).target)

    assert 30 == last.sum() and days[last].min() > days[~last].max()
    assert grouped.any() and not {*stores[grouped]} & {*stores[~grouped]}


def train(folder: Path, config: str) -> Any:
    """Train a configuration on the rows in a folder."""
    (folder / "config.yml").write_text(config)
    pd.DataFrame(table()).to_csv(folder / "rows.csv", index=False)
    return run.run_training(config_path=folder / "config.yml")


def test_report_card_and_file_say_what_a_split_by_time_promises(tmp_path: Path) -> None:
    """The report is drawn, and rows to predict may have the time."""
    result = train(tmp_path, CONFIG)

    model = Model(result.model_path.read_bytes())
    assert "by time day" == model.manifest["evaluation"]["split"]
    assert "windows in time" in model.manifest["interval"]["method"]
    assert "no guarantee" in " ".join(recorded_sentences(model.manifest))
    card = " ".join(result.card_path.read_text().split())
    page = " ".join(result.report_path.read_text().split())
    for text in (card, page):
        assert "4 windows by time day" in text
        assert "so it is no guarantee" in text
        assert "The 30 rows before the first window are not scored" in text
        assert "at random" not in text
    row = {"x": 0.0, "place": "a", "day": "2011-01-01"}
    assert [] == model.predict([row]).problems
    assert ["The field 'store' is not known and was not used."] == result.notes


def test_a_random_split_leaves_the_file_as_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No key is new."""
    monkeypatch.setattr(run, "_documents", lambda *_: ({}, []))

    manifest = train(tmp_path, CONFIG.replace("  split: by time day\n", "")).manifest

    assert "split" not in manifest["evaluation"]
    assert "beside" not in manifest["contract"]


@pytest.mark.parametrize("text", [CONFIG, GROUPED], ids=["time", "grouped"])
def test_nested_tuning_splits_in_the_same_way(tmp_path: Path, text: str) -> None:
    """Outside and inside; a split that is too small for it is refused before the search."""
    (tmp_path / "config.yml").write_text(text.replace("folds: 4", "folds: 2"))
    pd.DataFrame(table()).to_csv(tmp_path / "rows.csv", index=False)
    config, study = tmp_path / "config.yml", tmp_path / "study.log"

    result = run_nested_tuning(config_path=config, study_path=study, outer_folds=2)

    assert "rmse" == result.metric
    assert (99 if text is CONFIG else 150) == sum(fold.rows for fold in result.folds)
    pattern = "Outer fold 1 of" if text is CONFIG else "evaluation.split"
    with pytest.raises(DataError, match=pattern):
        run_nested_tuning(config_path=config, study_path=study, outer_folds=40)


TIMES = [
    (["3", 1, 2.5], "number"),
    (["2010-06-01", "2009-12-31T23:59", date(2010, 1, 1)], "date"),
    (["2010-06-01T13:00:05+02:00", "2010-06-01T10:59:00Z", "2010-06-01 11:00:00"], "date"),
    ([np.datetime64("2010-03-01"), pd.Timestamp("2009-01-01"), datetime(2009, 6, 1)], "date"),
]


@pytest.mark.parametrize(("cells", "kind"), TIMES)
def test_times_are_numbers_or_dates(cells: list[Any], kind: str) -> None:
    """In this order: the second is the first, then the third."""
    found = [time_of(cell) for cell in cells]

    assert [(kind, value) for _, value in filter(None, found)] == found
    assert [1, 2, 0] == np.argsort([value for _, value in filter(None, found)]).tolist()


@given(st.datetimes(datetime(1, 1, 3), datetime(9999, 12, 28)), st.integers(-23, 23))
def test_a_zone_does_not_change_when_it_is(moment: datetime, hours: int) -> None:
    """Taken in UTC."""
    there = moment.replace(tzinfo=UTC).astimezone(timezone(timedelta(hours=hours)))

    assert time_of(moment) == time_of(moment.isoformat()) == time_of(there.isoformat())


@pytest.mark.parametrize(
    ("config", "column", "cells", "words"),
    [
        (TIME, "day", {3: None}, "row 4: day is missing, and evaluation.split needs it."),
        (TIME, "day", {3: "soon"}, "row 4: day is 'soon': expected a date such as 2010-06-01"),
        (TIME, "day", {3: 7}, "rows.csv: day has numbers and dates, 7 in row 4 and '2010-"),
        (TIME, "day", dict.fromkeys(range(150)), "rows.csv: day has no value in any row"),
        (TIME, "day", dict.fromkeys(range(150), "2010-01-01"), "day has 1 different value in"),
        (GROUPS, "store", {3: None}, "row 4: store is missing, and evaluation.split needs it."),
        (GROUPS, "store", dict.fromkeys(range(150), 1), "store has 1 different value in"),
        (GROUPS, "store", {i: i % 3 for i in range(150)}, "store has 3 different values in"),
        (
            GROUPS,
            "store",
            {i: (i % 3, f"{i % 3}.0")[i % 2] for i in range(150)},
            "store has 3 different values in",
        ),
    ],
)
def test_what_cannot_be_split_by_is_refused(
    config: Config, column: str, cells: Any, words: str
) -> None:
    """In a sentence that names the row or the column."""
    columns = table()
    for row, cell in cells.items():
        columns[column][row] = cell

    with pytest.raises(DataError) as caught:
        measure(config, data_of(config, columns), progress=nothing)

    assert words in str(caught.value)


def test_a_table_without_the_column_is_refused() -> None:
    """As one without a value in it."""
    columns = table()
    del columns["day"]

    with pytest.raises(DataError, match="day has no value in any row"):
        data_of(TIME, columns)


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("by time day", "by day", r"split: expected random, 'grouped by COLUMN' or"),
        ("by time day", "grouped by", r"split: expected random, 'grouped by COLUMN' or"),
        ("by time day", "by time rides", "split: 'rides' is the target"),
        ("folds: 4", "folds: 4\n  repeats: 2", "repeats: expected 1: a split by time"),
        ("trials: 3", "trials: 3\n  repeats: 2", "repeats: expected 1: a split by time"),
        ("folds: 4", "folds: 4\n  stratify: place", "stratify: is for a random split"),
    ],
)
def test_a_split_that_makes_no_sense_is_a_mistake(old: str, new: str, words: str) -> None:
    """With its line."""
    with pytest.raises(ConfigError, match=words):
        parse_config(CONFIG.replace(old, new))


def test_a_split_by_time_cannot_be_repeated() -> None:
    """There is no other way to make it."""
    with pytest.raises(ConfigError, match="always the same"):
        measure(TIME, data_of(TIME), repeats=3, progress=nothing)


def test_a_feature_may_be_what_rows_are_split_by() -> None:
    """Under any of its names; the model uses it as before."""
    text = CONFIG.replace("by time day", "grouped by place").replace("folds: 4", "folds: 3")
    text = text.replace("    encode: mean", "    encode: mean\n    aliases: where")
    columns = table()
    columns["where"] = columns.pop("place")

    held_out = held_out_of(parse_config(text), columns)

    places = np.array(columns["where"])
    for fold in range(3):
        (place,) = {*places[held_out.result.folds == fold]}
        assert (held_out.result.folds[places == place] == fold).all()


def test_an_evaluation_says_that_its_split_is_random_where_it_is() -> None:
    """As it has been."""
    assert "random" == EvaluationResult.__dataclass_fields__["split"].default
