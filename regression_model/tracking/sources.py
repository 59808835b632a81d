"""Models by the names that the registry gives them.

`runs:/house-prices@champion` and `runs:/RUN` are in a folder of runs, and in an MLflow registry
`models:/house-prices@champion` and `models:/house-prices/3`. Every command that takes a model takes
these.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Hashable
from pathlib import Path
from typing import NamedTuple

from ..runtime.model import Model, load_model
from .registry import open_runs

__all__ = ["FoundModel", "is_registered", "local_file", "model_source", "open_model"]

_RUNS, _MODELS = "runs:/", "models:/"


class FoundModel(NamedTuple):
    """Where a model is now; another `key` than before means that it is another model.

    The fields are those of `serving.state.Found`.
    """

    key: Hashable
    place: Path | bytes
    name: str


def is_registered(named: str | Path) -> bool:
    """Whether a model is given by a name that a registry knows, not by a path or plain name."""
    return _text(named).startswith((_RUNS, _MODELS))


def model_source(named: str | Path, *, runs: str | Path | None = None) -> Callable[[], FoundModel]:
    """Return a function that looks up where a registered model is now.

    Parameters
    ----------
    named : as `is_registered` expects it
    runs : the folder of runs, for a name that begins with `runs:/`; None as for `open_runs`

    Raises
    ------
    TrackingError
        From the function: when there is no such alias, version or run, or no server answers.
    """
    text = _text(named)
    if text.startswith(_MODELS):
        from .mlflow.download import registered_model

        return registered_model(text)
    place = open_runs(runs)

    def find() -> FoundModel:
        found = place.resolve(text.removeprefix(_RUNS))
        key = str(found) if isinstance(found, Path) else hash(found)
        return FoundModel(key, found, text)

    return find


def open_model(named: str | Path, *, runs: str | Path | None = None) -> Model:
    """Open a model by its registered name, its path, or the name of an installed one.

    Raises
    ------
    TrackingError, ModelFileError
        When there is no such model, or its file cannot be opened.
    """
    if not is_registered(named):
        return load_model(named)
    found = model_source(named, runs=runs)()
    content = found.place if isinstance(found.place, bytes) else found.place.read_bytes()
    return Model(content, name=found.name)


def local_file(named: Path) -> Path:
    """Return the file of a model: for a registered name what it names now, any other as it is.

    What is downloaded is removed when the process ends.

    Raises
    ------
    TrackingError
        As for `model_source`.
    """
    if not is_registered(named):
        return named
    found = model_source(named)()
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
