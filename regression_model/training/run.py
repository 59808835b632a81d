"""The story of a training run, top to bottom."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sklearn.pipeline import Pipeline

from ..comparison.data import data_changes
from ..config.core import TRAINED_MODEL_DIR, Config, load_config
from ..config.writing import with_members
from ..errors import (
    ConfigError,
    InputError,
    MissingExtraError,
    ModelFileError,
    OutputError,
    QualityError,
)
from ..evaluation.metrics import PredictedRows
from ..files.records import DataRecord, digest_of
from ..files.writing import write_atomically
from ..named_metrics import more_is_better
from ..remote import check as check_url
from ..remote import shown, url_of
from ..runtime.model import Model, load_model
from ..runtime.model_file.sealing import seal
from .arrays import Rows
from .choice import Choice, decided
from .cross_validation import Progress, fitting
from .data import (
    dataset_path,
    model_files_in,
    read_dataset,
    read_recorded_dataset,
    save_model,
)
from .export import export_pipeline, prove
from .held_out import Measured, measure
from .intervals import ConformalInterval, fit_scale, scale_of
from .manifest import make_manifest, time_of_creation
from .parallel import steady
from .pipeline import build_pipeline, fillers_of
from .rows import TrainingData, leave_out, read_training_data, weighted

__all__ = ["TrainingResult", "run_training"]

_SHORT = {"coverage": "coverage", "r2": "R²"}
_UNDEFINED = {
    "rmsle": "quality.rmsle asks for a score of positive targets and predictions, and some are "
    "not: remove the key or ask for rmse, or learn the logarithm with target.transform.",
    "r2": "quality.r2 asks for a share of the variance, and all targets are the same: remove the "
    "key.",
}


@dataclass(frozen=True)
class TrainingResult:
    """What a training run made.

    Attributes
    ----------
    model_path, pipeline_path : Path
    report_path, card_path : Path or None
        None without the extra report.
    manifest : dict
        The metadata of the model file; `metrics` in it are cross-validated.
    notes : list of str
        Sentences about training data that was not used, and documents that were not made.
    config_path, data_path : what it was made from
    held_out : for each cross-validation the rows that were held out, and what they show
    """

    model_path: Path
    pipeline_path: Path
    report_path: Path | None
    card_path: Path | None
    manifest: dict[str, Any]
    notes: list[str]
    config_path: Path | None = None
    data_path: Path | None = None
    held_out: Sequence[tuple[Rows, PredictedRows]] = ()


@steady()
def run_training(
    *,
    config_path: Path | None = None,
    data_path: Path | None = None,
    output: Path | None = None,
    write: bool = False,
    since: str | Path | None = None,
    documents: bool = True,
    progress: Progress = lambda stage, done, of: None,
) -> TrainingResult:
    """Train the model that a configuration describes and write its model file.

    Parameters
    ----------
    config_path : the configuration; None for the packaged one.
    data_path : the training rows; None for those that the configuration names.
    output : folder for the model file and the joblib pipeline; None for `trained_models`, in the
        package for the packaged configuration and beside any other.
    write : put the members that `estimator: auto` has chosen into the configuration file.
    since : an earlier model, to say what has changed in the training rows; None for the one of the
        same name in the folder, if there is one.
    documents : make the report and the model card, where the extra report is installed.
    progress : called with (stage, done, total).

    Raises
    ------
    ConfigError, DataError, ExportError, OutputError, QualityError
        In each case nothing was written, and an older model file is still there.
    """
    earlier = None if since is None else load_model(since)
    config = load_config(config_path)
    if write and config.path is not None and url_of(config.path) is not None:
        raise ConfigError(f"{shown(config.path)}: a URL cannot be changed: copy the file.")
    if write and config.estimator.auto is None:
        raise ConfigError(f"{config.path}: there is nothing to write: the estimator has members.")
    created = time_of_creation()
    folder = output or _default_output(config_path)
    _check_writable(folder)
    path = data_path or dataset_path(config.data.training, beside=config.path)
    progress("Reading", 0, 1)
    rows, records = read_recorded_dataset(path)
    rows, left_out = leave_out(config, rows, source=shown(path))
    data = read_training_data(config, rows, source=shown(path))
    changes = _changes(earlier or _previous(config.name, folder), rows, records)
    progress("Reading", 1, 1)
    config, choice = decided(config, data, progress)
    pipeline, interval, measured = _fit(config, data, progress)
    _check_quality(config, measured.values)
    progress("Exporting", 0, 1)
    graph = export_pipeline(pipeline, data.contract, interval=interval, name=config.name)
    proof = prove(
        graph,
        pipeline,
        interval,
        scale_of(config.target.transform, config.target.minimum),
        data.contract,
        training=data.frame,
        scoring=_scoring_rows(config),
    )
    fillers = fillers_of(pipeline, data.contract)
    manifest = make_manifest(
        config,
        data,
        records,
        measured,
        interval,
        proof,
        fillers=fillers,
        created=created,
        choice=choice,
    )
    content = seal(graph, manifest)
    model = Model(content)  # what is written can be opened
    progress("Exporting", 1, 1)
    beside, notes = (
        _documents(config, data, rows, measured, model, progress) if documents else ({}, [])
    )
    frozen = _frozen(config, choice) if write else None
    paths = save_model(content, pipeline, name=config.name, folder=folder, documents=beside)
    if frozen is not None and config.path is not None:
        write_atomically(config.path, frozen)
    return TrainingResult(
        model_path=paths[".onnx"],
        pipeline_path=paths[".joblib"],
        report_path=paths.get(".html"),
        card_path=paths.get(".md"),
        manifest=manifest,
        notes=[*left_out, *data.notes, *changes, *notes],
        config_path=config.path,
        data_path=path,
        held_out=[(one.rows, one.scored) for one in measured.held_out],
    )


def _previous(name: str, folder: Path) -> Model | None:
    """Return the latest model of the same name in a folder, if it can be opened."""
    if url_of(folder) is not None:
        return None
    found = model_files_in(folder, name)
    try:
        return load_model(found[-1]) if found else None
    except ModelFileError:
        return None


def _changes(earlier: Model | None, rows: Any, records: Sequence[DataRecord]) -> list[str]:
    """Say what has changed since an earlier training, where the files are not the same."""
    if earlier is None or earlier.manifest["training"]["data_sha256"] == digest_of(records):
        return []
    try:
        return data_changes(earlier, rows).sentences()
    except InputError as error:
        return [f"Nothing can be said of what changed since {earlier.source}: {error}"]


def _documents(
    config: Config,
    data: TrainingData,
    rows: Any,
    measured: Measured,
    model: Model,
    progress: Progress,
) -> tuple[dict[str, bytes], list[str]]:
    """Return the report and the model card, or a sentence that says what they need."""
    from ..report import make_card, make_report, require_extra
    from .evaluation import evaluate_pipeline

    try:
        require_extra()
    except MissingExtraError as error:
        return {}, [f"No report and no model card: {error}"]
    evaluation = evaluate_pipeline(
        config, data, measured=measured, manifest=model.manifest, progress=progress
    )
    progress("Writing the report", 0, 1)
    report = make_report(evaluation, model=model, rows=rows)
    documents = {".html": report, ".md": make_card(evaluation, model=model)}
    progress("Writing the report", 1, 1)
    return documents, []


def _default_output(config_path: Path | None) -> Path:
    if config_path is not None and url_of(config_path) is not None:
        raise ConfigError(
            f"{shown(config_path)} is a URL: name a folder for the model file with --output."
        )
    return TRAINED_MODEL_DIR if config_path is None else config_path.parent / "trained_models"


def _check_writable(folder: Path) -> None:
    """Find out before the work, not after it, that a folder cannot be written."""
    if (url := url_of(folder)) is not None:
        check_url(url)
        return
    existing = next(p for p in (folder, *folder.absolute().parents) if p.exists())
    if not existing.is_dir():
        raise OutputError(f"{existing} is a file: name a folder for the model file.")
    if not os.access(existing, os.W_OK):
        raise OutputError(f"{folder} cannot be written: name another folder with --output.")


def _fit(
    config: Config, data: TrainingData, progress: Progress
) -> tuple[Pipeline, ConformalInterval, Measured]:
    """Cross-validate, then fit on all rows."""
    measured = measure(config, data, progress=progress)
    progress("Fitting on all rows", 0, 1)
    steps, estimator = (pipeline := build_pipeline(config))[:-1], pipeline[-1]
    with fitting():
        features = steps.fit_transform(data.frame, data.target)
        estimator.fit(features, data.target, **weighted(data.weights))
    scale = fit_scale(
        features,
        measured.held_out[0].held_out_residuals,
        alpha=config.interval.ridge_alpha,
        seed=config.evaluation.seed,
    )
    progress("Fitting on all rows", 1, 1)
    return pipeline, scale.interval(config.interval.level), measured


def _check_quality(config: Config, metrics: Mapping[str, float]) -> None:
    """Compare the metrics with the quality bar, and name every one that misses it."""
    misses = []
    for name, limit in config.quality.limits.items():
        if name not in metrics:
            undefined = f"quality.metrics.{name} is not defined for these targets: remove the key."
            raise ConfigError(_UNDEFINED.get(name, undefined))
        found = metrics[name]
        is_minimum = more_is_better(name)
        if found < limit if is_minimum else found > limit:
            digits = ".6g" if name in ("rmse", "mae") else ".4f"
            side = "below the minimum" if is_minimum else "above the maximum"
            misses.append(
                f"{_SHORT.get(name) or name.upper()} is {found:{digits}}, "
                f"{abs(found - limit):{digits}} {side} of {limit:{digits}}"
            )
    if misses:
        raise QualityError(
            f"The model misses its quality bar: the cross-validated {'; '.join(misses)}. "
            "Nothing was written."
        )


def _frozen(config: Config, choice: Choice | None) -> bytes:
    """Return the file that the training began with, with the chosen members in it."""
    assert choice is not None and config.path is not None
    if load_config(config.path).sha256 != config.sha256:
        raise OutputError(
            f"{config.path} was changed during the training: nothing was written. Train again."
        )
    text = config.path.read_bytes().decode("utf-8")
    return with_members(text, choice.estimator).encode("utf-8")


def _scoring_rows(config: Config) -> Any:
    """Return the rows that the configuration names for scoring; they have no target."""
    if config.data.scoring is None:
        return []
    return read_dataset(dataset_path(config.data.scoring, beside=config.path))
