"""A real tracking server for these tests, with a database and artifacts of its own."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.error import URLError
from urllib.request import urlopen

import pytest

from regression_model import Model
from regression_model.runtime.model_file.sealing import reseal

Program = Callable[..., subprocess.CompletedProcess[str]]
Versions = Callable[..., Path]


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a server that runs until the last test has ended."""
    folder = tmp_path_factory.mktemp("server")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [
        *(sys.executable, "-m", "mlflow", "server", "--host", "127.0.0.1", "--port", str(port)),
        *("--backend-store-uri", "sqlite:///runs.db", "--artifacts-destination", "./artifacts"),
        *("--workers", "1"),
    ]
    environment = {**os.environ, "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            command, cwd=folder, stdout=log, stderr=log, env=environment, start_new_session=True
        )
    url = f"http://127.0.0.1:{port}"
    try:
        until = time.monotonic() + 120
        while not _answers(url):
            said = (folder / "log").read_text(encoding="utf-8")
            assert process.poll() is None and time.monotonic() < until, said
            time.sleep(0.1)
        yield url
    finally:
        os.killpg(process.pid, 15)
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, 9)


def _answers(url: str) -> bool:
    try:
        with urlopen(f"{url}/health", timeout=5) as answer:
            return bool(answer.status == 200)
    except (URLError, OSError):
        return False


@pytest.fixture
def experiment(server: str, request: pytest.FixtureRequest) -> str:
    """An experiment of this test's own."""
    return f"mlflow+{server}/{request.node.name}"


@pytest.fixture
def version(model: Model, tmp_path: Path, request: pytest.FixtureRequest) -> Versions:
    """Write the shipped model under a name of this test's own and another version."""
    name = request.node.name.replace("_", "-").lower()[:60].rstrip("-")

    def write(number: str, **changes: Any) -> Path:
        path = tmp_path / f"{number}.onnx"
        manifest = {**model.manifest, "name": name, "version": number, **changes}
        path.write_bytes(reseal(Path(model.source).read_bytes(), manifest, name="it"))
        return path

    return write


@pytest.fixture
def program(tmp_path: Path, server: str) -> Program:
    """Run Python, or the program, in the test's folder."""

    def run(
        *arguments: str, module: bool = True, **environment: str
    ) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, *(["-m", "regression_model"] if module else []), *arguments],
            cwd=tmp_path,
            env={**os.environ, "COLUMNS": "200", "MLFLOW_TRACKING_URI": server, **environment},
            capture_output=True,
            encoding="utf-8",
            timeout=120,
            check=False,
        )

    return run
