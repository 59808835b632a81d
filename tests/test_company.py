"""Models and predictions go where Python sends them: into pickles, copies and other processes."""

import copy
import datetime
import multiprocessing
import pickle
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from regression_model import InputError, Model, Prediction
from regression_model.runtime.contract import Field
from regression_model.runtime.problems import ERROR_CODES, WARNING_CODES


@pytest.fixture
def odd_rows(rows: list[dict[str, Any]], required_number: Field) -> list[Any]:
    """Rows with cells of every kind, some of which no pickle can hold."""
    cells: list[Any] = [
        None,
        "x" * 10_000,
        "a 'quoted' text",
        10**400,
        float("inf"),
        -5,
        True,
        datetime.date(2020, 1, 1),
        np.array([1, 2]),
        threading.Lock(),
        lambda: None,
        (cell for cell in "abc"),
        {"nested": [object()]},
    ]
    odd: list[Any] = [rows[0] | {required_number.name: cell} for cell in cells]
    odd += [rows[1] | {"colour": "red"}, rows[1] | {f"x{i}": i for i in range(50)}]
    return [*odd, threading.Lock(), lambda: None, "row", *rows]


def same(expected: Prediction, actual: Prediction) -> None:
    """Equal in every respect."""
    for name in ("values", "lower", "upper"):
        np.testing.assert_array_equal(getattr(expected, name), getattr(actual, name))
    assert expected.version == actual.version
    assert expected.problems == actual.problems
    assert expected.to_dicts() == actual.to_dicts()


def carried(prediction: Prediction) -> list[Prediction]:
    """Return what pickles of every protocol and a deep copy make of a prediction."""
    protocols = range(2, pickle.HIGHEST_PROTOCOL + 1)
    pickles = [pickle.dumps(prediction, protocol) for protocol in protocols]
    return [*(pickle.loads(text) for text in pickles), copy.deepcopy(prediction)]


def test_a_prediction_with_any_problem_is_pickled(model: Model, odd_rows: list[Any]) -> None:
    """Whatever stood in the cells, and whether or not the sentences were written before."""
    for again in carried(model.predict(odd_rows)):
        same(model.predict(odd_rows), again)
    read = model.predict(odd_rows)
    assert {"wrong_type", "unknown_field", "not_finite"} <= {p.code for p in read.problems}
    for again in carried(read):
        same(read, again)


def test_a_prediction_out_of_a_pickle_cannot_be_explained(
    model: Model, rows: list[dict[str, Any]]
) -> None:
    """It holds no rows; the sentence says what to do, also with assertions switched off."""
    again = pickle.loads(pickle.dumps(model.predict(rows)))
    with pytest.raises(InputError, match="holds no rows: predict them again"):
        list(model.explain_rows(again, [0]))


def test_every_code_is_pickled(model: Model, rows: list[dict[str, Any]]) -> None:
    """Each problem that the contract of the shipped model can tell of."""
    contract = model.contract
    bounded = next(f for f in contract.numbers if f.maximum is not None)
    ranged = next(f for f in contract.numbers if f.required and f.maximum is None)
    aliased = next(f for f in contract.fields if f.used and f.aliases)
    ordinal = next(f for f in contract.categories if f.kind == "ordinal")
    nominal = next(f for f in contract.categories if f.kind == "nominal")
    changes: list[dict[str, Any]] = [
        {ranged.name: None},
        {ranged.name: "x"},
        {ranged.name: float("inf")},
        {ranged.name: -1},
        {bounded.name: 1e9},
        {ordinal.name: "Great"},
        {nominal.name: "Elsewhere"},
        {ranged.name: 1e7},
        {"colour": 1},
        {aliased.name: 1, aliased.aliases[0]: 1},
    ]
    found = model.predict([row | change for row, change in zip(rows, changes, strict=True)])
    absent = model.predict([{ordinal.name: "TA"}])
    codes = {p.code for p in (*found.problems, *absent.problems)}
    assert {*ERROR_CODES, *WARNING_CODES} == codes
    for prediction in (found, absent):
        for again in carried(prediction):
            same(prediction, again)


def test_a_pickle_of_a_prediction_holds_nothing_large(
    model: Model, rows: list[dict[str, Any]], required_number: Field
) -> None:
    """A cell of a megabyte travels as the sixty characters that are shown of it."""
    rows[0] |= {required_number.name: "x" * 1_000_000}
    assert len(pickle.dumps(model.predict(rows))) < 10_000


def test_a_model_is_pickled_and_copied(model: Model, rows: list[dict[str, Any]]) -> None:
    """As its sealed bytes: it is checked and opened again."""
    for again in (pickle.loads(pickle.dumps(model)), copy.deepcopy(model), copy.copy(model)):
        assert again.manifest == model.manifest
        same(model.predict(rows), again.predict(rows))
        assert again.explain(rows[:1]) == model.explain(rows[:1])


def predict(model: Model, rows: list[Any]) -> Prediction:
    """Predict in another process."""
    return model.predict(rows)


SENT = """
import multiprocessing, sys
from concurrent.futures import ProcessPoolExecutor
import numpy as np
from regression_model import Model, load_model

def predict(model, rows):
    return model.predict(rows)

if __name__ == "__main__":
    model = load_model()
    rows = [{"LotArea": "many"}, {"colour": 1}, 5, {}]
    context = multiprocessing.get_context(sys.argv[1])
    with ProcessPoolExecutor(2, mp_context=context) as processes:
        for found in processes.map(predict, [model] * 3, [rows] * 3):
            assert found.problems == model.predict(rows).problems and found.problems
            assert np.isnan(found.values).all() and len(found.values) == 4
"""


@pytest.mark.parametrize("method", multiprocessing.get_all_start_methods())
def test_models_go_to_other_processes_and_predictions_come_back(
    method: str, tmp_path: Path
) -> None:
    """Forked, spawned or served by a fork server."""
    script = tmp_path / "sent.py"
    script.write_text(SENT)
    quiet = "ignore::DeprecationWarning"  # of forking beside the threads of numpy
    command = [sys.executable, "-W", quiet, str(script), method]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert (0, "") == (done.returncode, done.stderr)


def test_joblib_carries_a_model_and_its_predictions(
    model: Model, rows: list[dict[str, Any]], required_number: Field
) -> None:
    """In processes of its own, with a row in error among the others."""
    joblib = pytest.importorskip("joblib")
    rows[1][required_number.name] = "many"
    parts = joblib.Parallel(2)(joblib.delayed(model.predict)(rows) for _ in range(2))
    for found in parts:
        same(model.predict(rows), found)
