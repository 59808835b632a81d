"""Runs that are recorded, the models among them, and which of these is the champion.

`open_runs` opens the place, `building` makes a record of a result, `promotion` decides.
"""

from __future__ import annotations

from .interface import Runs
from .registry import open_runs
from .values import AliasRecord, Dataset, Metric, Run, RunRecord

__all__ = ["AliasRecord", "Dataset", "Metric", "Run", "RunRecord", "Runs", "open_runs"]
