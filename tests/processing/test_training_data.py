"""Training rows: every mistake in them is found at once, and the rest becomes a frame."""

from typing import Any

import numpy as np
import pandas as pd
import pytest

from regression_model.config.core import config as packaged
from regression_model.config.core import parse_config
from regression_model.errors import DataError
from regression_model.runtime.checking import Checker
from regression_model.training.data import dataset_path, read_dataset
from regression_model.training.rows import (
    contract_of,
    frame_of,
    learn_from,
    profile,
    read_training_data,
)

CONFIG = parse_config("""\
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
  missing_values: NA, ?
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
    aliases: mass
  gears:
    description: Number of gears
    kind: number
    minimum: 0
    missing: 1
    missing_means: no gears
  brand:
    description: Who made it
    kind: nominal
    missing: most_frequent
  colour:
    description: Colour of the frame
    kind: nominal
    levels: red, green, blue
    missing: red
  state:
    description: State it is in
    kind: ordinal
    levels: broken, used, new
  note:
    description: What the seller says
    kind: nominal
    use: no
estimator:
  ridge:
    alpha: 1
evaluation:
  folds: 3
""")
ROWS = [
    dict(
        zip(
            ("id", "weight", "gears", "brand", "colour", "state", "note", "price"),
            cells,
            strict=True,
        )
    )
    for cells in [
        ("1", "12.5", "21", "Borea", "red", "used", "", "250"),
        ("2", "9", "", " Aurora ", "green", "new", "as new", "900"),
        ("3", "17", "NA", "?", "", "broken", "rusty", "20.5"),
        ("4", "14", "3", "Borea", "red", "used", "", "120"),
    ]
]


def rows_with(row: Any, **cells: Any) -> Any:
    """Return the rows with some cells of one row replaced; None leaves a column out everywhere."""
    rows = [dict(one) for one in ROWS]
    rows[row] |= cells
    return rows


def without(name: Any) -> Any:
    """Return the rows without a column."""
    return [{key: cell for key, cell in row.items() if key != name} for row in ROWS]


def as_columns(rows: Any) -> Any:
    """Return rows as a dict of columns, as a CSV file is read."""
    return {name: [row[name] for row in rows] for name in rows[0]}


def read(rows: Any) -> Any:
    """Read rows as they would come from a file."""
    return read_training_data(CONFIG, rows, source="bicycles.csv")


def mistakes_in(rows: Any) -> Any:
    """Return the lines of the error that rows give."""
    with pytest.raises(DataError) as caught:
        read(rows)
    return str(caught.value).splitlines()


shapes = pytest.mark.parametrize(
    "shape",
    [list, as_columns, pd.DataFrame],
    ids=["list of dicts", "dict of columns", "frame"],
)


@shapes
def test_rows_become_a_frame_of_numbers_and_texts(shape: Any) -> None:
    """Used features only, in the file's order; NaN or None where missing; blanks cut off."""
    data = read(shape(ROWS))

    expected = pd.DataFrame(
        {
            "weight": [12.5, 9.0, 17.0, 14.0],
            "gears": [21.0, np.nan, np.nan, 3.0],
            "brand": pd.Series(["Borea", "Aurora", None, "Borea"], dtype=object),
            "colour": pd.Series(["red", "green", None, "red"], dtype=object),
            "state": pd.Series(["used", "new", "broken", "used"], dtype=object),
        }
    )
    pd.testing.assert_frame_equal(expected, data.frame, check_column_type=False)
    pd.testing.assert_series_equal(
        pd.Series([250.0, 900.0, 20.5, 120.0], name="price"), data.target
    )
    assert [] == data.notes


@shapes
def test_the_contract_learns_what_the_rows_hold(shape: Any) -> None:
    """Ranges of numbers, and levels of nominals, listed in the configuration or not."""
    contract = read(shape(ROWS)).contract

    assert (9.0, 17.0) == contract.field("weight").training_range
    assert (3.0, 21.0) == contract.field("gears").training_range
    assert ("Aurora", "Borea") == contract.field("brand").coded_levels
    assert ("red", "green") == contract.field("colour").coded_levels
    assert ("red", "green", "blue") == contract.field("colour").levels
    assert ("broken", "used", "new") == contract.field("state").coded_levels
    assert () == contract.field("note").training_levels


