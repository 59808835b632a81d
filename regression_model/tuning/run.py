"""The search for better values, plain and inside outer folds, top to bottom."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

from ..config.core import CONFIG_FILE_PATH, Config, load_config
from ..config.search import changed, text_of, value_at
from ..errors import ConfigError, DataError, InputError, OutputError
from ..files.records import digest_of
from ..files.writing import write_atomically
from ..remote import shown, url_of
from ..training.cross_validation import Progress, Split
from ..training.data import dataset_path, read_recorded_dataset
from ..training.parallel import steady
from ..training.rows import leave_out
from .results import NestedTuningResult, OuterFold, TuningResult
from .sampler import Sampler, present_params, quiet
from .scoring import Scorer
from .study import Study, study_name
from .trials import Trial, best_of, estimate
from .writing import with_values

__all__ = ["run_nested_tuning", "run_tuning"]


@steady()
def run_tuning(
    *,
    config_path: Path | None = None,
    data_path: Path | None = None,
    trials: int | None = None,
    study_path: Path | None = None,
    jobs: int | None = None,
    progress: Progress = lambda stage, done, of: None,
    write: bool = False,
) -> TuningResult:
    """Search better values for a configuration, scored on the folds of its evaluation.

    The first trial is the configuration as it is. Finished trials are kept in a file: a search
    that was interrupted goes on from there, to the same end, and one with other rows or another
    space starts again beside it, for its scores are not comparable.

    Parameters
    ----------
    config_path : the configuration; None for the packaged one.
    data_path : the training rows; None for those that the configuration names.
    trials : how many there should be in the end, with those of earlier runs; None for the number
        in the configuration.
    study_path : where finished trials are kept; None for `tuning/NAME.log` in the current folder.
    jobs : folds at a time, which changes nothing but the time; None for what joblib's active
        configuration (`joblib.parallel_config`) says, which is 1 without.
    progress : called with (stage, done, total).
    write : put the best values into the configuration file, if they are better than those there.

    Raises
    ------
    ConfigError, DataError, InputError, OutputError
        The configuration file is as it was.
    """
    search = _prepared(config_path, data_path, study_path, jobs, progress)
    place = search.config.path
    if write and place is not None and url_of(place) is not None:
        raise OutputError(f"{shown(place)}: a URL cannot be changed: copy the file.")
    with quiet():
        found = search.run(search.scorer, trials, partial(progress, "Tuning"))
        importances = search.sampler.importances(found.past)
    result = TuningResult(
        search.scorer.metric,
        found.best,
        found.present,
        found.trials,
        found.resumed,
        importances,
        search.study_path,
    )
    return _written(result, search.config) if write and result.improved else result


@steady()
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
    progress : called with (outer fold, done, total), counting trials.
    config_path, data_path, study_path, jobs : as for `run_tuning`.

    Raises
    ------
    ConfigError, DataError, InputError, OutputError
    """
    if outer_folds is not None and outer_folds < 2:
        raise InputError(f"outer_folds is {outer_folds}: expected 2 or more.")
    search = _prepared(config_path, data_path, study_path, jobs, progress)
    splits = search.scorer.outer_folds(outer_folds or search.config.evaluation.folds)
    with quiet():
        folds = [
            _outer_fold(search, fold, split, len(splits), trials, progress)
            for fold, split in enumerate(splits, start=1)
        ]
    space = search.config.tuning.search
    return NestedTuningResult(search.scorer.metric, folds, space, search.study_path)


@dataclass(frozen=True)
class _Found:
    """What a search found; `past` is what the sampler learnt from each trial."""

    trials: Sequence[Trial]
    past: Sequence[tuple[Any, float | None]]
    present: Trial
    resumed: int

    @property
    def best(self) -> Trial:
        """The trial with the lowest score; the present one if nothing beat it."""
        return best_of([self.present, *self.trials]) or self.present


