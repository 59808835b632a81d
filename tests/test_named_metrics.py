"""Metrics of scikit-learn by their names: in a configuration, in arrays, and in the gate."""

from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

from regression_model.config.core import CONFIG_FILE_PATH, parse_config
from regression_model.errors import ConfigError, InputError, QualityError
from regression_model.evaluation.metrics import _METRICS, PredictedRows, estimates, metrics_of
from regression_model.jobs import EvaluateJob
from regression_model.named_metrics import OURS, more_is_better, unknown_metrics
from regression_model.training.run import run_training

Floats = npt.NDArray[np.float64]

TARGET = np.array([1.0, 2.0, 4.0, 8.0, 3.0])
PREDICTION = np.array([1.5, 2.0, 3.0, 9.0, 2.0])
CONFIG = """\
name: cars
description: What cars drive
target:
  name: mpg
  description: Miles per gallon
  unit: mpg
  minimum: 1
data:
  training: cars.csv
features:
  weight:
    description: In pounds
    kind: number
estimator:
  ridge:
    alpha: 1
evaluation:
  folds: 2
  metrics: {metrics}
quality:
  metrics:
    max_error: {limit}
"""


def metric_value(name: str, target: Floats, prediction: Floats) -> float | None:
    """The metric of these rows, if it is defined for them."""
    rows = PredictedRows(target, prediction, np.zeros(len(target), dtype=np.int64))
    return metrics_of(rows, [name]).get(name)


def test_any_metric_by_its_name() -> None:
    """Those of this package, functions of scikit-learn, and its scorers with their sign."""
    sklearn_metrics = pytest.importorskip("sklearn.metrics")
    assert metric_value("mae", TARGET, PREDICTION) == pytest.approx(0.7)
    assert metric_value("max_error", TARGET, PREDICTION) == 1.0
    assert metric_value("neg_mean_absolute_error", TARGET, PREDICTION) == pytest.approx(-0.7)
    for name in ("d2_pinball_score", "mean_tweedie_deviance", "explained_variance_score"):
        expected = getattr(sklearn_metrics, name)(TARGET, PREDICTION)
        assert metric_value(name, TARGET, PREDICTION) == pytest.approx(expected)
    assert metric_value("mean_squared_log_error", TARGET - 5, PREDICTION) is None
    assert {*OURS} == {*_METRICS}


def test_a_name_that_nobody_knows() -> None:
    """The nearest known one is named; metrics of classes are none."""
    with pytest.raises(InputError, match="did you mean 'max_error'"):
        metric_value("maxerror", TARGET, PREDICTION)
    assert [name for name, _ in unknown_metrics(["accuracy", "mae", "max_error"])] == ["accuracy"]


def test_what_is_better() -> None:
    """Scores and scorers are to be high, errors and deviances low."""
    assert all(map(more_is_better, ("neg_max_error", "d2_pinball_score", "explained_variance")))
    assert not any(map(more_is_better, ("max_error", "mean_pinball_loss")))


def test_intervals_come_from_the_same_resamples() -> None:
    """A metric of scikit-learn has the interval of ours that is the same."""
    generator = np.random.default_rng(0)
    target = generator.uniform(1, 9, 40)
    rows = PredictedRows(target, target + generator.normal(size=40), np.zeros(40, dtype=np.int64))
    found = estimates([rows], ["mae", "mean_absolute_error"], seed=0)
    ours, theirs = found["mae"], found["mean_absolute_error"]
    assert (ours.value, ours.low, ours.high) == pytest.approx(
        (theirs.value, theirs.low, theirs.high)
    )


def test_names_in_a_configuration_are_checked() -> None:
    """Each with its line and the nearest known name."""
    text = CONFIG.format(metrics="max_eror, neg_mean_poisson_deviance", limit=3)
    with pytest.raises(ConfigError) as caught:
        parse_config(text.replace("    max_error", "    rmse: 3\n    max_errors"))
    assert [(line, key) for line, key, _ in caught.value.mistakes] == [
        (19, "evaluation.metrics"),
        (22, "quality.metrics.rmse"),
        (23, "quality.metrics.max_errors"),
    ]
    assert "did you mean 'max_error'?" in str(caught.value)
    parse_config(CONFIG_FILE_PATH.read_text(encoding="utf-8"))


def test_a_metric_by_name_is_measured_and_decides(tmp_path: Path) -> None:
    """In the model file and its spread; one that misses its limit stops the training."""
    generator = np.random.default_rng(1)
    weights = generator.uniform(1500, 5000, 60)
    noise = generator.normal(size=60)
    lines = [f"{w:.0f},{50 - w / 125 + n:.2f}" for w, n in zip(weights, noise, strict=True)]
    (tmp_path / "cars.csv").write_text("\n".join(["weight,mpg", *lines]), encoding="utf-8")
    config = tmp_path / "cars.yml"
    config.write_text(CONFIG.format(metrics="explained_variance", limit=30), encoding="utf-8")
    result = run_training(config_path=config, documents=False)
    assert {"max_error", "explained_variance"} <= result.manifest["metrics"].keys()
    assert "explained_variance" in result.manifest["spread"]
    evaluation = EvaluateJob(config=config, compare=result.model_path).run()
    assert evaluation.comparison is not None
    assert {"max_error", "explained_variance"} <= evaluation.comparison.metrics.keys()
    config.write_text(CONFIG.format(metrics="max_error", limit=0.001), encoding="utf-8")
    with pytest.raises(QualityError, match="MAX_ERROR is .* above the maximum of 0.001"):
        run_training(config_path=config, documents=False)
