"""Two model files compared: what changed for whoever uses them, and which release that takes.

`run.compare_models` does it with the base install.
"""

from __future__ import annotations

from .results import ComparedModel, ModelComparison, MovedRow, Movement, Reason
from .rules import RULES, Difference, Release

__all__ = [
    "RULES",
    "ComparedModel",
    "Difference",
    "ModelComparison",
    "MovedRow",
    "Movement",
    "Reason",
    "Release",
]
