"""Two evaluated models: the shipped one, and one of another domain with names that mean harm."""

import csv
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from regression_model import Model, load_model
from regression_model.evaluation import (
    Comparison,
    Details,
    Estimate,
    EvaluationResult,
    Group,
    Importance,
)
from regression_model.training import run

pytest.importorskip("jinja2")
pytest.importorskip("matplotlib")

HOSTILE = "<script>alert('x')</script>"
POWER = """\
name: power
description: Power that a "plant" feeds in <b>or takes</b> & more
target:
  name: balance
  description: Balance of an hour
  unit: kWh
data:
  training: power.csv
  source: Made up for <i>this</i> test
features:
  plant:
    description: Name of the plant
    kind: identifier
  sun:
    description: Sunshine <img src=x onerror=alert(1)>
    kind: number
    unit: hours
  wind_speed:
    description: Mean speed of the wind
    kind: number
    missing: median
  kind:
    description: What it burns
    kind: nominal
    encode: one_hot
estimator:
  ridge:
    alpha: 1
"""


@dataclass(frozen=True)
class Case:
    """What a report is made of."""

    evaluation: EvaluationResult
    model: Model
    rows: Any
    path: Path


@pytest.fixture(scope="session")
def houses(model: Model, training_file: Path) -> Case:
    """The shipped model on its first training rows, with every kind of fact."""
    with training_file.open(encoding="utf-8", newline="") as file:
        rows = [row for row, _ in zip(csv.DictReader(file), range(360), strict=False)]
    target = np.array([float(row["SalePrice"]) for row in rows])
    prediction = model.predict(rows)
    predicted = prediction.values * np.exp(np.random.default_rng(0).normal(0, 0.05, len(rows)))
    details = Details(
        np.arange(len(rows)),
        target,
        predicted,
        prediction.lower,
        prediction.upper,
        np.arange(len(rows)) % 5,
    )
    score = Estimate(0.1234, 0.1111, 0.1399)
    metrics = {
        "rmsle": score,
        "mae": Estimate(12345.6, 11111.1, 13999.9),
        "r2": Estimate(0.9123, 0.8901, 0.9346),
        "coverage": Estimate(0.9017, 0.88, 0.92),
        "coverage_worst_quartile": Estimate(0.8642, 0.83, 0.89),
        "median_relative_width": Estimate(0.2718, 0.26, 0.28),
    }
    evaluation = EvaluationResult(
        name=model.name,
        target=model.manifest["target"],
        source="cross-validation",
        level=0.9,
        rows=len(rows),
        refused=[(7, "SalePrice is missing.")],
        metrics=metrics,
        details=details,
        holdout={"rmsle": Estimate(0.1357, 0.12, 0.15)},
        constant_width={"coverage": 0.8999, "median_relative_width": 0.3141},
        folds=[
            {"seed": seed, "fold": fold, "rows": 72, "rmsle": 0.1 + seed / 100 + fold / 1000}
            for seed in (0, 1)
            for fold in range(5)
        ],
        groups={
            "target band": [
                Group("163,000 to 755,000", 180, {"rmsle": Estimate(0.15, 0.14, 0.16)}),
                Group("34,900 to 163,000", 180, {"rmsle": Estimate(0.09, 0.08, 0.1)}),
            ],
            "Neighborhood": [
                Group(
                    "OldTown",
                    40,
                    {
                        "rmsle": Estimate(0.1717, 0.15, 0.19),
                        "mae": score,
                        "coverage": Estimate(0.8123, 0.7, 0.9),
                    },
                ),
                Group("Few", 3, {"rmsle": Estimate(0.1666, 0.01, 0.3)}),
                Group(
                    "NAmes",
                    90,
                    {
                        "rmsle": Estimate(0.0808, 0.07, 0.09),
                        "coverage": Estimate(0.9321, 0.9, 0.97),
                    },
                ),
            ],
        },
        baselines={"plain linear": {"rmsle": Estimate(0.1888, 0.17, 0.2)}},
        without={"IsVeryLarge": {"rmsle": Estimate(0.1555, 0.14, 0.17)}},
        importances=[
            Importance("GrLivArea", 0.0777, 0.002),
            Importance("Neighborhood", 0.0333, 0.001),
            Importance("KitchenQual", 0.0111, 0.001),
            Importance("YearBuilt", 0.0099, 0.001),
        ],
        calibration=[(0.5, 0.5151), (0.9, 0.9017), (0.95, 0.9494)],
        comparison=Comparison(
            {"name": model.name, "version": "0.0.1"},
            355,
            {
                "rmsle": {
                    "this": 0.1234,
                    "other": 0.1432,
                    "difference": Estimate(-0.0198, -0.03, -0.01),
                }
            },
        ),
        manifest=model.manifest,
        repeats=2,
        notes=["A column was not used."],
    )
    return Case(evaluation, model, rows, Path())


@pytest.fixture(scope="session")
def power(tmp_path_factory: pytest.TempPathFactory) -> Case:
    """A model of another domain: negative values, no groups, one fold, few rows."""
    folder = tmp_path_factory.mktemp("power")
    (folder / "config.yml").write_text(POWER, encoding="utf-8")
    generator = np.random.default_rng(1)
    rows: list[dict[str, Any]] = [
        {
            "plant": f"{HOSTILE}{i}",
            "sun": float(generator.uniform(0, 14)),
            "wind_speed": float(generator.uniform(0, 30)) if i % 7 else None,
            "kind": [HOSTILE, "gas & oil"][i % 2],
        }
        for i in range(60)
    ]
    for i, row in enumerate(rows):
        row["balance"] = 2 * row["sun"] - 12 + (i % 2) * 3 + float(generator.normal())
    with (folder / "power.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, rows[0])
        writer.writeheader()
        writer.writerows(rows)
    with pytest.MonkeyPatch.context() as patch:  # its report is made by the tests
        patch.setattr(run, "_documents", lambda *arguments: ({}, []))
        path = run.run_training(config_path=folder / "config.yml").model_path
    model = load_model(path)
    prediction = model.predict(rows)
    target = np.array([row["balance"] for row in rows])
    details = Details(
        np.arange(60),
        np.where(np.arange(60) == 3, np.nan, target),
        prediction.values,
        prediction.lower,
        prediction.upper,
        np.zeros(60, dtype=np.int64),
    )
    evaluation = EvaluationResult(
        name=model.name,
        target=model.manifest["target"],
        source=HOSTILE,
        level=0.9,
        rows=59,
        refused=[(3, "balance is missing.")],
        metrics={
            "mae": Estimate(0.8765, 0.8, 0.95),
            "rmse": Estimate(1.0246, 0.9, 1.2),
            "coverage": Estimate(0.9153, 0.85, 0.97),
        },
        details=details,
    )
    return Case(evaluation, model, rows, path)


@pytest.fixture
def undrawn(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave the charts empty, which take most of the time of a page, where its words are tested."""
    monkeypatch.setattr("regression_model.report.charts.drawing._saved", lambda *_: b"<svg></svg>")
