"""The job predict: rows in, results out, slice by slice."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from typing import TYPE_CHECKING, Any, Literal

from ..errors import InputError
from ..files.results import problem_texts
from .description.places import output_format
from .description.settings import (
    FromSetting,
    Kind,
    ModelSetting,
    SeparatorSetting,
    Text,
    Whole,
    YesNo,
    setting,
)
from .rows import PassedRows, PassingRows, RowsJob, identifiers, simple
from .spreading import predict_dataset
from .watching import Watcher

if TYPE_CHECKING:
    from ..config.mistakes import Mistake
    from ..files.streams import Column, Sink, Slice, Unread
    from ..runtime.model import Prediction

__all__ = ["NUMBERS", "PredictJob", "cores"]

_MOST_THREADS = 4  # more wait for each other: Python runs one at a time
NUMBERS = ("prediction", "lower", "upper")
_OF_PROBLEMS = ("field", "code", "severity", "message")


_Show = Callable[[Any, PassingRows], None]  # shows results on a terminal


class PredictJob(RowsJob):
    """Predict the target for every row."""

    kind: Literal["predict"] = "predict"
    output: Text | None = setting(
        "Where to write the results; without it, a table on a terminal and CSV elsewhere.",
        "--output",
        "-o",
        metavar="FILE",
    )
    model: ModelSetting = None
    from_kind: FromSetting = None
    to_kind: Kind | None = setting("What to write, if the name does not say.", alias="to")
    separator: SeparatorSetting = None
    interval: YesNo = setting("Add the columns lower and upper.", default=False)
    keep: YesNo = setting("Write the columns of INPUT as well.", default=False)
    problems: Text | None = setting(
        "Where to write the problems, one a line, instead of a column.", metavar="FILE"
    )
    threads: Whole | None = setting(
        "How many slices to predict at once; without it, one for each core, at most 4.",
        metavar="N",
        ge=1,
        le=256,
    )
    scheduler: Text | None = setting(
        "Dask cluster for a partitioned data set: tcp://HOST:PORT, or local for one on this "
        "machine. INPUT is then a folder of Parquet files, or a pattern such as 'data/*.parquet', "
        "and --output a folder; needs the extra dask.",
        metavar="ADDRESS",
    )
    workers: Whole | None = setting(
        "Processes of --scheduler local; without it, one for each core.", metavar="N", ge=1
    )

    def mistakes(self) -> Iterator[Mistake]:
        if self.scheduler is not None:
            for name in ("from_kind", "to_kind", "separator", "problems", "threads"):
                if getattr(self, name) is not None:
                    key = type(self).model_fields[name].alias or name
                    yield (key,), "is for single files: give no --scheduler with it."
            if self.output in (None, "-"):
                yield ("output",), "name a folder for the partitions."
        if self.workers is not None and self.scheduler != "local":
            yield ("workers",), "is for --scheduler local."

    def run(self, watcher: Watcher | None = None, *, show: _Show | None = None) -> PassedRows:
        """Predict, and write the results to `output`, or to standard output without it.

        `show` is called with results that would go to a terminal. With `scheduler` the partitions
        of a data set are predicted on a cluster.
        """
        return self.observed(lambda heard: self._predict(heard, show), watcher)

    def _predict(self, watcher: Watcher, show: _Show | None) -> PassedRows:
        if self.scheduler is not None:
            return predict_dataset(self, self.scheduler, watcher)
        from ..files.streams import opened_sink

        output, problems = self.output, self.problems
        kind = output_format(self.to_kind, output)
        terminal = output in (None, "-") and sys.stdout.isatty()
        if terminal and kind is not None and kind.kind == "parquet":
            raise InputError("Parquet cannot be written to a terminal: name a file with --output.")
        problem_kind = output_format(None, problems, option=None)
        if problem_kind is not None and problem_kind.kind == "parquet":
            raise InputError(f"{problems}: problems are written as CSV or as JSON Lines.")
        is_shown = show is not None and terminal and output is None and kind is None
        outputs = {"results": None if is_shown else output or "-", "problems": problems}
        with self.passing_rows(outputs, watcher) as passing:
            split = problems is not None
            table = _Columns(passing, interval=self.interval, keep=self.keep, split=split)
            parts = _predicted(passing, table, threads=self.threads or cores())
            if show is not None and is_shown:
                show(parts, passing)
            else:
                results = opened_sink(output or "-", format_=kind, numbers=NUMBERS)
                beside = opened_sink(problems, format_=problem_kind) if problems else nullcontext()
                with results as sink, beside as lines:
                    _write(parts, sink, lines)
        return passing.passed()


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

    slices = passing.source.slices(table.used, table.carried)
    held = None
    for part, prediction in in_order(work, slices, threads=threads):
        begins = passing.rows
        passing.add(prediction)
        passing.show(passing.rows)
        if held is not None:
            yield held
        held = table.columns(part, prediction), prediction, begins
        if not passing.is_missing_columns:
            yield held
            held = None
    passing.check_columns()  # before the only slice of a short input is written
    if held is not None:
        yield held
    if not passing.rows:
        yield table.empty(), None, 0


def _write(parts: Any, sink: Sink, lines: Sink | None) -> None:
    said: set[tuple[str | None, str]] = set()
    for columns, prediction, begins in parts:
        sink.write(columns)
        if lines is not None:
            lines.write(_problem_lines(prediction, begins, said))


def _problem_lines(
    prediction: Prediction | None, begins: int, said: set[tuple[str | None, str]]
) -> dict[str, list[Any]]:
    """Return one line a problem, with the row counted from 1 over the whole input.

    A problem of all rows has no row, and is written only once.
    """
    lines: dict[str, list[Any]] = {name: [] for name in ("row", *_OF_PROBLEMS)}
    for problem in () if prediction is None else prediction.problems:
        if problem.row is None:
            if (problem.field, problem.code) in said:
                continue
            said.add((problem.field, problem.code))
        lines["row"].append(None if problem.row is None else begins + problem.row + 1)
        for name in _OF_PROBLEMS:
            lines[name].append(getattr(problem, name))
    return lines


class _Columns:
    """The columns of the output.

    Attributes
    ----------
    used : the names whose columns the model is given
    carried : the names whose columns go to the output; None for all
    """

    def __init__(self, passing: PassingRows, *, interval: bool, keep: bool, split: bool) -> None:
        self._contract, names = passing.model.contract, passing.source.names
        self.used, identifying = self._contract.used_and_identifying
        self.carried = None if keep else identifying
        self._added = ["prediction", *(["lower", "upper"] if interval else []), "assumed"]
        self._added += [] if split else ["problems"]
        if keep and names is not None:
            self._check_names(names)
        self._names = names or []

    def columns(self, part: Slice, prediction: Prediction) -> dict[str, Column]:
        """Return the columns of some rows."""
        columns: dict[str, Column]
        if self.carried is None:
            self._check_names(part.carried)
            columns = {name: simple(cells) for name, cells in part.carried.items()}
        else:
            columns = dict(identifiers(self._contract, part))
        columns["prediction"] = prediction.values
        if "lower" in self._added:
            columns |= {"lower": prediction.lower, "upper": prediction.upper}
        columns["assumed"] = prediction.assumed
        if "problems" in self._added:
            columns["problems"] = problem_texts(prediction)
        return columns

    def empty(self) -> dict[str, Column]:
        """Return the columns of an input without rows."""
        names = self._names
        if self.carried is not None:
            known = self._contract.canonical_names
            names = [known[name] for name in names if name in self.carried]
        import numpy as np

        columns: dict[str, Column] = {name: [] for name in (*names, *self._added)}
        columns |= {name: np.empty(0) for name in self._added if name in NUMBERS}
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
