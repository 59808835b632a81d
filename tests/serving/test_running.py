"""The service over its life: its log, its metrics, a new model, signals, workers, bad options."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import httpx
import pytest

from regression_model import Model
from regression_model.runtime.model_file.sealing import reseal

from .conftest import Row, Served


def _version(path: Path, model: Model, version: str) -> None:
    """Put a copy of the model under another version in place, as a deployment does."""
    content = Path(model.source).read_bytes()
    beside = path.with_suffix(".new")
    beside.write_bytes(reseal(content, {**model.manifest, "version": version}, name="it"))
    beside.replace(path)


def _served_version(served: Served) -> str:
    return str(served.client.get("/health/ready").json()["model"]["version"])


def _wait_for_version(served: Served, version: str) -> None:
    until = time.monotonic() + 10
    while _served_version(served) != version:
        assert time.monotonic() < until, served.log()
        time.sleep(0.05)


def test_lines_of_the_log_name_the_request_and_no_value(
    serve: Callable[..., Served], rows: list[Row]
) -> None:
    """A line has the id, the path, the status and the rows, and nothing that a row holds."""
    served = serve()
    body = {"inputs": [rows[0], {**rows[1], "GrLivArea": "secret-5", "Neighborhood": "Elsewhere"}]}
    answer = served.client.post("/api/v1/predict", json=body, headers={"x-request-id": "mine.1"})
    assert answer.headers["x-request-id"] == "mine.1"
    served.client.post("/api/v1/predict", content=b'{"inputs": "secret"')
    insane = served.client.get("/health/live", headers={"x-request-id": "a b\\n" * 50})
    assert insane.headers["x-request-id"] != "a b\\n" * 50
    assert served.stop() == 0
    lines = [json.loads(line) for line in served.log().splitlines()[1:]]  # the first: the address
    (line,) = (one for one in lines if one["request_id"] == "mine.1")
    assert (line["level"], line["event"]) == ("info", "request")
    assert (line["method"], line["path"], line["status"]) == ("POST", "/api/v1/predict", 200)
    assert (line["rows"], line["without_prediction"]) == (2, 1)
    assert line["problems"]["wrong_type"] == 1 and line["milliseconds"] > 0
    assert [one["status"] for one in lines[1:]] == [200, 422, 200]
    assert "secret" not in served.log() and "Elsewhere" not in served.log()


def test_metrics_count_over_all_workers(
    serve: Callable[..., Served], rows: list[Row], model: Model
) -> None:
    """Whichever worker is asked, it tells what all of them have answered."""
    served = serve("--workers", "2")
    for _ in range(10):  # a connection each, so that both workers have some
        with httpx.Client(base_url=served.url, trust_env=False) as client:
            client.post("/api/v1/predict", json={"inputs": [rows[0], {**rows[1], "YrSold": "?"}]})
    for _ in range(4):
        with httpx.Client(base_url=served.url, trust_env=False) as client:
            text = client.get("/metrics").text
        assert 'regression_model_requests_total{route="predict",status="200"} 10.0' in text
        assert "regression_model_rows_total 20.0" in text
        assert "regression_model_rows_without_prediction_total 10.0" in text
        assert 'regression_model_problems_total{code="wrong_type"} 10.0' in text
        assert f'version="{model.version}"' in text
    assert served.stop() == 0


@pytest.mark.parametrize("workers", ["1", "2"])
def test_a_new_model_is_picked_up_without_a_dropped_request(
    serve: Callable[..., Served], rows: list[Row], model: Model, tmp_path: Path, workers: str
) -> None:
    """While one client asks on and on, each answer is of the old model or of the new one."""
    file = tmp_path / "model.onnx"
    shutil.copy(model.source, file)
    served = serve("--model", str(file), "--workers", workers)
    seen: list[tuple[int, str]] = []
    stop = threading.Event()

    def ask() -> None:
        with httpx.Client(base_url=served.url, trust_env=False, timeout=20) as client:
            while not stop.is_set():
                answer = client.post("/api/v1/predict", json={"inputs": rows[:1]})
                seen.append((answer.status_code, answer.json()["model"]["version"]))

    asking = [threading.Thread(target=ask) for _ in range(2)]
    for thread in asking:
        thread.start()
    try:
        _version(file, model, "5.0.0")
        served.process.send_signal(signal.SIGHUP)
        until = time.monotonic() + 10
        while {version for _, version in seen[-20:]} != {"5.0.0"}:
            assert time.monotonic() < until, served.log()
            time.sleep(0.02)
    finally:
        stop.set()
        for thread in asking:
            thread.join()
    assert {status for status, _ in seen} == {200}
    assert served.stop() == 0


def test_a_damaged_model_is_refused_and_the_old_one_serves_on(
    serve: Callable[..., Served], model: Model, tmp_path: Path
) -> None:
    """The log says so once, the metrics count it, and a good file is opened again."""
    file = tmp_path / "model.onnx"
    shutil.copy(model.source, file)
    served = serve("--model", str(file))
    file.write_bytes(file.read_bytes()[:-100])
    log = served.wait_for_log("model refused")
    assert "truncated" in log or "damaged" in log
    assert _served_version(served) == model.version
    assert "regression_model_reloads_refused_total 1.0" in served.client.get("/metrics").text
    _version(file, model, "5.0.1")
    _wait_for_version(served, "5.0.1")
    assert served.log().count("model refused") == 1


def test_requests_under_way_are_answered_at_the_end(
    serve: Callable[..., Served], rows: list[Row]
) -> None:
    """After SIGTERM a body that is half sent is still received and answered; the exit code is 0."""
    served = serve()
    body = json.dumps({"inputs": rows[:1]}).encode()
    host, port = served.url.removeprefix("http://").split(":")
    with closing(socket.create_connection((host, int(port)), timeout=15)) as connection:
        head = b"POST /api/v1/predict HTTP/1.1\r\nhost: x\r\ncontent-length: %d\r\n\r\n" % len(body)
        connection.sendall(head + body[:100])
        time.sleep(0.3)
        served.process.send_signal(signal.SIGTERM)
        time.sleep(0.3)
        connection.sendall(body[100:])
        answer = connection.recv(65536)
        while b'"model"' not in answer:
            more = connection.recv(65536)
            assert more, answer
            answer += more
    assert answer.startswith(b"HTTP/1.1 200")
    assert served.stop() == 0


@pytest.mark.parametrize("workers", ["1", "2"])
def test_ctrl_c_ends_with_exit_code_0(serve: Callable[..., Served], workers: str) -> None:
    """To stop it is no failure, and shows no traceback."""
    served = serve("--workers", workers)
    served.process.send_signal(signal.SIGINT)
    assert served.process.wait(20) == 0
    assert "Traceback" not in served.log()


@pytest.mark.skipif(not Path("/proc").is_dir(), reason="finds the workers in /proc")
def test_a_worker_that_is_killed_is_replaced(serve: Callable[..., Served], rows: list[Row]) -> None:
    """The other one answers meanwhile, and soon there are two again."""
    served = serve("--workers", "2")
    before = _workers(served)
    assert len(before) == 2
    os.kill(before[0], signal.SIGKILL)
    until = time.monotonic() + 20
    while not (len(after := _workers(served)) == 2 and before[0] not in after):
        with httpx.Client(base_url=served.url, trust_env=False, timeout=20) as client:
            try:
                assert client.post("/api/v1/predict", json={"inputs": rows[:1]}).status_code == 200
            except httpx.TransportError:
                pass  # the connection that the killed worker held
        assert time.monotonic() < until
        time.sleep(0.05)
    assert served.stop() == 0


def _workers(served: Served) -> list[int]:
    pid = served.process.pid
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="utf-8").split()
    return [
        int(child)
        for child in children
        if b"spawn_main" in Path(f"/proc/{child}/cmdline").read_bytes()
    ]


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--model", "nowhere.onnx"], "nowhere.onnx"),
        (["--host", "no.such.host.invalid"], "host"),
        (["--port", "70000"], "70000"),
        (["--workers", "0"], "0"),
        (["--timeout", "soon"], "soon"),
    ],
)
def test_what_cannot_be_served_is_one_sentence(options: list[str], words: str) -> None:
    """Exit code 2, and no traceback."""
    command = [sys.executable, "-m", "regression_model", "serve", "--port", "0", *options]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert ended.returncode == 2
    assert words in ended.stderr and "Traceback" not in ended.stderr


def test_a_port_in_use_is_one_sentence(service: Served) -> None:
    """It names the port, and the way out."""
    port = service.url.rpartition(":")[2]
    command = [sys.executable, "-m", "regression_model", "serve", "--port", port]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert ended.returncode == 2
    assert port in ended.stderr and "--port" in ended.stderr
    assert len(ended.stderr.splitlines()) == 1


@pytest.mark.parametrize("missing", ["uvicorn", "orjson", "prometheus_client", "httptools"])
def test_a_missing_library_names_the_extra(missing: str) -> None:
    """Without the extra, the command says how to install it."""
    code = (
        f"import sys; sys.modules[{missing!r}] = None; sys.argv = ['x', 'serve', '--port', '0'];"
        "from regression_model.cli import main; main()"
    )
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert ended.returncode == 2
    assert f"{missing} is not installed" in ended.stderr and "[serve]" in ended.stderr
