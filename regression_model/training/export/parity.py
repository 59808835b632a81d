"""Proof that a graph and the pipeline it was made from agree."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from ...errors import ExportError

__all__ = ["TOLERANCE", "Parity", "prove_parity"]

TOLERANCE = 1e-9  # relative


@dataclass(frozen=True)
class Parity:
    """On how many rows graph and pipeline were compared, and how far apart they were."""

    rows: int
    largest_relative_difference: float


def prove_parity(
    expected: npt.NDArray[Any],
    actual: npt.NDArray[Any],
    *,
    tolerance: float = TOLERANCE,
    smallest: float = 0.0,
) -> Parity:
    """Compare the pipeline's predictions with the graph's, each of shape (rows,).

    Parameters
    ----------
    smallest : differences of predictions nearer to zero are relative to this, for nothing that is
        added up is exact there.

    Raises
    ------
    ExportError
        When any row differs by more than `tolerance`, relatively, or is not finite in one of them.
    """
    if len(expected) == 0:
        return Parity(0, 0.0)
    with np.errstate(invalid="ignore", over="ignore"):  # what is not finite is refused below
        difference = np.abs(actual - expected) / np.maximum(
            np.abs(expected), max(smallest, np.finfo(float).tiny)
        )
    worst = int(np.argmax(np.where(np.isfinite(difference), difference, np.inf)))
    if not difference[worst] <= tolerance:
        raise ExportError(
            f"The exported graph disagrees with the pipeline: row {worst} gives {actual[worst]!r} "
            f"and {expected[worst]!r}. No model file was written."
        )
    return Parity(len(expected), float(difference[worst]))
