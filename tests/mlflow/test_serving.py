"""Models of a registry behind two servers: MLflow's own, and the service that follows an alias."""

from __future__ import annotations

import json
import os
import re
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.error import URLError
from urllib.request import Request, urlopen

import pytest

from regression_model import load_model
from regression_model.tracking.mlflow.runs import MlflowRuns
from regression_model.tracking.promotion import promote, rollback

from .conftest import Versions

pytestmark = pytest.mark.filterwarnings("ignore")  # mlflow warns of its own code


@contextmanager
def started(
    folder: Path, *command: str, at: Callable[[str], str | None], **environment: str
) -> Iterator[str]:
    """Run a server until the end of the block; `at` finds its address in what it writes."""
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    log = folder / "server.log"
    with log.open("wb") as file:
        process = subprocess.Popen(
            [sys.executable, "-m", *command],
            stdout=file,
            stderr=file,
            env={**os.environ, "PATH": path, **environment},
            start_new_session=True,
        )
    try:
        until = time.monotonic() + 90
        while (url := at(log.read_text(encoding="utf-8"))) is None:
            assert process.poll() is None, log.read_text(encoding="utf-8")
            assert time.monotonic() < until, log.read_text(encoding="utf-8")
            time.sleep(0.1)
        yield url
    finally:
        os.killpg(process.pid, 15)
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, 9)
            process.wait()


def served(said: str) -> str | None:
    """Return the address of the service, when it has said it."""
    found = re.search(r"on (http://\S+) ", said)
    return found[1] if found else None


def made_rows(model: Path) -> list[dict[str, Any]]:
    """Return rows that differ in a number, with their types, as a client of MLflow sends them."""
    typical = load_model(model).typical_row
    return [typical | {"LotArea": 5_000.0 + 500 * n} for n in range(5)]


def post(url: str, body: Any) -> tuple[int, Any]:
    """Return the status and the content of an answer; a status of 0 when there is none."""
    request = Request(url, json.dumps(body).encode(), {"content-type": "application/json"})
    try:
        with urlopen(request, timeout=20) as answer:
            return answer.status, json.load(answer)
    except URLError as error:
        return getattr(error, "code", 0), str(error)


def test_mlflow_serves_the_registered_model(
    experiment: str, version: Versions, server: str, tmp_path: Path
) -> None:
    """`mlflow models serve` and the service give the same answer to the same body of a client."""
    path = version("5.0.0")
    rows = made_rows(path)
    named = f"models:/{promote(MlflowRuns(experiment), str(path)).name}@champion"
    expected = load_model(path).predict(rows).values.tolist()
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = str(free.getsockname()[1])
    url = f"http://127.0.0.1:{port}"

    def answers(_: str) -> str | None:
        try:
            with urlopen(f"{url}/ping", timeout=5):
                return url
        except OSError:
            return None

    of_mlflow = ("mlflow", "models", "serve", "-m", named, "--env-manager", "local", "-p", port)
    of_ours = ("regression_model", "serve", "--model", named, "--port", "0")
    where = {"MLFLOW_TRACKING_URI": server}
    body = {"dataframe_records": rows}
    with started(tmp_path, *of_mlflow, at=answers, **where) as theirs:
        status, answer = post(f"{theirs}/invocations", body)
        assert status == 200, answer
        assert answer["predictions"] == pytest.approx(expected, rel=1e-12)
    with started(tmp_path, *of_ours, at=served, **where) as ours:
        assert post(f"{ours}/invocations", body) == (status, answer)


def test_no_request_is_lost_while_an_alias_moves_on_the_server(
    experiment: str, version: Versions, server: str, tmp_path: Path
) -> None:
    """Every request is answered by the old or the new champion, and none is an error."""
    runs = MlflowRuns(experiment)
    path = version("5.0.0")
    rows, name = made_rows(path), promote(runs, str(path)).name
    answers: list[tuple[int, str]] = []
    stop = threading.Event()
    command = ("regression_model", "serve", "--model", f"models:/{name}@champion", "--port", "0")
    with started(tmp_path, *command, at=served, MLFLOW_TRACKING_URI=server) as url:

        def ask() -> None:
            while not stop.is_set():
                status, answer = post(f"{url}/api/v1/predict", {"inputs": rows})
                answers.append((status, answer["model"]["version"] if status == 200 else answer))

        clients = [threading.Thread(target=ask) for _ in range(2)]
        for one in clients:
            one.start()
        try:
            wait_for(answers, "5.0.0")
            promote(runs, str(version("5.1.0")), force=True, reason="it is documented")
            wait_for(answers, "5.1.0")
            rollback(runs, name)
            wait_for(answers, "5.0.0")
        finally:
            stop.set()
            for one in clients:
                one.join(20)
    assert {status for status, _ in answers} == {200} and len(answers) > 100
    assert {one for _, one in answers} == {"5.0.0", "5.1.0"}


def wait_for(answers: list[tuple[int, str]], version: str) -> None:
    """Wait until a version, and no other one, answers many times."""
    until = time.monotonic() + 30
    while len(answers) < 50 or {one for _, one in answers[-50:]} != {version}:
        assert time.monotonic() < until, answers[-10:]
        time.sleep(0.05)
