"""python -m benchmarks.frontier: how good and how fast blends are, so that one can be chosen.

Every member is fitted in the folds of the configuration's cross-validations, on features that are
prepared inside the fold. Blends are weighted means of the members' logarithms. What a blend costs
is measured on its whole graph, fitted to all rows. Writes docs/frontier.md and docs/frontier.png,
with what benchmarks.choosing shows.
"""

from __future__ import annotations

import math
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from statistics import fmean
from typing import Any

import joblib
import numpy as np
import onnxruntime
from sklearn.base import clone
from sklearn.pipeline import Pipeline

from regression_model import load_model
from regression_model.config.core import MEMBERS, Config, load_config
from regression_model.runtime.checking import Checker
from regression_model.training.data import dataset_path, read_dataset
from regression_model.training.export import export_pipeline
from regression_model.training.folds import split_rows, strata_of
from regression_model.training.intervals import ConformalInterval
from regression_model.training.pipeline import build_pipeline
from regression_model.training.rows import TrainingData, read_training_data

from . import choosing
from .metrics import as_difference, interleave, paired_difference, quantile
from .table import markdown

DOCS = Path(__file__).resolve().parents[1] / "docs"

TREES = {"learning_rate": 0.05, "subsample": 0.7, "max_features": 0.3, "loss": "huber"}
# Members of the shipped blend have the settings that the configuration gives them.
LABELS = {"lasso": "Lasso", "linear_svr": "linear SVR", "quadratic_svr": "quadratic SVR"}
SHIPPED = {
    LABELS.get(kind, kind): (kind, member.model_dump(exclude={"kind", "weight"}))
    for kind, member in load_config().estimator.items()
}
SHIPPED_BLEND = {
    LABELS.get(kind, kind): member.weight for kind, member in load_config().estimator.items()
}
SETTINGS: dict[str, tuple[str, dict[str, Any]]] = {
    "Lasso": ("lasso", {"alpha": 0.0008}),
    "linear SVR": ("linear_svr", {"C": 0.01, "epsilon": 0.03}),
    "quadratic SVR": ("quadratic_svr", {"C": 3.0, "gamma": 0.002, "epsilon": 0.03}),
    "RBF SVR": ("svr", {"C": 2.0, "gamma": 0.002, "epsilon": 0.03}),
    "100 landmarks": ("nystroem", {"n_components": 100, "gamma": 0.002, "alpha": 0.1}),
    "400 landmarks": ("nystroem", {"n_components": 400, "gamma": 0.002, "alpha": 0.1}),
    "150 trees": ("gradient_boosting", {"n_estimators": 150, "max_depth": 3, **TREES}),
    "600 trees": ("gradient_boosting", {"n_estimators": 600, "max_depth": 3, **TREES}),
    "1,200 deep trees": ("gradient_boosting", {"n_estimators": 1200, "max_depth": 4, **TREES}),
    **SHIPPED,
}
BLENDS: list[Mapping[str, float]] = [
    *({name: 1.0} for name in SETTINGS),
    SHIPPED_BLEND,
    {"Lasso": 1, "linear SVR": 1},
    {"Lasso": 1, "linear SVR": 1, "quadratic SVR": 1},
    {"Lasso": 1, "quadratic SVR": 2},
    {"Lasso": 1, "RBF SVR": 1},
    {"Lasso": 1, "quadratic SVR": 1, "RBF SVR": 1},
    {"Lasso": 1, "400 landmarks": 1},
    {"Lasso": 1, "quadratic SVR": 1, "400 landmarks": 1},
    {"Lasso": 1, "600 trees": 1},
    {"quadratic SVR": 1, "600 trees": 1},
    {"Lasso": 1, "quadratic SVR": 1, "150 trees": 1},
    {"Lasso": 1, "quadratic SVR": 1, "600 trees": 1},
    {"Lasso": 1, "RBF SVR": 1, "600 trees": 1},
    {"Lasso": 1, "quadratic SVR": 1, "1,200 deep trees": 1},
]


