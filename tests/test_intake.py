"""Whatever rows come in, the same cells come out."""

import copy
import datetime
import math
import re
from collections import OrderedDict
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from fractions import Fraction
from types import MappingProxyType
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from regression_model import InputError
from regression_model.runtime.checking import Checked, Checker
from regression_model.runtime.contract import Contract
from regression_model.runtime.intake.cells import (
    UNKNOWN_LEVEL,
    WRONG_TYPE,
    LevelCodes,
    NotANumber,
    is_missing,
    read_level,
    read_number,
)
from regression_model.runtime.intake.layouts import Layouts

NAN = math.nan
HUGE = 10**5000  # more digits than Python writes out


def typed(value: object) -> str:
    """Name a case of a table by its type and value."""
    return "huge" if value is HUGE else f"{type(value).__name__} {value!r}"


# What the garden's fields hold, row by row: clean, missing, out of bounds, unseen, unknown, blank.
COLUMNS: dict[str, list[Any]] = {
    "area": [100.0, None, 2000.0, -5.0, 600.0, 20.0],
    "1st": [3, None, 0, 9, 2, 1],
    "depth": [-3.5, -4.5, None, -1.0, -30.0, -2.5],
    "built": [1990, 2000, 1700, None, 1950, 1960],
    "zone": ["A", " B ", "C", None, "A", ""],
    "kind": ["20", "30", "99", None, "20", " 20"],
    "soil": ["Gd", None, "Po", "Zz", "Fa", " Fa "],
}
NUMBERS = [
    [100.0, 3, -3.5, 1990],
    [NAN, NAN, -4.5, 2000],
    [2000.0, 0, NAN, 1700],
    [-5.0, 9, -1.0, NAN],
    [600.0, 2, -30.0, 1950],
    [20.0, 1, -2.5, 1960],
]
# For each field its levels, then missing, then any other: zone from 0, kind from 4, soil from 8.
CODES = [
    [0, 4, 10],
    [1, 5, 11],
    [3, 7, 8],
    [2, 6, UNKNOWN_LEVEL],
    [0, 4, 9],
    [2, 4, 9],
]
PROBLEMS = {
    (1, "area", "missing_value"),
    (2, "area", "above_maximum"),
    (3, "area", "below_minimum"),
    (4, "area", "outside_training_range"),
    (3, "1st", "outside_training_range"),
    (4, "depth", "outside_training_range"),
    (2, "built", "below_minimum"),
    (2, "zone", "unseen_level"),
    (3, "zone", "missing_value"),
    (5, "zone", "missing_value"),
    (2, "kind", "unseen_level"),
    (3, "soil", "unknown_level"),
}


def records() -> list[dict[str, Any]]:
    return [dict(zip(COLUMNS, cells, strict=True)) for cells in zip(*COLUMNS.values(), strict=True)]


def frame() -> pd.DataFrame:
    return pd.DataFrame(copy.deepcopy(COLUMNS))


def text_columns(missing: Any) -> dict[str, list[Any]]:
    return {
        name: [missing if cell is None else str(cell) for cell in cells]
        for name, cells in COLUMNS.items()
    }


def numeric_kinds(missing: Any = None) -> list[Any]:
    return [missing if cell is None else int(cell) for cell in COLUMNS["kind"]]


def arrow(**types: pa.DataType) -> pa.Table:
    return pa.table({name: pa.array(cells, types.get(name)) for name, cells in COLUMNS.items()})


def decimal_columns() -> dict[str, Any]:
    columns: dict[str, Any] = dict(COLUMNS)
    for name in ("area", "1st", "depth", "built"):
        columns[name] = [None if c is None else Decimal(str(c)) for c in COLUMNS[name]]
    return columns


def chunked_arrow() -> pa.Table:
    table = arrow()
    return pa.concat_tables(
        [table.slice(0, 1), table.slice(1, 0), table.slice(1, 4), table.slice(5)]
    )


def dictionary_arrow() -> pa.Table:
    table = arrow()
    return pa.table({name: table[name].dictionary_encode() for name in table.column_names})


