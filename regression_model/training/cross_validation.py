"""Every row of the training data, predicted by a pipeline that was fitted without it."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd
from sklearn.base import clone
from sklearn.model_selection import KFold, StratifiedKFold
from sklearn.pipeline import Pipeline

from ..config.core import Config
from ..errors import DataError
from .native import Features
from .pipeline import build_pipeline
from .rows import TrainingData

__all__ = [
    "CrossValidation",
    "Fold",
    "Progress",
    "Split",
    "cannot_be_fitted",
    "cross_validate",
    "split_rows",
    "strata_of",
]

Floats = npt.NDArray[np.float64]
Rows = npt.NDArray[np.int64]
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

    train: npt.NDArray[np.int64]
    test: npt.NDArray[np.int64]
    train_features: Features
    test_features: Features
    fitted: Pipeline


@dataclass(frozen=True)
class CrossValidation:
    """Predictions of every row by a model that was fitted without it.

    Attributes
    ----------
    seed : int
        Of the split into folds.
    predictions : array of float64, shape (rows,)
    folds : array of int, shape (rows,)
        The fold in which each row was held out.
    parts : list of Fold
    """

    seed: int
    predictions: Floats
    folds: npt.NDArray[np.int64]
    parts: list[Fold]


def cannot_be_fitted(error: ValueError) -> DataError:
    """Return what scikit-learn or feature-engine could not do, as one sentence."""
    reason = str(error).strip().splitlines()[0] if str(error).strip() else "no reason was given"
    return DataError(f"The pipeline cannot be fitted to these rows: {reason}")


def cross_validate(
    pipeline: Pipeline,
    frame: pd.DataFrame,
    target: pd.Series[float],
    *,
    folds: int,
    seeds: Sequence[int],
    strata: npt.NDArray[np.object_] | None = None,
    progress: Progress,
) -> list[CrossValidation]:
    """Predict every row by a pipeline fitted from scratch on the other folds, once for each seed.

    Parameters
    ----------
    pipeline : Pipeline
        Not fitted; every step of it is fitted inside each fold.
    seeds : sequence of int
        Each splits the rows into folds in another way.
    strata : as for `split_rows`
    progress : callable
        Called with (stage, done, total); what is counted are folds, of all seeds together.

    Raises
    ------
    DataError
        When the pipeline cannot be fitted to the rows of a fold.
    """
    results = []
    for number, seed in enumerate(seeds):
        predictions = np.empty(len(frame))
        fold_of = np.empty(len(frame), dtype=np.int64)
        parts = []
        splits = split_rows(np.arange(len(frame)), folds=folds, seed=seed, strata=strata)
        for fold, (train, test) in enumerate(splits):
            progress("Cross-validating", number * folds + fold, len(seeds) * folds)
            part = _fitted(clone(pipeline), frame, target, train, test)
            predictions[test] = part.fitted[-1].predict(part.test_features)
            fold_of[test] = fold
            parts.append(part)
        results.append(CrossValidation(seed, predictions, fold_of, parts))
    progress("Cross-validating", len(seeds) * folds, len(seeds) * folds)
    return results


def _fitted(
    pipeline: Pipeline,
    frame: pd.DataFrame,
    target: pd.Series[float],
    train: npt.NDArray[np.int64],
    test: npt.NDArray[np.int64],
) -> Fold:
    """Fit step by step, so that the training rows are transformed once."""
    steps, estimator = pipeline[:-1], pipeline[-1]
    try:
        train_features = steps.fit_transform(frame.iloc[train], target.iloc[train])
        estimator.fit(train_features, target.iloc[train])
        test_features = steps.transform(frame.iloc[test])
    except ValueError as error:  # scikit-learn and feature-engine say so what they cannot fit
        raise cannot_be_fitted(error) from error
    return Fold(train, test, train_features, test_features, pipeline)


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
            splits = [*stratified.split(rows, _joined(strata[rows], folds))]
    return [(rows[train], rows[test]) for train, test in splits]


def _joined(strata: npt.NDArray[np.object_], folds: int) -> npt.NDArray[np.object_]:
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
