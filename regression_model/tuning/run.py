"""The story of a search, top to bottom."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from pathlib import Path

from threadpoolctl import threadpool_limits

from ..config.core import CONFIG_FILE_PATH, Config, load_config
from ..errors import OutputError
from ..files.writing import write_atomically
from ..training.cross_validation import Progress
from .result import TuningResult
from .search import read_inputs, search
from .trials import best_of

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
    space starts again beside it, for its scores are not comparable.

    Parameters
    ----------
    config_path : the configuration; None for the packaged one.
    data_path : the training rows; None for those that the configuration names.
    trials : how many there should be in the end, with those of earlier runs; None for the number
        in the configuration.
    study_path : where finished trials are kept; None for `tuning/NAME.db` in the current folder.
    jobs : folds at a time, which changes nothing but the time; None for what joblib's active
        configuration (`joblib.parallel_config`) says, which is 1 without.
    progress : called with (stage, done, total).
    write : put the best values into the configuration file, if they are better than those there.

    Raises
    ------
    ConfigError, DataError, InputError, MissingExtraError, OutputError
        The configuration file is as it was.
    """
    inputs = read_inputs(config_path, data_path, study_path, jobs, progress)
    from .sampler import Sampler, quiet
    from .study import opened

    config, scorer, kept = inputs.config, inputs.scorer, inputs.study_path
    with threadpool_limits(1), quiet():
        sampler = Sampler(config)
        with opened(kept, inputs.study_name, sampler.space) as study:
            earlier = study.trials()
            of = max(trials or config.tuning.trials, len(earlier))
            present, made = search(config, scorer, sampler, study, of, partial(progress, "Tuning"))
        best = best_of([present, *made]) or present
        importances = sampler.importances()
    result = TuningResult(scorer.metric, best, present, made, len(earlier), importances, kept)
    return _written(result, config) if write and result.improved else result


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
