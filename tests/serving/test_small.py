"""Requests for a few rows are answered outside of ASGI: clients see no difference."""

from __future__ import annotations

import asyncio
import gc
import re
import socket
import time
import weakref
from contextlib import closing
from typing import Any

import httpx
import orjson
import pytest

from regression_model import Model
from regression_model.serving import create_app
from regression_model.serving.answers import predict_rows
from regression_model.serving.http.bodies import too_slow
from regression_model.serving.http.calls import Reply
from regression_model.serving.http.small import PREDICT_PATH, SmallRequest
from regression_model.serving.state import Opened

from .conftest import Row, Served

PATH = str(PREDICT_PATH, "ascii")
_ID = re.compile(rb'"request_id":"[^"]*"')


def _talk(served: Served, sent: bytes, answers: int) -> bytes:
    """Send bytes as they are, and return what comes until so many answers are there."""
    host, port = served.url.removeprefix("http://").split(":")
    received = b""
    with closing(socket.create_connection((host, int(port)), timeout=15)) as connection:
        connection.sendall(sent)
        while received.count(b"HTTP/1.1 ") < answers or not received.endswith(b"}"):
            part = connection.recv(65536)
            if not part:
                break
            received += part
    return received


def _request(rows: list[Any], *headers: bytes) -> bytes:
    body = orjson.dumps({"inputs": rows})
    head = [b"POST " + PREDICT_PATH + b" HTTP/1.1", b"host: x", *headers]
    return b"\r\n".join([*head, b"content-length: %d" % len(body), b"", body])


@pytest.mark.parametrize(
    "body",
    [
        b"ROWS",
        b'{"inputs": [{}, "no row", {"LotArea": -1}]}',
        b'{"inputs": []}',
        b'{"rows": []}',
        b'{"inputs": [1e999, NaN]}',
        b'{"inputs": [{"LotArea": 1e999}]}',
        b"[",
        b"\xff\xfe",
        b"",
    ],
)
def test_an_answer_is_that_of_the_same_body_in_chunks(
    body: bytes, service: Served, rows: list[Row]
) -> None:
    """A body in chunks goes through ASGI: its status, headers and content are the same."""
    if body == b"ROWS":
        body = orjson.dumps({"inputs": rows[:3]})
    whole = service.client.post(PATH, content=body)
    chunked = service.client.post(PATH, content=iter([body[:3], body[3:]]))
    assert "content-length" in whole.request.headers
    assert "transfer-encoding" in chunked.request.headers
    assert whole.status_code == chunked.status_code
    assert [*whole.headers] == [*chunked.headers]
    assert _ID.sub(b"", whole.content) == _ID.sub(b"", chunked.content)


def test_pipelined_requests_are_answered_in_order(service: Served, rows: list[Row]) -> None:
    """Requests sent without waiting for answers get theirs in the order they were sent."""
    expected = [service.predict(row).json()["results"][0]["prediction"] for row in rows[:4]]
    sent = b"".join(_request([row]) for row in rows[:4])
    received = _talk(service, sent, 4)
    found = [float(one) for one in re.findall(rb'"prediction":([0-9.]+)', received)]
    assert found == expected
    alive = b"GET /health/live HTTP/1.1\r\nhost: x\r\n\r\n"
    received = _talk(service, alive + _request(rows[:1]) + alive, 3)
    assert re.findall(rb'"status"|"results"', received) == [b'"status"', b'"results"', b'"status"']


def test_a_connection_is_closed_when_the_client_asks_for_it(
    service: Served, rows: list[Row]
) -> None:
    """With Connection: close, or HTTP/1.0, the answer is the last on its connection."""
    closing_one = _request(rows[:1], b"connection: close")
    for sent in (closing_one, _request(rows[:1]).replace(b"HTTP/1.1", b"HTTP/1.0")):
        received = _talk(service, sent, 99)  # it returns when the connection is closed
        assert received.count(b'"results"') == 1
        assert b"connection: close" in received


