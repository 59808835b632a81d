"""A partitioned data set on a Dask cluster of processes on this machine."""

import os
import re
import signal
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from shutil import copyfile
from subprocess import PIPE, Popen
from typing import Any

import pyarrow as pa
import pyarrow.compute
import pyarrow.csv
import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner, Result

from regression_model import ClusterError, Model
from regression_model.batch import cluster as clusters
from regression_model.batch.cluster import check_workers, opened_cluster, predict_partitions
from regression_model.batch.partitions import Partition, partitions_of, predict_partition
from regression_model.cli import app

# Dask says to the garbage collector what it leaves behind when a worker was killed.
pytestmark = [
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]


@pytest.fixture(scope="module")
def client() -> Iterator[Any]:
    """A cluster with two workers."""
    with opened_cluster("local", workers=2) as client:
        yield client


@pytest.fixture(scope="module")
def dataset(tmp_path_factory: pytest.TempPathFactory, scoring_file: Path) -> Path:
    """The packaged rows in partitions by year, whose column stands in the names of the folders."""
    options = pa.csv.ConvertOptions(strings_can_be_null=True, null_values=["NA", ""])
    table = pa.csv.read_csv(scoring_file, convert_options=options)
    folder = tmp_path_factory.mktemp("sales")
    for year in range(2006, 2011):
        of_year = table.filter(pa.compute.equal(table["YrSold"], year)).drop_columns(["YrSold"])
        place = folder / f"YrSold={year}"
        place.mkdir()
        for part in range(2):
            pq.write_table(of_year.slice(part * 70, 70), place / f"part-{part}.parquet")
    (folder / "_SUCCESS").touch()
    return folder


@pytest.fixture(scope="module")
def expected(dataset: Path, model: Model, tmp_path_factory: pytest.TempPathFactory) -> Any:
    """What this process writes without a cluster."""
    folder = tmp_path_factory.mktemp("expected")
    for partition in partitions_of(str(dataset), folder):
        predict_partition(partition, model, interval=True)
    return contents(folder)


def contents(folder: Path) -> dict[str, bytes]:
    """Every file in a folder, hidden ones included."""
    files = [path for path in folder.rglob("*") if path.is_file()]
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in files}


def run(client: Any, dataset: Path, output: Path, model: Model, **options: Any) -> Any:
    """Predict a data set; the result has what is finished and what failed."""
    partitions = partitions_of(str(dataset), output)
    return predict_partitions(client, partitions, model, interval=True, **options)


def test_the_output_is_that_of_one_process(
    client: Any, dataset: Path, model: Model, expected: Any, tmp_path: Path
) -> None:
    """Byte by byte, file for file; a second run predicts nothing again."""
    finished, failed = run(client, dataset, tmp_path, model)
    assert not failed
    assert contents(tmp_path) == expected
    assert sum(done.rows for done in finished.values()) == 700
    assert not any(done.skipped for done in finished.values())
    again, _ = run(client, dataset, tmp_path, model)
    assert all(done.skipped for done in again.values())
    assert {name: done.problems for name, done in again.items()} == {
        name: done.problems for name, done in finished.items()
    }


def test_the_predictions_are_those_of_predict(
    dataset: Path, model: Model, expected: Any, tmp_path: Path
) -> None:
    """A folder's YrSold=2008 counts as the column YrSold, and is not written a second time."""
    table = pq.read_table(dataset / "YrSold=2008" / "part-1.parquet", partitioning=None)
    table = table.append_column("YrSold", pa.array([2008] * len(table)))
    pq.write_table(table, tmp_path / "whole.parquet")
    output = tmp_path / "out.parquet"
    arguments = ["predict", str(tmp_path / "whole.parquet"), "--interval", "-o", str(output)]
    assert CliRunner().invoke(app, arguments).exit_code == 0
    ours = pq.read_table(pa.BufferReader(expected["YrSold=2008/part-1.parquet"]))
    assert ours.equals(pq.read_table(output))


def test_a_killed_worker_changes_nothing(
    client: Any, dataset: Path, model: Model, expected: Any, tmp_path: Path
) -> None:
    """Its partitions are predicted by another one, and no file is there twice or in part."""
    pids = [*client.run(os.getpid).values()]
    killed = []

    def kill(stage: str, done: int, of: int) -> None:
        if done == 2 and not killed:
            killed.append(pids[0])
            os.kill(pids[0], signal.SIGKILL)

    finished, failed = run(client, dataset, tmp_path, model, progress=kill)
    assert killed
    assert not failed
    assert len(finished) == 10
    assert contents(tmp_path) == expected
    client.wait_for_workers(2, timeout=30)


def test_another_model_or_another_input_is_predicted_again(
    dataset: Path, model: Model, tmp_path: Path
) -> None:
    """Only what was made from this file, by this model, with these options, is finished."""
    older = Model((Path(__file__).parents[1] / "data" / "releases" / "4.0.0.onnx").read_bytes())
    source = tmp_path / "in.parquet"
    copyfile(dataset / "YrSold=2008" / "part-0.parquet", source)
    table = pq.read_table(source, partitioning=None)
    pq.write_table(table.append_column("YrSold", pa.array([2008] * len(table))), source)
    partition = Partition(str(source), str(tmp_path / "out.parquet"), "in.parquet")

    def skipped(model: Model, **options: bool) -> bool:
        return predict_partition(partition, model, **options).skipped

    assert [skipped(model), skipped(model)] == [False, True]
    assert [skipped(older), skipped(older), skipped(model)] == [False, True, False]
    assert [skipped(model, interval=True), skipped(model, interval=True)] == [False, True]
    pq.write_table(pq.read_table(source).slice(1), source)
    assert not skipped(model, interval=True)
    Path(partition.target).write_bytes(b"cut off")
    assert not skipped(model, interval=True)


