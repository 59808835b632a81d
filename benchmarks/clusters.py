"""Rows a second on clusters: one process, Dask with one and with two workers, Spark.

python -m benchmarks.clusters [--rows N] [--engines single,dask1,dask2,spark] [--write PAGE]
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Any

import regression_model
from regression_model import Model, load_model

from .report import machine
from .table import markdown

__all__ = ["main", "section", "with_marked"]

BEGIN, END = "<!-- clusters: measured -->", "<!-- clusters: end -->"
DEMAND = 1.7  # two Dask workers to one
ENGINES = {
    "single": "one process",
    "dask1": "Dask, one worker",
    "dask2": "Dask, two workers",
    "spark": "Spark, local[2]",
}
_PARTITION_ROWS = 100_000
_ROUNDS = 3


def main() -> int:
    """Measure, print a section of a page, and write it if asked; exit code 1 if a demand fails."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=10_000_000)
    parser.add_argument("--engines", default=",".join(ENGINES))
    parser.add_argument("--rounds", type=int, default=_ROUNDS)
    parser.add_argument("--write", type=Path, metavar="PAGE", help="page with the two markers")
    given = parser.parse_args()
    engines = given.engines.split(",")
    with tempfile.TemporaryDirectory(prefix="clusters-") as folder:
        place = Path(folder)
        partitions = make_dataset(place / "rows", given.rows)
        seconds, memory, equal = measure(place, engines, rounds=given.rounds)
    page, is_met = section(seconds, memory, equal, rows=given.rows, partitions=partitions)
    print(page)
    if given.write is not None:
        text = given.write.read_text(encoding="utf-8")
        given.write.write_text(with_marked(text, page), encoding="utf-8")
    return 0 if is_met else 1


