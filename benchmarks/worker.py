"""A measured process, seen from the one that asks it."""

from __future__ import annotations

import json
import subprocess
from typing import Any

from .environments import ROOT, Environment

__all__ = ["Worker"]

# The benchmarks are found for this one import only: the package measured is the installed one.
_START = "import sys; sys.path.insert(0, {root!r}); import benchmarks.sides.{side} as side; \
sys.path.remove({root!r}); side.main()"


class Worker:
    """A process of one side, `ours` or `peer`, that answers requests until it is closed."""

    def __init__(self, environment: Environment, side: str) -> None:
        self._side = side
        self._process = subprocess.Popen(
            environment.command("-c", _START.format(root=str(ROOT), side=side)),
            env=environment.variables,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def ask(self, do: str, **request: Any) -> Any:
        """Send a request and return the answer."""
        assert self._process.stdin is not None and self._process.stdout is not None
        print(json.dumps({"do": do, **request}), file=self._process.stdin, flush=True)
        answer = self._process.stdout.readline()
        if not answer:
            raise SystemExit(f"The measured process of the side {self._side} ended at {do!r}.")
        return json.loads(answer)

    def time(self, what: str, *, calls: int, warm_up: int = 0) -> list[float]:
        """Return the seconds of some calls."""
        seconds: list[float] = self.ask("time", what=what, calls=calls, warm_up=warm_up)
        return seconds

    def close(self) -> None:
        """End the process."""
        assert self._process.stdin is not None and self._process.stdout is not None
        self._process.stdin.close()
        self._process.wait()
        self._process.stdout.close()

    def __enter__(self) -> Worker:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
