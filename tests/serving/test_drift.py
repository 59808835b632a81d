"""What the service says of the rows that it was asked for."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest

from regression_model import Model, load_model
from regression_model.processing.data_manager import load_dataset
from regression_model.serving import create_app
from regression_model.serving.drift import ROWS, RecentRows

from .conftest import Served


@pytest.fixture(scope="module")
def many() -> list[dict[str, Any]]:
    """400 training rows, as they are written in JSON."""
    frame = load_dataset(file_name="train.csv").sample(400, random_state=0).astype(object)
    return [
        {str(name): value for name, value in row.items()}
        for row in frame.where(frame.notna(), None).to_dict("records")
    ]


def larger(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return rows with a third more of living area."""
    return [{**row, "GrLivArea": row["GrLivArea"] * 1.35} for row in rows]


@pytest.mark.parametrize(
    ("path", "key"), [("/api/v1/predict", "inputs"), ("/invocations", "dataframe_records")]
)
def test_rows_that_differ_are_told(many: list[dict[str, Any]], path: str, key: str) -> None:
    """By the endpoint and by the metrics, from the requests of both forms."""

    async def ask() -> tuple[Any, Any, Any, str]:
        transport = httpx.ASGITransport(app=create_app(load_model()))
        async with httpx.AsyncClient(transport=transport, base_url="http://app") as client:
            first = (await client.get("/api/v1/drift")).json()
            await client.post(path, json={key: many[:200]})
            before = (await client.get("/api/v1/drift")).json()
            await client.post(path, json={key: larger(many)})
            after = (await client.get("/api/v1/drift")).json()
            return first, before, after, (await client.get("/metrics")).text

    first, before, after, text = asyncio.run(ask())

    assert (False, 0) == (first["drift"], first["rows"])
    assert (False, 200) == (before["drift"], before["rows"])
    assert (True, 600) == (after["drift"], after["rows"])
    assert "GrLivArea" == after["fields"][0]["name"]
    assert "drift" == after["fields"][0]["verdict"]
    assert "regression_model_drift 1.0" in text
    assert "regression_model_drift_rows 600.0" in text
    assert 'regression_model_drift_fields{verdict="drift"} 1.0' in text
    assert 'regression_model_drift_psi{field="GrLivArea"}' in text


def test_requests_at_one_time_count_once_each(model: Model, many: list[dict[str, Any]]) -> None:
    """Also where some of their rows are refused."""
    bodies = [{"inputs": many[at : at + 3]} for at in range(0, 90, 3)]
    bodies += [{"inputs": [{**many[0], "LotArea": -1}]} for _ in range(10)]

    async def ask() -> Any:
        transport = httpx.ASGITransport(app=create_app(model))
        async with httpx.AsyncClient(transport=transport, base_url="http://app") as client:
            await asyncio.gather(*(client.post("/api/v1/predict", json=one) for one in bodies))
            return (await client.get("/api/v1/drift")).json()

    told = asyncio.run(ask())

    assert (100, 10) == (told["rows"], told["refused"])


def test_rows_of_long_ago_are_forgotten(model: Model, many: list[dict[str, Any]]) -> None:
    """After 10,000 others, and the memory stays what it was."""
    recent, shifted, usual = RecentRows(model), model.predict(larger(many)), model.predict(many)
    for prediction, verdict in ((shifted, "drift"), (usual, "no drift")):
        for _ in range(ROWS // 400 - 1):
            recent.add(prediction)
        assert "drift" == _verdict(recent)
        recent.add(prediction)
        assert verdict == _verdict(recent)

    assert ROWS == recent.report().everything.rows


def _verdict(recent: RecentRows) -> str:
    fields = recent.report().everything.fields
    return next(one.verdict for one in fields if one.name == "GrLivArea")


def test_workers_tell_of_each_others_rows(
    serve: Callable[..., Served], many: list[dict[str, Any]]
) -> None:
    """Whichever is asked."""
    served = serve("--workers", "2")
    until = time.monotonic() + 20
    while served.client.get("/api/v1/drift").json()["workers"] < 2:  # one begins after the other
        assert time.monotonic() < until
        time.sleep(0.05)
    for _ in range(8):  # a connection each, so that both workers have some
        with httpx.Client(base_url=served.url, trust_env=False, timeout=20) as client:
            client.post("/api/v1/predict", json={"inputs": many[:300]})
    told = []
    for _ in range(6):
        with httpx.Client(base_url=served.url, trust_env=False) as client:
            told.append(client.get("/api/v1/drift").json())

    assert {2400} == {one["rows"] for one in told}
    assert {2} == {one["workers"] for one in told}


def test_a_worker_that_is_gone_no_longer_counts(
    model: Model, many: list[dict[str, Any]], tmp_path: Path
) -> None:
    """Its rows would never be forgotten."""
    recent = RecentRows(model, str(tmp_path))
    recent.add(model.predict(many))
    [own] = tmp_path.iterdir()
    (tmp_path / own.name.replace(own.stem.rpartition("-")[2], "999999999")).write_bytes(
        own.read_bytes()
    )

    assert 400 == recent.report().everything.rows
    assert 1 == recent.workers
