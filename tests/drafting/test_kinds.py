"""What a column is taken for."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from regression_model.drafting.kinds import Taken, is_amount, take
from regression_model.drafting.table import Column, columns_of, missing_tokens, without_tokens
from regression_model.errors import InputError

ROWS = 40
DAYS = [str(date(2020, 1, 1) + timedelta(days=9 * i)) for i in range(ROWS)]
HOURS = [str(datetime(2020, 1, 1) + timedelta(hours=31 * i)) for i in range(ROWS)]
WAYS = {  # of a name and cells, what is taken
    "consecutive": ("n", range(100, 100 + ROWS), "identifier", False),
    "keys": ("sku", [f"A-{i}" for i in range(ROWS)], "identifier", False),
    "unique": ("customer_id", [7 * i for i in range(ROWS)], "identifier", False),
    "unique numbers": ("area", [7 * i for i in range(ROWS)], "number", True),
    "unique and broken": ("x", [i + 0.5 for i in range(ROWS)], "number", True),
    "years": ("YearBuilt", [1950 + i % 30 for i in range(ROWS)], "year", True),
    "no years": ("YearBuilt", [70 + i % 12 for i in range(ROWS)], "number", True),
    "no name of years": ("rooms", [1950 + i % 30 for i in range(ROWS)], "number", True),
    "truths": ("big", ["Yes", "no"] * 20, "boolean", True),
    "true and false": ("big", [True, False] * 20, "boolean", True),
    "dates": ("sold", DAYS, "date", True),
    "timestamps": ("sold", HOURS, "timestamp", True),
    "one day": ("sold", DAYS[:1] * ROWS, "date", False),
    "other dates": ("sold", [f"{1 + i % 28}.3.2020" for i in range(ROWS)], "nominal", False),
    "mixed dates": ("sold", ["2020-01-02", "3/4/2020"] * 20, "nominal", False),
    "no calendar": ("sold", ["2020-02-30", "2020-02-28"] * 20, "nominal", False),
    "a scale": ("quality", ["low", "High", "medium"] * 13, "ordinal", True),
    "ranges": ("age_group", ["20-29", "30-39", "40+"] * 13, "ordinal", True),
    "no order": ("race", ["1. White", "2. Black", "3. Asian"] * 13, "nominal", True),
    "names": ("town", ["Ames", "Boone"] * 20, "nominal", True),
    "codes": ("zip", ["01234", "50010"] * 20, "nominal", True),
    "codes by name": ("zip_code", [50010, 50011] * 20, "nominal", True),
    "prose": ("notes", [f"house number {i} on the hill" for i in range(ROWS)], "nominal", False),
    "money": ("cost", [f"${i + 1},000" for i in range(ROWS)], "nominal", False),
    "a constant": ("zone", ["A"] * ROWS, "nominal", False),
    "nothing": ("zone", [None] * ROWS, "nominal", False),
}


def taken(name: str, cells: Any) -> Taken:
    """What a column of these cells is taken for."""
    return take(Column.of(name, cells))


@pytest.mark.parametrize("way", WAYS)
def test_a_column_is_taken_for_what_it_is(way: str) -> None:
    """By its values, and by its name where these leave it open."""
    name, cells, kind, use = WAYS[way]
    found = taken(name, cells)
    assert (found.kind, found.use) == (kind, use), found
    assert found.why


def test_an_order_goes_from_the_lowest_level_up() -> None:
    """The levels of a scale, in its order and as they are written."""
    found = taken("quality", ["Good", "Bad", "Medium"] * 13)
    assert found.keys["levels"] == "Bad, Medium, Good"
    assert taken("group", ["40+", "<20", "20-39"] * 13).keys["levels"] == "<20, 20-39, 40+"


def test_only_what_must_be_true_is_a_bound() -> None:
    """A temperature may fall below zero some day; an area and a count cannot."""
    assert "minimum" not in taken("temperature", [3, 14, 15, 9, 2, 6] * 7).keys
    assert taken("LivingArea", [30.5, 140, 150] * 13).keys["minimum"] == "0"
    assert taken("fires", [0] * 30 + [1] * 6 + [2, 3, 9, 4]).keys["minimum"] == "0"
    assert not is_amount(Column.of("area", [-1, 2, 3]))


def test_large_values_that_are_rare_are_transformed() -> None:
    """By a logarithm where there is a bound, and else by what needs none."""
    skewed = np.exp(np.linspace(0, 6, ROWS)).round(3).tolist()
    assert taken("area", skewed).keys["transform"] == "log1p"
    assert taken("anything", skewed).keys["transform"] == "yeo_johnson"
    assert "transform" not in taken("area", np.linspace(1, 2, ROWS).tolist()).keys


def test_gaps_are_filled_and_told() -> None:
    """A column without gaps stays required."""
    gaps = taken("area", [None, *range(1, ROWS, 3)])
    assert (gaps.keys["missing"], gaps.keys["flag_missing"]) == ("median", "yes")
    assert "missing" not in taken("area", [2, 3, 5] * 13).keys
    assert taken("town", ["Ames", "Boone", None] * 13).keys["missing"] == "most_frequent"


def test_the_parts_of_a_date_are_those_that_tell_rows_apart() -> None:
    """No hour of days, no month where there is one month."""
    assert "hour" not in taken("sold", DAYS).keys["parts"]
    assert "hour_cycle" in taken("sold", HOURS).keys["parts"]
    near = [str(date(2020, 1, 1 + i % 6)) for i in range(ROWS)]
    assert taken("sold", near).keys["parts"] == "elapsed_days"


def test_one_table_in_three_forms_is_taken_for_the_same() -> None:
    """As a CSV file has it, as JSON Lines have it, and as pyarrow has it."""
    typed: dict[str, list[Any]] = {
        "size": [1.5, 2.0, None, 40.0] * 10,
        "rooms": [1, 2, 3, 2] * 10,
        "big": [True, False, None, True] * 10,
        "sold": [date(2020, 1 + i % 12, 1) for i in range(40)],
        "town": ["Ames", None, "Boone", "Ames"] * 10,
    }
    texts = {
        "size": ["1.5", "2", "", "40"] * 10,
        "rooms": ["1", "2", "3", "2"] * 10,
        "big": ["yes", "no", "", "yes"] * 10,
        "sold": [str(day) for day in typed["sold"]],
        "town": ["Ames", "", "Boone", "Ames"] * 10,
    }
    records = [dict(zip(typed, row, strict=True)) for row in zip(*typed.values(), strict=True)]
    tables: list[Any] = [texts, records, pa.table(typed)]
    found = [[take(column) for column in columns_of(rows, source="x")] for rows in tables]
    assert found[0] == found[1] == found[2]


@pytest.mark.parametrize(
    ("cells", "tokens"),
    [
        (["1", "NA", "2"], ("NA",)),
        (["1", "?", "2"], ("?",)),
        (["a", "?", "b"], ()),
        (["1", "None", "2", "-"], ("-", "None")),
        (["wood", "None", "steel"], ()),
        (["wood", "n/a", "steel"], ("n/a",)),
    ],
)
def test_texts_that_mean_missing(cells: list[str], tokens: tuple[str, ...]) -> None:
    """Some mean it everywhere, others among numbers only."""
    column = Column.of("x", cells)
    assert missing_tokens([column]) == tokens
    assert without_tokens(column, tokens).missing == len([one for one in cells if one in tokens])


def test_numbers_of_every_type_are_one_text() -> None:
    """A 5 is a 5, whoever wrote it."""
    cells = [5, 5.0, np.int64(5), np.float64(5), Decimal("5"), "5"]
    assert Column.of("x", cells).levels == ("5",)


def test_too_many_columns_are_refused() -> None:
    """With the number that can be described, and the way out."""
    rows = {f"c{i}": ["1"] for i in range(10_000)}
    with pytest.raises(InputError, match="10,000 columns: at most 1,000 .* those that may matter"):
        columns_of(rows, source="wide.csv")