@dataclass(frozen=True)
class _Search:
    """What a search starts from; `study_name` says which trials can be compared with its own."""

    config: Config
    scorer: Scorer
    sampler: Sampler
    study_path: Path
    study_name: str

    def run(
        self,
        scorer: Scorer,
        of: int | None,
        progress: Callable[[int, int], None],
        *,
        part: str | None = None,
    ) -> _Found:
        """Go on to a number of trials, each the result of those before.

        Parameters
        ----------
        of : how many trials; None for the number in the configuration.
        progress : called with (done, total), counting trials.
        part : names one of several searches. A search with fewer trials is the beginning of one
            with more: of a part that has more than `of`, only the first count.
        """
        study = Study(self.study_path, self.study_name + (part or ""), self.sampler.space)
        earlier = study.trials()
        of = of or self.config.tuning.trials
        of = max(of, len(earlier)) if part is None else of
        trials: list[Trial] = []
        past: list[tuple[Any, float | None]] = []

        def keep(trial: Trial) -> None:
            past.append((trial.params, estimate(trial, best_of(trials))))
            trials.append(trial)

        for trial in earlier[:of]:
            keep(trial)
        resumed = len(trials)
        first = None if trials else present_params(self.config)
        if first is None:
            present = self._present(scorer, trials)
        else:
            progress(0, of)
            present = _scored(scorer.score(0, first, self._present_values(), None))
            study.add(present)
            keep(present)
        while len(trials) < of:
            progress(len(trials), of)
            params = self.sampler.propose(past)
            values = self.sampler.texts(params)
            trial = scorer.score(len(trials), params, values, best_of(trials))
            study.add(trial)
            keep(trial)
        progress(of, of)
        return _Found(trials, past, present, resumed)

    def _present(self, scorer: Scorer, trials: Sequence[Trial]) -> Trial:
        """Return the trial that has the values of the configuration; without one, score it."""
        same = changed(self.config, {}).model_dump()
        for trial in trials:
            if (
                trial.state == "complete"
                and changed(self.config, trial.values).model_dump() == same
            ):
                return trial
        return _scored(scorer.score(-1, {}, self._present_values(), None))

    def _present_values(self) -> dict[str, str]:
        keys = self.config.tuning.search
        return {key: text_of(value_at(self.config, key)) for key in keys}


def _scored(present: Trial) -> Trial:
    if present.message:
        raise DataError(f"The configuration as it is cannot be scored: {present.message}")
    return present


def _prepared(
    config_path: Path | None,
    data_path: Path | None,
    study_path: Path | None,
    jobs: int | None,
    progress: Progress,
) -> _Search:
    """Read the configuration and the rows; the parameters are those of `run_tuning`."""
    config = load_config(config_path)
    if config.estimator.auto is not None:
        raise ConfigError(
            f"{config.path}: estimator: auto has no values to search: choose the members with "
            "regression-model train --write first."
        )
    if not config.tuning.search:
        raise ConfigError(f"{config.path}: tuning.search names nothing to search.")
    path = data_path or dataset_path(config.data.training, beside=config.path)
    progress("Reading", 0, 1)
    rows, records = read_recorded_dataset(path)
    rows, _ = leave_out(config, rows, source=shown(path))
    scorer = Scorer(config, rows, source=shown(path), jobs=jobs)
    progress("Reading", 1, 1)
    kept = study_path or Path("tuning") / f"{config.name}.log"
    return _Search(config, scorer, Sampler(config), kept, study_name(config, digest_of(records)))


def _outer_fold(
    search: _Search, fold: int, split: Split, folds: int, of: int | None, progress: Progress
) -> OuterFold:
    """Search on the training rows of an outer fold, and score on its test rows."""
    train, test = split
    shown_fold = partial(progress, f"Outer fold {fold} of {folds}")
    part = f"-outer-{fold}-of-{folds}"
    found = search.run(search.scorer.within(train), of, shown_fold, part=part)
    best, present = found.best, found.present
    outer = search.scorer.between(train, test)
    present_score = _outer_score(outer, present, fold)
    score = present_score if best is present else _outer_score(outer, best, fold)
    return OuterFold(
        fold, len(test), found.trials, found.resumed, best, present, score, present_score
    )


def _outer_score(scorer: Scorer, trial: Trial, fold: int) -> float:
    scored = scorer.score(trial.number, trial.params, trial.values, None)
    if scored.score is None:
        values = ", ".join(f"{key}: {text}" for key, text in trial.values.items())
        raise DataError(
            f"The rows of outer fold {fold} cannot be scored with {values}: {scored.message}"
        )
    return scored.score


def _written(result: TuningResult, config: Config) -> TuningResult:
    """Put the best values into the file that the search began with."""
    path = (config.path or CONFIG_FILE_PATH).resolve()
    if load_config(path).sha256 != config.sha256:
        raise OutputError(
            f"{path} was changed while the search ran, and is left as it is: run the same command "
            "again; the finished trials are kept."
        )
    values = {
        key: text for key, text in result.best.values.items() if text != result.present.values[key]
    }
    text = path.read_bytes().decode("utf-8")
    write_atomically(path, with_values(text, values, config).encode("utf-8"))
    return replace(result, written=path)
