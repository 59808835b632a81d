"""A training run: what it makes of another table, and what it leaves when something goes wrong."""

import csv
import hashlib
import json
import os
import re
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import joblib
import numpy as np
import onnx
import pandas as pd
import pytest
from onnx import numpy_helper
from sklearn.model_selection import KFold, cross_val_predict

from regression_model import __version__, load_model
from regression_model.config.core import load_config
from regression_model.errors import (
    ConfigError,
    DataError,
    ExportError,
    OutputError,
    QualityError,
    RegressionModelError,
)
from regression_model.runtime.model_file.sealing import open_sealed, read_manifest
from regression_model.training import run
from regression_model.training.data import read_dataset
from regression_model.training.export import export_pipeline
from regression_model.training.held_out import Measured, measure
from regression_model.training.manifest import source_commit
from regression_model.training.rows import read_training_data
from regression_model.training.run import TrainingResult, run_training

CONFIG = """\
name: bicycles
description: Second-hand bicycles
target:
  name: price
  description: Price paid
  unit: euros
  minimum: 1
  transform: log
data:
  training: bicycles.csv
  scoring: offers.csv
  missing_values: NA
  source: Made up for this test
features:
  id:
    description: Number of the advertisement
    kind: identifier
  weight:
    description: Weight
    kind: number
    unit: kg
    minimum: 1
    maximum: 80
    transform: log
  gears:
    description: Number of gears
    kind: number
    minimum: 0
    cap: 30
    missing: median
    flag_missing: yes
  made:
    description: Year in which it was made
    kind: year
    minimum: 1900
    use: derived
  sold:
    description: Year of the sale
    kind: year
    minimum: 1900
    use: derived
  brand:
    description: Who made it
    kind: nominal
    missing: most_frequent
    encode: mean
  state:
    description: State it is in
    kind: ordinal
    levels: broken, used, new
    missing: used
derived:
  age:
    elapsed: sold, made
    transform: log1p
  is_borea:
    equals: brand, Borea
estimator:
  ridge:
    alpha: 0.5
  lasso:
    alpha: 0.001
    weight: 2
evaluation:
  folds: 4
  seed: 1
interval:
  level: 0.8
quality:
  rmsle: 0.5
"""
BRANDS = {"Aurora": 2.0, "Borea": 1.0, "Cirrus": 0.4, "Delta": 1.3}
STATES = {"broken": 0.5, "used": 1.0, "new": 2.0}


def some_bicycles(rows: Any, seed: Any) -> Any:
    """Make up bicycles whose price follows from what is told of them, nearly."""
    random = np.random.default_rng(seed)
    table: list[dict[str, Any]] = []
    for i in range(rows):
        brand, state = random.choice([*BRANDS]), random.choice([*STATES])
        weight, gears = round(random.uniform(8, 25), 1), int(random.integers(1, 28))
        sold = int(random.integers(2015, 2025))
        made = sold - int(random.integers(0, 20))
        worth = BRANDS[brand] * STATES[state] / (1 + sold - made) * gears**0.2 * 40 / weight
        told: dict[str, Any] = {
            "id": i,
            "weight": weight,
            "gears": gears,
            "made": made,
            "sold": sold,
        }
        told |= {"brand": brand, "state": state}
        for name in ("gears", "brand", "state"):
            if random.random() < 0.02:
                told[name] = "NA"
        table.append(told | {"price": round(500 * worth * np.exp(random.normal(0, 0.15)), 2)})
    return table


