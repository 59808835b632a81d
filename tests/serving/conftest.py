"""The service as a process of its own, as an operator starts it."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from regression_model import load_model
from regression_model.processing.data_manager import load_dataset

Row = dict[str, Any]


class Served:
    """A running service: its process, its address, and what it has logged."""

    def __init__(self, process: subprocess.Popen[bytes], log: Path, url: str) -> None:
        self.process, self.url, self._log = process, url, log
        self.client = httpx.Client(base_url=url, timeout=20, trust_env=False)

    def predict(self, *rows: Any) -> httpx.Response:
        return self.client.post("/api/v1/predict", json={"inputs": [*rows]})

    def log(self) -> str:
        return self._log.read_text(encoding="utf-8")

    def wait_for_log(self, text: str, seconds: float = 10) -> str:
        until = time.monotonic() + seconds
        while text not in self.log():
            assert time.monotonic() < until, f"{text!r} is not in {self.log()}"
            time.sleep(0.02)
        return self.log()

    def stop(self) -> int:
        """Stop the service as a supervisor of services does; return its exit code."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        return self.process.wait(20)


@contextmanager
def serving(folder: Path, *options: str, **environment: str) -> Iterator[Served]:
    """Start the service on a free port; stop it at the end."""
    log = folder / "log"
    command = [sys.executable, "-m", "regression_model", "serve", "--port", "0", *options]
    env = {**os.environ, "OMP_NUM_THREADS": "1", **environment}
    with log.open("wb") as stderr:
        process = subprocess.Popen(command, stderr=stderr, stdout=stderr, env=env)
    served = None
    try:
        served = Served(process, log, _address(process, log))
        yield served
    finally:
        if served is not None:
            served.client.close()
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _address(process: subprocess.Popen[bytes], log: Path) -> str:
    until = time.monotonic() + 30
    while time.monotonic() < until:
        text = log.read_text(encoding="utf-8")
        if found := re.search(r"on (http://\S+) ", text):
            _wait_until_answered(found[1])
            return found[1]
        assert process.poll() is None, text
        time.sleep(0.02)
    raise AssertionError(f"The service did not start: {log.read_text(encoding='utf-8')}")


def _wait_until_answered(url: str) -> None:
    for _ in range(500):
        try:
            httpx.get(f"{url}/health/ready", trust_env=False)
        except httpx.TransportError:
            time.sleep(0.02)
        else:
            return
    raise AssertionError(f"{url} does not answer.")


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[Callable[..., Served]]:
    """Start services with options of one's own."""
    with ExitStack() as stack:
        yield lambda *options, **env: stack.enter_context(serving(tmp_path, *options, **env))


@pytest.fixture(scope="session")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """The service of the shipped model, shared by the tests that do not stop it."""
    with serving(tmp_path_factory.mktemp("service"), "--timeout", "2") as served:
        yield served


@pytest.fixture(scope="session")
def rows() -> list[Row]:
    """Rows of the shipped test.csv, as they are written in JSON."""
    frame = load_dataset(file_name="test.csv").head(5).astype(object)
    frame = frame.where(frame.notna(), None)
    return [{str(k): _plain(v) for k, v in row.items()} for row in frame.to_dict("records")]


def _plain(value: Any) -> Any:
    return value.item() if hasattr(value, "item") else value


@pytest.fixture(scope="session")
def model() -> Any:
    return load_model()
