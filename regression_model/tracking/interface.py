"""The interface of a place where runs are recorded."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ..errors import AliasMovedError
from .values import AliasRecord, Run, RunRecord, now, split_alias, user_name, without_credentials

__all__ = ["Runs"]


class Runs(ABC):
    """Runs with their files, and the aliases of the models among them."""

    @property
    @abstractmethod
    def where(self) -> str:
        """What messages call the place."""

    @abstractmethod
    def record(self, run: Run, files: Mapping[str, Path | bytes], parts: Sequence[Run] = ()) -> str:
        """Record a run with copies of its files, by name, and its parts; return its id.

        Raises
        ------
        OutputError, UnreachableError
            When something cannot be written, or the server does not answer or refuses.
        """

    @abstractmethod
    def runs(self) -> list[RunRecord]:
        """Return all runs that can be read, the newest first."""

    @abstractmethod
    def problems(self) -> list[str]:
        """Return a sentence for each record that cannot be read."""

    @abstractmethod
    def run(self, named: str) -> RunRecord:
        """Return a run by its id, the first characters of it, or `NAME@ALIAS`.

        Raises
        ------
        TrackingError
            When there is none, there are several, or its record was cut short or deleted.
        """

    @abstractmethod
    def resolve(self, named: str) -> Path | bytes:
        """Return the model file of a run that is named as for `run`.

        Raises
        ------
        TrackingError
            When there is no such run, or it has no model file, or this was deleted.
        """

    @abstractmethod
    def file(self, run_id: str, name: str) -> bytes:
        """Return a file that was kept with a run.

        Raises
        ------
        TrackingError
            When it was deleted.
        """

    @abstractmethod
    def aliases(self) -> list[AliasRecord]:
        """Return what each alias names now."""

    @abstractmethod
    def alias(self, name: str, alias: str) -> AliasRecord | None:
        """Return what an alias names now; None if there is no such alias."""

    @abstractmethod
    def history(self, name: str, alias: str) -> Sequence[AliasRecord]:
        """Return every move of an alias that was made with this program, the oldest first."""

    def set_alias(
        self,
        name: str,
        alias: str,
        run_id: str,
        *,
        expected: str | None,
        action: str = "promoted",
        before: int | None = None,
        reason: str | None = None,
        evidence: Mapping[str, Any] | None = None,
    ) -> AliasRecord:
        """Move an alias to another run, if it still names the run that is `expected`.

        Each move has the next number, and of two processes that make it one succeeds.

        Parameters
        ----------
        expected : the id of the run that has the alias; None if there is no such alias yet
        before : the move that a rollback returns to; None for the present one

        Raises
        ------
        AliasMovedError
            When another process has moved the alias.
        TrackingError
            When the run has no registered model.
        OutputError
            When the folder cannot be written.
        """
        name, alias = split_alias(f"{name}@{alias}")
        numbers, present = self._moves(name, alias)
        if (present.run if present else None) != expected:
            raise self._moved(name, alias, present)
        if before is None and present is not None:
            before = present.number
        move = AliasRecord(
            name=name,
            alias=alias,
            number=max(numbers, default=0) + 1,
            run=run_id,
            replaced=expected,
            before=before,
            action=action,
            at=now(),
            by=user_name(),
            reason=None if reason is None else without_credentials(reason),
            evidence=evidence or {},
        )
        self._make(move)
        return move

    @abstractmethod
    def _moves(self, name: str, alias: str) -> tuple[list[int], AliasRecord | None]:
        """Return the numbers of the moves of an alias, and what it names now."""

    @abstractmethod
    def _make(self, move: AliasRecord) -> None:
        """Make a move, or raise what `set_alias` raises."""

    @abstractmethod
    def _moved(self, name: str, alias: str, present: AliasRecord | None) -> AliasMovedError:
        """Return the error of a move that came too late."""
