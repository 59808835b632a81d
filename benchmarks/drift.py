"""python -m benchmarks.drift: what `monitor` finds, on real tables and on made shifts.

Houses: the last year of sales beside the earlier ones. Bikes: the months of a year beside its first
ones. Made rows: how often there is an alarm where nothing has changed, and how often a shift of a
known size is found. Writes the numbers into docs/drift.md and the chart docs/drift.svg; exit code 1
means that a demand is missed. The table of bikes comes from ISLP, as in benchmarks.tables.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from importlib.util import find_spec
from pathlib import Path
from statistics import fmean
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from regression_model import Model, load_model, monitor_rows
from regression_model.config.core import CONFIG_FILE_PATH, DATASET_DIR
from regression_model.files.streams import opened_source
from regression_model.monitoring import DriftReport, Part
from regression_model.monitoring.reference import Reference
from regression_model.monitoring.run import monitor_source
from regression_model.training.run import run_training

from .environments import ROOT
from .table import markdown

__all__ = ["DOCUMENT", "FALSE_ALARMS", "FOUND", "MadeTable", "main", "simulated"]

DOCUMENT, CHART = ROOT / "docs" / "drift.md", ROOT / "docs" / "drift.svg"
FALSE_ALARMS, FOUND = 0.05, 0.95  # at most without a shift; at least of half a deviation, 500 rows
RESAMPLES, _TRAININGS = 200, 20
_ROWS = (50, 100, 500, 2000)
_SHIFTS = (0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.75, 1.0)  # standard deviations
_CURVES = (100, 500, 2000)
_BEGINS, _ENDS = "<!-- measured -->", "<!-- end of what is measured -->"


@dataclass(frozen=True)
class MadeTable:
    """Rows with numbers and levels whose distributions are known."""

    numbers: int = 20
    levels: int = 10

    def rows(self, seed: int, rows: int, *, shift: float = 0.0) -> pd.DataFrame:
        """Draw rows; the first number is shifted by so many standard deviations."""
        generator = np.random.default_rng(seed)
        normal = generator.normal(size=(rows, self.numbers))
        normal[:, 1:] += 0.5 * normal[:, :1]  # correlated, as columns of real tables are
        normal[:, 0] += shift
        frame = pd.DataFrame(normal, columns=[f"x{at}" for at in range(self.numbers)])
        for at in range(self.numbers // 2, self.numbers):
            frame[f"x{at}"] = np.exp(frame[f"x{at}"]).round(2)  # skewed
        frame[f"x{self.numbers - 1}"] = generator.poisson(3, rows)  # with many ties
        frame["x1"] = frame["x1"].where(generator.random(rows) > 0.1)
        for at in range(self.levels):
            shares = np.array([0.5, 0.3, 0.15, 0.04, 0.01])
            frame[f"k{at}"] = generator.choice([*"abcde"], size=rows, p=shares)
        frame["y"] = frame["x0"] + frame["x2"] + (frame["k0"] == "b") + generator.normal(size=rows)
        return frame

    def config(self) -> str:
        """Return the configuration of a linear model."""
        parts = ["name: made", "description: Made rows", "target:", "  name: y"]
        parts += ["  description: Sum", "data:", "  training: made.csv", "features:"]
        for at in range(self.numbers):
            parts += [f"  x{at}:", "    kind: number", "    description: A number"]
            parts += ["    missing: median"]
        for at in range(self.levels):
            parts += [f"  k{at}:", "    kind: nominal", "    description: A level"]
            parts += ["    levels: a, b, c, d, e"]
        parts += ["estimator:", "  ridge:", "    alpha: 1", "evaluation:", "  folds: 5"]
        return "\n".join(parts) + "\n"

    def model(self, folder: Path, *, rows: int = 2000, seed: int = 1) -> Model:
        """Train on rows without a shift."""
        folder.mkdir(parents=True, exist_ok=True)
        self.rows(seed, rows).to_csv(folder / "made.csv", index=False)
        return _trained(folder, self.config())


def _trained(folder: Path, config: str) -> Model:
    (folder / "config.yml").write_text(config, encoding="utf-8")
    result = run_training(config_path=folder / "config.yml", output=folder, documents=False)
    return load_model(result.model_path)


@dataclass(frozen=True)
class Found:
    """Of so many resamples, in how many there was an alarm, for the field, and for a large PSI."""

    alarms: float
    of_field: float
    of_psi: float


def simulated(
    table: MadeTable,
    models: Sequence[Model],
    *,
    rows: int,
    shift: float,
    resamples: int = RESAMPLES,
) -> Found:
    """Draw rows many times, and count the alarms, for one model after the other.

    Each was trained on other rows: a training sample that is odd by chance alarms more often, and
    one that is not less often, than the significance says.
    """
    alarms, of_field, of_psi = [], [], []
    references = [Reference(model) for model in models]
    for seed in range(resamples):
        model, reference = models[seed % len(models)], references[seed % len(models)]
        frame = table.rows(1_000_000 + seed, rows, shift=shift)
        report = monitor_rows(model, frame.drop(columns="y"))
        alarms.append(report.has_drift)
        of_field.append(any(one.name == "x0" for one in report.everything.drifted))
        of_psi.append(_largest_psi(frame, reference) > 0.2)
    return Found(fmean(alarms), fmean(of_field), fmean(of_psi))


def _largest_psi(frame: pd.DataFrame, reference: Reference) -> float:
    """Return the largest index of the numbers over ten groups, as it is often used for an alarm."""
    found = []
    for field, sketch in zip(reference.contract.numbers, reference.sketches, strict=True):
        assert sketch is not None
        shares = sketch.counts.cumsum()[1::2] / sketch.rows
        places = np.unique(shares.searchsorted(np.linspace(0.1, 0.9, 9)))
        edges = sketch.values[places]
        ours = np.diff(shares[places], prepend=0.0, append=1.0)
        values = frame[field.name].dropna().to_numpy(dtype=float)
        theirs = np.bincount(edges.searchsorted(values), minlength=len(ours)) / len(values)
        ours, theirs = (np.maximum(one, 1e-4) for one in (ours, theirs))
        found.append(float(((theirs - ours) * np.log(theirs / ours)).sum()))
    return max(found)


def houses(folder: Path) -> dict[str, DriftReport]:
    """Train on the sales before 2010; look at those of 2010, and at others of the same years."""
    frame = pd.read_csv(DATASET_DIR / "train.csv", dtype=str, keep_default_na=False)
    is_last = frame["YrSold"] == "2010"
    earlier = frame[~is_last]
    kept = earlier.sample(int(is_last.sum()), random_state=0)
    text = CONFIG_FILE_PATH.read_text(encoding="utf-8")
    begin, end = text.index("\nquality:"), text.index("\ntuning:")  # no bar for fewer rows
    text = text[:begin] + text[end:].replace("repeats: 5", "repeats: 1")
    text = text.replace("training: train.csv", "training: earlier.csv")
    text = text.replace("repeats: 5\n  seed: 0\n  # Two", "repeats: 1\n  seed: 0\n  # Two")
    earlier.drop(index=kept.index).to_csv(folder / "earlier.csv", index=False)
    model = _trained(folder, text)
    parts = {"2010": frame[is_last], "2006 to 2009, kept apart": kept}
    return {name: _monitored(model, part, folder, name) for name, part in parts.items()}


def _monitored(
    model: Model, frame: pd.DataFrame, folder: Path, name: str, **options: str
) -> DriftReport:
    """Monitor rows as the command does."""
    path = folder / f"{name}.csv"
    frame.to_csv(path, index=False)
    with opened_source(str(path)) as source:
        report = monitor_source(source, model, **options)  # type: ignore[arg-type]
    return replace(report, source=name)


_BIKES = """\
name: bikes
description: Bikes on loan in an hour
target:
  name: bikers
  description: Bikes on loan
  minimum: 0
