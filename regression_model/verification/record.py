"""RECORD: the list of the files of a wheel, or of an installation, with a hash of each.

Source: https://packaging.python.org/en/latest/specifications/recording-installed-packages/
"""

from __future__ import annotations

import csv
import hashlib
import io
from base64 import urlsafe_b64encode
from typing import IO, NamedTuple

__all__ = ["RecordLine", "read_record", "unlike_record"]

_ALGORITHMS = ("sha256", "sha384", "sha512")  # those that the specification allows
_AT_ONCE = 1 << 20  # bytes


class RecordLine(NamedTuple):
    """A line of RECORD; `hash` and `size` are empty for a file that is not hashed."""

    path: str
    hash: str
    size: str


def read_record(text: str) -> tuple[dict[str, RecordLine], list[str]]:
    """Return the lines of a RECORD by their paths, and what is wrong with the list itself."""
    lines: dict[str, RecordLine] = {}
    problems = []
    try:
        rows = [row for row in csv.reader(io.StringIO(text, newline=""), strict=True) if row]
    except csv.Error as error:
        return {}, [f"RECORD cannot be read: {error}."]
    for row in rows:
        if len(row) != 3:
            problems.append(f"RECORD has a line of {len(row)} cells instead of 3: {row[0]}.")
        elif row[0] in lines:
            problems.append(f"RECORD lists {row[0]} twice.")
        else:
            lines[row[0]] = RecordLine(*row)
    return lines, problems


def unlike_record(line: RecordLine, stream: IO[bytes]) -> str | None:
    """Return in what a file is not the one that its line describes, or None if it is that one."""
    algorithm, _, expected = line.hash.partition("=")
    if algorithm not in _ALGORITHMS:
        return f"RECORD has no SHA-256 of {line.path}."
    digest, size = hashlib.new(algorithm), 0
    while block := stream.read(_AT_ONCE):
        digest.update(block)
        size += len(block)
    if line.size and line.size != str(size):
        return f"{line.path} has {size} bytes and RECORD says {line.size}."
    if urlsafe_b64encode(digest.digest()).rstrip(b"=").decode() != expected:
        return f"{line.path} was changed: its hash is not the one in RECORD."
    return None
