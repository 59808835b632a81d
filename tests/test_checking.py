"""Every problem is told with its row, its field, its code and a sentence; no other row suffers."""

import datetime
import math
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from regression_model.files.tables import read_table
from regression_model.runtime.checking import Checked, Checker
from regression_model.runtime.contract import Contract
from regression_model.runtime.problems import ERROR_CODES, WARNING_CODES, Problem

HUGE = 10**5000  # more digits than Python writes out
GOOD: dict[str, Any] = {"area": 100, "zone": "A"}  # all that the garden requires


def typed(value: object) -> str:
    """Name a case of a table by its type and value."""
    return "huge" if value is HUGE else f"{type(value).__name__} {value!r}"[:60]


def check(garden: Contract, rows: Any) -> Checked:
    return Checker(garden).check(rows)


def problems(garden: Contract, rows: Any) -> list[Problem]:
    return [problem for finding in check(garden, rows).findings for problem in finding.problems()]


def sentences(garden: Contract, rows: Any) -> list[str]:
    return [problem.message for problem in problems(garden, rows)]


@pytest.mark.parametrize(
    ("field", "cell", "code", "sentence"),
    [
        ("area", None, "missing_value", "area is missing: expected a number from 1 to 1000 (m2)."),
        ("area", "NA", "missing_value", "area is missing: expected a number from 1 to 1000 (m2)."),
        (
            "area",
            "big",
            "wrong_type",
            "area is 'big' (type str): expected a number from 1 to 1000 (m2).",
        ),
        (
            "area",
            True,
            "wrong_type",
            "area is True (type bool): expected a number from 1 to 1000 (m2).",
        ),
        (
            "area",
            datetime.date(2020, 1, 31),
            "wrong_type",
            "area is 2020-01-31 (type date): expected a number from 1 to 1000 (m2).",
        ),
        (
            "area",
            [[1, 2], [3]],
            "wrong_type",
            "area is [[1, 2], [3]] (type list): expected a number from 1 to 1000 (m2).",
        ),
        (
            "area",
            np.array([[1, 2], [3, 4]]),
            "wrong_type",
            "area is [[1 2] [3 4]] (type ndarray): expected a number from 1 to 1000 (m2).",
        ),
        (
            "area",
            "a\nb",
            "wrong_type",
            r"area is 'a\nb' (type str): expected a number from 1 to 1000 (m2).",
        ),
        (
            "area",
            "x" * 99,
            "wrong_type",
            f"area is '{'x' * 56}... (type str): expected a number from 1 to 1000 (m2).",
        ),
        ("area", math.inf, "not_finite", "area is inf: expected a number from 1 to 1000 (m2)."),
        (
            "area",
            "-inf",
            "not_finite",
            "area is '-inf': expected a number from 1 to 1000 (m2).",
        ),
        (
            "area",
            HUGE,
            "not_finite",
            "area is a value too long to show: expected a number from 1 to 1000 (m2).",
        ),
        ("area", 0.5, "below_minimum", "area is 0.5: expected a number from 1 to 1000 (m2)."),
        ("area", "-5", "below_minimum", "area is '-5': expected a number from 1 to 1000 (m2)."),
        (
            "area",
            Decimal("1000.1"),
            "above_maximum",
            "area is 1000.1: expected a number from 1 to 1000 (m2).",
        ),
        (
            "area",
            501,
            "outside_training_range",
            "area is 501: the model was trained on values from 10 to 500.",
        ),
        ("1st", -1, "below_minimum", "1st is -1: expected a number of at least 0."),
        ("depth", "deep", "wrong_type", "depth is 'deep' (type str): expected a number."),
        (
            "depth",
            1e300,
            "outside_training_range",
            "depth is 1e+300: the model was trained on values from -20 to -1.",
        ),
        ("built", 1066, "below_minimum", "built is 1066: expected a year of at least 1800."),
        ("zone", None, "missing_value", "zone is missing: expected one of A, B."),
        ("zone", 5, "wrong_type", "zone is 5 (type int): expected one of A, B."),
        (
            "zone",
            "C",
            "unseen_level",
            "zone is 'C', treated as a rare level: the model knows A, B.",
        ),
        (
            "kind",
            99,
            "unseen_level",
            "kind is 99, treated as a rare level: the model knows 20, 30.",
        ),
        ("kind", False, "wrong_type", "kind is False (type bool): expected one of 20, 30."),
        ("soil", "Ex", "unknown_level", "soil is 'Ex': expected one of Po, Fa, Gd."),
        ("soil", "po", "unknown_level", "soil is 'po': expected one of Po, Fa, Gd."),
        ("soil", 2, "wrong_type", "soil is 2 (type int): expected one of Po, Fa, Gd."),
        ("soil", {}, "wrong_type", "soil is {} (type dict): expected one of Po, Fa, Gd."),
    ],
    ids=typed,
)
def test_a_problem_names_value_and_expectation(
    garden: Contract, field: str, cell: Any, code: str, sentence: str
) -> None:
    """By rows and by columns alike; only an error keeps the row from its price."""
    severity = "error" if code in ERROR_CODES else "warning"
    expected = [Problem(1, field, code, sentence, severity)]  # type: ignore[arg-type]
    by_rows = [GOOD, GOOD | {field: cell}, GOOD]
    by_columns: dict[str, list[Any]] = {
        "area": [100] * 3,
        "zone": ["A"] * 3,
        field: [None, cell, None],
    }
    by_columns[field][::2] = [GOOD.get(field)] * 2
    for rows in (by_rows, by_columns):
        assert expected == problems(garden, rows)
        priced = check(garden, rows).accepted
        assert (priced is None) if severity == "warning" else [1, 0, 1] == priced.tolist()


