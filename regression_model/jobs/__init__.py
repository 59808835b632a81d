"""Jobs: the work of the commands as values, which files describe and Python runs.

A job is checked when it is made, and its `run()` returns a typed result.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .base import Job
    from .comparing import CompareJob
    from .evaluating import EvaluateJob
    from .explaining import ExplainJob
    from .monitoring import MonitorJob
    from .predicting import PredictJob
    from .promoting import PromoteJob
    from .reading import read_job
    from .training import TrainJob
    from .tuning import TuneJob
    from .watching import Watcher

__all__ = [
    "KINDS",
    "CompareJob",
    "EvaluateJob",
    "ExplainJob",
    "Job",
    "MonitorJob",
    "PredictJob",
    "PromoteJob",
    "TrainJob",
    "TuneJob",
    "Watcher",
    "kind_of",
    "read_job",
]

KINDS = {  # the class of each kind, imported when it is asked for
    "tune": ("tuning", "TuneJob"),
    "train": ("training", "TrainJob"),
    "evaluate": ("evaluating", "EvaluateJob"),
    "explain": ("explaining", "ExplainJob"),
    "predict": ("predicting", "PredictJob"),
    "compare": ("comparing", "CompareJob"),
    "monitor": ("monitoring", "MonitorJob"),
    "promote": ("promoting", "PromoteJob"),
}
_HOMES = {name: module for module, name in KINDS.values()} | {
    "Job": "base",
    "Watcher": "watching",
    "read_job": "reading",
}


def kind_of(kind: str) -> type[Job]:
    """Return the class of the jobs of a kind."""
    module, name = KINDS[kind]
    found: type[Job] = getattr(import_module(f".{module}", __name__), name)
    return found


if not TYPE_CHECKING:

    def __getattr__(name: str) -> Any:
        if name not in _HOMES:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        return getattr(import_module(f".{_HOMES[name]}", __name__), name)