def write_csv(path: Path, table: Any) -> None:
    """Write rows as a CSV file."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(table[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(table)


BICYCLES = some_bicycles(300, seed=1)
OFFERS = [{k: v for k, v in row.items() if k != "price"} for row in some_bicycles(30, seed=2)]


@pytest.fixture
def workshop(tmp_path: Path) -> Any:
    """A folder with a configuration, a training table and a table to score."""
    (tmp_path / "config.yml").write_text(CONFIG)
    write_csv(tmp_path / "bicycles.csv", BICYCLES)
    write_csv(tmp_path / "offers.csv", OFFERS)
    return tmp_path


@pytest.fixture(scope="module")
def progress() -> list[tuple[str, int, int]]:
    """What was told while the bicycles were trained on."""
    return []


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory, progress: list[tuple[str, int, int]]) -> Any:
    """What a training run on bicycles made; not to be changed."""
    folder = tmp_path_factory.mktemp("bicycles")
    (folder / "config.yml").write_text(CONFIG)
    write_csv(folder / "bicycles.csv", BICYCLES)
    write_csv(folder / "offers.csv", OFFERS)
    return run_training(
        config_path=folder / "config.yml", progress=lambda *stage: progress.append(stage)
    )


@pytest.fixture(scope="module")
def measured(trained: TrainingResult) -> Measured:
    """The cross-validation of the bicycles."""
    folder = trained.model_path.parent.parent
    config, rows = load_config(folder / "config.yml"), read_dataset(folder / "bicycles.csv")
    data = read_training_data(config, rows, source="bicycles.csv")
    return measure(config, data, progress=lambda *_: None)


@pytest.fixture
def quick(measured: Measured, without_documents: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither cross-validate nor report the bicycles again, where it is about something else."""
    monkeypatch.setattr(run, "measure", lambda *arguments, **options: measured)


@pytest.fixture
def older(workshop: Path) -> Any:
    """An older model in the folder of a workshop, and its joblib pipeline."""
    folder = workshop / "trained_models"
    folder.mkdir()
    for suffix in ("onnx", "joblib"):
        (folder / f"bicycles-0.0.1.{suffix}").write_bytes(b"old")
    return folder


def files_in(folder: Path) -> Any:
    """Return every file in a folder, hidden ones too, with its bytes."""
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def train(workshop: Path, **arguments: Any) -> Any:
    """Train in a workshop."""
    return run_training(config_path=workshop / "config.yml", **arguments)


# Another table, another model


def test_another_table_with_another_configuration_makes_another_model(
    trained: TrainingResult,
) -> None:
    """Its file is opened by name and prices bicycles."""
    model = load_model(trained.model_path)

    prediction = model.predict(OFFERS)

    assert ("bicycles", __version__) == (model.name, model.version)
    assert "price" == model.contract.target
    assert [] == prediction.errors
    actual = np.array([row["price"] for row in some_bicycles(30, seed=2)])
    assert np.median(np.abs(np.log(prediction.values / actual))) < 0.25
    assert (prediction.lower < prediction.values).all()
    assert (prediction.values < prediction.upper).all()


def test_better_bicycles_cost_more(trained: TrainingResult) -> None:
    """The model has learnt what the prices were made from."""
    model = load_model(trained.model_path)
    bicycle = OFFERS[0] | {
        "gears": 10,
        "brand": "Borea",
        "state": "used",
        "made": 2010,
        "sold": 2015,
    }

    def price(**cells: Any) -> Any:
        return model.predict([bicycle | cells]).values[0]

    assert price(state="broken") < price() < price(state="new")
    assert price(made=2000) < price() < price(made=2015)
    assert price(brand="Cirrus") < price() < price(brand="Aurora")
    assert price(gears=30) == price(gears=300)


def test_the_joblib_pipeline_gives_the_same_prices(trained: TrainingResult) -> None:
    """It is kept for those who evaluate and explain."""
    pipeline = joblib.load(trained.pipeline_path)
    frame = pd.DataFrame(OFFERS).replace("NA", None)
    frame["gears"] = frame["gears"].astype(float)
    frame = frame[list(pipeline.feature_names_in_)]

    np.testing.assert_allclose(
        load_model(trained.model_path).predict(OFFERS).values, pipeline.predict(frame), rtol=1e-9
    )


