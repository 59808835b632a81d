"""Columns that are far from zero and hardly differ: no digit is lost between pipeline and graph."""

from __future__ import annotations

import numpy as np
import pytest

from regression_model.config.core import parse_config
from regression_model.training.export import export_pipeline, open_graph
from regression_model.training.intervals import ConformalInterval
from regression_model.training.pipeline import build_pipeline
from regression_model.training.rows import read_training_data

CONFIG = """\
name: far
description: Far from zero
target:
  name: y
  description: Target
data:
  training: far.csv
features:
  a:
    description: A time in seconds, or a height in millimetres
    kind: number
  b:
    description: Another
    kind: number
estimator:
  quadratic_svr:
    C: 20
    gamma: 0.1
    epsilon: 0.01
"""


@pytest.mark.parametrize("distance", [0.0, 1e3, 1e6, 1e9])
def test_a_form_of_columns_far_from_zero_is_exact(distance: float) -> None:
    """The squares of such columns cancel each other to the last digits, so they are scaled."""
    random = np.random.default_rng(0)
    a, b = random.normal(size=(2, 80))
    rows = {"a": (distance + a).tolist(), "b": b.tolist(), "y": (a * b + a).tolist()}
    config = parse_config(CONFIG)
    data = read_training_data(config, rows, source="far")
    pipeline = build_pipeline(config).fit(data.frame, data.target)
    interval = ConformalInterval(level=0.9, quantile=1.0)
    session = open_graph(export_pipeline(pipeline, data.contract, interval=interval))
    numbers = data.frame[["a", "b"]].to_numpy(dtype=float)
    levels = np.empty((len(numbers), 0), dtype=object)
    (found,) = session.run(["prediction"], {"numbers": numbers, "levels": levels})
    np.testing.assert_allclose(found, pipeline.predict(data.frame), rtol=1e-9, atol=1e-12)
