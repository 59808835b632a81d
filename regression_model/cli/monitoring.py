"""The command monitor."""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer

from ..display import printable
from .console.commands import JobFunction
from .console.terminal import Terminal, show, show_json

if TYPE_CHECKING:
    from ..jobs.monitoring import MonitorJob
    from ..monitoring import DriftReport

__all__ = ["monitor"]

_MOST_FIELDS = 12


@JobFunction
def monitor(job: MonitorJob) -> None:
    """Say whether new rows differ from the training rows.

    Each field of the new rows is tested against the profile in the model file, and so are the
    predictions; where outcomes are known, the error and the coverage of the intervals as well.
    Thresholds come from the configuration that the model was trained with, unless an option says
    otherwise. Rows are read in slices, so the input may be larger than memory. Exit code 0: no
    drift, 1: drift, 2: invalid input.

    \b
    Examples:
      regression-model monitor sales-of-june.csv
      regression-model monitor sales.csv --time sold --window quarter --report reports
      regression-model monitor asked.jsonl --outcomes sold.csv --json
    """
    found = job.run(Terminal(show_json if job.as_json else _show))
    if found.has_drift:
        raise typer.Exit(1)


def _show(found: DriftReport) -> None:
    """Print a report to standard output, most important first."""
    from ..monitoring import tables

    show(printable(tables.headline(found)), style="bold", soft_wrap=True)
    show(*map(printable, tables.sentences(found)), soft_wrap=True)
    show(
        tables.windows(found),
        tables.fields(found.everything, most=_MOST_FIELDS),
        tables.summary(found.everything),
        tables.outcomes(found),
    )
    show(*map(printable, found.notes), soft_wrap=True)