def test_the_contract_says_what_the_configuration_says() -> None:
    """Nothing is learnt before data is seen."""
    contract = contract_of(CONFIG)

    weight = contract.field("weight")
    assert (1.0, 80.0, "kg", ("mass",), True) == (
        weight.minimum,
        weight.maximum,
        weight.unit,
        weight.aliases,
        weight.required,
    )
    assert None is weight.training_range
    assert ["weight", "gears"] == [field.name for field in contract.numbers]
    assert ["brand", "colour", "state"] == [field.name for field in contract.categories]
    assert not contract.field("gears").required
    assert "no gears" == contract.field("gears").missing_means
    assert ("price", ("NA", "?")) == (contract.target, contract.missing_values)


def test_a_column_may_come_under_an_alias() -> None:
    """Training rows are read like any other rows."""
    rows = [{"mass" if key == "weight" else key: cell for key, cell in r.items()} for r in ROWS]

    assert [12.5, 9.0, 17.0, 14.0] == read(rows).frame["weight"].tolist()


def test_columns_that_nobody_described_are_noted() -> None:
    """They are no mistake, but they are not used either."""
    rows = [row | {"wheigt": "1"} for row in ROWS]

    (note,) = read(rows).notes

    assert "'wheigt' is not known and was not used: did you mean weight?" in note


BAD_CELLS = [
    ({"weight": "0.5"}, "weight is '0.5': expected a number from 1 to 80 (kg)."),
    ({"weight": "81"}, "weight is '81': expected a number from 1 to 80 (kg)."),
    ({"weight": ""}, "weight is missing: expected a number from 1 to 80 (kg)."),
    ({"weight": "heavy"}, "weight is 'heavy'"),
    ({"weight": "inf"}, "weight is 'inf'"),
    ({"gears": "-1"}, "gears is '-1': expected a number of at least 0."),
    ({"colour": "pink"}, "colour is 'pink'"),
    ({"state": "old"}, "state is 'old': expected one of broken, used, new."),
    ({"state": "?"}, "state is missing"),
    ({"price": "0"}, "price is '0': expected a number of at least 1 (euros)."),
    ({"price": "-3"}, "price is '-3'"),
    ({"price": "NA"}, "price is missing"),
    ({"price": ""}, "price is missing"),
    ({"price": "cheap"}, "price is 'cheap'"),
    ({"price": "1e999"}, "price is '1e999'"),
]


@pytest.mark.parametrize(("cells", "sentence"), BAD_CELLS)
@pytest.mark.parametrize("shape", [list, as_columns], ids=["list of dicts", "dict of columns"])
def test_a_bad_cell_is_named_with_its_row(shape: Any, cells: Any, sentence: str) -> None:
    """Rows count from 1, as people count them."""
    (line,) = mistakes_in(shape(rows_with(2, **cells)))

    assert line.startswith(f"bicycles.csv, row 3: {sentence}")


def test_every_bad_row_is_listed_in_one_error_in_the_order_of_the_rows() -> None:
    """The file can be mended in one go."""
    rows = rows_with(0, weight="-1", price="")
    rows[1]["state"] = "old"
    rows[3] |= {"gears": "many", "colour": "pink", "price": "0"}

    lines = mistakes_in(rows)

    assert [1, 1, 2, 4, 4, 4] == [
        int(line.removeprefix("bicycles.csv, row ").split(":")[0]) for line in lines
    ]
    words = ["weight", "price", "state", "gears", "colour", "price"]
    assert sorted(words) == sorted(line.split(": ")[1].split(" is ")[0] for line in lines)


def test_a_hundred_bad_rows_are_a_hundred_lines() -> None:
    """None is left out."""
    rows = [ROWS[0] | {"weight": str(100 + i)} for i in range(100)]

    lines = mistakes_in(rows)

    assert [f"bicycles.csv, row {i + 1}: weight is '{100 + i}'" for i in range(100)] == [
        line.split(": expected")[0] for line in lines
    ]


@pytest.mark.parametrize("name", ["weight", "state", "price"])
@shapes
def test_a_required_column_that_is_absent_is_named_once(shape: Any, name: str) -> None:
    """With the columns that did come."""
    (line,) = mistakes_in(shape(without(name)))

    assert line.startswith(f"bicycles.csv: No row has the field {name}: expected ")
    assert "Received: id" in line


@shapes
def test_an_optional_column_may_be_absent(shape: Any) -> None:
    """All of its values are missing then."""
    data = read(shape(without("gears")))

    assert data.frame["gears"].isna().all()
    assert None is data.contract.field("gears").training_range


def test_a_row_that_is_no_row_is_one_mistake() -> None:
    """Though features and target are checked apart."""
    (line,) = mistakes_in([ROWS[0], "12.5;21", *ROWS[1:]])

    assert line.startswith("bicycles.csv, row 2: The row is '12.5;21' (type str)")


