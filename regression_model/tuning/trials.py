"""What was tried, and how it went."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from scipy.stats import wilcoxon

__all__ = ["State", "Trial", "best_of", "estimate", "is_worse"]

State = Literal["complete", "pruned", "failed"]

_DOUBT = 0.05  # the p-value below which a trial is given up


@dataclass(frozen=True)
class Trial:
    """One set of values, and its scores.

    Attributes
    ----------
    number : int
        Its place in the search, from 0; -1 for the present configuration where no trial has it.
    values : mapping
        What the configuration would say, by dotted key.
    folds : tuple of float
        The scores of the folds; of the first ones only, if it was pruned.
    message : str or None
        Why it failed.
    params : mapping
        The values as the sampler proposed them, before numbers were rounded.
    """

    number: int
    state: State
    values: Mapping[str, str]
    folds: tuple[float, ...]
    message: str | None
    params: Mapping[str, Any]

    @property
    def score(self) -> float | None:
        """Mean over the folds, lower is better; None unless all of them were scored."""
        return float(np.mean(self.folds)) if self.state == "complete" else None


def best_of(trials: Iterable[Trial]) -> Trial | None:
    """Return the trial with the lowest score, the first of equal ones; None if there is none."""
    complete = (trial for trial in trials if trial.state == "complete")
    return min(complete, key=lambda trial: trial.score or 0.0, default=None)


def is_worse(folds: Sequence[float], best: Sequence[float]) -> bool:
    """Whether scores of the first folds say that the rest need not be looked at.

    Folds differ more than trials do, so each is compared with the same fold of the best trial:
    Wilcoxon, "Individual comparisons by ranking methods", Biometrics Bulletin 1 (1945), one-sided,
    which gives up after five folds at the earliest, all of them worse.
    """
    excess = np.subtract(folds, best[: len(folds)])
    if len(excess) < 2 or excess.mean() <= 0:
        return False
    return bool(wilcoxon(excess, alternative="greater", zero_method="zsplit").pvalue < _DOUBT)


def estimate(trial: Trial, best: Trial | None) -> float | None:
    """Return the score of a trial, guessed for a pruned one from its distance to the best."""
    if trial.state != "pruned" or best is None:
        return trial.score
    excess = np.subtract(trial.folds, best.folds[: len(trial.folds)])
    return float(np.mean(best.folds) + excess.mean())
