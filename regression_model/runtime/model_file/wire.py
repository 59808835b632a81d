"""Protobuf's wire format, read strictly.

A message is read by a description of the fields that it may have. Anything else is an error: an
unknown field, a field of another wire type, a second value where one is expected, a number that is
not written in the shortest way, a length that points outside the message. Other readers forgive
some of this, and then two programs may see two things in the same bytes.

The work is linear in the number of bytes, and descriptions nest only as deep as they are written:
no message makes the reader recurse further.
Source: https://protobuf.dev/programming-guides/encoding/
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Literal, NamedTuple

__all__ = ["Rule", "WireError", "delimited", "fields", "read_message", "varint"]

_VARINT, _LENGTH_DELIMITED = 0, 2  # wire types; numbers of fixed length are not used

_LONGEST_VARINT = 10  # bytes
_FIELD_NUMBERS = 1 << 29
_SIGN, _WRAP = 1 << 63, 1 << 64

Message = dict[str, Any]


class WireError(ValueError):
    """Bytes are not the message that they should be."""


class Rule(NamedTuple):
    """What one field of a message may hold.

    `kind` is `int` (a signed 64-bit number), `bytes`, `text` (UTF-8), or the fields of a message.
    """

    name: str
    kind: Literal["int", "bytes", "text"] | Mapping[int, Rule]
    repeated: bool = False


def varint(number: int) -> bytes:
    """Write a number from 0 to 2**64 - 1."""
    out = bytearray()
    while number > 0x7F:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    out.append(number)
    return bytes(out)


def delimited(field: int, payload: bytes) -> bytes:
    """Write a field whose value is bytes, text or a message."""
    return varint(field << 3 | _LENGTH_DELIMITED) + varint(len(payload)) + payload


def fields(content: bytes) -> Iterator[tuple[int, int | bytes]]:
    """Yield number and value of every field: an unsigned number, or bytes.

    Raises WireError when the bytes are not a message.
    """
    at, end = 0, len(content)
    while at < end:
        if (tag := content[at]) < 0x80:  # nearly always: a number of one byte
            at += 1
        else:
            tag, at = _read_varint(content, at)
        number, wire_type = tag >> 3, tag & 7
        if not 0 < number < _FIELD_NUMBERS:
            raise WireError(f"a field has the number {number}")
        if at < end and (value := content[at]) < 0x80:
            at += 1
        else:
            value, at = _read_varint(content, at)
        if wire_type == _VARINT:
            yield number, value
        elif wire_type != _LENGTH_DELIMITED:
            raise WireError(f"a field has the wire type {wire_type}")
        elif value > end - at:
            raise WireError("a field ends after its message")
        else:
            yield number, content[at : at + value]
            at += value


def _read_varint(content: bytes, at: int) -> tuple[int, int]:
    number = shift = 0
    for byte in content[at : at + _LONGEST_VARINT]:
        number |= (byte & 0x7F) << shift
        at += 1
        if byte < 0x80:
            if number >= _WRAP or (not byte and shift):
                break
            return number, at
        shift += 7
    raise WireError("a number is cut short, too long, or not written in the shortest way")


def read_message(content: bytes, rules: Mapping[int, Rule]) -> Message:
    """Return the values of a message by name: a list for a repeated field, None for an absent one.

    Raises WireError when the bytes are not such a message.
    """
    message: Message = {rule.name: [] if rule.repeated else None for rule in rules.values()}
    for number, value in fields(content):
        rule = rules.get(number)
        if rule is None:
            raise WireError(f"a message has the field {number}, which is not one of its own")
        if rule.repeated:
            message[rule.name].append(_value(rule, value))
        elif message[rule.name] is not None:
            raise WireError(f"{rule.name} is there twice")
        else:
            message[rule.name] = _value(rule, value)
    return message


def _value(rule: Rule, value: int | bytes) -> Any:
    if isinstance(value, int) is not (rule.kind == "int"):
        raise WireError(f"{rule.name} has a value of another type")
    if isinstance(value, int):
        return value - _WRAP if value & _SIGN else value
    if rule.kind == "bytes":
        return value
    if isinstance(rule.kind, Mapping):
        return read_message(value, rule.kind)
    try:
        return value.decode()
    except UnicodeDecodeError:
        raise WireError(f"{rule.name} is not UTF-8") from None
