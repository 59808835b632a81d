"""Whether the rows that the service was asked for lately differ from the training rows."""

from __future__ import annotations

import os
import threading
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from time import monotonic
from typing import Any, get_args

import numpy as np
from prometheus_client.core import GaugeMetricFamily, Metric

from ..monitoring.reference import Counts, Reference
from ..monitoring.results import DriftReport, Verdict
from ..monitoring.run import drift_of
from ..monitoring.running import RunningProfile
from ..monitoring.verdict import part_of
from ..runtime.model import Model
from ..runtime.prediction import Prediction

__all__ = ["RecentRows", "drift_document", "drift_metrics"]

ROWS = 10_000  # after so many rows, those before them are forgotten
_VERDICTS: tuple[Verdict, ...] = get_args(Verdict)
_SECONDS_BETWEEN_FOLDS = 1.0
_SECONDS_OF_A_REPORT = 5.0  # metrics are asked for by several programs at a time


class RecentRows:
    """Counts the last 10,000 to 20,000 rows of one model, in constant memory.

    With a folder that several workers share, each counts in a file of its own there, and what any
    of them reports is of all workers.

    Attributes
    ----------
    workers : int
        How many workers were in the last report.
    """

    def __init__(self, model: Model, folder: str | None = None) -> None:
        self._reference = Reference(model)
        self._folder = None if folder is None else Path(folder)
        shape = 2, RunningProfile.size(self._reference)
        if self._folder is None:
            self._arrays: Any = np.zeros(shape, dtype=np.int64)
        else:
            self._name = f"drift-{model.sha256[:16]}"
            path = self._folder / f"{self._name}-{os.getpid()}.counts"
            self._arrays = np.memmap(path, dtype=np.int64, mode="w+", shape=shape)
        self._profile = RunningProfile(self._reference, self._arrays[0])
        self._lock = threading.Lock()
        self._rows, self._folded = 0, 0.0
        self._report: tuple[float, DriftReport] | None = None
        self.workers = 1

    def add(self, prediction: Prediction, rows: Any = None) -> None:
        """Take the rows of a prediction into account, or some of them."""
        self._profile.add(prediction, rows)
        now = monotonic()
        with self._lock:
            self._rows += len(prediction) if rows is None else len(rows)
            if self._rows >= ROWS:
                self._rows = 0
                self._profile.move_to(self._arrays[1])
            elif now - self._folded > _SECONDS_BETWEEN_FOLDS:
                self._folded = now
                self._profile.fold()

    def report(self, *, at_most: float = 0.0) -> DriftReport:
        """Test what was counted; a report may be so many seconds old."""
        now = monotonic()
        if self._report is None or now - self._report[0] > at_most:
            everything = RunningProfile(self._reference)
            everything.merge(self._profile.counts + self._arrays[1])
            others = [*self._others()]
            for counts in others:
                everything.merge(counts)
            self.workers = 1 + len(others)
            part = part_of(everything, self._reference.settings, name="recent rows")
            report = drift_of(self._reference, part, source="recent requests")
            self._report = now, report
        return self._report[1]

    def _others(self) -> Iterator[Counts]:
        """Read what the other workers have counted, except those that are gone."""
        for path in sorted(self._folder.glob(f"{self._name}-*.counts")) if self._folder else ():
            process = int(path.stem.rpartition("-")[2])
            if process == os.getpid() or not _is_running(process):
                continue
            counts = np.fromfile(path, dtype=np.int64)
            if len(counts) == self._arrays.size:
                yield counts.reshape(self._arrays.shape).sum(axis=0)


def _is_running(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except OSError:  # it runs, and is not ours to signal
        pass
    return True


def drift_document(recent: RecentRows) -> dict[str, Any]:
    """Return what `/api/v1/drift` answers."""
    report = recent.report().to_dict()
    everything = report.pop("everything")
    del report["windows"], everything["name"], everything["outcomes"]
    return {**report, "workers": recent.workers, **everything}


def drift_metrics(recent: RecentRows) -> Iterator[Metric]:
    """Yield the gauges for Prometheus."""
    part = recent.report(at_most=_SECONDS_OF_A_REPORT).everything
    verdicts = Counter(one.verdict for one in part.fields)
    effects = {one.name: one.effect for one in part.fields if one.tests}
    psi = {one.name: one.psi for one in part.fields if one.psi is not None}
    name, of_predictions = "regression_model_drift", part.predictions
    yield GaugeMetricFamily(name, "1 if recent rows differ.", part.has_drift)
    yield GaugeMetricFamily(f"{name}_rows", "Recent rows that were looked at.", part.rows)
    for what, said, label, values in (
        ("fields", "Fields by verdict.", "verdict", {one: verdicts[one] for one in _VERDICTS}),
        ("difference", "Largest difference of shares by field.", "field", effects),
        ("psi", "Population stability index by field, from 300 rows on.", "field", psi),
    ):
        gauge = GaugeMetricFamily(f"{name}_{what}", said, labels=[label])
        for key, value in values.items():
            gauge.add_metric([key], value)
        yield gauge
    yield GaugeMetricFamily(
        f"{name}_predictions",
        "Largest difference of shares of the predictions.",
        of_predictions.effect if of_predictions.tests else None,
    )
