"""The command predict."""

from __future__ import annotations

import os
import sys
from contextlib import ExitStack
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ..display import Table, plain, printable
from ..errors import InputError
from .options import FromOption, InputArgument, Kind, ModelOption, SeparatorOption, output_format
from .program import say
from .results import identifiers, problem_lines, problem_texts, simple
from .rows import PassingRows, Tally, column_names, passing_rows
from .terminal import show

if TYPE_CHECKING:
    from ..files.streams import Column, Sink, Slice, Source, Unread
    from ..runtime.contract import Contract
    from ..runtime.model import Prediction

__all__ = ["cores", "predict"]

_MOST_ROWS_SHOWN = 50
_MOST_THREADS = 4  # more wait for each other: Python runs one at a time
_NUMBERS = ("prediction", "lower", "upper")


def predict(
    source: InputArgument,
    output: Annotated[
        str | None,
        typer.Option(
            "--output",
            "-o",
            metavar="FILE",
            help="Where to write the results; without it, a table on a terminal and CSV elsewhere.",
        ),
    ] = None,
    model: ModelOption = None,
    from_kind: FromOption = None,
    to_kind: Annotated[
        Kind | None, typer.Option("--to", help="What to write, if the name does not say.")
    ] = None,
    separator: SeparatorOption = None,
    interval: Annotated[
        bool, typer.Option("--interval", help="Add the columns lower and upper.")
    ] = False,
    keep: Annotated[
        bool, typer.Option("--keep", help="Write the columns of INPUT as well.")
    ] = False,
    problems: Annotated[
        str | None,
        typer.Option(
            metavar="FILE", help="Where to write the problems, one a line, instead of a column."
        ),
    ] = None,
    threads: Annotated[
        int | None,
        typer.Option(
            metavar="N",
            min=1,
            max=256,
            help="How many slices to predict at once; without it, one for each core, at most 4.",
        ),
    ] = None,
    scheduler: Annotated[
        str | None,
        typer.Option(
            metavar="ADDRESS",
            help="Dask cluster for a partitioned data set: tcp://HOST:PORT, or local for one on "
            "this machine. INPUT is then a folder of Parquet files, or a pattern such as "
            "'data/*.parquet', and --output a folder; needs the extra dask.",
        ),
    ] = None,
    workers: Annotated[
        int | None,
        typer.Option(
            metavar="N",
            min=1,
            help="Processes of --scheduler local; without it, one for each core.",
        ),
    ] = None,
) -> None:
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
    if scheduler is not None:
        of_files: dict[str, Any] = {
            "--from": from_kind,
            "--to": to_kind,
            "--separator": separator,
            "--problems": problems,
            "--threads": threads,
        }
        _refuse_options_of_files(of_files)
        from .spreading import predict_dataset

        predict_dataset(
            source, output, model, scheduler, workers=workers, interval=interval, keep=keep
        )
        return
    if workers is not None:
        raise typer.BadParameter("is for --scheduler local.", param_hint="--workers")
    from ..files.streams import opened_sink

    kind = output_format(to_kind, output)
    terminal = output in (None, "-") and sys.stdout.isatty()
    if terminal and kind is not None and kind.kind == "parquet":
        raise InputError("Parquet cannot be written to a terminal: name a file with --output.")
    problem_kind = output_format(None, problems, option=None)
    if problem_kind is not None and problem_kind.kind == "parquet":
        raise InputError(f"{problems}: problems are written as CSV or as JSON Lines.")
    is_shown = terminal and output is None and kind is None
    outputs = {"results": None if is_shown else output or "-", "problems": problems}
    with passing_rows(source, model, from_kind, separator, outputs=outputs) as passing:
        contract = passing.model.contract
        table = _Columns(
            contract, passing.source, interval=interval, keep=keep, split=bool(problems)
        )
        parts = _predicted(passing, table, threads=threads or cores())
        if is_shown:
            _show_results(parts, passing.tally)
        else:
            with ExitStack() as stack:
                results = opened_sink(output or "-", format_=kind, numbers=_NUMBERS)
                sink = stack.enter_context(results)
                lines = problems and stack.enter_context(
                    opened_sink(problems, format_=problem_kind)
                )
                _write(parts, sink, lines or None)
    passing.tally.finish()