def test_a_request_id_is_given_back(service: Served, rows: list[Row]) -> None:
    """The id of the client, if it is a sane one, is that of the answer."""
    received = _talk(service, _request(rows[:1], b"x-request-id: order-66"), 1)
    assert b"x-request-id: order-66" in received


def test_a_client_that_leaves_in_its_body_is_counted(service: Served) -> None:
    """It is a request without an answer, of status 499, as it is under ASGI."""
    host, port = service.url.removeprefix("http://").split(":")
    with closing(socket.create_connection((host, int(port)))) as connection:
        connection.sendall(b"POST " + PREDICT_PATH + b" HTTP/1.1\r\ncontent-length: 99\r\n\r\n{")
        time.sleep(0.1)
    counted = 'route="predict",status="499"'
    until = time.monotonic() + 10
    while counted not in service.client.get("/metrics").text:
        assert time.monotonic() < until
        time.sleep(0.05)


class _Transport:
    """Keeps what is written."""

    def __init__(self) -> None:
        self.written, self.is_closed = b"", False

    def write(self, data: bytes) -> None:
        self.written += data

    def close(self) -> None:
        self.is_closed = True


@pytest.mark.parametrize("rows", [0, 1, 9])
def test_a_failure_is_answered_500_without_its_text(
    rows: int, model: Model, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever fails, the client gets a sentence and an id, and the next request its answer."""

    def fail(*_: Any) -> None:
        raise RuntimeError("secret")

    async def ask() -> list[bytes]:
        app, written = create_app(model), []
        for is_broken in (True, False):
            if is_broken:
                monkeypatch.setattr(type(model), "predict", fail)
            transport, done = _Transport(), asyncio.Event()
            scope = {"method": "POST", "path": PATH, "headers": []}
            request = SmallRequest(scope, transport, [(b"date", b"today")], done.set)
            request.body += orjson.dumps({"inputs": [{}] * rows})
            app.answer_small(request)
            await asyncio.wait_for(done.wait(), 5)
            monkeypatch.undo()
            written.append(transport.written)
        return written

    failed, answered = asyncio.run(ask())
    assert failed.startswith(b"HTTP/1.1 500 ")
    assert b'"code":"internal"' in failed
    assert b"secret" not in failed
    assert answered.startswith(b"HTTP/1.1 200 ")


def test_a_client_that_is_gone_gets_nothing(model: Model) -> None:
    """An answer to a connection that was closed meanwhile is dropped."""
    transport = _Transport()
    request = SmallRequest({}, transport, [], lambda: None)
    request.disconnected = True
    request.respond(Reply(b"{}"), "1")
    assert transport.written == b""


def test_an_app_of_somebody_else_takes_them_by_asgi(model: Model, rows: list[Row]) -> None:
    """Mounted elsewhere, the same request gets the same answer."""
    app = create_app(model)
    transport = httpx.ASGITransport(app=app)

    async def ask() -> httpx.Response:
        async with httpx.AsyncClient(transport=transport, base_url="http://x") as client:
            return await client.post(PATH, json={"inputs": rows[:1]})

    answer = asyncio.run(ask())
    assert answer.json()["results"][0]["prediction"] > 0


def test_a_model_that_was_replaced_is_let_go(model: Model) -> None:
    """Nothing that the service made of it keeps it, without the garbage collector's help."""
    gc.disable()
    try:
        opened = Opened(Model(model.content))
        predict_rows(opened, [{}])
        gone = weakref.ref(opened.model)
        del opened
        assert gone() is None
    finally:
        gc.enable()


def test_a_body_that_is_late_counts_with_its_time(model: Model) -> None:
    """The histogram has how long the client kept the service waiting."""
    app, transport = create_app(model), _Transport()
    scope = {"method": "POST", "path": PATH, "headers": []}
    request = SmallRequest(scope, transport, [], lambda: None)
    request.began -= 5
    app.refuse_small(request, too_slow(app.limits))
    assert transport.written.startswith(b"HTTP/1.1 408 ") and transport.is_closed
    counted = 'regression_model_request_seconds_sum{route="predict"} 5.0'
    assert counted in app.metrics.text().decode()
