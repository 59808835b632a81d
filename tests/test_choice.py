"""estimator: auto: what is compared, which is chosen, and what is said about it."""

from __future__ import annotations

import json
import math
from pathlib import Path

import numpy as np
import pytest
from sklearn.model_selection import KFold
from typer.testing import CliRunner

from regression_model import ConfigError, load_model
from regression_model.cli import app
from regression_model.config.core import Config, parse_config
from regression_model.errors import OutputError
from regression_model.evaluation.tables import choice_sentence
from regression_model.training import choice
from regression_model.training.held_out import cross_validations
from regression_model.training.parallel import each
from regression_model.training.rows import TrainingData, read_training_data
from regression_model.training.run import run_training

CONFIG = """\
name: hills
description: Heights
target:
  name: height
  description: Height
data:
  training: hills.csv
features:
  a:
    description: East
    kind: number
  b:
    description: North
    kind: number
estimator: auto
evaluation:
  folds: 4
"""
RANDOM = np.random.default_rng(3)
A, B, NOISE = RANDOM.normal(size=(3, 160))
SHAPES = {
    "a plane": 3 * A - B + NOISE,
    "a bowl": 2 * A * A - A * B + NOISE / 3,
    "steps": 4 * np.sign(A) + 3 * np.sign(B - 0.5) + NOISE / 3,
}


def data_of(config: Config, shape: str) -> TrainingData:
    """Training rows of a shape."""
    columns = {"a": A.tolist(), "b": B.tolist(), "height": SHAPES[shape].tolist()}
    return read_training_data(config, columns, source="hills")


@pytest.fixture(scope="module")
def chosen() -> dict[str, choice.Choice]:
    """What is chosen for each shape."""
    config = parse_config(CONFIG)
    return {
        shape: choice.choose(config, data_of(config, shape), lambda *_: None) for shape in SHAPES
    }


@pytest.mark.parametrize(
    ("shape", "family"),
    [
        ("a plane", {"ridge", "lasso"}),
        ("a bowl", {"quadratic_svr"}),
        ("steps", {"hist_gradient_boosting"}),
    ],
)
def test_the_family_of_the_shape_is_chosen(
    chosen: dict[str, choice.Choice], shape: str, family: set[str]
) -> None:
    """A plane by a linear model, which is the cheapest; what no other can learn by what can."""
    assert set(chosen[shape].estimator.members) & family


@pytest.mark.parametrize("shape", SHAPES)
def test_trees_are_chosen_where_nothing_else_is_as_good(
    chosen: dict[str, choice.Choice], shape: str
) -> None:
    """By the numbers that are recorded: at most one standard error decides for the faster one."""
    compared = chosen[shape].compared
    fast = [one for one in compared if "hist_gradient_boosting" not in one["members"]]
    best = min(fast, key=lambda one: one["above_lowest"])
    if best["above_lowest"] > best["standard_error"]:
        best = min(compared, key=lambda one: one["above_lowest"])
    assert [one for one in compared if one["chosen"]] == [best]
    assert min(one["above_lowest"] for one in compared) == 0


def test_the_error_is_that_of_the_configured_folds() -> None:
    """As cross-validating the candidate by itself gives it."""
    config = parse_config(CONFIG.replace("auto\n", "\n  auto:\n    budget: 0.001 s\n"))
    data = data_of(config, "a plane")
    found = choice.choose(config, data, lambda *_: None)
    assert found.tried == 1
    fixed = config.model_copy(update={"estimator": found.estimator})
    [held_out] = cross_validations(fixed, data, seeds=[0], progress=lambda *_: None)
    alone = math.sqrt(np.mean((held_out.scored.prediction - SHAPES["a plane"]) ** 2))
    assert found.compared[0]["error"] == pytest.approx(alone, rel=1e-12)
    assert found.repeated == pytest.approx(alone, rel=1e-12)  # nothing is chosen