SAME_ROWS: dict[str, Callable[[], Any]] = {
    "a list of dicts": records,
    "a tuple of dicts": lambda: tuple(records()),
    "a list of mappings that are no dicts": lambda: [MappingProxyType(row) for row in records()],
    "ordered dicts": lambda: [OrderedDict(row) for row in records()],
    "dicts in two orders": lambda: [
        dict(reversed(row.items())) if at % 2 else row for at, row in enumerate(records())
    ],
    "dicts without the missing keys": lambda: [
        {key: cell for key, cell in row.items() if cell is not None} for row in records()
    ],
    "dicts under an alias": lambda: [
        {{"1st": "beds", "soil": "ground"}.get(key, key): cell for key, cell in row.items()}
        for row in records()
    ],
    "dicts of texts": lambda: [
        dict(zip(COLUMNS, cells, strict=True))
        for cells in zip(*text_columns("NA").values(), strict=True)
    ],
    "dicts of numpy scalars": lambda: [
        {
            name: np.float64(cell) if isinstance(cell, int | float) else cell
            for name, cell in row.items()
        }
        for row in records()
    ],
    "dicts of arrays without dimensions": lambda: [
        {name: np.array(cell) for name, cell in row.items()} for row in records()
    ],
    "a dict of lists": lambda: copy.deepcopy(COLUMNS),
    "a dict of lists under an alias": lambda: {
        {"1st": "n_beds"}.get(name, name): cells for name, cells in COLUMNS.items()
    },
    "a dict of tuples": lambda: {name: tuple(cells) for name, cells in COLUMNS.items()},
    "a dict of object arrays": lambda: {
        name: np.array(cells, dtype=object) for name, cells in COLUMNS.items()
    },
    "a dict of number arrays and lists": lambda: {
        name: np.array(cells, dtype=float) if name in ("area", "1st", "depth", "built") else cells
        for name, cells in COLUMNS.items()
    },
    "a dict of masked arrays": lambda: {
        name: (
            np.ma.masked_invalid(np.array(cells, dtype=float))
            if name in ("area", "1st", "depth", "built")
            else cells
        )
        for name, cells in COLUMNS.items()
    },
    "a dict of float32 arrays": lambda: {
        name: (
            np.array(cells, dtype=np.float32)
            if name in ("area", "1st", "depth", "built")
            else np.array([c or "" for c in cells])
        )
        for name, cells in COLUMNS.items()
    },
    "a dict of pandas series": lambda: {name: frame()[name] for name in COLUMNS},
    "a dict of polars series": lambda: {name: pl.Series(cells) for name, cells in COLUMNS.items()},
    "a dict of arrow arrays": lambda: {name: pa.array(cells) for name, cells in COLUMNS.items()},
    "numbers for levels": lambda: COLUMNS | {"kind": numeric_kinds()},
    "floats for levels": lambda: COLUMNS | {"kind": np.array(numeric_kinds(NAN), dtype=float)},
    "Decimals": decimal_columns,
    "pandas": frame,
    "pandas, columns in another order": lambda: frame()[list(reversed(COLUMNS))],
    "pandas, objects": lambda: frame().astype(object),
    "pandas, objects with None": lambda: pd.DataFrame(COLUMNS, dtype=object),
    "pandas, nullable types": lambda: frame().convert_dtypes(),
    "pandas, arrow types": lambda: frame().convert_dtypes(dtype_backend="pyarrow"),
    "pandas, str": lambda: pd.DataFrame(text_columns(None), dtype="str"),
    "pandas, string": lambda: pd.DataFrame(text_columns(pd.NA), dtype="string"),
    "pandas, string[pyarrow]": lambda: pd.DataFrame(text_columns(pd.NA), dtype="string[pyarrow]"),
    "pandas, category": lambda: frame().astype("category"),
    "pandas, category of texts": lambda: frame().astype(
        {"zone": "category", "kind": "category", "soil": "category"}
    ),
    "pandas, ordered category": lambda: frame().assign(
        soil=pd.Categorical(COLUMNS["soil"], ["Po", "Fa", " Fa ", "Gd", "Zz"], ordered=True)
    ),
    "pandas, numbers for levels": lambda: frame().assign(kind=numeric_kinds()),
    "pandas, nullable integers for levels": lambda: frame().assign(
        kind=pd.array(numeric_kinds(), dtype="Int64")
    ),
    "pandas, category of numbers for levels": lambda: frame().assign(
        kind=pd.Categorical(numeric_kinds())
    ),
    "pandas, float32": lambda: frame().astype({"area": "float32", "depth": "float32"}),
    "pandas, sparse": lambda: frame().astype({"area": pd.SparseDtype(float), "1st": "Float32"}),
    "pandas, an index of texts": lambda: frame().set_index(pd.Index(list("fedcba"))),
    "pandas, an index that repeats": lambda: frame().set_index(pd.Index([7, 7, 7, 0, 0, 7])),
    "pandas, an index of two levels": lambda: frame().set_index(
        pd.MultiIndex.from_product([[2, 1], ["z", "y", "x"]])
    ),
    "pandas, a slice": lambda: pd.concat([frame(), frame()]).iloc[6:],
    "polars": lambda: pl.DataFrame(COLUMNS),
    "polars, texts": lambda: pl.DataFrame(text_columns(None)),
    "polars, objects": lambda: pl.DataFrame(
        {name: pl.Series(cells, dtype=pl.Object) for name, cells in COLUMNS.items()}
    ),
    "polars, categorical": lambda: pl.DataFrame(COLUMNS).with_columns(
        pl.col("zone", "kind").cast(pl.Categorical),
        pl.col("soil").cast(pl.Enum(["Po", "Fa", " Fa ", "Gd", "Zz"])),
    ),
    "polars, small integers": lambda: pl.DataFrame(COLUMNS).with_columns(
        pl.col("1st").cast(pl.UInt8), pl.col("built").cast(pl.Int16)
    ),
    "polars, decimals": lambda: pl.DataFrame(COLUMNS).with_columns(
        pl.col("area", "depth").cast(pl.Decimal(12, 3))
    ),
    "polars, two chunks": lambda: pl.concat(
        [pl.DataFrame(COLUMNS)[:2], pl.DataFrame(COLUMNS)[2:]], rechunk=False
    ),
    "arrow": arrow,
    "arrow, chunks": chunked_arrow,
    "arrow, dictionaries": dictionary_arrow,
    "arrow, large strings": lambda: arrow(zone=pa.large_string(), soil=pa.large_string()),
    "arrow, string views": lambda: arrow(zone=pa.string_view(), soil=pa.string_view()),
    "arrow, float32 and int16": lambda: arrow(**{"depth": pa.float32(), "1st": pa.int16()}),
    "arrow, decimals": lambda: pa.table(decimal_columns()),
    "arrow, numbers for levels": lambda: pa.table(COLUMNS | {"kind": numeric_kinds()}),
    "arrow, a dictionary of numbers for levels": lambda: pa.table(
        COLUMNS | {"kind": pa.array(numeric_kinds()).dictionary_encode()}
    ),
}


