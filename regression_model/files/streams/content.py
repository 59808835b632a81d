"""The bytes of an input: a file or standard input, compressed or not."""

from __future__ import annotations

import gzip
import hashlib
import io
import os
import stat
import sys
import zlib
from collections.abc import Callable
from typing import Any

from ... import remote
from ...errors import InputError

__all__ = ["Content", "changed", "opened_content"]

_GZIP = b"\x1f\x8b"
_HEAD = 1 << 20  # bytes
_STANDARD = "standard input"


class _Ahead(io.RawIOBase):
    """Bytes to be read once, from the beginning, with a look at the first of them."""

    def __init__(self, stream: Any, ahead: bytes = b"") -> None:
        super().__init__()
        self._stream = stream
        self._ahead = ahead

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        view = memoryview(buffer).cast("B")
        piece, self._ahead = self._ahead[: len(view)], self._ahead[len(view) :]
        piece = piece or self._next(len(view))
        view[: len(piece)] = piece
        return len(piece)

    def _next(self, length: int) -> bytes:
        return bytes(self._stream.read1(length))


class Content(_Ahead):
    """The bytes of an input, unpacked if they are gzip; `name` is what messages call them.

    Where the stream of a file does not tell, `size` says how many bytes there are, and
    `is_the_same` whether what is there is still what was opened.
    """

    def __init__(
        self,
        stream: Any,
        *,
        name: str,
        size: int | None = None,
        is_the_same: Callable[[], bool] | None = None,
    ) -> None:
        before = _file_of(stream)
        if before is not None:
            is_the_same = lambda: _file_of(stream) == before  # noqa: E731
        self.name = name
        self._counted = _Counted(stream, name, is_the_same)
        self._is_file = before is not None
        self._size = size if before is None else before[0]
        self._file = io.BufferedReader(self._counted, _HEAD)
        super().__init__(self._file)
        if self.head(2) == _GZIP:
            packed = _Ahead(self._file, self._ahead)
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
        return self._is_file and self._stream is self._file and self.name != _STANDARD

    def has_changed(self) -> bool:
        """Whether a file that is read elsewhere is another one than when it was opened."""
        return not self._counted.at_end and self._counted.has_changed()

    def sha256(self) -> str | None:
        """Return the digest of all bytes as they are stored, or None before the end is reached."""
        return self._counted.digest.hexdigest() if self._counted.at_end else None

    def fraction(self) -> float | None:
        """Return how much of the file was read, from 0 to 1, or None if its size is unknown."""
        return min(self._counted.position / self._size, 1.0) if self._size else None

    def close(self) -> None:
        self._counted.release()
        super().close()

    def _next(self, length: int) -> bytes:
        try:
            return super()._next(length)
        except (EOFError, gzip.BadGzipFile, zlib.error) as error:
            reason = str(error).rstrip(".")
            raise InputError(f"{self.name} is not a complete gzip file: {reason}.") from None


class _Counted(io.RawIOBase):
    """Counts what is read from a stream, and digests it."""

    def __init__(self, stream: Any, name: str, is_the_same: Callable[[], bool] | None) -> None:
        super().__init__()
        self._stream = stream
        self._name = name
        self._is_the_same = is_the_same
        self.position = 0
        self.digest = hashlib.sha256()
        self.at_end = False

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        try:
            count = self._stream.readinto(buffer) or 0
            if not count and not self.at_end:
                if self.has_changed():
                    raise changed(self._name)
                self.at_end = True
        except OSError as error:
            raise _cannot_be_read(self._name, error) from None
        self.position += count
        self.digest.update(memoryview(buffer)[:count])
        return int(count)

    def has_changed(self) -> bool:
        return self._is_the_same is not None and not self._is_the_same()

    def release(self) -> None:
        if self._name != _STANDARD:
            self._stream.close()


def opened_content(path: str) -> Content:
    """Open a file, a URL, or standard input for `-`.

    Raises InputError when it is absent or cannot be read; reading raises it too if the file changes
    meanwhile.
    """
    if path == "-":
        # Without its buffer: at exit Python would wait for a thread that is still reading into it.
        stream = getattr(sys.stdin.buffer, "raw", sys.stdin.buffer)
        return Content(stream, name=_STANDARD)
    name = remote.shown(path)
    try:
        if (url := remote.url_of(path)) is not None:
            stream, size, is_the_same = remote.opened(url)
            return Content(stream, name=name, size=size, is_the_same=is_the_same)
        return Content(open(path, "rb", buffering=0), name=name)
    except FileNotFoundError:
        raise InputError(f"{name} does not exist.") from None
    except OSError as error:
        raise _cannot_be_read(name, error) from None


def changed(name: str) -> InputError:
    """Return the error of a file that another program writes meanwhile."""
    return InputError(f"{name} changed while it was read: try again when it is complete.")


def _cannot_be_read(name: str, error: OSError) -> InputError:
    return InputError(f"{name} cannot be read: {error.strerror or error}.")


def _file_of(stream: Any) -> tuple[int, int] | None:
    """Return the size of a file and the time of its last change."""
    try:
        found = os.fstat(stream.fileno())
    except (OSError, AttributeError):
        return None
    return (found.st_size, found.st_mtime_ns) if stat.S_ISREG(found.st_mode) else None
