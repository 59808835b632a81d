"""A number is one level in every form: in training, in prediction, in the configuration."""

from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from regression_model import ConfigError, DataError, load_model
from regression_model.config.core import parse_config
from regression_model.levels import level_text, text_of_number
from regression_model.runtime.checking import Checker
from regression_model.runtime.row_model import row_model
from regression_model.training.rows import read_training_data
from regression_model.training.run import run_training

CONFIG = """\
name: plots
description: Plots of land
target:
  name: price
  description: Price
  unit: euros
data:
  training: plots.csv
features:
  size:
    description: Size
    kind: number
  zone:
    description: Zone
    kind: nominal
    missing: most_frequent
  grade:
    description: Grade
    kind: ordinal
    levels: 1.0, 2, 3.00
    missing: 2.0
encoding:
  nominal: mean
  rare_share: 0.01
estimator:
  ridge:
    alpha: 1
evaluation:
  folds: 3
"""

PARSED = parse_config(CONFIG)
FORMS: dict[str, Callable[[list[Any]], Any]] = {
    "numbers": lambda cells: cells,
    "floats": lambda cells: [None if c is None else float(c) for c in cells],
    "texts": lambda cells: ["" if c is None else f" {c} " for c in cells],
    "texts of floats": lambda cells: ["" if c is None else str(float(c)) for c in cells],
    "Decimals": lambda cells: [None if c is None else Decimal(str(c)) for c in cells],
    "numpy scalars": lambda cells: [None if c is None else np.array([c])[0] for c in cells],
    "float array": lambda cells: np.array([np.nan if c is None else c for c in cells], dtype=float),
    "pandas": lambda cells: pd.Series(cells),
    "pandas nullable": lambda cells: pd.Series(
        cells, dtype="Float64" if any(isinstance(cell, float) for cell in cells) else "Int64"
    ),
    "pandas texts": lambda cells: pd.Series(cells, dtype=object).astype("string"),
    "polars": lambda cells: pl.Series(cells, strict=False),
    "arrow": lambda cells: pa.array([None if c is None else float(c) for c in cells]),
}
numbers = st.one_of(
    st.lists(st.none() | st.integers(-(2**53), 2**53), min_size=3, max_size=8),
    st.lists(st.none() | st.floats(allow_nan=False, allow_infinity=False), min_size=3, max_size=8),
)


def one_by_one(column: Any) -> list[Any]:
    """Return the cells of a column as rows have them."""
    return column.to_pylist() if hasattr(column, "to_pylist") else list(column)


@settings(max_examples=25)
@given(cells=numbers.filter(lambda cells: any(cell is not None for cell in cells)))
def test_every_training_row_is_known_in_every_form(cells: list[Any]) -> None:
    """Whatever the form in which the levels were learnt."""
    rest = {"size": [10.0] * len(cells), "grade": [1] * len(cells), "price": [5.0] * len(cells)}
    tables = {name: {**rest, "zone": make(list(cells))} for name, make in FORMS.items()}
    first = None
    for name, table in tables.items():
        data = read_training_data(PARSED, table, source=name)
        first = first or data
        assert first.contract == data.contract, name
        pd.testing.assert_frame_equal(first.frame, data.frame)
    assert first is not None
    expected = Checker(first.contract).check(tables["numbers"])
    for name, table in tables.items():
        checked = Checker(first.contract).check(table)
        assert [] == checked.findings, name
        assert expected.codes.tolist() == checked.codes.tolist(), name
        alone = [
            Checker(first.contract).check([{"size": 10.0, "zone": c}])
            for c in one_by_one(table["zone"])
        ]
        assert expected.codes[:, 0].tolist() == [one.codes[0, 0] for one in alone], name