def written_out(rows: Any) -> str:
    """The rows as text, without the addresses of objects."""
    return re.sub(r"0x[0-9a-f]+", "", repr(rows))


def told(checked: Checked) -> set[tuple[int | None, str | None, str]]:
    """Row, field and code of every problem."""
    return {(p.row, p.field, p.code) for f in checked.findings for p in f.problems()}


@pytest.mark.parametrize("make", SAME_ROWS.values(), ids=SAME_ROWS)
def test_every_kind_of_rows_is_read_alike(garden: Contract, make: Callable[[], Any]) -> None:
    """The same cells in another container give the same numbers, codes and problems."""
    checked = Checker(garden).check(make())
    np.testing.assert_array_equal(NUMBERS, checked.numbers)
    assert CODES == checked.codes.tolist()
    assert PROBLEMS == told(checked)
    assert checked.accepted is not None
    assert [True, False, False, False, True, False] == checked.accepted.tolist()


@pytest.mark.parametrize("make", SAME_ROWS.values(), ids=SAME_ROWS)
def test_reading_leaves_the_rows_as_they_were(garden: Contract, make: Callable[[], Any]) -> None:
    """What the caller passes in is what the caller has afterwards."""
    rows, untouched = make(), make()
    Checker(garden).check(rows)
    assert written_out(untouched) == written_out(rows)


