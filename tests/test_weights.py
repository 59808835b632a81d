"""`data.weight`: rows that count more or less when the estimator is fitted."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import Ridge
from sklearn.preprocessing import StandardScaler

from regression_model import Model
from regression_model.config.core import Config, parse_config
from regression_model.errors import ConfigError, DataError
from regression_model.training import run
from regression_model.training.held_out import measure
from regression_model.training.rows import read_training_data

CONFIG = """\
name: survey
description: Incomes from a survey
target:
  name: income
  description: Income
data:
  training: rows.csv
  weight: people
features:
  x:
    description: A number
    kind: number
  z:
    description: Another number
    kind: number
estimator:
  ridge:
    alpha: 1
evaluation:
  folds: 3
  without: z
"""
MEMBERS = {
    "lasso": "alpha: 0.01",
    "ridge": "alpha: 1",
    "elastic_net": "alpha: 0.01\n    l1_ratio: 0.5",
    "linear_svr": "C: 1\n    epsilon: 0.1",
    "svr": "C: 1\n    gamma: 0.1\n    epsilon: 0.1",
    "quadratic_svr": "C: 1\n    gamma: 0.1\n    epsilon: 0.1",
    "gradient_boosting": "n_estimators: 5\n    max_depth: 2\n    learning_rate: 0.3",
}
BLEND = "\n  ".join(f"{kind}:\n    {keys}" for kind, keys in MEMBERS.items())


def table() -> dict[str, Any]:
    """Two kinds of people with different slopes, of whom one weighs more."""
    generator = np.random.default_rng(2)
    x, z = generator.normal(size=(2, 90))
    people = np.where(np.arange(90) % 2, 9.0, 0.5)
    income = np.where(np.arange(90) % 2, 3 * x, -x) + z + generator.normal(0, 0.1, 90)
    return {"x": x.tolist(), "z": z.tolist(), "people": people.tolist(), "income": income.tolist()}


def nothing(*_: object) -> None:
    """Report no progress."""


def predictions(config: Config) -> Any:
    """Held-out predictions of the rows, first of all fields and then without `z`."""
    data = read_training_data(config, table(), source="rows")
    (held_out,) = measure(config, data, progress=nothing).held_out
    return held_out.scored.prediction, held_out.without("z").scored.prediction


@pytest.mark.parametrize("members", [*MEMBERS, "blend"])
def test_every_member_takes_weights(members: str) -> None:
    """In the folds, and without a column."""
    text = BLEND if members == "blend" else f"{members}:\n    {MEMBERS[members]}"
    config = CONFIG.replace("ridge:\n    alpha: 1", text)

    weighted = predictions(parse_config(config))
    alike = predictions(parse_config(config.replace("  weight: people\n", "")))

    for with_weights, without in zip(weighted, alike, strict=True):
        assert not np.allclose(with_weights, without)


def test_the_weighted_model_is_the_one_of_scikit_learn(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And the file says what the weight was; a row to predict may have it."""
    monkeypatch.setattr(run, "_documents", lambda *_: ({}, []))
    columns = table()
    (tmp_path / "config.yml").write_text(CONFIG)
    pd.DataFrame(columns).to_csv(tmp_path / "rows.csv", index=False)

    result = run.run_training(config_path=tmp_path / "config.yml")

    model = Model(result.model_path.read_bytes())
    features = StandardScaler().fit_transform(np.array([columns["x"], columns["z"]]).T)
    ridge = Ridge(1.0).fit(features, columns["income"], sample_weight=columns["people"])
    prediction = model.predict({name: columns[name] for name in ("x", "z", "people")})
    np.testing.assert_allclose(prediction.values, ridge.predict(features), rtol=1e-9)
    assert [] == prediction.problems == result.notes
    assert "people" == model.manifest["training"]["weight"]


@pytest.mark.parametrize(
    ("people", "words"),
    [
        (0.0, "row 4: people is 0: expected a weight above 0."),
        (-2.0, "row 4: people is -2: expected a weight above 0."),
        (None, "row 4: people is missing"),
        (float("inf"), "row 4: people is"),
        ("many", "row 4: people is"),
    ],
)
def test_a_row_with_no_usable_weight_is_named(people: Any, words: str) -> None:
    """Whatever it has in its place."""
    columns = table()
    columns["people"][3] = people

    with pytest.raises(DataError) as caught:
        read_training_data(parse_config(CONFIG), columns, source="rows.csv")

    assert words in str(caught.value)


def test_a_table_without_the_column_is_refused() -> None:
    """In one sentence."""
    columns = table()
    del columns["people"]

    with pytest.raises(DataError, match="people"):
        read_training_data(parse_config(CONFIG), columns, source="rows.csv")


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("weight: people", "weight: x", "described as a feature"),
        ("weight: people", "weight: income", "is the target"),
        (
            "ridge:\n    alpha: 1",
            "nystroem:\n    alpha: 1\n    n_components: 5\n    gamma: 1",
            "nystroem takes no weights",
        ),
    ],
)
def test_a_weight_that_cannot_be_one_is_a_mistake(old: str, new: str, words: str) -> None:
    """With its line."""
    with pytest.raises(ConfigError, match=rf"data\.weight: .*{words}"):
        parse_config(CONFIG.replace(old, new))