def test_the_files_are_where_the_result_says(trained: TrainingResult) -> None:
    """Beside the configuration, named after model and version, and nothing else there."""
    folder = trained.model_path.parent

    assert "trained_models" == folder.name
    assert f"bicycles-{__version__}.onnx" == trained.model_path.name
    assert f"bicycles-{__version__}.joblib" == trained.pipeline_path.name
    assert f"bicycles-{__version__}.html" == trained.report_path.name
    assert f"bicycles-{__version__}.md" == trained.card_path.name
    written = {trained.model_path, trained.pipeline_path, trained.report_path, trained.card_path}
    assert written == {*folder.iterdir()}
    assert [] == trained.notes


def test_the_manifest_says_what_made_the_model(trained: TrainingResult) -> None:
    """Name, data, configuration, folds, metrics and libraries; all of it plain JSON."""
    folder = trained.model_path.parent.parent
    manifest = read_manifest(trained.model_path)

    assert manifest == json.loads(json.dumps(trained.manifest))
    training = manifest["training"]
    for name, key in (("config.yml", "config_sha256"), ("bicycles.csv", "data_sha256")):
        assert hashlib.sha256((folder / name).read_bytes()).hexdigest() == training[key]
    assert (300, "bicycles.csv", 4, 1) == tuple(
        training[key] for key in ("rows", "data_file", "folds", "seed")
    )
    assert "Made up for this test" == training["data_source"]
    assert source_commit() == training["commit"]
    assert {"ridge", "lasso"} == {*training["estimator"]}
    assert {"scikit-learn", "feature-engine", "onnx", "numpy"} <= {*training["libraries"]}
    assert 330 == manifest["parity"]["rows"]
    assert 0 <= manifest["parity"]["largest_relative_difference"] <= 1e-9
    assert 0.8 == manifest["interval"]["level"]
    assert {"weight", "gears", "made", "sold", "brand", "state"} == {*manifest["profile"]}


def test_the_metrics_come_from_rows_held_out(trained: TrainingResult) -> None:
    """scikit-learn's own cross-validation of the same pipeline gives the same RMSLE."""
    pipeline = joblib.load(trained.pipeline_path)
    frame = pd.DataFrame(BICYCLES).replace("NA", None)
    frame["gears"] = frame["gears"].astype(float)
    frame, target = frame[list(pipeline.feature_names_in_)], frame["price"]

    folds = KFold(4, shuffle=True, random_state=1)
    error = np.log(cross_val_predict(pipeline, frame, target, cv=folds)) - np.log(target)

    expected = [np.sqrt(np.mean(error.iloc[test] ** 2)) for _, test in folds.split(frame)]
    metrics = trained.manifest["metrics"]
    assert np.mean(expected) == pytest.approx(metrics["rmsle"])
    assert np.max(expected) == pytest.approx(metrics["rmsle_worst_fold"])
    seen = np.log(pipeline.predict(frame)) - np.log(target)
    assert np.sqrt(np.mean(seen**2)) < metrics["rmsle"]


def test_intervals_hold_the_share_that_is_configured(trained: TrainingResult) -> None:
    """Of new bicycles; and more, as the folds that were measured had fewer rows to learn from."""
    fresh = some_bicycles(400, seed=3)
    price = np.array([row["price"] for row in fresh])

    prediction = load_model(trained.model_path).predict(fresh)

    held = np.mean((prediction.lower <= price) & (price <= prediction.upper))
    assert 0.74 < held < 0.96


@pytest.mark.usefixtures("without_documents")
def test_intervals_may_be_wider_where_the_model_is_less_sure(workshop: Path) -> None:
    """How wide follows from the row; pipeline and graph agree on it."""
    (workshop / "config.yml").write_text(
        CONFIG.replace("level: 0.8", "level: 0.8\n  ridge_alpha: 5")
    )

    prediction = load_model(train(workshop).model_path).predict(OFFERS)

    widths = np.log(prediction.upper / prediction.lower)
    assert widths.max() > 1.1 * widths.min() > 0
    np.testing.assert_allclose(prediction.values**2, prediction.lower * prediction.upper, rtol=1e-9)


