"""As many results as rows, in their order, whatever is wrong with some of them."""

import copy
import csv
import datetime
import math
import shutil
import subprocess
import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from itertools import zip_longest
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.csv
import pytest
from hypothesis import given
from hypothesis import strategies as st

import regression_model
from regression_model import Model, ModelFileError, load_model
from regression_model.files.tables import read_table
from regression_model.runtime.contract import Contract, Field
from regression_model.runtime.model_file.release import find_model_file
from regression_model.runtime.model_file.sealing import seal
from regression_model.runtime.problems import ERROR_CODES

PACKAGE = Path(regression_model.__file__).parent


@pytest.fixture(scope="module")
def prices(model: Model, all_rows: tuple[dict[str, str], ...]) -> list[float]:
    """The price of each row to price, from one call with all of them."""
    values: list[float] = model.predict(all_rows).values.tolist()
    return values


def same(expected: Sequence[float], actual: Sequence[float] | np.ndarray[Any, Any]) -> None:
    """Equal but for the last digits: how sums are split depends on the number of rows."""
    np.testing.assert_allclose(actual, expected, rtol=1e-12, atol=0)


def exponential() -> Model:
    """A model whose prediction is e to the power of its only field, give or take a factor of e."""
    onnx = pytest.importorskip("onnx")
    make, types = onnx.helper, onnx.TensorProto
    inputs = [
        make.make_tensor_value_info("numbers", types.DOUBLE, ["rows", 1]),
        make.make_tensor_value_info("levels", types.STRING, ["other", 0]),
        make.make_tensor_value_info("codes", types.INT64, ["rows", 0]),
    ]
    outputs = [
        make.make_tensor_value_info(name, types.DOUBLE, ["rows"])
        for name in ("prediction", "lower", "upper")
    ]
    one = onnx.numpy_helper.from_array(np.array([1.0]), "one")
    axis = onnx.numpy_helper.from_array(np.array([1]), "axis")
    no_codes = onnx.numpy_helper.from_array(np.empty((0, 0), dtype=np.int64), "codes")
    nodes = [
        make.make_node("Squeeze", ["numbers", "axis"], ["score"]),
        make.make_node("Sub", ["score", "one"], ["low"]),
        make.make_node("Add", ["score", "one"], ["high"]),
        make.make_node("Exp", ["score"], ["prediction"]),
        make.make_node("Exp", ["low"], ["lower"]),
        make.make_node("Exp", ["high"], ["upper"]),
    ]
    graph = make.make_graph(nodes, "exponential", inputs, outputs, [one, axis, no_codes])
    opset = [make.make_opsetid("", 17), make.make_opsetid("ai.onnx.ml", 3)]
    content = make.make_model(graph, opset_imports=opset, ir_version=8).SerializeToString()
    contract = Contract((Field("n", "number", required=True),), target="y")
    manifest = {
        **{
            k: v
            for k, v in load_model().manifest.items()
            if k not in ("background", "evaluation", "fillers")
        },
        "name": "e",
        "target": load_model().manifest["target"] | {"name": "y", "transform": "log"},
        "contract": contract.to_dict(),
    }
    return Model(seal(content, manifest))


def test_every_row_of_the_scoring_file_is_priced(model: Model, prices: list[float]) -> None:
    """All 1,459, each with an interval around it."""
    prediction = model.predict(read_table(str(PACKAGE / "datasets" / "test.csv")))
    assert 1459 == len(prediction) == len(prediction.lower) == len(prediction.upper)
    assert prices == prediction.values.tolist()
    assert [] == prediction.errors
    assert np.all(prediction.lower < prediction.values)
    assert np.all(prediction.values < prediction.upper)
    assert model.version == prediction.version == regression_model.__version__


def test_a_row_has_the_same_price_alone(
    model: Model, all_rows: tuple[dict[str, str], ...], prices: list[float]
) -> None:
    """No row's price depends on the others."""
    same(prices[:300], [model.predict([row]).values[0] for row in all_rows[:300]])


def test_prices_stay_with_their_rows(
    model: Model, all_rows: tuple[dict[str, str], ...], prices: list[float]
) -> None:
    """In another order, and in parts."""
    same(prices[::-1], model.predict(all_rows[::-1]).values)
    parts = [model.predict(all_rows[at : at + 100]).values for at in range(0, 1459, 100)]
    same(prices, np.concatenate(parts))