@pytest.mark.parametrize(
    ("field", "cells"),
    [
        ("area", [1, 1000]),
        ("area", [10, 500]),
        ("1st", [0, 8]),
        ("built", [1900, 2010]),
        ("depth", [-20, -1]),
    ],
    ids=str,
)
def test_bounds_belong_to_what_is_allowed(garden: Contract, field: str, cells: list[float]) -> None:
    """The minimum and the maximum themselves are no errors, the ends of training no warnings."""
    found = problems(garden, [GOOD | {field: cell} for cell in cells])
    assert {"outside_training_range"} >= {problem.code for problem in found}
    low, high = garden.field(field).training_range or (0, 0)
    assert bool(found) == (cells != [low, high])


@pytest.mark.parametrize(
    "cell",
    [None, math.nan, np.float64("nan"), pd.NA, pd.NaT, "", "  ", "NA", Decimal("nan"), ...],
    ids=["None", "NaN", "np", "pd.NA", "NaT", "empty", "blank", "token", "Decimal", "absent"],
)
def test_missing_is_an_error_only_where_a_value_is_required(garden: Contract, cell: Any) -> None:
    """In required fields it is reported; in the others it is an answer like any."""
    fields = ("area", "1st", "depth", "built", "zone", "kind", "soil")
    row = {field: cell for field in fields if cell is not ...}
    found = {(p.row, p.field, p.code) for p in problems(garden, [GOOD, row])}
    assert {(1, "area", "missing_value"), (1, "zone", "missing_value")} == found


def test_everything_wrong_with_a_row_is_told(garden: Contract) -> None:
    """No problem hides another."""
    row = {"area": -1, "zone": None, "1st": "x", "soil": "Ex", "kind": "99", "built": 1850, "x": 1}
    assert {
        ("area", "below_minimum"),
        ("zone", "missing_value"),
        ("1st", "wrong_type"),
        ("soil", "unknown_level"),
        ("kind", "unseen_level"),
        ("built", "outside_training_range"),
        ("x", "unknown_field"),
    } == {(problem.field, problem.code) for problem in problems(garden, [row])}


def test_all_codes_are_errors_or_warnings() -> None:
    """No code is both."""
    assert set() == set(ERROR_CODES) & set(WARNING_CODES)


ONLY_SOIL: dict[str, Callable[[], Any]] = {
    "dicts": lambda: [{"soil": "Gd"}, {"soil": None}],
    "dicts of several forms": lambda: [{"soil": "Gd"}, {}],
    "columns": lambda: {"soil": ["Gd", None]},
    "pandas": lambda: pd.DataFrame({"soil": ["Gd", None]}),
    "polars": lambda: pl.DataFrame({"soil": ["Gd", None]}),
    "arrow": lambda: pa.table({"soil": ["Gd", None]}),
}