@pytest.mark.usefixtures("quick")
def test_another_file_and_another_folder_can_be_named(workshop: Path) -> None:
    """The data's name in the configuration is only where to look without them."""
    (workshop / "bicycles.csv").rename(workshop / "other.csv")

    result = train(workshop, data_path=workshop / "other.csv", output=workshop / "a" / "b")

    assert workshop / "a" / "b" == result.model_path.parent
    assert "other.csv" == result.manifest["training"]["data_file"]
    assert not (workshop / "trained_models").exists()


@pytest.mark.usefixtures("without_documents")
def test_a_table_of_json_lines_makes_the_same_model(
    workshop: Path, trained: TrainingResult
) -> None:
    """Numbers and texts mean the same however they are written."""
    rows = [{k: None if v == "NA" else v for k, v in row.items()} for row in BICYCLES]
    path = workshop / "bicycles.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))

    result = train(workshop, data_path=path)

    np.testing.assert_array_equal(
        load_model(trained.model_path).predict(OFFERS).values,
        load_model(result.model_path).predict(OFFERS).values,
    )


@pytest.mark.usefixtures("without_documents")
def test_rows_to_score_are_not_needed(workshop: Path) -> None:
    """Parity is proved on the training rows then; the target may be learnt as it is."""
    text = CONFIG.replace("  scoring: offers.csv\n", "").replace("  transform: log\ndata", "data")
    (workshop / "config.yml").write_text(text.replace("quality:\n  rmsle: 0.5\n", ""))

    result = train(workshop)

    assert 300 == result.manifest["parity"]["rows"]
    prediction = load_model(result.model_path).predict(OFFERS)
    widths = prediction.upper - prediction.values
    assert widths == pytest.approx(widths[0])
    least = result.manifest["target"]["minimum"]
    assert prediction.lower == pytest.approx(np.maximum(prediction.values - widths[0], least))


@pytest.mark.usefixtures("without_documents")
def test_a_model_of_one_number(workshop: Path) -> None:
    """The smallest table that can be learnt from."""
    head, rest = CONFIG.split("features:\n")
    features = "features:\n  weight:\n    description: Weight\n    kind: number\n    minimum: 1\n"
    rest = "estimator:\n" + rest.split("estimator:\n")[1].replace("rmsle: 0.5", "rmsle: 5")
    (workshop / "config.yml").write_text(head + features + rest)

    result = train(workshop)

    notes = [note.split("'")[1] for note in result.notes]
    assert ["id", "gears", "made", "sold", "brand", "state"] == notes
    assert np.isfinite(load_model(result.model_path).predict([{"weight": 9}]).values).all()


@pytest.mark.usefixtures("without_documents")
def test_a_column_without_values_is_no_reason_to_stop(workshop: Path) -> None:
    """Its constant stands in for all of them."""
    text = CONFIG.replace("missing: median", "missing: 3")
    (workshop / "config.yml").write_text(text)
    write_csv(workshop / "bicycles.csv", [row | {"gears": ""} for row in BICYCLES])

    result = train(workshop)

    assert {"missing": 1.0, "deciles": []} == result.manifest["profile"]["gears"]


@pytest.mark.usefixtures("trained")
def test_progress_is_told_in_the_order_of_the_work(progress: list[tuple[str, int, int]]) -> None:
    """Each stage begins at none and ends at all of it."""
    stages = list(dict.fromkeys(stage for stage, _, _ in progress))
    assert [
        "Reading",
        "Cross-validating",
        "Fitting on all rows",
        "Exporting",
        "Shuffling fields",
        "Writing the report",
    ] == stages
    for stage in stages:
        steps = [(done, of) for name, done, of in progress if name == stage]
        assert 0 == steps[0][0]
        assert steps[-1][0] == steps[-1][1]
        assert steps == sorted(steps)


# The same bytes


@pytest.mark.usefixtures("without_documents")
def test_twice_gives_the_same_bytes(workshop: Path, trained: TrainingResult) -> None:
    """Of the model file and of the pipeline."""
    result = train(workshop)

    assert trained.model_path.read_bytes() == result.model_path.read_bytes()
    assert trained.pipeline_path.read_bytes() == result.pipeline_path.read_bytes()


