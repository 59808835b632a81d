"""One request on its way through the service, and the reply to it."""

from __future__ import annotations

import gzip
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

import orjson

from .bodies import Receive, Scope, read_body
from .limits import Refusal

if TYPE_CHECKING:
    from ..app import Service

__all__ = [
    "HTML",
    "TEXT",
    "Call",
    "Endpoint",
    "Reply",
    "compressed",
    "error_reply",
    "json_reply",
    "takes_gzip",
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
            (b"x-request-id", request_id),
            _NOSNIFF,
            *self.headers,
        ]
        if self.status != 304:  # there it would be the length of what is not sent
            headers.append((b"content-length", b"%d" % len(self.body)))
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


class Endpoint(NamedTuple):
    """What answers at a path.

    Attributes
    ----------
    route : what logs and metrics call it
    methods : those that it takes; none for all
    on_error : makes the reply to a request that is refused
    """

    route: str
    handler: Callable[[Call], Awaitable[Reply]]
    methods: tuple[str, ...] = ("GET", "HEAD")
    needs_key: bool = True
    on_error: Callable[[Refusal, str], Reply] | None = None


def json_reply(content: Any) -> Reply:
    """Return plain JSON types as a reply; NaN becomes null."""
    return Reply(orjson.dumps(content))


def error_reply(refusal: Refusal, request_id: str) -> Reply:
    """Return the reply to a request that is refused."""
    error = {"code": refusal.code, "message": refusal.message, "request_id": request_id}
    return Reply(orjson.dumps({"error": error}), refusal.status, headers=refusal.headers)


def takes_gzip(call: Call) -> bool:
    """Whether the client can read a reply that is compressed with gzip."""
    asked = (value for name, value in call.scope["headers"] if name == b"accept-encoding")
    return any(b"gzip" in value for value in asked)


def compressed(call: Call, reply: Reply) -> Reply:
    """Return the reply compressed with gzip, if the client can read that."""
    if not takes_gzip(call):
        return reply
    headers = (*reply.headers, (b"content-encoding", b"gzip"), (b"vary", b"accept-encoding"))
    return reply._replace(body=gzip.compress(reply.body, 6, mtime=0), headers=headers)
