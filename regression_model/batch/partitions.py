"""A partitioned data set of Parquet files: which partitions it has, and one of them predicted."""

from __future__ import annotations

import glob
import hashlib
import json
import os
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from ..errors import InputError
from ..files.streams.arrow import opened_parquet, parquet_batches, pyarrow_parquet
from ..files.writing import opened_output
from .arrow import output_schema, predict_arrow

if TYPE_CHECKING:
    from ..runtime.model import Model, Prediction

__all__ = ["Done", "Partition", "column_names_of", "partitions_of", "predict_partition"]

_RECORD = b"regression_model"  # the key of the record in the metadata of an output
_NULL = "__HIVE_DEFAULT_PARTITION__"
_WILD = "*?["


@dataclass(frozen=True)
class Partition:
    """A file of the data set, and the file of its predictions."""

    source: str
    target: str
    name: str  # relative to the data set and to the output alike

    @property
    def values(self) -> dict[str, str | None]:
        """The columns that stand in the names of the folders, as Hive writes them: year=2026."""
        pairs = [part.split("=", 1) for part in Path(self.name).parts[:-1] if "=" in part]
        return {unquote(key): None if text == _NULL else unquote(text) for key, text in pairs}


@dataclass
class Done:
    """What is known of a partition that is finished.

    Attributes
    ----------
    problems : how many rows have each problem, by severity and code
    skipped : whether an earlier run has finished it
    """

    rows: int = 0
    refused: int = 0
    problems: dict[str, Counter[str]] = field(
        default_factory=lambda: {"error": Counter(), "warning": Counter()}
    )
    skipped: bool = False

    def add(self, prediction: Prediction) -> None:
        """Take the prediction of the next rows into account."""
        self.rows += len(prediction)
        self.refused += int((prediction.values != prediction.values).sum())
        for found in prediction.findings:
            rows = len(prediction) if found.rows is None else len({*found.rows})
            self.problems[found.severity][found.code] += rows

    def join(self, other: Done) -> None:
        """Add what is known of another partition."""
        self.rows += other.rows
        self.refused += other.refused
        for severity, counts in other.problems.items():
            self.problems[severity].update(counts)


def partitions_of(dataset: str, output: Path) -> list[Partition]:
    """Return the partitions of a folder, or those that a pattern such as `data/*.parquet` matches.

    As engines do, it leaves out files and folders whose names begin with a dot or an underscore.

    Raises
    ------
    InputError
        When there are none, or an output would be where an input is.
    """
    root = Path(dataset)
    if root.is_dir():
        files = [*_files_in(dataset)]
    elif any(one in dataset for one in _WILD) and not root.exists():
        fixed = dataset[: min(dataset.index(one) for one in _WILD if one in dataset)]
        root = Path(os.path.dirname(fixed) or ".")
        files = [*filter(Path.is_file, map(Path, glob.iglob(dataset, recursive=True)))]
    else:
        files, root = [root], root.parent
        if not files[0].exists():
            raise InputError(f"{dataset} does not exist: name a folder of Parquet files.")
    found = []
    for file in sorted(files):
        relative = file.relative_to(root)
        if not any(part.startswith((".", "_")) and "=" not in part for part in relative.parts):
            # Absolute, because the working directory of a worker is another one.
            source, target = (os.path.abspath(one / relative) for one in (root, output))
            found.append(Partition(source, target, relative.as_posix()))
    if not found:
        raise InputError(f"There are no Parquet files in {dataset}.")
    _check_apart(found, root, output)
    return found


def _files_in(folder: str) -> Iterator[Path]:
    for place, _, names in os.walk(folder, followlinks=True):
        found = (name for name in names if name.lower().endswith((".parquet", ".pq")))
        yield from (Path(place, name) for name in found)


def _check_apart(partitions: list[Partition], root: Path, output: Path) -> None:
    inputs = {os.path.realpath(one.source) for one in partitions}
    inside = Path(os.path.realpath(output)).is_relative_to(os.path.realpath(root))
    if inside or any(os.path.realpath(one.target) in inputs for one in partitions):
        raise InputError(
            f"{output} is in the folder of the input, {root}: name another folder for the output."
        )


