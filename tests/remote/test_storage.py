"""Tables, models and configurations at URLs: read, written, and what can be wrong with them."""

import gzip
import hashlib
import json
from pathlib import Path
from time import perf_counter
from typing import Any

import pyarrow
import pyarrow.parquet
import pytest
import s3fs
from typer.testing import CliRunner, Result

from regression_model import InputError, OutputError, load_model
from regression_model.cli import app
from regression_model.files.streams import opened_sink, opened_source
from regression_model.files.tables import read_recorded, read_table
from regression_model.serving.state import file_source
from regression_model.training.run import run_training

HEADER = "Id,LotArea,Neighborhood"
ROWS = ["1,8450,CollgCr", "2,9600,Veenker", "3,11250,CollgCr"]
CONFIG = """\
name: boats
description: Boats
target:
  name: price
  description: Price
  minimum: 1
data:
  training: {training}
evaluation:
  folds: 2
features:
  length:
    description: Length
    kind: number
estimator:
  lasso:
    alpha: 0.01
"""


def run(*arguments: str | Path) -> Result:
    """Run the program inside this process."""
    return CliRunner().invoke(app, [*map(str, arguments)])


def csv_of(*rows: str, header: str = HEADER) -> bytes:
    """Rows as CSV."""
    return "\n".join([header, *rows, ""]).encode()


@pytest.fixture(scope="module")
def shipped() -> bytes:
    """The shipped model file."""
    return Path(load_model().source).read_bytes()


def test_predictions_are_those_of_the_same_file_here(
    bucket: Any, web: Any, scoring_file: Path, tmp_path: Path
) -> None:
    """From S3 to S3, and from one web server to another place on it."""
    few = b"".join(scoring_file.read_bytes().splitlines(keepends=True)[:30])
    (tmp_path / "rows.csv").write_bytes(few)
    assert run("predict", tmp_path / "rows.csv", "-o", tmp_path / "out.csv").exit_code == 0
    expected = (tmp_path / "out.csv").read_bytes()
    bucket.pipe("bucket/rows.csv", few)
    bucket.pipe("bucket/rows.csv.gz", gzip.compress(few))
    for name in ("rows.csv", "rows.csv.gz"):
        found = run("predict", f"s3://bucket/{name}", "--output", "s3://bucket/new/out.csv")
        assert found.exit_code == 0, found.output
        assert expected == bucket.cat("bucket/new/out.csv")
    web.files["/rows.csv"] = few
    found = run("predict", f"{web.address}/rows.csv?at=1", "-o", f"{web.address}/out.csv?to=2")
    assert found.exit_code == 0, found.output
    assert expected == web.files["/out.csv"]


@pytest.mark.parametrize("ending", ["csv", "jsonl", "parquet"])
def test_every_format_is_read_as_a_whole_and_in_slices(bucket: Any, ending: str) -> None:
    """With a record of what was read: the digest is that of the bytes in the storage."""
    table = {"Id": ["1", "2"], "LotArea": ["8450", "9600"]}
    with opened_sink(f"s3://bucket/rows.{ending}") as sink:
        sink.write(table)
    content = bucket.cat(f"bucket/rows.{ending}")
    found, (record,) = read_recorded(f"s3://bucket/rows.{ending}", role="training")
    rows = found if isinstance(found, list) else pyarrow.table(found).to_pylist()
    assert [{"Id": "1", "LotArea": "8450"}, {"Id": "2", "LotArea": "9600"}] == rows
    assert hashlib.sha256(content).hexdigest() == record.sha256
    assert ("training", 2, f"s3://bucket/rows.{ending}") == (record.role, record.rows, record.path)
    type_ = {"csv": "text", "jsonl": "json", "parquet": "string"}[ending]
    assert {"Id": type_, "LotArea": type_} == record.columns
    with opened_source(f"s3://bucket/rows.{ending}") as source:
        assert [2] == [unread().count for unread in source.slices({"Id"}, None)]
        assert (record,) == source.records("training")