@pytest.mark.parametrize(
    "make",
    [
        lambda: [{"area": 100, "zone": "A", "1st": None, "soil": None}] * 2,
        lambda: {"area": [100, 100], "zone": ["A", "A"], "1st": [None, None], "soil": [None] * 2},
        lambda: pd.DataFrame({"area": [100, 100], "zone": "A", "1st": None, "soil": None}),
        lambda: pd.DataFrame({"area": [100, 100], "zone": "A", "1st": NAN, "soil": NAN}),
        lambda: pd.DataFrame({"area": [100, 100], "zone": "A", "1st": pd.NaT, "soil": pd.NaT}),
        lambda: pd.DataFrame({"area": [100, 100], "zone": "A"}).assign(
            **{"1st": pd.array([None] * 2, dtype="string"), "soil": pd.Categorical([None] * 2)}
        ),
        lambda: pl.DataFrame({"area": [100, 100], "zone": "A", "1st": None, "soil": None}),
        lambda: pl.DataFrame({"area": [100, 100], "zone": "A", "1st": None, "soil": None}).cast(
            {"1st": pl.String, "soil": pl.Categorical}
        ),
        lambda: pa.table(
            {"area": [100, 100], "zone": ["A"] * 2, "1st": pa.nulls(2), "soil": [NAN] * 2}
        ),
        lambda: pa.table(
            {
                "area": [100, 100],
                "zone": ["A", "A"],
                "1st": pa.nulls(2, pa.string()),
                "soil": pa.nulls(2, pa.string()).dictionary_encode(),
            }
        ),
    ],
    ids=[
        "list",
        "columns",
        "pandas None",
        "pandas NaN",
        "pandas NaT",
        "pandas string and category",
        "polars nulls",
        "polars text and category",
        "arrow nulls and NaN",
        "arrow texts and dictionary",
    ],
)
def test_a_column_of_nothing_is_missing(garden: Contract, make: Callable[[], Any]) -> None:
    """A type that a column has for want of any value does not matter."""
    checked = Checker(garden).check(make())
    np.testing.assert_array_equal([[100, NAN, NAN, NAN]] * 2, checked.numbers)
    assert [[0, 6, 11]] * 2 == checked.codes.tolist()
    assert [] == checked.findings


@pytest.mark.parametrize(
    "make",
    [
        lambda: [records()[0]],
        lambda: records()[0],
        lambda: {name: [cells[0]] for name, cells in COLUMNS.items()},
        lambda: {name: np.array(cells[0]) for name, cells in COLUMNS.items()},
        lambda: frame().iloc[:1],
        lambda: frame().iloc[[0]].reset_index(drop=True),
        lambda: pl.DataFrame(COLUMNS)[:1],
        lambda: arrow().slice(0, 1),
    ],
    ids=["list", "scalars", "columns", "0-d arrays", "pandas", "index", "polars", "arrow"],
)
def test_one_row_is_one_row(garden: Contract, make: Callable[[], Any]) -> None:
    """A single row may come in any container, or as a dict of scalars."""
    checked = Checker(garden).check(make())
    assert NUMBERS[:1] == checked.numbers.tolist()
    assert CODES[:1] == checked.codes.tolist()
    assert [] == checked.findings


@pytest.mark.parametrize(
    "rows",
    [
        [],
        (),
        {},
        {name: [] for name in COLUMNS},
        {"what": []},
        pd.DataFrame(),
        pd.DataFrame(columns=list(COLUMNS)),
        pd.DataFrame(COLUMNS).iloc[:0],
        pd.DataFrame([[], []]).iloc[:0],
        pl.DataFrame(),
        pl.DataFrame(COLUMNS)[:0],
        pa.table({}),
        pa.table(COLUMNS).slice(0, 0),
    ],
    ids=[
        "list",
        "tuple",
        "dict",
        "columns",
        "an unknown column",
        "pandas without columns",
        "pandas, objects",
        "pandas",
        "pandas without both",
        "polars without columns",
        "polars",
        "arrow without columns",
        "arrow",
    ],
)
def test_no_rows_give_nothing_and_no_problem(garden: Contract, rows: Any) -> None:
    """Zero rows in, zero results out, whatever their columns would have been."""
    checked = Checker(garden).check(rows)
    assert (0, 4) == checked.numbers.shape
    assert (0, 3) == checked.codes.shape
    assert [] == checked.findings


TABLES = "expected a list of dicts, a dict of columns, or a pandas, polars or pyarrow table."


