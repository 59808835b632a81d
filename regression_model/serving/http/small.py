"""A request for a few predictions that is answered without a task of its own.

An ASGI call costs a task, an event, and two messages each way: for a row, more than its
prediction. So the server hands over these requests, of which all is known once their headers are
read, when their body is complete, and writes the reply at once.
"""

from __future__ import annotations

from collections.abc import Callable
from time import perf_counter
from typing import Any

from uvicorn.protocols.http.flow_control import HIGH_WATER_LIMIT
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, RequestResponseCycle

from .calls import Reply

__all__ = ["PREDICT_PATH", "SmallRequest", "small_length"]

PREDICT_PATH = b"/api/v1/predict"

_CLOSE = (b"connection", b"close")
# What changes how a body is read, or is for the server.
_UNUSUAL = frozenset({b"content-encoding", b"transfer-encoding", b"expect", b"upgrade"})


def small_length(headers: list[tuple[bytes, bytes]]) -> int | None:
    """Return the length of a small body that is sent as it is, or None."""
    length = None
    for name, value in headers:
        if name == b"content-length":
            if length is not None or not value.isdigit():
                return None
            length = int(value)
        elif name in _UNUSUAL:
            return None
    return length if length is not None and length <= HIGH_WATER_LIMIT else None


class _NoEvent:
    """Stands where uvicorn tells a waiting task that something came: no task waits here."""

    def set(self) -> None:
        """Tell nobody."""


class SmallRequest(RequestResponseCycle):
    """What uvicorn's protocol keeps of a request, until it is answered.

    Parameters
    ----------
    on_response : is called when the reply was written

    Attributes
    ----------
    began : when its headers were complete, by `perf_counter`
    """

    def __init__(
        self,
        scope: Any,
        transport: Any,
        default_headers: list[tuple[bytes, bytes]],
        on_response: Callable[[], None],
    ) -> None:
        self.began = perf_counter()
        self.scope, self.transport = scope, transport
        self.default_headers, self.on_response = default_headers, on_response
        self.message_event = _NoEvent()  # type: ignore[assignment]
        self.disconnected, self.keep_alive = False, True
        self.body, self.more_body = bytearray(), True
        self.response_started = self.response_complete = False

    def respond(self, reply: Reply, request_id: str) -> None:
        """Write the reply; once, and not for a client that is gone."""
        if self.response_complete or self.disconnected:
            return
        headers = [*self.default_headers, *reply.all_headers(request_id.encode())]
        if _CLOSE in reply.headers:
            self.keep_alive = False
        elif not self.keep_alive:
            headers.append(_CLOSE)
        head = b"\r\n".join([*map(b": ".join, headers), b"", reply.body])
        self.response_started = self.response_complete = True
        self.transport.write(STATUS_LINE[reply.status] + head)
        if not self.keep_alive:
            self.transport.close()
        self.on_response()
