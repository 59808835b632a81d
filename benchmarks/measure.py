"""The parts of the benchmark; each measures all sides in turn and returns rows of the table."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from statistics import median
from time import perf_counter

from . import demands
from .environments import Environment, wheel
from .metrics import Rounds, as_bytes, as_seconds, best, interleave, quantile, ratio
from .table import Row
from .worker import Worker

__all__ = [
    "Effort",
    "Sides",
    "disk",
    "explanation",
    "files",
    "import_time",
    "one_row",
    "start",
    "tables",
    "train",
]

Taker = Callable[[], list[float]]
_FIRST_PRICE = Path(__file__).parent / "sides" / "first_price.py"
_KILOBYTES = 1 if sys.platform == "darwin" else 1024  # what ru_maxrss counts in


@dataclass(frozen=True)
class Effort:
    """How often everything is repeated."""

    one_row: int = 60
    tables: int = 15
    many: int = 5
    starts: int = 12
    imports: int = 80
    streams: int = 3


QUICK = Effort(one_row=3, tables=1, many=1, starts=1, imports=3, streams=1)


@dataclass(frozen=True)
class Sides:
    """Who is measured; there is no peer where it cannot be installed."""

    ours: Worker
    peer: Worker | None

    def takers(self, what: str, calls: dict[str, int], *, warm_up: int = 0) -> dict[str, Taker]:
        """Return who times `what`, by name, and how many calls each makes a round."""
        taken: dict[str, Taker] = {}
        for way, times in calls.items():
            worker = self.peer if way == "peer" else self.ours
            name = what if way in ("ours", "peer") else f"{what}, {way}"
            if worker:
                taken[way] = partial(worker.time, name, calls=times, warm_up=warm_up)
        return taken


def train(environment: Environment, folder: Path) -> tuple[Row, Path]:
    """Train with the command line; return also where the fitted pipeline is."""
    began = perf_counter()
    environment.run("-m", "regression_model", "train", "--output", str(folder))
    took = perf_counter() - began
    (pipeline,) = folder.glob("*.joblib")
    return Row(demands.TRAINING, as_seconds(took), measured=[took]), pipeline


def one_row(sides: Sides, effort: Effort) -> list[Row]:
    """Time single rows, each one another."""
    calls = {"peer": 5, "ours": 100, "codes": 100, "texts": 100, "pipeline": 3}
    taken = interleave(sides.takers("one", calls, warm_up=3), effort.one_row)
    bare = best(taken, ["codes", "texts"])
    return [
        _one_row_at(demands.ONE_P50, taken, bare, ratio, 0.5),
        _one_row_at(demands.ONE_P99, taken, bare, _ratio_of_p99, 0.99),
    ]


def explanation(sides: Sides, effort: Effort) -> Row:
    """Time the explanation of single rows."""
    taken = interleave(sides.takers("explain", {"ours": 5}, warm_up=1), effort.tables)
    took = quantile(taken["ours"], 0.5)
    return Row(demands.EXPLANATION, as_seconds(took), measured=[took])


def _ratio_of_p99(above: Rounds, below: Rounds) -> float:
    return quantile(above, 0.99) / quantile(below, 0.99)


def _one_row_at(
    what: str,
    taken: dict[str, Rounds],
    bare: Rounds,
    compare: Callable[[Rounds, Rounds], float],
    share: float,
) -> Row:
    return _row(what, taken, bare, compare, lambda rounds: as_seconds(quantile(rounds, share)))


def tables(sides: Sides, effort: Effort) -> list[Row]:
    """Time whole tables: records, a frame, and a large frame."""
    return [
        _table(sides, "1,459 rows, list of dicts", "dicts", effort.tables, most=3),
        _table(sides, "1,459 rows, DataFrame", "table", effort.tables, most=3),
        _table(sides, demands.MANY, "many", effort.many, most=2),
    ]


def _table(sides: Sides, what: str, rows: str, rounds: int, *, most: int) -> Row:
    ways = ["codes", "codes in slices", "texts", "texts in slices"]
    calls = {"peer": 1, "ours": most, **dict.fromkeys(ways[:2], most)}
    calls |= {**dict.fromkeys(ways[2:], 1), "pipeline": 1}
    taken = interleave(sides.takers(rows, calls), rounds)
    return _row(what, taken, best(taken, ways), ratio, _least_and_median)


def _least_and_median(rounds: Rounds) -> str:
    return f"{as_seconds(quantile(rounds, 0.5))} ({as_seconds(quantile(rounds, 0.0))})"


def _row(
    what: str,
    taken: dict[str, Rounds],
    bare: Rounds,
    compare: Callable[[Rounds, Rounds], float],
    rendered: Callable[[Rounds], str],
) -> Row:
    to_peer = compare(taken["peer"], taken["ours"]) if "peer" in taken else None
    to_bare = compare(taken["ours"], bare)
    row = Row(
        what,
        ours=rendered(taken["ours"]),
        pipeline=rendered(taken["pipeline"]),
        bare=rendered(bare),
        peer=rendered(taken["peer"]) if "peer" in taken else "",
        to_peer=to_peer,
        to_bare=to_bare,
    )
    return _held_to(row, to_peer, to_bare)


def _held_to(row: Row, *values: float | None) -> Row:
    """Attach the values of the demands, when the row has any."""
    return replace(row, measured=values[: len(row.demands)])


class Starts:
    """New processes of some kinds: how long each takes, and its peak memory."""

    def __init__(self) -> None:
        self.bytes: dict[str, list[float]] = {}

    def taker(self, name: str, environment: Environment, *arguments: str) -> Taker:
        """Return who starts one process and notes its memory."""
        command = environment.command(str(_FIRST_PRICE), *arguments)
        kept = self.bytes.setdefault(name, [])

        def take() -> list[float]:
            began = perf_counter()
            # From an empty folder: nothing is imported from where the benchmarks run.
            done = _finished(command, environment)
            took = perf_counter() - began
            kept.append(float(done.split()[-1]) * _KILOBYTES)
            return [took]

        return take


def _finished(command: list[str], environment: Environment) -> str:
    with tempfile.TemporaryDirectory() as empty:
        return subprocess.run(
            command,
            env=environment.variables,
            cwd=empty,
            stdout=subprocess.PIPE,
            text=True,
            check=True,
        ).stdout


def start(
    base: Environment,
    ours: Environment,
    peer: Environment | None,
    *,
    row: str,
    ready: dict[str, str],
    effort: Effort,
) -> list[Row]:
    """Time new processes until they end with a price; `ready` names the ready-made files."""
    starts = Starts()
    takers = {
        "ours": starts.taker("ours", base, "package", row, ""),
        "pipeline": starts.taker("pipeline", ours, "pipeline", ready["pipeline"], ready["frame"]),
        "bare": starts.taker("bare", base, "session", ready["model"], ready["feed"]),
    }
    if peer:
        takers["peer"] = starts.taker("peer", peer, "package", row, "")
    taken = interleave(takers, effort.starts)
    peaks = {name: max(kept) for name, kept in starts.bytes.items()}
    memory = peaks["ours"] / peaks["peer"] if peer else None
    sizes = {name: as_bytes(peak) for name, peak in peaks.items()}
    return [
        _row(demands.START, taken, taken["bare"], ratio, lambda r: as_seconds(quantile(r, 0.5))),
        Row(
            demands.MEMORY,
            sizes["ours"],
            sizes["pipeline"],
            sizes["bare"],
            sizes.get("peer", ""),
            to_peer=None if memory is None else 1 / memory,
            to_bare=peaks["ours"] / peaks["bare"],
            measured=[memory],
        ),
    ]


def import_time(base: Environment, effort: Effort) -> Row:
    """Time new interpreters with and without the import, in turn."""
    codes = {"bare": "pass", "ours": "import regression_model"}
    takers = {name: partial(_timed, base.command("-c", code), base) for name, code in codes.items()}
    taken = interleave(takers, effort.imports)
    pairs = zip(taken["ours"], taken["bare"], strict=True)
    more = median(ours[0] - bare[0] for ours, bare in pairs)
    return Row(demands.IMPORT, as_seconds(max(more, 0.0)), measured=[more])


def _timed(command: list[str], environment: Environment) -> list[float]:
    began = perf_counter()
    subprocess.run(command, env=environment.variables, check=True)
    return [perf_counter() - began]


def disk(base: Environment, peer: Environment | None) -> Row:
    """Compare what the installations take."""
    mine = base.installed_bytes()
    theirs = peer.installed_bytes() if peer else None
    return Row(
        demands.DISK,
        as_bytes(mine),
        peer=as_bytes(theirs) if theirs else "",
        to_peer=theirs / mine if theirs else None,
        measured=[mine / theirs if theirs else None],
    )


def files(worker: Worker) -> list[Row]:
    """Weigh the model file and the wheel."""
    model = Path(worker.ask("model_file"))
    built = wheel()
    size = model.stat().st_size
    rows = [Row(demands.MODEL_FILE, as_bytes(size), measured=[size])]
    return [*rows, Row("wheel", as_bytes(built.stat().st_size))] if built else rows
