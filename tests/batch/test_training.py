"""Folds on a Dask cluster: the same results as on this machine."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from regression_model.batch.cluster import opened_cluster
from regression_model.cli import app
from regression_model.training import parallel

pytestmark = [
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]

CONFIG = """\
name: boats
description: Prices of used boats
target:
  name: price
  description: Price paid
  minimum: 1
  transform: log
data:
  training: boats.csv
features:
  length:
    description: Length
    kind: number
    minimum: 1
    missing: median
  yard:
    description: Where it was built
    kind: nominal
    encode: one_hot
estimator:
  lasso:
    alpha: 0.001
evaluation:
  folds: 3
  seed: 1
tuning:
  trials: 3
  search:
    estimator.lasso.alpha: 0.0001 to 0.1, log
"""


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    """The address of a cluster with two workers."""
    with opened_cluster("local", workers=2) as client:
        yield client.scheduler.address


@pytest.fixture
def config(tmp_path: Path) -> Path:
    """A small configuration and its table."""
    rows = [f"{5 + i % 9},{'ABC'[i % 3]},{1000 + 90 * (i % 9) + 70 * (i % 3)}" for i in range(60)]
    (tmp_path / "boats.csv").write_text("\n".join(["length,yard,price", *rows, ""]))
    (tmp_path / "boats.yml").write_text(CONFIG)
    return tmp_path / "boats.yml"


def invoke(*arguments: str | Path) -> Result:
    """Run a command inside this process."""
    ran = CliRunner().invoke(app, [*map(str, arguments)])
    assert ran.exit_code == 0, ran.output
    return ran


def tasks_done(client_address: str) -> int:
    """How many tasks the scheduler has seen."""
    from distributed import Client

    with Client(client_address) as client:
        seen: Any = client.run_on_scheduler(_transitions)
    return int(seen)


def _transitions(dask_scheduler: Any) -> int:
    return int(dask_scheduler.transition_counter)


def test_an_evaluation_on_a_cluster_is_the_same(
    address: str, config: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every number of it, however the folds were spread."""
    monkeypatch.setattr(parallel, "_WORTH_IT", 0.0)
    here = invoke("evaluate", "--config", config, "--json")
    before = tasks_done(address)
    there = invoke("evaluate", "--config", config, "--json", "--scheduler", address)
    assert json.loads(here.stdout) == json.loads(there.stdout)
    assert tasks_done(address) > before
    assert "Workers: 2. Dashboard:" in there.stderr


def test_a_search_on_a_cluster_is_the_same(address: str, config: Path) -> None:
    """The same trials with the same scores, and so the same best values."""
    before, found = tasks_done(address), {}
    for name, spread in (("here", []), ("there", ["--scheduler", address])):
        study = config.with_name(f"{name}.log")
        ran = invoke("tune", "--config", config, "--study", study, *spread)
        found[name] = ran.stdout.replace(name, "")
    assert found["here"] == found["there"]
    assert tasks_done(address) > before


def test_a_model_trained_on_a_cluster_is_the_same(
    address: str, config: Path, monkeypatch: pytest.MonkeyPatch, without_documents: None
) -> None:
    """Byte by byte."""
    monkeypatch.setattr(parallel, "_WORTH_IT", 0.0)
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "0")
    content = []
    for name, spread in (("here", []), ("there", ["--scheduler", address])):
        invoke("train", "--config", config, "--output", config.parent / name, *spread)
        (model,) = (config.parent / name).glob("*.onnx")
        content.append(model.read_bytes())
    assert content[0] == content[1]
