"""How long tables take that pass in slices, beside pyarrow that only copies them.

Repeats the rows of test.csv, and measures `regression-model predict` on them in processes of its
own: CSV and Parquet with the extra batch, CSV as the base install reads it, and ten times as many
rows of Parquet. Prints a table, and puts it into its section of docs/benchmarks.md.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import cycle, islice
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from time import perf_counter

import regression_model

from . import demands
from .environments import ROOT
from .report import DOCUMENT, with_section
from .table import Row, markdown
from .timings import as_bytes, as_seconds

__all__ = [
    "HEADING",
    "Run",
    "copy",
    "main",
    "measured",
    "section",
    "write_parquet",
    "write_rows",
]

HEADING = "## Tables that pass in slices"
ROWS = 1_000_000
TIMES_LONGER = 10
ROUNDS = 3
TEST_CSV = Path(regression_model.__file__).parent / "datasets" / "test.csv"
WITH_BATCH = "from regression_model.cli import main; main()"
BASE = f"import sys; sys.modules.update({{'pyarrow': None, 'pyarrow.csv': None}}); {WITH_BATCH}"
# The benchmarks are found for this one import only: the package measured is the installed one.
_OURS = f"import sys; sys.path.insert(0, {str(ROOT)!r}); from benchmarks.streams import *; "
_OURS += f"sys.path.remove({str(ROOT)!r}); "
COPY = _OURS + "copy(*sys.argv[1:])"
_HEADER = (
    "what",
    "clock",
    "processors",
    "memory",
    "pyarrow copies, clock",
    "processors",
    "memory",
    "demand",
    "verdict",
)
_METHOD = """\
`regression-model predict FILE --output FILE`, from the start of the process to its end, with the
threads that it chooses by itself; the rows are those of `test.csv` again and again. Beside it,
pyarrow reads the same file in slices, CSV as texts, and writes all its columns into another one.
They take turns: the median of {rounds} rounds, the least in brackets; memory is the most of any
round, and the longest table is measured once. For the base install pyarrow cannot be imported. The
load of the machine was {load:.1f} before the first round."""


@dataclass(frozen=True)
class Run:
    """What one run took: seconds of the clock and of the processors, and the most memory."""

    seconds: float
    processor_seconds: float
    bytes: float


def write_rows(path: Path, rows: int) -> None:
    """Write the rows of test.csv again and again, as many as are asked for."""
    header, *lines = TEST_CSV.read_text(encoding="utf-8").splitlines(keepends=True)
    with open(path, "w", encoding="utf-8") as file:
        file.write(header)
        file.writelines(islice(cycle(lines), rows))


def write_parquet(path: str, source: str, times: int = 1) -> None:
    """Write a CSV file as Parquet, several times over, with numbers as numbers."""
    from pyarrow import csv, parquet

    convert = csv.ConvertOptions(null_values=["", "NA"], strings_can_be_null=False)
    table = csv.read_csv(source, convert_options=convert)
    with parquet.ParquetWriter(path, table.schema) as writer:
        for _ in range(times):
            writer.write_table(table)


def copy(source: str, output: str) -> None:
    """Copy a table with pyarrow alone, slice by slice."""
    import pyarrow
    from pyarrow import csv, parquet

    if source.endswith(".parquet"):
        file = parquet.ParquetFile(source)
        with parquet.ParquetWriter(output, file.schema_arrow) as writer:
            for batch in file.iter_batches():
                writer.write_batch(batch)
        return
    with open(source, encoding="utf-8") as rows:
        names = next(rows).strip().split(",")
    convert = csv.ConvertOptions(column_types=dict.fromkeys(names, pyarrow.string()))
    with csv.open_csv(source, convert_options=convert) as reader:
        with csv.CSVWriter(output, reader.schema) as writer:
            for batch in reader:
                writer.write_batch(batch)


def measured(code: str, *arguments: str | Path) -> Run:
    """Run Python with some code, and with these arguments for it."""
    begun = perf_counter()
    process = subprocess.Popen(
        [sys.executable, "-P", "-c", code, *map(str, arguments)], stderr=subprocess.PIPE, cwd=ROOT
    )
    assert process.stderr is not None
    with process.stderr as stderr:
        said = stderr.read().decode()
    _, status, usage = os.wait4(process.pid, 0)
    seconds = perf_counter() - begun
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        raise SystemExit(said)
    most = usage.ru_maxrss * (1 if sys.platform == "darwin" else 1024)
    return Run(seconds, usage.ru_utime + usage.ru_stime, most)


def section(*, rows: int = ROWS, rounds: int = ROUNDS) -> tuple[list[Row], str]:
    """Measure everything; return what is held to demands, and the section of the page."""
    load = os.getloadavg()[0]
    with TemporaryDirectory() as folder:
        runs = _runs(Path(folder), rows, rounds)
    memory = [max(run.bytes for run in ours) for ours, _ in runs.values()]
    times = [median(run.seconds for run in ours) for ours, _ in runs.values()]
    values = [
        [times[0], memory[0]],
        [times[1]],
        [times[2], memory[2]],
        [memory[3] / memory[1]],
    ]
    found, lines = [], []
    for (name, (ours, copies)), value in zip(runs.items(), values, strict=True):
        row = Row(name, as_seconds(median(run.seconds for run in ours)), measured=value)
        found.append(row)
        demand = "; ".join(one.text for one in row.demands)
        lines.append([name, *_figures(ours), *_figures(copies), demand, row.verdict])
    method = _METHOD.format(rounds=rounds, load=load)
    return found, f"{HEADING}\n\n{method}\n\n{markdown(_HEADER, lines)}"


def _runs(folder: Path, rows: int, rounds: int) -> dict[str, tuple[list[Run], list[Run]]]:
    """Return for each kind of table our runs, and those of pyarrow."""
    table, parquet, longer = folder / "rows.csv", folder / "rows.parquet", folder / "long.parquet"
    write_rows(table, rows)
    # In a process of its own: the memory of this one would count for those that it starts.
    write = _OURS + "write_parquet(*sys.argv[1:3], int(sys.argv[3]))"
    measured(write, parquet, table, "1")
    measured(write, longer, table, str(TIMES_LONGER))
    wanted = {
        demands.STREAM_CSV: (WITH_BATCH, table),
        demands.STREAM_PARQUET: (WITH_BATCH, parquet),
        demands.STREAM_BASE: (BASE, table),
        demands.STREAM_LONG: (WITH_BATCH, longer),
    }
    runs: dict[str, tuple[list[Run], list[Run]]] = {name: ([], []) for name in wanted}
    for at in range(rounds):
        for name, (code, source) in wanted.items():
            if name == demands.STREAM_LONG and at:
                continue  # long enough to be measured once
            output = folder / f"out{source.suffix}"
            ours, copies = runs[name]
            ours.append(measured(code, "predict", source, "--output", output))
            copies.append(measured(COPY, source, output))
            output.unlink()
    return runs


def _figures(runs: Sequence[Run]) -> list[str]:
    seconds = [run.seconds for run in runs]
    least = f" ({as_seconds(min(seconds))})" if len(runs) > 1 else ""
    return [
        as_seconds(median(seconds)) + least,
        as_seconds(median(run.processor_seconds for run in runs)),
        as_bytes(max(run.bytes for run in runs)),
    ]


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, print the section, and put it into the page; 1 when a demand is missed."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.streams", description=__doc__)
    parser.add_argument("--rows", type=int, default=ROWS, help="the page is left as it is then")
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument(
        "--no-write", dest="write", action="store_false", help="leave the page as it is"
    )
    asked = parser.parse_args(arguments)
    rows, text = section(rows=asked.rows, rounds=asked.rounds)
    print(text)
    if asked.write and asked.rows == ROWS:
        page = DOCUMENT.read_text(encoding="utf-8")
        DOCUMENT.write_text(with_section(page, text), encoding="utf-8")
    return 1 if any(row.missed for row in rows) else 0


if __name__ == "__main__":
    sys.exit(main())
