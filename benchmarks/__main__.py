"""Measure everything, print one table, and write the document."""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections.abc import Sequence
from contextlib import ExitStack
from functools import partial
from pathlib import Path

from . import measure, streams
from .behaviour import behaviours
from .environments import (
    Environment,
    Unavailable,
    base_environment,
    our_environment,
    peer_environment,
)
from .measure import Effort, Sides
from .report import DOCUMENT, machine, render
from .rows import SCORING, read_records
from .table import HEADER, Row, markdown
from .worker import Worker

_TIMES = 70  # 102,130 rows
_SINGLE_ROWS = 50


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the benchmark; return 1 when a demand is missed, 2 when it could not be run."""
    options = _parse(arguments)
    effort = measure.QUICK if options.quick else Effort()
    try:
        with tempfile.TemporaryDirectory() as folder:
            rows, held, document = _run(effort, Path(folder))
    except Unavailable as reason:
        _say(f"The benchmark stopped: {reason}")
        return 2
    print(markdown(HEADER, [row.cells for row in rows]))
    if options.write:
        DOCUMENT.parent.mkdir(exist_ok=True)
        DOCUMENT.write_text(document, encoding="utf-8")
    missed = [f"{row.what}: {demand.text}" for row in (*rows, *held) for demand in row.missed]
    for demand in missed:
        _say(f"missed: {demand}")
    return 1 if missed else 0


def _parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="few repetitions, rough results")
    parser.add_argument(
        "--no-write", dest="write", action="store_false", help="leave the document as it is"
    )
    return parser.parse_args(arguments)


def _say(words: str) -> None:
    print(words, file=sys.stderr, flush=True)


def _run(effort: Effort, folder: Path) -> tuple[list[Row], list[Row], str]:
    """Return the rows of the table, those of the tables in slices, and the document."""
    notes: list[str] = []
    _say("the base install")
    base = base_environment()
    _say("the environment of the peer (minutes, the first time)")
    peer = _peer(notes)
    ours = our_environment()
    _say("training")
    training, pipeline = measure.train(ours, folder)
    with ExitStack() as stack:
        sides = Sides(
            stack.enter_context(Worker(ours, "ours")),
            stack.enter_context(Worker(peer, "peer")) if peer else None,
        )
        _say("preparing the rows")
        singles = _prepare(sides, pipeline, folder)
        _say("single rows")
        rows = measure.one_row(sides, effort)
        _say("tables")
        rows += measure.tables(sides, effort)
        rows.append(measure.explanation(sides, effort))
        _say("bad rows")
        bad = behaviours(
            singles[:3],
            partial(sides.ours.ask, "behave"),
            partial(sides.peer.ask, "behave") if sides.peer else None,
        )
        weights = measure.files(sides.ours)
        model = sides.ours.ask("model_file")
        versions = {"Ours": sides.ours.ask("versions")}
        if sides.peer:
            versions["The peer"] = sides.peer.ask("versions")
    _say("new processes")
    ready = {name: str(folder / file) for name, file in _READY.items()}
    ready |= {"pipeline": str(pipeline), "model": model}
    rows += measure.start(base, ours, peer, row=json.dumps(singles[0]), ready=ready, effort=effort)
    _say("disk and imports")
    rows += [measure.disk(base, peer), training, measure.import_time(base, effort), *weights]
    _say("tables that pass in slices")
    held, section = streams.section(rounds=effort.streams)
    page = render(rows, bad, streams=section, described=machine(versions), notes=notes)
    return rows, held, page


_READY = {"frame": "frame.joblib", "feed": "feed.pickle"}


def _peer(notes: list[str]) -> Environment | None:
    try:
        return peer_environment()
    except Unavailable as reason:
        notes.append(f"The peer could not be installed, so nothing is compared with it: {reason}.")
        _say(notes[-1])
        return None


def _prepare(sides: Sides, pipeline: Path, folder: Path) -> list[dict[str, object]]:
    """Make all inputs ready on all sides; return the rows that are sent one at a time."""
    records = read_records()
    common = {"records": records, "csv": str(SCORING), "times": _TIMES}
    sides.ours.ask("prepare", **common, pipeline=str(pipeline), folder=str(folder))
    priced = sides.peer.ask("prepare", **common) if sides.peer else range(len(records))
    singles = [records[at] for at in priced][:_SINGLE_ROWS]
    sides.ours.ask("choose", rows=singles)
    if sides.peer:
        sides.peer.ask("choose", rows=singles)
    return singles


if __name__ == "__main__":
    sys.exit(main())
