"""The bytes of an input: a file or standard input, compressed or not."""

from __future__ import annotations

import gzip
import io
import os
import stat
import sys
import zlib
from typing import Any

from ...errors import InputError

__all__ = ["Content", "opened_content"]

_GZIP = b"\x1f\x8b"
_HEAD = 1 << 20  # bytes
_STANDARD = "standard input"


class Content(io.RawIOBase):
    """Bytes to be read once, from the beginning, with a look at the first of them.

    Attributes
    ----------
    name : str
        What error messages call them.
    """

    def __init__(self, stream: Any, *, name: str) -> None:
        super().__init__()
        self.name = name
        self._counted = _Counted(stream, name)
        self._size = _size(stream)
        self._file = io.BufferedReader(self._counted, _HEAD)
        self._stream: Any = self._file
        self._ahead = b""
        if self.head(2) == _GZIP:
            packed = _Rest(self._ahead, self._file)
            self._ahead = b""
            self._stream = gzip.GzipFile(fileobj=io.BufferedReader(packed, _HEAD))

    def head(self, length: int = _HEAD) -> bytes:
        """Return the first bytes of what has not been read."""
        while len(self._ahead) < length and (piece := self._next(length - len(self._ahead))):
            self._ahead += piece
        return self._ahead[:length]

    def skip(self, length: int) -> None:
        """Skip some of the bytes that `head` returned."""
        self._ahead = self._ahead[length:]

    def put_back(self, piece: bytes) -> None:
        """Let some bytes that were read be read again."""
        self._ahead = piece + self._ahead

    @property
    def is_file(self) -> bool:
        """Whether these are the bytes of a file, not compressed."""
        return self._size is not None and self._stream is self._file and self.name != _STANDARD

    def fraction(self) -> float | None:
        """Return how much of the file was read, from 0 to 1, or None if its size is unknown."""
        return min(self._counted.position / self._size, 1.0) if self._size else None

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        view = memoryview(buffer).cast("B")
        piece, self._ahead = self._ahead[: len(view)], self._ahead[len(view) :]
        piece = piece or self._next(len(view))
        view[: len(piece)] = piece
        return len(piece)

    def close(self) -> None:
        self._counted.release()
        super().close()

    def _next(self, length: int) -> bytes:
        try:
            return bytes(self._stream.read1(length))
        except (EOFError, gzip.BadGzipFile, zlib.error) as error:
            reason = str(error).rstrip(".")
            raise InputError(f"{self.name} is not a complete gzip file: {reason}.") from None


class _Counted(io.RawIOBase):
    """Counts what is read from a stream."""

    def __init__(self, stream: Any, name: str) -> None:
        super().__init__()
        self._stream = stream
        self._name = name
        self.position = 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        try:
            count = self._stream.readinto(buffer) or 0
        except OSError as error:
            raise _cannot_be_read(self._name, error) from None
        self.position += count
        return int(count)

    def release(self) -> None:
        if self._name != _STANDARD:
            self._stream.close()


class _Rest(io.RawIOBase):
    """The first bytes, which were read to recognise gzip, and then the others."""

    def __init__(self, ahead: bytes, stream: Any) -> None:
        super().__init__()
        self._ahead = ahead
        self._stream = stream

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        view = memoryview(buffer).cast("B")
        piece, self._ahead = self._ahead[: len(view)], self._ahead[len(view) :]
        piece = piece or self._stream.read1(len(view))
        view[: len(piece)] = piece
        return len(piece)


def opened_content(path: str) -> Content:
    """Open a file, or standard input for `-`.

    Raises
    ------
    InputError
        When the file is absent or cannot be read.
    """
    if path == "-":
        # Without its buffer: at exit Python would wait for a thread that is still reading into it.
        stream = getattr(sys.stdin.buffer, "raw", sys.stdin.buffer)
        return Content(stream, name=_STANDARD)
    try:
        return Content(open(path, "rb", buffering=0), name=path)
    except FileNotFoundError:
        raise InputError(f"{path} does not exist.") from None
    except OSError as error:
        raise _cannot_be_read(path, error) from None


def _cannot_be_read(name: str, error: OSError) -> InputError:
    return InputError(f"{name} cannot be read: {error.strerror or error}.")


def _size(stream: Any) -> int | None:
    try:
        found = os.fstat(stream.fileno())
    except (OSError, AttributeError):
        return None
    return found.st_size if stat.S_ISREG(found.st_mode) else None
