"""Requests that no honest client sends, and what may come of each.

A request of the form, with rows that are wrong, is answered with 200: its rows are in error, one
by one. All others are refused with a 4xx and a sentence. Where bytes are changed at random it can
be either. A client that leaves in the middle gets no answer, and nothing else may come of it.
"""

from __future__ import annotations

import gzip
import json
import random
import socket
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from http.client import HTTPException, HTTPResponse
from typing import Any

__all__ = ["KINDS", "Answer", "Hostile", "fault_of", "hostile_requests", "request", "send"]

PATH = "/api/v1/predict"
REFUSED, ROWS, EITHER, LEFT = "refused", "rows", "either", "left"
JSON = "application/json"


@dataclass(frozen=True)
class Hostile:
    """The bytes of a request, and what may come of it."""

    kind: str
    content: bytes
    expected: str
    rows: int | None = None  # results that a 200 must have


@dataclass(frozen=True)
class Answer:
    """The status and the body of an answer; status 0 when the connection was closed without one."""

    status: int
    content_type: str = ""
    body: bytes = b""


def request(
    body: bytes, *headers: str, path: str = PATH, method: str = "POST", media: str | None = JSON
) -> bytes:
    """Return the bytes of a request, whose length is as it says unless a header says otherwise."""
    lines = [f"{method} {path} HTTP/1.1", "Host: localhost", "Connection: close", *headers]
    if media is not None:
        lines.append(f"Content-Type: {media}")
    if not any(h.lower().startswith(("content-length", "transfer-encoding")) for h in headers):
        lines.append(f"Content-Length: {len(body)}")
    return "\r\n".join([*lines, "", ""]).encode("latin-1") + body


def send(
    address: tuple[str, int], hostile: bytes, *, seconds: float, leave: bool = False
) -> Answer:
    """Send bytes and read the answer; `leave` closes at once instead.

    Raises
    ------
    TimeoutError
        When the server neither answers nor closes the connection.
    """
    with socket.create_connection(address, timeout=seconds) as connection:
        with suppress(BrokenPipeError, ConnectionResetError):  # it has answered already
            connection.sendall(hostile)
        if leave:
            return Answer(0)
        response = HTTPResponse(connection)
        try:
            response.begin()
            return Answer(response.status, response.getheader("Content-Type", ""), response.read())
        except (HTTPException, ConnectionError):
            return Answer(0)
        finally:
            response.close()


def fault_of(hostile: Hostile, answer: Answer) -> str | None:
    """Say what is wrong with an answer, or None."""
    if hostile.expected == LEFT:
        return None
    if answer.status == 200 and hostile.expected in (ROWS, EITHER):
        return _fault_of_results(json.loads(answer.body), hostile.rows)
    if 400 <= answer.status < 500 and hostile.expected in (REFUSED, EITHER):
        return _fault_of_sentence(answer)
    said = answer.body[:200].decode("latin-1")
    return f"expected {hostile.expected}, received {answer.status or 'no answer'}: {said}"


def _fault_of_results(content: Any, rows: int | None) -> str | None:
    results = content["results"]
    if rows is not None and len(results) != rows:
        return f"{len(results)} results for {rows} rows"
    whole = any(problem["severity"] == "error" for problem in content["problems"])
    for result in results:
        wrong = any(problem["severity"] == "error" for problem in result["problems"])
        if (result["prediction"] is None) != (wrong or whole):
            return f"a result with the prediction {result['prediction']} and {result['problems']}"
    return None


def _fault_of_sentence(answer: Answer) -> str | None:
    text = answer.body.decode("utf-8", "replace")
    if answer.content_type.startswith(JSON):
        error = json.loads(text)["error"]
        if not error["code"] or "request_id" not in error:
            return f"no code or no request id: {text[:200]}"
        text = error["message"]
    elif len(text) > 200:  # what is no HTTP is refused by the parser, in its own words
        return f"neither JSON nor a short sentence: {text[:200]}"
    if not text.strip().endswith(".") or "\n" in text.strip() or "Traceback" in text:
        return f"not one sentence: {text[:300]!r}"
    return None


def hostile_requests(
    row: dict[str, Any], *, number: int, seed: int = 0, first: int = 0
) -> Iterator[Hostile]:
    """Yield so many requests of all kinds in turn, made from one complete row."""
    kinds = list(KINDS.items())
    for at in range(first, first + number):
        kind, make = kinds[at % len(kinds)]
        content, expected, *rows = make(random.Random(f"{seed}/{at}"), row)
        yield Hostile(kind, content, expected, rows[0] if rows else None)


Made = tuple[bytes, str] | tuple[bytes, str, int]


def _inputs(text: str) -> bytes:
    return f'{{"inputs": {text}}}'.encode()


