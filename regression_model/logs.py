"""Log lines: what happened, when, and about what; JSON for programs, readable for people."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

__all__ = ["LEVELS", "Level", "line"]


class Level(StrEnum):
    """The least important events of a log."""

    debug = "debug"
    info = "info"
    warning = "warning"
    error = "error"


LEVELS = (*Level,)


def _json(about: dict[str, Any]) -> bytes:
    return json.dumps(about, default=str, ensure_ascii=False).encode("utf-8", "replace") + b"\n"


def line(
    level: str,
    event: str,
    about: dict[str, Any],
    *,
    readable: bool,
    dumps: Callable[[dict[str, Any]], bytes] = _json,
) -> bytes:
    """Return one line about an event of now.

    Parameters
    ----------
    about : what belongs to the event; never a row, and never a credential.
    readable : for people, not JSON.
    dumps : writes a line of JSON.
    """
    now = datetime.fromtimestamp(time.time(), UTC).isoformat(timespec="milliseconds")
    if readable:
        words = " ".join(f"{key}={value}" for key, value in about.items() if value is not None)
        return f"{now[11:23]} {level:<7} {event} {words}\n".encode("utf-8", "replace")
    return dumps({"time": now[:-6] + "Z", "level": level, "event": event, **about})
