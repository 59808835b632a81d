"""Rows of a configuration's training data, each scored by a pipeline fitted without it."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace

import numpy as np
from sklearn.base import clone
from sklearn.pipeline import Pipeline

from ..config.core import Config
from ..errors import ConfigError
from ..evaluation.metrics import ERRORS, WITH_INTERVALS, PredictedRows, estimates, metrics_of
from ..evaluation.results import Estimates
from .arrays import Floats
from .cross_validation import (
    CrossValidation,
    Progress,
    Splitter,
    cross_validate,
    fit_fold,
    fitting,
)
from .intervals import ResidualScale, fit_scale, scale_of
from .pipeline import build_pipeline
from .rows import TrainingData, weighted
from .steps.native import columns_of, source_of

__all__ = ["HeldOutPredictions", "Measured", "cross_validations", "holdout", "made_from", "measure"]

_HOLDOUT = 0.2


class HeldOutPredictions:
    """One cross-validation of a configuration, with intervals at any level.

    Attributes
    ----------
    result : CrossValidation
    rows : array of int
        The rows that were held out; by time not all of them.
    scored : PredictedRows
        These rows, with intervals at the level of the configuration.
    """

    def __init__(
        self,
        config: Config,
        target: Floats,
        result: CrossValidation,
        weights: Floats | None = None,
    ) -> None:
        self._config, self._target, self._weights = config, target, weights
        self._scale = scale_of(config.target.transform, config.target.minimum)
        self._fitted_scales: dict[float | None, list[ResidualScale]] = {}
        self.result = result
        self.rows = result.held_out
        self.scored = self.at_level(config.interval.level)

    def at_level(self, level: float, *, adaptive: bool = True) -> PredictedRows:
        """Return the rows with held-out intervals; those that do not adapt have one width."""
        half_widths, rows = np.empty(len(self._target)), self.rows
        scales = self._scales(self._config.interval.ridge_alpha if adaptive else None)
        for part, scale in zip(self.result.parts, scales, strict=True):
            half_widths[part.test] = scale.interval(level).half_width(part.test_features)
        predictions = self.result.predictions[rows]
        lower, upper = self._scale.around(predictions, half_widths[rows])
        return PredictedRows(self._target[rows], predictions, self.result.folds[rows], lower, upper)

    @property
    def residuals(self) -> Floats:
        """Of the held-out predictions, on the scale that the estimator learns.

        Of all rows; NaN for those that were never predicted.
        """
        return self._scale.to(self._target) - self._scale.to(self.result.predictions)

    def _scales(self, alpha: float | None) -> list[ResidualScale]:
        """Fit the scale of each fold's intervals to the residuals of the other folds.

        Those residuals are of models that had seen this fold; models fitted without both folds
        would take ten times as long, and gave the same coverage where that was tried. By time the
        other folds are those before this one.
        """
        if alpha not in self._fitted_scales:
            residuals, seed = self.residuals, self.result.seed
            self._fitted_scales[alpha] = [
                fit_scale(part.train_features, residuals[part.train], alpha=alpha, seed=seed)
                for part in self.result.parts
            ]
        return self._fitted_scales[alpha]

    @property
    def held_out_residuals(self) -> Floats:
        """The same; NaN also for rows that were predicted for the first window's intervals only."""
        return np.where(self.result.folds >= 0, self.residuals, np.nan)

    def with_predictions(self, predictions: Floats) -> PredictedRows:
        """Return the same rows and folds, as another model predicts them: an array of all rows."""
        return replace(self.scored, prediction=predictions[self.rows], lower=None, upper=None)

    def without(self, name: str) -> HeldOutPredictions:
        """Return the same folds for an estimator that sees neither a column nor what is made of it.

        Only the estimators are fitted again: the other columns are what they were.

        Raises
        ------
        DataError
            When no column is left, or the estimator cannot be fitted to those that are.
        """
        dropped = made_from({name}, self._config)
        predictions = np.full(len(self._target), np.nan)
        parts, before = [], self.result.before
        for part in (*self.result.parts, *([] if before is None else [before])):
            sources = _sources(part.fitted, self._config)
            kept = [i for i, of in enumerate(sources) if of not in dropped]
            train, test = (columns_of(of, kept) for of in (part.train_features, part.test_features))
            estimator = clone(part.fitted[-1])
            with fitting():
                estimator.fit(
                    train, self._target[part.train], **weighted(self._weights, part.train)
                )
            predictions[part.test] = estimator.predict(test)
            parts.append(replace(part, train_features=train, test_features=test))
        before = None if before is None else parts.pop()
        result = replace(self.result, predictions=predictions, parts=parts, before=before)
        return HeldOutPredictions(self._config, self._target, result, self._weights)


