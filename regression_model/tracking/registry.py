"""The interface of a place where runs are recorded, and the one function that opens a place."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

from .values import AliasRecord, Run, RunRecord

__all__ = ["DEFAULT", "Runs", "is_mlflow", "open_runs"]

DEFAULT = "runs"
VARIABLE = "REGRESSION_MODEL_RUNS"


class Runs(Protocol):
    """Runs with their files, and the aliases of the models among them."""

    @property
    def where(self) -> str:
        """What messages call the place."""

    def record(self, run: Run, files: Mapping[str, Path | bytes], parts: Sequence[Run] = ()) -> str:
        """Record a run with copies of its files, by name, and its parts; return its id."""

    def runs(self) -> list[RunRecord]:
        """Return all runs, the newest first."""

    def run(self, named: str) -> RunRecord:
        """Return a run by its id, the first characters of it, or `NAME@ALIAS`."""

    def problems(self) -> list[str]:
        """Return a sentence for each record that cannot be read."""

    def resolve(self, named: str) -> Path | bytes:
        """Return the model file of a run that is named as for `run`."""

    def file(self, run_id: str, name: str) -> bytes:
        """Return a file that was kept with a run."""

    def aliases(self) -> list[AliasRecord]:
        """Return what each alias names now."""

    def alias(self, name: str, alias: str) -> AliasRecord | None:
        """Return what an alias names now; None if there is no such alias."""

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
        """Move an alias to another run, if it still names the run that is `expected`."""

    def history(self, name: str, alias: str) -> Sequence[AliasRecord]:
        """Return every move of an alias, the oldest first."""


def is_mlflow(where: str) -> bool:
    """Whether a place is an MLflow server or database, not a folder."""
    return where.startswith("mlflow+") or where == "mlflow"


def open_runs(where: str | Path | None = None) -> Runs:
    """Open the place where runs are recorded; nothing is created before the first record.

    Parameters
    ----------
    where : a folder, or `mlflow+` with the address of a tracking server and an experiment, such as
        `mlflow+http://127.0.0.1:5000/EXPERIMENT`; None for that in the environment variable
        REGRESSION_MODEL_RUNS, or the folder `runs`
    """
    text = str(where) if where is not None else os.environ.get(VARIABLE) or DEFAULT
    if is_mlflow(text):
        from .mlflow.runs import MlflowRuns

        return MlflowRuns(text)
    from .folder import Folder

    return Folder(Path(text))
