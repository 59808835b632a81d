"""How long tables take that pass in slices: `python -m benchmarks.streams`.

Repeats the rows of test.csv, and measures `regression-model predict` on them in a process of its
own: CSV and Parquet with the extra batch, and CSV as the base install reads it. Writes nothing but
a table on standard output.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from dataclasses import dataclass
from itertools import cycle, islice
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter

import regression_model

from .environments import ROOT
from .table import markdown

__all__ = ["Run", "main", "measured", "write_parquet", "write_rows"]

TEST_CSV = Path(regression_model.__file__).parent / "datasets" / "test.csv"
WITH_BATCH = "from regression_model.cli import main; main()"
BASE = f"import sys; sys.modules.update({{'pyarrow': None, 'pyarrow.csv': None}}); {WITH_BATCH}"


@dataclass(frozen=True)
class Run:
    """What one run took: seconds of the clock and of the processors, and the most memory."""

    seconds: float
    processor_seconds: float
    megabytes: float


def write_rows(path: Path, rows: int) -> None:
    """Write the rows of test.csv again and again, as many as are asked for."""
    header, *lines = TEST_CSV.read_text(encoding="utf-8").splitlines(keepends=True)
    with open(path, "w", encoding="utf-8") as file:
        file.write(header)
        file.writelines(islice(cycle(lines), rows))


def write_parquet(path: str, source: str) -> None:
    """Write a CSV file as Parquet, with numbers as numbers."""
    from pyarrow import csv, parquet

    convert = csv.ConvertOptions(null_values=["", "NA"], strings_can_be_null=False)
    parquet.write_table(csv.read_csv(source, convert_options=convert), path)


def measured(code: str, *arguments: str | Path) -> Run:
    """Run `regression-model` with these arguments, started by this code."""
    begun = perf_counter()
    process = subprocess.Popen(
        [sys.executable, "-P", "-c", code, *map(str, arguments)], stderr=subprocess.PIPE
    )
    assert process.stderr is not None
    said = process.stderr.read().decode()
    _, status, usage = os.wait4(process.pid, 0)
    seconds = perf_counter() - begun
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        raise SystemExit(said)
    kilobytes = usage.ru_maxrss / (1024 if sys.platform == "darwin" else 1)
    return Run(seconds, usage.ru_utime + usage.ru_stime, kilobytes / 1000)


def main(arguments: list[str] | None = None) -> None:
    """Measure, and print a table."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.streams", description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--threads", type=int, default=1)
    asked = parser.parse_args(arguments)
    threads = ["--threads", str(asked.threads)]
    with TemporaryDirectory() as folder:
        rows, parquet = Path(folder, "rows.csv"), Path(folder, "rows.parquet")
        write_rows(rows, asked.rows)
        # In a process of its own: the memory of this one would count for those that it starts.
        code = f"from benchmarks.streams import *; write_parquet({str(parquet)!r}, {str(rows)!r})"
        subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True)
        runs = {
            "CSV, with the extra batch": (WITH_BATCH, rows, Path(folder, "out.csv")),
            "Parquet": (WITH_BATCH, parquet, Path(folder, "out.parquet")),
            "CSV, base install": (BASE, rows, Path(folder, "out.csv")),
        }
        lines = []
        for name, (code, source, output) in runs.items():
            run = measured(code, "predict", source, "--output", output, *threads)
            lines.append(
                [
                    name,
                    f"{run.seconds:.1f} s",
                    f"{run.processor_seconds:.1f} s",
                    f"{run.megabytes:,.0f} MB",
                ]
            )
    print(markdown([f"{asked.rows:,} rows", "clock", "processors", "memory"], lines))


if __name__ == "__main__":
    main()
