"""What the extras cost those who do not use them: nothing, or this says how much.

`python -m benchmarks.extras` makes an environment with the base install and one with every extra,
and starts new processes in both in turn: one that imports the package and prices a row, and
`regression-model run --help`. With `--page` the table goes into `docs/lifecycle.md`.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from statistics import median
from time import perf_counter

from .cycle import put_into_page
from .environments import Environment, Unavailable, base_environment, full_environment
from .rows import read_records
from .table import markdown

__all__ = ["main"]

_FIRST_PRICE = Path(__file__).parent / "sides" / "first_price.py"
_MOST = 1.1  # 1 is the demand, the rest is for noise


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, print the table, and return 1 if a process is slower with every extra."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.extras", description=__doc__)
    parser.add_argument("--rounds", type=int, default=30)
    parser.add_argument("--page", action="store_true", help="write the table into the page")
    options = parser.parse_args(arguments)
    try:
        print("the two environments (minutes, the first time)", file=sys.stderr)
        environments = base_environment(), full_environment()
    except Unavailable as reason:
        print(f"The benchmark stopped: {reason}.", file=sys.stderr)
        return 2
    row = json.dumps(read_records()[0])
    lines, is_slower = [], False
    for words, command in (
        ("import, and one prediction", (str(_FIRST_PRICE), "package", row, "")),
        ("`regression-model run --help`", ("-m", "regression_model", "run", "--help")),
    ):
        base, full = _in_turn(environments, command, options.rounds)
        ratio = median(one / other for one, other in zip(full, base, strict=True))
        is_slower = is_slower or ratio > _MOST
        lines.append((words, f"{median(base):.3f} s", f"{median(full):.3f} s", f"{ratio:.2f}"))
    table = markdown(("a new process", "base install", "every extra", "ratio"), lines)
    print(table)
    if options.page:
        put_into_page("extras", table)
    return int(is_slower)


def _in_turn(
    environments: tuple[Environment, Environment], command: Sequence[str], rounds: int
) -> tuple[list[float], list[float]]:
    """Return the seconds of the command in each environment, one after the other in every round."""
    seconds: tuple[list[float], list[float]] = [], []
    for at in range(rounds + 1):
        for environment, found in zip(environments, seconds, strict=True):
            begun = perf_counter()
            subprocess.run(
                environment.command(*command),
                env=environment.variables,
                stdout=subprocess.DEVNULL,
                check=True,
            )
            if at:  # the first fills the caches of the disk
                found.append(perf_counter() - begun)
    return seconds


if __name__ == "__main__":
    sys.exit(main())
