"""Booleans: every way to send a value, one by one and in columns."""

from decimal import Decimal
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from regression_model.config.core import parse_config
from regression_model.errors import ConfigError
from regression_model.runtime.checking import Checked, Checker
from regression_model.runtime.contract import Contract, Field
from regression_model.runtime.row_model import row_model

FLAT = Contract(
    (Field("furnished", "boolean", levels=("no", "yes")), Field("size", "number")),
    "rent",
    ("NA",),
)
YES, NO, MISSING = 1, 0, 2  # codes


def checked(contract: Contract, rows: Any) -> Checked:
    """Check rows by a contract."""
    return Checker(contract).check(rows)


def messages(found: Checked) -> list[str]:
    """Return the sentences about some rows."""
    return [problem.message for one in found.findings for problem in one.problems()]


def cells_of_a_boolean() -> Any:
    """Generate ways to write yes and no, in any case, each with its code."""
    words = {"yes": YES, "y": YES, "true": YES, "t": YES, "no": NO, "n": NO, "false": NO, "f": NO}

    def in_some_case(word: str) -> Any:
        cases = st.lists(st.booleans(), min_size=len(word), max_size=len(word))
        return cases.map(
            lambda big: "".join(c.upper() if b else c for c, b in zip(word, big, strict=True))
        )

    written = st.sampled_from([*words]).flatmap(
        lambda word: st.tuples(in_some_case(word), st.just(words[word]))
    )
    values = [True, 1, 1.0, "1", "1.0", " 1 ", np.True_, np.int8(1), np.float32(1), Decimal(1)]
    nothing = [False, 0, 0.0, -0.0, "0", "0.0", np.False_, np.int64(0), Decimal(0)]
    plain = [(v, YES) for v in values] + [(v, NO) for v in nothing]
    return written | st.sampled_from([*plain, (None, MISSING), ("NA", MISSING), ("", MISSING)])


@given(st.lists(cells_of_a_boolean(), min_size=1, max_size=8))
def test_a_boolean_comes_in_many_ways(cells: list[tuple[Any, int]]) -> None:
    """Row by row, as a column, and in a pydantic row."""
    rows = [{"furnished": cell, "size": 1} for cell, _ in cells]
    expected = [code for _, code in cells]
    model = row_model(FLAT, name="Row")

    assert expected == checked(FLAT, rows).codes[:, 0].tolist()
    column = {"furnished": [cell for cell, _ in cells], "size": [1] * len(cells)}
    assert expected == checked(FLAT, column).codes[:, 0].tolist()
    read = [model(**row).furnished for row in rows]  # type: ignore[attr-defined]
    assert [{YES: True, NO: False, MISSING: None}[code] for code in expected] == read


@pytest.mark.parametrize("cell", [2, -1, "maybe", "yess", 0.5, float("inf"), 10**400])
def test_another_value_is_an_unknown_level(cell: Any) -> None:
    """The sentence says what a boolean is."""
    found = checked(FLAT, [{"furnished": cell, "size": 1}])

    assert ["unknown_level"] == [one.code for one in found.findings]
    assert messages(found)[0].endswith("expected true or false (or yes or no, 1 or 0).")
    with pytest.raises(ValueError, match="expected true or false"):
        row_model(FLAT, name="Row")(furnished=cell)


A_SECOND = np.timedelta64(1, "s")


@pytest.mark.parametrize(
    "cell",
    [
        [True],
        {},
        b"yes",
        pytest.param(
            A_SECOND,
            marks=pytest.mark.skipif(
                hash(A_SECOND) == hash(1), reason="numpy 1.26 takes a duration for its number"
            ),
        ),
        np.datetime64(1, "D"),
    ],
)
def test_another_type_is_not_a_boolean(cell: Any) -> None:
    """A duration of a second is not 1."""
    assert ["wrong_type"] == [
        one.code for one in checked(FLAT, [{"furnished": cell, "size": 1}]).findings
    ]


@pytest.mark.parametrize(
    "table",
    [
        pd.DataFrame({"furnished": [True, False, None]}),
        pd.DataFrame({"furnished": pd.array([True, False, None], dtype="boolean")}),
        pd.DataFrame({"furnished": pd.array([True, False, None], dtype="bool[pyarrow]")}),
        pl.DataFrame({"furnished": [True, False, None]}),
        pa.table({"furnished": [True, False, None]}),
        {"furnished": [True, False, None]},
    ],
)
def test_columns_of_every_library(table: Any) -> None:
    """Nulls are missing."""
    assert [YES, NO, MISSING] == checked(FLAT, table).codes[:, 0].tolist()


def test_columns_without_nulls() -> None:
    """Plain bools of numpy and pandas, and a number field that gets them."""
    bools = np.array([True, False])

    assert [YES, NO] == checked(FLAT, {"furnished": bools}).codes[:, 0].tolist()
    assert [YES, NO] == checked(FLAT, pd.DataFrame({"furnished": bools})).codes[:, 0].tolist()
    found = checked(FLAT, pd.DataFrame({"furnished": bools, "size": bools}))
    assert ["size is True (type bool): expected a number.", "size is False (type bool): "] == [
        message.removesuffix("expected a number.") if "False" in message else message
        for message in messages(found)
    ]


def test_the_schema_of_a_boolean() -> None:
    """It shows the one way to write it."""
    optional, _ = FLAT.json_schema()["properties"].values()
    required = FLAT.with_fields({"furnished": {"required": True}}).json_schema()

    assert ["boolean", "null"] == optional["type"]
    assert "boolean" == required["properties"]["furnished"]["type"]


CONFIG = """\
name: flats
description: Rents
target:
  name: rent
  description: Rent
data:
  training: flats.csv
  missing_values: NA
features:
  furnished:
    description: Whether there is furniture
    kind: boolean
estimator:
  ridge:
    alpha: 1
"""


@pytest.mark.parametrize("filler", ["yes", "true", "Y", "1", "no", "0", "most_frequent"])
def test_what_stands_in_for_a_missing_boolean(filler: str) -> None:
    """Any way to write yes or no, or most_frequent."""
    feature = parse_config(
        CONFIG.replace("kind: boolean", f"kind: boolean\n    missing: {filler}")
    ).features["furnished"]

    expected = {"true": "yes", "Y": "yes", "1": "yes", "0": "no"}.get(filler, filler)
    assert expected == feature.missing


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        ("boolean", "boolean\n    missing: median", "expected yes, no or most_frequent"),
        ("boolean", "boolean\n    levels: no, yes", "levels: not a key of a boolean feature"),
        ("boolean", "boolean\n    transform: log", "transform: not a key of a boolean feature"),
        ("values: NA", "values: NA, f", "'f' means missing (data.missing_values), and no here"),
    ],
)
def test_a_mistake_in_a_boolean_has_a_sentence(old: str, new: str, sentence: str) -> None:
    """Each with the key that it is about."""
    with pytest.raises(ConfigError) as caught:
        parse_config(CONFIG.replace(old, new))

    assert sentence in str(caught.value)