@pytest.mark.parametrize(
    ("rows", "kind"),
    [
        (None, "NoneType"),
        (5, "int"),
        (2.5, "float"),
        (True, "bool"),
        (1j, "complex"),
        ("area", "str"),
        (b"area", "bytes"),
        ({1, 2}, "set"),
        (iter([]), "list_iterator"),
        (object(), "object"),
        (pl.DataFrame(COLUMNS).lazy(), "LazyFrame"),
        (pa.table(COLUMNS).to_batches()[0], "RecordBatch"),
        (datetime.date(2020, 1, 1), "date"),
    ],
    ids=lambda value: type(value).__name__ if not isinstance(value, str) else value,
)
def test_what_is_no_rows_is_refused(garden: Contract, rows: Any, kind: str) -> None:
    """One sentence says what came and what was expected."""
    with pytest.raises(InputError) as raised:
        Checker(garden).check(rows)
    assert f"The input is of type {kind}: {TABLES}" == str(raised.value)


@pytest.mark.parametrize(
    ("columns", "sentence"),
    [
        (
            {"area": [1, 2], "zone": ["A"], "soil": []},
            "The columns differ in length: 'area' has 2, 'zone' has 1, 'soil' has 0.",
        ),
        (
            {"area": [1, 2], "zone": "A"},
            "The column 'zone' is one value and 'area' is a list: expected lists of one length, "
            "or single values only.",
        ),
        (
            {"zone": None, "area": np.array([1.0])},
            "The column 'zone' is one value and 'area' is a list: expected lists of one length, "
            "or single values only.",
        ),
    ],
    ids=["lengths", "text and list", "nothing and array"],
)
def test_columns_that_do_not_fit_together_are_refused(
    garden: Contract, columns: Any, sentence: str
) -> None:
    """One sentence names the columns; there is no telling which row would be which."""
    with pytest.raises(InputError) as raised:
        Checker(garden).check(columns)
    assert sentence == str(raised.value)


MISSING = {
    "None": None,
    "NaN": NAN,
    "another NaN": float("nan"),
    "numpy NaN": np.float64("nan"),
    "float32 NaN": np.float32("nan"),
    "Decimal NaN": Decimal("NaN"),
    "signalling Decimal NaN": Decimal("sNaN"),
    "pd.NA": pd.NA,
    "pd.NaT": pd.NaT,
    "numpy NaT": np.datetime64("NaT"),
    "numpy NaT of a duration": np.timedelta64("NaT"),
    "masked": np.ma.masked,
    "empty": "",
    "blanks": " \t\n",
    "token": "NA",
    "token with blanks": " NA ",
    "numpy empty text": np.str_(""),
    "0-d NaN": np.array(NAN),
    "0-d text": np.array("NA"),
    "0-d None": np.array(None),
    "arrow null": pa.scalar(None),
}


@pytest.mark.parametrize("cell", MISSING.values(), ids=MISSING)
def test_missing_is_written_in_many_ways(garden: Contract, cell: Any) -> None:
    """Each is NaN among numbers and the code for missing among levels."""
    assert math.isnan(read_number(cell, ("NA",)))
    field = garden.field("kind")
    assert len(field.coded_levels) == LevelCodes(field, 0, ("NA",)).code(cell)


@pytest.mark.parametrize(
    "cell", [0, 0.0, False, "0", "None", "nan ", [], {}, Decimal(0), b""], ids=typed
)
def test_what_is_there_is_not_missing(cell: Any) -> None:
    """A zero, a word and an empty list are values, if not always right ones."""
    assert not is_missing(cell, ("NA",))


@pytest.mark.parametrize(
    ("cell", "number"),
    [
        (5, 5.0),
        (-5.5, -5.5),
        ("5", 5.0),
        (" 5.50 ", 5.5),
        ("5e3", 5000.0),
        ("-.5", -0.5),
        (np.int8(5), 5.0),
        (np.uint64(2**63), 2.0**63),
        (np.float16(0.5), 0.5),
        (np.float32(0.5), 0.5),
        (np.longdouble(0.5), 0.5),
        (np.str_("5"), 5.0),
        (np.array(5), 5.0),
        (np.array("5"), 5.0),
        (np.array(5, dtype=object), 5.0),
        (Decimal("5.25"), 5.25),
        (2**70, 2.0**70),
        (10**400, math.inf),
        (-(10**400), -math.inf),
        (HUGE, math.inf),
        (Decimal("1e999"), math.inf),
        (Decimal("-Infinity"), -math.inf),
        (math.inf, math.inf),
        ("inf", math.inf),
        ("-Infinity", -math.inf),
        ("1e999", math.inf),
    ],
    ids=typed,
)
def test_a_number_is_written_in_many_ways(cell: Any, number: float) -> None:
    """Text, Decimal and numpy's types count, and what is beyond float64 is an infinity."""
    assert number == read_number(cell)


