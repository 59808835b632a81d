"""The one function that opens a place where runs are recorded."""

from __future__ import annotations

import os
from pathlib import Path

from .interface import Runs

__all__ = ["DEFAULT", "is_mlflow", "open_runs"]

DEFAULT = "runs"
VARIABLE = "REGRESSION_MODEL_RUNS"


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
