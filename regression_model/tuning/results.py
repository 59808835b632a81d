"""What a search found, and what it is worth on rows that it has not seen."""

from __future__ import annotations

import io
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ..config.core import Space
from ..errors import OutputError
from ..extras import needs
from ..files.writing import write_atomically
from .trials import Trial

__all__ = ["Mean", "NestedTuningResult", "OuterFold", "TuningResult"]

_BLUE = "#0072B2"  # Okabe and Ito: told apart with any kind of sight


@dataclass(frozen=True)
class TuningResult:
    """What a search found.

    Attributes
    ----------
    metric : str
        What the scores are: `rmsle` or `rmse`, the mean over the folds, lower is better.
    best, present : Trial
        With the lowest score, and of the configuration as it is; the same one if nothing beat it.
    trials : sequence of Trial
        All in their order, those of earlier runs among them.
    resumed : int
        How many of them are of earlier runs.
    importances : mapping
        The share of the scores' variance that each parameter explains; empty if unknown.
    study_path : Path
    written : Path or None
        The configuration file, if the best values were written to it.
    """

    metric: str
    best: Trial
    present: Trial
    trials: Sequence[Trial]
    resumed: int
    importances: Mapping[str, float]
    study_path: Path
    written: Path | None = None

    @property
    def improved(self) -> bool:
        """Whether something is better than the present configuration."""
        return self.best is not self.present

    @property
    def best_values(self) -> Mapping[str, str]:
        """What the configuration would say, by dotted key."""
        return self.best.values

    @property
    def best_score(self) -> float:
        """Mean score of the best values."""
        return self.best.score or 0.0

    @property
    def present_score(self) -> float:
        """Mean score of the present configuration on the same folds."""
        return self.present.score or 0.0

    def count(self, state: str) -> int:
        """How many trials are `complete`, `pruned` or `failed`."""
        return sum(trial.state == state for trial in self.trials)

    def rows(self) -> list[dict[str, Any]]:
        """Return one row a trial, the best first, then those that were given up or failed."""
        ranked = sorted(
            self.trials,
            key=lambda t: (t.score is None, t.score or 0.0, t.state == "failed", t.number),
        )
        return [
            {
                "trial": trial.number,
                "state": trial.state,
                "score": trial.score,
                "folds": len(trial.folds),
                **trial.values,
                "message": trial.message,
            }
            for trial in ranked
        ]

    def plot_importances(self, path: Path | str) -> None:
        """Write a PNG with one bar a parameter.

        Raises
        ------
        OutputError
            When the importances are not known yet, or the file cannot be written.
        MissingExtraError
            Without matplotlib.
        """
        if not self.importances:
            raise OutputError("What mattered is not known yet: more trials are needed to tell.")
        with needs("train", "tune"):
            from matplotlib.figure import Figure
        shares = sorted(self.importances.items(), key=lambda item: item[1])
        figure = Figure(figsize=(8, 1.4 + 0.45 * len(shares)), layout="constrained", dpi=150)
        axes = figure.subplots()
        bars = axes.barh([key for key, _ in shares], [share for _, share in shares], color=_BLUE)
        axes.bar_label(bars, labels=[_percent(share) for _, share in shares], padding=4)
        axes.set_xlim(0, 1.1 * shares[-1][1])
        axes.xaxis.set_major_formatter(lambda share, _: f"{share:.0%}")
        axes.set_xlabel(f"Share of the variance of the {self.metric.upper()}")
        counted = self.count("complete") + self.count("pruned")
        axes.set_title(f"What mattered in {counted} trials", loc="left")
        axes.spines[["top", "right"]].set_visible(False)
        content = io.BytesIO()
        figure.savefig(content, format="png", metadata={"Software": None})
        write_atomically(Path(path), content.getvalue())


def _percent(share: float) -> str:
    return f"{share:.0%}" if share >= 0.005 else "<1%"


@dataclass(frozen=True)
class Mean:
    """A mean over the outer folds.

    Attributes
    ----------
    standard_error : float
        The standard deviation over the outer folds, divided by the root of their number. The folds
        share training rows, so it is a rough figure: Bengio and Grandvalet, "No unbiased estimator
        of the variance of k-fold cross-validation", JMLR 5, 2004.
    """

    value: float
    standard_error: float


