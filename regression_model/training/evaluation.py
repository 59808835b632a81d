"""A configuration against its training rows, each scored by a pipeline fitted without it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from ..config.core import Config
from ..evaluation.comparing import check_same_target, compared
from ..evaluation.groups import Labels, groups_of, labels_of
from ..evaluation.metrics import ERRORS, WITH_INTERVALS, estimates, metrics_of
from ..evaluation.results import Details, Estimates, EvaluationResult, headline_of, score_of
from ..runtime.model import Model
from .arrays import Rows
from .baselines import median_by, plain_linear
from .cross_validation import Progress
from .held_out import HeldOutPredictions, Measured, holdout, measure, more_metrics
from .importances import permutation_importances
from .intervals import scale_of
from .parallel import steady
from .rows import TrainingData

__all__ = ["evaluate_pipeline"]

_ALL = (*ERRORS, *WITH_INTERVALS)
_OF_FOLDS = ("rmsle", "rmse", "r2", "mae", "coverage")
_LEVELS = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95)


@steady()
def evaluate_pipeline(
    config: Config,
    data: TrainingData,
    *,
    repeats: int | None = None,
    progress: Progress = lambda stage, done, of: None,
    measured: Measured | None = None,
    manifest: Mapping[str, Any] | None = None,
    compare: Model | None = None,
    rows: object = None,
) -> EvaluationResult:
    """Cross-validate a configuration, and say all that this tells of the model.

    Parameters
    ----------
    repeats : how many cross-validations, as for `measure`
    progress : called with (stage, done, total)
    measured : the cross-validations, if training has made them already
    manifest : the metadata of the model file, if there is one
    compare : another model file, scored on the same rows; it may have been trained on them
    rows : the training rows as they came, for `compare`

    Raises
    ------
    DataError
        When the pipeline cannot be fitted to the rows.
    ModelFileError
        When `compare` predicts another target.
    """
    if compare is not None:
        check_same_target(config.target.to_dict(), compare)
    seed = config.evaluation.seed
    if measured is None:
        measured = measure(config, data, repeats=repeats, progress=progress)
    several = measured.held_out
    scored = [one.scored for one in several]
    first = several[0]
    headline = headline_of(config.target.to_dict(), measured.metrics)
    more = more_metrics(config)
    level, notes, comparison = config.interval.level, [*data.notes], None
    if compare is not None:
        theirs = compare.predict(rows)
        comparison = compared(scored, first.rows, level, compare, theirs, seed=seed, more=more)
        notes.append(
            f"{compare.name} {compare.version} may have seen these rows in its training, and this "
            "model has not: the comparison may be too kind to the other one."
        )
    errors = tuple(dict.fromkeys((*ERRORS, *more)))
    return EvaluationResult(
        name=config.name,
        target=config.target.to_dict(),
        source="cross-validation",
        level=level,
        rows=len(first.rows),
        refused=[],
        metrics=measured.metrics,
        over_seeds=measured.over_seeds,
        holdout=estimates([holdout(config, data)], errors, seed=seed),
        constant_width=_constant_width(several, level),
        folds=[fold for one in several for fold in _folds(one, more)],
        groups=groups_of(
            scored,
            _labels(config, data, first.rows),
            score=score_of(headline),
            seed=seed,
        ),
        baselines=_baselines(config, data, several, errors),
        without=_without(config, several, progress),
        importances=permutation_importances(
            data, first.result.parts, metric=headline, seed=seed, progress=progress
        ),
        calibration=_calibration(first),
        comparison=comparison,
        details=_details(first),
        manifest=None if manifest is None else dict(manifest),
        repeats=len(several),
        split=config.evaluation.split,
        notes=notes,
    )


def _constant_width(several: Sequence[HeldOutPredictions], level: float) -> dict[str, float]:
    found = [metrics_of(one.at_level(level, adaptive=False), WITH_INTERVALS) for one in several]
    shared = [name for name in found[0] if all(name in one for one in found)]
    return {name: float(np.mean([one[name] for one in found])) for name in shared}


def _folds(held_out: HeldOutPredictions, more: tuple[str, ...]) -> list[dict[str, Any]]:
    folds, scored, seed = [], held_out.scored, held_out.result.seed
    metrics = tuple(dict.fromkeys((*_OF_FOLDS, *more)))
    for fold in np.unique(scored.fold).tolist():
        rows = scored.only(scored.fold == fold)
        found = metrics_of(rows, metrics)
        folds.append({"seed": seed, "fold": fold, "rows": len(rows.target), **found})
    return folds


def _labels(config: Config, data: TrainingData, rows: Rows) -> dict[str, Labels]:
    scored = data.frame.iloc[rows]
    return {
        name: labels_of(data.contract.field(name), scored[name].to_numpy())
        for name in config.evaluation.groups
    }


def _baselines(
    config: Config,
    data: TrainingData,
    several: Sequence[HeldOutPredictions],
    metrics: tuple[str, ...],
) -> dict[str, Estimates]:
    target = np.asarray(data.target, dtype=np.float64)
    scale = scale_of(config.target.transform, config.target.minimum)
    predicted = {}
    if (field := config.evaluation.baseline) is not None:
        predicted[f"median by {field}"] = [
            one.with_predictions(median_by(field, data.frame, target, one.result.parts))
            for one in several
        ]
    predicted["plain linear"] = [
        one.with_predictions(plain_linear(data.frame, target, scale, one.result.parts))
        for one in several
    ]
    seed = config.evaluation.seed
    return {name: estimates(scored, metrics, seed=seed) for name, scored in predicted.items()}


def _without(
    config: Config, several: Sequence[HeldOutPredictions], progress: Progress
) -> dict[str, Estimates]:
    found = {}
    for name in config.evaluation.without:
        stage, scored = f"Fitting without {name}", []
        for number, one in enumerate(several):
            progress(stage, number, len(several))
            scored.append(one.without(name).scored)
        progress(stage, len(several), len(several))
        found[name] = estimates(scored, _ALL, seed=config.evaluation.seed)
    return found


def _calibration(held_out: HeldOutPredictions) -> list[tuple[float, float]]:
    return [
        (level, metrics_of(held_out.at_level(level), ["coverage"])["coverage"]) for level in _LEVELS
    ]


def _details(held_out: HeldOutPredictions) -> Details:
    scored = held_out.scored
    nothing = np.full(len(scored.target), np.nan)
    return Details(
        held_out.rows,
        scored.target,
        scored.prediction,
        nothing if scored.lower is None else scored.lower,
        nothing if scored.upper is None else scored.upper,
        scored.fold,
    )
