"""Log lines on standard error: JSON, or readable ones on a terminal. Never a row's values."""

from __future__ import annotations

import asyncio
import logging
import sys
import threading
from typing import Any

import orjson

from ...logs import LEVELS, line

__all__ = ["Log", "LogHandler"]

_SECONDS_HELD = 0.1  # lines are written together: a system call for each would cost as much as it
_MOST_HELD = 200


class Log:
    """Writes lines; safe to share between threads."""

    def __init__(self, *, level: str = "info", access: bool = True) -> None:
        self._stream, self._readable = sys.stderr, sys.stderr.isatty()
        self._lowest = LEVELS.index(level)
        self.access = access and self._lowest <= LEVELS.index("info")
        self._held: list[bytes] = []
        self._lock = threading.Lock()
        self._flushing = False

    def event(self, level: str, event: str, **about: Any) -> None:
        """Write a line at once."""
        if LEVELS.index(level) >= self._lowest:
            self._hold(level, event, about)
            self.flush()

    def request(self, about: dict[str, Any]) -> None:
        """Write a line about a request, soon."""
        self._hold("info", "request", about)
        if len(self._held) >= _MOST_HELD:
            self.flush()
        elif not self._flushing:
            self._flushing = True
            asyncio.get_running_loop().call_later(_SECONDS_HELD, self.flush)

    def flush(self) -> None:
        """Write what is held; a log that nobody reads any more stops no request."""
        with self._lock:
            self._flushing = False
            held, self._held = self._held, []
            if not held:
                return
            try:
                self._stream.write(b"".join(held).decode("utf-8", "replace"))
                self._stream.flush()
            except (OSError, ValueError):
                pass

    def _hold(self, level: str, event: str, about: dict[str, Any]) -> None:
        written = line(level, event, about, readable=self._readable, dumps=_json)
        with self._lock:
            self._held.append(written)


def _json(about: dict[str, Any]) -> bytes:
    return orjson.dumps(about, default=str, option=orjson.OPT_APPEND_NEWLINE)


class LogHandler(logging.Handler):
    """Passes on what the server's own loggers say."""

    def __init__(self, log: Log) -> None:
        super().__init__()
        self._log = log

    def emit(self, record: logging.LogRecord) -> None:
        """Write a record as an event."""
        about: dict[str, Any] = {"message": record.getMessage()}
        if record.exc_info:
            about["traceback"] = logging.Formatter().formatException(record.exc_info)
        level = record.levelname.lower()
        self._log.event(level if level in LEVELS else "error", "server", **about)
