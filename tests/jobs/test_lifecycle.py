"""The page about the life of a model: its files and its commands, run in order."""

import re
import shlex
import shutil
from pathlib import Path

import pytest
from typer.testing import CliRunner

from regression_model.cli import app
from regression_model.jobs import KINDS, PredictJob, read_job

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "lifecycle.md"
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", flags=re.MULTILINE | re.DOTALL)
CONFIG = """\
name: cars
description: How far a car drives with a gallon
target:
  name: Miles_per_Gallon
  description: In town
  unit: mpg
  minimum: 1
data:
  training: cars.csv
features:
  Weight_in_lbs:
    description: Weight
    kind: number
  Origin:
    description: Where it was made
    kind: nominal
estimator:
  ridge:
    alpha: 1
evaluation:
  folds: 2
tuning:
  repeats: 1
  search:
    estimator.ridge.alpha: 0.1 to 10, log
"""


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with the table and the configuration that the page speaks of."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOOK", "json://127.0.0.1:9")
    monkeypatch.delenv("REGRESSION_MODEL_RUNS", raising=False)
    lines = (ROOT / "examples" / "cars.csv").read_text(encoding="utf-8").splitlines()
    known = [line for line in lines if line.split(",")[1]]
    (tmp_path / "cars.csv").write_text("\n".join(known), encoding="utf-8")
    (tmp_path / "cars.yml").write_text(CONFIG, encoding="utf-8")
    return tmp_path


@pytest.mark.usefixtures("without_documents")
def test_the_commands_of_the_page_do_what_it_says(place: Path) -> None:
    """Each need has a command that meets it, with exit code 0."""
    called = set()
    for language, text in BLOCK.findall(PAGE.read_text(encoding="utf-8")):
        if language == "yaml" and (name := re.match(r"# (\w+\.yml)\n", text)):
            (place / name[1]).write_text(text, encoding="utf-8")
        if language == "sh":
            for line in text.splitlines():
                program, *arguments = shlex.split(line)
                result = CliRunner().invoke(app, arguments)
                assert (program, result.exit_code) == ("regression-model", 0), result.output
                called |= {*arguments}
    assert {*KINDS} - {"train"} | {"run", "schema", "runs", "check"} <= called
    predictions = place / "predictions.csv"
    job = PredictJob(source="cars.csv", model=Path("work/cars-4.0.0.onnx"), output="again.csv")
    assert job.run().refused == 0
    again = (place / "again.csv").read_text(encoding="utf-8")
    assert again == predictions.read_text(encoding="utf-8")
    assert "HOOK" not in (place / "log.jsonl").read_text(encoding="utf-8")
    shutil.rmtree(place / "runs")


@pytest.mark.parametrize("kind", KINDS)
def test_the_ready_files_are_jobs(kind: str) -> None:
    """Each is valid with no variable set, and of the kind that its name says."""
    job = read_job(ROOT / "jobs" / f"{kind}.yml", environment={})
    assert job.kind == kind
