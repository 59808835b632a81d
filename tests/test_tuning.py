"""The search: what is tried, what is kept, how it goes on, and what is written."""

import hashlib
import importlib
import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import fsspec
import joblib
import numpy as np
import optuna
import pytest

from regression_model.config.core import load_config, parse_config
from regression_model.config.search import changed, value_at
from regression_model.errors import (
    ConfigError,
    DataError,
    InputError,
    MissingExtraError,
    OutputError,
    RegressionModelError,
)
from regression_model.training.data import read_dataset
from regression_model.training.held_out import measure
from regression_model.training.rows import read_training_data
from regression_model.tuning import Trial, TuningResult, run_tuning, scoring
from regression_model.tuning.trials import best_of, estimate, is_worse
from regression_model.tuning.writing import with_values

BOATS = """\
# Boats, made up

name: boats
description: >
  Prices of boats, in a sentence that is folded
  by hand: nothing may fold it elsewhere.
target:
  name: price
  description: Price paid
  minimum: 1
  transform: log   # the logarithm
data:
  training: boats.csv

features:
  # The hull
  length:
    description: Length, from bow to stern
    kind: number
    minimum: 1
    cap: 12.0   # metres
  harbour:
    description: Where it lies
    kind: nominal


encoding:
  # Levels
  nominal: mean
  smoothing: 20
estimator:
  lasso:
    alpha: '0.3'  # far too much
evaluation:
  folds: 6
tuning:
  trials: 9
  search:
    estimator.lasso.alpha: 0.0001 to 1, log
    encoding.smoothing: 0 to 30
    encoding.nominal: mean, ordered
    features.length.cap: 8 to 20, step 0.5
"""
SEARCH = BOATS[BOATS.index("    estimator.lasso.alpha: 0.0001") :]


def write_table(path: Path, *, seed: int = 0) -> None:
    """Write 200 boats whose price depends on length and harbour."""
    random = np.random.default_rng(seed)
    lengths = random.uniform(4, 18, 200).round(2)
    harbours = random.integers(0, 5, 200)
    prices = np.exp(8 + 0.1 * lengths + 0.2 * harbours + random.normal(0, 0.2, 200)).round()
    lines = [f"{a},H{b},{c:.0f}" for a, b, c in zip(lengths, harbours, prices, strict=True)]
    path.write_text("\n".join(["length,harbour,price", *lines, ""]), encoding="utf-8")


