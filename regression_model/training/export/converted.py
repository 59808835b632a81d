"""Any other regressor as a part of the graph: by skl2onnx, if its operators are allowed."""

from __future__ import annotations

from typing import Any

import onnx
from onnx import TensorProto, numpy_helper

from ...errors import ExportError
from ...extras import needs
from ...runtime.model_file.operators import OPERATORS
from .graph import OPSETS, Graph

__all__ = ["add_converted"]


def add_converted(graph: Graph, estimator: Any, columns: str, width: int) -> str:
    """Return the tensor of shape (rows,) that a fitted regressor predicts from `width` columns.

    Raises
    ------
    ExportError
        When skl2onnx cannot convert it in double precision, or writes operators that a model file
        may not have.
    MissingExtraError
        Without skl2onnx.
    """
    with needs("train", "convert"):
        from skl2onnx import convert_sklearn
        from skl2onnx.common.data_types import DoubleTensorType
    name = type(estimator).__name__
    ports = [("columns", DoubleTensorType([None, width]))]
    try:
        model = convert_sklearn(estimator, initial_types=ports, target_opset=dict(OPSETS))
    except Exception as error:  # it has a type of its own for each of its reasons
        reason = (str(error).strip().splitlines() or ["no reason was given"])[0].rstrip(".")
        raise ExportError(f"{name} cannot be converted by skl2onnx: {reason}.") from None
    names = {"columns": columns}
    for tensor in model.graph.initializer:
        values = numpy_helper.to_array(tensor)
        names[tensor.name] = graph.constant(values, values.dtype)
    of_constants = {tensor.name: tensor for tensor in model.graph.initializer}
    for node in model.graph.node:
        names[node.output[0]] = _add(graph, node, names, of_constants, name)
    return graph.add("Squeeze", names[model.graph.output[0].name], graph.indices([1]))


def _add(
    graph: Graph, node: Any, names: dict[str, str], constants: dict[str, Any], name: str
) -> str:
    inputs = [names[one] for one in node.input]
    attributes = {one.name: onnx.helper.get_attribute_value(one) for one in node.attribute}
    match node.op_type:
        case "Identity":
            return inputs[0]
        case "Cast" if attributes["to"] == TensorProto.DOUBLE:
            return inputs[0]
        case "Reshape" if _keeps_a_column(constants.get(node.input[1])):
            return inputs[0]
        case "MatMul" if len(getattr(constants.get(node.input[1]), "dims", ())) == 1:
            slope = numpy_helper.to_array(constants[node.input[1]])  # a column keeps it a column
            return graph.add("MatMul", inputs[0], slope.reshape(-1, 1))
        case "Relu":
            return graph.add("Max", inputs[0], 0.0)
    if (node.domain, node.op_type) not in OPERATORS or len(node.output) != 1:
        raise ExportError(
            f"{name} is converted by skl2onnx to the operator {node.op_type}, which a model file "
            "may not have: take another regressor."
        )
    return graph.add(node.op_type, *inputs, domain=node.domain, **attributes)


def _keeps_a_column(shape: Any) -> bool:
    return shape is not None and numpy_helper.to_array(shape).tolist() in ([-1, 1], [-1])
