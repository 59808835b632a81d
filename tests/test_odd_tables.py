"""Tables that hold what Python cannot, and other rows that came up in reviews."""

import datetime
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pyarrow as pa
import pytest

from regression_model import Model
from regression_model.training.intervals import fit_scale


def with_area(rows: list[dict[str, Any]], column: pa.Array) -> pa.Table:
    """The rows as an arrow table whose living area is another column."""
    table = pa.Table.from_pylist(rows)
    return table.set_column(table.column_names.index("GrLivArea"), "GrLivArea", column)


@pytest.mark.parametrize(
    "column",
    [
        pa.array([10**15] * 10, pa.timestamp("s")),
        pa.Array.from_buffers(
            pa.string(),
            10,
            [
                None,
                pa.py_buffer(np.arange(11, dtype=np.int32).tobytes()),
                pa.py_buffer(b"\xff" * 10),
            ],
        ),
    ],
    ids=["a date out of range", "bytes that are no text"],
)
def test_a_cell_that_python_cannot_hold_is_a_wrong_type(
    model: Model, rows: list[dict[str, Any]], column: pa.Array
) -> None:
    """As many results as rows, each with the reason."""
    prediction = model.predict(with_area(rows, column))
    assert np.isnan(prediction.values).tolist() == [True] * 10
    assert {problem.code for problem in prediction.errors} == {"wrong_type"}


def test_wide_integers_are_numbers(model: Model, rows: list[dict[str, Any]]) -> None:
    """polars has integers of 128 bits, numpy has none."""
    areas = [int(row["GrLivArea"]) for row in rows]
    frame = pl.DataFrame(rows).with_columns(pl.Series("GrLivArea", areas, dtype=pl.Int128))
    np.testing.assert_allclose(model.predict(frame).values, model.predict(rows).values, rtol=1e-12)


def test_a_dict_of_arrow_columns_is_a_dict_of_columns(
    model: Model, rows: list[dict[str, Any]]
) -> None:
    """As `table["x"]` gives them."""
    table = pa.Table.from_pylist(rows)
    columns = {name: table[name] for name in table.column_names}
    np.testing.assert_allclose(
        model.predict(columns).values, model.predict(rows).values, rtol=1e-12
    )


def test_a_row_with_an_error_has_no_explanation(model: Model, rows: list[dict[str, Any]]) -> None:
    """What has no price is not explained; however far off a row is, if it has one, it is."""
    far = rows[0] | {"LotArea": 1e300, "GrLivArea": 1e300}
    explained = model.explain([rows[0] | {"GrLivArea": -1}, far, rows[1]])
    assert [False, True, True] == [one is not None for one in explained]


def test_an_unknown_key_does_not_hide_an_error(model: Model, rows: list[dict[str, Any]]) -> None:
    """Not even one whose text is the name of a field."""

    class Name:
        def __str__(self) -> str:
            return "LotArea"

    several = [row | {"LotArea": -5, Name(): 1} for row in rows[:2]]
    assert "below_minimum" in {problem.code for problem in model.predict(several).errors}


def test_a_repeated_column_that_nobody_needs_is_no_reason_to_stop(tmp_path: Path) -> None:
    """`predict` keeps the identifier, `explain` explains."""
    path = tmp_path / "twice.csv"
    path.write_text(
        "Id,note,note,Neighborhood,LotArea,OverallQual,OverallCond,YearBuilt,YrSold,GrLivArea\n"
        "7,a,b,NAmes,11622,5,6,1961,2010,896\n",
        encoding="utf-8",
    )
    for command, begins in (("predict", "Id,prediction"), ("explain", "Id,")):
        done = subprocess.run(
            [sys.executable, "-P", "-m", "regression_model", command, str(path)],
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        assert begins in done.stdout.splitlines()[0]


def test_one_row_to_calibrate_on_gives_one_width() -> None:
    """A scale would have to be fitted without the row that it is for."""
    scale = fit_scale(np.ones((1, 2)), np.array([0.3]), alpha=1.0, seed=0)
    interval = scale.interval(0.9)
    assert interval.half_width(np.ones((3, 2))).tolist() == [0.3] * 3


def test_dates_in_a_frame_are_wrong_types(model: Model, rows: list[dict[str, Any]]) -> None:
    """A date is not a number of years."""
    dated = [row | {"YearBuilt": datetime.date(1961, 1, 1)} for row in rows]
    assert {p.code for p in model.predict(pl.DataFrame(dated)).errors} == {"wrong_type"}
