"""The files of the page over HTTP: their types, tags and headers. tests/browser uses them."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable
from importlib.resources import files

import httpx
import pytest

from regression_model import Model
from regression_model.serving import create_app

Ask = Callable[..., httpx.Response]
FOLDER = files("regression_model.serving") / "page"


@pytest.fixture(scope="module")
def ask(model: Model) -> Ask:
    """Ask the service for a path, with headers."""
    app = create_app(model, api_key="secret")

    def asked(path: str, **headers: str) -> httpx.Response:
        async def ask() -> httpx.Response:
            transport = httpx.ASGITransport(app=app)
            async with httpx.AsyncClient(transport=transport, base_url="http://app") as client:
                named = {name.replace("_", "-"): value for name, value in headers.items()}
                return await client.get(path, headers=named)

        return asyncio.run(ask())

    return asked


def test_the_page_is_safe_to_open(ask: Ask) -> None:
    """It comes without a key, from this host alone, with nothing inline and in no frame."""
    reply = ask("/")
    assert reply.status_code == 200
    assert reply.headers["content-type"] == "text/html; charset=utf-8"
    policy = reply.headers["content-security-policy"]
    assert "default-src 'self'" in policy and "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy
    assert reply.headers["x-content-type-options"] == "nosniff"
    assert reply.headers["x-frame-options"] == "DENY"
    assert reply.headers["referrer-policy"] == "no-referrer"
    assert not re.search(r"<style|\sstyle=|\son\w+=|<script(?![^>]*\ssrc=)", reply.text)


def test_every_file_of_the_page_is_served(ask: Ask) -> None:
    """Under /page/, as what it is; a browser asks again and gets it only when it has changed."""
    types = {"css": "text/css", "js": "text/javascript", "svg": "image/svg+xml"}
    names = [file.name for file in FOLDER.iterdir() if file.name != "index.html"]
    assert {"app.js", "page.css", "icon.svg"} <= set(names)
    for name in names:
        reply = ask(f"/page/{name}")
        assert reply.content == (FOLDER / name).read_bytes()
        assert reply.headers["content-type"].startswith(types[name.rpartition(".")[2]])
        assert reply.headers["x-content-type-options"] == "nosniff"
        for encoding in ("gzip", "identity"):
            tag = ask(f"/page/{name}", accept_encoding=encoding).headers["etag"]
            again = ask(f"/page/{name}", accept_encoding=encoding, if_none_match=tag)
            assert (304, b"") == (again.status_code, again.content)


@pytest.mark.parametrize(
    "path", ["/page/", "/page/index.htm", "/page/../pages.py", "/page/%2e%2e/app.py"]
)
def test_nothing_else_is_served(path: str, ask: Ask) -> None:
    """No other file of the package, whatever the path says."""
    reply = ask(path)
    assert (404, "not_found") == (reply.status_code, reply.json()["error"]["code"])


def test_the_pages_modules_are_all_there() -> None:
    """What one file of the page names, another one is."""
    names = {file.name for file in FOLDER.iterdir()}
    for file in FOLDER.iterdir():
        text = file.read_text(encoding="utf-8")
        assert set(re.findall(r"from '\./([^']+)'", text)) <= names
        assert set(re.findall(r"\"page/([^\"]+)\"", text)) <= names