@pytest.mark.parametrize("make", ONLY_SOIL.values(), ids=ONLY_SOIL)
def test_a_field_that_no_row_has_is_told_once(garden: Contract, make: Callable[[], Any]) -> None:
    """Once for all rows, with what did come; not once more for each row."""
    assert [
        Problem(
            None,
            "area",
            "missing_column",
            "No row has the field area: expected a number from 1 to 1000 (m2). Received: soil.",
            "error",
        ),
        Problem(
            None,
            "zone",
            "missing_column",
            "No row has the field zone: expected one of A, B. Received: soil.",
            "error",
        ),
    ] == problems(garden, make())
    priced = check(garden, make()).accepted
    assert priced is not None
    assert [False, False] == priced.tolist()


def test_a_field_that_some_rows_lack_is_missing_there(garden: Contract) -> None:
    """Each of these rows is told, the others are priced."""
    rows = [GOOD, {"zone": "A"}, GOOD, {"area": 100}]
    found = [(p.row, p.field, p.code) for p in problems(garden, rows)]
    assert [(1, "area", "missing_value"), (3, "zone", "missing_value")] == found
    priced = check(garden, rows).accepted
    assert priced is not None
    assert [True, False, True, False] == priced.tolist()


@pytest.mark.parametrize(
    ("rows", "came"),
    [
        ([{}], "no fields at all"),
        (pd.DataFrame(index=range(3)), "no fields at all"),
        (pd.DataFrame(np.zeros((2, 2))), "0, 1"),
        (
            [{f"x{i:02}": 0 for i in range(25)}],
            ", ".join(f"x{i:02}" for i in range(20)) + " and 5 more",
        ),
    ],
    ids=["an empty dict", "no columns", "numbered columns", "many"],
)
def test_the_columns_that_came_are_listed(garden: Contract, rows: Any, came: str) -> None:
    """As many as one can read."""
    (sentence,) = (p.message for p in problems(garden, rows) if p.field == "area")
    assert sentence.endswith(f" Received: {came}.")


@pytest.mark.parametrize("alias", ["beds", "n_beds", "1st"])
def test_an_alias_is_as_good_as_the_name(garden: Contract, alias: str) -> None:
    """Its value is read and its problems are told under the field's own name."""
    assert 3 == check(garden, [GOOD | {alias: 3}]).numbers[0, 1]
    assert ["1st is -3: expected a number of at least 0."] == sentences(
        garden, [GOOD, GOOD | {alias: -3}]
    )


def test_name_and_alias_at_once_are_an_error_of_that_row_only(garden: Contract) -> None:
    """There is no telling which is meant; other rows are read, and their errors told."""
    rows = [
        GOOD | {"1st": 3, "beds": 4},
        GOOD | {"1st": "three"},
        GOOD | {"n_beds": 5},
        GOOD | {"beds": "x", "n_beds": "y"},
        GOOD | {"soil": "Ex", "ground": "Gd"},
        GOOD | {"soil": "Ex"},
    ]
    assert {
        (0, "1st", "duplicate_field"),
        (1, "1st", "wrong_type"),
        (3, "1st", "duplicate_field"),
        (4, "soil", "duplicate_field"),
        (5, "soil", "unknown_level"),
    } == {(p.row, p.field, p.code) for p in problems(garden, rows)}
    assert (
        "The field 1st came more than once, under its own name or an alias: send it once."
        in sentences(garden, rows)
    )


def repeated(names: list[str]) -> dict[str, Callable[[Path], Any]]:
    """Tables of two rows in which some of these names stand twice."""
    cells = {"area": 100, "zone": "A", "beds": 2, "soil": "Gd", "id": 1, "x": 7}

    def csv_file(folder: Path) -> Any:
        line = ",".join(str(cells[name]) for name in names)
        path = folder / "rows.csv"
        path.write_text(f"{','.join(names)}\n{line}\n{line}\n", encoding="utf-8")
        return read_table(str(path))

    row = [cells[name] for name in names]
    return {
        "pandas": lambda folder: pd.DataFrame([row, row], columns=names),
        "arrow": lambda folder: pa.Table.from_arrays([pa.array([c, c]) for c in row], names),
        "CSV": csv_file,
    }


