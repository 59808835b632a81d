"""The benchmark as a document."""

from __future__ import annotations

import os
import platform
from collections.abc import Sequence
from pathlib import Path

from . import behaviour
from .environments import ROOT
from .table import HEADER, Row, markdown

__all__ = ["DOCUMENT", "machine", "render", "with_section"]

DOCUMENT = ROOT / "docs" / "benchmarks.md"

_INTRODUCTION = """\
# Benchmarks

`tox -e bench` measures this and writes this page. It ends with exit code 1 when a demand is
missed. [The service under load](serving-benchmarks.md) is measured apart."""

_METHOD = """\
## How it is measured

- Everything is measured in one run, and the sides take turns round by round, so that a machine
  that slows down slows all of them. A ratio is the median of the ratios of the rounds; for p99 it
  is the ratio of the two p99 over all calls. Every part begins with a round that does not count.
- *Ours* is `make_prediction` of the installed wheel, with all checks; *the peer* is
  `make_prediction` of tid-regression-model 3.2.0, with the pins in `requirements/peer.txt`, in an
  environment of its own.
- *Bare session* is `session.run` of the same model file on arrays made before, with the same three
  outputs. The categories go in as texts or as codes, all rows at once or in slices of 8,192; the
  fastest way is the one shown.
- *scikit-learn pipeline* is `predict` of the pipeline that the model file was exported from, on a
  frame made and checked before. Its prices, those of the bare session and ours agree to 1e-9, or
  the benchmark stops.
- Single rows are the first of `test.csv` that the peer prices too, in turn, those with warnings
  included. Tables show the median, with the least in brackets; the large one is `test.csv` 70
  times.
- A new process is timed from outside, from its start to its end, in the base install (the
  pipeline: with the training extra). Peak memory is `ru_maxrss`. Disk is all of site-packages with
  its bytecode, but not pip and setuptools.
- One thread for every side."""


def machine(versions: dict[str, dict[str, str]]) -> str:
    """Describe where this was measured, without the name of the machine."""
    described = [
        f"Measured on {os.cpu_count()} cores ({_processor()}), {platform.system()}, "
        f"Python {platform.python_version()}."
    ]
    for side, libraries in versions.items():
        listed = ", ".join(f"{name} {number}" for name, number in libraries.items())
        described.append(f"{side}: {listed}.")
    return "\n".join(described)


def _processor() -> str:
    information = Path("/proc/cpuinfo")
    if information.is_file():
        for line in information.read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.machine()


def render(
    rows: Sequence[Row],
    behaviours: Sequence[Sequence[str]],
    *,
    streams: str,
    described: str,
    notes: Sequence[str] = (),
) -> str:
    """Put the tables and the words around them together."""
    parts = [
        _INTRODUCTION,
        described,
        *notes,
        markdown(HEADER, [row.cells for row in rows]),
        streams,
        "## What comes of bad rows\n\nBoth were run on the same rows.",
        markdown(behaviour.HEADER, behaviours),
        _METHOD,
    ]
    return "\n\n".join(parts) + "\n"


def with_section(page: str, section: str) -> str:
    """Replace a section of a page, or add it before all others."""
    heading = section.partition("\n")[0]
    before, found, rest = page.partition(f"{heading}\n")
    if found:
        _, next_heading, after = rest.partition("\n## ")
    else:
        before, next_heading, after = page.partition("\n## ")
        before += "\n"
    return f"{before}{section}\n{next_heading}{after}"
