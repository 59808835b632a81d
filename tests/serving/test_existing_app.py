"""An app that was written for this kind of package works with this one as it stands."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

import httpx
import pytest

from regression_model import __version__, load_model

from .conftest import Row

ROOT = Path(__file__).parents[2]
# The row models of such packages cannot have names that begin with a digit.
NAMES = {"1stFlrSF": "FirstFlrSF", "2ndFlrSF": "SecondFlrSF", "3SsnPorch": "ThreeSsnPortch"}

pytestmark = pytest.mark.usefixtures("benchmarks")


@pytest.fixture(scope="module")
def client(benchmarks: None) -> Iterator[httpx.Client]:
    """A client of the app that `benchmarks.serving` measures, under uvicorn."""
    servers: Any = import_module("benchmarks.serving.servers")
    port = servers.free_port()
    code = f"import sys; sys.path.append({str(ROOT)!r}); import uvicorn; "
    code += f"uvicorn.run('benchmarks.sides.course_app:app', port={port}, log_level='warning')"
    command = [sys.executable, "-P", "-W", "ignore", "-c", code]
    with servers.Server(command, port=port, ready="/api/v1/health", folder=ROOT):
        with httpx.Client(
            base_url=f"http://127.0.0.1:{port}/api/v1", timeout=20, trust_env=False
        ) as client:
            yield client


@pytest.fixture(scope="module")
def rows(benchmarks: None) -> list[Row]:
    """Rows with all columns, and None where a value is missing."""
    records: list[Row] = import_module("benchmarks.rows").read_records()
    return [_renamed(record) for record in records[:5]]


def _renamed(row: Row) -> Row:
    return {NAMES.get(name, name): value for name, value in row.items()}


def test_rows_of_all_columns_are_predicted(client: httpx.Client, rows: list[Row]) -> None:
    """Columns of texts have None in them; the predictions are those of the model itself."""
    assert all(row["PoolQC"] is None and len(row) == 80 for row in rows)  # 79 and the Id
    answer = client.post("/predict", json={"inputs": rows})
    assert answer.status_code == 200
    expected = load_model().predict(rows).values.tolist()
    content = answer.json()
    assert content["predictions"] == pytest.approx(expected, rel=1e-9)
    assert (content["version"], content["errors"]) == (__version__, None)


def test_a_row_in_error_is_refused_by_name(client: httpx.Client, rows: list[Row]) -> None:
    """The row model knows the bounds, so FastAPI says which field of which row is wrong."""
    answer = client.post("/predict", json={"inputs": [rows[1], rows[0] | {"GrLivArea": -1}]})
    assert answer.status_code == 422
    assert answer.json()["detail"][0]["loc"] == ["body", "inputs", 1, "GrLivArea"]


def test_the_version_is_that_of_the_package(client: httpx.Client) -> None:
    """Such apps show which model answers."""
    assert client.get("/health").json() == {"version": __version__}
