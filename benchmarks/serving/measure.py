"""All sides under load in turn, and what became of each."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from .load import Load, put_load, write_script
from .servers import Memory, Server
from .sides import Side, bodies

__all__ = ["CONNECTIONS", "ROWS", "Case", "Measured", "Results", "measure"]

CONNECTIONS = (1, 8, 64)
ROWS = (1, 100)


@dataclass(frozen=True)
class Case:
    """What the sides were asked in one part of the run."""

    workers: int
    rows: int
    connections: int


@dataclass(frozen=True)
class Measured:
    """The rounds of one side in one case; every value is the median of the rounds."""

    loads: tuple[Load, ...]
    processor_seconds: float  # of the server, for one request

    def of(self, value: Callable[[Load], float]) -> float:
        """Return the median of a value over the rounds."""
        return median(value(load) for load in self.loads)

    @property
    def rate(self) -> float:
        """Requests a second."""
        return self.of(lambda load: load.rate)

    @property
    def p50(self) -> float:
        """Half of the requests took no longer."""
        return self.of(lambda load: load.p50)

    @property
    def p99(self) -> float:
        """All but one in a hundred requests took no longer."""
        return self.of(lambda load: load.p99)

    def ratio(self, other: Measured) -> float | None:
        """Return the median over the rounds of this rate over that of the same round."""
        pairs = [*zip(self.loads, other.loads, strict=True)]
        if not all(its.rate for _, its in pairs):
            return None
        return median(mine.rate / its.rate for mine, its in pairs)


@dataclass(frozen=True)
class Results:
    """Everything that was measured."""

    cases: dict[Case, dict[str, Measured]]
    idle: dict[str, Memory]  # a single worker, before its first request
    body_bytes: dict[int, int]  # the mean size of a body of so many rows, and of its answer
    failed: list[str]  # what was answered with an error, or not at all


def measure(
    sides: Sequence[Side],
    folder: Path,
    *,
    seconds: float,
    rounds: int,
    workers: Sequence[int],
    say: Callable[[str], None],
) -> Results:
    """Start the sides with so many workers each, and put load on one after the other."""
    results = Results({}, {}, {}, [])
    scripts = {}
    for at, side in enumerate(sides):
        for rows in ROWS:
            sent = bodies(side, rows)
            scripts[side.name, rows] = write_script(folder, f"{at}-{rows}", side.path, sent)
            if not at:
                size = (folder / f"{at}-{rows}.jsonl").stat().st_size
                results.body_bytes[rows] = size // len(sent)
    for number in workers:
        with ExitStack() as stack:
            servers = {}
            for side in sides:
                say(f"starting {side.name}, workers: {number}")
                servers[side.name] = stack.enter_context(side.start(number))
            if number == 1:
                results.idle.update((name, one.memory()[0]) for name, one in servers.items())
            for case in (Case(number, rows, at) for rows in ROWS for at in CONNECTIONS):
                say(f"{case}")
                runs = {
                    name: _Run(name, server, scripts[name, case.rows], case, seconds, results)
                    for name, server in servers.items()
                }
                for at in range(rounds + 1):
                    for run in runs.values():
                        run.take(counts=at > 0)
                results.cases[case] = {name: run.measured() for name, run in runs.items()}
    return results


@dataclass
class _Run:
    """One side in one case, round after round; the first round does not count."""

    name: str
    server: Server
    script: Path
    case: Case
    seconds: float
    results: Results

    def __post_init__(self) -> None:
        self.loads: list[Load] = []
        self.used: list[float] = []

    def take(self, *, counts: bool) -> None:
        before = self.server.processor_seconds()
        seconds = self.seconds if counts else 1
        connections = self.case.connections
        load = put_load(self.server.port, self.script, connections=connections, seconds=seconds)
        used = self.server.processor_seconds() - before
        self.server.wait_until_idle()
        if load.failed:
            self.results.failed.append(f"{self.name}, {self.case}: {load.failed} requests failed")
        if counts:
            self.loads.append(load)
            self.used.append(used / max(1, load.requests))

    def measured(self) -> Measured:
        return Measured(tuple(self.loads), median(self.used))
