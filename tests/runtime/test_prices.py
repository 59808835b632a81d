"""The base install prices every house, and as training said it would."""

import json
import math
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import onnxruntime
import pytest

import regression_model
from regression_model import MissingExtraError, Model, load_model, make_prediction
from regression_model.files.tables import read_table
from regression_model.runtime.model_file.release import find_model_file

PACKAGE = Path(regression_model.__file__).parent
SCORING = PACKAGE / "datasets" / "test.csv"


@pytest.fixture(scope="module")
def columns() -> dict[str, list[str]]:
    """The packaged rows to price, by column."""
    table: dict[str, list[str]] = read_table(str(SCORING))
    return table


@pytest.fixture(scope="module")
def records(columns: dict[str, list[str]]) -> list[dict[str, str]]:
    """The same, row by row."""
    return [dict(zip(columns, cells, strict=True)) for cells in zip(*columns.values(), strict=True)]


@pytest.fixture(scope="module")
def prices(model: Model, columns: dict[str, list[str]]) -> npt.NDArray[np.float64]:
    """What the model says of them."""
    return model.predict(columns).values


def test_every_row_of_the_scoring_file_is_priced(columns: dict[str, list[str]]) -> None:
    """All 1,459, without an error."""
    result = make_prediction(input_data=columns)
    assert 1459 == len(result["predictions"])
    assert all(type(price) is float and math.isfinite(price) for price in result["predictions"])
    assert (regression_model.__version__, None) == (result["version"], result["errors"])


def test_prices_come_in_the_order_of_the_rows(
    model: Model, records: list[dict[str, str]], prices: npt.NDArray[np.float64]
) -> None:
    """From columns, from records, from records backwards, and one by one."""
    np.testing.assert_allclose(model.predict(records).values, prices, rtol=1e-12)
    np.testing.assert_allclose(model.predict(records[::-1]).values, prices[::-1], rtol=1e-12)
    alone = [model.predict(row).values[0] for row in records]
    np.testing.assert_allclose(alone, prices, rtol=1e-12)


def test_prices_are_those_of_the_training_environment(
    model: Model, prices: npt.NDArray[np.float64]
) -> None:
    """scikit-learn's own, of the first rows, as the model file carries them."""
    assert SCORING.name == model.manifest["reference"]["data_file"]
    reference = model.manifest["reference"]["predictions"]
    assert len(reference) > 0
    np.testing.assert_allclose(prices[: len(reference)], reference, rtol=1e-9, atol=0)


def raw_inputs(model: Model, columns: dict[str, list[str]]) -> dict[str, Any]:
    """The rows as the graph itself takes them: numbers with NaN, levels as texts."""
    names = model.contract.canonical_names
    named = {names[name]: cells for name, cells in columns.items() if name in names}
    missing = ("", *model.contract.missing_values)
    numbers = [
        [math.nan if cell in missing else float(cell) for cell in named[field.name]]
        for field in model.contract.numbers
    ]
    levels = [named[field.name] for field in model.contract.categories]
    return {
        "numbers": np.array(numbers, dtype=np.float64).T,
        "levels": np.array(levels, dtype=object).T,
    }


def test_the_graph_alone_gives_the_same_prices(
    model: Model, columns: dict[str, list[str]], prices: npt.NDArray[np.float64]
) -> None:
    """By plain onnxruntime, as Java or C# would run it: texts in, prices out."""
    path = find_model_file(PACKAGE)
    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    outputs = session.run(["prediction", "lower", "upper"], raw_inputs(model, columns))
    prediction = model.predict(columns)
    for output, expected in zip(outputs, (prices, prediction.lower, prediction.upper), strict=True):
        np.testing.assert_allclose(np.ravel(output), expected, rtol=1e-9, atol=0)


def test_a_bad_row_is_answered_without_the_training_half(records: list[dict[str, str]]) -> None:
    """The check, too, is all there."""
    field = next(f.name for f in load_model().contract.numbers if f.required)
    rows = [*records[:2], records[2] | {field: "many"}, {}, 5]
    prediction = load_model().predict(rows)
    assert [False, False, True, True, True] == np.isnan(prediction.values).tolist()
    assert {2, 3, 4} == {problem.row for problem in prediction.errors}


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    """The command line, in a Python of its own."""
    command = [sys.executable, "-m", "regression_model", *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)


@pytest.mark.parametrize("command", ["train", "check"])
def test_a_command_of_the_training_half_names_its_extra(command: str, tmp_path: Path) -> None:
    """It ends with the code for unusable arguments, says what to install, and writes nothing."""
    options = {"train": ["--output", str(tmp_path)], "check": [str(PACKAGE / "config.yml")]}
    done = run(command, *options[command])
    assert [] == list(tmp_path.iterdir())
    assert (2, "") == (done.returncode, done.stdout)
    assert "regression-model[train]" in done.stderr
    assert "Traceback" not in done.stderr


def test_parquet_names_its_extra(tmp_path: Path) -> None:
    """The base install reads CSV and JSON Lines."""
    path = tmp_path / "rows.parquet"
    path.write_bytes(b"PAR1")
    with pytest.raises(MissingExtraError, match=r"regression-model\[batch\]"):
        read_table(str(path))


def test_the_command_line_prices_the_scoring_file(tmp_path: Path) -> None:
    """One output row per input row; the exit code says that all were priced."""
    out = tmp_path / "prices.csv"
    done = run("predict", str(SCORING), "--output", str(out))
    assert 0 == done.returncode, done.stderr
    priced = read_table(str(out))
    assert {1459} == {len(cells) for cells in priced.values()}


def test_the_command_line_scores_a_file_with_the_true_prices() -> None:
    """Metrics, and how many of the rows the model was trained on."""
    done = run("evaluate", "--data", str(PACKAGE / "datasets" / "train.csv"), "--json")
    assert 0 == done.returncode, done.stderr
    evaluation = json.loads(done.stdout)
    assert {"rmsle", "mae", "coverage"} <= set(evaluation["metrics"])
    assert 1460 == evaluation["rows"] == evaluation["trained_on"]["rows"]


@pytest.mark.parametrize("command", [["info"], ["schema"], ["explain", str(SCORING), "--row", "1"]])
def test_the_other_commands_of_the_base_install_answer(command: list[str]) -> None:
    """Metadata, JSON Schema, and what moved a price."""
    done = run(*command)
    assert (0, "") == (done.returncode, done.stderr)
    assert done.stdout
