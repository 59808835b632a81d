"""Writing completely or not at all: this module writes standard output and every file.

A file takes its place only when all of it is on the disk. Where the system allows it, the file has
no name until then, so that a killed process leaves nothing behind; elsewhere the next process that
writes the same file removes leftovers older than a day.
"""

from __future__ import annotations

import io
import os
import re
import secrets
import select
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from errno import EIO
from pathlib import Path
from typing import Any

from .. import remote
from ..errors import OutputError

__all__ = [
    "CompleteWriter",
    "opened_output",
    "whole_text",
    "write_all_atomically",
    "write_atomically",
]

_MOST_AT_ONCE = 1 << 24  # bytes; no system writes more than 2 GiB in one call
_STALE = 24 * 60 * 60  # seconds without a write
_OPEN_FILES = Path("/proc/self/fd")
_HAS_UNNAMED_FILES = hasattr(os, "O_TMPFILE") and _OPEN_FILES.is_dir()


class CompleteWriter(io.RawIOBase):
    """Writes all that it is given to another stream, or raises.

    A raw stream, such as standard output under `PYTHONUNBUFFERED`, takes only as many bytes as
    there is room for, and one that does not block takes none while its reader is busy. The stream
    is not closed with this one. With a name, an error is an OutputError instead of an OSError.
    """

    def __init__(self, stream: Any, *, name: Path | None = None) -> None:
        super().__init__()
        self._stream = stream
        self._name = name

    def writable(self) -> bool:
        return True

    def fileno(self) -> int:
        return int(self._stream.fileno())

    def isatty(self) -> bool:
        return bool(self._stream.isatty())

    def write(self, content: Any) -> int:
        view = memoryview(content).cast("B")
        at = 0
        with _named(self._name):
            while at < len(view):
                at += self._write_some(view[at : at + _MOST_AT_ONCE])
        return len(view)

    def flush(self) -> None:
        with _named(self._name):
            while not self._stream.closed:
                try:
                    self._stream.flush()
                    return
                except BlockingIOError:
                    self._wait()

    def _write_some(self, content: memoryview) -> int:
        try:
            written = self._stream.write(content)
        except BlockingIOError as error:
            written = getattr(error, "characters_written", 0) or None
        if written is None:  # nothing could be written now
            self._wait()
            return 0
        if not written:
            raise OSError(EIO, os.strerror(EIO))
        return int(written)

    def _wait(self) -> None:
        """Wait until the reader has made room."""
        if hasattr(select, "poll"):
            room = select.poll()
            room.register(self.fileno(), select.POLLOUT)
            room.poll()
        else:
            time.sleep(0.01)


def whole_text(stream: Any) -> io.TextIOWrapper:
    """Return a text stream that replaces standard output or standard error and writes all."""
    stream.flush()
    unbuffered = isinstance(stream.buffer, io.RawIOBase)
    whole = CompleteWriter(stream.buffer if unbuffered else stream.buffer.raw)
    buffer: Any = whole if unbuffered else io.BufferedWriter(whole)
    return io.TextIOWrapper(
        buffer,
        encoding=stream.encoding,
        errors="backslashreplace",  # a name that the terminal cannot show is not an error
        line_buffering=stream.line_buffering,
        write_through=unbuffered,
    )


class _NewFile:
    """A file that takes its place when it is complete."""

    def __init__(self, path: Path, *, name: Path | None = None) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        _remove_leftovers(path)
        self._path = path
        self._name: Path | None = None  # until it is complete, where the system allows it
        self._file = self._open_unnamed() or self._open_named()
        self.stream = CompleteWriter(self._file, name=name or path)

    def finish(self) -> None:
        """Make sure that all of it is on the disk."""
        self._file.flush()
        if self._path.exists():
            os.chmod(self._file.fileno(), self._path.stat().st_mode & 0o777)
        os.fsync(self._file.fileno())

    def take_place(self) -> None:
        if self._name is None:
            self._link()
        self._file.close()
        os.replace(str(self._name), self._path)
        self._name = None

    def discard(self) -> None:
        """Remove what has not taken its place."""
        with suppress(OSError):
            self._file.close()
        if self._name is not None:
            self._name.unlink(missing_ok=True)

    def _open_unnamed(self) -> io.FileIO | None:
        if not _HAS_UNNAMED_FILES:
            return None
        try:
            handle = os.open(self._path.parent, os.O_TMPFILE | os.O_WRONLY, 0o666)
        except OSError:  # not every file system has them; other errors appear again below
            return None
        return io.FileIO(handle, "wb")

    def _open_named(self) -> io.FileIO:
        name = _temporary_name(self._path)
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)
        file = io.FileIO(os.open(name, flags, 0o666), "wb")
        self._name = name
        return file

    def _link(self) -> None:
        """Give the file a name: no system lets a file without one replace another."""
        name = _temporary_name(self._path)
        folder = os.open(_OPEN_FILES, os.O_RDONLY)
        try:
            os.link(str(self._file.fileno()), name, src_dir_fd=folder, follow_symlinks=True)
        finally:
            os.close(folder)
        self._name = name