@pytest.fixture
def boats(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A configuration beside its table, in the current folder."""
    monkeypatch.chdir(tmp_path)
    write_table(tmp_path / "boats.csv")
    path = tmp_path / "boats.yml"
    path.write_text(BOATS, encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def found(
    tmp_path_factory: pytest.TempPathFactory,
    remember_scores: Callable[[pytest.MonkeyPatch], None],
) -> TuningResult:
    """A whole search, never interrupted."""
    folder = tmp_path_factory.mktemp("whole")
    write_table(folder / "boats.csv")
    (folder / "boats.yml").write_text(BOATS, encoding="utf-8")
    with pytest.MonkeyPatch.context() as patch:
        remember_scores(patch)
        return run_tuning(config_path=folder / "boats.yml", study_path=folder / "study.log")


def told(result: TuningResult) -> list[Any]:
    """Everything that a search found, to compare."""
    trials = [(t.number, t.state, dict(t.values), t.folds, t.message) for t in result.trials]
    return [*trials, result.best.number, result.best_score, dict(result.importances)]


def edit(path: Path, old: str, new: str) -> None:
    """Replace a part of a file that stands in it once."""
    text = path.read_bytes().decode()
    assert 1 == text.count(old)
    path.write_bytes(text.replace(old, new).encode())


# What is tried


def test_the_first_trial_is_the_configuration_as_it_is(found: TuningResult) -> None:
    """And it is the present one, to which the best is compared."""
    first = found.trials[0]
    assert found.present is first
    assert {
        "estimator.lasso.alpha": "0.3",
        "encoding.smoothing": "20",
        "encoding.nominal": "mean",
        "features.length.cap": "12",
    } == first.values


def test_the_score_is_that_of_training(boats: Path, found: TuningResult) -> None:
    """The same folds and the same metric as when the model is trained."""
    config = load_config(boats)
    data = read_training_data(config, read_dataset(boats.with_suffix(".csv")), source="boats")
    expected = measure(config, data, progress=lambda *_: None).metrics["rmsle"].value
    assert "rmsle" == found.metric
    assert expected == pytest.approx(found.present_score, rel=1e-12)


def test_what_is_found_is_better(found: TuningResult) -> None:
    """Much better than a configuration that is far off, and the lowest of all scores."""
    assert found.improved
    assert found.best_score < 0.75 * found.present_score
    assert found.best_score == min(t.score for t in found.trials if t.score is not None)
    assert found.best_values == found.best.values


def test_every_value_is_in_its_space(found: TuningResult) -> None:
    """Numbers in their range and on their steps, with four significant digits."""
    for trial in found.trials[1:]:
        alpha = trial.values["estimator.lasso.alpha"]
        assert 0.0001 <= float(alpha) <= 1
        assert float(alpha) == float(f"{float(alpha):.4g}")
        assert 0 <= float(trial.values["encoding.smoothing"]) <= 30
        assert trial.values["encoding.nominal"] in ("mean", "ordered")
        assert float(trial.values["features.length.cap"]) * 2 in range(16, 41)


def test_the_same_seed_tries_the_same(boats: Path, found: TuningResult) -> None:
    """Another study file, and the same trials; another seed, and others."""
    assert told(found) == told(run_tuning(config_path=boats))
    edit(boats, "  trials: 9\n", "  trials: 3\n  seed: 1\n")
    other = run_tuning(config_path=boats)
    assert told(found)[0] == told(other)[0]
    assert told(found)[1] != told(other)[1]


def test_repeats_are_other_splits(boats: Path) -> None:
    """With repeats the first folds are those of the evaluation, and more follow."""
    once = run_tuning(config_path=boats, trials=1)
    edit(boats, "  trials: 9\n", "  trials: 9\n  repeats: 3\n")
    thrice = run_tuning(config_path=boats, trials=1)
    assert (0, 0) == (once.resumed, thrice.resumed)
    assert once.present.folds == thrice.present.folds[:6]
    assert 18 == len(set(thrice.present.folds))


def test_without_a_logarithm_the_score_is_in_the_target_s_unit(boats: Path) -> None:
    """The root mean squared error stands in for that of the logarithms."""
    edit(boats, "  transform: log   # the logarithm\n", "")
    edit(boats, "0.0001 to 1, log", "1 to 1000, log")
    result = run_tuning(config_path=boats, trials=2)
    assert "rmse" == result.metric
    assert 100 < result.best_score < 1e6


def test_whole_numbers_stay_whole(boats: Path) -> None:
    """A number of trees is proposed, and said, as one."""
    trees = "gradient_boosting:\n    n_estimators: 5\n    max_depth: 1\n    learning_rate: 0.5\n"
    edit(boats, "lasso:\n    alpha: '0.3'  # far too much\n", trees)
    key = "estimator.gradient_boosting.n_estimators"
    edit(boats, SEARCH, f"    {key}: 3 to 9\n    evaluation_: 1 to 2\n")
    with pytest.raises(ConfigError, match="no such parameter"):
        run_tuning(config_path=boats)
    edit(boats, "    evaluation_: 1 to 2\n", "")
    result = run_tuning(config_path=boats, trials=4)
    assert all(t.values[key] in "3456789" for t in result.trials)


def test_a_present_value_outside_is_compared_all_the_same(boats: Path) -> None:
    """It is scored apart, and wins over what is worse."""
    edit(boats, "0.0001 to 1, log", "0.8 to 1")
    edit(boats, "alpha: '0.3'", "alpha: 0.001")
    result = run_tuning(config_path=boats, trials=2, write=True)
    assert -1 == result.present.number
    assert result.best is result.present and not result.improved
    assert [0, 1] == [trial.number for trial in result.trials]
    assert result.written is None


# Trials that are given up, or fail


def test_hopeless_trials_are_pruned(found: TuningResult) -> None:
    """After five folds at the earliest, each of them compared with that of the best."""
    pruned = [trial for trial in found.trials if trial.state == "pruned"]
    assert pruned
    assert all(len(trial.folds) == 5 and trial.score is None for trial in pruned)
    assert len(found.trials) == sum(map(found.count, ("complete", "pruned", "failed")))


def test_pruning_compares_fold_by_fold() -> None:
    """A small loss in every fold counts, however much the folds differ; a mixed one does not."""
    best = [0.1, 0.5, 0.2, 0.9, 0.4, 0.3]
    assert not is_worse([score + 0.001 for score in best[:4]], best)
    assert is_worse([score + 0.001 for score in best[:5]], best)
    assert not is_worse([0.2, 0.4, 0.3, 0.8, 0.5], best)
    assert not is_worse(best[:5], best)
    assert not is_worse([score + 0.001 for score in best[:4]] + [0.1], best)  # better on average


def test_a_pruned_trial_is_taken_for_what_it_would_have_been() -> None:
    """Its distance to the best in the folds that both have, from the score of the best."""
    best = Trial(0, "complete", {}, (1.0, 2.0, 3.0), None, {})
    pruned = Trial(1, "pruned", {}, (1.5, 2.5), None, {})
    failed = Trial(2, "failed", {}, (), "reason", {})
    assert 2.5 == estimate(pruned, best)
    assert estimate(failed, best) is None
    assert best is best_of([failed, pruned, best])
    assert best_of([failed, pruned]) is None


@pytest.mark.usefixtures("remembered_scores")
def test_values_that_do_not_go_together_fail_alone(boats: Path) -> None:
    """A trial that the configuration refuses says why, and the search goes on."""
    search = "    features.length.use: yes, no\n    features.harbour.use: yes, no\n"
    edit(boats, SEARCH, search)
    result = run_tuning(config_path=boats, trials=12)
    failed = [trial for trial in result.trials if trial.state == "failed"]
    assert failed and 12 == len(result.trials)
    for trial in failed:
        assert ["no", "no"] == [*trial.values.values()]
        assert "features: expected at least one feature with use: yes, got none" == trial.message
    scored = {tuple(t.values.values()) for t in result.trials if t.state == "complete"}
    assert ("yes", "yes") in scored and len(scored) > 1
    assert told(result) == told(run_tuning(config_path=boats, trials=12))
    assert "failed" == result.rows()[-1]["state"]


def break_scoring(monkeypatch: pytest.MonkeyPatch, error: BaseException, *, after: int) -> None:
    """Let the scoring of folds raise an error after some of them."""
    real, calls = scoring.score_fold, iter(range(10_000))

    def score_fold(*arguments: Any) -> float:
        if next(calls) >= after:
            raise error
        return real(*arguments)

    monkeypatch.setattr(scoring, "score_fold", score_fold)


@pytest.mark.usefixtures("remembered_scores")
def test_what_cannot_be_fitted_fails(boats: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The reason that scikit-learn gives is kept, in one line."""
    break_scoring(monkeypatch, ValueError("no way\nto fit this"), after=6)
    result = run_tuning(config_path=boats, trials=3)
    assert [None, "no way", "no way"] == [trial.message for trial in result.trials]
    assert not result.improved
    assert {} == result.importances


def test_a_present_configuration_that_cannot_be_scored_ends_the_search(
    boats: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """There would be nothing to be better than."""
    break_scoring(monkeypatch, ValueError("no way"), after=2)
    with pytest.raises(DataError, match="as it is cannot be scored: no way"):
        run_tuning(config_path=boats)


def test_a_score_that_is_no_number_fails(boats: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As when predictions overflow."""
    monkeypatch.setattr(scoring, "rmsle", lambda *_: float("nan"))
    with pytest.raises(DataError, match="the RMSLE of a fold is not a number"):
        run_tuning(config_path=boats)


# Folds at a time


def test_several_folds_at_a_time_change_nothing(boats: Path, found: TuningResult) -> None:
    """What is pruned is pruned after the same fold."""
    assert told(found) == told(run_tuning(config_path=boats, jobs=2))


@pytest.mark.parametrize("backend", ["threading", "loky"])
def test_any_joblib_backend_can_be_chosen(boats: Path, found: TuningResult, backend: str) -> None:
    """Without a number of jobs, joblib's active configuration says where and how many."""
    with joblib.parallel_config(backend=backend, n_jobs=2):
        assert told(found)[:3] == told(run_tuning(config_path=boats, trials=3))[:3]


# Going on


@pytest.mark.usefixtures("remembered_scores")
def test_a_search_goes_on_to_the_same_end(boats: Path, found: TuningResult) -> None:
    """In steps, and all at once: the same trials; the number asked for is that in the end."""
    assert 0 == run_tuning(config_path=boats, trials=2).resumed
    assert 2 == run_tuning(config_path=boats, trials=5).resumed
    result = run_tuning(config_path=boats)
    assert 5 == result.resumed
    assert told(found) == told(result)
    assert boats.parent / "tuning" / "boats.log" == result.study_path.absolute()
    again = run_tuning(config_path=boats, trials=4)
    assert (9, told(found)) == (again.resumed, told(again))


@pytest.mark.usefixtures("remembered_scores")
def test_an_interrupted_search_keeps_what_is_finished(
    boats: Path, found: TuningResult, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ctrl-C in the middle of a trial loses that one only."""
    with monkeypatch.context() as broken:
        break_scoring(broken, KeyboardInterrupt(), after=14)
        with pytest.raises(KeyboardInterrupt):
            run_tuning(config_path=boats)
    result = run_tuning(config_path=boats)
    assert 2 == result.resumed
    assert told(found) == told(result)


@pytest.mark.usefixtures("remembered_scores")
@pytest.mark.skipif(os.name == "nt", reason="there is no SIGKILL")
def test_a_killed_search_goes_on_to_the_same_end(boats: Path, found: TuningResult) -> None:
    """However the process ends: what it had written is whole."""
    program = (
        "import sys; from pathlib import Path; from regression_model.tuning import run_tuning\n"
        "run_tuning(config_path=Path('boats.yml'), progress=lambda *a: print(*a, flush=True))"
    )
    with subprocess.Popen(
        [sys.executable, "-W", "ignore", "-c", program],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(p for p in sys.path if p)},
    ) as process:
        assert process.stdout is not None
        for line in process.stdout:
            if line.startswith("Tuning 3 "):
                time.sleep(0.02)
                process.send_signal(signal.SIGKILL)
                break
        else:
            pytest.fail("the search ended by itself")
    assert -signal.SIGKILL == process.returncode
    result = run_tuning(config_path=boats)
    assert 3 <= result.resumed < 9
    assert told(found) == told(result)


@pytest.mark.usefixtures("remembered_scores")
def test_other_rows_or_another_space_begin_anew_beside_it(boats: Path) -> None:
    """Their scores are not comparable; those of before are still there for their like."""
    first = run_tuning(config_path=boats, trials=2)
    write_table(boats.with_name("other.csv"), seed=1)
    other = run_tuning(config_path=boats, data_path=boats.with_name("other.csv"), trials=2)
    assert 0 == other.resumed and other.study_path == first.study_path
    edit(boats, "encoding.smoothing: 0 to 30", "encoding.smoothing: 0 to 40")
    assert 0 == run_tuning(config_path=boats, trials=1).resumed
    edit(boats, "encoding.smoothing: 0 to 40", "encoding.smoothing: 0 to 30")
    assert told(first) == told(run_tuning(config_path=boats, trials=2))


@pytest.mark.usefixtures("remembered_scores")
def test_what_does_not_touch_the_scores_does_not_begin_anew(boats: Path) -> None:
    """Comments, descriptions, and the values that are searched, which are scored once more."""
    first = run_tuning(config_path=boats, trials=3)
    edit(boats, "Length, from bow to stern", "Length")
    edit(boats, "# Boats, made up", "# Boats")
    edit(boats, "'0.3'  # far too much", "0.25")
    result = run_tuning(config_path=boats, trials=3)
    assert 3 == result.resumed
    assert told(first)[:3] == told(result)[:3]
    assert (-1, "0.25") == (result.present.number, result.present.values["estimator.lasso.alpha"])


def not_a_journal(path: Path) -> None:
    """Write text."""
    path.write_text("trials: 3\n" * 100)


def one_line(path: Path) -> None:
    """Write text without a line break."""
    path.write_text("trials: 3")


def scrambled(path: Path) -> None:
    """Overwrite a part of a study."""
    content = path.read_bytes()
    path.write_bytes(content[:100] + b"\x07" * 100 + content[200:])


def foreign(path: Path) -> None:
    """Put a table of JSON Lines there."""
    path.write_text('{"length": 7, "harbour": "H1"}\n')


def a_list(path: Path) -> None:
    """Put JSON of another shape there."""
    path.write_text("[1, 2]\n")


def a_database(path: Path) -> None:
    """Put a database there."""
    path.unlink()
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE trials (id INTEGER)")
    connection.close()


def of_another_time(path: Path) -> None:
    """Add an operation that this Optuna does not know."""
    with path.open("a") as file:
        file.write('{"op_code":99,"worker_id":"a"}\n')


@pytest.mark.usefixtures("remembered_scores")
@pytest.mark.parametrize(
    "spoil",
    [not_a_journal, one_line, scrambled, foreign, a_list, a_database, of_another_time],
)
def test_a_spoilt_study_file_is_named_in_one_sentence(boats: Path, spoil: Any) -> None:
    """With the way out, and left as it is."""
    run_tuning(config_path=boats, trials=1)
    study = Path("tuning/boats.log")
    spoil(study)
    content = hashlib.sha256(study.read_bytes()).hexdigest()
    with pytest.raises(InputError) as caught:
        run_tuning(config_path=boats, trials=1)
    said = str(caught.value)
    assert said.startswith("tuning/boats.log cannot be used as study file: ".replace("/", os.sep))
    assert said.endswith(". Remove it to start again, or name another file.")
    assert "\n" not in said
    assert content == hashlib.sha256(study.read_bytes()).hexdigest()
    assert ["boats.log"] == [path.name for path in study.parent.iterdir()]
    study.unlink()
    assert 0 == run_tuning(config_path=boats, trials=1).resumed


@pytest.mark.usefixtures("remembered_scores")
@pytest.mark.parametrize("cut", [20, 700])
def test_what_was_half_written_is_searched_again(
    boats: Path, found: TuningResult, cut: int
) -> None:
    """As when the disk was full: the lines before it are whole."""
    run_tuning(config_path=boats, trials=4)
    study = Path("tuning/boats.log")
    study.write_bytes(study.read_bytes()[:-cut])
    result = run_tuning(config_path=boats)
    assert 2 <= result.resumed < 4
    assert told(found) == told(result)


def test_an_empty_file_is_a_study_without_trials(boats: Path) -> None:
    """As a search leaves it that ends before its first trial."""
    study = Path("empty.log")
    study.touch()
    assert 0 == run_tuning(config_path=boats, study_path=study, trials=1).resumed
    assert 1 == run_tuning(config_path=boats, study_path=study, trials=1).resumed


def test_a_place_that_cannot_hold_a_study_is_named(boats: Path) -> None:
    """A folder in its place, or a file in the place of its folder."""
    with pytest.raises(RegressionModelError, match="cannot be"):
        run_tuning(config_path=boats, study_path=boats.parent)
    with pytest.raises(OutputError, match="boats.yml.x.log cannot be written"):
        run_tuning(config_path=boats, study_path=boats / "x.log")


@pytest.mark.usefixtures("remembered_scores")
def test_a_study_may_have_any_name(boats: Path) -> None:
    """Characters that mean something in a URL, too."""
    study = boats.parent / "a {b} 100%?c#d" / "study & more.log"
    assert study == run_tuning(config_path=boats, study_path=study, trials=1).study_path
    assert ["study & more.log"] == [path.name for path in study.parent.iterdir()]
    assert 1 == run_tuning(config_path=boats, study_path=study, trials=1).resumed


@pytest.mark.usefixtures("remembered_scores")
def test_two_searches_do_not_write_the_same_study(
    boats: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The one that comes later stops."""
    real = scoring.score_fold
    first = iter([True])

    def score_fold(*arguments: Any) -> float:
        if next(first, False):
            run_tuning(config_path=boats, trials=1)
        return real(*arguments)

    monkeypatch.setattr(scoring, "score_fold", score_fold)
    with pytest.raises(OutputError, match="boats.log is written by another search"):
        run_tuning(config_path=boats, trials=2)


# What is told


@pytest.mark.usefixtures("remembered_scores")
def test_progress_and_nothing_else_is_told(boats: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """Every trial is counted, and Optuna is quiet without being so for others."""
    level = optuna.logging.get_verbosity()
    stages: list[tuple[str, int, int]] = []
    run_tuning(config_path=boats, trials=2, progress=lambda *stage: stages.append(stage))
    reading = [("Reading", 0, 1), ("Reading", 1, 1)]
    assert [*reading, *(("Tuning", done, 2) for done in range(3))] == stages
    assert ("", "") == tuple(capfd.readouterr())
    assert level == optuna.logging.get_verbosity()


def test_rows_rank_the_trials(found: TuningResult) -> None:
    """The best first; those without a score behind those with one."""
    rows = found.rows()
    scores = [row["score"] for row in rows]
    known = [score for score in scores if score is not None]
    assert sorted(known) == known == scores[: len(known)]
    assert {"trial", "state", "score", "folds", *found.best_values, "message"} == rows[0].keys()


def test_importances_are_shares(found: TuningResult) -> None:
    """Of one; what spoils a model most comes first."""
    assert found.importances.keys() == found.best_values.keys()
    assert 1 == pytest.approx(sum(found.importances.values()))
    assert "estimator.lasso.alpha" == next(iter(found.importances))


def test_the_picture_is_the_same_each_time(found: TuningResult, tmp_path: Path) -> None:
    """A PNG, without the name or the time of what drew it."""
    found.plot_importances(tmp_path / "one.png")
    found.plot_importances(str(tmp_path / "two.png"))
    content = (tmp_path / "one.png").read_bytes()
    assert content.startswith(b"\x89PNG") and len(content) > 5000
    assert content == (tmp_path / "two.png").read_bytes()
    assert b"atplotlib" not in content


@pytest.mark.usefixtures("remembered_scores")
def test_one_trial_tells_nothing_of_importance(boats: Path) -> None:
    """There is no picture, then."""
    result = run_tuning(config_path=boats, trials=1)
    assert {} == result.importances
    with pytest.raises(OutputError, match="more trials are needed"):
        result.plot_importances("picture.png")
    assert not Path("picture.png").exists()


def test_what_is_missing_is_named(found: TuningResult, monkeypatch: pytest.MonkeyPatch) -> None:
    """The extra that brings Optuna and matplotlib."""
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    with pytest.raises(MissingExtraError, match=r"matplotlib .+ 'regression-model\[train,tune\]=="):
        found.plot_importances("picture.png")
    for module in [name for name in sys.modules if name.startswith("regression_model.tuning")]:
        monkeypatch.delitem(sys.modules, module)
    monkeypatch.setitem(sys.modules, "optuna", None)
    with pytest.raises(MissingExtraError, match=r"optuna .+ 'regression-model\[train,tune\]=="):
        importlib.import_module("regression_model.tuning")


def test_a_configuration_that_searches_nothing_is_refused(boats: Path) -> None:
    """There is nothing to do."""
    edit(boats, BOATS[BOATS.index("tuning:") :], "")
    with pytest.raises(ConfigError, match="boats.yml: tuning.search names nothing to search"):
        run_tuning(config_path=boats)


# What is written


@pytest.mark.usefixtures("remembered_scores")
def test_the_best_values_are_written_and_nothing_else(boats: Path, found: TuningResult) -> None:
    """Every other byte stays; the file says what was best; a second time there is nothing to do."""
    result = run_tuning(config_path=boats, write=True)
    assert boats == result.written
    values = result.best_values
    before, after = BOATS.splitlines(), boats.read_text(encoding="utf-8").splitlines()
    expected = {
        "    alpha: '0.3'  # far too much": "    alpha: {estimator.lasso.alpha}  # far too much",
        "  smoothing: 20": "  smoothing: {encoding.smoothing}",
        "  nominal: mean": "  nominal: {encoding.nominal}",
        "    cap: 12.0   # metres": "    cap: {features.length.cap}   # metres",
    }
    filled = {old: _filled(new, values) for old, new in expected.items()}
    assert [filled.get(line, line) for line in before] == after
    loaded = load_config(boats)
    assert changed(load_config(_copy(boats, BOATS)), values).model_dump(
        exclude={"tuning"}
    ) == loaded.model_dump(exclude={"tuning"})
    again = run_tuning(config_path=boats, write=True)
    assert again.written is None and not again.improved
    assert (9, result.best.number) == (again.resumed, again.present.number)
    assert after == boats.read_text(encoding="utf-8").splitlines()


def _filled(line: str, values: Any) -> str:
    for key, value in values.items():
        line = line.replace(f"{{{key}}}", value)
    return line


def _copy(path: Path, text: str) -> Path:
    copy = path.with_name("copy.yml")
    copy.write_text(text, encoding="utf-8")
    return copy


@pytest.mark.usefixtures("remembered_scores")
def test_a_url_that_cannot_be_written_is_refused_before_the_search(boats: Path) -> None:
    """Not after hours of it: nothing has been tried."""
    memory = fsspec.filesystem("memory")
    for file in (boats, boats.with_suffix(".csv")):
        memory.pipe(f"/boats/{file.name}", file.read_bytes())
    with pytest.raises(OutputError, match="memory://boats/boats.yml: a URL cannot be changed"):
        run_tuning(config_path=Path("memory://boats/boats.yml"), write=True)
    assert not Path("tuning").exists()


def test_a_file_that_changed_meanwhile_is_left_alone(
    boats: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The trials are kept, so that the command can be given again."""

    def progress(stage: str, done: int, of: int) -> None:
        if (stage, done) == ("Tuning", of):
            edit(boats, "# Boats, made up", "# Boats, edited")

    with pytest.raises(OutputError, match="was changed while the search ran"):
        run_tuning(config_path=boats, progress=progress, write=True)
    assert BOATS.replace("made up", "edited") == boats.read_text(encoding="utf-8")
    assert boats == run_tuning(config_path=boats, write=True).written


WRITTEN = [  # what to replace in the text, by what, key, value, what stands there then
    ("  smoothing: 20", "  smoothing: 20", "encoding.smoothing", "7.5", "  smoothing: 7.5"),
    (
        "  smoothing: 20\n",
        "",
        "encoding.smoothing",
        "7.5",
        "encoding:\n  smoothing: 7.5\n  # Levels\n",
    ),
    ("  smoothing: 20", '  smoothing: "20"', "encoding.smoothing", "7.5", "  smoothing: 7.5\n"),
    (
        "  smoothing: 20\n",
        "  smoothing: >\n    20\n",
        "encoding.smoothing",
        "7.5",
        "  smoothing: 7.5\nestimator",
    ),
    (
        "encoding:\n  # Levels\n  nominal: mean\n  smoothing: 20\n",
        "",
        "encoding.smoothing",
        "7.5",
        "step 0.5\n\nencoding:\n  smoothing: 7.5\n",
    ),
    (
        "    kind: nominal\n",
        "    kind: nominal\n    missing: a\n",
        "features.harbour.missing",
        "it's: b",
        "    missing: 'it''s: b'\n",
    ),
]


@pytest.mark.parametrize("newline", ["\n", "\r\n"])
@pytest.mark.parametrize("mark", ["", "\ufeff"])
@pytest.mark.parametrize(("old", "new", "key", "value", "then"), WRITTEN)
def test_a_value_is_put_where_it_belongs(
    old: str, new: str, key: str, value: str, then: str, mark: str, newline: str
) -> None:
    """Quoted, folded or absent: in its own place, with the line ends of the file."""
    before = BOATS[: -len(SEARCH)] + "    estimator.lasso.alpha: 0.1 to 1, step 0.5\n"
    text = mark + before.replace(old, new).replace("\n", newline)
    config = parse_config(text)
    after = with_values(text, {key: value}, config)
    assert after.startswith(mark) and then.replace("\n", newline) in after
    assert newline == "\n" or after.count("\n") == after.count("\r\n")
    assert value == f"{value_at(parse_config(after), key)}"
    unchanged = {*text.splitlines()} - {*old.splitlines(), *new.splitlines()}
    assert unchanged <= {*after.splitlines()}


@pytest.fixture(autouse=True)
def no_leftovers(tmp_path: Path) -> Iterator[None]:
    """No temporary file is left behind by any of these."""
    yield
    assert [] == [*tmp_path.rglob(".*")]