@pytest.mark.parametrize("seed", ["1", "4242"])
def test_another_process_gives_the_same_bytes(
    seed: Any, workshop: Path, trained: TrainingResult
) -> None:
    """Whatever the order of its sets, and its number of threads."""
    program = (
        "import sys; from pathlib import Path;"
        "from regression_model.training import run;"
        "run._documents = lambda *arguments: ({}, []);"
        "print(run.run_training(config_path=Path(sys.argv[1])).model_path)"
    )
    environment = os.environ | {"PYTHONHASHSEED": seed, "OMP_NUM_THREADS": seed[0]}

    done = subprocess.run(
        [sys.executable, "-c", program, str(workshop / "config.yml")],
        env=environment,
        cwd=workshop,
        check=True,
        capture_output=True,
        text=True,
    )

    content = (workshop / "trained_models" / trained.model_path.name).read_bytes()
    assert trained.model_path.read_bytes() == content
    assert str(workshop / "trained_models" / trained.model_path.name) == done.stdout.strip()


@pytest.mark.usefixtures("quick")
def test_the_time_comes_from_the_environment_alone(
    workshop: Path, monkeypatch: pytest.MonkeyPatch, trained: TrainingResult
) -> None:
    """Without SOURCE_DATE_EPOCH there is none; it changes nothing but itself."""
    if "SOURCE_DATE_EPOCH" not in os.environ:
        assert None is trained.manifest["created"]
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1700000000")

    manifest = read_manifest(train(workshop).model_path)
    before = read_manifest(trained.model_path)

    assert datetime(2023, 11, 14, 22, 13, 20, tzinfo=UTC).isoformat() == manifest["created"]
    assert before | {"created": None} == manifest | {"created": None}


