"""Finished trials in a file, so that a search can go on after an interruption."""

from __future__ import annotations

import functools
import hashlib
import json
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from importlib.metadata import version
from pathlib import Path
from typing import Any

import optuna
import sqlalchemy
from optuna.trial import TrialState

from .. import __version__
from ..config.core import Config
from ..config.search import key_paths
from ..errors import InputError, OutputError
from ..files.writing import write_atomically
from .trials import State, Trial

__all__ = ["Study", "opened", "study_name"]

_TABLES = {"studies", "trials", "trial_params", "version_info"}
_STATES: dict[State, TrialState] = {
    "complete": TrialState.COMPLETE,
    "pruned": TrialState.PRUNED,
    "failed": TrialState.FAIL,
}
_PROSE = {"description", "missing_means"}


class Study:
    """The trials of one search in a file, each written when it is finished and never half."""

    def __init__(self, study: optuna.Study, space: dict[str, Any], path: Path) -> None:
        self._study = study
        self._space = space
        self._path = path

    def trials(self) -> list[Trial]:
        """Return all that are there."""
        states = {theirs: ours for ours, theirs in _STATES.items()}
        return [
            Trial(
                trial.number,
                states[trial.state],
                trial.user_attrs["values"],
                tuple(score for _, score in sorted(trial.intermediate_values.items())),
                trial.user_attrs["message"],
                trial.params,
            )
            for trial in self._study.trials
        ]

    def add(self, trial: Trial) -> None:
        """Write a trial."""
        with _complaining(self._path):
            if len(self._study.get_trials(deepcopy=False)) != trial.number:
                raise OutputError(f"{self._path} is written by another search at the same time.")
            self._study.add_trial(
                optuna.trial.create_trial(
                    state=_STATES[trial.state],
                    value=trial.score,
                    params=dict(trial.params),
                    distributions=self._space,
                    user_attrs={"values": dict(trial.values), "message": trial.message},
                    intermediate_values=dict(enumerate(trial.folds)),
                )
            )


@contextmanager
def opened(path: Path, name: str, space: dict[str, Any]) -> Iterator[Study]:
    """Open the study called `name` in a file; both are made where they are absent.

    Raises
    ------
    InputError
        When there is a file that is damaged, or something else.
    OutputError
        When it cannot be written.
    """
    _create(path)
    _check(path)
    with _storage(path) as storage:
        with _complaining(path):
            study = optuna.create_study(
                storage=storage, study_name=name, direction="minimize", load_if_exists=True
            )
        yield Study(study, space, path)


def study_name(config: Config, data_sha256: str) -> str:
    """Return a name that says which trials can be compared.

    It stands for the rows, the space, and all that the scores depend on but the values that are
    searched: these may change, as they do when the best are written to the file.
    """
    parts = ("target", "features", "derived", "encoding", "estimator")
    document = config.model_dump(mode="json", include={*parts})
    for path in (key_paths(config)[key] for key in config.tuning.search):
        section = document
        for part in path[:-1]:
            section = section[part]
        section[path[-1]] = None
    search = [(key, space.model_dump()) for key, space in config.tuning.search.items()]
    versions = [__version__, version("scikit-learn"), version("feature-engine")]
    folds = [config.evaluation.folds, config.evaluation.seed, config.tuning.repeats]
    rows = [data_sha256, config.data.missing_values]
    facts = [_without_prose(document), rows, folds, search, config.tuning.seed, versions]
    return f"{config.name}-{hashlib.sha256(json.dumps(facts).encode()).hexdigest()[:16]}"


def _without_prose(value: Any) -> Any:
    if not isinstance(value, dict):
        return value
    return {key: _without_prose(below) for key, below in value.items() if key not in _PROSE}


def _create(path: Path) -> None:
    """Make a file without studies elsewhere, and put it in its place whole."""
    if path.exists():
        return
    with tempfile.TemporaryDirectory() as folder:
        empty = Path(folder) / path.name
        with _storage(empty):
            pass
        write_atomically(path, empty.read_bytes())


def _check(path: Path) -> None:
    """Find out whether a file is whole, and one of Optuna's."""
    try:
        with closing(sqlite3.connect(path)) as connection:
            (verdict,) = connection.execute("PRAGMA quick_check(1)").fetchone()
            tables = {name for (name,) in connection.execute("SELECT name FROM sqlite_master")}
    except sqlite3.Error as error:
        raise _spoilt(path, str(error)) from None
    if verdict != "ok":
        raise _spoilt(path, "its content is damaged")
    if not tables >= _TABLES:
        raise _spoilt(path, "it has no trials of a search in it")


def _spoilt(path: Path, reason: str) -> InputError:
    return InputError(
        f"{path} cannot be used as study file: {reason}. "
        "Remove it to start again, or name another file."
    )


@contextmanager
def _storage(path: Path) -> Iterator[optuna.storages.RDBStorage]:
    # A creator instead of a URL: a path may hold any character.
    connect = functools.partial(sqlite3.connect, path)
    options = {"creator": connect, "poolclass": sqlalchemy.pool.NullPool}
    with _complaining(path):
        storage = optuna.storages.RDBStorage("sqlite://", engine_kwargs=options)
    try:
        yield storage
    finally:
        storage.remove_session()
        storage.engine.dispose()


@contextmanager
def _complaining(path: Path) -> Iterator[None]:
    """Say in one sentence what the database could not do."""
    try:
        yield
    except (sqlalchemy.exc.SQLAlchemyError, optuna.exceptions.OptunaError) as error:
        cause = getattr(error.__cause__ or error, "orig", error)
        raise OutputError(f"{path} cannot be written: {cause}.") from None
    except RuntimeError as error:  # tables of a version that this Optuna cannot read
        raise _spoilt(path, str(error).partition(". ")[0]) from None
