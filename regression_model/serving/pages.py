"""The page for people at `/`: its files, read once from the package, with the headers they need."""

from __future__ import annotations

import gzip
from hashlib import sha256
from importlib.resources import files

from .http.calls import HTML, Call, Endpoint, Reply, takes_gzip
from .http.limits import Refusal

__all__ = ["page_endpoints"]

# Systems disagree on these, and a browser runs no module of another type.
_MEDIA_TYPES = {
    ".css": b"text/css; charset=utf-8",
    ".html": HTML,
    ".js": b"text/javascript; charset=utf-8",
    ".svg": b"image/svg+xml",
}
# Beside the headers of every HTML page: no text of a model or of a file becomes markup.
_OF_INDEX = (
    b"content-security-policy",
    b"require-trusted-types-for 'script'; trusted-types 'none'",
)
_OF_ALL = (
    # Kept, and asked for again by its tag, so that no page mixes the files of two versions.
    (b"cache-control", b"no-cache"),
    (b"vary", b"accept-encoding"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"referrer-policy", b"no-referrer"),
)


class _StaticFile:
    """One file, as it is and compressed, under tags that change with its bytes."""

    def __init__(self, name: str, content: bytes) -> None:
        self._media_type = _MEDIA_TYPES[name[name.rindex(".") :]]
        digest = sha256(content).hexdigest()[:32].encode()
        self._plain = content, b'"%s"' % digest
        self._compressed = gzip.compress(content, mtime=0), b'"%s-gz"' % digest
        # The service gives an HTML page its headers itself.
        self._headers = (_OF_INDEX, *_OF_ALL[:3]) if self._media_type is HTML else _OF_ALL

    def reply(self, call: Call) -> Reply:
        compressed = takes_gzip(call)
        body, tag = self._compressed if compressed else self._plain
        headers: tuple[tuple[bytes, bytes], ...] = (*self._headers, (b"etag", tag))
        known = dict(call.scope["headers"]).get(b"if-none-match", b"").split(b",")
        if tag in (one.strip().removeprefix(b"W/") for one in known):
            return Reply(b"", 304, self._media_type, headers)
        if compressed:
            headers = (*headers, (b"content-encoding", b"gzip"))
        return Reply(body, 200, self._media_type, headers)


def page_endpoints() -> tuple[Endpoint, Endpoint]:
    """Return what answers at `/`, and what answers below `/page/`; both without a key."""
    static = {
        file.name: _StaticFile(file.name, file.read_bytes())
        for file in (files(__package__) / "page").iterdir()
        if file.name.endswith(tuple(_MEDIA_TYPES))
    }
    index = static.pop("index.html")

    async def page(call: Call) -> Reply:
        return index.reply(call)

    async def part(call: Call) -> Reply:
        if found := static.get(call.path.removeprefix("/page/")):
            return found.reply(call)
        raise Refusal("not_found", f"The page has no file {call.path[:100]!r}.")

    return Endpoint("page", page, needs_key=False), Endpoint("page", part, needs_key=False)
