"""Finished trials in a journal of Optuna's, so that a search can go on after an interruption."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path
from typing import Any

import optuna
from optuna.distributions import BaseDistribution
from optuna.storages import JournalStorage
from optuna.storages.journal import JournalFileBackend, JournalFileOpenLock
from optuna.trial import TrialState, create_trial

from .. import __version__
from ..config.core import Config
from ..config.search import key_paths
from ..errors import InputError, OutputError
from .trials import State, Trial

__all__ = ["Study", "study_name"]

_STATES: dict[State, TrialState] = {
    "complete": TrialState.COMPLETE,
    "pruned": TrialState.PRUNED,
    "failed": TrialState.FAIL,
}
_PROSE = {"description", "group", "meanings", "missing_means"}
_WITHOUT_PROSE: Any = {  # a column may have one of these names itself
    "target": {"description"},
    "features": {"__all__": _PROSE},
    "derived": {"__all__": {"description"}},
}


class Study:
    """The trials of one search in a file, each a line of it, written when the trial is finished.

    The file and the study are made where they are absent; a file holds any number of studies.

    Raises
    ------
    InputError
        When the file is damaged, or something else.
    OutputError
        When it cannot be written.
    """

    def __init__(self, path: Path, name: str, space: Mapping[str, BaseDistribution]) -> None:
        self._path = path
        self._space = dict(space)
        with _errors_in_one_sentence(path):
            self._study = optuna.create_study(
                storage=_journal(path), study_name=name, direction="minimize", load_if_exists=True
            )

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
        finished = create_trial(
            state=_STATES[trial.state],
            value=trial.score,
            params=dict(trial.params),
            distributions=self._space,
            user_attrs={"values": dict(trial.values), "message": trial.message},
            intermediate_values=dict(enumerate(trial.folds)),
        )
        with _errors_in_one_sentence(self._path):
            if len(self._study.get_trials(deepcopy=False)) != trial.number:
                raise OutputError(f"{self._path} is written by another search at the same time.")
            self._study.add_trial(finished)


def _journal(path: Path) -> JournalStorage:
    path.parent.mkdir(parents=True, exist_ok=True)
    lock = JournalFileOpenLock(str(path))  # the other lock needs a privilege on Windows
    backend = JournalFileBackend(str(path), lock_obj=lock)
    lock.acquire()
    try:
        content = path.read_bytes()
        *lines, rest = content.split(b"\n")
        if rest and not lines:
            raise ValueError("not a line of a journal")
        for line in lines:  # Optuna does not mind what the last one says
            json.loads(line)
        storage = JournalStorage(backend)
        if rest:  # of a process that ended while it wrote
            os.truncate(path, len(content) - len(rest))
    finally:
        lock.release()
    return storage


@contextmanager
def _errors_in_one_sentence(path: Path) -> Iterator[None]:
    """Say in one sentence what is wrong with a study file."""
    try:
        yield
    except OSError as error:
        raise OutputError(f"{path} cannot be written: {error.strerror or error}.") from None
    except (ValueError, LookupError, TypeError, AssertionError):  # Optuna's for other lines
        raise InputError(
            f"{path} cannot be used as study file: it is damaged, or not the journal of a search. "
            "Remove it to start again, or name another file."
        ) from None


def study_name(config: Config, data_sha256: str) -> str:
    """Return a name that says which trials can be compared.

    It stands for the rows, the space, and all that the scores depend on but the values that are
    searched: these may change, as they do when the best are written to the file.
    """
    parts = ("target", "features", "derived", "encoding", "estimator")
    document = config.model_dump(mode="json", include={*parts}, exclude=_WITHOUT_PROSE)
    for path in (key_paths(config)[key] for key in config.tuning.search):
        section = document
        for part in path[:-1]:
            section = section[part]
        section[path[-1]] = None
    search = [(key, space.model_dump()) for key, space in config.tuning.search.items()]
    versions = [__version__, version("scikit-learn"), version("feature-engine")]
    folds: list[Any] = [config.evaluation.folds, config.evaluation.seed, config.tuning.repeats]
    rows: list[Any] = [data_sha256, config.data.missing_values]
    if config.data.weight is not None:
        rows.append(config.data.weight)
    if config.evaluation.split != "random":
        folds.append(config.evaluation.split)
    facts = [document, rows, folds, search, config.tuning.seed, versions]
    return f"{config.name}-{hashlib.sha256(json.dumps(facts).encode()).hexdigest()[:16]}"
