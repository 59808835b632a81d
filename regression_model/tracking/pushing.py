"""Runs of one place recorded in another as well."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import replace

from .interface import Runs
from .values import PARTS, Run, RunRecord

__all__ = ["PUSHED", "push"]

PUSHED = "recorded_as"  # the tag with the id that a run has where it was recorded first


def push(
    here: Runs, there: Runs, records: Sequence[RunRecord]
) -> Iterator[tuple[RunRecord, str | None]]:
    """Record runs in another place; yield each with its id there, or None if it was there.

    Raises
    ------
    TrackingError
        When the other place cannot be reached, or a file of a run was deleted.
    """
    known = {one.run.tags.get(PUSHED) for one in there.runs()}
    for record in records:
        if record.id in known:
            yield record, None
            continue
        files = {name: here.file(record.id, name) for name in record.files}
        parts = files.pop(PARTS, b"").splitlines()
        run = replace(record.run, tags={**record.run.tags, PUSHED: record.id})
        new_id = there.record(run, files, [Run.from_dict(json.loads(part)) for part in parts])
        yield record, new_id
