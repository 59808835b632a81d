"""Runs in a folder: whole records, aliases that one process at a time moves, crashes."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

from regression_model.errors import AliasMovedError, RegressionModelError, TrackingError
from regression_model.tracking import Dataset, Metric, Run, Runs, open_runs

from .conftest import Add

RUN = Run("train", "boats", "1.0.0", metrics={"rmse": Metric(2.0, 1.5, 2.5)})


def test_a_record_is_read_back_as_it_was_written(runs: Runs, tmp_path: Path) -> None:
    """Parameters, metrics with their spread, data and files come back, and files have digests."""
    (tmp_path / "boats.onnx").write_bytes(b"model")
    run = Run(
        "train",
        "boats",
        parameters={"folds": 5, "kind": "ridge"},
        metrics={"rmse": Metric(2.0, 1.5, 2.5)},
        datasets=(Dataset("boats.csv", "training", "0" * 64, 100, 5),),
        tags={"commit": "abc"},
        notes=("a note",),
    )
    run_id = runs.record(run, {"boats.onnx": tmp_path / "boats.onnx"})
    (read,) = runs.runs()
    assert (read.id, read.run) == (run_id, run)
    assert [*read.files] == ["boats.onnx"] and len(read.files["boats.onnx"]) == 64
    assert Path(str(runs.resolve(run_id))).read_bytes() == b"model"
    assert runs.run(run_id[:12]).id == run_id


def test_credentials_are_not_recorded(runs: Runs, tmp_path: Path) -> None:
    """No user, password, query or secret is in any file of the folder."""
    secret = "hunter2"
    address = f"s3://me:{secret}@bucket/rows.csv?signature={secret}"
    run = Run(
        "train",
        "boats",
        parameters={"data": address, "api_key": secret},
        datasets=(Dataset(address, "training"),),
        tags={"remote": f"https://{secret}@host/x"},
        notes=(f"Read {address}.",),
    )
    run_id = runs.record(run, {})
    runs.set_alias("boats", "champion", run_id, expected=None, reason=f"see {address}")
    files = [one for one in (tmp_path / "runs").rglob("*") if one.is_file()]
    assert files and all(secret not in one.read_text(encoding="utf-8") for one in files)
    assert runs.run(run_id).run.datasets[0].path == "s3://bucket/rows.csv"


def test_a_record_cut_short_is_named_and_left_out(runs: Runs, tmp_path: Path) -> None:
    """Half a record, half a line of the index, and a folder left by a crash stop nothing."""
    whole, half = (runs.record(RUN, {}) for _ in range(2))
    place = tmp_path / "runs"
    record = place / "records" / half / "run.json"
    record.write_text(record.read_text(encoding="utf-8")[:40], encoding="utf-8")
    index = place / "index.jsonl"
    index.write_text(index.read_text(encoding="utf-8")[:-30], encoding="utf-8")
    left = place / "records" / ".20261122-045012-4f2a9c.part"
    left.mkdir()
    os.utime(left, (time.time() - 3600,) * 2)
    assert [one.id for one in runs.runs()] == [whole]
    cut, left_behind = runs.problems()
    assert half in cut and "cut short" in cut
    assert str(left) in left_behind
    after = runs.record(RUN, {})
    assert {one.id for one in runs.runs()} == {whole, after}
    with pytest.raises(TrackingError, match="cut short"):
        runs.run(half)


def test_an_index_that_was_lost_is_made_up_for(runs: Runs, tmp_path: Path) -> None:
    """The records are what counts: without the index the same runs are found."""
    ids = {runs.record(RUN, {}) for _ in range(3)}
    (tmp_path / "runs" / "index.jsonl").unlink()
    assert {one.id for one in runs.runs()} == ids


_RECORD_MANY = """
import sys
from regression_model.tracking import Run, open_runs
for _ in range(25):
    open_runs(sys.argv[1]).record(Run("train", "boats"), {"model.onnx": b"x" * 20_000})
