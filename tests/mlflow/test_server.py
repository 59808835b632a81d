"""Runs and models on a real tracking server."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from regression_model import load_model
from regression_model.errors import AliasMovedError, TrackingError
from regression_model.tracking import Dataset, Metric, Run, open_runs
from regression_model.tracking.building import made_of_model
from regression_model.tracking.mlflow.runs import MlflowRuns
from regression_model.tracking.promotion import promote, rollback
from regression_model.tracking.sources import open_model

from .conftest import Program, Versions

pytestmark = pytest.mark.filterwarnings("ignore")  # mlflow warns of its own code

_PYFUNC = """
import sys, json, pandas, mlflow.pyfunc
table = pandas.read_csv(sys.argv[2], nrows=20)
model = mlflow.pyfunc.load_model(sys.argv[1])
both = model.predict(table, params={"intervals": True})
print(json.dumps([model.predict(table).tolist(), both.to_dict("list")]))
"""


def test_a_run_is_read_back_from_the_server(experiment: str) -> None:
    """Parameters, metrics with their spread, data with digests, tags, files and parts."""
    runs = MlflowRuns(experiment)
    secret = "s3://me:hunter2@bucket/rows.csv?key=hunter2"
    run = Run(
        "tune",
        "boats",
        parameters={"folds": "5", "api_key": "hunter2"},
        metrics={"rmse": Metric(2.0, 1.5, 2.5), "r2": Metric(0.5)},
        datasets=(Dataset(secret, "training", "a" * 64, 100, 5),),
        tags={"commit": "abc", "config_sha256": "b" * 64},
        started="2026-11-22T05:00:00+00:00",
        seconds=1.5,
        notes=("a note",),
    )
    trial = Run("trial", "boats", parameters={"alpha": "2"}, metrics={"rmse": Metric(2.1)})
    run_id = runs.record(run, {"report.html": b"<p>"}, [trial, trial])
    (read,) = runs.runs()
    assert (read.id, read.run.metrics) == (run_id, run.metrics)
    assert read.run.parameters == {"folds": "5", "api_key": "***"}
    assert read.run.datasets == (Dataset("s3://bucket/rows.csv", "training", "a" * 64, 100, 5),)
    assert (read.run.tags, read.run.notes) == (run.tags, run.notes)
    assert runs.file(run_id, "report.html") == b"<p>"
    client = runs._client
    found = client.search_runs([runs._experiment], f"tags.mlflow.parentRunId = '{run_id}'")
    assert [one.data.params for one in found] == [{"alpha": "2"}] * 2
    assert "hunter2" not in str([one.to_dictionary() for one in [*found, client.get_run(run_id)]])


def test_the_registered_model_is_loaded_by_mlflow_and_by_plain_requests(
    experiment: str,
    version: Versions,
    program: Program,
    scoring_file: Path,
    monkeypatch: pytest.MonkeyPatch,
    server: str,
) -> None:
    """Both give what the file gives; there is no pickle, and plain requests need no mlflow."""
    path = version("5.0.0")
    found = promote(MlflowRuns(experiment), str(path))
    named = f"models:/{found.name}@champion"
    loaded = program("-c", _PYFUNC, named, str(scoring_file), module=False)
    assert loaded.returncode == 0, loaded.stderr
    values, both = json.loads(loaded.stdout.splitlines()[-1])
    csv = program("predict", str(scoring_file), "--model", named, "--interval", "--to", "csv")
    lines = [line.split(",") for line in csv.stdout.splitlines()[1:21]]
    assert [float(line[1]) for line in lines] == pytest.approx(values, rel=1e-12)
    assert [float(line[2]) for line in lines] == pytest.approx(both["lower"], rel=1e-12)
    client = MlflowRuns(experiment)._client
    files = [one.path for one in client.list_artifacts(found.challenger, "model")]
    files += [one.path for one in client.list_artifacts(found.challenger, "model/artifacts")]
    assert not [one for one in files if one.endswith((".pkl", ".joblib"))]
    needs = Path(client.download_artifacts(found.challenger, "model/requirements.txt"))
    assert needs.read_text(encoding="utf-8").startswith("regression-model==")
    example = client.download_artifacts(found.challenger, "model/serving_input_example.json")
    split = json.loads(Path(example).read_text(encoding="utf-8"))["dataframe_split"]
    typical = load_model(path).typical_row
    assert dict(zip(split["columns"], split["data"][0], strict=True)) == pytest.approx(typical)
    plain = program(
        "-c",
        "import sys; from regression_model.tracking.sources import open_model;"
        f"open_model({named!r}); print('mlflow' in sys.modules, 'pandas' in sys.modules)",
        module=False,
    )
    assert plain.stdout == "False False\n", plain.stderr
    monkeypatch.setenv("MLFLOW_TRACKING_URI", server)
    assert open_model(f"models:/{found.name}/1").version == "5.0.0"
    MlflowRuns(experiment)._client.delete_model_version(found.name, "1")
    with pytest.raises(TrackingError, match="not found"):
        open_model(f"models:/{found.name}/1")


@pytest.mark.parametrize(
    ("named", "said"),
    [
        ("models:/nothing@champion", "not found"),
        ("models:/nothing/7", "not found"),
        ("models:/nothing", "is not a registered model"),
    ],
)
def test_a_model_that_is_not_registered_is_one_sentence(
    program: Program, named: str, said: str
) -> None:
    """The name is in it, the exit code is 2, and there is no traceback."""
    ran = program("info", "--model", named)
    assert ran.returncode == 2 and said in ran.stderr and "nothing" in ran.stderr
    assert len(ran.stderr.splitlines()) == 1


def test_aliases_move_by_promotion_and_rollback(experiment: str, version: Versions) -> None:
    """MLflow's alias names the version, and the moves are recorded with their evidence."""
    runs = MlflowRuns(experiment)
    first, second = (
        runs.record(*made_of_model(version(number))[:2]) for number in ("5.0.0", "5.0.1")
    )
    name = promote(runs, first).name
    forced = promote(runs, second, force=True, reason="it is the one that is documented")
    assert forced.promoted and runs.run(f"{name}@champion").id == second
    assert rollback(runs, name).run == first
    now = MlflowRuns(experiment).alias(name, "champion")
    assert now is not None and (now.run, now.replaced, now.number) == (first, second, 3)
    version_ = runs._client.get_model_version_by_alias(name, "champion")
    assert (version_.run_id, version_.tags["version"]) == (first, "5.0.0")


