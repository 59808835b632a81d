"""A number is one level in every form: in training, in prediction, in the configuration."""

from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from regression_model import ConfigError, load_model
from regression_model.checking import Checker
from regression_model.config.core import parse_config
from regression_model.levels import level_text, text_of_number
from regression_model.processing.training_data import read_training_data
from regression_model.train_pipeline import run_training

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
    "pandas nullable": lambda cells: pd.Series(cells).convert_dtypes(),
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
