"""The search inside outer folds: what it may see, what it says, how it goes on."""

import math
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import joblib
import numpy as np
import pytest
from sklearn.model_selection import KFold
from typer.testing import CliRunner, Result

from regression_model.cli import app
from regression_model.config.core import load_config
from regression_model.config.search import changed
from regression_model.errors import DataError, InputError, OutputError
from regression_model.evaluation.metrics import rmsle
from regression_model.training.data import read_dataset
from regression_model.training.held_out import measure
from regression_model.training.pipeline import build_pipeline
from regression_model.training.rows import TrainingData, read_training_data
from regression_model.tuning import (
    NestedTuningResult,
    OuterFold,
    Trial,
    run_nested_tuning,
    run_tuning,
    scoring,
)

BOATS = """\
name: boats
description: Prices of boats
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
    cap: 12
  harbour:
    description: Where it lies
    kind: nominal
encoding:
  nominal: mean
  smoothing: 20
estimator:
  lasso:
    alpha: 0.3
evaluation:
  folds: 6
tuning:
  trials: 3
  search:
    estimator.lasso.alpha: 0.0001 to 1, log
    encoding.nominal: mean, ordered
    features.length.cap: 8 to 20, step 0.5
"""
NOISE = """\
name: noise
description: Prices that depend on nothing
target:
  name: price
  description: Price paid
  minimum: 1
  transform: log
data:
  training: noise.csv
features:
{features}
estimator:
  ridge:
    alpha: 0.01
evaluation:
  folds: 4
tuning:
  trials: 12
  search:
{search}
"""


def write_table(path: Path, *, seed: int = 0) -> None:
    """Write 120 boats whose price depends on length and harbour."""
    random = np.random.default_rng(seed)
    lengths = random.uniform(4, 18, 120).round(2)
    harbours = random.integers(0, 5, 120)
    prices = np.exp(8 + 0.1 * lengths + 0.2 * harbours + random.normal(0, 0.2, 120)).round()
    write_rows(path, [*zip(lengths.tolist(), harbours.tolist(), prices.tolist(), strict=True)])


def write_rows(path: Path, rows: list[tuple[float, int, float]]) -> None:
    """Write boats: length, harbour, price."""
    lines = [f"{length},H{harbour},{price:.0f}" for length, harbour, price in rows]
    path.write_text("\n".join(["length,harbour,price", *lines, ""]), encoding="utf-8")


def read_rows(path: Path) -> list[tuple[float, int, float]]:
    """Read boats as they were written."""
    lines = path.read_text(encoding="utf-8").splitlines()[1:]
    cells = [line.split(",") for line in lines]
    return [(float(length), int(harbour[1:]), float(price)) for length, harbour, price in cells]


def make_boats(folder: Path) -> Path:
    """Write a configuration beside its table."""
    write_table(folder / "boats.csv")
    path = folder / "boats.yml"
    path.write_text(BOATS, encoding="utf-8")
    return path


