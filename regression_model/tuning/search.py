"""The search itself: what it starts from, and trial after trial."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ..config.core import CONFIG_FILE_PATH, Config, load_config
from ..config.search import changed, text_of, value_at
from ..errors import ConfigError, DataError
from ..extras import needs
from ..runtime.model_file.sealing import digest
from ..training.cross_validation import Progress
from ..training.data import dataset_path, read_dataset
from .trials import Trial, best_of, estimate

if TYPE_CHECKING:
    from .sampler import Sampler
    from .scoring import Scorer
    from .study import Study

__all__ = ["Inputs", "read_inputs", "search"]


@dataclass(frozen=True)
class Inputs:
    """What a search starts from.

    Attributes
    ----------
    scorer : Scorer
        On the folds of the evaluation.
    study_path : Path
        Where finished trials are kept.
    study_name : str
        Says which trials can be compared with those of this search.
    """

    config: Config
    scorer: Scorer
    study_path: Path
    study_name: str


def read_inputs(
    config_path: Path | None,
    data_path: Path | None,
    study_path: Path | None,
    jobs: int | None,
    progress: Progress,
) -> Inputs:
    """Read the configuration and the rows; the parameters are those of `run_tuning`.

    Raises
    ------
    ConfigError
        When the configuration cannot be used, or names nothing to search.
    DataError
        When the rows cannot be used.
    MissingExtraError
        Without Optuna.
    """
    with needs("train", "tune"):
        import optuna  # noqa: F401

        from .scoring import Scorer
        from .study import study_name

    config = load_config(config_path)
    if not config.tuning.search:
        source = config_path or CONFIG_FILE_PATH
        raise ConfigError(f"{source}: tuning.search names nothing to search.")
    path = data_path or dataset_path(config.data.training, beside=config.path)
    progress("Reading", 0, 1)
    scorer = Scorer(config, read_dataset(path), source=str(path), jobs=jobs)
    progress("Reading", 1, 1)
    kept = study_path or Path("tuning") / f"{config.name}.db"
    return Inputs(config, scorer, kept, study_name(config, digest(path)))


def search(
    config: Config,
    scorer: Scorer,
    sampler: Sampler,
    study: Study,
    of: int,
    progress: Callable[[int, int], None],
) -> tuple[Trial, list[Trial]]:
    """Go on to a number of trials; return that of the present configuration, and all.

    A search with fewer trials is the beginning of one with more: of a study that has more than
    `of`, only the first count.

    Parameters
    ----------
    progress : told how many trials are done, and of how many.

    Raises
    ------
    DataError
        When the present configuration cannot be scored.
    OutputError
        When the study cannot be written.
    """
    from .sampler import present_params

    trials: list[Trial] = []
    for trial in study.trials()[:of]:
        sampler.recall(trial.params, estimate(trial, best_of(trials)))
        trials.append(trial)
    first = None if trials else present_params(config)
    present = None if first else _present(config, scorer, trials)
    while len(trials) < of:
        progress(len(trials), of)
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
    progress(of, of)
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
