"""The command predict."""

from __future__ import annotations

from contextlib import nullcontext
from typing import TYPE_CHECKING, Any

import typer

from ..display import Table, plain, printable
from .console.commands import JobFunction
from .console.program import if_interrupted, say
from .console.terminal import Terminal, show

if TYPE_CHECKING:
    from ..jobs.predicting import PredictJob
    from ..jobs.rows import PassedRows, PassingRows

__all__ = ["finish", "predict"]

_MOST_ROWS_SHOWN = 50
_NUMBERS = ("prediction", "lower", "upper")


@JobFunction
def predict(job: PredictJob) -> None:
    """Predict the target for every row.

    Reads and writes CSV, JSON Lines and, with the extra batch, Parquet; CSV and JSON Lines may be
    compressed (.gz). Rows are read and written in slices, so the input may be larger than memory.
    One row comes out for each row that goes in, in the same order: its identifier if it has one,
    the prediction, and its problems. Exit code 1 means that some rows have no prediction.

    With --scheduler the partitions of a data set are predicted on a Dask cluster, whose workers
    need the same paths as this command: one file comes out for each file that goes in, under the
    same name. After an interruption the same command predicts only what is not finished.

    \b
    Examples:
      regression-model predict houses.csv
      regression-model predict houses.csv.gz --output prices.parquet --interval
      regression-model predict houses.csv --separator ";" --keep -o prices.csv
      cat houses.jsonl | regression-model predict - --to jsonl
      regression-model predict sales -o prices --scheduler tcp://10.0.0.1:8786
    """
    kept = "finished partitions are kept, and the same command goes on from there."
    with nullcontext() if job.scheduler is None else if_interrupted(kept):
        finish(job.run(Terminal(), show=_show_results))


def finish(passed: PassedRows) -> None:
    """Say what became of the rows; exit code 1 if any was refused."""
    say(passed.sentence)
    if passed.refused:
        raise typer.Exit(1)


def _show_results(parts: Any, passing: PassingRows) -> None:
    from ..files.streams import listed

    first: dict[str, list[Any]] = {}
    for columns, *_ in parts:
        for name, cells in columns.items():
            shown_cells = first.setdefault(name, [])
            shown_cells += listed(cells[: _MOST_ROWS_SHOWN - len(shown_cells)])
    texts = [
        [_number(v) if name in _NUMBERS else printable(v) for v in cells]
        for name, cells in first.items()
    ]
    numbers_to = len(first) - ("problems" in first)
    rows = [*zip(*texts, strict=True)]
    show(Table("", [*first], rows, numbers_from=0, numbers_to=numbers_to))
    if (more := passing.rows - _MOST_ROWS_SHOWN) > 0:
        say(f"{more:,} more: write all {passing.rows:,} rows with --output FILE.")


def _number(value: float | None) -> str:
    return "–" if value is None else plain(value)