data:
  training: spring.csv
features:
  hr:
    kind: number
    description: Hour of the day
  weekday:
    kind: number
    description: Day of the week
  workingday:
    kind: boolean
    description: Whether people work
  weathersit:
    kind: nominal
    description: Weather
    missing: most_frequent
  temp:
    kind: number
    description: Temperature, scaled
  hum:
    kind: number
    description: Humidity
  windspeed:
    kind: number
    description: Wind
estimator:
  hist_gradient_boosting:
    max_iter: 150
evaluation:
  folds: 5
"""


def bikes(folder: Path) -> DriftReport | None:
    """Train on half of the days of January to March; look at the others, and at later months."""
    spec = find_spec("ISLP")  # found and not imported, as in benchmarks.tables
    if spec is None or spec.origin is None:
        return None
    frame = pd.read_csv(Path(spec.origin).parent / "data" / "Bikeshare.csv")
    days = [date(2011, 1, 1) + timedelta(days=int(day) - 1) for day in frame["day"]]
    frame["date"] = [day.isoformat() for day in days]
    winter = frame["mnth"].isin(["Jan", "Feb", "March"])
    generator = np.random.default_rng(0)
    chosen: npt.NDArray[np.bool_] = (generator.random(len(frame)) < 0.5) & winter.to_numpy()
    folder.mkdir()
    frame[chosen].drop(columns="date").to_csv(folder / "spring.csv", index=False)
    model = _trained(folder, _BIKES)
    return _monitored(model, frame[~chosen], folder, "the other hours", time="date")


def _shown(part: Part) -> list[str]:
    """Return a part as a row of a table."""
    outcomes = part.outcomes
    error = "–"
    if outcomes is not None and outcomes.rows:
        now, before = (one.get(outcomes.headline) for one in (outcomes.metrics, outcomes.recorded))
        if now is not None and before:
            error = f"{now / before - 1:+.0%}"
    coverage = f"{outcomes.metrics['coverage']:.1%}" if outcomes and outcomes.rows else "–"
    return [
        part.name,
        f"{part.rows:,}",
        "drift" if part.has_drift else "no drift",
        ", ".join(f"{one.name} {one.effect:.0%}" for one in part.drifted[:4]) or "none",
        f"{part.predictions.effect:.0%} ({part.predictions.verdict})",
        error,
        coverage,
    ]


_HEAD = ["rows", "number", "verdict", "fields", "predictions", "error", "coverage"]


def measured(
    of_houses: dict[str, DriftReport], of_bikes: DriftReport, false: dict[int, Found], found: Curves
) -> str:
    """Return what is measured, as Markdown."""
    sales = [_shown(replace(one.everything, name=name)) for name, one in of_houses.items()]
    months = [_shown(part) for part in of_bikes.windows]
    alarms = [
        [f"{rows:,}", f"{one.alarms:.1%}", f"{one.of_psi:.1%}"] for rows, one in false.items()
    ]
    power = [
        [f"{shift:g}", *(f"{found[rows, shift].of_field:.1%}" for rows in _CURVES)]
        for shift in _SHIFTS
    ]
    return f"""
