"""The whole graph: inputs, look-up of texts, the steps, the estimator, and the interval."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from onnx import TensorProto
from sklearn.compose import TransformedTargetRegressor
from sklearn.pipeline import Pipeline

from ...errors import ExportError
from ...levels import BOOLEAN_LEVELS, boolean_spellings, is_number_text, level_text
from ...runtime.contract import Contract
from ...runtime.model_file.operators import OUTPUTS, GraphError, check_graph
from ..intervals import ConformalInterval
from .estimators import export_estimator, way_back
from .graph import Graph
from .scaled import ScaledColumns, linear_form
from .steps import export_step
from .table import CODES, CODES_OF_ROWS, LEVELS, NUMBERS, Table

__all__ = ["export_pipeline"]


def export_pipeline(
    pipeline: Pipeline, contract: Contract, *, interval: ConformalInterval, name: str = "model"
) -> bytes:
    """Write a fitted pipeline as an ONNX model in double precision.

    The graph has the inputs

    - `numbers`, double, shape (rows, number fields): NaN where missing;
    - `levels`, string, shape (rows, category fields): an empty string where missing; a level
      that is a number may be written 5, 5., 5.0 or 5.00, and 2.5, 2.50 or 2.500; a boolean yes,
      true, t, y or 1 and no, false, f, n or 0, in small letters, capitals, or with one at first;
    - `codes`, int64, optional: the same as `levels` for who knows the codes already, as numbered
      by `Contract.offsets`. Who feeds it feeds `levels` with no rows.

    and the outputs `prediction`, `lower` and `upper`, double, shape (rows,).

    Parameters
    ----------
    pipeline : Pipeline
        Fitted, as `build_pipeline` makes it.
    contract : Contract
        With the training levels in it.
    interval : ConformalInterval
        Fitted on the features that the estimator takes.

    Raises
    ------
    ExportError
        When a step or the estimator has no export.
    """
    graph = Graph()
    _look_up_codes(graph, contract)
    *steps, (_, estimator) = pipeline.steps
    table = Table.of(graph, contract, list(pipeline.feature_names_in_))
    for _, step in steps:
        export_step(step, table)
    _end(graph, estimator, table.scaled(), interval)
    inputs: dict[str, tuple[int, list[Any]]] = {
        NUMBERS: (TensorProto.DOUBLE, ["rows", len(contract.numbers)]),
        LEVELS: (TensorProto.STRING, ["rows of levels", len(contract.categories)]),
        CODES: (TensorProto.INT64, ["rows of codes", len(contract.categories)]),
    }
    content = graph.model(inputs, list(OUTPUTS), name=name)
    try:
        check_graph(content, contract)
    except GraphError as error:
        raise ExportError(f"The graph would be refused by whoever opens it: {error}.") from None
    return content


def _look_up_codes(graph: Graph, contract: Contract) -> None:
    """Turn texts into codes: one look-up for all fields, then a table of who knows which text."""
    fields = contract.categories
    texts = sorted({level for field in fields for level in field.coded_levels})
    texts = [*texts, *(t for t in ("", *contract.missing_values) if t not in texts)]
    booleans = boolean_spellings() if any(f.kind == "boolean" for f in fields) else {}
    texts += [way for way in booleans if way not in texts]
    number_of = {text: i for i, text in enumerate(texts)}
    spelt = [(spelling, text) for text in texts for spelling in _spellings(text)]
    number_of |= {way: number_of[text] for way, text in spelt if way not in number_of}
    code_of = np.empty((len(fields), len(texts) + 1), dtype=np.int64)
    for j, (field, offset) in enumerate(zip(fields, contract.offsets, strict=True)):
        missing = offset + len(field.coded_levels)
        code_of[j] = missing + 1
        for token in ("", *contract.missing_values):
            code_of[j, number_of[token]] = missing
        for i, level in enumerate(field.coded_levels):
            code_of[j, number_of[level]] = offset + i
        for way, level in booleans.items() if field.kind == "boolean" else ():
            code_of[j, number_of[way]] = offset + BOOLEAN_LEVELS.index(level)
    text = graph.add(
        "LabelEncoder",
        LEVELS,
        domain="ai.onnx.ml",
        keys_strings=list(number_of),
        values_int64s=list(number_of.values()),
        default_int64=len(texts),
    )
    rows_of_table = graph.indices(np.arange(len(fields)) * (len(texts) + 1))
    codes = graph.add(
        "Gather", graph.indices(code_of.ravel()), graph.add("Add", text, rows_of_table)
    )
    graph.default(CODES, np.empty((0, len(fields)), dtype=np.int64))
    graph.add("Concat", codes, CODES, axis=0, output=CODES_OF_ROWS)


def _spellings(text: str) -> list[str]:
    """Return other ways in which programs write a level that is a number, such as 5.0 for 5."""
    level = level_text(text)
    if not is_number_text(level):
        return []
    more = ("0", "00") if "." in level else (".", ".0", ".00")
    ways = [level, *(f"{level}{zeros}" for zeros in more), repr(float(level))]
    if level == "0":
        ways += ["-0", "-0.0"]
    return [way for way in ways if level_text(way) == level]


def _end(
    graph: Graph,
    estimator: TransformedTargetRegressor,
    columns: ScaledColumns,
    interval: ConformalInterval,
) -> None:
    if not isinstance(estimator, TransformedTargetRegressor):
        raise ExportError(
            f"The last step of the pipeline is of type {type(estimator).__name__}; "
            "a TransformedTargetRegressor has an ONNX export."
        )
    operator, floor = way_back(estimator)
    width = _half_width(columns, interval)
    score = _at_least(graph, floor, export_estimator(estimator.regressor_, columns))
    ends = {
        "prediction": score,
        "lower": _at_least(graph, floor, graph.add("Sub", score, width)),
        "upper": graph.add("Add", score, width),
    }
    for output, tensor in ends.items():
        if operator == "Exp less 1":
            graph.add("Sub", graph.add("Exp", tensor), 1.0, output=output)
        else:
            graph.add(operator, tensor, output=output)


def _at_least(graph: Graph, floor: float, tensor: str) -> str:
    """Keep a score from falling below the target's minimum, where it has one."""
    return tensor if floor == -math.inf else graph.add("Max", tensor, floor)


def _half_width(columns: ScaledColumns, interval: ConformalInterval) -> str:
    graph = columns.graph
    quantile = graph.constant(interval.quantile)
    if interval.weights is None:
        return quantile
    exponent = columns.value_of(linear_form(interval.weights, interval.intercept))
    above = graph.add("Max", exponent, interval.lowest)
    within = graph.add("Min", above, interval.highest)
    return graph.add("Mul", graph.add("Exp", within), quantile)