@pytest.mark.parametrize("epoch", ["yesterday", "", "1e3", "9" * 30])
def test_a_time_that_is_none_is_refused_before_the_work(
    epoch: Any, workshop: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The message names the variable and what stands in it."""
    monkeypatch.setenv("SOURCE_DATE_EPOCH", epoch)
    monkeypatch.setattr(run, "_fit", None)

    with pytest.raises(RegressionModelError, match="SOURCE_DATE_EPOCH") as caught:
        train(workshop)

    assert repr(epoch) in str(caught.value)


# What goes wrong


def spoil(table: Any, row: Any, **cells: Any) -> Any:
    """Return a table with some cells of one row replaced."""
    return [told | cells if i == row else told for i, told in enumerate(table)]


WITHOUT_PRICE = [{k: v for k, v in row.items() if k != "price"} for row in BICYCLES]
BAD_TABLES = {
    "no target": (WITHOUT_PRICE, ["No row has the field price"]),
    "no column": (
        [{k: v for k, v in row.items() if k != "weight"} for row in BICYCLES],
        ["No row has the field weight"],
    ),
    "target zero": (spoil(BICYCLES, 7, price=0), ["row 8: price is '0'"]),
    "target missing": (spoil(BICYCLES, 7, price="NA"), ["row 8: price is missing"]),
    "target text": (spoil(BICYCLES, 7, price="cheap"), ["row 8: price is 'cheap'"]),
    "several rows": (
        spoil(spoil(spoil(BICYCLES, 2, weight=0), 4, state="old", price=""), 299, made="?"),
        [
            "row 3: weight is '0'",
            "row 5: state is 'old'",
            "row 5: price is missing",
            "row 300: made is '?'",
        ],
    ),
    "fewer rows than folds": (
        BICYCLES[:3],
        ["has 3 rows: expected at least one for each of the 4"],
    ),
    "nothing to learn a median from": (
        [row | {"gears": ""} for row in BICYCLES],
        ["The pipeline cannot be fitted to these rows"],
    ),
}


@pytest.mark.parametrize("name", BAD_TABLES)
def test_every_bad_row_is_listed_and_nothing_is_written(
    name: str, workshop: Path, older: Path
) -> None:
    """One error has them all; the older model is still there."""
    table, sentences = BAD_TABLES[name]
    write_csv(workshop / "bicycles.csv", table)
    before = files_in(older)

    with pytest.raises(DataError) as caught:
        train(workshop)

    lines = str(caught.value).splitlines()
    assert len(sentences) == len(lines)
    assert all(sentence in line for sentence, line in zip(sentences, lines, strict=True))
    assert before == files_in(older)


BAD_FILES = {
    "absent": (None, "does not exist"),
    "empty": (b"", "is empty"),
    "header only": (b"id,weight,gears,made,sold,brand,state,price\n", "has 0 rows"),
    "not utf-8": (b"id,weight\n1,\xff\n", "line 2: byte 0xff is not UTF-8"),
    "ragged": (b"id,weight\n1\n", "line 2: 1 values for 2 columns"),
    "a name twice": (b"id,price,price\n1,2,3\n", "price came more than once"),
}


@pytest.mark.usefixtures("quick")
@pytest.mark.parametrize("name", BAD_FILES)
@pytest.mark.parametrize("table", ["bicycles.csv", "offers.csv"])
def test_a_file_that_cannot_be_used_is_named(
    name: str, table: Any, workshop: Path, older: Path
) -> None:
    """The training table, and the one to score if it cannot be read at all."""
    content, reason = BAD_FILES[name]
    (workshop / table).unlink()
    if content is not None:
        (workshop / table).write_bytes(content)
    before = files_in(older)
    if table == "offers.csv" and name in ("header only", "a name twice"):
        train(workshop)  # rows that get no price are none to prove anything on
        return

    with pytest.raises(DataError) as caught:
        train(workshop)

    assert table in str(caught.value)
    assert reason in str(caught.value)
    assert before == files_in(older)


@pytest.mark.usefixtures("quick")
def test_rows_to_score_that_get_no_price_do_not_stop_training(workshop: Path) -> None:
    """They are proof of nothing; the others are."""
    table = spoil(spoil(OFFERS, 3, weight=-1), 5, state="old")
    write_csv(workshop / "offers.csv", table)

    assert 328 == train(workshop).manifest["parity"]["rows"]


def test_a_bar_that_is_missed_is_an_error_that_says_by_how_much(
    workshop: Path, older: Path
) -> None:
    """Both metrics and their difference, and nothing is written."""
    (workshop / "config.yml").write_text(CONFIG.replace("rmsle: 0.5", "rmsle: 0.001"))
    before = files_in(older)

    with pytest.raises(QualityError) as caught:
        train(workshop)

    score, *others = [float(number) for number in re.findall(r"\d\.\d+", str(caught.value))]
    assert sorted([0.001, score - 0.001]) == pytest.approx(sorted(others), abs=1e-4)
    assert "rmsle" in str(caught.value).lower()
    assert before == files_in(older)


def test_intervals_that_hold_too_little_miss_the_bar_as_well(workshop: Path, older: Path) -> None:
    """Both bars are told of at once."""
    both = CONFIG.replace("rmsle: 0.5", "rmsle: 0.001\n  coverage: 0.999")
    (workshop / "config.yml").write_text(both)
    before = files_in(older)

    with pytest.raises(
        QualityError,
        match=r"RMSLE is .* above the maximum.*; coverage is .* below the minimum of 0\.9990",
    ):
        train(workshop)

    assert before == files_in(older)


def test_a_bar_that_cannot_be_measured_is_an_error_of_the_configuration(
    workshop: Path, older: Path
) -> None:
    """There is no RMSLE of prices below 0."""
    text = CONFIG.replace("  minimum: 1\n  transform: log\ndata", "data")
    (workshop / "config.yml").write_text(text)
    write_csv(workshop / "bicycles.csv", [r | {"price": r["price"] - 400} for r in BICYCLES])
    before = files_in(older)

    with pytest.raises(ConfigError, match="quality.rmsle"):
        train(workshop)

    assert before == files_in(older)


def test_a_configuration_with_mistakes_is_refused_first(workshop: Path, older: Path) -> None:
    """With file and line."""
    (workshop / "config.yml").write_text(CONFIG.replace("folds: 4", "folds: many"))
    before = files_in(older)

    with pytest.raises(ConfigError, match=r"config\.yml:\d+: evaluation\.folds"):
        train(workshop)

    assert before == files_in(older)


def spoiled(content: Any) -> Any:
    """Return a graph in which one constant, the intercept, is off by a millionth."""
    model = onnx.load_from_string(content)
    for constant in model.graph.initializer:
        values = numpy_helper.to_array(constant)
        if values.dtype == np.float64 and values.shape == () and values != 0 and values < 100:
            values = np.asarray(values * (1 + 1e-6))
            constant.CopyFrom(numpy_helper.from_array(values, constant.name))
            return model.SerializeToString()
    raise AssertionError("no constant to spoil")


@pytest.mark.usefixtures("quick")
def test_a_graph_that_disagrees_with_its_pipeline_is_never_written(
    workshop: Path, older: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One coefficient that is off by a millionth is enough."""
    export = export_pipeline
    monkeypatch.setattr(
        run, "export_pipeline", lambda *a, **options: spoiled(export(*a, **options))
    )
    before = files_in(older)

    with pytest.raises(ExportError, match="disagrees with the pipeline"):
        train(workshop)

    assert before == files_in(older)


STAGES = [
    "read_dataset",
    "read_training_data",
    "build_pipeline",
    "measure",
    "fit_scale",
    "export_pipeline",
    "prove",
    "make_manifest",
    "seal",
    "Model",
    "save_model",
]


@pytest.mark.usefixtures("quick")
@pytest.mark.parametrize("stage", STAGES)
@pytest.mark.parametrize("failure", [KeyboardInterrupt, MemoryError, DataError])
def test_a_failure_in_any_stage_leaves_the_older_model(
    stage: str, failure: Any, workshop: Path, older: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An interrupted run has written nothing, and removed nothing."""

    def fail(*arguments: Any, **options: Any) -> None:
        raise failure

    monkeypatch.setattr(run, stage, fail)
    before = files_in(older)

    with pytest.raises(failure):
        train(workshop)

    assert before == files_in(older)


@pytest.mark.usefixtures("quick")
def test_other_versions_go_when_the_new_model_is_there(
    workshop: Path, older: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A folder holds one version of a model; other files in it stay."""
    monkeypatch.setattr(run, "_documents", lambda *_: ({".html": b"page", ".md": b"card"}, []))
    (older / "README.md").write_text("about bicycles")

    result = train(workshop)

    paths = (result.model_path, result.pipeline_path, result.report_path, result.card_path)
    assert {*(path.name for path in paths), "README.md"} == {*files_in(older)}
    assert open_sealed(result.model_path.read_bytes(), name="it")["name"] == "bicycles"


def test_a_folder_that_cannot_be_made_is_found_out_before_the_work(
    workshop: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file stands where the folder should be."""
    monkeypatch.setattr(run, "_fit", None)
    (workshop / "trained_models").write_text("")

    with pytest.raises(OutputError, match="trained_models is a file"):
        train(workshop)


@pytest.mark.parametrize("below", ["", "new"])
def test_a_folder_that_cannot_be_written_is_found_out_before_the_work(
    below: Any, workshop: Path, older: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Permissions are asked for first, those of the folder above if it has yet to be made."""
    monkeypatch.setattr(run, "_fit", None)
    monkeypatch.setattr(os, "access", lambda path, mode: os.fspath(path) != os.fspath(older))

    with pytest.raises(OutputError, match="cannot be written"):
        train(workshop, output=older / below if below else older)


@pytest.mark.usefixtures("quick")
def test_a_disk_that_is_full_leaves_the_older_model(
    workshop: Path, older: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The error says why."""

    def full(descriptor: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    before = files_in(older)

    with pytest.raises(OutputError, match="No space left on device"):
        train(workshop)

    assert before == files_in(older)
