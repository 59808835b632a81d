"""The story of a search, top to bottom."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from threadpoolctl import threadpool_limits

from ..config.core import CONFIG_FILE_PATH, Config, load_config
from ..config.search import changed, text_of, value_at
from ..errors import ConfigError, DataError, MissingExtraError, OutputError
from ..evaluation import Progress
from ..model_file import digest, write_atomically
from ..processing.data_manager import dataset_path, read_dataset
from .result import TuningResult
from .trials import Trial, best_of, estimate

if TYPE_CHECKING:
    from .sampler import Sampler
    from .scoring import Scorer
    from .study import Study

__all__ = ["run_tuning"]


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
    space begins anew beside it, for its scores are not comparable.

    Parameters
    ----------
    config_path : the configuration; None for the packaged one.
    data_path : the training rows; None for those that the configuration names.
    trials : how many there should be in the end, with those of earlier runs; None for the number
        in the configuration.
    study_path : where finished trials are kept; None for `tuning/NAME.db` in the current folder.
    jobs : folds at a time, which changes nothing but the time; None for what joblib's active
        configuration (`joblib.parallel_config`) says, which is 1 without.
    progress : told the stage, how many trials are done, and of how many.
    write : put the best values into the configuration file, if they are better than those there.

    Raises
    ------
    ConfigError, DataError, InputError, MissingExtraError, OutputError
        The configuration file is as it was.
    """
    _check_extra()
    from .sampler import Sampler, quiet
    from .scoring import Scorer
    from .study import opened, study_name

    config = load_config(config_path)
    if not config.tuning.search:
        source = config_path or CONFIG_FILE_PATH
        raise ConfigError(f"{source}: tuning.search names nothing to search.")
    path = data_path or dataset_path(config.data.training, beside=config.path)
    progress("Reading", 0, 1)
    scorer = Scorer(config, read_dataset(path), source=str(path), jobs=jobs)
    progress("Reading", 1, 1)
    kept = study_path or Path("tuning") / f"{config.name}.db"
    with threadpool_limits(1), quiet():
        sampler = Sampler(config)
        with opened(kept, study_name(config, digest(path)), sampler.space) as study:
            earlier = study.trials()
            of = max(trials or config.tuning.trials, len(earlier))
            present, made = _search(config, scorer, sampler, study, of, progress)
        best = best_of([present, *made]) or present
        importances = sampler.importances()
    result = TuningResult(scorer.metric, best, present, made, len(earlier), importances, kept)
    return _written(result, config) if write and result.improved else result


def _check_extra() -> None:
    try:
        import optuna  # noqa: F401
    except ImportError as error:
        raise MissingExtraError(
            f"Tuning needs the extra tune ({error}): pip install 'regression-model[tune]'."
        ) from None


def _search(
    config: Config,
    scorer: Scorer,
    sampler: Sampler,
    study: Study,
    of: int,
    progress: Progress,
) -> tuple[Trial, list[Trial]]:
    """Go on to a number of trials; return that of the present configuration, and all."""
    from .sampler import present_params

    trials: list[Trial] = []
    for trial in study.trials():
        sampler.recall(trial.params, estimate(trial, best_of(trials)))
        trials.append(trial)
    first = None if trials else present_params(config)
    present = None if first else _present(config, scorer, trials)
    while len(trials) < of:
        progress("Tuning", len(trials), of)
        is_first = present is None
        params = sampler.propose(first if is_first else None)
        values = _present_values(config) if is_first else sampler.texts(params)
        best = best_of(trials)
        trial = scorer.score(len(trials), params, values, best)
        if present is None:
            _check_scored(trial)
            present = trial
        sampler.learn(estimate(trial, best))
        study.add(trial)
        trials.append(trial)
    progress("Tuning", of, of)
    assert present is not None
    return present, trials


def _present(config: Config, scorer: Scorer, trials: Sequence[Trial]) -> Trial:
    """Return the trial that has the values of the configuration; without one, score it apart."""
    same = changed(config, {}).model_dump()
    for trial in trials:
        if trial.state == "complete" and changed(config, trial.values).model_dump() == same:
            return trial
    trial = scorer.score(-1, {}, _present_values(config), None)
    _check_scored(trial)
    return trial


def _present_values(config: Config) -> dict[str, str]:
    return {key: text_of(value_at(config, key)) for key in config.tuning.search}


def _check_scored(present: Trial) -> None:
    if present.message:
        raise DataError(f"The configuration as it is cannot be scored: {present.message}")


def _written(result: TuningResult, config: Config) -> TuningResult:
    """Put the best values into the file that the search began with."""
    from .writing import with_values

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