@pytest.mark.usefixtures("without_documents")
@pytest.mark.parametrize("form", ["numbers", "texts of floats", "float array"])
def test_a_model_predicts_the_rows_that_it_was_trained_on(form: str, tmp_path: Path) -> None:
    """Equally in all forms, and as raw texts in the graph."""
    generator = np.random.default_rng(1)
    zones: list[Any] = generator.integers(0, 8, 60).tolist()
    zones[7] = None
    grades = generator.integers(1, 4, 60).tolist()
    table = {"size": generator.uniform(1, 9, 60).tolist(), "zone": zones, "grade": grades}
    price = [
        10.0 * (z or 0) + 3 * g + s for z, g, s in zip(zones, grades, table["size"], strict=True)
    ]
    written = pd.DataFrame(
        {
            "size": table["size"],
            "zone": FORMS[form](zones),
            "grade": FORMS[form](grades),
            "price": price,
        }
    )
    written.to_csv(tmp_path / "plots.csv", index=False)
    (tmp_path / "config.yml").write_text(CONFIG)
    model = load_model(run_training(config_path=tmp_path / "config.yml").model_path)
    assert ("1", "2", "3") == model.contract.field("grade").levels
    expected = model.predict(table)
    assert [] == expected.problems
    assert len(set(expected.values.round(6))) > 40
    for name, make in FORMS.items():
        found = model.predict({**table, "zone": make(zones), "grade": make(grades)})
        assert [] == found.problems, name
        assert expected.values.tolist() == found.values.tolist(), name
    read = model.predict(pd.read_csv(tmp_path / "plots.csv"))
    assert expected.values.tolist() == pytest.approx(read.values.tolist(), rel=1e-12)


@pytest.mark.parametrize(
    ("ways", "text"),
    [
        (("5", " 5.0", "5.", "5.000", "5e+00"), "5"),
        (("0", "-0", "0.0", "-0.0"), "0"),
        (("-12.5", "-12.50"), "-12.5"),
        (("1e-05", "0.00001"), "0.00001"),
        (("007",), "007"),
        (("1e5",), "1e5"),
        (("1.2.0",), "1.2.0"),
        (("+5",), "+5"),
        (("v5.0",), "v5.0"),
    ],
    ids=str,
)
def test_a_text_that_is_a_number_has_one_form(ways: tuple[str, ...], text: str) -> None:
    """Codes that only look like numbers stay as they are."""
    assert {text} == {level_text(way) for way in ways}
    assert text == level_text(text)


@given(number=st.floats(allow_nan=False, allow_infinity=False) | st.integers() | st.decimals())
def test_a_number_has_the_text_of_its_text(number: Any) -> None:
    """And that text is final."""
    text = text_of_number(number)
    assert isinstance(number, Decimal) or text == level_text(str(number))
    assert text == level_text(text)


def test_levels_that_are_one_number_are_listed_twice() -> None:
    """The configuration says so, as of any other level."""
    with pytest.raises(ConfigError, match="'3' is listed twice"):
        parse_config(CONFIG.replace("1.0, 2, 3.00", "1, 2.0, 3, 3.0"))


TOKENS = CONFIG.replace(
    "training: plots.csv", "training: plots.csv\n  missing_values: NA, -1, 99.50"
)
OPTIONAL = TOKENS.replace("kind: number", "kind: number\n    missing: median")
MINUS_ONE = [-1, -1.0, "-1", "-1.0", " -1 ", "-1.00", Decimal("-1.0"), np.int64(-1), np.float32(-1)]
TOKEN_CELLS = [*MINUS_ONE, np.array(-1), 99.5, "99.5", "99.50", np.float64(99.5), "NA", " NA"]


@pytest.mark.parametrize("cell", TOKEN_CELLS, ids=repr)
@pytest.mark.parametrize("name", ["size", "zone", "grade"])
def test_a_number_that_means_missing_means_it_in_every_form(name: str, cell: Any) -> None:
    """In a row, in a column, in a table and in the row model: of a number, a name and a rank."""
    row = {"size": 10.0, "zone": "7", "grade": "1"}
    table = {key: [value] * 3 for key, value in row.items()}
    data = read_training_data(
        parse_config(OPTIONAL),
        {**table, "size": [10.0, 12.0, 13.0], "price": [5.0, 6.0, 7.0]},
        source="rows",
    )
    checker = Checker(data.contract)
    expected = checker.check([row | {name: None}])
    assert [] == expected.findings
    columns = {key: [value] for key, value in (row | {name: cell}).items()}
    inputs: list[Any] = [[row | {name: cell}], columns, [row | {name: cell}] * 2]
    if not isinstance(cell, np.ndarray):
        inputs.append(pd.DataFrame(columns))
        inputs.append({**columns, name: np.array([cell])})
    for rows in inputs:
        checked = checker.check(rows)
        assert [] == checked.findings
        np.testing.assert_array_equal(expected.numbers[0], checked.numbers[0])
        assert expected.codes[0].tolist() == checked.codes[0].tolist()
    read = row_model(data.contract, name="Plot").model_validate(row | {name: cell})
    assert getattr(read, name) is None


