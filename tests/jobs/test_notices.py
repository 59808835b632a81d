"""Notices and logs: who is told of a job, and what programs can read of it."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from regression_model.cli import app

pytest.importorskip("apprise", reason="the extra notify is not installed")


def invoke(*arguments: object) -> Result:
    return CliRunner().invoke(app, [str(one) for one in arguments])


@pytest.fixture
def received() -> Iterator[tuple[int, list[dict[str, Any]]]]:
    """The port of a server on this machine, and what it has received."""
    messages: list[dict[str, Any]] = []

    class Receiver(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            messages.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(500 if "refuse" in self.path else 200)
            self.end_headers()

        def log_message(self, *_: object) -> None: ...

    server = HTTPServer(("127.0.0.1", 0), Receiver)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield server.server_port, messages
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def job(tmp_path: Path, scoring_file: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A file that predicts one row, and tells an address that the environment names."""
    monkeypatch.chdir(tmp_path)
    lines = scoring_file.read_text(encoding="utf-8").splitlines()[:2]
    Path("one.csv").write_text("\n".join(lines), encoding="utf-8")
    file = tmp_path / "job.yml"
    file.write_text(
        "kind: predict\ninput: one.csv\noutput: out.csv\nnotify: ${HOOK}\n", encoding="utf-8"
    )
    return file


def test_notices_tell_the_beginning_and_the_end(
    received: tuple[int, list[dict[str, Any]]], job: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Started, finished with the headline, failed with the reason; or only those asked for."""
    port, messages = received
    monkeypatch.setenv("HOOK", f"json://127.0.0.1:{port}")
    assert invoke("run", job).exit_code == 0
    started, finished = messages
    assert (started["title"], finished["title"]) == (
        "regression-model predict: started",
        "regression-model predict: finished",
    )
    assert finished["message"].startswith("1 row in ")
    messages.clear()
    only = ["--set", "notify.to=${HOOK}", "--set", "notify.on=failed"]
    job.write_text(job.read_text(encoding="utf-8").replace("notify: ${HOOK}\n", ""), "utf-8")
    assert invoke("run", job, *only, "--set", "input=none.csv").exit_code == 2
    [failed] = messages
    assert "none.csv does not exist" in failed["message"]


def test_a_notice_that_fails_never_fails_the_job(
    received: tuple[int, list[dict[str, Any]]], job: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A line says so, and shows nothing of the address."""
    port, _ = received
    for address in (f"json://user:geheim@127.0.0.1:{port}/refuse?token=geheim", "geheim"):
        monkeypatch.setenv("HOOK", address)
        result = invoke("--log-file", "log.jsonl", "run", job, "--set", "runs=runs")
        assert result.exit_code == 0
        assert result.stderr.count("Warning: ") == 2
        everything = result.output + Path("log.jsonl").read_text(encoding="utf-8")
        for record in Path("runs").rglob("*.json*"):
            everything += record.read_text(encoding="utf-8")
        assert "geheim" not in everything and "token" not in everything


def test_a_log_for_programs(
    received: tuple[int, list[dict[str, Any]]], job: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Lines of JSON, on standard error of a job where that is no terminal, and in a file."""
    monkeypatch.setenv("HOOK", f"json://127.0.0.1:{received[0]}")
    result = invoke("--log-file", "log.jsonl", "run", job)
    lines = [json.loads(line) for line in result.stderr.splitlines()]
    assert [one["event"] for one in lines] == ["started", "finished", "message"]
    assert lines == [*map(json.loads, Path("log.jsonl").read_text("utf-8").splitlines())]
    assert {"time", "level", "event", "kind"} <= lines[0].keys()
    failing = invoke("run", job, "--set", "input=none.csv")
    last = json.loads(failing.stderr.splitlines()[-1])
    assert (failing.exit_code, last["level"], last["event"]) == (2, "error", "failed")
    assert last["message"] == "none.csv does not exist."


def test_the_log_of_a_command(job: Path) -> None:
    """People read sentences; the file has the same, for programs, down to a level."""
    result = invoke("--log-file", "log.jsonl", "predict", "one.csv", "-o", "out.csv")
    assert result.stderr.startswith("1 row in ")
    events = [json.loads(line)["event"] for line in Path("log.jsonl").read_text().splitlines()]
    assert events == ["started", "finished", "message"]
    quiet = invoke("--log-level", "error", "predict", "one.csv", "-o", "out.csv")
    assert (quiet.exit_code, quiet.stderr) == (0, "")
    loud = invoke("--log-level", "error", "predict", "none.csv", "-o", "out.csv")
    assert loud.stderr == "Error: none.csv does not exist.\n"
    nowhere = invoke("--log-file", "none/log.jsonl", "predict", "one.csv")
    assert nowhere.exit_code == 2 and "cannot be written" in nowhere.stderr
