"""How two runs differ."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ..display import Table, plain
from .values import Dataset, Metric, RunRecord

__all__ = ["differences", "tables_of_differences"]

_NONE = "\N{EN DASH}"


def differences(old: RunRecord, new: RunRecord) -> dict[str, dict[str, list[Any]]]:
    """Return what differs, by section and name: a list of the old and the new value."""
    one, other = (_sections(record) for record in (old, new))
    return {
        name: {
            key: [one[name].get(key), other[name].get(key)]
            for key in dict.fromkeys([*one[name], *other[name]])
            if one[name].get(key) != other[name].get(key)
        }
        for name in one
    }


def tables_of_differences(old: RunRecord, new: RunRecord) -> Iterator[Table]:
    """Yield a table for each section in which two runs differ."""
    head = ["", old.id, new.id]
    for name, found in differences(old, new).items():
        rows = [[key, *map(_text, values)] for key, values in found.items()]
        if rows:
            yield Table(name.capitalize(), head, rows, numbers_to=0)


def _sections(record: RunRecord) -> dict[str, Mapping[str, Any]]:
    run = record.run
    return {
        "parameters": run.parameters,
        "metrics": {name: _metric(metric) for name, metric in run.metrics.items()},
        "datasets": {one.role: _dataset(one) for one in run.datasets},
        "tags": {"kind": run.kind, "model": run.model, "version": run.version, **run.tags},
        "files": record.files,
    }


def _metric(metric: Metric) -> str:
    if metric.low is None or metric.high is None:
        return plain(metric.value)
    return f"{plain(metric.value)} ({plain(metric.low)} to {plain(metric.high)})"


def _dataset(data: Dataset) -> str:
    rows = "" if data.rows is None else f", {data.rows:,} rows"
    return f"{data.path}{rows}, sha256 {data.sha256 or 'unknown'}"


def _text(value: Any) -> str:
    return _NONE if value is None else str(value)
