"""Targets that are zero or negative: how they are learnt, scored and gated."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from regression_model import Model
from regression_model.config.core import parse_config
from regression_model.errors import ConfigError, QualityError
from regression_model.evaluation.tables import quality_bar, recorded_metrics
from regression_model.runtime.model_file.manifest import ManifestError, check_manifest
from regression_model.training import run
from regression_model.training.intervals import scale_of

CONFIG = """\
name: visits
description: Visits of a page
target:
  name: visits
  description: Visits in a day
  minimum: 0
  transform: log1p
data:
  training: rows.csv
features:
  x:
    description: A number
    kind: number
  zone:
    description: A zone
    kind: nominal
estimator:
  ridge:
    alpha: 1
evaluation:
  folds: 4
  seed: 1
interval:
  ridge_alpha: 1
quality:
  mae: 9
  r2: 0.1
"""
PLAIN = CONFIG.replace("  minimum: 0\n  transform: log1p\n", "")


def write_rows(path: Path, shift: float = 0.0) -> None:
    """Counts that grow with `x`, half of them zero where it is small."""
    generator = np.random.default_rng(0)
    x = generator.uniform(0, 3, 120)
    zone = generator.choice(["a", "b", "c"], 120)
    visits = np.floor(np.exp(x + (zone == "a")) * generator.uniform(0, 1.2, 120)) - shift
    lines = [f"{a!r},{b},{c!r}" for a, b, c in zip(x.tolist(), zone, visits.tolist(), strict=True)]
    path.write_text("\n".join(["x,zone,visits", *lines]) + "\n")


@pytest.fixture
def train(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Any]:
    """Train a configuration on the rows, without report and card."""
    monkeypatch.setattr(run, "_documents", lambda *_: ({}, []))

    def trained(config: str, shift: float = 0.0) -> Any:
        (tmp_path / "config.yml").write_text(config)
        write_rows(tmp_path / "rows.csv", shift)
        return run.run_training(config_path=tmp_path / "config.yml")

    return trained


def test_counts_are_learnt_as_log1p(train: Callable[..., Any]) -> None:
    """In the graph as in the pipeline, never below the minimum, and scored in their unit."""
    result = train(CONFIG)
    model = Model(result.model_path.read_bytes())

    rows = {"x": [-50.0, 0.5, 3.0], "zone": ["a", "b", "c"]}
    prediction = model.predict(rows)

    assert "log1p" == model.manifest["target"]["transform"]
    assert prediction.values[0] == prediction.lower[0] == 0.0
    assert (prediction.lower <= prediction.values).all()
    assert (prediction.values <= prediction.upper).all()
    assert not {"rmsle", "mape"} & {*model.manifest["metrics"]}
    table = [row[0] for row in recorded_metrics(model.manifest).rows]
    assert ["Root mean squared error", "R²", "Mean absolute error"] == table[:3]
    assert [True, True] == [met for met, _ in quality_bar(model.manifest)]


def test_a_target_may_be_of_either_sign(train: Callable[..., Any]) -> None:
    """Also near zero, where nothing that is added up is exact."""
    result = train(PLAIN, shift=5.0)

    assert {"rmse", "r2", "mae"} < {*result.manifest["metrics"]}
    assert not {"rmsle", "mape"} & {*result.manifest["metrics"]}


@pytest.mark.parametrize(
    ("bar", "words"),
    [
        ("rmse: 0.001", "RMSE is .* above the maximum of 0.001"),
        ("mae: 0.001", "MAE is .* above the maximum of 0.001"),
        ("r2: 0.9999", "R² is .* below the minimum of 0.9999"),
    ],
)
def test_each_key_of_the_quality_bar_is_a_limit(
    train: Callable[..., Any], bar: str, words: str
) -> None:
    """R² at least, the errors at most."""
    with pytest.raises(QualityError, match=words):
        train(CONFIG.replace("mae: 9\n  r2: 0.1", bar))


def test_a_bar_that_the_file_has_no_value_for_is_refused(train: Callable[..., Any]) -> None:
    """The manifest is checked when the file is opened."""
    manifest = json.loads(json.dumps(train(CONFIG).manifest))
    check_manifest(manifest)
    del manifest["metrics"]["r2"]

    with pytest.raises(ManifestError, match=r"metrics\.r2 is missing"):
        check_manifest(manifest)


def test_log1p_needs_a_minimum_above_minus_one() -> None:
    """The logarithm of nothing is no number."""
    for minimum in ("", "  minimum: -1\n"):
        with pytest.raises(ConfigError, match="log1p needs a minimum above -1"):
            parse_config(CONFIG.replace("  minimum: 0\n", minimum))


@given(st.floats(-0.999, 1e6), st.lists(st.floats(-60, 20), min_size=1))
def test_what_comes_back_is_never_below_the_minimum(minimum: float, scores: list[float]) -> None:
    """However low the score is; and what went there comes back."""
    scale = scale_of("log1p", minimum)

    back = scale.back(np.array(scores))

    assert (back >= minimum).all()
    above = np.array([minimum + 1.0, minimum + 1e4])
    assert scale.back(scale.to(above)) == pytest.approx(above)