NO_NUMBERS = {
    "True": True,
    "numpy bool": np.bool_(False),
    "0-d bool": np.array(True),
    "words": "ten",
    "underscore": "1_000",
    "comma": "1,000",
    "hexadecimal": "0x10",
    "unit": "5 m2",
    "bytes": b"5",
    "complex": 5j,
    "fraction": Fraction(1, 2),
    "date": datetime.date(2020, 1, 1),
    "datetime": datetime.datetime(2020, 1, 1),
    "timestamp": pd.Timestamp("2020-01-01"),
    "duration": datetime.timedelta(5),
    "pandas duration": pd.Timedelta(5),
    "numpy date": np.datetime64("2020-01-01"),
    "numpy date in ns": np.datetime64("2020-01-01", "ns"),
    "0-d date in ns": np.array("2020-01-01", dtype="datetime64[ns]"),
    "numpy duration": np.timedelta64(5, "D"),
    "numpy duration without unit": np.timedelta64(5),
    "list": [5],
    "empty list": [],
    "dict": {"value": 5},
    "set": {5},
    "array": np.array([5]),
    "series": pd.Series([5]),
    "object": object(),
    "type": int,
}


@pytest.mark.parametrize("cell", NO_NUMBERS.values(), ids=NO_NUMBERS)
def test_what_is_no_number_is_not_taken_for_one(cell: Any) -> None:
    """Least of all a truth value, or a date as its count of nanoseconds."""
    with pytest.raises(NotANumber):
        read_number(cell, ("NA",))


@pytest.mark.parametrize("cell", NO_NUMBERS.values(), ids=NO_NUMBERS)
def test_one_odd_cell_spoils_no_other(garden: Contract, cell: Any) -> None:
    """By rows and by columns: the cell is reported, the column beside it is read."""
    by_rows = [{"area": 100, "zone": "A", "1st": value} for value in (1, cell, None, 4)]
    by_columns = {"area": [100] * 4, "zone": ["A"] * 4, "1st": [1, cell, None, 4]}
    for rows in (by_rows, by_columns):
        checked = Checker(garden).check(rows)
        assert {(1, "1st", "wrong_type")} == told(checked)
        np.testing.assert_array_equal([1, NAN, NAN, 4], checked.numbers[:, 1])


@pytest.mark.parametrize(
    ("cell", "level"),
    [
        (20, "20"),
        (20.0, "20"),
        ("20", "20"),
        (" 20 ", "20"),
        (np.int16(20), "20"),
        (np.float32(20), "20"),
        (np.array(20), "20"),
        (np.str_("20"), "20"),
        (Decimal("20.00"), "20"),
        (20.5, "20.5"),
        ("20.0", "20"),
        ("20.", "20"),
        ("2e+01", "20"),
        ("-0.0", "0"),
        (0.1, "0.1"),
        (np.float32(0.1), "0.1"),
        (1e16, "10000000000000000"),
        ("020", "020"),
        ("2e1", "2e1"),
        ("20 a", "20 a"),
        (HUGE, "inf"),
        (None, ""),
    ],
    ids=typed,
)
def test_levels_that_are_numbers_come_as_numbers_too(
    garden: Contract, cell: Any, level: str
) -> None:
    """20, 20.0 and '20' are one level."""
    assert level == read_level(cell, is_numeric=True)