def _refuse_options_of_files(given: dict[str, Any]) -> None:
    for option, value in given.items():
        if value is not None:
            raise typer.BadParameter(
                "is for single files: give no --scheduler with it.", param_hint=option
            )


def cores() -> int:
    """Return how many cores this process may use, up to the number that helps."""
    allowed = getattr(os, "sched_getaffinity", None)
    cores = len(allowed(0)) if allowed else os.cpu_count() or 1
    return min(cores, _MOST_THREADS)


def _predicted(passing: PassingRows, table: _Columns, *, threads: int) -> Any:
    """Yield each part of the results, with its prediction and the number of rows before it."""
    from ..files.streams.ahead import in_order

    def work(unread: Unread) -> tuple[Slice, Prediction]:
        part = unread()
        return part, passing.model.predict(part.rows)

    tally = passing.tally
    slices = passing.source.slices(table.used, table.carried)
    held = None
    for part, prediction in in_order(work, slices, threads=threads):
        begins = tally.rows
        tally.add(prediction)
        passing.show(tally.rows)
        if held is not None:
            yield held
        held = table.columns(part, prediction), prediction, begins
        if not tally.is_missing_columns:
            yield held
            held = None
    tally.check_columns()  # before the only slice of a short input is written
    if held is not None:
        yield held
    if not tally.rows:
        yield table.empty(), None, 0


def _write(parts: Any, sink: Sink, lines: Sink | None) -> None:
    said: set[tuple[str | None, str]] = set()
    for columns, prediction, begins in parts:
        sink.write(columns)
        if lines is not None:
            lines.write(problem_lines(prediction, begins, said))


class _Columns:
    """The columns of the output.

    Attributes
    ----------
    used : the names whose columns the model is given
    carried : the names whose columns go to the output; None for all
    """

    def __init__(
        self, contract: Contract, source: Source, *, interval: bool, keep: bool, split: bool
    ) -> None:
        self.used, identifying = column_names(contract)
        self.carried = None if keep else identifying
        self._contract = contract
        self._interval = interval
        self._keep = keep
        self._added = ["prediction", *(["lower", "upper"] if interval else []), "assumed"]
        self._added += [] if split else ["problems"]
        if keep and source.names is not None:
            self._check_names(source.names)
        self._names = source.names or []

    def columns(self, part: Slice, prediction: Prediction) -> dict[str, Column]:
        """Return the columns of some rows."""
        columns: dict[str, Column]
        if self._keep:
            self._check_names(part.carried)
            columns = {name: simple(cells) for name, cells in part.carried.items()}
        else:
            columns = dict(identifiers(self._contract, part))
        columns["prediction"] = prediction.values
        if self._interval:
            columns["lower"] = prediction.lower
            columns["upper"] = prediction.upper
        columns["assumed"] = prediction.assumed
        if "problems" in self._added:
            columns["problems"] = problem_texts(prediction)
        return columns

    def empty(self) -> dict[str, Column]:
        """Return the columns of an input without rows."""
        names = self._names
        if not self._keep:
            known = self._contract.canonical_names
            names = [known[name] for name in self._names if name in (self.carried or ())]
        import numpy as np

        columns: dict[str, Column] = {name: [] for name in (*names, *self._added)}
        columns |= {name: np.empty(0) for name in self._added if name in _NUMBERS}
        return columns | {"assumed": np.empty(0, dtype=np.int64)}

    def _check_names(self, names: Any) -> None:
        for name in names:
            if name in self._added:
                raise InputError(
                    f"The input has a column {name!r}, and --keep would write a second one: "
                    "rename it."
                )
        if isinstance(names, list) and len({*names}) < len(names):
            raise InputError("--keep needs distinct column names: the input has two of one name.")


def _show_results(parts: Any, tally: Tally) -> None:
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
    if tally.rows > _MOST_ROWS_SHOWN:
        more = tally.rows - _MOST_ROWS_SHOWN
        say(f"{more:,} more: write all {tally.rows:,} rows with --output FILE.")


def _number(value: float | None) -> str:
    return "–" if value is None else plain(value)
