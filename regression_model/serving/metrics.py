"""What is counted, for Prometheus; with several workers, over all of them."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any

from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric

from .drift import drift_metrics
from .state import SHARED_FOLDER, State

__all__ = ["TEXT_FORMAT", "Metrics"]

TEXT_FORMAT = b"text/plain; version=0.0.4; charset=utf-8"
_BUCKETS = (
    *(0.0002, 0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0),
    30.0,
)


class Metrics:
    """The counters of one app, in a registry of its own: two apps can stand in one process."""

    def __init__(self, state: State) -> None:
        self._state = state
        self._registry = registry = CollectorRegistry()
        counter = partial(Counter, namespace="regression_model", registry=registry)
        self._requests = counter("requests", "Requests by route and status.", ["route", "status"])
        self._seconds = Histogram(
            "regression_model_request_seconds",
            "Time from the first byte read to the answer, by route.",
            ["route"],
            buckets=_BUCKETS,
            registry=registry,
        )
        self._rows = counter("rows", "Rows received.")
        self._failed = counter("rows_without_prediction", "Rows that got no prediction.")
        self._problems = counter("problems", "Problems of rows by code.", ["code"])
        registry.register(self)
        self._request_of: dict[tuple[str, int], Any] = {}
        self._seconds_of: dict[str, Any] = {}

    def request(self, route: str, status: int, seconds: float) -> None:
        """Count a request that was answered."""
        key = route, status
        if key not in self._request_of:
            self._request_of[key] = self._requests.labels(route, str(status))
            self._seconds_of[route] = self._seconds.labels(route)
        self._request_of[key].inc()
        self._seconds_of[route].observe(seconds)

    def rows(self, rows: int, failed: int, problems: Mapping[str, int]) -> None:
        """Count the rows of a request."""
        self._rows.inc(rows)
        if failed:
            self._failed.inc(failed)
        for code, times in problems.items():
            self._problems.labels(code).inc(times)

    def text(self) -> bytes:
        """Return all of it in Prometheus' text format."""
        if SHARED_FOLDER not in os.environ:
            return generate_latest(self._registry)
        from prometheus_client.multiprocess import MultiProcessCollector

        registry = CollectorRegistry()
        MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
        registry.register(self)
        return generate_latest(registry)

    def collect(self) -> Iterator[Metric]:
        """Yield what the worker that is asked knows of its model, for the registry."""
        opened = self._state.current
        info = GaugeMetricFamily(
            "regression_model_info", "The model in use.", labels=["name", "version", "sha256"]
        )
        info.add_metric([opened.name, opened.version, opened.model.sha256], 1)
        yield info
        yield CounterMetricFamily(
            "regression_model_reloads", "Models opened since the start.", self._state.reloads
        )
        refused = "New models that could not be opened."
        yield CounterMetricFamily("regression_model_reloads_refused", refused, self._state.refused)
        yield from drift_metrics(opened.recent)