def test_the_repeated_error_is_that_of_what_the_other_folds_choose(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Two candidates, each the better one in half of the folds, computed without the package."""
    config = parse_config(CONFIG)
    data = data_of(config, "a plane")
    target = SHAPES["a plane"]
    folds = [test for _, test in KFold(4, shuffle=True, random_state=0).split(target)]
    errors = np.empty((2, len(target)))
    for fold, test in enumerate(folds):
        errors[:, test] = ([1.0], [1.2]) if fold % 2 else ([1.3], [1.0])
    two = [choice.Candidate("linear", {"ridge": {"alpha": alpha}}, 0.0) for alpha in (1.0, 2.0)]
    monkeypatch.setattr(choice, "candidates_of", lambda *_: two)
    monkeypatch.setattr(choice, "_held_out", lambda *_: [target - one for one in errors])
    found = choice.choose(config, data, lambda *_: None)
    expected = np.empty(len(target))
    for test in folds:
        others = np.setdiff1d(np.arange(len(target)), test)
        best = int(np.argmin((errors[:, others] ** 2).mean(axis=1)))
        expected[test] = errors[best, test] ** 2
    assert found.repeated == pytest.approx(math.sqrt(expected.mean()), rel=1e-12)
    [chosen] = [row["error"] for row in found.compared if row["chosen"]]
    assert chosen == pytest.approx(math.sqrt((errors**2).mean(axis=1).min()), rel=1e-12)
    assert found.repeated > chosen


def test_what_is_compared_follows_from_budget_and_size_alone() -> None:
    """More with more time, less with more rows, and always something."""

    def number(budget: str, rows: int) -> int:
        config = parse_config(CONFIG.replace("auto\n", f"\n  auto:\n    budget: {budget}\n"))
        return len(choice.candidates_of(config, rows, 10, 1.0))

    assert number("1 s", 1_000) < number("60 s", 1_000) <= number("10 min", 1_000)
    assert number("60 s", 1_000_000) < number("60 s", 1_000)
    assert number("1 s", 10_000_000) == 1
    assert number("1 min", 500) == number("60 s", 500)


@pytest.fixture(scope="module")
def hills(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the configuration and its rows, trained once with --write."""
    folder = tmp_path_factory.mktemp("hills")
    rows = zip(A.tolist(), B.tolist(), SHAPES["a plane"].tolist(), strict=True)
    lines = ["a,b,height", *(f"{a!r},{b!r},{c!r}" for a, b, c in rows)]
    (folder / "hills.csv").write_text("\n".join(lines) + "\n")
    (folder / "hills.yml").write_text(CONFIG + "interval:\n  level: 0.8\n")
    run_training(config_path=folder / "hills.yml", output=folder / "auto", write=True)
    return folder


def test_the_frozen_configuration_trains_the_same_model(hills: Path) -> None:
    """The same graph; every other line of the file is as it was."""
    text = (hills / "hills.yml").read_text()
    assert text.startswith(CONFIG.partition("estimator")[0])
    assert text.endswith("evaluation:\n  folds: 4\ninterval:\n  level: 0.8\n")
    run_training(config_path=hills / "hills.yml", output=hills / "frozen", documents=False)
    models = [load_model(next((hills / of).glob("*.onnx"))) for of in ("auto", "frozen")]
    rows = {"a": A.tolist(), "b": B.tolist()}
    predictions = [model.predict(rows).values for model in models]
    np.testing.assert_array_equal(predictions[0], predictions[1])
    assert models[0].manifest["metrics"] == models[1].manifest["metrics"]
    assert "choice" in models[0].manifest and "choice" not in models[1].manifest


def test_the_choice_is_recorded_and_said(hills: Path) -> None:
    """In the manifest, in a sentence and in the report."""
    model = load_model(next((hills / "auto").glob("*.onnx")))
    sentence = choice_sentence(model.manifest)
    assert sentence is not None and "one standard error" in sentence
    report = next((hills / "auto").glob("*.html")).read_text(encoding="utf-8")
    assert "How was the estimator chosen?" in report
    assert sentence.split(":")[0] in report
    assert json.loads(json.dumps(model.manifest["choice"])) == model.manifest["choice"]


def test_a_configuration_that_changes_during_the_training_is_left_as_it_is(
    hills: Path, tmp_path: Path
) -> None:
    """And no model of the other one is written."""
    for name in ("hills.csv", "auto.yml"):
        (tmp_path / name).write_text((hills / "hills.csv").read_text() if "csv" in name else CONFIG)

    def edit(stage: str, *_: int) -> None:
        if stage == "Exporting":
            (tmp_path / "auto.yml").write_text(CONFIG + "# mine\n")

    with pytest.raises(OutputError, match="was changed during the training: nothing was written"):
        run_training(
            config_path=tmp_path / "auto.yml",
            output=tmp_path / "m",
            write=True,
            documents=False,
            progress=edit,
        )
    assert (tmp_path / "auto.yml").read_text() == CONFIG + "# mine\n"
    assert not list(tmp_path.glob("m/*"))


def test_a_choice_is_not_searched(hills: Path) -> None:
    """tune says what to do first; check says that the members are chosen."""
    path = hills / "auto.yml"
    path.write_text(CONFIG)
    done = CliRunner().invoke(app, ["tune", "--config", str(path)])
    assert done.exit_code == 2 and "train --write first" in done.stderr
    done = CliRunner().invoke(app, ["check", str(path)])
    assert done.exit_code == 0 and "members of the estimator chosen in training" in done.stdout


def test_there_is_nothing_to_write_where_members_stand(hills: Path) -> None:
    """One sentence."""
    with pytest.raises(ConfigError, match="nothing to write"):
        run_training(config_path=hills / "hills.yml", output=hills / "frozen", write=True)


def test_on_all_cores_the_results_are_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    """And in the same order, as processes of joblib give them."""
    config = parse_config(CONFIG.replace("estimator: auto", "estimator:\n  ridge:\n    alpha: 1"))
    data = data_of(config, "a plane")
    found = []
    for worth_it in (1e9, 0.0):
        monkeypatch.setattr("regression_model.training.parallel._WORTH_IT", worth_it)
        monkeypatch.setattr("regression_model.training.parallel.effective_n_jobs", lambda _: 2)
        [one] = cross_validations(config, data, seeds=[0], progress=lambda *_: None)
        found.append(one.scored.prediction)
    np.testing.assert_array_equal(found[0], found[1])


def test_work_comes_back_in_its_order() -> None:
    """Numbered from one."""
    splits = [split for split in KFold(3).split(A)]
    assert [done for done, _ in each(len, [(split,) for split in splits])] == [1, 2, 3]
    assert [*each(len, [])] == []
