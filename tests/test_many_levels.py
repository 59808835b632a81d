"""`encode: target`: the smoothed mean of the target, for columns with many levels."""

import time
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.preprocessing import TargetEncoder

from regression_model import Model
from regression_model.config.core import parse_config
from regression_model.training import run
from regression_model.training.export import export_pipeline
from regression_model.training.intervals import ConformalInterval
from regression_model.training.pipeline import build_pipeline
from regression_model.training.rows import read_training_data
from regression_model.training.steps.features import TargetMeans

CONFIG = """\
name: shops
description: Sales of shops
target:
  name: sales
  description: Sales in a day
data:
  training: rows.csv
features:
  shop:
    description: The shop
    kind: nominal
    encode: target
  x:
    description: A number
    kind: number
derived:
  both:
    description: The shop's mean and the number
    sum: shop, x
estimator:
  ridge:
    alpha: 1
evaluation:
  folds: 3
"""


def table(rows: int, shops: int) -> dict[str, Any]:
    """Sales that depend on the shop; some shops have one row."""
    generator = np.random.default_rng(0)
    shop = generator.integers(0, shops, rows)
    x = generator.normal(size=rows)
    sales = np.sin(shop) * 5 + x + generator.normal(size=rows)
    return {"shop": [f"shop {i}" for i in shop], "x": x.tolist(), "sales": sales.tolist()}


def rows_to_add(frame: pd.DataFrame, target: Any) -> float:
    """The variance within shops by that between them, from the table of a variance analysis."""
    groups = [np.array(target)[frame["shop"] == shop] for shop in frame["shop"].unique()]
    rows, shops, mean = len(frame), len(groups), np.mean(target)
    within = sum(group.var() * len(group) for group in groups) / (rows - shops)
    between = sum(len(group) * (group.mean() - mean) ** 2 for group in groups) / (shops - 1)
    size = (rows - sum(len(group) ** 2 for group in groups) / rows) / (shops - 1)
    return float(within / ((between - within) / size))


def test_a_level_is_its_smoothed_mean_as_scikit_learn_has_it() -> None:
    """A level that was never seen is the mean of all."""
    columns = table(200, 40)
    frame = pd.DataFrame({"shop": columns["shop"], "x": columns["x"]})
    means = TargetMeans(("shop",)).fit(frame, columns["sales"])

    other = pd.DataFrame({"shop": ["never seen", "shop 3"], "x": [0.0, 1.0]})
    reference = TargetEncoder(target_type="continuous", smooth=rows_to_add(frame, columns["sales"]))
    reference.fit(frame[["shop"]], columns["sales"])

    found = means.transform(other)
    assert ["shop", "x"] == list(found)
    assert found["shop"].tolist() == pytest.approx(
        reference.transform(other[["shop"]])[:, 0].tolist(), rel=1e-12
    )
    assert found["shop"][0] == pytest.approx(np.mean(columns["sales"]))


def test_no_row_learns_from_its_own_target() -> None:
    """Changing one target changes what the others see, and not the row itself."""
    columns = table(60, 20)
    frame = pd.DataFrame({"shop": columns["shop"]})
    changed = np.array(columns["sales"])
    changed[7] += 1000.0

    before, after = (
        TargetMeans(("shop",), random_state=3).fit_transform(frame, target)["shop"]
        for target in (np.array(columns["sales"]), changed)
    )

    assert before[7] == after[7]
    assert (before != after).sum() > 40


def test_thousands_of_levels_are_trained_and_predicted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also in a formula; graph and pipeline agree, and a new shop gets a warning only."""
    monkeypatch.setattr(run, "_documents", lambda *_: ({}, []))
    columns = table(4_000, 3_000)
    (tmp_path / "config.yml").write_text(CONFIG)
    pd.DataFrame(columns).to_csv(tmp_path / "rows.csv", index=False)

    result = run.run_training(config_path=tmp_path / "config.yml")
    model = Model(result.model_path.read_bytes())
    prediction = model.predict([{"shop": "shop of tomorrow", "x": 0.5}])

    assert not prediction.errors
    assert ["unseen_level"] == [problem.code for problem in prediction.problems]
    assert prediction.values[0] == pytest.approx(np.mean(columns["sales"]), abs=1.5)


def test_the_export_of_many_levels_takes_no_time_to_speak_of() -> None:
    """In proportion to the number of levels."""
    columns = table(20_000, 15_000)
    config = parse_config(CONFIG)
    data = read_training_data(config, columns, source="rows")
    pipeline = build_pipeline(config).fit(data.frame, data.target)

    begin = time.perf_counter()
    content = export_pipeline(pipeline, data.contract, interval=ConformalInterval(0.9, 1.0))

    assert time.perf_counter() - begin < 5
    assert len(content) < 2_000_000