@pytest.mark.parametrize("kind", ["pandas", "arrow", "CSV"])
def test_a_column_that_came_twice_is_told_once_for_all_rows(
    garden: Contract, tmp_path: Path, kind: str
) -> None:
    """And nothing else is said: the other columns are read as ever."""
    rows = repeated(["area", "zone", "beds", "area", "soil"])[kind](tmp_path)
    sentence = "The field area came more than once, under its own name or an alias: send it once."
    assert [Problem(None, "area", "duplicate_field", sentence, "error")] == problems(garden, rows)
    checked = check(garden, rows)
    assert [2, 2] == checked.numbers[:, 1].tolist()
    assert checked.accepted is not None
    assert [False, False] == checked.accepted.tolist()


@pytest.mark.parametrize("kind", ["pandas", "arrow", "CSV"])
def test_columns_that_are_not_used_may_come_twice(
    garden: Contract, tmp_path: Path, kind: str
) -> None:
    """They have no influence; an unknown one is told once."""
    rows = repeated(["x", "area", "id", "zone", "id", "x"])[kind](tmp_path)
    assert ["The field 'x' is not known and was not used."] == sentences(garden, rows)
    assert [[100.0], [100.0]] == check(garden, rows).numbers[:, :1].tolist()
    assert check(garden, rows).accepted is None


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("Area", ": did you mean area?"),
        ("areas", ": did you mean area?"),
        ("n_bed", ": did you mean n_beds?"),
        ("SOIL", ": did you mean soil?"),
        ("something else", "."),
        ("", "."),
    ],
)
def test_an_unknown_field_is_a_warning_with_the_nearest_name(
    garden: Contract, name: str, hint: str
) -> None:
    """The row is priced all the same: nobody stops sending a column at once."""
    sentence = f"The field {name!r} is not known and was not used{hint}"
    expected = [Problem(0, name, "unknown_field", sentence, "warning")]
    assert expected == problems(garden, [GOOD | {name: 1}])
    assert check(garden, [GOOD | {name: 1}]).accepted is None


def test_an_unknown_field_of_all_rows_is_told_once(garden: Contract) -> None:
    """A column too many makes one warning; in some rows, one each."""
    all_rows, some_rows = [GOOD | {"x": 1}] * 3, [GOOD, GOOD | {"x": 1}, GOOD | {"x": None}]
    assert [None] == [problem.row for problem in problems(garden, all_rows)]
    assert [None] == [problem.row for problem in problems(garden, pd.DataFrame(all_rows))]
    assert [1, 2] == [problem.row for problem in problems(garden, some_rows)]


@pytest.mark.parametrize(
    "key", [5, None, ("area",), math.nan, pd.NA, HUGE, b"area", "\ud800"], ids=typed
)
def test_a_field_may_be_named_by_anything(garden: Contract, key: Any) -> None:
    """A key that is not text is an unknown field; two rows with other keys stay apart."""
    found = problems(garden, [GOOD | {key: 1}, {"y": 1} | GOOD, {key: 1} | GOOD])
    assert [0, 2, 1] == [problem.row for problem in sorted(found, key=lambda p: p.field == "y")]
    assert {"unknown_field"} == {problem.code for problem in found}


def test_the_target_and_unused_fields_are_no_news(garden: Contract) -> None:
    """Rows of the training data are accepted as they are, whatever their unused fields hold."""
    row = GOOD | {"price": "unsold", "id": [1], "note": object()}
    assert [] == problems(garden, [row])
    assert [] == problems(garden, pd.DataFrame([row]))


NO_ROWS = {
    "None": (None, "The row is None (type NoneType)"),
    "an int": (5, "The row is 5 (type int)"),
    "a text": ("A", "The row is 'A' (type str)"),
    "a list": ([1, 2], "The row is [1, 2] (type list)"),
    "a list of pairs": ([("area", 1)], "The row is [('area', 1)] (type list)"),
    "a series": (pd.Series({"area": 1}), "The row is area 1 dtype: int64 (type Series)"),
    "a bool": (False, "The row is False (type bool)"),
}