@dataclass(frozen=True)
class Fitted:
    """One blend: its scores in the folds, and its graph, fitted to all rows."""

    name: str
    scores: list[float]
    graph: bytes
    fit_seconds: float
    shipped: bool

    @property
    def rmsle(self) -> float:
        """The mean over the folds."""
        return fmean(self.scores)


@dataclass(frozen=True)
class Point:
    """One blend, and the microseconds that a row takes: alone, and among 8,192."""

    blend: Fitted
    alone: float
    among_many: float


def main() -> None:
    """Measure every blend and write the page and its picture."""
    config = load_config()
    path = dataset_path(config.data.training)
    data = read_training_data(config, read_dataset(path), source=path.name)
    held_out = _held_out(config, data)
    blends = []
    for number, blend in enumerate(BLENDS, start=1):
        _say(f"Fitting blend {number} of {len(BLENDS)}")
        blends.append(_fitted(config, data, blend, held_out))
    blends.sort(key=lambda blend: blend.rmsle)
    _check_headline(blends)
    without_clipping = build_pipeline(_with_members(config, {"Lasso": 1.0}))
    lasso = _graph(without_clipping.fit(data.frame, data.target), data)
    _say("Measuring the graphs in turn")
    *points, (unclipped, _) = _costs([*(blend.graph for blend in blends), lasso], data)
    measured = [Point(blend, *costs) for blend, costs in zip(blends, points, strict=True)]
    _write(measured, config, unclipped=unclipped, scores=choosing.measure(config, data))
    print(_table(measured, config))


def _write(
    points: list[Point], config: Config, *, unclipped: float, scores: list[choosing.Scores]
) -> None:
    page = _page(points, config, unclipped=unclipped)
    page += "\n" + choosing.section(scores, folds=config.evaluation.folds)
    (DOCS / "frontier.md").write_text(page, encoding="utf-8")
    _draw(points, DOCS / "frontier.png")


def _check_headline(blends: list[Fitted]) -> None:
    """Stop unless the shipped blend scores here what the model file says."""
    shipped = next(blend for blend in blends if blend.shipped)
    headline = load_model().manifest["metrics"]["rmsle"]
    if not math.isclose(shipped.rmsle, headline, rel_tol=1e-6):
        sys.exit(
            f"Error: the shipped blend scores {shipped.rmsle:.6f}, the model file says "
            f"{headline:.6f}: call regression-model train first."
        )


def _with_members(config: Config, blend: Mapping[str, float]) -> Config:
    members = {}
    for name, weight in blend.items():
        kind, parameters = SETTINGS[name]
        members[kind] = MEMBERS[kind](weight=weight, **parameters)
    return config.model_copy(update={"estimator": members})