def test_many_rows_are_priced_as_few(
    model: Model, all_rows: tuple[dict[str, str], ...], prices: list[float]
) -> None:
    """More than go through the graph at once, with a bad one among them."""
    many = [*all_rows * 12]
    many[10_000] = {}
    expected = prices * 12
    found = model.predict(many).values.tolist()
    assert math.isnan(found[10_000])
    del expected[10_000], found[10_000]
    same(expected, found)


def test_every_library_reads_the_file_to_the_same_prices(
    model: Model, scoring_file: Path, prices: list[float]
) -> None:
    """Whatever types pandas, polars and pyarrow make of the columns."""
    texts = pd.read_csv(scoring_file, dtype=str, keep_default_na=False)
    frame = pd.read_csv(scoring_file)
    arrow = pyarrow.csv.read_csv(scoring_file)
    tables = {
        "pandas": frame,
        "pandas texts": texts,
        "pandas nullable": frame.convert_dtypes(),
        "pandas arrow": pd.read_csv(scoring_file, dtype_backend="pyarrow"),
        "pandas objects": frame.astype(object),
        "pandas category": frame.astype("category"),
        "pandas shuffled index": frame.set_index(frame.index[::-1]),
        "records": frame.to_dict(orient="records"),
        "records of None": frame.astype(object).where(frame.notna(), None).to_dict("records"),
        "columns": frame.to_dict(orient="list"),
        "polars": pl.read_csv(scoring_file, null_values="NA", infer_schema_length=None),
        "polars texts": pl.read_csv(scoring_file, infer_schema=False),
        "arrow": arrow,
        "arrow dictionaries": pa.table(
            {n: arrow[n].dictionary_encode() for n in arrow.column_names}
        ),
    }
    for name, table in tables.items():
        prediction = model.predict(table)
        assert [] == prediction.errors, name
        assert prices == prediction.values.tolist(), name


def test_a_bad_row_keeps_no_other_from_its_price(
    model: Model, rows: list[dict[str, Any]], prices: list[float], required_number: Field
) -> None:
    """NaN in its place, and its problem with its number."""
    rows[1][required_number.name] = None
    rows[4] = None
    del rows[7][required_number.name]
    prediction = model.predict(rows)
    same([math.nan if at in (1, 4, 7) else prices[at] for at in range(10)], prediction.values)
    for ends in (prediction.lower, prediction.upper):
        assert [1, 4, 7] == np.flatnonzero(np.isnan(ends)).tolist()
    assert [
        (1, required_number.name, "missing_value"),
        (4, None, "wrong_type"),
        (7, required_number.name, "missing_value"),
    ] == [(problem.row, problem.field, problem.code) for problem in prediction.errors]


def test_rows_that_are_all_bad_are_all_answered(model: Model) -> None:
    """No row is left for the graph, and none is left out."""
    for rows in ([{}, {}], [1, 2], pd.DataFrame(index=range(2))):
        prediction = model.predict(rows)
        assert [True, True] == np.isnan(prediction.values).tolist()
        assert prediction.errors


@pytest.mark.parametrize("rows", [[], {}, pd.DataFrame(), pl.DataFrame(), pa.table({})], ids=repr)
def test_no_rows_give_no_results(model: Model, rows: Any) -> None:
    """And no problem."""
    prediction = model.predict(rows)
    assert 0 == len(prediction)
    assert [] == prediction.problems == prediction.to_dicts()


def test_the_rows_of_the_caller_stay_as_they_were(
    model: Model, rows: list[dict[str, Any]], required_number: Field
) -> None:
    """Bad ones, too, and nothing is kept that could be changed."""
    rows[1] |= {required_number.name: [1, [2]], "colour": {"red": 1}}
    rows[2][required_number.name] = "x"
    frame = pd.DataFrame(rows, index=pd.Index([5] * 10))
    before, frame_before = copy.deepcopy(rows), frame.copy(deep=True)
    model.predict(rows).to_dicts()
    model.predict(frame).to_dicts()
    assert before == rows
    pd.testing.assert_frame_equal(frame_before, frame)


def test_warnings_leave_the_price(
    model: Model, rows: list[dict[str, Any]], prices: list[float], nominal: Field
) -> None:
    """An unknown field changes nothing; an unseen level is treated as a rare one."""
    rows[0]["colour"] = "red"
    rows[1][nominal.name] = "Elsewhere"
    prediction = model.predict(rows)
    assert [] == prediction.errors
    assert [(0, "colour", "unknown_field"), (1, nominal.name, "unseen_level")] == [
        (problem.row, problem.field, problem.code)
        for problem in prediction.warnings
        if problem.code != "outside_training_range"
    ]
    same(prices[:1], prediction.values[:1])
    assert np.isfinite(prediction.values).all()


