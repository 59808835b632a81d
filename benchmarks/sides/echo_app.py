"""The service with one path more, which gives the body of a request back: the ceiling of it.

An echo passes through the same server, the same application and the same reading of the body, and
its JSON is parsed; only the rows are not predicted. `bare` does the same as a function that
uvicorn calls, without limits, request ids and metrics, and `starlette` with Starlette.
"""

from __future__ import annotations

import sys
from typing import Any

import orjson

from regression_model.serving import Limits, Service
from regression_model.serving.http.calls import Call, Endpoint, Reply
from regression_model.serving.server import Settings, serve

__all__ = ["EchoSettings", "bare", "main", "starlette"]


class EchoSettings(Settings):
    """Settings of a service that echoes at /echo."""

    def __call__(self) -> Service:
        """Return the application, in the process that serves it."""
        service = super().__call__()
        service.endpoints["/echo"] = Endpoint("echo", _echo, ("POST",))
        return service


async def _echo(call: Call) -> Reply:
    body = await call.body()
    orjson.loads(body)
    return Reply(body)


async def bare(scope: Any, receive: Any, send: Any) -> None:
    """Parse a body and give it back, as an application of nothing else."""
    if scope["type"] != "http":
        return
    body, more = b"", True
    while more:
        message = await receive()
        body += message.get("body", b"")
        more = message.get("more_body", False)
    if body:
        orjson.loads(body)
    headers = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(body))]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": body})


def starlette() -> Any:
    """Return an application of Starlette's that parses a body and gives it back."""
    from starlette.applications import Starlette
    from starlette.requests import Request
    from starlette.responses import Response
    from starlette.routing import Route

    async def echo(request: Request) -> Response:
        body = await request.body()
        orjson.loads(body)
        return Response(body, media_type="application/json")

    async def alive(request: Request) -> Response:
        return Response()

    return Starlette(routes=[Route("/echo", echo, methods=["POST"]), Route("/alive", alive)])


def main(port: str, workers: str) -> None:
    """Serve the echo on the stack of the service, with the settings of its command line."""
    settings = EchoSettings(None, "127.0.0.1", int(port), int(workers), Limits(), access_log=False)
    serve(settings, lambda said: print(said, file=sys.stderr))