def _held_out(config: Config, data: TrainingData) -> dict[str, list[Any]]:
    """The logarithm of every member's prediction of each fold's held-out rows, fold by fold."""
    estimators = {name: build_pipeline(_with_members(config, {name: 1.0}))[-1] for name in SETTINGS}
    evaluation, strata = config.evaluation, strata_of(config, data)
    splits = [
        split
        for seed in range(evaluation.seed, evaluation.seed + evaluation.repeats)
        for split in split_rows(
            np.arange(len(data.frame)), folds=evaluation.folds, seed=seed, strata=strata
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
    steps = build_pipeline(config)[:-1]
    features = steps.fit_transform(x_train, y)
    new = steps.transform(x_test)
    return {
        name: np.log(clone(one).fit(features, y).predict(new)) for name, one in estimators.items()
    }


def _fitted(
    config: Config, data: TrainingData, blend: Mapping[str, float], held_out: dict[str, list[Any]]
) -> Fitted:
    weights = np.array(list(blend.values())) / sum(blend.values())
    scores = []
    for fold, target in enumerate(held_out["target"]):
        blended = sum(w * held_out[name][fold] for w, name in zip(weights, blend, strict=True))
        scores.append(float(np.sqrt(np.mean((blended - target) ** 2))))
    changed = _with_members(config, blend)
    # All blends have the steps of the shipped one, also those that would need no clipping.
    pipeline = Pipeline([*build_pipeline(config).steps[:-1], build_pipeline(changed).steps[-1]])
    start = time.perf_counter()
    pipeline.fit(data.frame, data.target)
    seconds = time.perf_counter() - start
    shipped = changed.estimator == config.estimator
    return Fitted(_name(blend), scores, _graph(pipeline, data), seconds, shipped)


def _name(blend: Mapping[str, float]) -> str:
    if len(set(blend.values())) == 1:
        return " + ".join(blend)
    return " + ".join(f"{weight:g} × {name}" for name, weight in blend.items())


def _graph(pipeline: Pipeline, data: TrainingData) -> bytes:
    return export_pipeline(pipeline, data.contract, interval=ConformalInterval(0.9, 0.1))


def _costs(graphs: list[bytes], data: TrainingData) -> list[tuple[float, float]]:
    """Microseconds for one row alone, and for a row among 8,192; medians, one thread."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 3
    sessions = [
        onnxruntime.InferenceSession(graph, options, providers=["CPUExecutionProvider"])
        for graph in graphs
    ]
    checked = Checker(data.contract).check(data.frame)
    costs = []
    for rows, calls, rounds in ((1, 200, 30), (8192, 1, 15)):
        at = np.arange(rows) % len(data.frame)
        feed = {
            "numbers": checked.numbers[at],
            "levels": np.empty((0, checked.codes.shape[1]), dtype=object),
            "codes": checked.codes[at],
        }
        takers = {
            str(number): partial(_times, session, feed, calls)
            for number, session in enumerate(sessions)
        }
        taken = interleave(takers, rounds)
        costs.append([quantile(of_one, 0.5) * 1e6 / rows for of_one in taken.values()])
    return list(zip(*costs, strict=True))


def _times(session: Any, feed: dict[str, Any], calls: int) -> list[float]:
    times = []
    for _ in range(calls):
        start = time.perf_counter()
        session.run(["prediction"], feed)
        times.append(time.perf_counter() - start)
    return times


def _table(points: list[Point], config: Config) -> str:
    shipped = next(point.blend for point in points if point.blend.shipped)
    rows = []
    for number, point in enumerate(points, start=1):
        blend = point.blend
        difference = paired_difference(blend.scores, shipped.scores, folds=config.evaluation.folds)
        rows.append(
            (
                str(number),
                f"**{blend.name}** (shipped)" if blend.shipped else blend.name,
                f"{blend.rmsle:.4f}",
                "" if blend.shipped else as_difference(*difference),
                f"{point.alone:.1f}",
                f"{point.among_many:.2f}",
                f"{len(blend.graph) / 1000:,.0f}",
                f"{blend.fit_seconds:.1f}",
            )
        )
    header = (
        "#",
        "blend",
        f"RMSLE, mean of {len(shipped.scores)} folds",
        "difference from the shipped",
        "one row alone, µs",
        "a row among 8,192, µs",
        "graph, kB",
        "fit, s",
    )
    return markdown(header, rows)


def _page(points: list[Point], config: Config, *, unclipped: float) -> str:
    of = {point.blend.name: point for point in points}
    shipped = next(point for point in points if point.blend.shipped)
    lasso, rbf = of["Lasso"], of["Lasso + RBF SVR"]
    trees = of["Lasso + quadratic SVR + 600 trees"]
    evaluation = config.evaluation
    times = f"{evaluation.repeats} times {evaluation.folds} folds"
    score = shipped.blend.rmsle
    of_trees = paired_difference(trees.blend.scores, shipped.blend.scores, folds=evaluation.folds)
    return f"""# Which blend, and why

Written by `python -m benchmarks.frontier`. Scores are cross-validated, {times}: the
folds of `config.yml`, with every step fitted inside the fold. The shipped blend scores {score:.4f},
which is the headline: the command compares it with `metrics["rmsle"]` of the model file, and stops
if they differ. Differences are means over the same
folds, with their standard error. Costs are of the whole graph on ready arrays, one thread, all
graphs in turn: they compare blends, on one machine, in one run. Members without a number in front
have equal weights.

![Score against the cost of one row; the numbers are those of the table](frontier.png)

{_table(points, config)}

Linear and quadratic members are one quadratic form in the graph however many they are. So the
quadratic member adds {shipped.alone - lasso.alone:.1f} µs to the {lasso.alone:.1f} µs of the Lasso
alone, and lowers its RMSLE by {lasso.blend.rmsle - score:.4f}. With an RBF kernel in
its place a row takes {rbf.alone:.1f} µs, and the RMSLE is {rbf.blend.rmsle:.4f}. 600 trees beside
the shipped members change the RMSLE by {as_difference(*of_trees)}, and a row in a large table then
takes {trees.among_many / shipped.among_many:.0f} times as long; on [rows kept apart](kept-apart.md)
600 trees gained nothing.

All blends have the columns of the shipped one, clipped to the range of the training rows. Only a
quadratic member needs that: without it the Lasso alone takes {unclipped:.1f} µs. The members that
are not shipped have the settings that stand in the module, and were not searched for this page.
"""


def _draw(points: list[Point], path: Path) -> None:
    """Draw score against cost; the numbers beside the points are those of the table."""
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots(figsize=(8, 5.5), dpi=110, layout="constrained")
    for point in points:
        marker, size, order = ("D", 80, 3) if point.blend.shipped else ("o", 36, 4)
        place = point.alone, point.blend.rmsle
        axes.scatter(*place, c=_colour(point), marker=marker, s=size, zorder=order)
    axes.set_xlabel("One row alone, microseconds in the graph")
    axes.set_ylabel(f"RMSLE, mean of {len(points[0].blend.scores)} folds (lower is better)")
    axes.set_title("Score and cost of every blend; the diamond is the shipped one")
    axes.margins(0.08)
    axes.grid(alpha=0.3)
    _number(axes, points)
    figure.savefig(path, metadata={"Software": None})


def _number(axes: Any, points: list[Point]) -> None:
    """Put each number where it touches no point and no other number."""
    figure = axes.figure
    figure.canvas.draw()  # from here on the places on the picture are known
    places = [(point.alone, point.blend.rmsle) for point in points]
    marks = axes.transData.transform(places)
    taken = [_box(x, y, 9, 9) for x, y in marks]
    directions = [(math.cos(turn), math.sin(turn)) for turn in np.linspace(0, 2 * math.pi, 17)]
    ways = [(r * x, r * y) for r in (16, 24, 34, 46, 60) for x, y in directions]
    for number, (x, y) in enumerate(marks, start=1):
        boxes = ((dx, dy, _box(x + dx, y + dy, 16, 12)) for dx, dy in ways)
        dx, dy, box = next(one for one in boxes if not any(one[2].overlaps(t) for t in taken))
        taken.append(box)
        points_per_pixel = 72 / figure.dpi
        axes.annotate(
            str(number),
            places[number - 1],
            (dx * points_per_pixel, dy * points_per_pixel),
            textcoords="offset points",
            fontsize=9,
            color=_colour(points[number - 1], "black"),
            ha="center",
            va="center",
            arrowprops={"arrowstyle": "-", "color": "0.6", "lw": 0.6, "shrinkA": 4, "shrinkB": 3},
        )


def _colour(point: Point, usual: str = "#0072B2") -> str:
    return "#D55E00" if point.blend.shipped else usual


def _box(x: float, y: float, width: float, height: float) -> Any:
    from matplotlib.transforms import Bbox

    return Bbox.from_bounds(x - width / 2, y - height / 2, width, height)


def _say(sentence: str) -> None:
    print(sentence, file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