def test_a_pattern_stands_for_all_files_with_such_names(bucket: Any) -> None:
    """One after the other, by their names; a file with other columns is named."""
    bucket.pipe("bucket/2024-02.csv", csv_of(*ROWS[2:]))
    bucket.pipe("bucket/2024-01.csv", csv_of(*ROWS[:2]))
    bucket.pipe("bucket/2023-01.csv", b"other\n1\n")
    found = read_table("s3://bucket/2024-*.csv")
    assert ["1", "2", "3"] == found["Id"]
    with pytest.raises(InputError, match=r"2024-01\.csv has no column 'other', which s3://bucket/"):
        read_table("s3://bucket/*.csv")
    with pytest.raises(InputError, match=r"s3://bucket/x\*\.csv: there is no file"):
        read_table("s3://bucket/x*.csv")


def test_a_model_file_is_opened_where_it_is(bucket: Any, web: Any, shipped: bytes) -> None:
    """By the command line and from Python, and named without what is secret in its address."""
    bucket.pipe("bucket/models/houses.onnx", shipped)
    assert load_model().sha256 == load_model("s3://bucket/models/houses.onnx").sha256
    found = run("info", "--model", "s3://bucket/models/houses.onnx")
    assert found.exit_code == 0 and "house-prices" in found.output
    web.files["/houses.onnx"] = shipped
    address = web.address.replace("//", "//me:pass@") + "/houses.onnx?token=word"
    model = load_model(address)
    assert f"{web.address}/houses.onnx" == model.source
    assert web.passwords[-1] is not None and web.passwords[-1].startswith("Basic ")


def test_training_reads_and_writes_a_storage(bucket: Any) -> None:
    """The rows stand beside the configuration; the file says where they were and what they are."""
    rows = [f"{n},{100 + 7 * n}" for n in range(40)]
    bucket.pipe("bucket/boats.yml", CONFIG.format(training="rows-*.csv").encode())
    bucket.pipe("bucket/rows-1.csv", csv_of(*rows[:25], header="length,price"))
    bucket.pipe("bucket/rows-2.csv", csv_of(*rows[25:], header="length,price"))
    found = run("train", "--config", "s3://bucket/boats.yml")
    assert found.exit_code == 2 and "name a folder for the model file with --output" in found.output
    run_training(
        config_path=Path("s3://bucket/boats.yml"),
        output=Path("s3://bucket/models"),
        documents=False,
    )
    (path,) = bucket.glob("bucket/models/*.onnx")
    data = load_model(f"s3://{path}").manifest["training"]["data"]
    assert ["s3://bucket/rows-1.csv", "s3://bucket/rows-2.csv"] == [one["path"] for one in data]
    assert [25, 15] == [one["rows"] for one in data]
    assert {"length": "text", "price": "text"} == data[0]["columns"]
    assert hashlib.sha256(bucket.cat("bucket/rows-1.csv")).hexdigest() == data[0]["sha256"]


def test_an_evaluation_records_what_it_read(bucket: Any, training_file: Path) -> None:
    """In JSON: path, digest, rows and columns."""
    few = b"".join(training_file.read_bytes().splitlines(keepends=True)[:30])
    bucket.pipe("bucket/sold.csv", few)
    found = run("evaluate", "--data", "s3://bucket/sold.csv", "--json")
    assert found.exit_code == 0, found.output
    (record,) = json.loads(found.stdout)["data"]
    assert ("s3://bucket/sold.csv", 29) == (record["path"], record["rows"])
    assert hashlib.sha256(few).hexdigest() == record["sha256"]


