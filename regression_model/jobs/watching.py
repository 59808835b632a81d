"""Who is told what a job does while it runs."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ..files.streams import Source

__all__ = ["Progress", "Watcher"]

Progress = Callable[[str, int, int], None]


class Watcher:
    """Hears what a job says, and does nothing with it."""

    def say(self, sentence: str) -> None:
        """Take a sentence for the person who runs the job."""

    def warn(self, sentence: str) -> None:
        """Take a sentence about something that is not as it should be."""
        self.say(sentence)

    def result(self, result: Any) -> None:
        """Take the result of the work, before it is recorded."""

    def event(self, level: str, event: str, about: dict[str, Any]) -> None:
        """Take what happened, for a log."""

    def interruptible(self) -> AbstractContextManager[None]:
        """Let the work be interrupted by an exception, so that it is cleaned up."""
        return nullcontext()

    def work(self) -> AbstractContextManager[Progress]:
        """Give what is called with (stage, done, total), until the work ends."""
        return nullcontext(lambda stage, done, of: None)

    def rows(self, source: Source) -> AbstractContextManager[Callable[[int], None]]:
        """Give what is called with the number of rows that are done."""
        return nullcontext(lambda done: None)