@pytest.mark.parametrize(("value", "start"), NO_ROWS.values(), ids=NO_ROWS)
def test_a_row_that_is_no_dict_is_told_and_the_others_are_read(
    garden: Contract, value: Any, start: str
) -> None:
    """One problem for it, no word of its fields."""
    sentence = f"{start}: expected a dict of field names and values."
    rows = [GOOD, value, GOOD | {"1st": 3}]
    assert [Problem(1, None, "wrong_type", sentence, "error")] == problems(garden, rows)
    checked = check(garden, rows)
    assert checked.accepted is not None
    assert [True, False, True] == checked.accepted.tolist()
    assert 3 == checked.numbers[2, 1]


@pytest.mark.parametrize(("value", "start"), NO_ROWS.values(), ids=NO_ROWS)
def test_rows_that_are_all_no_dicts_are_each_told(garden: Contract, value: Any, start: str) -> None:
    """Also when a contract would be content with an empty row."""
    free = garden.with_fields({"area": {"required": False}, "zone": {"required": False}})
    for contract in (garden, free):
        found = problems(contract, [value, value])
        assert [(0, None, "wrong_type"), (1, None, "wrong_type")] == [
            (problem.row, problem.field, problem.code) for problem in found
        ]
        priced = check(contract, [value, value]).accepted
        assert priced is not None
        assert not priced.any()


ODD_COLUMNS: dict[str, tuple[Callable[[], Any], str]] = {
    "pandas bools": (lambda: pd.Series([True, False]), "area is True (type bool)"),
    "pandas nullable bools": (
        lambda: pd.Series([True, None], dtype="boolean"),
        "area is True (type bool)",
    ),
    "pandas dates": (
        lambda: pd.to_datetime(pd.Series(["2020-01-01", None])),
        "area is 2020-01-01 00:00:00 (type Timestamp)",
    ),
    "pandas dates with zone": (
        lambda: pd.to_datetime(pd.Series(["2020-01-01", None]), utc=True),
        "area is 2020-01-01 00:00:00+00:00 (type Timestamp)",
    ),
    "pandas durations": (
        lambda: pd.to_timedelta(pd.Series([5, None]), unit="D"),
        "area is 5 days 00:00:00 (type Timedelta)",
    ),
    "pandas complex": (lambda: pd.Series([5j, 1]), "area is 5j (type complex)"),
    "pandas lists": (lambda: pd.Series([[1, 2], [3]]), "area is [1, 2] (type list)"),
    "pandas texts": (lambda: pd.Series(["big", None]), "area is 'big' (type str)"),
    "pandas category": (
        lambda: pd.Series(["big", None], dtype="category"),
        "area is 'big' (type str)",
    ),
    "numpy bools": (lambda: np.array([True, False]), "area is True (type bool)"),
    "numpy dates": (
        lambda: np.array(["2020-01-01", "NaT"], dtype="datetime64[ns]"),
        "area is 2020-01-01T00:00:00.000000000 (type datetime64)",
    ),
    "numpy durations": (
        lambda: np.array([5, "NaT"], dtype="timedelta64[ns]"),
        "area is 5 nanoseconds (type timedelta64)",
    ),
    "numpy two dimensions": (
        lambda: np.array([[1.0, 2.0], [3.0, 4.0]]),
        "area is [1.0, 2.0] (type list)",
    ),
    "polars bools": (lambda: pl.Series([True, None]), "area is True (type bool)"),
    "polars dates": (
        lambda: pl.Series([datetime.date(2020, 1, 1), None]),
        "area is 2020-01-01 (type date)",
    ),
    "polars lists": (lambda: pl.Series([[1, 2], [3]]), "area is [1, 2] (type list)"),
    "polars structs": (lambda: pl.Series([{"a": 1}, None]), "area is {'a': 1} (type dict)"),
    "polars binary": (lambda: pl.Series([b"5", None]), "area is b'5' (type bytes)"),
    "arrow bools": (lambda: pa.array([True, None]), "area is True (type bool)"),
    "arrow dates": (
        lambda: pa.array([datetime.date(2020, 1, 1), None]),
        "area is 2020-01-01 (type date)",
    ),
    "arrow lists": (lambda: pa.array([[1, 2], [3]]), "area is [1, 2] (type list)"),
    "arrow binary": (lambda: pa.array([b"5", None]), "area is b'5' (type bytes)"),
}


