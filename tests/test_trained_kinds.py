"""A model with booleans, dates, timestamps and ordered codes, from the table to every answer."""

import csv
import json
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner

from regression_model import Model, load_model
from regression_model.cli import app
from regression_model.evaluation.groups import in_order
from regression_model.evaluation.results import Group
from regression_model.runtime.model_file.operators import check_graph
from regression_model.training.run import TrainingResult, run_training

CONFIG = """\
name: rides
description: Rides of a bicycle hire
target:
  name: rides
  description: Rides in the hour
  minimum: 1
  transform: log
data:
  training: rides.csv
  scoring: rides.parquet
  missing_values: NA
features:
  hour:
    description: Hour that is counted
    kind: timestamp
    minimum: 2010-01-01T00:00:00
    missing: median
    flag_missing: yes
    parts: year, month_cycle, weekday, hour, hour_cycle, elapsed_days
  opened:
    description: Day on which the station opened
    kind: date
    maximum: 2030-12-31
    missing: 2009-05-01
    parts: day_of_year_cycle, elapsed_days
  checked:
    description: Day of the last check of the station
    kind: date
    use: derived
    parts: elapsed_days
  holiday:
    description: Whether it is a holiday
    kind: boolean
    missing: no
  windy:
    description: Whether there is wind
    kind: boolean
  docks:
    description: Size of the station
    kind: ordinal
    levels: 4, 12, 40
    encode: value
    transform: log
derived:
  since_check:
    description: Days since the check
    sum: hour_elapsed_days, checked_elapsed_days * -1
  is_late:
    above: hour_hour, 18
estimator:
  ridge:
    alpha: 1
evaluation:
  folds: 3
  groups: opened, windy, docks, hour
  without: since_check, hour
  stratify: windy
  baseline: holiday
"""


def some_rides(rows: int) -> list[dict[str, Any]]:
    """Make up rides that depend on each field."""
    random = np.random.default_rng(4)
    table = []
    for i in range(rows):
        hour = datetime(2011, 1, 1) + timedelta(hours=int(random.integers(0, 17_000)))
        opened = date(2008, 1, 1) + timedelta(days=int(random.integers(0, 1_000)))
        checked = hour.date() - timedelta(days=int(random.integers(0, 300)))
        holiday, windy = bool(random.random() < 0.1), bool(random.random() < 0.4)
        docks = int(random.choice([4, 12, 40]))
        rides = docks * np.exp(0.5 * np.sin(hour.hour / 24 * 6.28) - 0.3 * windy + 0.2 * holiday)
        rides *= np.exp(0.0004 * (hour - datetime(2011, 1, 1)).days + random.normal(0, 0.1))
        row = {"hour": hour, "opened": opened, "checked": checked, "holiday": holiday}
        row |= {"windy": windy, "docks": docks, "rides": max(1.0, round(float(rides), 2))}
        if i % 15 == 7:
            row |= {"hour": None, "opened": None, "holiday": None}
        table.append(row)
    return table


ROWS = some_rides(400)
FIELDS = ("hour", "opened", "checked", "holiday", "windy", "docks")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the configuration and the table, as CSV and as Parquet."""
    folder = tmp_path_factory.mktemp("rides")
    (folder / "config.yml").write_text(CONFIG)
    with (folder / "rides.csv").open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(ROWS[0])
        for row in ROWS:
            writer.writerow("NA" if cell is None else cell for cell in row.values())
    pq.write_table(pa.Table.from_pylist(ROWS), folder / "rides.parquet")
    return folder


@pytest.fixture(scope="module")
def trained(folder: Path) -> TrainingResult:
    """The result of training, with the report."""
    return run_training(config_path=folder / "config.yml")


@pytest.fixture(scope="module")
def rides(trained: TrainingResult) -> Model:
    """The trained model, opened."""
    return load_model(trained.model_path)


def test_every_kind_counts(trained: TrainingResult) -> None:
    """The made-up rides are explained by fields of the new kinds alone."""
    assert trained.manifest["metrics"]["rmsle"] < 0.2
    assert trained.manifest["parity"]["largest_relative_difference"] < 1e-9
    assert 800 == trained.manifest["parity"]["rows"]


def test_the_file_says_dates_as_texts(trained: TrainingResult, rides: Model) -> None:
    """In the contract, the profile, the fillers and the rows to compare with."""
    manifest = json.loads(json.dumps(trained.manifest))
    fields = {field["name"]: field for field in manifest["contract"]["fields"]}

    assert "2010-01-01T00:00:00" == fields["hour"]["minimum"]
    assert fields["opened"]["training_range"][0].startswith("2008-01-")
    assert "2009-05-01" == manifest["fillers"]["opened"]
    assert (
        manifest["fillers"]["hour"].startswith("2011-1") or "2012-0" in manifest["fillers"]["hour"]
    )
    assert "no" == manifest["fillers"]["holiday"]
    assert manifest["profile"]["checked"]["deciles"] == sorted(
        manifest["profile"]["checked"]["deciles"]
    )
    assert manifest["background"][0]["checked"][:3] == "201"
    assert manifest["contract"] == json.loads(json.dumps(rides.contract.to_dict()))
    check_graph(trained.model_path.read_bytes(), rides.contract)


def test_records_and_tables_have_the_same_predictions(rides: Model, folder: Path) -> None:
    """Of Python's types, texts, pandas, polars and pyarrow."""
    rows = [{name: row[name] for name in FIELDS} for row in ROWS]
    expected = rides.predict(rows)
    frame = pd.DataFrame(rows)

    assert not expected.problems
    assert np.isfinite(expected.values).all()
    for table in (
        [{k: v if v is None else str(v) for k, v in row.items()} for row in rows],
        frame,
        pl.DataFrame(rows),
        pa.Table.from_pylist(rows),
        pd.read_csv(folder / "rides.csv"),
        pl.read_csv(folder / "rides.csv", try_parse_dates=True, null_values="NA"),
    ):
        np.testing.assert_array_equal(expected.values, rides.predict(table).values)
    one_by_one = [rides.predict([row]).values[0] for row in rows[:40]]
    np.testing.assert_allclose(one_by_one, expected.values[:40], rtol=1e-12)


