"""One request on its way through the service, and the reply to it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

import orjson

from .bodies import Receive, Scope, read_body
from .limits import Refusal

if TYPE_CHECKING:
    from .app import Service

__all__ = [
    "HTML",
    "JSON",
    "TEXT",
    "Call",
    "Endpoint",
    "Handler",
    "Reply",
    "error_reply",
    "json_reply",
]

JSON, HTML, TEXT = b"application/json", b"text/html; charset=utf-8", b"text/plain; charset=utf-8"

Headers = tuple[tuple[bytes, bytes], ...]

_NOSNIFF = (b"x-content-type-options", b"nosniff")
# What the service shows comes from itself alone, and stands in no other site's frame.
_OF_PAGES: Headers = (
    (
        b"content-security-policy",
        b"default-src 'self'; img-src 'self' data:; base-uri 'none'; form-action 'self'; "
        b"frame-ancestors 'none'; object-src 'none'",
    ),
    (b"referrer-policy", b"no-referrer"),
    (b"x-frame-options", b"DENY"),
    (b"cross-origin-opener-policy", b"same-origin"),
)


class Reply(NamedTuple):
    """What is sent back."""

    body: bytes
    status: int = 200
    media_type: bytes = JSON
    headers: Headers = ()

    def all_headers(self, request_id: bytes) -> list[tuple[bytes, bytes]]:
        """Return the headers as they are sent."""
        headers = [
            (b"content-type", self.media_type),
            (b"content-length", b"%d" % len(self.body)),
            (b"x-request-id", request_id),
            _NOSNIFF,
            *self.headers,
        ]
        if self.media_type is not JSON and self.media_type.startswith(b"text/html"):
            headers += _OF_PAGES
        return headers


@dataclass(slots=True)
class Call:
    """A request that is being answered.

    Attributes
    ----------
    service : with the `state`, which holds the opened model, the `limits` and the `metrics`
    path : without what the app is mounted under
    rows, failed : rows that came, and those that got no prediction; for the log and the metrics
    problems : how many there are of each code
    """

    service: Service
    scope: Scope
    receive: Receive
    id: str
    path: str
    rows: int = 0
    failed: int = 0
    problems: Mapping[str, int] = field(default_factory=dict)

    async def body(self) -> bytes:
        """Receive the body, within the limits; raises Refusal."""
        return await read_body(self.scope, self.receive, self.service.limits)


Handler = Callable[[Call], Awaitable[Reply]]


class Endpoint(NamedTuple):
    """What answers at a path.

    Attributes
    ----------
    route : what logs and metrics call it
    on_error : makes the reply to a request that is refused
    """

    route: str
    handler: Handler
    methods: Collection[str] = ("GET", "HEAD")
    needs_key: bool = True
    on_error: Callable[[Refusal, str], Reply] | None = None


def json_reply(content: Any, *, status: int = 200, headers: Headers = ()) -> Reply:
    """Return plain JSON types as a reply; NaN becomes null."""
    return Reply(orjson.dumps(content), status, JSON, headers)


def error_reply(refusal: Refusal, request_id: str) -> Reply:
    """Return the reply to a request that is refused."""
    error = {"code": refusal.code, "message": refusal.message, "request_id": request_id}
    return json_reply({"error": error}, status=refusal.status, headers=refusal.headers)
