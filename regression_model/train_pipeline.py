"""The story of a training run, top to bottom."""

from __future__ import annotations

import os
import platform
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
import pandas as pd
from sklearn.pipeline import Pipeline
from threadpoolctl import threadpool_limits

from . import __version__
from .checking import Checked, Checker
from .config.core import TRAINED_MODEL_DIR, Config, load_config
from .contract import Contract
from .errors import ConfigError, DataError, OutputError, QualityError
from .evaluation import Progress, conformal_half_width, cross_validate, metrics
from .export import Parity, export_pipeline, prove_parity
from .model import Model
from .model_file import FORMAT, digest, seal
from .pipeline import build_pipeline
from .processing.data_manager import dataset_path, read_dataset, save_model
from .processing.training_data import TrainingData, frame_of, profile, read_training_data

__all__ = ["TrainingResult", "run_training"]

_REFERENCE_ROWS = 25  # enough to notice a runtime that computes something else
_RECORDED = ("scikit-learn", "feature-engine", "pandas", "numpy", "scipy", "onnx", "onnxruntime")


@dataclass(frozen=True)
class TrainingResult:
    """What a training run made.

    Attributes
    ----------
    model_path, pipeline_path : Path
    manifest : dict
        What the model file says of itself; `metrics` in it are cross-validated.
    notes : list of str
        Sentences about training data that was not used.
    """

    model_path: Path
    pipeline_path: Path
    manifest: dict[str, Any]
    notes: list[str]


def run_training(
    *,
    config_path: Path | None = None,
    data_path: Path | None = None,
    output: Path | None = None,
    progress: Progress = lambda stage, done, of: None,
) -> TrainingResult:
    """Train the model that a configuration describes and write its model file.

    Parameters
    ----------
    config_path : the configuration; None for the packaged one.
    data_path : the training rows; None for those that the configuration names.
    output : folder for the model file and the joblib pipeline; None for `trained_models`, in the
        package for the packaged configuration and beside any other.
    progress : told the stage, how much of it is done, and of how much.

    Raises
    ------
    ConfigError, DataError, ExportError, OutputError, QualityError
        In each case nothing was written, and an older model file is still there.
    """
    config = load_config(config_path)
    folder = output or _default_output(config_path)
    _check_writable(folder)
    path = data_path or dataset_path(config.data.training, beside=config.path)
    progress("Reading", 0, 1)
    data = read_training_data(config, read_dataset(path), source=str(path))
    progress("Reading", 1, 1)
    with threadpool_limits(1):  # sums in one order: the same bytes from the same data
        pipeline, figures, half_width = _fit(config, data, progress)
    _check_quality(config, figures)
    progress("Exporting", 0, 1)
    graph = export_pipeline(pipeline, data.contract, half_width=half_width, name=config.name)
    proof = _prove(graph, pipeline, data, _scoring_rows(config))
    manifest = _manifest(config, data, path, figures, half_width, proof)
    content = seal(graph, manifest)
    Model(content)  # what is written can be opened
    model_path, pipeline_path = save_model(content, pipeline, name=config.name, folder=folder)
    progress("Exporting", 1, 1)
    return TrainingResult(model_path, pipeline_path, manifest, data.notes)


def _default_output(config_path: Path | None) -> Path:
    return TRAINED_MODEL_DIR if config_path is None else config_path.parent / "trained_models"


def _check_writable(folder: Path) -> None:
    """Find out before the work, not after it, that a folder cannot be written."""
    existing = next(p for p in (folder, *folder.absolute().parents) if p.exists())
    if not existing.is_dir():
        raise OutputError(f"{existing} is a file: name a folder for the model file.")
    if not os.access(existing, os.W_OK):
        raise OutputError(f"{folder} cannot be written: name another folder with --output.")


def _fit(
    config: Config, data: TrainingData, progress: Progress
) -> tuple[Pipeline, dict[str, float], float]:
    """Cross-validate, then fit on all rows; return the pipeline, the figures and the half width."""
    pipeline = build_pipeline(config)
    try:
        result = cross_validate(
            pipeline,
            data.frame,
            data.target,
            folds=config.evaluation.folds,
            seed=config.evaluation.seed,
            progress=progress,
        )
        progress("Fitting on all rows", 0, 1)
        pipeline.fit(data.frame, data.target)
        progress("Fitting on all rows", 1, 1)
    except ValueError as error:  # scikit-learn and feature-engine say so what they cannot fit
        raise DataError(f"The pipeline cannot be fitted to these rows: {error}") from error
    target = data.target.to_numpy()
    to_scale = np.log if config.target.transform == "log" else np.asarray
    residuals = to_scale(target) - to_scale(result.predictions)
    half_width = conformal_half_width(residuals, level=config.interval.level)
    return pipeline, metrics(target, result), half_width


