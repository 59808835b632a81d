"""Job files: merged, checked with every mistake, and run as the commands are."""

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from regression_model.cli import app
from regression_model.errors import ConfigError
from regression_model.jobs import PredictJob, TrainJob, Watcher, read_job

jsonschema = pytest.importorskip("jsonschema", reason="the extra of the tests is not installed")


def invoke(*arguments: object) -> Result:
    return CliRunner().invoke(app, [str(one) for one in arguments])


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder to work in, with no variables for runs."""
    monkeypatch.delenv("REGRESSION_MODEL_RUNS", raising=False)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def written(path: Path, text: str) -> Path:
    path.write_text(text, encoding="utf-8")
    return path


@pytest.fixture
def few(place: Path, scoring_file: Path) -> Path:
    """Ten rows."""
    lines = scoring_file.read_text(encoding="utf-8").splitlines(keepends=True)[:11]
    return written(place / "few.csv", "".join(lines))


def test_later_files_and_settings_count(place: Path) -> None:
    """Files are merged from left to right; what --set says comes last."""
    one = written(place / "a.yml", "kind: predict\ninput: a.csv\nthreads: 1\ninterval: yes\n")
    other = written(place / "b.yml", "threads: 2\noutput: b.csv\n")
    job = read_job(one, other, changes=["output=c=d.csv", "keep=yes"])
    assert isinstance(job, PredictJob)
    assert (job.source, job.threads, job.output, job.interval, job.keep) == (
        *("a.csv", 2, "c=d.csv"),
        *(True, True),
    )


def test_the_environment_is_read(place: Path) -> None:
    """A variable stands in a text, alone or among others; a default may be empty of meaning."""
    file = written(
        place / "a.yml",
        "kind: predict\ninput: ${FOLDER}/${NAME:rows}.csv\nthreads: ${N:3}\n",
    )
    job = read_job(file, environment={"FOLDER": "data"})
    assert isinstance(job, PredictJob)
    assert (job.source, job.threads) == ("data/rows.csv", 3)


def test_the_settings_of_a_cluster_are_checked_together(place: Path) -> None:
    """Those of single files have no meaning with one, and its workers none without it."""
    written(
        place / "a.yml", "kind: predict\ninput: sales\nscheduler: local\nfrom: csv\nthreads: 2\n"
    )
    result = invoke("run", "a.yml")
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr.splitlines() == [
        "a.yml:1: output: name a folder for the partitions.",
        "a.yml:4: from: is for single files: give no scheduler with it.",
        "a.yml:5: threads: is for single files: give no scheduler with it.",
    ]
    written(place / "b.yml", "kind: predict\ninput: sales\nworkers: 2\n")
    assert invoke("run", "b.yml").stderr == "b.yml:3: workers: is for scheduler local.\n"


def test_every_mistake_of_every_file_is_told_with_its_line(place: Path) -> None:
    """Also where a later file says something else, and beside a variable that is not set."""
    written(place / "a.yml", "kind: predict\nthreads: none\nmodle: x.onnx\n")
    written(place / "b.yml", "threads: 300\nto: pdf\noutput: ${NO_SUCH_PLACE}/x.csv\n")
    result = invoke("run", "a.yml", "b.yml", "--set", "keep=maybe", "--set", "nothing")
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr.splitlines() == [
        "a.yml:1: input: required key is missing",
        "a.yml:2: threads: expected a number, got 'none'",
        "a.yml:3: modle: unknown key; did you mean 'model'?",
        "b.yml:1: threads: expected at most 256, got '300'",
        "b.yml:2: to: expected csv, jsonl or parquet, got 'pdf'",
        "b.yml:3: output: the environment variable NO_SUCH_PLACE is not set, and there is no "
        "default",
        "--set nothing: expected key=value or key.path=value",
        "--set keep: keep: expected yes or no, got 'maybe'",
    ]


def test_two_files_that_cannot_be_read(place: Path) -> None:
    """Both are named with the line, and what is missing in them is not."""
    written(place / "a.yml", "kind: predict\ninput: {a}\n")
    written(place / "b.yml", "threads 2\n")
    with pytest.raises(ConfigError) as caught:
        read_job("a.yml", "b.yml")
    first, second = str(caught.value).splitlines()
    assert first.startswith("a.yml:2: ") and second.startswith("b.yml:1: ")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("input: a.csv\n", "a.yml:1: kind: expected one of the kinds of jobs: tune, train, "),
        ("kind: predcit\n", "a.yml:1: kind: expected one of the kinds of jobs: "),
        ("kind: predcit\n", "; got 'predcit'; did you mean 'predict'?"),
        ("kind: train\nif_stale: yes\nwrite: yes\n", "a.yml:2: if_stale: looks at the shipped "),
        (
            "kind: train\nif_stale: yes\nwrite: yes\n",
            "give no config, data, output, write or since too.",
        ),
        ("kind: train\nnotify:\n", "a.yml:2: notify"),
        ("kind: train\nnotify:\n  to: json://h\n  on: stopped\n", "a.yml:4: notify.on: expected"),
        ("kind: promote\nchallenger: x\nforce: yes\n", "a.yml:3: force: needs its reason"),
    ],
)
def test_what_is_wrong_with_a_file(place: Path, text: str, said: str) -> None:
    """One sentence, with the line, in the words of the file and not of the command line."""
    result = invoke("run", written(place / "a.yml", text).name)
    assert result.exit_code == 2
    assert said in result.stderr and "--" not in result.stderr


def test_a_job_does_what_the_command_does(place: Path, few: Path, model: Any) -> None:
    """The same output, the same exit code."""
    written(place / "a.yml", "kind: predict\ninput: few.csv\ninterval: yes\n")
    by_file, by_command = invoke("run", "a.yml"), invoke("predict", "few.csv", "--interval")
    assert by_file.exit_code == by_command.exit_code == 0
    assert by_file.stdout == by_command.stdout != ""
    text = few.read_text(encoding="utf-8").splitlines()
    written(few, "\n".join([*text[:2], ",".join(["" for _ in text[0].split(",")])]) + "\n")
    assert (invoke("run", "a.yml").exit_code, invoke("predict", "few.csv").exit_code) == (1, 1)
    assert invoke("run", "a.yml", "--set", "input=no.csv").exit_code == 2


def test_the_merged_job_can_be_printed_and_read_again(place: Path) -> None:
    """Nothing runs; addresses of notices are hidden, unless they are variables."""
    written(
        place / "a.yml", "kind: predict\ninput: ${ROWS:a b.csv}\nnotify: ${HOOK:json://u:p@h}\n"
    )
    written(place / "b.yml", "notify:\n  to:\n    - slack://secret/token\n  on: failed\n")
    result = invoke("run", "a.yml", "b.yml", "--set", "threads=2", "--dry")
    assert result.exit_code == 0
    assert "secret" not in result.stdout and "slack://***" in result.stdout
    job = read_job(written(place / "c.yml", result.stdout), changes=["notify=json://h"])
    assert isinstance(job, PredictJob) and (job.source, job.threads) == ("a b.csv", 2)
    alone = invoke("run", "a.yml", "--set", "notify=${HOOK}", "--dry")
    assert alone.exit_code == 2 and "HOOK is not set" in alone.stderr


def test_the_schema_knows_what_a_file_may_say(place: Path) -> None:
    """An editor takes what runs, and marks a misspelt key and a wrong value."""
    schema = json.loads(invoke("run", "--schema").stdout)
    validator = jsonschema.Draft202012Validator(schema)
    validator.check_schema(schema)
    for job in (
        {"kind": "predict", "input": "a.csv", "interval": "yes", "from": "csv"},
        {"kind": "train", "write": True, "notify": "json://h", "runs": "runs"},
        {"kind": "tune", "trials": "${TRIALS:10}", "notify": {"to": ["json://h"], "on": "failed"}},
    ):
        assert validator.is_valid(job), job
    for job in (
        {"kind": "predict", "input": "a.csv", "modle": "x"},
        {"kind": "predict"},
        {"kind": "train", "write": "maybe"},
        {"kind": "predict", "input": "a.csv", "threads": 0},
        {"kind": "predict", "input": "a.csv", "threads": 257},
        {"kind": "monitor", "data": "a.csv", "effect": 1.5},
        {"kind": "fly"},
    ):
        assert not validator.is_valid(job), job
    assert "metavar" not in json.dumps(schema)


def test_jobs_in_python_are_values(few: Path) -> None:
    """A job compares by its settings, cannot be changed, and its result is typed."""
    job = PredictJob(source=str(few), output="out.csv")
    assert job == PredictJob(source=str(few), output="out.csv")
    with pytest.raises(ValueError, match="frozen"):
        job.threads = 2
    heard: list[str] = []

    class Heard(Watcher):
        def event(self, level: str, event: str, about: dict[str, Any]) -> None:
            heard.append(event)

    result = job.run(Heard())
    assert (result.rows, result.refused, heard) == (10, 0, ["started", "finished"])
    assert Path("out.csv").read_text(encoding="utf-8").count("\n") == 11
    with pytest.raises(ValueError, match="looks at the shipped model"):
        TrainJob(if_stale=True, write=True)


def test_a_job_is_recorded_where_it_says(place: Path, few: Path) -> None:
    """With its settings and the digests of what it read and wrote."""
    written(place / "a.yml", "kind: predict\ninput: few.csv\noutput: out.csv\nruns: here\n")
    assert invoke("run", "a.yml").exit_code == 0
    [found] = json.loads(invoke("runs", "--runs", "here", "--json").stdout)
    assert (found["kind"], found["parameters"]["output"]) == ("predict", "out.csv")
    assert {one["role"] for one in found["datasets"]} == {"input", "output"}
