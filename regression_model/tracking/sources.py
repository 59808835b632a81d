"""Models by the names that the registry gives them.

`runs:/house-prices@champion` and `runs:/RUN` are in a folder of runs, and in an MLflow registry
`models:/house-prices@champion` and `models:/house-prices/3`. Every command that takes a model takes
these.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from ..runtime.installed import Found
from ..runtime.model import Model, load_model, open_place
from .registry import open_runs

__all__ = ["RegisteredModel", "is_registered", "local_file", "open_model"]

_RUNS, _MODELS = "runs:/", "models:/"


def is_registered(named: str | Path) -> bool:
    """Whether a model is given by a name that a registry knows, not by a path or plain name."""
    return _text(named).startswith((_RUNS, _MODELS))


@dataclass(frozen=True)
class RegisteredModel:
    """A source of a registered model: called, it says where the model is now.

    Parameters
    ----------
    named : as `is_registered` expects it
    runs : the folder of runs, for a name that begins with `runs:/`; None as for `open_runs`

    Raises
    ------
    TrackingError
        When it is called: there is no such alias, version or run, or no server answers.
    """

    named: str
    runs: str | Path | None = None

    def __call__(self) -> Found:
        """Look up where the model is now."""
        text = _text(self.named)
        if text.startswith(_MODELS):
            from .mlflow.download import find_registered

            return find_registered(text)
        place = open_runs(self.runs).resolve(text.removeprefix(_RUNS))
        return Found(str(place) if isinstance(place, Path) else hash(place), place, text)


def open_model(named: str | Path, *, runs: str | Path | None = None) -> Model:
    """Open a model by its registered name, its path, or the name of an installed one.

    Raises
    ------
    TrackingError, ModelFileError
        When there is no such model, or its file cannot be opened.
    """
    if not is_registered(named):
        return load_model(named)
    found = RegisteredModel(str(named), runs)()
    return open_place(found.place, name=found.name)


def local_file(named: Path, *, runs: str | Path | None = None) -> Path:
    """Return the file of a model: for a registered name what it names now, any other as it is.

    What is downloaded is removed when the process ends.

    Raises
    ------
    TrackingError
        As for `RegisteredModel`.
    """
    if not is_registered(named):
        return named
    found = RegisteredModel(str(named), runs)()
    if isinstance(found.place, Path):
        return found.place
    import atexit
    import shutil
    import tempfile

    folder = tempfile.mkdtemp(prefix="regression-model-")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    path = Path(folder, "model.onnx")
    path.write_bytes(found.place)
    return path


def _text(named: str | Path) -> str:
    return str(named).replace(os.sep, "/")
