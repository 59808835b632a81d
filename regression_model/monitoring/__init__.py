"""Whether new rows differ from those that a model was trained on.

`run.monitor_rows` compares rows in memory and `run.monitor_source` a file, with the base install;
`running.RunningProfile` counts rows as they are predicted.
"""

from __future__ import annotations

from .results import Compared, DriftReport, OutcomeDrift, Part, Test
from .settings import Settings

__all__ = ["Compared", "DriftReport", "OutcomeDrift", "Part", "Settings", "Test"]