### Houses

A model of the sales of 2006 to 2009, {of_houses['2010'].training_rows:,} of them, and the sales of
2010, of which the table has the first seven months; beside them as many sales of 2006 to 2009 that
the model has not seen. The year of the sale is ignored. *Error* is the change of the RMSLE against
cross-validation.

{markdown(_HEAD, sales)}

### A table with seasons

Bikes on loan in each hour of 2011 (ISLP: `Bikeshare`). The model has learnt from a random half of
the hours of January to March, {of_bikes.training_rows:,} of them, and is asked about all others, by
month. *Error* is the change of the RMSE.

{markdown(_HEAD, months)}

### Made rows

{_TRAININGS} models of 2,000 rows each, with {MadeTable.numbers} numbers, some skewed, some
correlated, one with few values and one with a tenth missing, and {MadeTable.levels} fields of five
levels. Where nothing has changed there is an alarm in so many of {RESAMPLES} resamples, the models
in turn (demand: at most {FALSE_ALARMS:.0%}). Beside it, what an alarm at a population stability
index above 0.2 in any number would do.

{markdown(["rows", "alarms", "alarms by PSI > 0.2"], alarms)}

For the first of the models, one of the {MadeTable.numbers + MadeTable.levels} fields is shifted by
so many standard deviations, and is found in so many of {RESAMPLES} resamples (demand: {FOUND:.0%}
of 0.5 in 500 rows).