@pytest.mark.parametrize(("make", "start"), ODD_COLUMNS.values(), ids=ODD_COLUMNS)
def test_a_column_of_another_type_is_told_cell_by_cell(
    garden: Contract, make: Callable[[], Any], start: str
) -> None:
    """Truth values, dates and lists are not numbers, in a table as little as in a row."""
    column = make()
    tables: list[Any] = [{"area": column, "zone": ["A", "A"]}]
    if isinstance(column, pd.Series):
        tables.append(pd.DataFrame(tables[0]))
    if isinstance(column, pl.Series):
        tables.append(pl.DataFrame(tables[0]))
    if isinstance(column, pa.Array):
        tables.append(pa.table(tables[0]))
    for table in tables:
        found = problems(garden, table)
        assert f"{start}: expected a number from 1 to 1000 (m2)." == found[0].message
        assert [0, 1] == [problem.row for problem in found]
        assert {"area"} == {problem.field for problem in found}
        assert found[0].code == "wrong_type"


cells = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.decimals(),
    st.text(max_size=5),
    st.binary(max_size=3),
    st.dates(),
    st.complex_numbers(),
    st.lists(st.integers(), max_size=2),
    st.dictionaries(st.text(max_size=2), st.integers(), max_size=1),
    st.sampled_from(["A", " B ", "C", "20", 20, 30.0, "Gd", " Fa", "NA", "", 10**400, "1e5", "-3"]),
    st.sampled_from([pd.NA, pd.NaT, np.float32(5), np.int8(-3), np.array(4), np.array([4])]),
)
names = st.sampled_from(
    ["area", "1st", "beds", "n_beds", "depth", "built", "zone", "kind", "soil", "ground"]
    + ["id", "note", "price", "x", "Area"]
)
one_row = st.one_of(st.dictionaries(names, cells), st.none(), st.integers(), st.text(max_size=3))
good_row = st.dictionaries(names, cells).map(lambda row: row | GOOD)


@given(rows=st.lists(one_row | good_row, max_size=8))
def test_a_row_is_read_the_same_alone_and_among_others(garden: Contract, rows: list[Any]) -> None:
    """Whatever the rows hold, nothing is raised, and no row changes what another one gives."""
    checker = Checker(garden)
    together = checker.check(rows)
    assert (len(rows), 4) == together.numbers.shape
    priced = [True] * len(rows) if together.accepted is None else together.accepted.tolist()
    for at, row in enumerate(rows):
        alone = checker.check([row])
        assert (alone.accepted is None) == priced[at]
        if priced[at]:
            np.testing.assert_array_equal(alone.numbers[0], together.numbers[at])
            assert alone.codes[0].tolist() == together.codes[at].tolist()
    for finding in together.findings:
        for problem in finding.problems():
            assert problem.message.endswith((".", "?"))
            assert "\n" not in problem.message


@given(columns=st.lists(st.lists(cells, min_size=3, max_size=3), min_size=7, max_size=7))
def test_rows_and_columns_tell_the_same(garden: Contract, columns: list[list[Any]]) -> None:
    """A dict of columns, its rows as dicts and a table of objects say one thing in three ways."""
    by_columns = dict(
        zip(("area", "1st", "depth", "built", "zone", "kind", "soil"), columns, strict=True)
    )
    by_rows = [dict(zip(by_columns, row, strict=True)) for row in zip(*columns, strict=True)]
    objects = pd.DataFrame({name: pd.Series(c, dtype=object) for name, c in by_columns.items()})
    first, *others = (check(garden, rows) for rows in (by_rows, by_columns, objects))
    for other in others:
        np.testing.assert_array_equal(first.numbers, other.numbers)
        assert first.codes.tolist() == other.codes.tolist()
        assert {(p.row, p.field, p.code) for f in first.findings for p in f.problems()} == {
            (p.row, p.field, p.code) for f in other.findings for p in f.problems()
        }