def invoke(*arguments: str | Path) -> Result:
    """Run a command inside this process."""
    return CliRunner().invoke(app, [*map(str, arguments)])


def test_a_damaged_partition_is_named_and_the_others_are_finished(
    client: Any, dataset: Path, tmp_path: Path
) -> None:
    """Exit code 2, and the totals of the others."""
    folder = tmp_path / "in"
    for part in (0, 1):
        place = folder / "YrSold=2008" / f"part-{part}.parquet"
        place.parent.mkdir(parents=True, exist_ok=True)
        copyfile(dataset / "YrSold=2008" / place.name, place)
    place.write_bytes(place.read_bytes()[:-100])
    address = client.scheduler.address
    ran = invoke("predict", folder, "-o", tmp_path / "out", "--scheduler", address)
    assert ran.exit_code == 2
    assert "70 rows in 1 partition in" in ran.stderr
    assert f"Not predicted: {place} is not a complete Parquet file" in ran.stderr
    assert "Error: 1 of 2 partitions could not be predicted" in ran.stderr
    assert re.search(r"Workers: 2\. Dashboard: http://\S+/status", ran.stderr)
    assert [*contents(tmp_path / "out")] == ["YrSold=2008/part-0.parquet"]


def test_rows_without_a_prediction_are_counted(
    client: Any, dataset: Path, required_number: Any, tmp_path: Path
) -> None:
    """By problem, with exit code 1, as with a single file."""
    table = pq.read_table(dataset / "YrSold=2008" / "part-0.parquet", partitioning=None)
    at = table.column_names.index(required_number.name)
    cells = pa.array([None, None, *table.column(at)[2:].to_pylist()], table.schema.field(at).type)
    source = tmp_path / "in" / "YrSold=2008" / "a.parquet"
    source.parent.mkdir(parents=True)
    pq.write_table(table.set_column(at, required_number.name, cells), source)
    pattern = str(tmp_path / "in" / "*" / "*.parquet")
    address = client.scheduler.address
    ran = invoke("predict", pattern, "-o", tmp_path / "out", "--scheduler", address)
    assert ran.exit_code == 1
    assert "68 predicted, 2 refused (missing_value 2)." in ran.stderr
    assert (tmp_path / "out" / "YrSold=2008" / "a.parquet").exists()


def test_a_worker_of_another_version_is_refused(
    client: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """As is one without the package, and one that does not see the files."""
    monkeypatch.setattr(clusters, "version", lambda name: "0.1")
    monkeypatch.setattr(client, "run", lambda *_, **__: {"tcp://w:1": "0.2"})
    with pytest.raises(ClusterError, match="^The worker tcp://w:1 has 0.2 of .*: install the same"):
        check_workers(client)
    monkeypatch.undo()
    monkeypatch.setattr(clusters, "distribution_name", lambda: "pytest")
    check_workers(client, paths=[tmp_path])
    with pytest.raises(ClusterError, match="does not see .*absent: the workers need the same"):
        check_workers(client, paths=[tmp_path / "absent"])


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--scheduler", "tcp://127.0.0.1:9"], "The scheduler tcp://127.0.0.1:9 cannot be reached"),
        (["--scheduler", "local", "--threads", "2"], "is for single files"),
        (["--scheduler", "tcp://h:1", "--workers", "2"], "is for --scheduler local"),
        (["--workers", "2"], "is for --scheduler local"),
    ],
)
def test_what_cannot_be_done_is_one_sentence(
    arguments: list[str],
    sentence: str,
    dataset: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Exit code 2, within seconds."""
    monkeypatch.setattr(clusters, "_SECONDS", 1)
    ran = invoke("predict", dataset, "-o", tmp_path / "out", *arguments)
    assert ran.exit_code == 2
    assert sentence in " ".join(ran.stderr.split())


def test_an_output_among_the_inputs_is_refused(dataset: Path) -> None:
    """A second run would take predictions for rows."""
    ran = invoke("predict", dataset, "-o", dataset / "out", "--scheduler", "local")
    assert ran.exit_code == 2
    assert "name another folder for the output" in ran.stderr


def test_ctrl_c_leaves_what_can_be_continued(
    client: Any, dataset: Path, expected: Any, tmp_path: Path
) -> None:
    """What is finished is whole, and the same command does the others."""
    many = tmp_path / "in"
    for copy in range(12):
        for source in dataset.glob("*/part-0.parquet"):
            place = many / source.parent.name / f"{copy}.parquet"
            place.parent.mkdir(parents=True, exist_ok=True)
            os.link(source, place)
    command = ["predict", str(many), "-o", str(tmp_path / "out"), "--scheduler"]
    command += [client.scheduler.address, "--interval"]
    program = [sys.executable, "-m", "regression_model", *command]
    with Popen(program, stderr=PIPE, text=True) as process:
        deadline = time.monotonic() + 30
        while not [*(tmp_path / "out").glob("*/*")] and time.monotonic() < deadline:
            time.sleep(0.01)
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=30)
    assert process.returncode == 130, said
    assert "Interrupted: finished partitions are kept" in said
    assert 0 < len(contents(tmp_path / "out")) < 60
    assert invoke(*command).exit_code == 0
    found = contents(tmp_path / "out")
    assert len(found) == 60
    assert {found[name] for name in found} == {
        content for name, content in expected.items() if "part-0" in name
    }
