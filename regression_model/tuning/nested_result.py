"""What the search is worth on rows that it has not seen."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ..config.core import Space
from .trials import Trial

__all__ = ["Mean", "NestedTuningResult", "OuterFold"]


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