{markdown(["shift", *(f"{rows:,} rows" for rows in _CURVES)], power)}

A shift of 0.2 standard deviations moves 8% of the rows across one value, less than the smallest
difference that counts: in 2,000 rows it is significant, and mostly left out for that reason.
"""


Curves = dict[tuple[int, float], Found]
_NO_METADATA = dict.fromkeys(("Creator", "Date", "Format", "Type"))


def _draw(found: Curves) -> None:
    """Draw the shares that are found."""
    from matplotlib import rc_context
    from matplotlib.backends.backend_svg import FigureCanvasSVG
    from matplotlib.figure import Figure

    style: Any = {"svg.hashsalt": "drift", "svg.fonttype": "none", "font.size": 11}
    with rc_context(style):
        figure = Figure(figsize=(6.4, 3.6), layout="constrained")
        FigureCanvasSVG(figure)
        axes = figure.add_subplot()
        for rows, colour in zip(_CURVES, ("#8b949e", "#0072b2", "#d55e00"), strict=True):
            shares = [found[rows, shift].of_field for shift in _SHIFTS]
            axes.plot(_SHIFTS, shares, marker="o", color=colour, label=f"{rows:,} rows")
        axes.axhline(FOUND, color="#dfe3e8", linewidth=1)
        axes.set(xlabel="shift of one field, in standard deviations", ylabel="share found")
        axes.spines[["top", "right"]].set_visible(False)
        axes.legend(frameon=False)
        figure.savefig(CHART, format="svg", metadata=_NO_METADATA)


def _of_made_rows(folder: Path) -> tuple[dict[int, Found], Curves]:
    table = MadeTable()
    models = [table.model(folder / str(seed), seed=seed) for seed in range(_TRAININGS)]
    false = {rows: simulated(table, models, rows=rows, shift=0.0) for rows in _ROWS}
    found = {
        (rows, shift): simulated(table, models[:1], rows=rows, shift=shift)
        for rows in _CURVES
        for shift in _SHIFTS
    }
    return false, found


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, write the page, and say which demands are missed."""
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        of_bikes = bikes(folder / "bikes")
        if of_bikes is None:
            print(
                "ISLP, which has the table of bikes, is not installed: tox -e bench_tables has it.",
                file=sys.stderr,
            )
            return 2
        (folder / "houses").mkdir()
        of_houses = houses(folder / "houses")
        false, found = _of_made_rows(folder / "made")
    text = measured(of_houses, of_bikes, false, found)
    before, _, rest = DOCUMENT.read_text(encoding="utf-8").partition(_BEGINS)
    after = rest.partition(_ENDS)[2]
    DOCUMENT.write_text(f"{before}{_BEGINS}{text.rstrip()}\n\n{_ENDS}{after}", encoding="utf-8")
    _draw(found)
    print(text)
    missed = [f"false alarms at {n} rows" for n, one in false.items() if one.alarms > FALSE_ALARMS]
    if found[500, 0.5].of_field < FOUND:
        missed.append("half a standard deviation in 500 rows")
    print(f"Missed: {'; '.join(missed)}." if missed else "Every demand holds.", file=sys.stderr)
    return int(bool(missed))


if __name__ == "__main__":
    sys.exit(main())
