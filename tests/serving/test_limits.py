"""What the service refuses, and in which words; nothing of it stops the service."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable
from contextlib import closing
from typing import Any

import httpx
import orjson
import pytest

from .conftest import Row, Served


def _error(answer: httpx.Response, status: int, code: str) -> str:
    error = answer.json()["error"]
    assert (answer.status_code, error["code"]) == (status, code)
    assert error["request_id"] == answer.headers["x-request-id"]
    assert error["message"].endswith(".")
    return str(error["message"])


@pytest.mark.parametrize(
    ("body", "code", "words"),
    [
        (b"", "not_json", "empty"),
        (b'{"inputs": [{"a": NaN}]}', "not_json", "line 1, column"),
        (b"[" * 100_000, "not_json", "not JSON"),
        (b'{"inputs": [{"a": "\xff"}]}', "not_json", "not JSON"),
        (b'{"inputs": [{"a": "\\ud800"}]}', "not_json", "not JSON"),
        ('{"inputs": []}'.encode("utf-16"), "not_json", "not JSON"),
        (b"[]", "not_that_form", "a list"),
        (b'{"rows": []}', "not_that_form", "without"),
        (b'{"inputs": 7}', "not_that_form", "a number"),
        (b'{"inputs": [], "more": 1}', "not_that_form", "other names"),
    ],
)
def test_a_body_of_another_form_is_refused(
    service: Served, body: bytes, code: str, words: str
) -> None:
    """Each is a 422 with a sentence that says what is wrong."""
    message = _error(service.client.post("/api/v1/predict", content=body), 422, code)
    assert words in message


@pytest.mark.parametrize("value", [10**400, 2**64, -(10**30), 1e308, [[]], {"a": 1}, True, "\x00"])
def test_a_hostile_value_is_a_problem_of_its_row(
    service: Served, rows: list[Row], value: Any
) -> None:
    """Whatever a cell holds, its row is refused and the next one predicted."""
    import json

    body = json.dumps({"inputs": [{**rows[0], "LotArea": value}, rows[1]]})
    answer = service.client.post("/api/v1/predict", content=body.encode())
    assert answer.status_code == 200
    wrong, good = answer.json()["results"]
    assert wrong["prediction"] is None or wrong["problems"]
    assert good["prediction"] is not None


def test_of_a_name_sent_twice_the_last_value_counts(service: Served, rows: list[Row]) -> None:
    """As most readers of JSON have it."""
    row = orjson.dumps(rows[0])
    twice = b'{"inputs": [' + row[:-1] + b', "OverallQual": 10, "OverallQual": 1}]}'
    (result,) = service.client.post("/api/v1/predict", content=twice).json()["results"]
    (expected,) = service.predict({**rows[0], "OverallQual": 1}).json()["results"]
    assert result == expected


def test_limits_have_their_own_sentences(serve: Callable[..., Served], rows: list[Row]) -> None:
    """Too many rows, too large a body as a whole or in chunks, and a compressed one."""
    served = serve("--max-rows", "2", "--max-body", "9000")
    post = served.client.post
    assert "3 rows" in _error(served.predict(1, 2, 3), 413, "too_many_rows")
    large = b" " * 20_000_000  # more than the system holds for a client that is not read
    _error(post("/api/v1/predict", content=large), 413, "body_too_large")
    _error(post("/api/v1/predict", content=iter([large])), 413, "body_too_large")
    packed = {"content-encoding": "gzip"}
    _error(post("/api/v1/predict", content=b"1", headers=packed), 415, "unsupported_media_type")
    assert served.predict(rows[0]).status_code == 200


def test_unknown_paths_and_methods_are_refused(service: Served) -> None:
    """A wrong address is told from a wrong method, which names the right one."""
    _error(service.client.get("/nowhere"), 404, "not_found")
    answer = service.client.get("/api/v1/predict")
    assert "POST" in _error(answer, 405, "method_not_allowed")
    assert answer.headers["allow"] == "POST"


def _conversation(service: Served, *parts: bytes, pause: float = 0.0) -> bytes:
    host, port = service.url.removeprefix("http://").split(":")
    received = b""
    with closing(socket.create_connection((host, int(port)), timeout=15)) as connection:
        for part in parts:
            connection.sendall(part)
            time.sleep(pause)
        try:
            while more := connection.recv(65536):
                received += more
        except ConnectionResetError:
            pass
    return received


def test_a_client_that_stalls_is_let_go(service: Served) -> None:
    """Headers or a body that do not come in time are answered 408, and the connection closed."""
    head = b"POST /api/v1/predict HTTP/1.1\r\nhost: x\r\n"
    assert b" 408 " in _conversation(service, head)
    assert b"too_slow" in _conversation(service, head + b"content-length: 9\r\n\r\n{")
    assert service.client.get("/health/live").status_code == 200


def test_headers_without_end_are_refused(service: Served) -> None:
    """In one piece or in many, they are cut off at a limit."""
    head = b"GET /health/live HTTP/1.1\r\nx: "
    assert b" 431 " in _conversation(service, head, *[b"x" * 10_000] * 4, pause=0.02)
    many = b"".join(b"x-%d: %s\r\n" % (n, b"y" * 100) for n in range(500))
    assert b" 431 " in _conversation(service, b"GET / HTTP/1.1\r\n" + many + b"\r\n")


def test_what_is_not_http_is_refused(service: Served) -> None:
    """Noise is answered 400 with the same form of error."""
    assert b'"code":"not_http"' in _conversation(service, b"\x16\x03\x01 noise\r\n\r\n")


def test_a_client_that_leaves_stops_nothing(service: Served) -> None:
    """A connection that is cut within a body is forgotten."""
    host, port = service.url.removeprefix("http://").split(":")
    for _ in range(20):
        with closing(socket.create_connection((host, int(port)))) as connection:
            connection.sendall(b"POST /api/v1/predict HTTP/1.1\r\ncontent-length: 99\r\n\r\n{")
    assert service.client.get("/health/live").status_code == 200


def test_a_key_is_wanted_where_there_is_one(serve: Callable[..., Served], rows: list[Row]) -> None:
    """Without the key, or with another, there is no answer; health needs none; no log has it."""
    served = serve(REGRESSION_MODEL_API_KEY="open-sesame")
    body = {"inputs": rows[:1]}
    post = served.client.post
    _error(post("/api/v1/predict", json=body), 401, "no_key")
    wrong = {"x-api-key": "close-sesame"}
    _error(post("/api/v1/predict", json=body, headers=wrong), 401, "wrong_key")
    _error(served.client.get("/metrics"), 401, "no_key")
    for right in ({"x-api-key": "open-sesame"}, {"authorization": "Bearer open-sesame"}):
        assert post("/api/v1/predict", json=body, headers=right).status_code == 200
    assert served.client.get("/health/ready").status_code == 200
    assert served.stop() == 0
    assert "sesame" not in served.log()
