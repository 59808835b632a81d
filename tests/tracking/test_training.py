"""From two trainings on the same rows to the champion."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from regression_model.errors import InputError
from regression_model.tracking import Runs
from regression_model.tracking.building import made_by_training
from regression_model.tracking.promotion import promote
from regression_model.training.run import TrainingResult, run_training

CONFIG = """\
name: boats
description: Prices of boats
target:
  name: price
  description: Sale price
  unit: euros
data:
  training: boats.csv
features:
  length:
    description: Length
    kind: number
    unit: m
    missing: median
estimator:
  ridge:
    alpha: {alpha}
evaluation:
  folds: 3
"""


def _trained(folder: Path, alpha: float, rows: int = 90) -> TrainingResult:
    chance = np.random.default_rng(3)
    lengths = chance.uniform(3, 30, rows)
    prices = 1_000 * lengths + chance.normal(0, 500, rows)
    lines = [f"{a:.2f},{b:.0f}" for a, b in zip(lengths, prices, strict=True)]
    (folder / "boats.csv").write_text("\n".join(["length,price", *lines]) + "\n", encoding="utf-8")
    config = folder / f"boats-{alpha}.yml"
    config.write_text(CONFIG.format(alpha=alpha), encoding="utf-8")
    return run_training(config_path=config, output=folder / f"{alpha}-{rows}", documents=False)


def test_the_better_of_two_trainings_becomes_the_champion(tmp_path: Path, runs: Runs) -> None:
    """They are compared by the errors of their own cross-validations, if the rows are the same."""
    results = [_trained(tmp_path, alpha) for alpha in (1, 2_000)]
    good, bad = (runs.record(*made_by_training(result)) for result in results)
    assert {"boats.onnx", "config.yml", "held-out.csv"} <= {*runs.run(good).files}
    assert promote(runs, good).promoted
    found = promote(runs, bad)
    assert not found.promoted and found.evidence is not None
    metrics = [result.manifest["metrics"]["rmse"] for result in results]
    assert found.evidence.champion == pytest.approx(metrics[0], rel=1e-9)
    assert found.evidence.challenger == pytest.approx(metrics[1], rel=1e-9)
    other = runs.record(*made_by_training(_trained(tmp_path, 1, rows=80)))
    with pytest.raises(InputError, match="held out other rows: give labelled rows"):
        promote(runs, other)