"""
_MOVE = """
import sys
from regression_model.errors import AliasMovedError
from regression_model.tracking import open_runs
runs = open_runs(sys.argv[1])
print("ready", flush=True)
sys.stdin.readline()
try:
    print(runs.set_alias("boats", "champion", sys.argv[2], expected=None).run)
except AliasMovedError as error:
    print(error)
"""


def _started(code: str, *arguments: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", code, *arguments]
    return subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, encoding="utf-8"
    )


def test_two_writers_lose_no_record(tmp_path: Path) -> None:
    """Every record of two processes is in the index, and each line of it is whole."""
    folder = tmp_path / "runs"
    writers = [_started(_RECORD_MANY, str(folder)) for _ in range(2)]
    for one in writers:
        one.communicate(timeout=60)
    lines = (folder / "index.jsonl").read_text(encoding="utf-8").splitlines()
    assert len({json.loads(line)["id"] for line in lines}) == 50
    assert len(open_runs(folder).runs()) == 50


def test_of_two_promotions_at_once_one_wins_and_the_other_is_told(
    runs: Runs, tmp_path: Path
) -> None:
    """The loser is told who won, and the alias names the winner."""
    ids = [runs.record(RUN, {}) for _ in range(2)]
    movers = [_started(_MOVE, str(tmp_path / "runs"), one) for one in ids]
    for one in movers:
        assert one.stdout is not None and one.stdout.readline() == "ready\n"
    for one in movers:
        assert one.stdin is not None
        one.stdin.write("\n")
        one.stdin.flush()
    answers = [one.communicate(timeout=60)[0].strip() for one in movers]
    now = runs.alias("boats", "champion")
    assert now is not None and answers.count(now.run) == 1
    (told,) = (answer for answer in answers if answer != now.run)
    assert f"was moved to {now.run} meanwhile" in told
    assert len(runs.history("boats", "champion")) == 1


def test_an_alias_is_moved_only_from_the_run_that_was_expected(runs: Runs) -> None:
    """Who compared with an older champion does not replace a newer one."""
    first, second = (runs.record(RUN, {}) for _ in range(2))
    runs.set_alias("boats", "champion", first, expected=None)
    with pytest.raises(AliasMovedError, match=first):
        runs.set_alias("boats", "champion", second, expected=None)
    runs.set_alias("boats", "champion", second, expected=first)
    assert [one.run for one in runs.history("boats", "champion")] == [first, second]


@pytest.mark.parametrize(
    ("named", "said"),
    [
        ("boats@champion", "There is no boats@champion"),
        ("20990101", "There is no run '20990101'"),
        ("../../etc@champion", "is not the name of a model and an alias"),
        ("boats@../x", "is not the name of a model and an alias"),
        ("", "There is no run ''"),
    ],
)
def test_what_is_not_there_is_one_sentence(add: Add, runs: Runs, named: str, said: str) -> None:
    """An alias, a run or a name that does not exist is named."""
    add("5.0.0")
    with pytest.raises(TrackingError, match=said):
        runs.resolve(named)


def test_a_deleted_model_is_one_sentence(add: Add, runs: Runs, tmp_path: Path) -> None:
    """Deleting a model file, or all of a record, leaves an alias that says what happened."""
    run_id = add("5.0.0")
    runs.set_alias("house-prices", "champion", run_id, expected=None)
    (tmp_path / "runs" / "records" / run_id / "house-prices.onnx").unlink()
    with pytest.raises(TrackingError, match="model file of the run .* was deleted"):
        runs.resolve("house-prices@champion")
    shutil.rmtree(tmp_path / "runs" / "records" / run_id)
    with pytest.raises(TrackingError, match="which house-prices@champion names, was deleted"):
        runs.resolve("house-prices@champion")


def test_a_folder_that_cannot_be_written_is_one_sentence(tmp_path: Path) -> None:
    """A file in the place of the folder is named."""
    (tmp_path / "runs").write_text("", encoding="utf-8")
    with pytest.raises(RegressionModelError, match="runs.* cannot be used"):
        open_runs(tmp_path / "runs").record(RUN, {})
