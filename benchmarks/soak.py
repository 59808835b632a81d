"""The service under attack, for as long as it takes: `python -m benchmarks.soak --minutes 10`.

Hostile requests one after the other, clients that stop in the middle of a request, workers that are
killed under load, schemathesis on the OpenAPI document, and minutes of honest and hostile requests
together, in which the memory of the workers is watched. `docs/reliability.md` has the results.
"""

from __future__ import annotations

import argparse
import os
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from time import monotonic

from .environments import ROOT, Unavailable
from .report import with_section
from .rows import read_records
from .serving.attack import Tally, attack, kill_workers, slow_clients, soak
from .serving.hostile_bodies import KINDS
from .serving.servers import service
from .table import markdown
from .timings import as_bytes, as_seconds

__all__ = ["HEADING", "main"]

PAGE = ROOT / "docs" / "reliability.md"
HEADING = "## The service under attack"
_LIMIT = 2.0  # seconds that the service waits for a slow client, here
_MOST_GROWTH = 1.05  # of the memory, from the first third to the last
_INTRODUCTION = """\
`tox -e reliability` tries this against `regression-model serve`, and writes this section; it ends
with exit code 1 if something else happens than is stated here. What is expected: a request that
is not of the form is refused with a 4xx and one sentence; one of the form is answered with 200,
and the rows in it that are wrong are in error, one by one, with a reason. A 5xx, a connection
that is closed without an answer, an answer after more than 20 s, or a traceback is wrong."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Try everything, write the section, and return 1 if something unexpected happened."""
    options = _parse(arguments)
    lines, wrong = [], []
    tally = Tally()
    try:
        for part in options.only or _PARTS:
            _say(part)
            found, faults = _PARTS[part](options, tally)
            lines.append(found)
            wrong += faults
    except Unavailable as reason:
        _say(f"The attack stopped: {reason}.")
        return 2
    header = ["tried", "how often", "what happened", "test"]
    parts = [HEADING, _INTRODUCTION, markdown(header, lines)]
    if tally.answers:
        parts += ["The hostile requests by kind:", _kinds(tally)]
    section = "\n\n".join(parts)
    print(section)
    if options.write and not options.only and not wrong:
        page = PAGE.read_text(encoding="utf-8")
        PAGE.write_text(with_section(page, section), encoding="utf-8")
    for line in wrong[:50]:
        _say(f"wrong: {line}")
    return 1 if wrong else 0


def _parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.soak", description=__doc__)
    parser.add_argument("--minutes", type=float, default=10, help="of the soak")
    parser.add_argument("--requests", type=int, default=10_000, help="that are hostile")
    parser.add_argument("--kills", type=int, default=20, help="of a worker")
    parser.add_argument("--examples", type=int, default=200, help="of schemathesis, each operation")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--only", action="append", choices=_PARTS, help="one part; not written")
    parser.add_argument(
        "--no-write", dest="write", action="store_false", help="leave the page as it is"
    )
    return parser.parse_args(arguments)


def _say(words: str) -> None:
    print(words, file=sys.stderr, flush=True)


Found = tuple[list[str], list[str]]


def _hostile(options: argparse.Namespace, tally: Tally) -> Found:
    begun = monotonic()
    with service("--no-access-log", "--log-level", "error") as server:
        tried = attack(server.port, read_records()[0], number=options.requests, seed=options.seed)
        logged = server.said()
    tally.answers.update(tried.answers)
    honest = sum(n for (kind, _), n in tried.answers.items() if kind not in KINDS)
    happened = f"{options.requests - len(tried.wrong):,} as expected, {len(tried.wrong)} not; "
    happened += f"the slowest took {as_seconds(tried.slowest)}, all {monotonic() - begun:.0f} s; "
    happened += f"{honest} honest requests between them were answered"
    faults = tried.wrong + [f"logged: {line}" for line in logged.splitlines() if '"failed"' in line]
    what = f"Hostile requests of {len(KINDS)} kinds, see below"
    return [what, f"{options.requests:,} of one seed", happened, _TEST], faults


def _slow(options: argparse.Namespace, tally: Tally) -> Found:
    clients = 100
    with service("--timeout", f"{_LIMIT:g}", "--no-access-log") as server:
        begun = monotonic()
        tried = slow_clients(server.port, read_records()[0], clients=clients, limit=_LIMIT)
        took = monotonic() - begun
    refused = tried.answers["a request that stops", 408]
    happened = f"{refused} were refused with 408, all within {took:.1f} s, where the limit is "
    happened += f"{_LIMIT:g} s; 20 honest requests meanwhile were answered"
    what = "Clients that stop in the middle of a request and wait, at once"
    return [what, str(clients), happened, _TEST], tried.wrong