def test_levels_and_numbers_may_be_written_in_several_ways(
    model: Model,
    rows: list[dict[str, Any]],
    prices: list[float],
    required_number: Field,
    ordinal: Field,
) -> None:
    """Blanks around a text, a number as text, Decimal or float: the same price."""
    number = rows[0][required_number.name]
    ways: list[Any] = [
        float(number),
        int(number),
        Decimal(number),
        f" {number} ",
        np.float32(number),
    ]
    varied = [rows[0] | {required_number.name: way} for way in ways]
    varied.append(rows[0] | {ordinal.name: f"\t{rows[0][ordinal.name]} "})
    same([prices[0]] * len(varied), model.predict(varied).values)


@pytest.mark.parametrize("number", [709.5, 710, 1e6, 1e300, -1e4, -1e300], ids=str)
def test_what_overflows_is_an_error_and_no_infinity(number: float) -> None:
    """Also when only the end of the interval does, or to nothing; the other rows are priced."""
    rows = [{"n": 1}, {"n": number}, {"n": None}, {"n": 2.0}]
    prediction = exponential().predict(rows)
    np.testing.assert_allclose([math.e, math.nan, math.nan, math.e**2], prediction.values)
    for ends in (prediction.lower, prediction.upper):
        assert [False, True, True, False] == np.isnan(ends).tolist()
    assert [
        (
            1,
            None,
            "not_finite",
            "The prediction is out of all bounds: the row is too far from all training rows.",
        ),
        (2, "n", "missing_value", "n is missing: expected a number."),
    ] == [
        (problem.row, problem.field, problem.code, problem.message) for problem in prediction.errors
    ]


def test_numbers_far_beyond_all_houses_give_a_price_or_an_error(
    model: Model, rows: list[dict[str, Any]]
) -> None:
    """Never an infinity: each number at a time, and all at once."""
    numbers = [field.name for field in model.contract.numbers if field.maximum is None]
    extremes = [rows[0] | {name: "1e300"} for name in numbers]
    extremes.append(rows[0] | dict.fromkeys(numbers, 1e300))
    prediction = model.predict(extremes)
    in_error = {problem.row for problem in prediction.errors}
    assert in_error == set(np.flatnonzero(np.isnan(prediction.values)).tolist())
    assert not np.isinf([prediction.values, prediction.lower, prediction.upper]).any()
    warned = {p.row for p in prediction.warnings if p.code == "outside_training_range"}
    assert set(range(len(extremes))) == warned


def test_dicts_say_everything_of_a_row(
    model: Model, rows: list[dict[str, Any]], required_number: Field
) -> None:
    """Plain types, with None for what is not there, and a problem of all rows in each."""
    name = required_number.name
    rows[1][name] = "x"
    frame = pd.DataFrame(rows[:2]).assign(colour="red")
    first, second = model.predict(frame).to_dicts()
    assert ["value", "lower", "upper", "problems", "version", "assumed"] == list(first)
    assert {float} == {type(first[key]) for key in ("value", "lower", "upper")}
    assert [None] * 3 == [second[key] for key in ("value", "lower", "upper")]
    assert ["unknown_field"] == [problem["code"] for problem in first["problems"]]
    assert ["unknown_field", "wrong_type"] == [problem["code"] for problem in second["problems"]]
    assert {
        "row": 1,
        "field": name,
        "code": "wrong_type",
        "message": f"{name} is 'x' (type str): expected {required_number.expected}.",
        "severity": "error",
    } == second["problems"][1]


def test_fields_that_were_filled_are_counted(model: Model, required_number: Field) -> None:
    """For each row: those that the model uses and that were missing; none for a row in error."""
    used = [*model.contract.numbers, *model.contract.categories]
    whole = {n: c for n, c in model.manifest["background"][0].items() if c is not None}
    least = {n: c for n, c in whole.items() if model.contract.field(n).required}
    bad = whole | {required_number.name: None}
    rows = [whole, least, bad, least | {"colour": 1}]
    expected = [len(used) - len(whole), len(used) - len(least), 0, len(used) - len(least)]
    for table in (rows, pd.DataFrame(rows)):
        prediction = model.predict(table)
        assert expected == prediction.assumed.tolist()
        assert expected == [row["assumed"] for row in prediction.to_dicts()]


