"""What commands say: sentences for people, and lines of a log for programs.

Sentences go to standard error. A log file gets every one of them as a line of JSON, with the
beginning and the end of each job. `run` writes such lines to standard error too, where that is not
a terminal.
"""

from __future__ import annotations

import sys
from contextlib import suppress
from pathlib import Path
from typing import Any, TextIO

import typer

from ...errors import OutputError
from ...logs import LEVELS, line

__all__ = ["MESSAGES", "Messages"]


class Messages:
    """Where the messages of this process go."""

    def __init__(self) -> None:
        self._begin("info")

    def _begin(self, level: str) -> None:
        self._lowest = LEVELS.index(level)
        self._file: TextIO | None = None
        self._in_lines = False
        self._failure = ""

    def open(self, *, level: str, file: Path | None) -> None:
        """Begin a call of the program; raise OutputError if the file cannot be written."""
        if self._file is not None:
            with suppress(OSError):
                self._file.close()
        self._begin(level)
        if file is not None:
            try:
                self._file = file.open("a", encoding="utf-8", errors="replace")
            except OSError as error:
                raise OutputError(f"{file} cannot be written: {error.strerror}.") from None

    def log_to_standard_error(self) -> None:
        """Write lines of JSON to standard error from now on, unless it is a terminal."""
        self._in_lines = not sys.stderr.isatty()

    def say(self, sentence: str, *, level: str = "info") -> None:
        """Show a sentence."""
        if self._failure and self._failure in sentence:  # was said by the event
            if not self._in_lines:
                typer.echo(sentence, err=True)
            return
        self._log(level, "message", {"message": sentence})
        if not self._in_lines and LEVELS.index(level) >= self._lowest:
            typer.echo(sentence, err=True)

    def event(self, level: str, event: str, about: dict[str, Any]) -> None:
        """Log what happened; people see it by its result."""
        if event == "failed":
            self._failure = str(about.get("message", ""))
        self._log(level, event, about)

    def _log(self, level: str, event: str, about: dict[str, Any]) -> None:
        if LEVELS.index(level) < self._lowest:
            return
        text = line(level, event, about, readable=False).decode("utf-8")
        if self._file is not None:
            with suppress(OSError, ValueError):  # a full disk ends no job
                self._file.write(text)
                self._file.flush()
        if self._in_lines:
            typer.echo(text, err=True, nl=False)


MESSAGES = Messages()