def _cell(row: dict[str, Any], name: str, text: str) -> bytes:
    """Return a body of one row, in which one value is this text."""
    others = json.dumps({key: value for key, value in row.items() if key != name})
    return _inputs(f'[{others[:-1]}, "{name}": {text}}}]')


def _deep(r: random.Random, row: dict[str, Any]) -> Made:
    depth = r.choice([200, 1_000, 1_100, 10_000, 100_000])
    opening, closing = r.choice([("[", "]"), ('{"a":', "}")])
    nested = opening * depth + "1" + closing * r.choice([depth, depth, 0])
    if r.random() < 0.5:
        return request(nested.encode()), REFUSED
    return request(_cell(row, "LotArea", nested)), EITHER, 1


def _number(r: random.Random, row: dict[str, Any]) -> Made:
    digits = r.choice(["9", "1", "0.0"]) + "7" * r.choice([18, 20, 400, 5_000, 100_000])
    text = r.choice(["1e999", "-1e999", "1e308", "-0", "5e-324", "18446744073709551616", digits])
    return request(_cell(row, "LotArea", r.choice(["", "-"]) + text.lstrip("-"))), EITHER, 1


def _nan(r: random.Random, row: dict[str, Any]) -> Made:
    text = r.choice(["NaN", "nan", "Infinity", "-Infinity", "inf", "undefined", "True", "None"])
    return request(_cell(row, r.choice(["LotArea", "Neighborhood"]), text)), REFUSED


def _other_json(r: random.Random, row: dict[str, Any]) -> Made:
    text = r.choice(
        ["null", "1", "true", '"inputs"', "[]", "{}", "[{}]", '{"inputs": null}', '{"inputs": {}}']
        + ['{"inputs": 5}', '{"inputs": "x"}', '{"Inputs": []}', '{"rows": []}', '{"inputs": true}']
        + ['{"inputs": [], "x": 1}', json.dumps(row), json.dumps([row])]
    )
    return request(text.encode()), REFUSED


def _other_rows(r: random.Random, row: dict[str, Any]) -> Made:
    odd = r.choice([1, None, "x", [], [row], True, 1.5])
    rows = [odd] * r.choice([1, 3]) if r.random() < 0.5 else [row, odd, row]
    return request(_inputs(json.dumps(rows))), ROWS, len(rows)


def _other_cells(r: random.Random, row: dict[str, Any]) -> Made:
    changed = dict(row)
    values = [[], {}, [[1]], {"a": 1}, True, "x", "", -1e300, 10**18, "9" * 5_000, "\0", "é" * 500]
    for name in r.sample(sorted(row), r.choice([1, 5, len(row)])):
        changed[name] = r.choice(values)
    return request(_inputs(json.dumps([changed, row]))), ROWS, 2


def _unknown_keys(r: random.Random, row: dict[str, Any]) -> Made:
    number = r.choice([1, 100, 5_000])
    unknown = {f"{r.random()}" * r.choice([1, 20]): 1 for _ in range(number)}
    return request(_inputs(json.dumps([row | unknown, {}, row]))), ROWS, 3


def _twice(r: random.Random, row: dict[str, Any]) -> Made:
    text = json.dumps(row)
    if r.random() < 0.5:
        return request(f'{{"inputs": [], "inputs": [{text}]}}'.encode()), EITHER, 1
    again = f'{text[:-1]}, "LotArea": {r.choice(["1", "null", "[]"])}}}'
    return request(_inputs(f"[{again}]")), EITHER, 1


def _encoding(r: random.Random, row: dict[str, Any]) -> Made:
    text = json.dumps({"inputs": [row | {"Neighborhood": "Bäume"}]}, ensure_ascii=False)
    return r.choice(
        [
            (request(text.encode("latin-1")), REFUSED),
            (request(text.encode("utf-16")), REFUSED),
            (request(text.encode("utf-32")), REFUSED),
            (request(text.encode(), media="application/json; charset=utf-16"), EITHER),
            (request(b"\xef\xbb\xbf" + text.encode()), EITHER),
            (request(_cell(row, "Neighborhood", '"\\ud800"')), EITHER),
            (request(_inputs("[{}]").replace(b"{}", b'{"\xc0\xaf": 1}')), REFUSED),
            (request(b"\x00" * r.choice([1, 1_000])), REFUSED),
            (request(gzip.compress(text.encode())), REFUSED),
            (request(gzip.compress(text.encode()), "Content-Encoding: gzip"), REFUSED),
            (request(text.encode(), "Content-Encoding: br"), REFUSED),
        ]
    )


def _media(r: random.Random, row: dict[str, Any]) -> Made:
    media = r.choice(["text/plain", "text/csv", "application/xml", "multipart/form-data", "x", ""])
    return request(_inputs(json.dumps([row])), media=media), EITHER, 1