@pytest.mark.parametrize(
    ("field", "cell", "code"),
    [
        ("zone", "A", 0),
        ("zone", " B\n", 1),
        ("zone", np.str_("A"), 0),
        ("zone", "C", 3),
        ("zone", "a", 3),
        ("zone", 5, WRONG_TYPE),
        ("zone", 5.0, WRONG_TYPE),
        ("zone", True, WRONG_TYPE),
        ("zone", b"A", WRONG_TYPE),
        ("zone", ["A"], WRONG_TYPE),
        ("zone", {"A": 1}, WRONG_TYPE),
        ("zone", np.array(["A"]), WRONG_TYPE),
        ("zone", datetime.date(2020, 1, 1), WRONG_TYPE),
        ("kind", 99, 3),
        ("kind", True, WRONG_TYPE),
        ("kind", np.True_, WRONG_TYPE),
        ("kind", np.timedelta64(20), WRONG_TYPE),
        ("kind", [20], WRONG_TYPE),
        ("soil", " Fa ", 1),
        ("soil", "fa", UNKNOWN_LEVEL),
        ("soil", "Ex", UNKNOWN_LEVEL),
        ("soil", 1, WRONG_TYPE),
    ],
    ids=typed,
)
def test_levels_get_their_codes(garden: Contract, field: str, cell: Any, code: int) -> None:
    """Blanks around a level do not matter, capitals do; nothing but text is a level's name."""
    assert code == LevelCodes(garden.field(field), 0, ("NA",)).code(cell)


def test_levels_that_never_end_do_not_fill_the_memory(garden: Contract) -> None:
    """Texts are remembered up to a bound; those after it are still read."""
    codes = LevelCodes(garden.field("zone"), 0, ("NA",))
    assert {3} == {codes.code(f"street {i}") for i in range(30_000)}
    assert len(codes) < 11_000
    assert 1 == codes.code(" B ")


def test_names_that_never_end_do_not_fill_the_memory(garden: Contract) -> None:
    """Sets of names are remembered up to a bound; those after it are still read."""
    checker = Checker(garden)
    rows = [{"area": 100 + i, "zone": "A", f"x{i}": 1} for i in range(400)]
    for _ in range(2):
        checked = checker.check(rows)
        assert [100 + i for i in range(400)] == checked.numbers[:, 0].tolist()
        assert {(i, f"x{i}", "unknown_field") for i in range(400)} == told(checked)
    assert len(checker._layouts) < 400


def test_a_long_name_is_not_kept_and_honest_layouts_are(garden: Contract) -> None:
    """However large and many the others are; those with no text for a name are not kept either."""
    layouts = Layouts(garden)
    honest = layouts.of(("area", "zone", "colour"))
    for turn in range(1_000):
        layouts.of(("area", f"{turn}" * 100_000))
        layouts.of((f"{turn}",) * 10_000)
        layouts.of((turn, "area"))
        layouts.of(("area", f"x{turn}"))
        if turn % 100 == 0:
            assert honest is layouts.of(("area", "zone", "colour"))
    assert len(layouts) <= 256
    for turn in range(1_000):
        layouts.of(tuple(f"{turn} {name}" for name in range(1_000)))
    assert len(layouts) < 50


def test_threads_share_the_layouts(garden: Contract) -> None:
    """While others push theirs out, each reads its own rows."""
    checker = Checker(garden)

    def read(thread: int) -> bool:
        for turn in range(300):
            rows = [{"area": thread + 1, f"x{thread} {turn}": 0, "zone": "A"}]
            assert [thread + 1] == checker.check(rows).numbers[:, 0].tolist()
        return True

    with ThreadPoolExecutor(8) as threads:
        assert all(threads.map(read, range(8)))


def test_a_series_is_a_row_and_a_generator_a_list(garden: Contract) -> None:
    """As `frame.iloc[0]` and an expression give them."""
    checker = Checker(garden)
    row = {"area": 100, "zone": "A", "soil": None}
    expected = checker.check([row])
    for rows in (pd.Series(row), pd.DataFrame([row]).iloc[0], (row for _ in range(1))):
        found = checker.check(rows)
        np.testing.assert_array_equal(expected.numbers, found.numbers)
        assert expected.codes.tolist() == found.codes.tolist()
        assert [] == found.findings


def test_an_array_without_names_is_told_how_to_name_them(garden: Contract) -> None:
    """Dense, sparse or structured in no way that the contract could know."""
    arrays: list[Any] = [np.zeros((2, 3)), np.zeros(3), pd.Series([1, 2]), pl.Series([1])]
    sparse = pytest.importorskip("scipy.sparse")
    for array in [*arrays, sparse.csr_matrix((2, 3)), sparse.coo_array((2, 3))]:
        with pytest.raises(InputError, match="has no names: name its columns with"):
            Checker(garden).check(array)
