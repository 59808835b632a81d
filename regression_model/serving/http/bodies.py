"""The body of a request: received within its limits, then read as rows."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any, NoReturn

import orjson

from .limits import Limits, Refusal

__all__ = ["ClientGone", "Receive", "Scope", "kind_of", "read_body", "rows_of", "too_slow"]

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]

_CLOSE = ((b"connection", b"close"),)  # what is still to come of the body is not waited for
_PLACE = re.compile(r"line (\d+) column (\d+)")
_FORM = 'expected {"inputs": [{field: value, ...}, ...]}'


class ClientGone(Exception):
    """Raised when the client closes the connection before its request is complete."""


async def read_body(scope: Scope, receive: Receive, limits: Limits) -> bytes:
    """Receive the whole body.

    Raises
    ------
    Refusal
        When it is too large, compressed, or takes too long.
    ClientGone
        When it never comes.
    """
    for name, value in scope["headers"]:
        if name == b"content-length" and value.isdigit() and int(value) > limits.body_bytes:
            raise _too_large(limits)
        if name == b"content-encoding" and value.lower() != b"identity":
            raise Refusal(
                "unsupported_media_type",
                "The body has a Content-Encoding: send it as it is, without compression.",
                _CLOSE,
            )
    try:
        async with asyncio.timeout(limits.seconds):
            message = await receive()
            if message["type"] == "http.disconnect":
                raise ClientGone
            body: bytes = message.get("body", b"")
            if message.get("more_body", False):
                body = await _rest(body, receive, limits)
    except TimeoutError:
        raise too_slow(limits) from None
    if len(body) > limits.body_bytes:
        raise _too_large(limits)
    return body


async def _rest(first: bytes, receive: Receive, limits: Limits) -> bytes:
    parts, size, more = [first], len(first), True
    while more:
        if size > limits.body_bytes:
            raise _too_large(limits)
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ClientGone
        parts.append(message.get("body", b""))
        size += len(parts[-1])
        more = message.get("more_body", False)
    return b"".join(parts)


def too_slow(limits: Limits) -> Refusal:
    """Return the refusal of a body that takes too long."""
    return Refusal(
        "too_slow",
        f"The body was not received within {limits.seconds:g} seconds: send it faster, or fewer "
        "rows at a time.",
        _CLOSE,
    )


def _too_large(limits: Limits) -> Refusal:
    return Refusal(
        "body_too_large",  # the rest is read and dropped: a client that is cut off sees no answer
        f"The body is larger than {limits.body_bytes:,} bytes: send fewer rows at a time.",
    )


def rows_of(body: bytes | bytearray, most: int) -> list[Any]:
    """Read a body of the form ``{"inputs": [{...}, ...]}``.

    Of a name that an object has twice, the last value counts, as in most readers of JSON.

    Raises
    ------
    Refusal
        When it is not JSON, not of that form, or has more than `most` rows.
    """
    try:
        content = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        content = _with_infinities(body) if "number is infinity" in str(error) else None
        if content is None:
            raise Refusal("not_json", _not_json(body, error)) from None
    if type(content) is not dict or len(content) != 1 or "inputs" not in content:
        raise Refusal("not_that_form", f"The body is {_shape(content)}: {_FORM}.")
    rows = content["inputs"]
    if type(rows) is not list:
        raise Refusal("not_that_form", f'"inputs" is {_shape(rows)}: {_FORM}.')
    if len(rows) > most:
        raise Refusal(
            "too_many_rows",
            f"The body has {len(rows):,} rows, and {most:,} are the most for one request: send "
            "them in several.",
        )
    return rows


def _with_infinities(body: bytes | bytearray) -> Any:
    """Read a body with a number that is too large for a double: a problem of its row alone."""
    import json

    try:
        return json.loads(body, parse_int=float, parse_constant=_refuse_constant)
    except (ValueError, RecursionError):
        return None


def _refuse_constant(word: str) -> NoReturn:
    raise ValueError(f"{word} is not JSON")


def _not_json(body: bytes | bytearray, error: orjson.JSONDecodeError) -> str:
    if not body:
        return f"The body is empty: {_FORM}."
    reason, place = str(error).partition(":")[0].rstrip("."), _PLACE.search(str(error))
    where = f" at line {place[1]}, column {place[2]}" if place else ""
    return f"The body is not JSON{where}: {reason}."


def _shape(value: Any) -> str:
    if type(value) is not dict:
        return kind_of(value)
    if not value:
        return "an object without names"
    if "inputs" in value:
        return 'an object with other names beside "inputs"'
    return 'an object without the name "inputs"'


def kind_of(value: Any) -> str:
    """Return what a value of JSON is, in words."""
    if value is None:
        return "null"
    kinds = {dict: "an object", list: "a list", str: "a text", bool: "true or false"}
    return kinds.get(type(value), "a number")