def _temporary_name(path: Path) -> Path:
    return path.with_name(f".{path.name}.{secrets.token_hex(8)}.part")


def _remove_leftovers(path: Path) -> None:
    """Remove what killed processes that were writing the same file left behind."""
    ours = re.compile(rf"\.{re.escape(path.name)}\.[0-9a-f]{{16}}\.part")
    with suppress(OSError), os.scandir(path.parent) as entries:
        for entry in entries:
            if ours.fullmatch(entry.name) and entry.is_file(follow_symlinks=False):
                with suppress(OSError):
                    if time.time() - entry.stat().st_mtime > _STALE:
                        os.unlink(entry)


def write_atomically(path: Path, content: bytes) -> None:
    """Write `content` to `path` so that a crash leaves the old file or the new one.

    Raises OutputError when the folder cannot be written or the disk is full; the old file is
    untouched.
    """
    write_all_atomically({path: content})


def write_all_atomically(contents: Mapping[Path, bytes]) -> None:
    """Write several files: only when all of them are on the disk does any take its place.

    Of URLs each is written whole or not at all, in the order of `contents`. Raises OutputError when
    a folder cannot be written or the disk is full; the old files are untouched.
    """
    elsewhere = {path: url for path in contents if (url := remote.url_of(path)) is not None}
    path = next(iter(contents))
    waiting: dict[Path, _NewFile] = {}
    try:
        for path, content in contents.items():
            if path in elsewhere:
                continue
            waiting[path] = _NewFile(path)
            waiting[path].stream.write(content)
            waiting[path].finish()
        for path, url in elsewhere.items():
            with _uploaded(url) as file:
                file.write(contents[path])
        for path in waiting:
            waiting[path].take_place()
    except OSError as error:
        raise _cannot_be_written(path, error) from None
    finally:
        for file in waiting.values():
            file.discard()


@contextmanager
def opened_output(path: str) -> Iterator[CompleteWriter]:
    """Open a file or URL to be written piece by piece, or standard output when `path` is `-`.

    The file takes its place when the block ends without an error; otherwise what was there before
    is untouched. A link stays a link. A pipe or a device is written to directly. Raises OutputError
    when the file cannot be written.
    """
    if path == "-":
        sys.stdout.flush()
        whole = CompleteWriter(sys.stdout.buffer)
        yield whole
        whole.flush()
        return
    place = Path(path)
    if (url := remote.url_of(path)) is not None:
        with _named(place), _uploaded(url) as file:
            yield CompleteWriter(file)
        return
    with _named(place):
        is_special = place.exists() and not place.is_file()
        new: io.FileIO | _NewFile = (
            open(place, "wb", buffering=0) if is_special else _NewFile(place.resolve(), name=place)
        )
    if isinstance(new, io.FileIO):
        with new:
            yield CompleteWriter(new, name=place)
        return
    try:
        yield new.stream
        with _named(place):
            new.finish()
            new.take_place()
    finally:
        new.discard()


@contextmanager
def _uploaded(url: str) -> Iterator[Any]:
    """Open a file of which a copy takes its place at a URL when the block ends without an error.

    It is complete before the first byte is sent, so that what is there is the old or the new one.
    """
    from tempfile import TemporaryDirectory

    remote.check(url)
    with TemporaryDirectory() as folder:
        local = Path(folder) / "new"
        with local.open("wb", buffering=0) as file:
            yield file
        remote.upload(local, url)


@contextmanager
def _named(path: Path | None) -> Iterator[None]:
    """Name the file in an error of the system, if it has a name."""
    try:
        yield
    except OSError as error:
        if path is None:
            raise
        raise _cannot_be_written(path, error) from None


def _cannot_be_written(path: Path, error: OSError) -> OutputError:
    return OutputError(f"{remote.shown(path)} cannot be written: {error.strerror or error}.")