def column_names_of(partition: Partition) -> list[str]:
    """Return the names of the columns of a partition, with those in the names of its folders.

    Raises
    ------
    InputError
        When the file is not Parquet.
    """
    names = list(opened_parquet(partition.source).schema_arrow.names)
    return names + [name for name in partition.values if name not in names]


def predict_partition(
    partition: Partition, model: Model, *, interval: bool = False, keep: bool = False
) -> Done:
    """Write the predictions of a partition, unless they are there: of this file by this model.

    The output takes its place when it is complete, and holds a record of what it was made from.
    So a partition that is predicted twice, even at the same time, is the same file.

    Raises
    ------
    InputError
        When the partition is damaged or changed meanwhile, or lacks a required column.
    OutputError
        When the output cannot be written.
    """
    options = {"interval": interval, "keep": keep}
    made_from: dict[str, Any] = {"model": model.sha256, **options}
    recorded = _recorded(partition.target)
    try:
        before = os.stat(partition.source)
        with open(partition.source, "rb") as source:
            made_from["input"] = hashlib.file_digest(source, "sha256").hexdigest()
    except OSError as error:
        raise InputError(f"{partition.source} cannot be read: {error.strerror}.") from None
    if recorded is not None and recorded["of"] == made_from:
        done = recorded["done"]
        problems = {name: Counter(counts) for name, counts in done["problems"].items()}
        return Done(done["rows"], done["refused"], problems, skipped=True)
    done = Done()
    with opened_output(partition.target) as output:
        _write(partition, model, output, made_from, done, **options)
        after = os.stat(partition.source)
        if (after.st_size, after.st_mtime_ns) != (before.st_size, before.st_mtime_ns):
            raise InputError(f"{partition.source} was changed while it was read.")
    return done


def _write(
    partition: Partition,
    model: Model,
    output: Any,
    made_from: dict[str, Any],
    done: Done,
    *,
    interval: bool,
    keep: bool,
) -> None:
    parquet = pyarrow_parquet()
    import pyarrow

    file = opened_parquet(partition.source)
    plain = parquet.read_schema(partition.source)  # with texts as texts, not as dictionaries
    used, identifiers = model.contract.used_and_identifying
    wanted = [name for name in plain.names if keep or name in used or name in identifiers]
    added = {name: value for name, value in partition.values.items() if name not in plain.names}
    _check_required(partition, model, [*wanted, *added])
    read = pyarrow.schema([one for one in plain if one.name in wanted])
    schema = output_schema(read, model, interval=interval, keep=keep)
    of_folders = {name: value for name, value in added.items() if name in used}
    batches = (
        _with_values(batch, of_folders) for batch in parquet_batches(file, partition.source, wanted)
    )
    kept = plain.names if keep else False
    predicted = predict_arrow(batches, model, interval=interval, keep=kept, seen=done.add)
    with parquet.ParquetWriter(output, schema) as writer:
        for batch in predicted:
            writer.write_table(pyarrow.Table.from_batches([batch]).cast(schema))
        counts = {"rows": done.rows, "refused": done.refused, "problems": done.problems}
        record = {"of": made_from, "done": counts}
        writer.add_key_value_metadata({_RECORD: json.dumps(record, sort_keys=True)})


def _check_required(partition: Partition, model: Model, names: list[str]) -> None:
    known = model.contract.canonical_names
    found = {known[name] for name in names if name in known}
    used = (*model.contract.numbers, *model.contract.categories)
    absent = [one.name for one in used if one.required and one.name not in found]
    if absent:
        listed = ", ".join(absent[:10]) + (" ..." if len(absent) > 10 else "")
        raise InputError(f"{partition.source} lacks required columns: {listed}.")


def _with_values(batch: Any, values: dict[str, str | None]) -> Any:
    """Add the columns that stand in the names of the folders."""
    import pyarrow

    for name, value in values.items():
        column = pyarrow.repeat(pyarrow.scalar(value, pyarrow.string()), batch.num_rows)
        batch = batch.append_column(name, column)
    return batch


def _recorded(target: str) -> Any:
    """Return the record in an output; None if there is none, or none of this program."""
    parquet = pyarrow_parquet()
    import pyarrow

    try:
        metadata = parquet.read_metadata(target).metadata or {}
        return json.loads(metadata[_RECORD])
    except (OSError, KeyError, ValueError, pyarrow.ArrowException):
        return None
