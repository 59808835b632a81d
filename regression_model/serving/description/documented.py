"""The endpoints that describe the service: its model, health, metrics, documentation, and drift."""

from __future__ import annotations

import orjson

from ..drift import drift_document
from ..http.calls import HTML, Call, Endpoint, Reply, compressed, json_reply
from ..metrics import TEXT_FORMAT
from .describing import model_document, schema_document
from .documentation import documentation_page
from .openapi import openapi_document

__all__ = ["ENDPOINTS"]


async def _model(call: Call) -> Reply:
    return json_reply(model_document(call.service.state.current))


async def _schema(call: Call) -> Reply:
    opened, limits = call.service.state.current, call.service.limits
    if call.path not in opened.documents:
        content = schema_document(opened, limits)
        opened.documents[call.path] = json_reply(content).body
    return compressed(call, Reply(opened.documents[call.path]))


async def _alive(call: Call) -> Reply:
    return Reply(b'{"status":"ok"}')


async def _ready(call: Call) -> Reply:
    # there is no service before its model is open
    return json_reply({"status": "ok", "model": call.service.state.current.identity})


async def _metrics(call: Call) -> Reply:
    return Reply(call.service.metrics.text(), media_type=TEXT_FORMAT)


async def _openapi(call: Call) -> Reply:
    return Reply(_written(call, "openapi"))


async def _docs(call: Call) -> Reply:
    return Reply(_written(call, "docs"), media_type=HTML)


def _written(call: Call, name: str) -> bytes:
    """Return a document of the model in use, which is written once."""
    service = call.service
    opened = service.state.current
    if name not in opened.documents:
        document = openapi_document(opened.model, limits=service.limits, with_key=service.has_key)
        opened.documents["openapi"] = orjson.dumps(document)
        opened.documents["docs"] = documentation_page(document).encode()
    return opened.documents[name]


async def _drift(call: Call) -> Reply:
    opened = call.service.state.current
    document = await call.service.in_thread(lambda: drift_document(opened.recent))
    return compressed(call, json_reply(document))


ENDPOINTS = {
    "/api/v1/model": Endpoint("model", _model),
    "/api/v1/schema": Endpoint("schema", _schema),
    "/health/live": Endpoint("live", _alive, needs_key=False),
    "/health/ready": Endpoint("ready", _ready, needs_key=False),
    "/metrics": Endpoint("metrics", _metrics),
    "/api/v1/openapi.json": Endpoint("openapi", _openapi),
    "/docs": Endpoint("docs", _docs, needs_key=False),
    "/api/v1/drift": Endpoint("drift", _drift),
}
