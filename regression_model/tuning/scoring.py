"""The scores of a configuration with other values, fold by fold."""

from __future__ import annotations

import math
import warnings
from collections.abc import Mapping
from copy import copy
from functools import cache
from typing import Any

import joblib
import numpy as np
import pandas as pd
from pydantic import ValidationError
from sklearn.base import clone
from sklearn.exceptions import ConvergenceWarning
from sklearn.pipeline import Pipeline
from threadpoolctl import ThreadpoolController

from ..config.core import Config
from ..config.mistakes import explain
from ..config.search import changed
from ..errors import DataError
from ..evaluation.metrics import rmse, rmsle
from ..training.arrays import Floats, Rows
from ..training.cross_validation import Split, Splitter
from ..training.pipeline import build_pipeline
from ..training.rows import TrainingData, contract_of, read_training_data, weighted
from .trials import State, Trial, is_worse

__all__ = ["Scorer"]


class Scorer:
    """Scores values on the folds of the evaluation, several folds at a time.

    With repeats, also on the folds that the next seeds of the evaluation would make.

    Parameters
    ----------
    rows : the training rows as they were read.
    source : what error messages call them.
    jobs : folds at a time; None for what joblib's active configuration says, which is 1 without.
    """

    def __init__(self, config: Config, rows: Any, *, source: str, jobs: int | None) -> None:
        self._config = config
        self._rows = rows
        self._source = source
        self._jobs = jobs
        self._data = read_training_data(config, rows, source=source)
        self._splitter = Splitter.of(config, self._data)
        self._splits = self._splits_of(np.arange(len(self._data.frame)))

    def outer_folds(self, number: int) -> list[Split]:
        """Split the rows as a cross-validation with so many folds does, by the same seed.

        Raises
        ------
        DataError
            When there are too few rows to split those of an outer fold once more.
        """
        rows, inner = len(self._data.frame), self._config.evaluation.folds
        largest = math.ceil(rows / number)
        if number > rows or rows - largest < inner:
            raise DataError(
                f"{self._source} has {rows} rows: too few for {number} outer folds with {inner} "
                "folds inside each."
            )
        seed = self._config.evaluation.seed
        splits = self._splitter.split(np.arange(rows), folds=number, seed=seed)
        for fold, (train, _) in enumerate(splits, start=1):
            try:
                self._splits_of(train)
            except DataError as error:
                raise DataError(f"Outer fold {fold} of {number}: {error}") from None
        return splits

    def within(self, rows: Rows) -> Scorer:
        """Return a scorer that splits only these rows into folds, and sees no target of others."""
        return self._on(self._splits_of(rows))

    def between(self, train: Rows, test: Rows) -> Scorer:
        """Return a scorer with one fold: it fits on some rows and scores on others."""
        return self._on([(train, test)])

    def _on(self, splits: list[Split]) -> Scorer:
        scorer = copy(self)
        scorer._splits = splits
        return scorer

    def _splits_of(self, rows: Rows) -> list[Split]:
        evaluation = self._config.evaluation
        return [
            split
            for repeat in range(self._config.tuning.repeats)
            for split in self._splitter.split(
                rows, folds=evaluation.folds, seed=evaluation.seed + repeat
            )
        ]

    @property
    def metric(self) -> str:
        """The figure that is looked at: the mean over the folds, lower is better."""
        return "rmsle" if self._config.target.transform == "log" else "rmse"

    def score(
        self,
        number: int,
        params: Mapping[str, Any],
        values: Mapping[str, str],
        best: Trial | None,
    ) -> Trial:
        """Score values until all folds are done, or they are clearly worse than the best trial."""
        folds: tuple[float, ...] = ()
        state: State = "failed"
        message = None
        try:
            folds, pruned = self._folds(changed(self._config, values), best)
            state = "pruned" if pruned else "complete"
        except ValidationError as error:
            path, said = explain(error, Config)[0]
            message = f"{'.'.join(path)}: {said}"
        except (DataError, ValueError) as error:  # what cannot be fitted is a ValueError
            message = str(error).partition("\n")[0]
        return Trial(number, state, values, folds, message, params)

    def _folds(self, config: Config, best: Trial | None) -> tuple[tuple[float, ...], bool]:
        """Score the folds in their order; those behind a decision are as if never scored."""
        data, pipeline = self._data_for(config), build_pipeline(config)
        at_a_time = joblib.effective_n_jobs(self._jobs)
        scores: list[float] = []
        for start in range(0, len(self._splits), at_a_time):
            batch = self._splits[start : start + at_a_time]
            parallel = joblib.Parallel(n_jobs=self._jobs)
            for score in parallel(
                joblib.delayed(score_fold)(
                    pipeline, data.frame, data.target, *split, self.metric, data.weights
                )
                for split in batch
            ):
                scores.append(score)
                if not math.isfinite(score):
                    raise ValueError(f"the {self.metric.upper()} of a fold is not a number")
                if best is not None and is_worse(scores, best.folds):
                    return tuple(scores), len(scores) < len(self._splits)
        return tuple(scores), False

    def _data_for(self, config: Config) -> TrainingData:
        """Return the rows with the columns that a configuration uses."""
        if contract_of(config) == contract_of(self._config):
            return self._data
        return read_training_data(config, self._rows, source=self._source)


def score_fold(
    pipeline: Pipeline,
    frame: pd.DataFrame,
    target: pd.Series[float],
    train: Rows,
    test: Rows,
    metric: str,
    weights: Floats | None = None,
) -> float:
    """Fit on some rows and return the error on others, in whichever process joblib wants it."""
    # One thread: the same sums, wherever they are made.
    with _numerical_libraries().limit(limits=1), warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # extreme values are there to be tried
        of_train = {f"estimate__{key}": of for key, of in weighted(weights, train).items()}
        fitted = clone(pipeline).fit(frame.iloc[train], target.iloc[train], **of_train)
        predictions = fitted.predict(frame.iloc[test])
    held_out = np.asarray(target, dtype=np.float64)[test]
    return float((rmsle if metric == "rmsle" else rmse)(held_out, predictions))


@cache
def _numerical_libraries() -> ThreadpoolController:
    """Find once what has threads: to look for it takes a sixth of the time of a small fold."""
    return ThreadpoolController()
