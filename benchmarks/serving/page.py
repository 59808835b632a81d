"""The measurements of the service as a page, with its demands and what follows for sizing."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from statistics import median

from ..demands import Demand
from ..environments import ROOT
from ..table import markdown
from ..timings import as_bytes, as_ratio, as_seconds
from .measure import CONNECTIONS, ROWS, Case, Measured, Results
from .sides import BARE, ECHO, MLFLOW, OURS

__all__ = ["PAGE", "Verdict", "render", "verdicts"]

PAGE = ROOT / "docs" / "serving-benchmarks.md"

_INTRODUCTION = """\
# The service under load

`tox -e bench_serve` measures this and writes this page and its picture; it needs
[wrk](https://github.com/wg/wrk), and takes about {minutes} minutes. It ends with exit code 1 when
a demand is missed. [Serving](serving.md) describes the service."""

_METHOD = """\
## How it is measured

- wrk keeps 1, 8 or 64 connections busy: each sends the next request when it has the answer to the
  last one. So the latencies at 8 and 64 connections are those of a service at its limit, and most
  of them is waiting: with n connections a request waits for n - 1 others.
- wrk runs on the same machine, with one thread. It used {wrk:.0%} of a core while it measured the
  service at 8 connections and one row, so two workers on 2 cores share them with it.
- All servers are started with one worker each, then with two. They take turns: {rounds} rounds of
  {seconds:g} s each, after one that does not count; a server that is not asked is idle. Values
  are medians of the rounds, ratios the medians of the rounds' ratios. The load of the machine was
  {load:.1f} before.
- Bodies are rows of `test.csv` with all 80 fields, {one} for one row and {many} for 100, in turn.
- *{echo}* is the service with one path more, which parses the JSON of a body and gives the body
  back: the same server, application and limits, no prediction. Requests for predictions up to
  64 KiB skip the ASGI call that an echo takes. *{bare}* does the same as a function of
  ten lines, without limits, request ids and metrics, and *Echo of Starlette* with Starlette.
- The *FastAPI app* is `benchmarks/sides/course_app.py`: pydantic reads the rows, a `DataFrame`
  goes into `make_prediction`. On *the peer*, the same file runs with tid-regression-model 3.2.0,
  in its own environment. Both apps are async functions that predict in the event loop, as they
  are written in courses.
- *MLflow* serves a model from code that predicts a constant: what is measured is its server. The
  body is `dataframe_records`.
- All run under uvicorn with uvloop and httptools, but for MLflow, which chooses by itself. No
  server writes a log line for each request.
- Memory is that of a worker before its first request: resident (RSS), and its proportional share
  (PSS)."""


class Verdict:
    """A demand, what was measured, and whether it is met."""

    def __init__(self, what: str, demand: Demand, value: float | None, shown: str) -> None:
        self.what, self.demand, self.value, self.shown = what, demand, value, shown

    @property
    def missed(self) -> bool:
        """Whether it was measured and does not hold."""
        return self.value is not None and not self.demand.is_met(self.value)

    @property
    def cells(self) -> list[str]:
        """The row of the table."""
        met = "not measured" if self.value is None else "**not met**" if self.missed else "met"
        return [self.what, self.shown, self.demand.text, met]


def verdicts(results: Results) -> list[Verdict]:
    """Hold the results to the demands."""
    eight, one, many = (results.cases[Case(1, r, c)] for r, c in ((1, 8), (1, 1), (100, 8)))
    ours, unloaded, idle = eight[OURS], one[OURS], results.idle[OURS]
    share, rows = ours.ratio(eight[ECHO]), 100 * many[OURS].rate
    mlflow = ours.ratio(eight[MLFLOW]) if MLFLOW in eight else None
    waits = ours.p99 / unloaded.p50
    at = "1 row, one worker, 8 connections: "
    return [
        Verdict(
            at + "share of the echo's rate",
            Demand("at least 60%", 0.6, at_least=True),
            share,
            "" if share is None else f"{share:.0%}",
        ),
        Verdict(
            at + "rate beside MLflow's",
            Demand("at least 10×", 10, at_least=True),
            mlflow,
            as_ratio(mlflow),
        ),
        Verdict(
            at + "p99 beside the p50 of 1 connection",
            Demand("at most 5×", 5),
            waits,
            f"{as_seconds(ours.p99)} : {as_seconds(unloaded.p50)} = {as_ratio(waits)}",
        ),
        Verdict(
            "100 rows, one worker, 8 connections: rows a second",
            Demand("at least 50,000", 50_000, at_least=True),
            rows,
            f"{rows:,.0f}",
        ),
        Verdict(
            "an idle worker's memory",
            Demand("under 120 MB", 120e6),
            idle.resident,
            f"{as_bytes(idle.resident)} resident, {as_bytes(idle.proportional)} proportional",
        ),
    ]


def render(
    results: Results, *, described: str, notes: Sequence[str], run: Mapping[str, float]
) -> str:
    """Put the tables and the words around them together."""
    busy = results.cases[Case(1, 1, 8)][OURS]
    seconds = median(load.requests / load.rate for load in busy.loads)
    method = _METHOD.format(
        echo=ECHO.capitalize(),
        bare=BARE.capitalize(),
        wrk=busy.of(lambda load: load.processor_seconds) / seconds,
        one=as_bytes(results.body_bytes[1]),
        many=as_bytes(results.body_bytes[100]),
        **run,
    )
    failures = [f"- {line}" for line in results.failed] or ["Every request was answered with 200."]
    parts = [
        _INTRODUCTION.format(**run),
        described,
        *notes,
        markdown(("what", "measured", "demand", "verdict"), [v.cells for v in verdicts(results)]),
        "![Requests a second at 8 connections](serving-benchmarks.svg)",
        *_tables(results),
        _memory(results),
        "\n".join(failures),
        sizing(results),
        method,
    ]
    return "\n\n".join(parts) + "\n"


def _tables(results: Results) -> list[str]:
    header = ["requests a second", *(f"{n} connection{'s' * (n > 1)}" for n in CONNECTIONS)]
    header += [f"p50 / p90 / p99 at {n}" for n in CONNECTIONS]
    header += ["service : this", "processor, each"]
    parts = []
    for workers in sorted({case.workers for case in results.cases}):
        for rows in ROWS:
            cases = [results.cases[Case(workers, rows, n)] for n in CONNECTIONS]
            lines = [_line(name, [case[name] for case in cases], cases) for name in cases[0]]
            number = "One worker" if workers == 1 else f"{workers} workers"
            title = f"## {number}, {rows} row{'s' * (rows > 1)} a request"
            parts += [title, markdown(header, lines)]
    return parts


def _line(
    name: str, measured: Sequence[Measured], cases: Sequence[Mapping[str, Measured]]
) -> list[str]:
    at = CONNECTIONS.index(8)
    return [
        name,
        *(f"{one.rate:,.0f}" if one.rate >= 100 else f"{one.rate:.1f}" for one in measured),
        *(
            (
                " / ".join(map(as_seconds, (one.p50, one.of(lambda load: load.p90), one.p99)))
                if one.rate
                else "no answer in time"
            )
            for one in measured
        ),
        "" if name == OURS else as_ratio(cases[at][OURS].ratio(cases[at][name])),
        as_seconds(measured[at].processor_seconds),
    ]


def _memory(results: Results) -> str:
    lines = [
        [name, as_bytes(one.resident), as_bytes(one.proportional)]
        for name, one in results.idle.items()
    ]
    table = markdown(("an idle worker of", "resident", "proportional"), lines)
    return f"The ratio and the processor time of a request are those at 8 connections.\n\n{table}"


def sizing(results: Results) -> str:
    """Return what follows for machines of other sizes, as arithmetic from the measured rates."""
    cases = results.cases
    one, many = (cases[Case(1, rows, 8)][OURS].processor_seconds for rows in ROWS)
    echo = cases[Case(1, 1, 8)][BARE].processor_seconds
    requests, rows = 1 / one, 100 / many
    of_http = min(1.0, echo / one)
    workers = max(case.workers for case in cases)
    both = cases[Case(workers, 1, 8)][OURS].rate, 100 * cases[Case(workers, 100, 8)][OURS].rate
    cores, bits = os.cpu_count() or 1, 8 * results.body_bytes[1] * requests
    bits_many = 8 * results.body_bytes[100] / 100 * rows
    lines = [
        [name, f"{n * requests:,.0f}", f"{n * rows:,.0f}", _gigabits(n * bits), _duration(n * rows)]
        for name, n in (("one core", 1), (f"{cores} cores", cores), ("1,000 cores", 1_000))
    ]
    header = ("carries", "requests of 1 row a second", "rows a second in requests of 100")
    table = markdown((*header, "network for 1-row bodies", "1,000,000,000 rows"), lines)
    return f"""\
## Sizing

A request of one row takes {as_seconds(one)} of a processor, one of 100 rows {as_seconds(many)}
(one worker, 8 connections). The table is that time, multiplied: one worker for each core, nothing
else on the core, and all cores busy. It assumes that workers do not slow each other down; they
share no lock, no file that is written and no connection, only the bandwidth of the memory.
Measured with {workers} workers on {cores} cores, where wrk takes its part: {both[0]:,.0f}
requests of one row and {both[1]:,.0f} rows in requests of 100 a second.

{table}

- Plan for half of it: a service at its limit has queues, and the p99 above is mostly waiting.
- Send rows together. A row in a request of 100 costs {as_seconds(many / 100)}, alone it costs
  {as_seconds(one)}: {as_ratio(100 * one / many)} as much.
- A worker needs {as_bytes(results.idle[OURS].resident)} at first; [reliability](reliability.md)
  has what it keeps under load.
- The next bottleneck of a core is {_next_of_a_core(of_http)}
- The next bottleneck of a cluster is the network in front of it: bodies of one row for one core
  are {_gigabits(bits)}, those of 100 rows {_gigabits(bits_many)}, so a link of 10 Gbit/s feeds
  {10e9 / bits:,.0f} cores with the first and {10e9 / bits_many:,.0f} with the second. Beyond
  that, put a load balancer in front of each group of machines, or move the model to the data:
  `regression-model predict` reads files, and [clusters](clusters.md) read Parquet, without HTTP
  and JSON."""


def _next_of_a_core(of_http: float) -> str:
    parts = (
        f"a function that only parses a body and gives it back takes {of_http:.0%} of the time of "
        f"a request of one row. The other {1 - of_http:.0%} are checking and predicting the row, "
        "writing the answer, and counting."
    )
    return f"HTTP itself: {parts}" if of_http > 0.5 else f"the prediction: {parts}"


def _gigabits(bits: float) -> str:
    return f"{bits / 1e9:,.2f} Gbit/s" if bits < 1e10 else f"{bits / 1e9:,.0f} Gbit/s"


def _duration(rows: float) -> str:
    seconds = 1e9 / rows
    if seconds > 3600:
        return f"{seconds / 3600:.1f} h"
    return f"{seconds / 60:.0f} min" if seconds > 120 else f"{seconds:.0f} s"
