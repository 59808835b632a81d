"""A regressor of scikit-learn that a configuration names by its import path."""

from __future__ import annotations

import functools
import inspect
from importlib import import_module
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator, clone, is_regressor

from ...config.core import Config
from ...config.mistakes import nearest
from ...config.sections import CustomMember
from ...errors import ConfigError
from ..steps.native import ConvertedMember
from .estimators import export_estimator
from .graph import Graph
from .scaled import ScaledColumns

__all__ = ["custom_regressor"]

_ROWS, _COLUMNS = 60, 3


def custom_regressor(member: CustomMember, config: Config) -> Any:
    """Return the regressor that a member names, with its parameters, not fitted.

    Raises
    ------
    ConfigError
        When there is none of that name, or it lacks a parameter.
    ExportError
        When a model file cannot hold it. This is tried before any work is done with it.
    MissingExtraError
        When it takes skl2onnx to find out, and that is not installed.
    """
    regressor = _regressor(member, config.evaluation.seed)
    _try_to_export(member.regressor, member.parameters, config.evaluation.seed)
    return regressor


@functools.cache
def _try_to_export(path: str, parameters: str | None, seed: int) -> None:
    """Export the regressor, fitted to a few random rows."""
    regressor = _regressor(CustomMember(regressor=path, parameters=parameters), seed)
    random = np.random.default_rng(0)
    rows, target = random.normal(size=(_ROWS, _COLUMNS)), random.uniform(1.0, 2.0, _ROWS)
    member = ConvertedMember(clone(regressor))
    try:
        member.fit(rows, target)
    except (TypeError, ValueError):
        return  # the training rows say why, or are such that it can
    export_estimator(member, ScaledColumns.unscaled(Graph(), "numbers", _COLUMNS))


def _regressor(member: CustomMember, seed: int) -> Any:
    module, _, name = member.regressor.rpartition(".")
    try:
        kind = getattr(import_module(module), name)
    except (ImportError, AttributeError):
        raise _mistake("regressor", f"scikit-learn has no {member.regressor}") from None
    if not (inspect.isclass(kind) and issubclass(kind, BaseEstimator)):
        raise _mistake("regressor", f"{member.regressor} is no regressor")
    known = inspect.signature(kind).parameters
    for key in member.settings:
        if key not in known:
            text = f"{name} has no parameter {key!r}{nearest(key, known, label='it has')}"
            raise _mistake("parameters", text)
    required = [k for k, p in known.items() if p.default is p.empty and k not in member.settings]
    if required:
        raise _mistake("parameters", f"{name} needs {', '.join(required)}")
    seeded = {"random_state": seed} if "random_state" in known else {}
    regressor = kind(**{**seeded, **member.settings})
    if not is_regressor(regressor):
        raise _mistake("regressor", f"{member.regressor} is no regressor")
    return regressor


def _mistake(key: str, text: str) -> ConfigError:
    return ConfigError(f"estimator.custom.{key}: {text}.")
