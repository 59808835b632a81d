"""The search repeated inside outer folds, to see what it is worth on rows that it has not seen."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from threadpoolctl import threadpool_limits

from ..errors import DataError, InputError
from ..training.cross_validation import Progress
from .nested_result import NestedTuningResult, OuterFold
from .search import Inputs, read_inputs, search
from .trials import Trial, best_of

if TYPE_CHECKING:
    from ..training.cross_validation import Split
    from .scoring import Scorer

__all__ = ["run_nested_tuning"]


def run_nested_tuning(
    *,
    config_path: Path | None = None,
    data_path: Path | None = None,
    outer_folds: int | None = None,
    trials: int | None = None,
    study_path: Path | None = None,
    jobs: int | None = None,
    progress: Progress = lambda stage, done, of: None,
) -> NestedTuningResult:
    """Estimate how good the values are that a search finds, on rows that it has not seen.

    The best score of a search is too good, for it is the best of many on the same rows: Cawley and
    Talbot, "On over-fitting in model selection and subsequent selection bias in performance
    evaluation", JMLR 11, 2010; Varma and Simon, "Bias in error estimation when using
    cross-validation for model selection", BMC Bioinformatics 7, 2006. So the search of
    `run_tuning` is made from scratch in each outer fold, on its training rows only; what it finds
    is fitted on these rows and scored on the test rows.

    Each search has the seed of the configuration, as `run_tuning` would have with these rows only:
    the first trials propose the same values in every outer fold. Finished trials are kept as those
    of `run_tuning` are, in the same file and apart from them.

    Parameters
    ----------
    outer_folds : how many; None for as many as the evaluation has. They are split by its seed.
    trials : of the search in each outer fold, no more even if earlier runs made more; None for the
        number in the configuration.
    progress : told the outer fold, how many of its trials are done, and of how many.
    config_path, data_path, study_path, jobs : as for `run_tuning`.

    Raises
    ------
    ConfigError, DataError, InputError, MissingExtraError, OutputError
    """
    if outer_folds is not None and outer_folds < 2:
        raise InputError(f"outer_folds is {outer_folds}: expected 2 or more.")
    inputs = read_inputs(config_path, data_path, study_path, jobs, progress)
    number = outer_folds or inputs.config.evaluation.folds
    of = trials or inputs.config.tuning.trials
    splits = inputs.scorer.outer_folds(number)
    folds = [
        _outer_fold(inputs, fold, split, number, of, progress)
        for fold, split in enumerate(splits, start=1)
    ]
    space = inputs.config.tuning.search
    return NestedTuningResult(inputs.scorer.metric, folds, space, inputs.study_path)


def _outer_fold(
    inputs: Inputs, fold: int, split: Split, folds: int, of: int, progress: Progress
) -> OuterFold:
    """Search on the training rows of an outer fold, and score on its test rows."""
    from .sampler import Sampler, quiet
    from .study import opened

    train, test = split
    scorer = inputs.scorer.within(train)
    name = f"{inputs.study_name}-outer-{fold}-of-{folds}"
    shown = partial(progress, f"Outer fold {fold} of {folds}")
    with threadpool_limits(1), quiet():
        sampler = Sampler(inputs.config)
        with opened(inputs.study_path, name, sampler.space) as study:
            resumed = len(study.trials()[:of])
            present, made = search(inputs.config, scorer, sampler, study, of, shown)
    best = best_of([present, *made]) or present
    outer = inputs.scorer.between(train, test)
    present_score = _outer_score(outer, present, fold)
    score = present_score if best is present else _outer_score(outer, best, fold)
    return OuterFold(fold, len(test), made, resumed, best, present, score, present_score)


def _outer_score(scorer: Scorer, trial: Trial, fold: int) -> float:
    scored = scorer.score(trial.number, trial.params, trial.values, None)
    if scored.score is None:
        values = ", ".join(f"{key}: {text}" for key, text in trial.values.items())
        raise DataError(
            f"The rows of outer fold {fold} cannot be scored with {values}: {scored.message}"
        )
    return scored.score