def _check_quality(config: Config, figures: Mapping[str, float]) -> None:
    bar = config.quality.rmsle
    if bar is None:
        return
    if "rmsle" not in figures:
        raise ConfigError(
            "quality.rmsle asks for a score of positive targets and predictions, and some are not: "
            "remove the key, or learn the logarithm with target.transform."
        )
    if figures["rmsle"] > bar:
        raise QualityError(
            f"The cross-validated RMSLE is {figures['rmsle']:.4f} and the configuration allows "
            f"{bar:.4f}: it misses the bar by {figures['rmsle'] - bar:.4f}. Nothing was written."
        )


def _scoring_rows(config: Config) -> Any:
    """Return the rows that the configuration names for scoring; they have no target."""
    if config.data.scoring is None:
        return []
    return read_dataset(dataset_path(config.data.scoring, beside=config.path))


@dataclass(frozen=True)
class _Proof:
    """How graph and pipeline agree, and what the pipeline says of the first rows to score."""

    parity: Parity
    reference: list[float]


def _prove(graph: bytes, pipeline: Pipeline, data: TrainingData, scoring: Any) -> _Proof:
    """Compare graph and pipeline on every row, by the look-up of texts and by codes."""
    scored = Checker(data.contract).check(scoring)
    to_price = frame_of(data.contract, _priced(scored))
    frame = pd.concat([data.frame, to_price], ignore_index=True)
    session = onnxruntime.InferenceSession(graph, _quiet(), providers=["CPUExecutionProvider"])
    numbers, levels = graph_inputs(data.contract, frame)
    (by_text,) = session.run(["prediction"], {"numbers": numbers, "levels": levels})
    checked = Checker(data.contract).check(frame)
    no_levels = np.empty((0, levels.shape[1]), dtype=object)
    (by_code,) = session.run(
        ["prediction"], {"numbers": checked.numbers, "levels": no_levels, "codes": checked.codes}
    )
    expected = pipeline.predict(frame)
    prove_parity(expected, by_text)
    parity = prove_parity(expected, by_code)
    first = expected[len(data.frame) :][:_REFERENCE_ROWS] if scored.priced is None else []
    return _Proof(parity, [float(value) for value in first])


def graph_inputs(contract: Contract, frame: pd.DataFrame) -> tuple[Any, Any]:
    """Return a frame of checked rows as the graph's inputs `numbers` and `levels`."""
    numbers = frame[[field.name for field in contract.numbers]].to_numpy(dtype=float)
    levels = frame[[field.name for field in contract.categories]].fillna("").to_numpy(dtype=object)
    return numbers, levels


def _priced(checked: Checked) -> Checked:
    if checked.priced is None:
        return checked
    return Checked(checked.numbers[checked.priced], checked.codes[checked.priced], None, [])


def _quiet() -> onnxruntime.SessionOptions:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 3
    return options


def _manifest(
    config: Config,
    data: TrainingData,
    path: Path,
    figures: Mapping[str, float],
    half_width: float,
    proof: _Proof,
) -> dict[str, Any]:
    return {
        "format": FORMAT,
        "name": config.name,
        "version": __version__,
        "description": config.description,
        "created": _created(),
        "target": config.target.model_dump(),
        "contract": data.contract.to_dict(),
        "metrics": dict(figures),
        "interval": {
            "level": config.interval.level,
            "method": "cross-conformal",
            "half_width": half_width,
            "scale": config.target.transform,
        },
        "training": {
            "rows": len(data.frame),
            "data_file": path.name,
            "data_sha256": digest(path),
            "data_source": config.data.source,
            "config_sha256": config.sha256,
            "folds": config.evaluation.folds,
            "seed": config.evaluation.seed,
            "estimator": {kind: m.model_dump() for kind, m in config.estimator.items()},
            "python": platform.python_version(),
            "libraries": {name: version(name) for name in _RECORDED},
        },
        "parity": asdict(proof.parity),
        "reference": {"data_file": config.data.scoring, "predictions": proof.reference},
        "profile": profile(data.contract, data.frame),
    }


def _created() -> str | None:
    """The time in `SOURCE_DATE_EPOCH`, or None: a clock would make every file another one."""
    epoch = os.environ.get("SOURCE_DATE_EPOCH")
    return None if epoch is None else datetime.fromtimestamp(int(epoch), UTC).isoformat()


if __name__ == "__main__":
    run_training()