@dataclass(frozen=True)
class OuterFold:
    """One outer fold: a whole search on its training rows, and two scores on its test rows.

    Attributes
    ----------
    number : int
        From 1.
    rows : int
        How many test rows there are.
    trials : sequence of Trial
        Of the search on the training rows.
    resumed : int
        How many of them are of earlier runs.
    best, present : Trial
        With the lowest inner score, and of the configuration as it is.
    score, present_score : float
        Of both on the test rows, fitted on all training rows.
    """

    number: int
    rows: int
    trials: Sequence[Trial]
    resumed: int
    best: Trial
    present: Trial
    score: float
    present_score: float

    @property
    def inner_score(self) -> float:
        """The score of the best values in the search: the mean over the inner folds."""
        return self.best.score or 0.0

    @property
    def present_inner_score(self) -> float:
        """The score of the present configuration in the search."""
        return self.present.score or 0.0


@dataclass(frozen=True)
class NestedTuningResult:
    """What the search is worth on rows that it has not seen.

    All scores are `metric`, lower is better. An inner score is the mean over the inner folds, an
    outer score is that of one outer fold's test rows.

    Attributes
    ----------
    metric : str
        `rmsle` or `rmse`, as in a plain search.
    folds : sequence of OuterFold
    search : mapping of str to Space
        What was searched, by dotted key.
    study_path : Path
    """

    metric: str
    folds: Sequence[OuterFold]
    search: Mapping[str, Space]
    study_path: Path

    @property
    def score(self) -> Mean:
        """The outer score of the values that the search finds: the honest one."""
        return _mean(fold.score for fold in self.folds)

    @property
    def inner_score(self) -> Mean:
        """The inner score by which they were chosen."""
        return _mean(fold.inner_score for fold in self.folds)

    @property
    def optimism(self) -> Mean:
        """How much lower the inner score is than the outer one: positive if it is too good."""
        return _mean(fold.score - fold.inner_score for fold in self.folds)

    @property
    def present_score(self) -> Mean:
        """The outer score of the present configuration; too good if these rows chose it."""
        return _mean(fold.present_score for fold in self.folds)

    @property
    def present_inner_score(self) -> Mean:
        """The inner score of the present configuration."""
        return _mean(fold.present_inner_score for fold in self.folds)

    @property
    def present_optimism(self) -> Mean:
        """The optimism without any choice: what differs only because the rows do."""
        return _mean(fold.present_score - fold.present_inner_score for fold in self.folds)

    @property
    def gain(self) -> Mean:
        """How much lower the outer score is than that of the present configuration."""
        return _mean(fold.present_score - fold.score for fold in self.folds)

    @property
    def inner_gain(self) -> Mean:
        """The same by the inner scores: what the search promises."""
        return _mean(fold.present_inner_score - fold.inner_score for fold in self.folds)

    @property
    def gain_optimism(self) -> Mean:
        """How much more the search promises than it keeps, in the same outer folds.

        Test rows that happen to be easy or hard are so for both scores: this is surer than
        `optimism`, which they move.
        """
        return _mean(
            fold.score - fold.inner_score - fold.present_score + fold.present_inner_score
            for fold in self.folds
        )

    @property
    def trials(self) -> list[Trial]:
        """All trials of all outer folds."""
        return [trial for fold in self.folds for trial in fold.trials]

    @property
    def resumed(self) -> int:
        """How many of them are of earlier runs."""
        return sum(fold.resumed for fold in self.folds)

    @property
    def present_values(self) -> Mapping[str, str]:
        """What the configuration says, by dotted key."""
        return self.folds[0].present.values

    def count(self, state: str) -> int:
        """How many trials are `complete`, `pruned` or `failed`."""
        return sum(trial.state == state for trial in self.trials)

    def chosen(self, key: str) -> dict[str, int]:
        """Return in how many outer folds each value was chosen, the most frequent one first."""
        return dict(Counter(fold.best.values[key] for fold in self.folds).most_common())

    def rows(self) -> list[dict[str, Any]]:
        """Return one row for each outer fold, with its scores and the values chosen in it."""
        return [
            {
                "fold": fold.number,
                "rows": fold.rows,
                "inner_score": fold.inner_score,
                "score": fold.score,
                "present_inner_score": fold.present_inner_score,
                "present_score": fold.present_score,
                **fold.best.values,
            }
            for fold in self.folds
        ]


def _mean(values: Iterable[float]) -> Mean:
    numbers = np.array([*values])
    error = numbers.std(ddof=1) / np.sqrt(len(numbers))
    return Mean(float(numbers.mean()), float(error))