def make_dataset(folder: Path, rows: int) -> int:
    """Write the rows to price again and again, each time a little different; return the files."""
    import pyarrow as pa
    import pyarrow.compute
    import pyarrow.csv
    import pyarrow.parquet

    source = Path(regression_model.__file__).parent / "datasets" / "test.csv"
    options = pa.csv.ConvertOptions(strings_can_be_null=True, null_values=["NA", ""])
    table = pa.csv.read_csv(source, convert_options=options)
    folder.mkdir()
    area = table.column_names.index("LotArea")
    done = files = copy = 0
    rows_each = min(_PARTITION_ROWS, max(1, rows // 20))
    while done < rows:
        wanted, parts = min(rows_each, rows - done), []
        while sum(map(len, parts)) < wanted:
            changed = pa.compute.add(table["LotArea"], copy % 1000)
            parts.append(table.set_column(area, "LotArea", changed))
            copy += 1
        part = pa.concat_tables(parts).slice(0, wanted)
        pa.parquet.write_table(part, folder / f"part-{files:05}.parquet")
        done, files = done + wanted, files + 1
    return files


def measure(
    place: Path, engines: list[str], *, rounds: int
) -> tuple[dict[str, list[float]], dict[str, float], dict[str, bool]]:
    """Return for each engine its seconds, its peak memory in MB, and whether its output is right.

    The engines take turns, and start before the clock does.
    """
    model = load_model()
    seconds: dict[str, list[float]] = {engine: [] for engine in engines}
    memory: dict[str, float] = {}
    equal: dict[str, bool] = {}
    expected: dict[str, bytes] = {}
    for round_ in range(rounds):
        for engine in engines:
            output = place / f"{engine}-{round_}"
            with _started(engine, place / "rows", output, model) as (work, peak):
                begun = perf_counter()
                work()
                seconds[engine].append(perf_counter() - begun)
                memory[engine] = max(memory.get(engine, 0.0), peak())
            if engine == "spark":
                equal[engine] = _count(output) == _count(place / "rows")
            else:
                found = {path.name: _sha256(path) for path in output.rglob("*.parquet")}
                expected = expected or found
                equal[engine] = equal.get(engine, True) and found == expected
            _remove(output)
            last = seconds[engine][-1]
            print(f"round {round_ + 1}: {engine} {last:.1f} s", file=sys.stderr)
    return seconds, memory, equal


@contextmanager
def _started(
    engine: str, dataset: Path, output: Path, model: Model
) -> Iterator[tuple[Callable[[], object], Callable[[], float]]]:
    """Yield the work of an engine that is ready for it, and what tells its peak memory."""
    from regression_model.batch.cluster import opened_cluster, predict_partitions
    from regression_model.batch.partitions import partitions_of

    if engine == "spark":
        with _spark() as session:
            from regression_model.batch import predict_spark

            def of_spark() -> None:
                frame = session.read.parquet(str(dataset))
                predict_spark(frame, model).write.parquet(str(output))

            yield of_spark, lambda: 0.0  # in processes of Java and of Python
        return
    # One process is a worker too: with neither scheduler nor client on the machine's other core.
    partitions = partitions_of(str(dataset), output)
    if engine == "single":
        from concurrent.futures import ProcessPoolExecutor
        from multiprocessing import get_context

        with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
            pool.submit(_predict_all, [], model.source).result()
            yield (
                lambda: pool.submit(_predict_all, partitions, model.source).result(),
                lambda: pool.submit(_peak).result(),
            )
        return
    with opened_cluster("local", workers=int(engine.removeprefix("dask"))) as client:
        client.run(_warm)
        yield (
            lambda: _all_finished(predict_partitions(client, partitions, model)),
            lambda: max(client.run(_peak).values()),
        )


def _all_finished(result: tuple[Any, dict[str, str]]) -> None:
    if result[1]:
        raise RuntimeError(f"not predicted: {result[1]}")


def _warm() -> None:
    """Import what a worker needs."""
    load_model()


def _predict_all(partitions: list[Any], model: str) -> None:
    from regression_model.batch.arrow import opened_model
    from regression_model.batch.partitions import predict_partition

    opened = opened_model(model)
    for partition in partitions:
        predict_partition(partition, opened)


def _peak() -> float:
    from resource import RUSAGE_SELF, getrusage

    return getrusage(RUSAGE_SELF).ru_maxrss / 1024


@contextmanager
def _spark() -> Iterator[Any]:
    os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
    from pyspark.sql import SparkSession

    builder = SparkSession.builder.master("local[2]").config("spark.ui.enabled", "false")
    for key in ("spark.driver.bindAddress", "spark.driver.host"):
        builder = builder.config(key, "127.0.0.1")
    session = builder.getOrCreate()
    session.sparkContext.setLogLevel("ERROR")
    try:
        session.range(2).mapInArrow(lambda batches: batches, "id long").count()
        yield session
    finally:
        session.stop()


def _sha256(path: Path) -> bytes:
    from hashlib import file_digest

    with path.open("rb") as file:
        return file_digest(file, "sha256").digest()


def _count(folder: Path) -> int:
    import pyarrow.parquet as pq

    return sum(int(pq.read_metadata(path).num_rows) for path in folder.rglob("*.parquet"))


def _remove(folder: Path) -> None:
    from shutil import rmtree

    rmtree(folder, ignore_errors=True)


def section(
    seconds: dict[str, list[float]],
    memory: dict[str, float],
    equal: dict[str, bool],
    *,
    rows: int,
    partitions: int,
) -> tuple[str, bool]:
    """Return the section of a page, and whether the demands are met."""
    first = seconds.get("dask1") or next(iter(seconds.values()))
    compared = "Dask, one worker" if "dask1" in seconds else "the first"
    lines, is_met = [], all(equal.values())
    for engine, took in seconds.items():
        ratio = median(one / other for one, other in zip(first, took, strict=True))
        demand = f"at least {DEMAND}" if engine == "dask2" and "dask1" in seconds else ""
        if demand:
            is_met = is_met and ratio >= DEMAND
            demand += ": met" if ratio >= DEMAND else ": **not met**"
        right = "every row" if engine == "spark" else "the same bytes"
        lines.append(
            (
                ENGINES[engine],
                f"{rows / median(took):,.0f}",
                f"{ratio:.2f}",
                f"{memory[engine]:,.0f} MB" if memory[engine] else "",
                right if equal[engine] else "**differs**",
                demand,
            )
        )
    header = ("engine", "rows/s", f"to {compared}", "memory of a process", "output", "demand")
    words = (
        f"{rows:,} rows in {partitions:,} Parquet files, rounds in turn: {len(first)}, the median; "
        "one thread for each worker. Engines and models are started before the clock is."
    )
    return "\n\n".join([machine({}), words, markdown(header, lines)]), is_met


def with_marked(page: str, measured: str) -> str:
    """Replace what stands between the two markers of a page."""
    before, begin, rest = page.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise ValueError(f"the page needs the lines {BEGIN} and {END}")
    return f"{before}{BEGIN}\n\n{measured}\n\n{END}{after}"


if __name__ == "__main__":
    sys.exit(main())
