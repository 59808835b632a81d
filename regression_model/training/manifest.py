"""The manifest: the metadata of a model file."""

from __future__ import annotations

import os
import platform
import subprocess
from collections.abc import Mapping
from dataclasses import asdict
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np

from .. import __version__
from ..config.core import Config
from ..errors import ConfigError
from ..files.records import DataRecord, digest_of
from ..monitoring.reference import Sketch
from ..remote import url_of
from ..runtime.fingerprints import Fingerprints
from ..runtime.model_file.sealing import FORMAT
from .choice import Choice
from .export import Proof
from .held_out import Measured
from .intervals import ConformalInterval
from .rows import TrainingData, background, checked_again, profile, sketches

__all__ = ["make_manifest", "source_commit", "time_of_creation"]

_RECORDED = ("scikit-learn", "feature-engine", "pandas", "numpy", "scipy", "onnx", "onnxruntime")

_PACKAGE = Path(__file__).parents[1]
_SECONDS = 20  # for each question to git


def make_manifest(
    config: Config,
    data: TrainingData,
    records: tuple[DataRecord, ...],
    measured: Measured,
    interval: ConformalInterval,
    proof: Proof,
    *,
    fillers: Mapping[str, float | str],
    created: str | None,
    choice: Choice | None = None,
) -> dict[str, Any]:
    """Return the metadata of a model file, as plain JSON types.

    Parameters
    ----------
    records : of the files of the training rows; of a path only the name is kept.
    measured : its metrics are those that the file states.
    choice : how the members of the estimator were chosen, if they were.
    fillers : what stands in for a missing value, by the name of the field.
    """
    evaluation = config.evaluation.model_dump()
    if evaluation["split"] == "random":  # as in files before there was another
        del evaluation["split"]
    return {
        "format": FORMAT,
        "name": config.name,
        "version": __version__,
        "description": config.description,
        "created": created,
        "target": config.target.to_dict(),
        "contract": data.contract.to_dict(),
        "metrics": measured.values,
        "spread": measured.spread,
        "quality": {"rmsle": None, "coverage": None, **config.quality.limits},
        "evaluation": evaluation,
        "without": {name: _description(config, name) for name in config.evaluation.without},
        "interval": {
            "level": config.interval.level,
            "method": "conformal, from the pooled residuals of "
            + ("windows in time" if config.evaluation.is_by_time else "cross-validation"),
            "quantile": interval.quantile,
            "adaptive": interval.weights is not None,
            "scale": config.target.transform,
        },
        "training": {
            "rows": len(data.frame),
            "data_file": _name_of(records[0].path),
            "data_sha256": digest_of(records),
            "data": [_as_kept(record) for record in records],
            "data_source": config.data.source,
            "config_sha256": config.sha256,
            "commit": source_commit(),
            "folds": config.evaluation.folds,
            "repeats": len(measured.held_out),
            **({"weight": config.data.weight} if config.data.weight else {}),
            "seed": config.evaluation.seed,
            "estimator": {
                kind: {"kind": kind, **member.model_dump(exclude_none=True)}
                for kind, member in config.estimator.members.items()
            },
            "python": platform.python_version(),
            "libraries": {name: version(name) for name in _RECORDED},
        },
        "parity": asdict(proof.parity),
        "reference": {"data_file": config.data.scoring, "predictions": proof.reference},
        "profile": profile(data.contract, data.frame),
        "background": background(data.contract, data.frame, seed=config.evaluation.seed),
        "fillers": dict(fillers),
        "fingerprints": Fingerprints.of_table(
            checked_again(data.contract, data.frame), np.asarray(data.target, dtype=np.float64)
        ).to_dict(),
        **({} if choice is None else {"choice": choice.to_dict()}),
        "monitoring": {
            "settings": config.monitoring.model_dump(mode="json"),
            "sketches": sketches(data.contract, data.frame),
            "predictions": Sketch.of(measured.held_out[0].scored.prediction).to_dict(),
        },
    }


def _name_of(path: str) -> str:
    return PurePosixPath(path).name if url_of(path) else Path(path).name


def _as_kept(record: DataRecord) -> dict[str, Any]:
    """Return a record without the folders of this computer, which would make another file."""
    path = record.path if url_of(record.path) else _name_of(record.path)
    return {"path": path, "sha256": record.sha256, "rows": record.rows, "columns": record.columns}


def _description(config: Config, name: str) -> str | None:
    column = config.derived.get(name) or config.features[name]
    return column.description


def time_of_creation() -> str | None:
    """Return the time in `SOURCE_DATE_EPOCH`, or None: a clock would make every file another."""
    epoch = os.environ.get("SOURCE_DATE_EPOCH")
    if epoch is None:
        return None
    try:
        if not epoch.isdecimal():
            raise ValueError
        return datetime.fromtimestamp(int(epoch), UTC).isoformat()
    except (ValueError, OverflowError, OSError):
        raise ConfigError(
            f"SOURCE_DATE_EPOCH is {epoch!r}: expected the seconds from 1970 to the time to record."
        ) from None


def source_commit(folder: Path = _PACKAGE) -> str | None:
    """Return the commit that a folder of tracked sources is at; None without git or a checkout.

    What is not committed in the folder is said: `<commit>, with changes`. Files that git ignores
    are no change.
    """
    if _git(folder, "ls-files", "--error-unmatch", "__init__.py") is None:
        return None  # installed, perhaps in an environment that lies in somebody's checkout
    commit = _git(folder, "rev-parse", "--verify", "HEAD")
    changes = _git(folder, "status", "--porcelain", "--", ".")
    if commit is None or changes is None:
        return None
    return f"{commit}, with changes" if changes else commit


def _git(folder: Path, *arguments: str) -> str | None:
    try:
        ran = subprocess.run(
            ["git", *arguments],
            cwd=folder,
            env=os.environ | {"GIT_OPTIONAL_LOCKS": "0"},  # looks, and writes nothing
            capture_output=True,
            encoding="utf-8",
            errors="replace",
            timeout=_SECONDS,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return ran.stdout.strip() if ran.returncode == 0 else None
