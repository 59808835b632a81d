"""Recording of one run at its end, with what is known only there: its time and its resources."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from ..errors import TrackingError, UnreachableError
from .building import Made
from .registry import DEFAULT, is_mlflow, open_runs
from .values import Metric, now, without_credentials

__all__ = ["Recorder"]

_SYSTEM = "MLFLOW_ENABLE_SYSTEM_METRICS_LOGGING"


class Recorder:
    """Records one run; begun before the work, so that its time is known.

    A server that does not answer is named at once and stops nothing: the run is then kept in the
    folder `runs`, from where `regression-model runs push` registers it.

    Parameters
    ----------
    where : as for `open_runs`; None records nothing
    announce : is given each sentence for people
    """

    def __init__(self, where: str | Path | None, announce: Callable[[str], None]) -> None:
        self._where = None if where is None else str(where)
        self._announce, self._unreachable = announce, ""
        self._started, self._begun, self._processor = now(), time.monotonic(), time.process_time()
        if self._where is None or not is_mlflow(self._where):
            return
        from .mlflow.runs import check_reachable

        try:
            check_reachable(self._where)
        except UnreachableError as error:
            self._unreachable = str(error)
            announce(f"{error} The run will be kept in {DEFAULT}.")

    def keep(self, made: Made) -> str | None:
        """Record what was made; return the id of the run, or None where nothing is recorded.

        Raises
        ------
        TrackingError
            When the server did not answer; the run was then kept in the folder `runs`.
        OutputError
            When the place cannot be written.
        """
        if self._where is None:
            return None
        seconds = round(time.monotonic() - self._begun, 3)
        metrics = {**made.run.metrics, **self._system_metrics(seconds)}
        run = replace(made.run, started=self._started, seconds=seconds, metrics=metrics)
        reason = self._unreachable
        if not reason:
            try:
                place = open_runs(self._where)
                run_id = place.record(run, made.files, made.parts)
                self._announce(f"Run: {run_id} in {place.where}")
                return run_id
            except UnreachableError as error:
                reason = str(error)
        local = open_runs(DEFAULT)
        run_id = local.record(run, made.files, made.parts)
        raise TrackingError(
            f"{reason} The run was kept as {run_id} in {local.where}: register it with "
            f"regression-model runs push {run_id} --to {without_credentials(self._where)}."
        )

    def _system_metrics(self, seconds: float) -> dict[str, Metric]:
        """Return the resources that were used, where the environment asks for them."""
        if os.environ.get(_SYSTEM, "").lower() not in ("1", "true", "yes"):
            return {}
        found = {
            "system/seconds": seconds,
            "system/processor_seconds": time.process_time() - self._processor,
        }
        if sys.platform != "win32":
            import resource

            unit = 1 if sys.platform == "darwin" else 1024
            peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
            found["system/peak_memory_bytes"] = float(peak * unit)
        return {name: Metric(value) for name, value in found.items()}
