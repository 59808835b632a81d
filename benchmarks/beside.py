"""Measure this version beside another one, both with the model file that this one ships.

`python -m benchmarks.beside OTHER.whl` prints a table of ratios, and ends with exit code 1 when
this version takes more than 5% longer at anything.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from contextlib import ExitStack
from functools import partial
from pathlib import Path

from regression_model.runtime.model_file.release import find_model_file

from .environments import PACKAGE, Unavailable, version_environment, wheel
from .metrics import as_ratio, as_seconds, interleave, quantile, ratio
from .rows import SCORING, read_records
from .table import markdown
from .worker import Worker

_ALLOWED = 1.05
_CALLS = {
    "one row (a dict in a list)": 400,
    "1,459 rows, list of dicts": 3,
    "1,459 rows, DataFrame": 5,
    "102,130 rows, DataFrame": 1,
    "explanation of one row": 4,
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, print the table, and return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.beside", description=__doc__)
    parser.add_argument("other", type=Path, help="the wheel of another version")
    parser.add_argument("--rounds", type=int, default=15, help="how often the two take turns")
    asked = parser.parse_args(arguments)
    this = wheel()
    if this is None:
        raise SystemExit("There is no wheel of this version in dist: tox -e build makes it.")
    if not asked.other.is_file():
        raise SystemExit(f"{asked.other} does not exist: name the wheel of another version.")
    model = find_model_file(PACKAGE)
    try:
        wheels = {"this": this, "other": asked.other}
        environments = {name: version_environment(w, name=name) for name, w in wheels.items()}
    except Unavailable as reason:
        raise SystemExit(f"A version cannot be installed: {reason}") from None
    with ExitStack() as stack:
        sides = {
            name: stack.enter_context(Worker(environment, "version"))
            for name, environment in environments.items()
        }
        ready = {"model": str(model), "records": read_records(), "csv": str(SCORING)}
        predictions = [side.ask("prepare", **ready) for side in sides.values()]
        if max(abs(a / b - 1) for a, b in zip(*predictions, strict=True)) > 1e-9:
            raise SystemExit("The two versions do not give the same predictions.")
        rows, worst = [], 0.0
        for what, calls in _CALLS.items():
            takers = {n: partial(s.time, what, calls=calls, warm_up=3) for n, s in sides.items()}
            taken = interleave(takers, asked.rounds)
            quotient = ratio(taken["this"], taken["other"])
            worst = max(worst, quotient)
            times = (as_seconds(quantile(taken[name], 0.5)) for name in ("this", "other"))
            rows.append((what, *times, as_ratio(quotient)))
    print(markdown(("what", "this version", "the other", "this : other"), rows))
    return int(worst > _ALLOWED)


if __name__ == "__main__":
    sys.exit(main())