def test_the_graph_takes_other_spellings_of_a_boolean(rides: Model) -> None:
    """Who runs the graph without this package writes true, Yes or 1."""
    checked = rides._checker.check([{name: ROWS[0][name] for name in FIELDS} | {"windy": True}])
    levels = ["holiday", "windy", "docks"]
    assert levels == [field.name for field in rides.contract.categories]

    def predicted(windy: str) -> float:
        cells = np.array([["", windy, "12.0"]], dtype=object)
        feed = {"numbers": checked.numbers, "levels": cells}
        return float(rides._session.run(["prediction"], feed)[0][0])

    assert 1 == len({predicted(text) for text in ("yes", "Yes", "TRUE", "true", "1", "1.0", "y")})
    assert 1 == len({predicted(text) for text in ("no", "False", "f", "0", "N", "0.0")})
    assert predicted("no") != predicted("yes")


def test_an_explanation_shows_dates(rides: Model) -> None:
    """As texts; what was assumed too. A filler that is sent gets the same prediction."""
    (found,) = rides.explain([{"windy": "t", "checked": "2011-04-05", "docks": 12}])

    assert found is not None
    assert "2011-04-05" == found.values["checked"]
    assert "2009-05-01" == found.values["opened"]
    assert ("no", "yes") == (found.values["holiday"], found.values["windy"])
    assert {"hour", "opened", "holiday"} == {*found.assumed}
    sent = rides.predict([{**found.values}]).values[0]
    without_flag = rides.predict([{**found.values, "hour": None}]).values[0]
    assert without_flag == pytest.approx(found.value, rel=1e-12)
    assert np.isfinite(sent)


def test_an_evaluation_names_groups_after_dates(folder: Path, trained: TrainingResult) -> None:
    """Of the configuration, and of a model file on rows."""
    for arguments in (
        ["--config", str(folder / "config.yml")],
        ["--model", str(trained.model_path), "--data", str(folder / "rides.parquet")],
    ):
        result = CliRunner().invoke(app, ["evaluate", *arguments, "--json"])
        assert 0 == result.exit_code, result.output
        evaluation = json.loads(result.stdout)
        groups = {name: [one["name"] for one in of] for name, of in evaluation["groups"].items()}
        assert ["2008-01-04 to 2008-07-30"] == [n for n in groups["opened"] if n[:7] == "2008-01"]
        assert {"no", "yes"} == {*groups["windy"]}
        for one in evaluation["importances"]:
            assert np.isfinite(one["increase"]), one
    assert [group.name for group in in_order([Group(n, 1, {}) for n in groups["opened"]])] == [
        *sorted(name for name in groups["opened"] if name != "missing"),
        "missing",
    ]


def test_the_report_shows_dates(trained: TrainingResult) -> None:
    """No axis and no cell has seconds since 1970."""
    assert trained.report_path is not None and trained.card_path is not None
    for text in (trained.report_path.read_text(), trained.card_path.read_text()):
        assert "2011-01-01T0" in text or "2011\\-01\\-01T0" in text
        assert "1,2" + "94" not in text


@pytest.mark.parametrize("ending", ["csv", "parquet", "jsonl"])
def test_the_command_line_reads_and_writes_dates(
    folder: Path, trained: TrainingResult, rides: Model, tmp_path: Path, ending: str
) -> None:
    """Every kind of file gives the predictions of the records; --keep writes dates as they came."""
    if ending == "jsonl":
        lines = [json.dumps(row, default=str) for row in ROWS]
        (folder / "rides.jsonl").write_text("\n".join(lines))
    out = tmp_path / f"out.{ending}"
    arguments = ["predict", str(folder / f"rides.{ending}"), "--model", str(trained.model_path)]
    result = CliRunner().invoke(app, [*arguments, "--keep", "-o", str(out)])

    assert 0 == result.exit_code, result.output
    if ending == "parquet":
        table = pq.read_table(out).to_pylist()
    elif ending == "csv":
        table = [*csv.DictReader(out.read_text().splitlines())]
    else:
        table = [json.loads(line) for line in out.read_text().splitlines()]
    expected = rides.predict([{name: row[name] for name in FIELDS} for row in ROWS]).values
    found = [float(row["prediction"]) for row in table]
    np.testing.assert_allclose(found, expected, rtol=1e-12)
    assert str(ROWS[0]["checked"]) == str(table[0]["checked"])

    explained = CliRunner().invoke(
        app, ["explain", *arguments[1:], "--row", "1", "-o", str(tmp_path / f"why.{ending}")]
    )
    assert 0 == explained.exit_code, explained.output


def test_the_same_table_makes_the_same_file(folder: Path, trained: TrainingResult) -> None:
    """Trained from Parquet, the graph and the contract are those of the CSV file."""
    again = run_training(
        config_path=folder / "config.yml",
        data_path=folder / "rides.parquet",
        output=folder / "again",
    )

    for key in ("contract", "metrics", "profile", "background", "fillers", "fingerprints"):
        assert trained.manifest[key] == again.manifest[key]