@pytest.mark.parametrize("rows", [[], {}, {"weight": [], "price": []}, ROWS[:2], None, "a,b", 3])
def test_what_cannot_be_trained_on_is_said_in_one_line(rows: Any) -> None:
    """No rows, fewer than folds, or nothing that has rows."""
    (line,) = mistakes_in(rows)

    assert line.startswith("bicycles.csv")


def test_there_must_be_a_row_for_each_fold() -> None:
    """As many as folds are enough."""
    assert ["bicycles.csv has 2 rows: expected at least one for each of the 3 folds."] == (
        mistakes_in(ROWS[:2])
    )
    assert 3 == len(read(ROWS[:3]).frame)


@pytest.mark.parametrize(
    ("cells", "levels"),
    [
        ([3, 20, 20, None], ("20", "3")),
        ([3.0, 20.0, np.nan, 20.0], ("20", "3")),
        (["3", "20", " 20 ", "NA"], ("20", "3")),
    ],
)
@pytest.mark.parametrize("shape", [list, as_columns, pd.DataFrame])
def test_levels_that_look_like_numbers_are_texts(shape: Any, cells: Any, levels: Any) -> None:
    """Codes come as numbers from some files, and as floats where a column has gaps."""
    rows = [row | {"brand": cell} for row, cell in zip(ROWS, cells, strict=True)]

    data = read(shape(rows))

    assert levels == data.contract.field("brand").coded_levels
    assert {*levels} == {*data.frame["brand"].dropna()}


def test_the_rows_that_came_are_not_changed() -> None:
    """Neither dicts nor frames."""
    rows, frame = [dict(row) for row in ROWS], pd.DataFrame(ROWS)

    read(rows)
    read(frame)

    assert ROWS == rows
    pd.testing.assert_frame_equal(pd.DataFrame(ROWS), frame)


def test_a_level_of_no_training_row_is_any_other_level_in_the_frame() -> None:
    """Whatever its name, so that the pipeline sees what the graph sees."""
    contract = read(ROWS).contract
    rows = [row | {"brand": brand} for row, brand in zip(ROWS, "Xy?B", strict=True)]

    frame = frame_of(contract, Checker(contract).check(rows))

    assert frame["brand"][0] == frame["brand"][1] == frame["brand"][3]
    assert frame["brand"][0] not in contract.field("brand").coded_levels
    assert None is frame["brand"][2]


def test_what_is_learnt_changes_nothing_else() -> None:
    """Only ranges and levels of training differ."""
    data = read(ROWS)
    stated = contract_of(CONFIG).with_fields({"brand": {"levels": ("Aurora", "Borea")}})

    learnt = learn_from(stated, data.frame)

    assert learnt == data.contract
    changed = {f.name: {"training_range": None, "training_levels": ()} for f in learnt.fields}
    assert stated == learnt.with_fields(changed)


def test_the_profile_tells_shares_and_deciles() -> None:
    """What later rows are compared with."""
    data = read(ROWS)

    told = profile(data.contract, data.frame)

    assert {"weight", "gears", "brand", "colour", "state"} == {*told}
    assert 0.5 == told["gears"]["missing"]
    np.testing.assert_allclose(
        told["weight"]["deciles"], np.percentile([12.5, 9, 17, 14], range(0, 101, 10))
    )
    assert [3.0, 21.0] == [told["gears"]["deciles"][i] for i in (0, -1)]
    assert {"missing": 0.25, "shares": {"Aurora": 1 / 3, "Borea": 2 / 3}} == told["brand"]
    assert {"broken": 0.25, "new": 0.25, "used": 0.5} == told["state"]["shares"]


def test_a_column_without_values_has_an_empty_profile() -> None:
    """It is no reason to stop, and gives no warning."""
    data = read([row | {"gears": "", "brand": ""} for row in ROWS])

    told = profile(data.contract, data.frame)

    assert {"missing": 1.0, "deciles": []} == told["gears"]
    assert {"missing": 1.0, "shares": {}} == told["brand"]


def test_the_shipped_rows_are_all_good() -> None:
    """All 1,460, and no column of them is unknown."""
    path = dataset_path(packaged.data.training)

    data = read_training_data(packaged, read_dataset(path), source=path.name)

    assert 1460 == len(data.frame) == len(data.target)
    assert [] == data.notes
    assert (data.target > 0).all()
    used = {name for name, feature in packaged.features.items() if feature.use != "no"}
    assert used == {*data.frame.columns} == {*profile(data.contract, data.frame)}
