"""python -m benchmarks.frontier: how good and how fast blends are, so that one can be chosen.

Every member is fitted in the same 50 folds (10 folds, 5 seeds) on features that are prepared inside
the fold. Blends are weighted means of the members' logarithms. What a blend costs is measured on
its whole graph, fitted to all rows. Writes docs/frontier.md and docs/frontier.png.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import joblib
import numpy as np
import onnxruntime
from sklearn.base import clone
from sklearn.model_selection import KFold

from regression_model.checking import Checker
from regression_model.config.core import MEMBERS, Config, load_config
from regression_model.export import export_pipeline
from regression_model.interval import ConformalInterval
from regression_model.pipeline import build_pipeline
from regression_model.processing.data_manager import dataset_path, read_dataset
from regression_model.processing.training_data import TrainingData, read_training_data

DOCS = Path(__file__).resolve().parents[1] / "docs"
SEEDS = range(5)

TREES = {"learning_rate": 0.05, "subsample": 0.7, "max_features": 0.3, "loss": "huber"}
# Members of the shipped blend have the settings that the configuration gives them.
LABELS = {"lasso": "Lasso", "linear_svr": "linear SVR"}
SHIPPED = {
    LABELS.get(kind, kind): (kind, member.model_dump(exclude={"kind", "weight"}))
    for kind, member in load_config().estimator.items()
}
SHIPPED_BLEND = {
    LABELS.get(kind, kind): member.weight for kind, member in load_config().estimator.items()
}
SETTINGS: dict[str, tuple[str, dict[str, Any]]] = {
    "Lasso": ("lasso", {"alpha": 0.0005}),
    "linear SVR": ("linear_svr", {"C": 0.01, "epsilon": 0.03}),
    "RBF SVR": ("svr", {"C": 3.0, "gamma": 0.0003, "epsilon": 0.03}),
    "100 landmarks": ("nystroem", {"n_components": 100, "gamma": 0.001, "alpha": 0.1}),
    "400 landmarks": ("nystroem", {"n_components": 400, "gamma": 0.001, "alpha": 0.1}),
    "150 trees": ("gradient_boosting", {"n_estimators": 150, "max_depth": 3, **TREES}),
    "600 trees": ("gradient_boosting", {"n_estimators": 600, "max_depth": 3, **TREES}),
    "1,200 deep trees": ("gradient_boosting", {"n_estimators": 1200, "max_depth": 4, **TREES}),
    **SHIPPED,
}
BLENDS: list[Mapping[str, float]] = [
    *({name: 1.0} for name in SETTINGS),
    SHIPPED_BLEND,
    {"Lasso": 1, "RBF SVR": 1},
    {"Lasso": 1, "150 trees": 1},
    {"Lasso": 1, "600 trees": 1},
    {"Lasso": 3, "600 trees": 1},
    {"Lasso": 2, "linear SVR": 2, "150 trees": 1},
    {"Lasso": 2, "linear SVR": 2, "400 landmarks": 1},
    {"Lasso": 1, "linear SVR": 1, "RBF SVR": 1},
    {"Lasso": 2, "RBF SVR": 2, "150 trees": 1},
    {"Lasso": 1, "RBF SVR": 1, "1,200 deep trees": 1},
]


@dataclass(frozen=True)
class Point:
    """One blend: its score and what it costs."""

    name: str
    rmsle: float
    row_microseconds: float
    bulk_microseconds: float
    kilobytes: float
    fit_seconds: float
    shipped: bool


def main() -> None:
    """Measure every blend and write the page and its picture."""
    config = load_config()
    path = dataset_path(config.data.training)
    data = read_training_data(config, read_dataset(path), source=path.name)
    held_out = _held_out(config, data)
    points = []
    for number, blend in enumerate(BLENDS, start=1):
        _say(f"Measuring blend {number} of {len(BLENDS)}")
        points.append(_measured(config, data, blend, held_out))
    (DOCS / "frontier.md").write_text(_page(points), encoding="utf-8")
    _draw(points, DOCS / "frontier.png")
    print(_table(points))


def _with_members(config: Config, blend: Mapping[str, float]) -> Config:
    members = {}
    for name, weight in blend.items():
        kind, parameters = SETTINGS[name]
        members[kind] = MEMBERS[kind](weight=weight, **parameters)
    return config.model_copy(update={"estimator": members})


def _held_out(config: Config, data: TrainingData) -> dict[str, list[Any]]:
    """The logarithm of every member's prediction of each fold's held-out rows, fold by fold."""
    estimators = {name: build_pipeline(_with_members(config, {name: 1.0}))[-1] for name in SETTINGS}
    splits = [
        split
        for seed in SEEDS
        for split in KFold(config.evaluation.folds, shuffle=True, random_state=seed).split(
            data.frame
        )
    ]
    results = joblib.Parallel(n_jobs=-1, return_as="generator")(
        joblib.delayed(_fold)(config, data, estimators, *split) for split in splits
    )
    gathered: dict[str, list[Any]] = {name: [] for name in SETTINGS}
    for number, of_fold in enumerate(results, start=1):
        _say(f"Fitted fold {number} of {len(splits)}")
        for name, values in of_fold.items():
            gathered[name].append(values)
    target = np.log(data.target.to_numpy())
    gathered["target"] = [target[test] for _, test in splits]
    return gathered


def _fold(
    config: Config, data: TrainingData, estimators: dict[str, Any], train: Any, test: Any
) -> dict[str, Any]:
    x_train, x_test = data.frame.iloc[train], data.frame.iloc[test]
    y = data.target.iloc[train]
    steps = build_pipeline(config)[:-1].fit(x_train, y)
    features, new = steps.transform(x_train), steps.transform(x_test)
    return {
        name: np.log(clone(one).fit(features, y).predict(new)) for name, one in estimators.items()
    }


def _measured(
    config: Config, data: TrainingData, blend: Mapping[str, float], held_out: dict[str, list[Any]]
) -> Point:
    weights = np.array(list(blend.values())) / sum(blend.values())
    scores = []
    for fold, target in enumerate(held_out["target"]):
        blended = sum(w * held_out[name][fold] for w, name in zip(weights, blend, strict=True))
        scores.append(np.sqrt(np.mean((blended - target) ** 2)))
    changed = _with_members(config, blend)
    start = time.perf_counter()
    pipeline = build_pipeline(changed).fit(data.frame, data.target)
    seconds = time.perf_counter() - start
    graph = export_pipeline(pipeline, data.contract, interval=ConformalInterval(0.9, 0.1))
    one, bulk = _costs(graph, data)
    return Point(
        name=_name(blend),
        rmsle=float(np.mean(scores)),
        row_microseconds=one,
        bulk_microseconds=bulk,
        kilobytes=len(graph) / 1000,
        fit_seconds=seconds,
        shipped=changed.estimator == config.estimator,
    )


def _name(blend: Mapping[str, float]) -> str:
    if len(set(blend.values())) == 1:
        return " + ".join(blend)
    return " + ".join(f"{weight:g} {name}" for name, weight in blend.items())


def _costs(graph: bytes, data: TrainingData) -> tuple[float, float]:
    """Microseconds for one row alone, and for a row among 8,192; medians, one thread."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 3
    session = onnxruntime.InferenceSession(graph, options, providers=["CPUExecutionProvider"])
    checked = Checker(data.contract).check(data.frame)
    costs = []
    for rows, repeats in ((1, 1000), (8192, 9)):
        at = np.arange(rows) % len(data.frame)
        feed = {
            "numbers": checked.numbers[at],
            "levels": np.empty((0, checked.codes.shape[1]), dtype=object),
            "codes": checked.codes[at],
        }
        times = []
        for _ in range(repeats):
            start = time.perf_counter()
            session.run(["prediction"], feed)
            times.append(time.perf_counter() - start)
        costs.append(float(np.median(times)) * 1e6 / rows)
    return costs[0], costs[1]


