"""A service that follows an alias while models are promoted."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from pathlib import Path

import httpx

from regression_model import Model
from regression_model.runtime.model_file.sealing import reseal
from regression_model.tracking import open_runs
from regression_model.tracking.building import made_of_model
from regression_model.tracking.promotion import rollback

from .conftest import Row, Served


def test_no_request_is_lost_while_an_alias_moves(
    serve: Callable[..., Served], rows: list[Row], model: Model, tmp_path: Path
) -> None:
    """Under load every request is answered by the old or the new model, and none is an error."""
    runs, ids = open_runs(tmp_path / "runs"), {}
    for version in ("5.0.0", "5.1.0"):
        path = tmp_path / f"{version}.onnx"
        manifest = {**model.manifest, "version": version}
        path.write_bytes(reseal(Path(model.source).read_bytes(), manifest, name="it"))
        made = made_of_model(path)
        ids[version] = runs.record(made.run, made.files)
    runs.set_alias(model.name, "champion", ids["5.0.0"], expected=None)
    where = {"REGRESSION_MODEL_RUNS": str(tmp_path / "runs")}
    served = serve("--model", f"runs:/{model.name}@champion", **where)
    answers: list[tuple[int, str]] = []
    stop = threading.Event()

    def ask() -> None:
        with httpx.Client(base_url=served.url, trust_env=False) as client:
            while not stop.is_set():
                answer = client.post("/api/v1/predict", json={"inputs": rows})
                answers.append((answer.status_code, answer.json()["model"]["version"]))

    clients = [threading.Thread(target=ask) for _ in range(2)]
    for one in clients:
        one.start()
    move = runs.set_alias(model.name, "champion", ids["5.1.0"], expected=ids["5.0.0"])
    _wait_for(answers, "5.1.0")
    assert rollback(runs, model.name).run == move.replaced
    _wait_for(answers, "5.0.0")
    stop.set()
    for one in clients:
        one.join(20)
    assert {status for status, _ in answers} == {200} and len(answers) > 100
    assert {version for _, version in answers} == {"5.0.0", "5.1.0"}


def _wait_for(answers: list[tuple[int, str]], version: str) -> None:
    """Wait until a version, and no other one, answers many times."""
    until = time.monotonic() + 15
    while {one for _, one in answers[-100:]} != {version}:
        assert time.monotonic() < until, answers[-10:]
        time.sleep(0.05)
