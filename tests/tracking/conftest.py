"""What the tests of tracking share: versions of the shipped model, and the program."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from regression_model import Model
from regression_model.evaluation.metrics import PredictedRows
from regression_model.runtime.model_file.sealing import reseal
from regression_model.tracking import Runs, open_runs
from regression_model.tracking.building import made_of_model
from regression_model.tracking.held_out import FILE, held_out_of

Program = Callable[..., subprocess.CompletedProcess[str]]
Versions = Callable[..., Path]
Add = Callable[..., str]


@pytest.fixture
def version(model: Model, tmp_path: Path) -> Versions:
    """Write a copy of the shipped model under another version, with changes to its manifest."""

    def write(number: str, **changes: Any) -> Path:
        path = tmp_path / f"{model.name}-{number}.onnx"
        manifest = {**model.manifest, "version": number, **changes}
        path.write_bytes(reseal(Path(model.source).read_bytes(), manifest, name="it"))
        return path

    return write


@pytest.fixture
def runs(tmp_path: Path) -> Runs:
    """An empty place for runs."""
    return open_runs(tmp_path / "runs")


def held_out_errors(error: float, *, rows: int = 300, seed: int = 0) -> bytes:
    """Held-out predictions of made targets, which are wrong by about `error` of their size."""
    target = np.exp(np.random.default_rng(0).normal(12, 0.4, rows))
    noise = np.random.default_rng(seed).normal(0, 1, rows)
    predicted = target * np.exp(error * noise)
    scored = PredictedRows(target, predicted, np.arange(rows) % 5)
    return held_out_of([(np.arange(rows), scored)])


@pytest.fixture
def add(runs: Runs, version: Versions) -> Add:
    """Record a version of the model with held-out errors of a size; return the run's id."""

    def record(number: str, *, error: float = 0.1, **changes: Any) -> str:
        made = made_of_model(version(number, **changes))
        return runs.record(made.run, {**made.files, FILE: held_out_errors(error)})

    return record


@pytest.fixture
def program(tmp_path: Path) -> Program:
    """Run the program in the folder that has `runs`."""

    def run(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "regression_model", *arguments],
            cwd=tmp_path,
            env={**os.environ, "COLUMNS": "200", "OMP_NUM_THREADS": "1", **environment},
            capture_output=True,
            encoding="utf-8",
            timeout=60,
            check=False,
        )

    return run