def test_of_two_promotions_at_once_one_is_told(
    experiment: str, version: Versions, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The number of a move is taken once: who has looked before the other moved is refused."""
    runs, other = MlflowRuns(experiment), MlflowRuns(experiment)
    first, second = (
        runs.record(*made_of_model(version(number))[:2]) for number in ("5.0.0", "5.0.1")
    )
    name = runs.run(first).run.model
    seen = other.history(name, "champion"), other.alias(name, "champion")
    runs.set_alias(name, "champion", first, expected=None)
    monkeypatch.setattr(other, "history", lambda *_: seen[0])
    real = other.alias
    looks = iter([seen[1]])
    monkeypatch.setattr(other, "alias", lambda *names: next(looks, real(*names)))
    with pytest.raises(AliasMovedError, match=f"moved to {first}"):
        other.set_alias(name, "champion", second, expected=None)
    assert runs.run(f"{name}@champion").id == first


def test_what_a_server_missed_is_pushed_later(
    program: Program, version: Versions, experiment: str
) -> None:
    """A run of a folder is registered, and the second time it is there already."""
    assert program("promote", str(version("5.0.0"))).returncode == 0
    pushed = program("runs", "push", "--to", experiment)
    assert pushed.returncode == 0 and "1 run recorded" in pushed.stdout, pushed.stderr
    again = program("runs", "push", "--to", experiment)
    assert "is there already" in again.stdout and "0 runs recorded" in again.stdout
    listed = json.loads(program("runs", "--runs", experiment, "--json").stdout)
    assert [one["version"] for one in listed] == ["5.0.0"]


def test_a_database_without_a_server_does_as_well(
    tmp_path: Path, version: Versions, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`mlflow+sqlite` needs no server, for a single person."""
    monkeypatch.chdir(tmp_path)  # where MLflow puts its folder of artifacts
    runs = open_runs(f"mlflow+sqlite:///{tmp_path}/runs.db#alone")
    found = promote(runs, str(version("5.0.0")))
    assert found.promoted and runs.resolve(f"{found.name}@champion")


def test_the_aliases_of_more_models_than_a_page_are_listed(
    tmp_path: Path, version: Versions, monkeypatch: pytest.MonkeyPatch
) -> None:
    """MLflow returns registered models in pages of a hundred, by name: all pages are read."""
    monkeypatch.chdir(tmp_path)  # where MLflow puts its folder of artifacts
    runs = MlflowRuns(f"mlflow+sqlite:///{tmp_path}/runs.db#many")
    found = promote(runs, str(version("5.0.0")))
    for number in range(100):
        runs._client.create_registered_model(f"before-{number}")
    assert [(one.name, one.alias) for one in runs.aliases()] == [(found.name, "champion")]


def test_nothing_of_mlflow_is_imported_before_it_is_needed(program: Program) -> None:
    """With the extra installed, the package and a prediction cost what they cost without."""
    code = (
        "import sys; from regression_model import load_model; "
        "model = load_model(); model.predict(model.typical_row); "
        "print(sorted({'mlflow', 'sqlalchemy', 'pandas', 'urllib.request'} & {*sys.modules}))"
    )
    ran = program("-c", code, module=False)
    assert ran.stdout == "[]\n", ran.stderr
