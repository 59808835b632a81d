"""Rows of the training data, each predicted by a pipeline that was fitted without it."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd
from sklearn.base import clone
from sklearn.model_selection import (
    GroupKFold,
    GroupShuffleSplit,
    KFold,
    StratifiedKFold,
    train_test_split,
)
from sklearn.pipeline import Pipeline

from ..config.core import Config
from ..errors import DataError
from .arrays import Features, Floats, Rows
from .parallel import each
from .pipeline import build_pipeline
from .rows import TrainingData, weighted

__all__ = [
    "CrossValidation",
    "Fold",
    "Progress",
    "Split",
    "Splitter",
    "cross_validate",
    "fit_fold",
    "fitting",
    "split_rows",
    "strata_of",
]

Split = tuple[Rows, Rows]  # to fit on, and to score on
Progress = Callable[[str, int, int], None]

_MOST_STRATA = 50
_MAKES_COLUMNS = ("indicators", "derive")


@dataclass(frozen=True)
class Fold:
    """The rows of one fold, the pipeline fitted in it, and what its estimator takes.

    Attributes
    ----------
    train, test : array of int
    train_features, test_features : array of float64, shape (rows, features)
        A frame where there are native columns too.
    fitted : Pipeline
        On the rows `train`.
    """

    train: Rows
    test: Rows
    train_features: Features
    test_features: Features
    fitted: Pipeline


@dataclass(frozen=True)
class CrossValidation:
    """Predictions of rows by a model that was fitted without them.

    A random or grouped split holds every row out. A split by time never does so with the rows
    before the first window. The later half of them is predicted from the earlier half, for the
    intervals of the first window, which have no other errors to be made from.

    Attributes
    ----------
    seed : int
        Of the split into folds.
    predictions : array of float64, shape (rows,)
        NaN for a row that was never predicted.
    folds : array of int, shape (rows,)
        The fold in which each row was held out; -1 for a row that was not.
    parts : list of Fold
    before : Fold or None
        The halves of the rows before the first window.
    """

    seed: int
    predictions: Floats
    folds: Rows
    parts: list[Fold]
    before: Fold | None = None

    @property
    def held_out(self) -> Rows:
        """The rows that were held out, in their order."""
        return np.flatnonzero(self.folds >= 0)


@contextmanager
def fitting() -> Iterator[None]:
    """Say in one sentence what scikit-learn or feature-engine cannot fit: they raise ValueError."""
    try:
        yield
    except ValueError as error:
        reason = (str(error).strip() or "no reason was given").splitlines()[0]
        raise DataError(f"The pipeline cannot be fitted to these rows: {reason}") from error


def cross_validate(
    pipeline: Pipeline,
    frame: pd.DataFrame,
    target: pd.Series[float],
    *,
    folds: int,
    seeds: Sequence[int],
    splitter: Splitter | None = None,
    weights: Floats | None = None,
    progress: Progress,
) -> list[CrossValidation]:
    """Predict held-out rows by a pipeline fitted from scratch on others, once for each seed.

    Parameters
    ----------
    pipeline : Pipeline
        Not fitted; every step of it is fitted inside each fold.
    seeds : sequence of int
        Each splits the rows into folds in another way.
    splitter : Splitter or None
        How the rows are split; None for at random.
    weights : array of float64, shape (rows,), or None
        How much each row counts when the estimator is fitted.
    progress : callable
        Called with (stage, done, total); what is counted are folds, of all seeds together.

    Raises
    ------
    DataError
        When the rows cannot be split, or the pipeline cannot be fitted to those of a fold.
    """
    splitter, rows = splitter or Splitter(), np.arange(len(frame))
    of_seeds = []
    for seed in seeds:
        splits = splitter.split(rows, folds=folds, seed=seed)
        if splitter.is_by_time:
            splits.append(splitter.halves(splits[0][0]))
        of_seeds.append(splits)
    inputs = [
        (clone(pipeline), frame, target, *split, weights) for splits in of_seeds for split in splits
    ]
    progress("Cross-validating", 0, len(inputs))
    parts = []
    for done, part in each(fit_fold, inputs):
        progress("Cross-validating", done, len(inputs))
        parts.append(part)
    each_has = len(of_seeds[0])
    return [
        _joined(seed, parts[at * each_has : (at + 1) * each_has], folds, len(frame))
        for at, seed in enumerate(seeds)
    ]


def _joined(seed: int, parts: list[Fold], folds: int, rows: int) -> CrossValidation:
    """Put the predictions of the folds, and of what comes before the first, in their places."""
    predictions, fold_of = np.full(rows, np.nan), np.full(rows, -1)
    for fold, part in enumerate(parts):
        predictions[part.test] = part.fitted[-1].predict(part.test_features)
        if fold < folds:
            fold_of[part.test] = fold
    before = parts[folds] if len(parts) > folds else None
    return CrossValidation(seed, predictions, fold_of, parts[:folds], before)


def fit_fold(
    pipeline: Pipeline,
    frame: pd.DataFrame,
    target: pd.Series[float],
    train: Rows,
    test: Rows,
    weights: Floats | None,
) -> Fold:
    """Fit step by step, so that the training rows are transformed once."""
    steps, estimator = pipeline[:-1], pipeline[-1]
    with fitting():
        train_features = steps.fit_transform(frame.iloc[train], target.iloc[train])
        estimator.fit(train_features, target.iloc[train], **weighted(weights, train))
        test_features = steps.transform(frame.iloc[test])
    return Fold(train, test, train_features, test_features, pipeline)


@dataclass(frozen=True)
class Splitter:
    """How rows are split into those to fit on and those to score on.

    Attributes
    ----------
    strata : array of str, shape (all rows,), or None
        As for `split_rows`.
    column : str
        The name of the column that `by` is made from.
    by : array of int, shape (all rows,), or None
        The place of each row's value in that column; None for a random split.
    is_by_time : bool
        Whether rows are only predicted from rows with a lower place. Otherwise rows with one place
        are held out together.
    """

    strata: npt.NDArray[np.object_] | None = None
    column: str = ""
    by: Rows | None = None
    is_by_time: bool = False

    @classmethod
    def of(cls, config: Config, data: TrainingData) -> Splitter:
        """Return the splitter that a configuration asks for."""
        evaluation = config.evaluation
        column, strata = evaluation.split_column or "", strata_of(config, data)
        return cls(strata, column, data.split_by, evaluation.is_by_time)

    def split(self, rows: Rows, *, folds: int, seed: int) -> list[Split]:
        """Split `rows` into folds; by time, into one block more, each but the first a fold.

        Blocks in time are of about one size, and rows of one time are in one block.

        Raises
        ------
        DataError
            When there are too few different values.
        """
        if self.by is None:
            return split_rows(rows, folds=folds, seed=seed, strata=self.strata)
        by = self.by[rows]
        self._check(by, folds + self.is_by_time)
        if not self.is_by_time:
            of_groups = GroupKFold(folds, shuffle=True, random_state=seed % 2**32)
            return [(rows[a], rows[b]) for a, b in of_groups.split(rows, groups=by)]
        starts = _starts(by, folds + 1)
        block = np.searchsorted(starts, by, side="right")
        return [(rows[block < i], rows[block == i]) for i in range(1, folds + 1)]

    def apart(self, rows: Rows, *, share: float, seed: int) -> Split:
        """Set a share of the rows apart, by time the last ones.

        Raises
        ------
        DataError
            When there are too few different values.
        """
        if self.by is None:
            train, test = train_test_split(rows, test_size=share, random_state=seed)
            return train, test
        by = self.by[rows]
        self._check(by, 2)
        if self.is_by_time:
            values, counts = np.unique(by, return_counts=True)
            distance = np.abs(np.cumsum(counts)[:-1] - (1 - share) * len(by))
            first = values[1 + int(np.argmin(distance))]
            return rows[by < first], rows[by >= first]
        parts = GroupShuffleSplit(1, test_size=share, random_state=seed).split(rows, groups=by)
        ((train, test),) = parts
        return rows[train], rows[test]

    def halves(self, rows: Rows) -> Split:
        """Split rows in the middle of their order in time.

        Raises
        ------
        DataError
            When there is only one row.
        """
        if len(rows) < 2 or self.by is None:
            raise DataError(
                f"evaluation.split: only one row is before the first window by {self.column}: "
                "expected more rows of that time, or fewer folds."
            )
        ordered, middle = rows[np.argsort(self.by[rows], kind="stable")], len(rows) // 2
        return np.sort(ordered[:middle]), np.sort(ordered[middle:])

    def _check(self, by: Rows, least: int) -> None:
        if (number := len(np.unique(by))) < least:
            found = f"{number} different value{'' if number == 1 else 's'}"
            why = "one for each fold" + (" and one before them" if self.is_by_time else "")
            raise DataError(
                f"evaluation.split: {self.column} has {found} in these rows: expected at least "
                f"{least}, {why}."
            )


def _starts(by: Rows, blocks: int) -> Rows:
    """Return the values with which blocks of about one size begin, without the first block."""
    values, counts = np.unique(by, return_counts=True)
    before = np.cumsum(counts)[:-1]  # rows before each value but the first
    starts: list[int] = []
    for i in range(1, blocks):
        lowest = starts[-1] + 1 if starts else 0
        highest = len(before) - (blocks - i)
        distance = np.abs(before[lowest : highest + 1] - i * len(by) / blocks)
        starts.append(lowest + int(np.argmin(distance)))
    return np.asarray(values[1:][starts])


def split_rows(
    rows: Rows, *, folds: int, seed: int, strata: npt.NDArray[np.object_] | None = None
) -> list[Split]:
    """Split `rows` into folds at random, each row for testing once.

    Parameters
    ----------
    strata : array of str, shape (all rows,), or None
        Rows with the same text are spread evenly over the folds.
    """
    seed %= 2**32  # what numpy takes
    if strata is None:
        splits = KFold(folds, shuffle=True, random_state=seed).split(rows)
    else:
        with warnings.catch_warnings():  # a stratum with fewer rows than folds is what it is for
            warnings.filterwarnings("ignore", "The least populated class", UserWarning)
            stratified = StratifiedKFold(folds, shuffle=True, random_state=seed)
            splits = [*stratified.split(rows, _with_enough(strata[rows], folds))]
    return [(rows[train], rows[test]) for train, test in splits]


def _with_enough(strata: npt.NDArray[np.object_], folds: int) -> npt.NDArray[np.object_]:
    """Return one stratum for all if each has fewer rows than there are folds."""
    _, counts = np.unique(strata, return_counts=True)
    return strata if counts.max() >= folds else np.full(len(strata), "", dtype=object)


def strata_of(config: Config, data: TrainingData) -> npt.NDArray[np.object_] | None:
    """Return the value that each row has in the column `evaluation.stratify`, as text.

    Raises
    ------
    DataError
        When the column has too many values to spread each over the folds.
    """
    name = config.evaluation.stratify
    if name is None:
        return None
    frame = data.frame
    if name in config.derived:
        pipeline = build_pipeline(config)
        last = max(i for i, (step, _) in enumerate(pipeline.steps) if step in _MAKES_COLUMNS)
        frame = pipeline[: last + 1].fit_transform(frame, data.target)
    strata: npt.NDArray[np.object_] = frame[name].astype(str).to_numpy(dtype=object)
    if (number := len(set(strata))) > _MOST_STRATA:
        raise DataError(
            f"evaluation.stratify: {name} has {number} values in the training rows: name a column "
            f"with at most {_MOST_STRATA}."
        )
    return strata