def test_a_prediction_keeps_company_with_numpy_and_pandas(
    model: Model, rows: list[dict[str, Any]], required_number: Field
) -> None:
    """It is an array of its values, a sequence of rows, and says how many failed."""
    rows[1][required_number.name] = None
    frame = pd.DataFrame(rows, index=range(5, 15))
    prediction = model.predict(frame)
    frame["predicted"] = prediction
    np.testing.assert_array_equal(prediction.values, frame["predicted"])
    np.testing.assert_array_equal(prediction.values, np.asarray(prediction))
    assert prediction == model.predict(rows)
    assert prediction != model.predict(rows[:3])
    assert prediction != 5
    assert prediction.to_dicts() == list(prediction) == [prediction[i] for i in range(10)]
    assert "10 rows: 9 predicted, 1 in error" in repr(prediction)
    assert "<table>" in prediction._repr_html_()
    assert [*range(5, 15)] == prediction.to_pandas(frame.index).index.tolist()
    assert f"<Model {model.name} {model.version}: SalePrice from " in repr(model)
    assert len(repr(model.contract)) < 100


def test_a_manifest_cannot_be_changed_by_accident(model: Model) -> None:
    """What is read is a copy."""
    model.manifest["target"]["transform"] = "none"
    model.manifest.clear()
    assert {"name", "version", "target"} <= model.manifest.keys()
    assert "none" != model.manifest["target"]["transform"]


def test_problems_stand_in_the_order_of_the_rows(
    model: Model, rows: list[dict[str, Any]], required_number: Field
) -> None:
    """Those of all rows first."""
    rows = [row | {required_number.name: None, f"colour{at}": 1} for at, row in enumerate(rows)]
    found = [p.row for p in model.predict(rows).problems]
    assert sorted(found, key=lambda row: -1 if row is None else row) == found
    frame = pd.DataFrame(rows)
    assert model.predict(frame).problems[0].row is None


NAMES = [*load_model().contract.canonical_names, "SalePrice"]
cells = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.decimals(),
    st.text(max_size=6),
    st.binary(max_size=3),
    st.dates(),
    st.timedeltas(),
    st.lists(st.none() | st.floats(), max_size=2),
    st.dictionaries(st.text(max_size=2), st.integers(), max_size=2),
    st.sampled_from(["NA", " ", "1e5", "20", 20, 1e300, 10**400, -math.inf, 0, 5, 2000, "None"]),
    st.sampled_from([pd.NA, pd.NaT, np.float32(5), np.array(7), np.array([7]), object()]),
    st.sampled_from([datetime.datetime(2020, 1, 1), np.datetime64("2020"), 1j, {1}, int]),
)


changes = st.dictionaries(st.sampled_from([*NAMES, "colour"]), cells, max_size=3)
random_row = st.dictionaries(st.sampled_from(NAMES) | st.text(max_size=3), cells, max_size=9)
no_row = cells.filter(lambda cell: not isinstance(cell, dict))


@given(
    rows=st.lists(st.just({}) | changes, max_size=4),
    others=st.lists(random_row | no_row, max_size=3),
)
def test_whatever_comes_as_many_results_go(
    model: Model,
    all_rows: tuple[dict[str, str], ...],
    prices: list[float],
    rows: list[dict[str, Any]],
    others: list[Any],
) -> None:
    """Rows with any cells in any fields: no exception, one result each, good rows as ever."""
    changed = [row | change for row, change in zip(all_rows, rows, strict=False)]
    batch = [part for pair in zip_longest(changed, others, fillvalue=all_rows[0]) for part in pair]
    prediction = model.predict(batch)
    assert len(batch) == len(prediction) == len(prediction.to_dicts())
    assert {problem.code for problem in prediction.errors} <= set(ERROR_CODES)
    in_error = {problem.row for problem in prediction.errors}
    first = [repr(row) for row in all_rows[:4]]
    assert None not in in_error or not changed
    for at, value in enumerate(prediction.values.tolist()):
        assert math.isnan(value) == (at in in_error or None in in_error)
        assert not math.isinf(value)
        same([value], model.predict([batch[at]]).values)
        if repr(batch[at]) in first:  # not ==, which the null of pandas has no answer to
            same([prices[first.index(repr(batch[at]))]], [value])