def _oversized(r: random.Random, row: dict[str, Any]) -> Made:
    length = r.choice([10**8, 10**12, 10**18])
    if r.random() < 0.7:
        return request(b"", f"Content-Length: {length}"), REFUSED
    return request(_inputs("[" + ", ".join(["{}"] * 10_001) + "]")), REFUSED


def _length(r: random.Random, row: dict[str, Any]) -> Made:
    length = r.choice(["-1", "1e3", "0x10", "abc", "", "5, 5", "+5", "99999999999999999999999"])
    return request(_inputs("[]"), f"Content-Length: {length}"), REFUSED


def _cut(r: random.Random, row: dict[str, Any]) -> Made:
    body = _inputs(json.dumps([row]))
    return request(body[: r.randrange(len(body))]), REFUSED


def _left(r: random.Random, row: dict[str, Any]) -> Made:
    whole = request(_inputs(json.dumps([row])))
    return whole[: r.randrange(len(whole))], LEFT


def _chunks(r: random.Random, row: dict[str, Any]) -> Made:
    body = _inputs(json.dumps([row]))
    nonsense = r.choice(
        [
            b"zz\r\n",
            b"-5\r\nabcde\r\n",
            b"fffffffffffffffff\r\n",
            b"5\r\nabc\r\n\r\nxx\r\n",
            b"\r\n",
        ]
    )
    if r.random() < 0.3:  # two lengths: how one server's request becomes another's two
        both = request(body, f"Content-Length: {len(body)}", "Transfer-Encoding: chunked")
        return both, REFUSED
    sent = b"".join(b"%x\r\n%b\r\n" % (len(part), part) for part in (body[:99], body[99:200]))
    return request(sent + nonsense, "Transfer-Encoding: chunked"), REFUSED


def _one_byte_chunks(r: random.Random, row: dict[str, Any]) -> Made:
    body = _inputs(json.dumps([row]))
    sent = b"".join(b"1\r\n%c\r\n" % byte for byte in body) + b"0\r\n\r\n"
    return request(sent, "Transfer-Encoding: chunked"), ROWS, 1


def _headers(r: random.Random, row: dict[str, Any]) -> Made:
    body = _inputs(json.dumps([row]))
    flood = r.choice(
        [
            [f"X-{i}: {i}" for i in range(10_000)],
            ["X-Long: " + "x" * 200_000],
            ["X-" + "y" * 200_000 + ": 1"],
            ["Cookie: a=b"] * 5_000,
        ]
    )
    return request(body, *flood), REFUSED


def _request_line(r: random.Random, row: dict[str, Any]) -> Made:
    line = r.choice(
        [
            b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc",
            b"GET / HTTP/9.9",
            b"NOISE",
            b"POST",
            b"\xff" * 99,
        ]
    )
    return line + b"\r\n\r\n", REFUSED


def _place(r: random.Random, row: dict[str, Any]) -> Made:
    path = r.choice(
        ["/api/v1/predict/../../etc/passwd", "/%2e%2e/%2e%2e/etc/passwd", "/page/..%2f"]
    )
    long = "/" + "a" * 3_000
    method, path = r.choice(
        [("GET", PATH), ("DELETE", PATH), ("POST", path), ("GET", path)] * 2
        + [("GET", long), ("BREW", PATH)]
    )
    return request(b"{}", path=path, method=method), REFUSED


def _changed_bytes(r: random.Random, row: dict[str, Any]) -> Made:
    body = bytearray(_inputs(json.dumps([row])))
    for _ in range(r.choice([1, 3, 30])):
        body[r.randrange(len(body))] = r.randrange(256)
    return request(bytes(body)), EITHER


def _identifier(r: random.Random, row: dict[str, Any]) -> Made:
    sent = r.choice(
        ["x" * 5_000, "a\tb", "\x7f", "<script>", "é", "../..", "%0d%0aSet-Cookie: a=b"]
    )
    return request(_inputs(json.dumps([row])), f"X-Request-ID: {sent}"), EITHER, 1


KINDS: dict[str, Callable[[random.Random, dict[str, Any]], Made]] = {
    "deep nesting": _deep,
    "huge and tiny numbers": _number,
    "NaN and other words that are not JSON": _nan,
    "JSON of another form": _other_json,
    "rows that are not objects": _other_rows,
    "cells of other types": _other_cells,
    "unknown keys": _unknown_keys,
    "keys given twice": _twice,
    "other encodings": _encoding,
    "other media types": _media,
    "too large, or too many rows": _oversized,
    "a Content-Length that is not one": _length,
    "JSON that is cut off": _cut,
    "a client that leaves": _left,
    "chunks that are nonsense, or two lengths": _chunks,
    "chunks of one byte": _one_byte_chunks,
    "floods of headers": _headers,
    "no HTTP at all": _request_line,
    "other paths and methods": _place,
    "bytes changed at random": _changed_bytes,
    "odd request ids": _identifier,
}