def test_a_number_that_means_missing_is_missing_in_training(tmp_path: Path) -> None:
    """In the fields and in the target, as their texts are."""
    table: dict[str, Any] = {"size": [10, -1, 12], "zone": [1, -1, 2], "grade": [1, 2, -1.0]}
    data = read_training_data(parse_config(OPTIONAL), table | {"price": [5, 6, 7]}, source="rows")
    assert [10.0, None, 12.0] == data.frame["size"].replace({np.nan: None}).tolist()
    assert ["1", None, "2"] == data.frame["zone"].tolist()
    assert ["1", "2", None] == data.frame["grade"].tolist()
    assert ("1", "2") == data.contract.field("zone").levels
    with pytest.raises(DataError, match="row 2: price is missing"):
        read_training_data(parse_config(OPTIONAL), table | {"price": [5, -1, 7]}, source="rows")


def test_a_bool_is_no_number_that_means_missing() -> None:
    """True equals 1 in Python, and here it is of a wrong type all the same."""
    config = parse_config(OPTIONAL.replace("-1", "1").replace("1.0, 2, 3.00", "2, 3.00"))
    table: dict[str, Any] = {"size": [10, 12, 13], "zone": ["a", "b", "b"], "grade": [2, 3, 3]}
    contract = read_training_data(config, table | {"price": [5, 6, 7]}, source="rows").contract
    for name in table:
        (finding,) = Checker(contract).check([{name: cell} for cell in (True, 1)]).findings
        assert ("wrong_type", [0]) == (finding.code, finding.rows), name


SPELLINGS = {
    "5": ("5", "5.0", "5.", "5.00"),
    "-3": ("-3", "-3.0", "-3.", "-3.00"),
    "2.5": ("2.5", "2.50"),
    "0": ("0", "0.0", "-0", "-0.0"),
    "10000000": ("10000000", "10000000.0"),
    "0.0001": ("0.0001", "0.00010"),
}


@pytest.mark.usefixtures("without_documents")
def test_raw_texts_of_numbers_in_the_graph(tmp_path: Path) -> None:
    """As programs write a number, from a double as well, without our look-up."""
    zones = [*SPELLINGS] * 6
    sizes = np.linspace(1, 9, len(zones)).round(3).tolist()
    price = [10 * at % 70 + size for at, size in enumerate(sizes)]
    table = {"size": sizes, "zone": zones, "grade": ["1"] * len(zones), "price": price}
    pd.DataFrame(table).to_csv(tmp_path / "plots.csv", index=False)
    (tmp_path / "config.yml").write_text(TOKENS)
    path = run_training(config_path=tmp_path / "config.yml").model_path
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    session = onnxruntime.InferenceSession(path, options)

    def raw(zone: str) -> float:
        feed = {"numbers": np.array([[5.0]]), "levels": np.array([[zone, "1"]], dtype=object)}
        return float(session.run(["prediction"], feed)[0][0])

    model = load_model(path)
    for level, texts in SPELLINGS.items():
        (expected,) = model.predict([{"size": 5.0, "zone": level, "grade": "1"}]).values
        for text in texts:
            assert expected == pytest.approx(raw(text), rel=1e-12), text
    (missing,) = model.predict([{"size": 5.0, "zone": None, "grade": "1"}]).values
    for text in ("", "NA", "-1", "-1.0", "99.50", "99.5"):
        assert missing == pytest.approx(raw(text), rel=1e-12), text