def test_threads_share_a_model(all_rows: tuple[dict[str, str], ...], prices: list[float]) -> None:
    """Eight at once, with good and bad rows of many forms: each gets its own answers."""
    model = load_model(find_model_file(PACKAGE))

    def price(thread: int) -> bool:
        for turn in range(40):
            at = (thread * 97 + turn * 13) % 1400
            batch: list[dict[str, Any]] = [dict(row) for row in all_rows[at : at + 7]]
            batch[3] |= {f"colour {thread} {turn}": 1}
            batch[5] = {}
            expected = prices[at : at + 7]
            expected[5] = math.nan
            same(expected, model.predict(batch).values)
        return True

    with ThreadPoolExecutor(8) as threads:
        assert [True] * 8 == list(threads.map(price, range(8)))


FORKS = """
import json, os, sys
from regression_model import load_model
from regression_model.files.tables import read_table
columns = read_table(sys.argv[1])
rows = [{name: column[i] for name, column in columns.items()} for i in range(50)]
model = load_model()
expected = model.predict(rows).values.tolist()
children = []
for _ in range(4):
    child = os.fork()
    if child == 0:
        os._exit(0 if model.predict(rows).values.tolist() == expected else 1)
    children.append(child)
assert [0] * 4 == [os.waitpid(child, 0)[1] for child in children]
import multiprocessing
def price(row):
    return load_model().predict([row]).values.tolist()[0]
with multiprocessing.get_context("fork").Pool(2) as pool:
    found = pool.map(price, rows)
assert max(abs(a / b - 1) for a, b in zip(found, expected)) < 1e-12
assert model.predict(rows).values.tolist() == expected
"""


@pytest.mark.skipif(sys.platform != "linux", reason="servers fork on Linux")
def test_a_model_loaded_before_a_fork_predicts_after_it(scoring_file: Path) -> None:
    """In each child, and still in the parent: a server may load first and fork then."""
    quiet = "ignore::DeprecationWarning"  # of forking beside the threads of numpy
    command = [sys.executable, "-W", quiet, "-c", FORKS, str(scoring_file)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert (0, "") == (done.returncode, done.stderr)


def test_the_shipped_model_is_opened_once(model: Model, tmp_path: Path) -> None:
    """Any other is opened when it is asked for."""
    assert model is load_model()
    with ThreadPoolExecutor(8) as threads:
        assert {id(model)} == set(threads.map(lambda _: id(load_model()), range(8)))
    path = tmp_path / "copy.onnx"
    shutil.copy(str(find_model_file(PACKAGE)), path)
    assert load_model(path) is not model
    assert load_model(str(path)).manifest == model.manifest


def test_a_package_without_a_model_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With the version, the folder and the way out."""
    (tmp_path / "VERSION").write_text("9.9.9\n", encoding="utf-8")
    monkeypatch.setattr("regression_model.runtime.model.PACKAGE_ROOT", tmp_path)
    monkeypatch.setattr("regression_model.runtime.model._shipped", None)
    with pytest.raises(ModelFileError) as raised:
        load_model()
    assert (
        f"There is no model file for version 9.9.9 in {tmp_path / 'trained_models'}: "
        "train it with tox -e train, or name a model file."
    ) == str(raised.value)


def test_a_model_describes_itself(model: Model) -> None:
    """Its name and version are those of the manifest; its contract has the target."""
    assert model.manifest["name"] == model.name
    assert model.manifest["version"] == model.version
    assert model.manifest["target"]["name"] == model.contract.target
    assert Contract.from_dict(model.manifest["contract"]) == model.contract


@pytest.mark.parametrize("place", [0, 700, 1298])
def test_a_row_far_outside_the_training_rows_gets_a_sober_price(
    model: Model, training_file: Path, place: Any
) -> None:
    """A hundred times beyond the range, in any one field: at most 3 times beyond the prices."""
    with training_file.open(encoding="utf-8", newline="") as file:
        sold = [*csv.DictReader(file)]
    prices = [float(row["SalePrice"]) for row in sold]
    far = []
    for field in model.contract.numbers:
        low, high = field.training_range
        values = {100 * high, -100 * high, low / 100}
        values = {v for v in values if field.minimum is None or v >= field.minimum}
        values = {v for v in values if field.maximum is None or v <= field.maximum}
        far += [(field.name, value) for value in sorted(values) if not low <= value <= high]
    rows = [sold[place] | {name: value} for name, value in far]

    prediction = model.predict(rows)

    assert len(far) > 30
    assert (prediction.values >= min(prices) / 3).all()
    assert (prediction.values <= max(prices) * 3).all()
    warned = {(p.row, p.field) for p in prediction.warnings if p.code == "outside_training_range"}
    assert warned >= {(i, name) for i, (name, _) in enumerate(far)}