def _ranked(points: list[Point]) -> list[Point]:
    return sorted(points, key=lambda point: point.rmsle)


def _table(points: list[Point]) -> str:
    lines = [
        "| # | blend | RMSLE, mean of 50 folds | one row alone, µs | a row among 8,192, µs "
        "| graph, kB | fit, s |",
        "| ---: | --- | ---: | ---: | ---: | ---: | ---: |",
    ]
    for number, p in enumerate(_ranked(points), start=1):
        name = f"**{p.name}** (shipped)" if p.shipped else p.name
        lines.append(
            f"| {number} | {name} | {p.rmsle:.4f} "
            f"| {p.row_microseconds:.1f} | {p.bulk_microseconds:.2f} "
            f"| {p.kilobytes:.0f} | {p.fit_seconds:.1f} |"
        )
    return "\n".join(lines) + "\n"


def _page(points: list[Point]) -> str:
    shipped = next(point for point in points if point.shipped)
    return f"""# Which blend, and why

Written by `python -m benchmarks.frontier`, with the features of `config.yml` as they are. Scores
are means over 50 folds (10 folds, seeds 0 to 4) with every step fitted inside the fold. Costs are
of the whole graph on ready arrays, one thread: they compare blends, on one machine, in one run.
Members without a number in front have equal weights.

![Score against the cost of one row; the numbers are those of the table](frontier.png)

{_table(points)}
Linear members are one product in the graph however many they are, so the shipped blend,
{shipped.name}, costs as much as a single one of them. Trees and kernels cost more and, beside these
features, give little or nothing for it.

The features were chosen by people who had looked at these rows: every score here is somewhat better
than new houses will show, and these rows alone cannot tell by how much.
"""


def _draw(points: list[Point], path: Path) -> None:
    """Draw score against cost; the numbers beside the points are those of the table."""
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots(figsize=(8, 5), dpi=110, layout="constrained")
    for number, point in enumerate(_ranked(points), start=1):
        colour, marker, size = ("#D55E00", "D", 80) if point.shipped else ("#0072B2", "o", 36)
        place = (point.row_microseconds, point.rmsle)
        axes.scatter(*place, c=colour, marker=marker, s=size, zorder=3)
        style: dict[str, Any] = {"textcoords": "offset points", "fontsize": 9, "va": "center"}
        if point.shipped:
            axes.annotate(f"{number} {point.name}", place, (-26, -3), ha="right", **style)
        else:
            side = -1 if number % 2 else 1  # neighbours in the table are often neighbours here
            axes.annotate(str(number), place, (7, 7 * side), **style)
    axes.set_xlabel("One row alone, microseconds in the graph")
    axes.set_ylabel("RMSLE, mean of 50 folds (lower is better)")
    axes.set_title("Score and cost of every blend; the diamond is the shipped one")
    axes.set_xlim(left=0)
    axes.grid(alpha=0.3)
    figure.savefig(path, metadata={"Software": None})


def _say(sentence: str) -> None:
    print(sentence, file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
