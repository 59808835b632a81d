"""The endpoints that describe the service: its documentation, and drift."""

from __future__ import annotations

import orjson

from .calls import HTML, Call, Endpoint, Reply, compressed, json_reply
from .documentation import documentation_page
from .drift import drift_document
from .openapi import openapi_document

__all__ = ["ENDPOINTS"]


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
    "/api/v1/openapi.json": Endpoint("openapi", _openapi),
    "/docs": Endpoint("docs", _docs, needs_key=False),
    "/api/v1/drift": Endpoint("drift", _drift),
}