@pytest.fixture
def boats(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A configuration beside its table, in the current folder."""
    monkeypatch.chdir(tmp_path)
    return make_boats(tmp_path)


@pytest.fixture(scope="module")
def found(
    tmp_path_factory: pytest.TempPathFactory,
    remember_scores: Callable[[pytest.MonkeyPatch], None],
) -> NestedTuningResult:
    """A whole nested search, never interrupted."""
    folder = tmp_path_factory.mktemp("whole")
    with pytest.MonkeyPatch.context() as patch:
        remember_scores(patch)
        return nested(make_boats(folder), study_path=folder / "study.log")


def nested(path: Path, **options: Any) -> NestedTuningResult:
    """Run a nested search with three outer folds."""
    return run_nested_tuning(config_path=path, **{"outer_folds": 3, **options})


def trials_of(trials: Any) -> list[Any]:
    """What a search tried, to compare."""
    return [(t.number, t.state, dict(t.values), t.folds, t.message) for t in trials]


def told(result: NestedTuningResult) -> list[Any]:
    """Everything that a nested search found, to compare."""
    trials = [trials_of([*fold.trials, fold.best, fold.present]) for fold in result.folds]
    return [result.metric, *trials, *result.rows()]


def edit(path: Path, old: str, new: str) -> None:
    """Replace a part of a file that stands in it once."""
    text = path.read_text(encoding="utf-8")
    assert 1 == text.count(old)
    path.write_text(text.replace(old, new), encoding="utf-8")


def splits(rows: int, folds: int = 3) -> list[tuple[Any, Any]]:
    """The outer folds."""
    return [*KFold(folds, shuffle=True, random_state=0).split(range(rows))]


def read_boats(path: Path) -> TrainingData:
    """The table as training reads it."""
    rows = read_dataset(path.with_suffix(".csv"))
    return read_training_data(load_config(path), rows, source="boats")


def break_scoring(monkeypatch: pytest.MonkeyPatch, error: BaseException, *, after: int) -> None:
    """Let the scoring of folds raise an error after some of them."""
    real, calls = scoring.score_fold, iter(range(10_000))

    def score_fold(*arguments: Any) -> float:
        if next(calls) >= after:
            raise error
        return real(*arguments)

    monkeypatch.setattr(scoring, "score_fold", score_fold)


# What a search may see


def test_each_search_is_a_plain_one_on_its_training_rows(
    boats: Path, found: NestedTuningResult
) -> None:
    """As if the test rows of the outer fold did not exist."""
    rows = read_rows(boats.with_suffix(".csv"))
    for fold, (train, test) in zip(found.folds, splits(len(rows)), strict=True):
        write_rows(boats.with_name("part.csv"), [rows[i] for i in train])
        plain = run_tuning(config_path=boats, data_path=boats.with_name("part.csv"))
        assert trials_of(plain.trials) == trials_of(fold.trials)
        assert plain.best_values == fold.best.values
        assert (plain.best_score, plain.present_score) == pytest.approx(
            (fold.inner_score, fold.present_inner_score), rel=1e-12
        )
        assert len(test) == fold.rows


def test_the_test_rows_of_an_outer_fold_never_reach_its_search(
    boats: Path, found: NestedTuningResult
) -> None:
    """Other prices and lengths in them change the outer score of that fold, and nothing inside."""
    rows = read_rows(boats.with_suffix(".csv"))
    _, test = splits(len(rows))[0]
    for i in test:
        length, harbour, price = rows[i]
        rows[i] = (22 - length, harbour, round(1e9 / price))
    write_rows(boats.with_suffix(".csv"), rows)
    other = nested(boats)
    (before, *others_before), (after, *others_after) = found.folds, other.folds
    assert trials_of(before.trials) == trials_of(after.trials)
    assert (before.best.number, before.inner_score) == (after.best.number, after.inner_score)
    assert before.score != after.score and before.present_score != after.present_score
    for one, two in zip(others_before, others_after, strict=True):
        assert one.inner_score != two.inner_score


def test_the_outer_score_is_of_the_values_found_fitted_on_all_training_rows(
    boats: Path, found: NestedTuningResult
) -> None:
    """Fitted once more by hand, and scored on the test rows."""
    config, data = load_config(boats), read_boats(boats)
    target = data.target.to_numpy()
    for fold, (train, test) in zip(found.folds, splits(len(target)), strict=True):
        for trial, score in ((fold.best, fold.score), (fold.present, fold.present_score)):
            pipeline = build_pipeline(changed(config, trial.values))
            fitted = pipeline.fit(data.frame.iloc[train], data.target.iloc[train])
            expected = rmsle(target[test], fitted.predict(data.frame.iloc[test]))
            assert expected == pytest.approx(score, rel=1e-12)


def test_without_a_number_the_outer_folds_are_those_of_the_evaluation(boats: Path) -> None:
    """So the present configuration scores as in training; alone, it is found, and gains nothing."""
    result = run_nested_tuning(config_path=boats, trials=1)
    data = read_boats(boats)
    measured = measure(load_config(boats), data, progress=lambda *_: None)
    expected = measured.values["rmsle"]
    assert expected == pytest.approx(result.present_score.value, rel=1e-12)
    assert 6 == len(result.folds)
    assert result.score == result.present_score
    assert result.optimism == result.present_optimism
    assert (0, 0) == (result.gain.value, result.gain.standard_error)


# What it says


def test_means_and_standard_errors_are_over_the_outer_folds(found: NestedTuningResult) -> None:
    """Computed once more from the rows of the result."""
    rows = found.rows()
    inner, outer, present_inner, present = (
        np.array([row[name] for row in rows])
        for name in ("inner_score", "score", "present_inner_score", "present_score")
    )
    for mean, values in (
        (found.inner_score, inner),
        (found.score, outer),
        (found.optimism, outer - inner),
        (found.present_inner_score, present_inner),
        (found.present_score, present),
        (found.present_optimism, present - present_inner),
        (found.gain, present - outer),
        (found.inner_gain, present_inner - inner),
        (found.gain_optimism, (present_inner - inner) - (present - outer)),
    ):
        deviation = math.sqrt(((values - values.mean()) ** 2).sum() / (3 - 1))
        assert values.mean() == pytest.approx(mean.value, rel=1e-12)
        assert deviation / math.sqrt(3) == pytest.approx(mean.standard_error, rel=1e-12)
    assert found.gain.value > 0.1  # the configuration is far off


def test_the_search_is_too_hopeful_about_noise(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The best of many subsets of useless columns looks better inside than it is outside."""
    monkeypatch.chdir(tmp_path)
    names = [f"x{i}" for i in range(8)]
    feature = "  {0}:\n    description: Nothing\n    kind: number\n    use: yes"
    text = NOISE.format(
        features="\n".join(feature.format(name) for name in names),
        search="\n".join(f"    features.{name}.use: yes, no" for name in names),
    )
    Path("noise.yml").write_text(text, encoding="utf-8")
    random = np.random.default_rng(0)
    cells = np.column_stack([random.normal(size=(60, 8)), np.exp(random.normal(10, 1, 60))])
    lines = [",".join(f"{cell:.4f}" for cell in row) for row in cells]
    Path("noise.csv").write_text("\n".join([",".join([*names, "price"]), *lines]), encoding="utf-8")
    result = nested(Path("noise.yml"))
    assert result.optimism.value > 0
    assert result.gain_optimism.value > 0
    assert abs(result.gain.value) < result.inner_gain.value


def test_rows_tell_what_each_outer_fold_chose(found: NestedTuningResult) -> None:
    """One row an outer fold, and how often each value was chosen."""
    keys = ["estimator.lasso.alpha", "encoding.nominal", "features.length.cap"]
    scores = ["inner_score", "score", "present_inner_score", "present_score"]
    rows = found.rows()
    assert [["fold", "rows", *scores, *keys]] * 3 == [[*row] for row in rows]
    assert [1, 2, 3] == [row["fold"] for row in rows]
    for key in keys:
        values = [row[key] for row in rows]
        expected = {value: values.count(value) for value in values}
        assert expected == found.chosen(key)
        assert sorted(expected.values(), reverse=True) == [*found.chosen(key).values()]


@pytest.mark.usefixtures("remembered_scores")
def test_progress_names_the_outer_fold(boats: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """And counts its trials; nothing is written to the terminal."""
    stages: list[tuple[str, int, int]] = []
    nested(boats, outer_folds=2, trials=2, progress=lambda *stage: stages.append(stage))
    folds = [(f"Outer fold {fold} of 2", done, 2) for fold in (1, 2) for done in range(3)]
    assert [("Reading", 0, 1), ("Reading", 1, 1), *folds] == stages
    assert ("", "") == tuple(capfd.readouterr())


# Going on


def test_several_folds_at_a_time_change_nothing(boats: Path, found: NestedTuningResult) -> None:
    """As in a plain search."""
    with joblib.parallel_config(backend="threading", n_jobs=2):
        assert told(found) == told(nested(boats))


@pytest.mark.usefixtures("remembered_scores")
def test_an_interrupted_search_goes_on_to_the_same_end(
    boats: Path, found: NestedTuningResult, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ctrl-C in an outer fold loses the trial that was not finished."""
    calls = sum(len(trial.folds) for trial in [*found.folds[0].trials, found.folds[1].trials[0]])
    with monkeypatch.context() as broken:
        break_scoring(broken, KeyboardInterrupt(), after=calls + 2 + 3)  # two outer scores
        with pytest.raises(KeyboardInterrupt):
            nested(boats)
    result = nested(boats)
    assert [3, 1, 0] == [fold.resumed for fold in result.folds]
    assert 4 == result.resumed
    assert told(found) == told(result)
    again = nested(boats)
    assert (9, told(found)) == (again.resumed, told(again))


@pytest.mark.usefixtures("remembered_scores")
@pytest.mark.skipif(os.name == "nt", reason="there is no SIGKILL")
def test_a_killed_search_goes_on_to_the_same_end(boats: Path, found: NestedTuningResult) -> None:
    """However the process ends: what it had written is whole."""
    program = (
        "from pathlib import Path; from regression_model.tuning import run_nested_tuning\n"
        "run_nested_tuning(config_path=Path('boats.yml'), outer_folds=3,\n"
        "    progress=lambda *a: print(*a, flush=True))"
    )
    with subprocess.Popen(
        [sys.executable, "-W", "ignore", "-c", program],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(p for p in sys.path if p)},
    ) as process:
        assert process.stdout is not None
        for line in process.stdout:
            if line.startswith("Outer fold 2 of 3 2 "):
                process.send_signal(signal.SIGKILL)
                break
        else:
            pytest.fail("the search ended by itself")
    assert -signal.SIGKILL == process.returncode
    result = nested(boats)
    assert 5 <= result.resumed < 9
    assert told(found) == told(result)


@pytest.mark.usefixtures("remembered_scores")
def test_plain_and_nested_searches_do_not_disturb_each_other(
    boats: Path, found: NestedTuningResult
) -> None:
    """They share a file, and neither counts the other's trials."""
    plain = run_tuning(config_path=boats, trials=2)
    result = nested(boats)
    assert (0, told(found)) == (result.resumed, told(result))
    assert plain.study_path == result.study_path
    again = run_tuning(config_path=boats, trials=2)
    assert (2, trials_of(plain.trials)) == (again.resumed, trials_of(again.trials))


@pytest.mark.usefixtures("remembered_scores")
def test_the_number_of_trials_alone_decides_how_many_count(
    boats: Path, found: NestedTuningResult
) -> None:
    """More go on from fewer, and fewer are the beginning of more."""
    few = nested(boats, trials=2)
    assert [2, 2, 2] == [len(fold.trials) for fold in few.folds]
    more = nested(boats)
    assert (6, told(found)) == (more.resumed, told(more))
    again = nested(boats, trials=2)
    assert (6, told(few)) == (again.resumed, told(again))


@pytest.mark.usefixtures("remembered_scores")
def test_what_cannot_be_compared_begins_again(boats: Path) -> None:
    """Other rows, another space, another number of outer folds; those of before are still there."""
    first = nested(boats, outer_folds=2, trials=1)
    write_table(boats.with_name("other.csv"), seed=1)
    other = boats.with_name("other.csv")
    assert 0 == nested(boats, outer_folds=2, trials=1, data_path=other).resumed
    assert 0 == nested(boats, outer_folds=3, trials=1).resumed
    edit(boats, "8 to 20, step 0.5", "8 to 20, step 1")
    assert 0 == nested(boats, outer_folds=2, trials=1).resumed
    edit(boats, "8 to 20, step 1", "8 to 20, step 0.5")
    again = nested(boats, outer_folds=2, trials=1)
    assert (2, told(first)) == (again.resumed, told(again))


@pytest.mark.usefixtures("remembered_scores")
def test_two_nested_searches_do_not_write_the_same_study(
    boats: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The one that comes later stops."""
    real = scoring.score_fold
    first = iter([True])

    def score_fold(*arguments: Any) -> float:
        if next(first, False):
            nested(boats, trials=1)
        return real(*arguments)

    monkeypatch.setattr(scoring, "score_fold", score_fold)
    with pytest.raises(OutputError, match="boats.log is written by another search"):
        nested(boats, trials=2)


# What is refused


@pytest.mark.parametrize(
    ("folds", "error", "sentence"),
    [
        (1, InputError, "outer_folds is 1: expected 2 or more."),
        (121, DataError, "boats.csv has 120 rows: too few for 121 outer folds with 6 folds"),
    ],
)
def test_outer_folds_that_cannot_be_made_are_refused(
    boats: Path, folds: int, error: type[Exception], sentence: str
) -> None:
    """Before anything is searched."""
    with pytest.raises(error, match=sentence):
        nested(boats, outer_folds=folds)
    assert not Path("tuning").exists()


def test_training_rows_that_are_too_few_for_the_inner_folds_are_refused(boats: Path) -> None:
    """Enough for the evaluation may be too few for the part of an outer fold."""
    write_rows(boats.with_suffix(".csv"), read_rows(boats.with_suffix(".csv"))[:8])
    with pytest.raises(DataError, match="has 8 rows: too few for 2 outer folds with 6 folds"):
        nested(boats, outer_folds=2)


@pytest.mark.usefixtures("remembered_scores")
def test_values_that_cannot_be_scored_outside_are_named(
    boats: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A mean without this outer fold would not be that of the search."""
    break_scoring(monkeypatch, ValueError("no way"), after=6)
    with pytest.raises(DataError) as caught:
        nested(boats, trials=1)
    values = "estimator.lasso.alpha: 0.3, encoding.nominal: mean, features.length.cap: 12"
    expected = f"The rows of outer fold 1 cannot be scored with {values}: no way"
    assert expected == str(caught.value)


# The command


def invoke(*arguments: str | Path) -> Result:
    """Run `tune` inside this process."""
    return CliRunner().invoke(app, ["tune", *map(str, arguments)])


@pytest.mark.usefixtures("remembered_scores")
def test_the_command_prints_the_folds_the_choices_and_the_estimate(
    boats: Path, found: NestedTuningResult
) -> None:
    """Scores and values by outer fold, then their frequencies, the means, and what they mean."""
    done = invoke("--nested", "--config", boats, "--outer-folds", "3", "--jobs", "1")
    assert 0 == done.exit_code
    lines = [line.split() for line in done.stdout.splitlines()]
    for fold in found.folds:
        scores = (fold.inner_score, fold.score, fold.present_score)
        assert [f"{fold.number}", "40", *(f"{score:.4g}" for score in scores)] in lines
        assert [f"{fold.number}", *fold.best.values.values()] in lines
    assert "Fold alpha nominal cap".split() in lines
    nominal = found.chosen("encoding.nominal").items()
    counts = ", ".join(f"{value}: {times}" for value, times in nominal)
    assert f"encoding.nominal mean, ordered mean {counts}".split() in lines
    score, optimism, gain = found.score, found.optimism, found.gain
    assert f"{score.value:.4g} ({score.standard_error:.2g})" in done.stdout
    assert f"Optimism: {optimism.value:+.3g} ({optimism.standard_error:.2g})" in done.stdout
    assert f"Gain:     +{gain.value:.3g} ({gain.standard_error:.2g})" in done.stdout
    assert f"Trials:   {Path('tuning') / 'boats.log'}" in done.stdout
    assert "9 trials in 3 outer folds: " in done.stdout
    assert done.stdout.endswith("Nothing was written: --nested only estimates.\n")
    assert ["Loading libraries ...", "Reading ...", "Outer fold 1 of 3 ..."] == (
        done.stderr.splitlines()[:3]
    )
    assert BOATS == boats.read_text(encoding="utf-8")
    assert ["boats.log"] == [path.name for path in Path("tuning").iterdir()]


@pytest.mark.usefixtures("remembered_scores")
def test_parameters_with_the_same_last_word_are_told_apart(boats: Path) -> None:
    """Their columns have longer names."""
    search = BOATS[BOATS.index("    estimator.lasso.alpha: 0.0001") :]
    both = "    features.length.use: yes, no\n    features.harbour.use: yes, no\n"
    edit(boats, search, f"{both}    encoding.smoothing: 10 to 30\n")
    done = invoke("--nested", "--config", boats, "--outer-folds", "2", "--trials", "1")
    assert 0 == done.exit_code
    headings = [line.split() for line in done.stdout.splitlines()]
    assert ["Fold", "length.use", "harbour.use", "smoothing"] in headings


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (["--nested", "--write"], "--write: --nested only estimates, and writes nothing."),
        (["--nested", "--picture", "a.png"], "--picture: --nested runs several searches, and"),
        (["--outer-folds", "3"], "--outer-folds: is the number of searches of --nested: give both"),
        (["--nested", "--outer-folds", "1"], "'--outer-folds'"),
    ],
)
def test_options_that_do_not_go_together_are_refused(
    boats: Path, options: list[str], sentence: str
) -> None:
    """With exit code 2, before anything is read."""
    done = invoke("--config", boats, *options)
    assert 2 == done.exit_code
    assert "" == done.stdout
    assert f"Error: Invalid value for {sentence}" in done.stderr
    assert not Path("tuning").exists()


@pytest.mark.usefixtures("remembered_scores")
def test_an_interrupted_command_says_how_to_go_on(
    boats: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the exit code of Ctrl-C."""
    break_scoring(monkeypatch, KeyboardInterrupt(), after=8)
    done = invoke("--nested", "--config", boats)
    assert 130 == done.exit_code
    assert done.stderr.endswith(
        "Interrupted: finished trials are kept, and the same command goes on from there.\n"
    )


def test_an_outer_fold_can_be_made_by_hand() -> None:
    """The result needs no study to be computed with."""
    trial = Trial(0, "complete", {"key": "1"}, (1.0, 3.0), None, {})
    fold = OuterFold(1, 10, [trial], 0, trial, trial, 3.0, 3.0)
    result = NestedTuningResult("rmse", [fold, fold], {}, Path("study.log"))
    assert (1.0, 0.0) == (result.optimism.value, result.optimism.standard_error)
    assert {"1": 2} == result.chosen("key")
