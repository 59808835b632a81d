"""Proof, on real rows, that a graph and the pipeline and interval it was made from agree."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from sklearn.pipeline import Pipeline

from ...errors import ExportError
from ...runtime.checking import Checker
from ...runtime.contract import Contract
from ...runtime.engine import onnxruntime
from ..intervals import ConformalInterval, Scale
from ..rows import checked_again, frame_of

__all__ = [
    "TOLERANCE",
    "Parity",
    "Proof",
    "graph_inputs",
    "open_graph",
    "prove",
    "prove_parity",
]

TOLERANCE = 1e-9  # relative
_REFERENCE_ROWS = 25  # enough to notice a runtime that computes something else
_OUTPUTS = ["prediction", "lower", "upper"]
_NEAR_ZERO = 1e-4  # of the mean size of a prediction
_ONLY_ERRORS = 3  # onnxruntime's severity level


@dataclass(frozen=True)
class Parity:
    """On how many rows graph and pipeline were compared, and how far apart they were."""

    rows: int
    largest_relative_difference: float


@dataclass(frozen=True)
class Proof:
    """How graph and pipeline agree, and what the pipeline says of the first rows to score."""

    parity: Parity
    reference: list[float]


def prove(
    graph: bytes,
    pipeline: Pipeline,
    interval: ConformalInterval,
    scale: Scale,
    contract: Contract,
    *,
    training: pd.DataFrame,
    scoring: Any,
) -> Proof:
    """Compare predictions and intervals on every row, by the look-up of texts and by codes.

    Parameters
    ----------
    training : the frame that the pipeline was fitted on.
    scoring : rows of any accepted kind; those with an error are left out.

    Raises
    ------
    ExportError
        When a row differs.
    """
    scored = Checker(contract).check(scoring)
    frame = pd.concat([training, frame_of(contract, scored.only_accepted())], ignore_index=True)
    features = pipeline[:-1].transform(frame)
    expected = pipeline[-1].predict(features)
    half_widths = interval.half_width(features)
    all_expected = (expected, *scale.around(expected, half_widths))
    sizes = np.abs(expected[np.isfinite(expected)])
    is_exp = scale.back.function is np.exp  # relative precision at any size
    smallest = 0.0 if is_exp or not len(sizes) else _NEAR_ZERO * float(sizes.mean())
    session = open_graph(graph)
    parities = [
        prove_parity(of_pipeline, of_graph, smallest=smallest)
        for feed in _feeds(contract, frame)
        for of_pipeline, of_graph in zip(all_expected, session.run(_OUTPUTS, feed), strict=True)
    ]
    first = expected[len(training) :][:_REFERENCE_ROWS] if scored.accepted is None else []
    worst = max(parities, key=lambda parity: parity.largest_relative_difference)
    return Proof(worst, [float(value) for value in first])


def _feeds(contract: Contract, frame: pd.DataFrame) -> list[dict[str, Any]]:
    """The two ways to feed the graph: texts, and codes."""
    numbers, levels = graph_inputs(contract, frame)
    checked = checked_again(contract, frame)
    no_levels = np.empty((0, levels.shape[1]), dtype=object)
    return [
        {"numbers": numbers, "levels": levels},
        {"numbers": checked.numbers, "levels": no_levels, "codes": checked.codes},
    ]


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


def graph_inputs(contract: Contract, frame: pd.DataFrame) -> tuple[Any, Any]:
    """Return a frame of checked rows as the graph's inputs `numbers` and `levels`."""
    numbers = frame[[field.name for field in contract.numbers]].to_numpy(dtype=float)
    levels = frame[[field.name for field in contract.categories]].fillna("").to_numpy(dtype=object)
    return numbers, levels


def open_graph(graph: bytes) -> onnxruntime.InferenceSession:
    """Open a graph to run it with one thread."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = _ONLY_ERRORS
    return onnxruntime.InferenceSession(graph, options, providers=["CPUExecutionProvider"])
