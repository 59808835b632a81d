"""A small model, and new rows of the same kind as its training rows, or shifted by a known size."""

from __future__ import annotations

import csv
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from regression_model import Model, load_model

Rows = list[dict[str, Any]]
Draw = Callable[..., Rows]

CONFIG = """\
name: stand
description: What a stand earns in a day
target:
  name: earned
  description: What was taken less what was spent
  unit: euros
data:
  training: stand.csv
features:
  number:
    kind: identifier
    description: Number of the day
  day:
    description: Day that is counted
    kind: date
    use: no
  visitors:
    description: People who came by
    kind: number
    missing: median
  heat:
    description: Temperature
    kind: number
  stock:
    description: Boxes in stock, of which there are few
    kind: number
    minimum: 0
  opened:
    description: Day of the opening
    kind: date
    missing: median
    parts: elapsed_days
  shade:
    description: Whether there is shade
    kind: boolean
    missing: no
  place:
    description: Where the stand is
    kind: nominal
    levels: park, market, beach, pier, zoo
    encode: mean
    missing: most_frequent
  weather:
    description: How the weather was
    kind: ordinal
    levels: bad, fair, good
    missing: most_frequent
estimator:
  ridge:
    alpha: 1
evaluation:
  folds: 3
monitoring:
  effect: 0.08
"""


def draw_rows(
    generator: np.random.Generator,
    rows: int,
    *,
    shift: float = 0.0,
    missing: float = 0.05,
    pier: float = 0.02,
    start: date = date(2024, 1, 1),
) -> Rows:
    """Draw days; `heat` is shifted by so many standard deviations."""
    drawn: Rows = []
    for at in range(rows):
        visitors, heat = generator.lognormal(3, 0.6), generator.normal(20 + 5 * shift, 5)
        weather = int(generator.integers(0, 3))
        place = generator.choice(
            ["park", "market", "beach", "pier", "zoo"], p=[0.58 - pier, 0.25, 0.16, pier, 0.01]
        )
        earned = 3 * visitors + 4 * heat + 20 * weather - 80 + generator.normal(0, 8)
        drawn.append(
            {
                "number": at + 1,
                "day": (start + timedelta(days=at)).isoformat(),
                "visitors": None if generator.random() < missing else round(visitors, 3),
                "heat": round(heat, 4),
                "stock": int(generator.poisson(2)),
                "opened": (
                    date(2020, 1, 1) + timedelta(int(generator.integers(0, 900)))
                ).isoformat(),
                "shade": "yes" if generator.random() < 0.3 else "no",
                "place": str(place),
                "weather": ("bad", "fair", "good")[weather],
                "earned": round(earned, 2),
            }
        )
    return drawn


def write_rows(path: Path, rows: Rows, *, without: tuple[str, ...] = ()) -> Path:
    """Write rows as CSV."""
    with path.open("w", encoding="utf-8", newline="") as file:
        names = [name for name in rows[0] if name not in without]
        writer = csv.DictWriter(file, names, extrasaction="ignore")
        writer.writeheader()
        writer.writerows(rows)
    return path


@pytest.fixture(scope="session")
def stand(tmp_path_factory: pytest.TempPathFactory) -> Model:
    """A model of 1,500 days."""
    from regression_model.training import run

    folder = tmp_path_factory.mktemp("stand")
    write_rows(folder / "stand.csv", draw_rows(np.random.default_rng(1), 1500))
    (folder / "config.yml").write_text(CONFIG, encoding="utf-8")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(run, "_documents", lambda *arguments: ({}, []))
        result = run.run_training(config_path=folder / "config.yml", output=folder)
    return load_model(result.model_path)


@pytest.fixture(scope="session")
def training_rows() -> Rows:
    """The training rows."""
    return draw_rows(np.random.default_rng(1), 1500)


@pytest.fixture
def draw() -> Draw:
    """Draw new rows, by a seed."""
    return lambda seed, rows, **options: draw_rows(np.random.default_rng(seed), rows, **options)


@pytest.fixture
def write() -> Callable[..., Path]:
    """Write rows as CSV."""
    return write_rows
