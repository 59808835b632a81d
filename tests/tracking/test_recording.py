"""Recording by commands, and servers that do not answer; none of it needs the extra mlflow."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from regression_model import Model
from regression_model.errors import TrackingError, UnreachableError
from regression_model.evaluation.metrics import PredictedRows, metrics_of
from regression_model.tracking import Metric, Run, open_runs
from regression_model.tracking.building import Made, made_of_model
from regression_model.tracking.held_out import held_out_of, read_held_out
from regression_model.tracking.mlflow import address
from regression_model.tracking.mlflow.address import Address
from regression_model.tracking.recording import Recorder
from regression_model.tracking.sources import open_model

from .conftest import Program, Versions, held_out_errors

MADE = Made(Run("train", "boats", metrics={"rmse": Metric(2.0)}), {"boats.onnx": b"model"})


@contextmanager
def _server(status: int, body: bytes) -> Iterator[str]:
    """A server that gives one answer to everything."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(status)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


@contextmanager
def _silent() -> Iterator[str]:
    """An address that takes connections and never answers."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"


def _closed() -> str:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        return f"http://127.0.0.1:{listening.getsockname()[1]}"


def test_a_server_that_does_not_answer_is_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody listens, nobody answers, access is refused, or it is another server."""
    monkeypatch.setattr(address, "SECONDS", 0.3)

    def said(uri: str) -> str:
        monkeypatch.setenv("MLFLOW_TRACKING_URI", uri.replace("://", "://me:hunter2@"))
        with pytest.raises(UnreachableError) as error:
            open_model("models:/boats@champion")
        assert "hunter2" not in str(error.value) and uri in str(error.value)
        return str(error.value)

    assert "Connection refused" in said(_closed())
    with _silent() as uri:
        assert "no answer in time" in said(uri)
    with _server(401, b"no") as uri:
        assert "MLFLOW_TRACKING_USERNAME" in said(uri)
    with _server(200, b"<html>") as uri:
        assert "does not answer as an MLflow server" in said(uri)
    with _server(500, b"") as uri:
        assert "refuses (500)" in said(uri)


def test_a_run_is_kept_where_the_server_does_not_answer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is said before the work, and after it how to register what was kept."""
    monkeypatch.chdir(tmp_path)
    told: list[str] = []
    where = f"mlflow+{_closed()}/boats"
    recorder = Recorder(where, told.append)
    assert "cannot be reached" in told[0] and "will be kept in runs" in told[0]
    with pytest.raises(TrackingError, match="regression-model runs push") as error:
        recorder.keep(MADE)
    (record,) = open_runs(tmp_path / "runs").runs()
    assert f"runs push {record.id} --to {where}" in str(error.value)
    assert record.run.started and record.run.metrics == MADE.run.metrics


def test_without_a_place_nothing_is_recorded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The folder `runs` is not made by whoever does not ask for it."""
    monkeypatch.chdir(tmp_path)
    assert Recorder(None, print).keep(MADE) is None
    assert [*tmp_path.iterdir()] == []


def test_resources_are_recorded_on_request(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The variable is the one of MLflow; without it there are none."""
    monkeypatch.setenv("MLFLOW_ENABLE_SYSTEM_METRICS_LOGGING", "true")
    Recorder(tmp_path, lambda _: None).keep(MADE)
    (record,) = open_runs(tmp_path).runs()
    assert record.run.metrics["system/peak_memory_bytes"].value > 1e6


def test_an_evaluation_is_recorded(
    program: Program, version: Versions, model: Model, training_file: Path
) -> None:
    """`evaluate --runs` records the metrics with their spread, and the digest of the rows."""
    ran = program("evaluate", "--data", str(training_file), "--runs", "runs")
    assert ran.returncode == 0 and "Run: " in ran.stderr
    (listed,) = json.loads(program("runs", "--json").stdout)
    assert (listed["kind"], listed["model"]) == ("evaluate", model.name)
    rmse = listed["metrics"]["rmse"]
    assert rmse["low"] < rmse["value"] < rmse["high"]
    (data,) = listed["datasets"]
    assert data["sha256"] == model.manifest["training"]["data_sha256"]
    assert "train.csv" in data["path"] and "were in the training data" in listed["notes"][0]


def test_held_out_errors_give_the_metrics_of_the_rows() -> None:
    """RMSLE, RMSE and MAE follow from what is kept, and no target is in it."""
    import numpy as np

    target = np.array([100_123.0, 250_456.0, 320_789.0, 90_111.0])
    scored = PredictedRows(target, target * [1.1, 0.9, 1.0, 1.2], np.array([0, 0, 1, 1]))
    kept = held_out_of([(np.arange(4), scored)])
    read = read_held_out(kept)
    for name in ("rmsle", "rmse", "mae"):
        (again,) = read.scored(name)
        assert metrics_of(again, [name]) == pytest.approx(metrics_of(scored, [name]), rel=1e-12)
    assert not any(str(int(one)).encode() in kept for one in target)
    assert read.targets == read_held_out(kept).targets != read_held_out(held_out_errors(1)).targets


def test_an_address_names_a_server_and_an_experiment() -> None:
    """The last part of the path, or what stands after #, is the experiment."""
    of = Address.of
    assert of("mlflow+http://host:5000/houses") == Address("http://host:5000", "houses")
    assert of("mlflow+https://host/base/houses") == Address("https://host/base", "houses")
    assert of("mlflow+sqlite:///runs.db#a b") == Address("sqlite:///runs.db", "a b")
    assert of("mlflow+http://me:pw@host:5000/x").shown == "http://host:5000"
    with pytest.raises(TrackingError, match="is not the address of a tracking server"):
        of("mlflow+nonsense")


def test_the_record_of_a_model_file_has_what_its_training_says(version: Versions) -> None:
    """Metrics with spread, the rows with their digest, the estimator, and the commit."""
    path = version("5.0.0")
    made = made_of_model(path)
    manifest = Model(path.read_bytes()).manifest
    assert made.run.metrics["rmsle"].low == manifest["spread"]["rmsle"]["low"]
    assert made.run.datasets[0].rows == manifest["training"]["rows"]
    assert made.run.tags["config_sha256"] == manifest["training"]["config_sha256"]
    assert any(key.startswith("estimator.") for key in made.run.parameters)
