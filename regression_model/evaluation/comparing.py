"""Another model file compared with the evaluated one, on the same rows."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt

from ..errors import ModelFileError
from ..runtime.model import Model, Prediction
from .metrics import PredictedRows, difference
from .results import Comparison

__all__ = ["check_same_target", "compared"]

Rows = npt.NDArray[np.int64]


def check_same_target(target: Mapping[str, Any], other: Model) -> None:
    """Refuse to compare predictions of different targets.

    Raises
    ------
    ModelFileError
        When the other model predicts another target, or in another unit.
    """
    theirs = other.manifest["target"]
    if (target["name"], target["unit"]) != (theirs["name"], theirs["unit"]):
        raise ModelFileError(
            f"{other.name} {other.version} cannot be compared: it predicts {_named(theirs)}, and "
            f"the evaluated model {_named(target)}."
        )


def _named(target: Mapping[str, Any]) -> str:
    return f"{target['name']} in {target['unit']}" if target["unit"] else str(target["name"])


def compared(
    several: Sequence[PredictedRows],
    rows: Rows,
    level: float,
    other: Model,
    theirs: Prediction,
    *,
    seed: int,
    more: Collection[str] = (),
) -> Comparison:
    """Compare the metrics of scored rows with those of another model's predictions.

    Parameters
    ----------
    several : the scored rows, once for each time they were predicted
    rows : which of the other model's predictions belong to the scored rows
    level : of the scored rows' intervals; those of another level are not compared.
    more : metrics beside those that are always compared

    Raises
    ------
    ModelFileError
        When the other model predicts none of these rows.
    """
    both = ~np.isnan(theirs.values[rows])
    if not both.any():
        why = theirs.errors[0].message
        raise ModelFileError(f"{other.name} {other.version} predicts none of these rows: {why}")
    at = rows[both]
    this = [scored.only(both) for scored in several]
    lower, upper = None, None
    if level == other.manifest["interval"]["level"]:
        lower, upper = theirs.lower[at], theirs.upper[at]
    predicted = theirs.values[at]
    beside = [replace(one, prediction=predicted, lower=lower, upper=upper) for one in this]
    metrics = difference(this, beside, seed=seed, more=more)
    return Comparison({"name": other.name, "version": other.version}, len(at), metrics)
