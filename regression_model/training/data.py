"""Datasets and models on disk."""

from __future__ import annotations

import io
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import joblib
import pandas as pd
from sklearn.pipeline import Pipeline

from .. import __version__
from ..config.core import DATASET_DIR, TRAINED_MODEL_DIR, config
from ..errors import DataError, InputError, ModelFileError
from ..files.records import DataRecord
from ..files.streams.several import is_pattern
from ..files.tables import read_recorded
from ..files.writing import write_all_atomically
from ..remote import url_of

__all__ = [
    "dataset_path",
    "load_dataset",
    "load_pipeline",
    "model_files_in",
    "read_dataset",
    "read_recorded_dataset",
    "save_model",
]


_ENDINGS = (".onnx", ".joblib", ".html", ".md")


def dataset_path(name: str, *, beside: Path | None = None) -> Path:
    """Return where a dataset called `name` is: beside a configuration, or in datasets/.

    A URL is where it says, and beside a configuration at a URL are its datasets.
    """
    if url_of(name) is not None:
        return Path(name)
    if beside is not None:
        place = beside.parent / name
        if url_of(beside) is not None or place.is_file() or is_pattern(str(place)):
            return place
    return DATASET_DIR / name


def read_dataset(path: Path) -> Any:
    """Read a CSV, JSON Lines or Parquet file as `Model.predict` takes it, every text as it stands.

    A pattern stands for several files, and a URL for a file wherever it is.

    Raises
    ------
    DataError
        When the file is absent or cannot be read.
    """
    return read_recorded_dataset(path)[0]


def read_recorded_dataset(path: Path) -> tuple[Any, tuple[DataRecord, ...]]:
    """Read a table as `read_dataset` does, with a record of each file."""
    try:
        return read_recorded(str(path), role="training")
    except InputError as error:
        raise DataError(str(error)) from None


def load_dataset(*, file_name: str) -> pd.DataFrame:
    """Return a dataset of the package as a frame: numbers as numbers, and every text as it stands.

    A missing number is NaN; what means missing in a column of text (`NA`) stays there.
    """
    frame = pd.DataFrame(read_dataset(dataset_path(file_name))).astype(object)
    for name, feature in config.features.items():
        if name in frame and feature.kind in ("number", "year", "identifier"):
            cells = frame[name].replace(list(config.data.missing_values), None)
            frame[name] = pd.to_numeric(cells)
    if config.target.name in frame:
        frame[config.target.name] = pd.to_numeric(frame[config.target.name])
    return frame


def save_model(
    content: bytes,
    pipeline: Pipeline,
    *,
    name: str,
    folder: Path = TRAINED_MODEL_DIR,
    documents: Mapping[str, bytes] | None = None,
) -> dict[str, Path]:
    """Write the model file, the joblib pipeline and the documents of this version.

    All of them or none take their places; then what other versions had is removed.

    Parameters
    ----------
    documents : from the ending of a file's name, such as `.html`, to its content

    Returns
    -------
    dict of str to Path
        Where each file is, by its ending: `.onnx`, `.joblib`, and those of the documents.

    Raises
    ------
    OutputError
        When the folder cannot be written or the disk is full; older files are still there.
    """
    buffer = io.BytesIO()
    joblib.dump(pipeline, buffer)
    contents = {**(documents or {}), ".joblib": buffer.getvalue(), ".onnx": content}
    paths = {ending: folder / f"{name}-{__version__}{ending}" for ending in contents}
    write_all_atomically({paths[ending]: contents[ending] for ending in contents})
    if url_of(folder) is not None:  # others are left: a listing may be forbidden
        return paths
    for other in folder.glob(f"{name}-*"):
        if _is_of_model(other, name) and other not in paths.values():
            other.unlink()
    return paths


def model_files_in(folder: Path, name: str) -> list[Path]:
    """Return the model files of all versions in a folder, the latest one last."""
    files = [path for path in folder.glob(f"{name}-*.onnx") if _is_of_model(path, name)]
    return sorted(files, key=lambda path: (path.stat().st_mtime_ns, path.name))


def _is_of_model(path: Path, name: str) -> bool:
    """Say whether a version follows the name; in `bicycles-electric-1.0.0` another word does."""
    return path.suffix in _ENDINGS and "-" not in path.stem.removeprefix(f"{name}-")


def load_pipeline(*, file_name: str) -> Pipeline:
    """Return a joblib pipeline of `trained_models`, to evaluate or explain it where it was made.

    joblib runs code from the file: load only what you trained. Predictions never need it.

    Raises
    ------
    ModelFileError
        When there is no such file.
    """
    path = TRAINED_MODEL_DIR / file_name
    if not path.is_file():
        raise ModelFileError(f"{path} does not exist: train the model with tox -e train.")
    return joblib.load(path)