@pytest.mark.parametrize(
    ("place", "reason"),
    [
        ("s3://nothing/rows.csv", "there is no such bucket"),
        ("s3://bucket/nothing.csv", "does not exist"),
        ("gs://bucket/rows.csv", "pip install gcsfs"),
        ("gopher://bucket/rows.csv", "gopher:// is not a known kind of URL"),
        ("http://me:word@127.0.0.1:9/rows.csv?token=word", "127.0.0.1 cannot be reached"),
        ("WEB/nothing.csv?token=word", "does not exist"),
        ("WEB/401.csv?token=word", "credentials are needed"),
        ("WEB/403.csv", "access is denied"),
        ("WEB/503.csv?token=word", "the server answered 503"),
    ],
)
def test_what_cannot_be_read_is_told_in_one_sentence(
    bucket: Any, web: Any, place: str, reason: str, tmp_path: Path
) -> None:
    """Soon, with exit code 2, and nothing secret in it: a table, a model or a configuration."""
    web.status |= {f"/{code}.csv": code for code in (401, 403, 503)}
    address = place.replace("WEB", web.address.replace("//", "//me:word@"))
    for command in (
        ["predict", address, "-o", tmp_path / "out.csv"],
        ["info", "--model", address],
        ["check", address],
    ):
        begin = perf_counter()
        found = run(*command)
        assert perf_counter() - begin < 10
        assert (2, 1) == (found.exit_code, len(found.stderr.splitlines())), found.output
        assert reason in found.stderr
        assert "word" not in found.output
    assert not (tmp_path / "out.csv").exists()


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"AWS_ENDPOINT_URL": "http://127.0.0.1:9"}, "127.0.0.1 cannot be reached"),
        ({"AWS_ACCESS_KEY_ID": None, "AWS_SECRET_ACCESS_KEY": None}, "there are no credentials"),
    ],
)
def test_a_storage_out_of_reach_is_told_before_the_work(
    bucket: Any, changes: dict[str, str | None], reason: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whether it was to be read or to be written."""
    for name, value in changes.items():
        monkeypatch.setenv(name, value) if value else monkeypatch.delenv(name)
    monkeypatch.setattr(s3fs.S3FileSystem, "_cache", {})  # those with the settings before
    for read in (True, False):
        begin = perf_counter()
        with pytest.raises(InputError if read else OutputError, match=reason):
            if read:
                read_table("s3://bucket/rows.csv")
            with opened_sink("s3://bucket/rows.csv"):
                pytest.fail("nothing was to be done")
        assert perf_counter() - begin < 10


def test_what_is_not_written_to_its_end_changes_nothing(bucket: Any) -> None:
    """An interrupted command leaves the old object, and nothing beside it."""
    bucket.pipe("bucket/out.csv", b"old")
    with pytest.raises(ZeroDivisionError), opened_sink("s3://bucket/out.csv") as sink:
        sink.write({"a": ["1"]})
        raise ZeroDivisionError
    assert b"old" == bucket.cat("bucket/out.csv")
    assert ["bucket/out.csv"] == bucket.find("bucket")


def test_an_upload_in_parts_that_fails_leaves_the_old_object(
    bucket: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And no parts, which would be paid for."""
    bucket.pipe("bucket/out.csv", b"old")
    real = s3fs.S3FileSystem._call_s3

    async def fails(self: Any, method: str, *arguments: Any, **options: Any) -> Any:
        if method == "upload_part" and options["PartNumber"] == 2:
            raise PermissionError("no more")
        return await real(self, method, *arguments, **options)

    monkeypatch.setattr(s3fs.S3FileSystem, "_call_s3", fails)
    monkeypatch.setattr(s3fs.core, "calculate_chunksize", lambda *_, **__: 5 << 20)
    with (
        pytest.raises(
            OutputError, match=r"s3://bucket/out.csv cannot be written: access is denied"
        ),
        opened_sink("s3://bucket/out.csv") as sink,
    ):
        sink.write({"a": ["x" * 1_000_000] * 12})
    monkeypatch.undo()
    assert b"old" == bucket.cat("bucket/out.csv")
    assert [] == bucket.call_s3("list_multipart_uploads", Bucket="bucket").get("Uploads", [])


def test_a_file_that_changes_while_it_is_read_is_refused(bucket: Any, web: Any) -> None:
    """What was read may be half of the one and half of the other."""
    rows = [ROWS[0]] * 200_000
    bucket.pipe("bucket/rows.csv", csv_of(*rows))
    with (
        pytest.raises(InputError, match=r"s3://bucket/rows\.csv changed while it was read"),
        opened_source("s3://bucket/rows.csv") as source,
    ):
        bucket.pipe("bucket/rows.csv", csv_of(*rows, ROWS[1]))
        for unread in source.slices({"Id"}, None):
            unread()
    web.files["/rows.csv"] = csv_of(*ROWS)
    web.changing.add("/rows.csv")
    with pytest.raises(InputError, match=r"rows\.csv changed while it was read"):
        read_table(f"{web.address}/rows.csv")


def test_a_service_opens_a_model_that_was_replaced_in_the_storage(
    bucket: Any, shipped: bytes
) -> None:
    """What tells the one from the other is asked for without reading the file."""
    bucket.pipe("bucket/houses.onnx", shipped)
    find = file_source("s3://bucket/houses.onnx")
    before = find().key
    assert before == find().key
    bucket.pipe("bucket/houses.onnx", shipped + b" ")
    assert before != find().key
