"""The endpoints that describe the service, and those in the form of MLflow's scoring server."""

from __future__ import annotations

from typing import TYPE_CHECKING

import orjson

from .calls import HTML, JSON, Call, Endpoint, Reply, compressed, json_reply
from .documentation import documentation_page
from .drift import drift_document
from .invocations import InvocationAnswer, answer_invocation, answer_ping, answer_version, refusal
from .limits import Refusal
from .openapi import openapi_document

if TYPE_CHECKING:
    from .app import Service

__all__ = ["add_endpoints"]

_BYTES_AT_ONCE = 128 * 1024  # larger bodies are answered in a thread


def add_endpoints(service: Service) -> None:
    """Add the endpoints to those of the service."""
    service.endpoints |= {
        "/api/v1/openapi.json": Endpoint("openapi", _openapi),
        "/docs": Endpoint("docs", _docs, needs_key=False),
        "/invocations": Endpoint("invocations", _invocations, ("POST",), on_error=_refused),
        "/api/v1/drift": Endpoint("drift", _drift),
        "/ping": Endpoint("ping", _ping, needs_key=False),
        "/version": Endpoint("version", _version, needs_key=False),
    }

    def begin_counting() -> None:  # before the first request, which would wait for it
        service.state.current.recent.report()

    service.on_startup.append(begin_counting)


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


async def _invocations(call: Call) -> Reply:
    body, service = await call.body(), call.service
    opened, most = service.state.current, service.limits.rows
    types = [value for key, value in call.scope["headers"] if key == b"content-type"]
    media_type = types[0].decode("latin-1") if types else None

    def work() -> InvocationAnswer:
        return answer_invocation(
            opened.model, body, media_type, most_rows=most, seen=opened.recent.add
        )

    answer = work() if len(body) <= _BYTES_AT_ONCE else await service.in_thread(work)
    call.rows, call.failed = answer.rows, answer.failed
    return _reply(answer)


async def _drift(call: Call) -> Reply:
    opened = call.service.state.current
    document = await call.service.in_thread(lambda: drift_document(opened.recent))
    return compressed(call, json_reply(document))


async def _ping(call: Call) -> Reply:
    return _reply(answer_ping(call.service.state.current.model))


async def _version(call: Call) -> Reply:
    return _reply(answer_version())


def _refused(refused: Refusal, request_id: str) -> Reply:
    return _reply(refusal(refused.message, refused.status))._replace(headers=refused.headers)


def _reply(answer: InvocationAnswer) -> Reply:
    # the reply knows its media types as objects
    media_type = JSON if answer.media_type == JSON else answer.media_type
    return Reply(answer.body, answer.status, media_type)