def _kill(options: argparse.Namespace, tally: Tally) -> Found:
    with service("--no-access-log", workers=2) as server:
        killed = kill_workers(server, read_records()[0], kills=options.kills)
    faults = [
        f"a kill lost {lost} requests of {killed.connections} connections"
        for lost in killed.lost
        if lost > killed.connections
    ]
    happened = f"{sum(killed.lost)} requests were lost with the worker that had them, at most "
    happened += f"{max(killed.lost)} at once of {killed.connections} under way; sent again, they "
    happened += f"were answered, like the {killed.answered:,} others; after "
    happened += f"{as_seconds(median(killed.seconds))} there was a new worker"
    what = "`SIGKILL` to one of two workers under load"
    return [what, f"{options.kills} times", happened, "`python -m benchmarks.soak --only kill`"], (
        faults + killed.wrong
    )


def _schemathesis(options: argparse.Namespace, tally: Tally) -> Found:
    command = [sys.executable, "-m", "schemathesis.cli", "--config-file", "schemathesis.toml"]
    command += ["run", "--no-color", "--mode", "all", "--phases", "examples,coverage,fuzzing"]
    command += ["--max-examples", str(options.examples), "--seed", str(options.seed)]
    command += ["--continue-on-failure", "--warnings", "off", "--request-timeout", "20"]
    command += ["--generation-database", "none", "--exclude-path", "/"]
    with TemporaryDirectory() as folder, service("--no-access-log") as server:
        Path(folder, "schemathesis.toml").write_text(_REFUSALS, encoding="utf-8")
        # No schema can say that all lists of a table have one length, nor what CSV is.
        of_bodies = "positive_data_acceptance,negative_data_rejection"
        address = f"http://127.0.0.1:{server.port}/api/v1/openapi.json"
        tables = ["--include-path", "/invocations", "--exclude-checks", of_bodies]
        outputs = []
        for chosen in (["--exclude-path", "/invocations"], tables):
            done = subprocess.run(
                [*command, *chosen, address],
                capture_output=True,
                text=True,
                cwd=folder,
                check=False,
            )
            outputs.append((done.returncode, done.stdout + done.stderr))
    cases = sum(int(n.replace(",", "")) for _, text in outputs for n in _GENERATED.findall(text))
    faults = [text[-3000:] for code, text in outputs if code]
    happened = "nothing unexpected" if not faults else "**unexpected answers**"
    what = "schemathesis on `/api/v1/openapi.json`: what the document allows, and what it does not"
    return [what, f"{cases:,} requests", happened, "`tests/serving/test_openapi.py`"], faults


# What is too large is refused with 413, which schemathesis does not count as refused; and a body
# can be too large in bytes where the schema bounds its rows.
_REFUSALS = """\
[checks.negative_data_rejection]
expected-statuses = [400, 401, 404, 405, 408, 413, 415, 422]
[checks.positive_data_acceptance]
expected-statuses = ["2xx", 413]
"""
_GENERATED = re.compile(r"([\d,]+) generated")


def _soak(options: argparse.Namespace, tally: Tally) -> Found:
    with service("--no-access-log", "--log-level", "error", workers=2) as server:
        memories, tried = soak(server, read_records(), minutes=options.minutes, say=_say)
    first, last = memories.thirds
    honest = sum(n for (kind, _), n in tried.answers.items() if kind not in KINDS)
    asked = sum(tried.answers.values())
    happened = f"{asked - len(tried.wrong):,} answers as expected, {len(tried.wrong)} not; the "
    happened += f"memory of both workers is {as_bytes(first)} on average in the first third and "
    happened += f"{as_bytes(last)} in the last ({last / first - 1:+.1%}), with a slope of "
    happened += f"{memories.slope / 1e6:+.1f} MB an hour in the second half"
    faults = list(tried.wrong)
    if last > _MOST_GROWTH * first:
        faults.append(f"memory grew from {as_bytes(first)} to {as_bytes(last)}")
    what = f"{options.minutes:g} minutes of honest requests of 1 to 300 rows and hostile ones"
    often = f"{honest:,} honest, {asked - honest:,} hostile"
    return [what, often, happened, "`python -m benchmarks.soak --only soak`"], faults


_TEST = "`tests/serving/test_hostile_bodies.py`"
_PARTS = {
    "hostile": _hostile,
    "slow": _slow,
    "kill": _kill,
    "schemathesis": _schemathesis,
    "soak": _soak,
}


def _kinds(tally: Tally) -> str:
    answers: dict[str, Counter[int]] = {kind: Counter() for kind in KINDS}
    for (kind, status), number in tally.answers.items():
        if kind in KINDS:
            answers[kind][status] += number
    lines = [
        [
            kind,
            f"{found.total():,}",
            ", ".join(
                f"{number:,} {'left' if status == 0 else status}"
                for status, number in sorted(found.items())
            ),
        ]
        for kind, found in answers.items()
    ]
    return markdown(["kind", "requests", "answers"], lines)


if __name__ == "__main__":
    os.environ.pop("REGRESSION_MODEL_API_KEY", None)
    sys.exit(main())