def _sources(fitted: Pipeline, config: Config) -> list[str]:
    """Return for each column that the estimator sees the one of the configuration it is made of."""
    encoder = fitted.named_steps.get("encode_one_hot")
    of_levels = {
        f"{name}_{level}": name
        for name, levels in (encoder.encoder_dict_ if encoder else {}).items()
        for level in levels
    }
    names = map(source_of, fitted.named_steps["scale"].get_feature_names_out())
    made = config.part_columns | of_levels
    return [made.get(name, name) for name in names]


def cross_validations(
    config: Config, data: TrainingData, *, seeds: Sequence[int], progress: Progress
) -> list[HeldOutPredictions]:
    """Cross-validate a configuration once for each seed."""
    target: Floats = np.asarray(data.target, dtype=np.float64)
    results = cross_validate(
        build_pipeline(config),
        data.frame,
        data.target,
        folds=config.evaluation.folds,
        seeds=seeds,
        splitter=Splitter.of(config, data),
        weights=data.weights,
        progress=progress,
    )
    return [HeldOutPredictions(config, target, result, data.weights) for result in results]


@dataclass(frozen=True)
class Measured:
    """How good a configuration is on rows that its pipeline had not seen.

    Attributes
    ----------
    held_out : list of HeldOutPredictions
        One cross-validation a seed.
    metrics : dict of str to Estimate
        Means over the seeds, with 95% bootstrap intervals from resampling the rows.
    over_seeds : dict of str to float
        The standard deviation of each metric over the seeds; empty for a single one.
    worst_fold : float or None
        The highest RMSLE of any fold.
    """

    held_out: list[HeldOutPredictions]
    metrics: Estimates
    over_seeds: dict[str, float]
    worst_fold: float | None

    @property
    def values(self) -> dict[str, float]:
        """The metrics as a model file records them."""
        worst = {} if self.worst_fold is None else {"rmsle_worst_fold": self.worst_fold}
        return {name: one.value for name, one in self.metrics.items()} | worst

    @property
    def spread(self) -> dict[str, dict[str, float]]:
        """How far each metric may be from what new rows show, as a model file records it."""
        return {
            name: {"low": one.low, "high": one.high}
            | ({"over_seeds": self.over_seeds[name]} if name in self.over_seeds else {})
            for name, one in self.metrics.items()
        }


def measure(
    config: Config, data: TrainingData, *, repeats: int | None = None, progress: Progress
) -> Measured:
    """Cross-validate a configuration, and take the mean of its metrics over the repetitions.

    Parameters
    ----------
    repeats : how many cross-validations, the first with the seed of the configuration and each
        with the next seed; None for the number in the configuration

    Raises
    ------
    ConfigError
        When a split by time is asked for more than once.
    DataError
        When the rows cannot be split, or the pipeline cannot be fitted to them.
    """
    seed = config.evaluation.seed
    if config.evaluation.is_by_time and (repeats or 1) > 1:
        raise ConfigError(
            f"evaluation.split: a split by time is always the same: expected 1 repetition, got "
            f"{repeats}."
        )
    seeds = range(seed, seed + (repeats or config.evaluation.repeats))
    held_out = cross_validations(config, data, seeds=seeds, progress=progress)
    scored = [one.scored for one in held_out]
    names = dict.fromkeys((*ERRORS, *WITH_INTERVALS, *more_metrics(config)))
    found = estimates(scored, tuple(names), seed=seed)
    of_seeds = [metrics_of(one, tuple(found)) for one in scored] if len(scored) > 1 else []
    over_seeds = {
        name: float(np.std([one[name] for one in of_seeds], ddof=1)) for name in found if of_seeds
    }
    of_folds = [
        metrics_of(one.only(one.fold == fold), ("rmsle",)).get("rmsle")
        for one in scored
        for fold in np.unique(one.fold)
    ]
    worst = max((score for score in of_folds if score is not None), default=None)
    return Measured(held_out, found, over_seeds, worst if "rmsle" in found else None)


def more_metrics(config: Config) -> tuple[str, ...]:
    """Return the metrics that a configuration names beside those that are always measured."""
    return tuple(dict.fromkeys((*config.evaluation.metrics, *config.quality.metrics)))


def holdout(config: Config, data: TrainingData) -> PredictedRows:
    """Fit on four fifths of the rows and predict the last one: drawn by the seed, or the latest."""
    rows, seed = np.arange(len(data.frame)), config.evaluation.seed
    train, test = Splitter.of(config, data).apart(rows, share=_HOLDOUT, seed=seed)
    part = fit_fold(build_pipeline(config), data.frame, data.target, train, test, data.weights)
    target: Floats = np.asarray(data.target, dtype=np.float64)[test]
    predictions = part.fitted[-1].predict(part.test_features)
    return PredictedRows(target, predictions, np.zeros(len(test), dtype=np.int64))


def made_from(names: Collection[str], config: Config) -> set[str]:
    """Return the columns that are among `names`, or follow from one of them."""
    found = set(names)
    for name in config.derived_order:
        inputs = config.derived[name].inputs
        if found.intersection(config.part_columns.get(one, one) for one in inputs):
            found.add(name)
    return found
