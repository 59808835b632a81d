"""Rows of a configuration's training data, each scored by a pipeline fitted without it."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

import numpy as np
from sklearn.model_selection import train_test_split

from ..config.core import Config
from ..evaluation import (
    CrossValidation,
    Floats,
    Progress,
    cannot_be_fitted,
    cross_validate,
    held_out_intervals,
)
from ..interval import scale_of
from ..pipeline import build_pipeline
from ..processing.training_data import TrainingData
from .figures import Scored

__all__ = ["HeldOut", "config_without", "holdout"]

_HOLDOUT = 0.2


class HeldOut:
    """One cross-validation of a configuration, with intervals at any level.

    Attributes
    ----------
    result : CrossValidation
    scored : Scored
        All rows, with intervals at the level of the configuration.
    """

    def __init__(
        self,
        config: Config,
        data: TrainingData,
        *,
        seed: int,
        progress: Progress,
        result: CrossValidation | None = None,
    ) -> None:
        """Cross-validate, unless training has done so already.

        Raises
        ------
        DataError
            When the pipeline cannot be fitted to the rows.
        """
        self._config, self._seed = config, seed
        self._target: Floats = np.asarray(data.target, dtype=np.float64)
        self.result = result or _cross_validated(config, data, seed=seed, progress=progress)
        self.scored = self.at_level(config.interval.level)

    def at_level(self, level: float, *, adaptive: bool = True) -> Scored:
        """Return the rows with held-out intervals; those that do not adapt have one width."""
        scale = scale_of(self._config.target.transform)
        predictions = self.result.predictions
        residuals = scale.to(self._target) - scale.to(predictions)
        alpha = self._config.interval.ridge_alpha if adaptive else None
        half_widths = held_out_intervals(
            self.result, residuals, level=level, alpha=alpha, seed=self._seed
        )
        lower, upper = scale.around(predictions, half_widths)
        return Scored(self._target, predictions, self.result.folds, lower, upper)

    def with_predictions(self, predictions: Floats) -> Scored:
        """Return the same rows and folds, as another model predicts them."""
        return replace(self.scored, prediction=predictions, lower=None, upper=None)


def _cross_validated(
    config: Config, data: TrainingData, *, seed: int, progress: Progress
) -> CrossValidation:
    def named(stage: str, done: int, of: int) -> None:
        progress(f"{stage}, seed {seed}", done, of)

    try:
        return cross_validate(
            build_pipeline(config),
            data.frame,
            data.target,
            folds=config.evaluation.folds,
            seed=seed,
            progress=named,
        )
    except ValueError as error:  # scikit-learn and feature-engine say so what they cannot fit
        raise cannot_be_fitted(error) from error


def holdout(config: Config, data: TrainingData) -> Scored:
    """Fit on four fifths of the rows and predict the last one, drawn by the seed.

    Raises
    ------
    DataError
        When the pipeline cannot be fitted to the rows.
    """
    target: Floats = np.asarray(data.target, dtype=np.float64)
    rows = np.arange(len(target))
    train, test = train_test_split(rows, test_size=_HOLDOUT, random_state=config.evaluation.seed)
    try:
        fitted = build_pipeline(config).fit(data.frame.iloc[train], data.target.iloc[train])
        predictions = fitted.predict(data.frame.iloc[test])
    except ValueError as error:
        raise cannot_be_fitted(error) from error
    return Scored(target[test], predictions, np.zeros(len(test), dtype=np.int64))


def config_without(config: Config, name: str) -> Config:
    """Return a configuration whose estimator sees neither a column nor what is made from it."""
    dropped = _made_from({name}, config)
    hidden = {"use": "derived"}
    return config.model_copy(
        update={
            section: {
                one: column.model_copy(update=hidden) if one in dropped else column
                for one, column in columns.items()
            }
            for section, columns in (("features", config.features), ("derived", config.derived))
        }
    )


def _made_from(names: Collection[str], config: Config) -> set[str]:
    found = set(names)
    for name in config.derived_order:
        if found.intersection(config.derived[name].inputs):
            found.add(name)
    return found
