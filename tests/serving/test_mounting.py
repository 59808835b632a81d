"""The service as a part of another application, in its process."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import httpx
import pytest

from regression_model import Model
from regression_model.runtime.model_file.sealing import reseal
from regression_model.serving import Limits, create_app

from .conftest import Row


def _post(app: Any, path: str, body: Any) -> httpx.Response:
    async def ask() -> httpx.Response:
        transport = httpx.ASGITransport(app=app)
        async with httpx.AsyncClient(transport=transport, base_url="http://app") as client:
            return await client.post(path, json=body)

    return asyncio.run(ask())


def _get(app: Any, path: str) -> httpx.Response:
    async def ask() -> httpx.Response:
        transport = httpx.ASGITransport(app=app)
        async with httpx.AsyncClient(transport=transport, base_url="http://app") as client:
            return await client.get(path)

    return asyncio.run(ask())


@pytest.mark.parametrize("framework", ["starlette.applications.Starlette", "fastapi.FastAPI"])
def test_it_is_mounted_in_another_application(
    framework: str, model: Model, rows: list[Row]
) -> None:
    """Under a path of one's own; what the application has beside it stays reachable."""
    module, _, name = framework.rpartition(".")
    application = getattr(pytest.importorskip(module), name)()
    application.mount("/prices", create_app(model))
    answer = _post(application, "/prices/api/v1/predict", {"inputs": rows})
    expected = model.predict(rows).values.tolist()
    assert [one["prediction"] for one in answer.json()["results"]] == expected
    assert _get(application, "/prices/nowhere").json()["error"]["code"] == "not_found"
    assert _get(application, "/health/live").status_code == 404


def test_two_models_stand_in_one_process(model: Model, rows: list[Row]) -> None:
    """Each counts its own requests and answers with its own model."""
    content = Path(model.source).read_bytes()
    manifest = {**model.manifest, "version": "9.9.9"}
    other = Model(reseal(content, manifest, name="it"))
    one, two = create_app(model), create_app(other, limits=Limits(rows=1))
    body = {"inputs": rows[:2]}
    assert _post(one, "/api/v1/predict", body).json()["model"]["version"] == model.version
    assert _post(two, "/api/v1/predict", body).status_code == 413
    assert "regression_model_rows_total 2.0" in _get(one, "/metrics").text
    assert 'version="9.9.9"' in _get(two, "/metrics").text
    assert "regression_model_rows_total 0.0" in _get(two, "/metrics").text


def test_no_stack_trace_leaves(model: Model, rows: list[Row]) -> None:
    """An unexpected error is a sentence and an id."""
    app = create_app(model)

    async def fail(call: Any) -> Any:
        raise ValueError("secret")

    app.endpoints["/fail"] = app.endpoints["/health/live"]._replace(handler=fail)
    answer = _get(app, "/fail")
    assert answer.status_code == 500
    assert answer.json()["error"]["code"] == "internal"
    assert "secret" not in answer.text and "Traceback" not in answer.text
