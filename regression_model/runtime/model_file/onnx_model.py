"""An ONNX model as plain values, read without the onnx package: those parts that export writes.

External data, functions, subgraphs, sparse tensors, training information and the rest of ONNX are
no part of a model file. They have no rule here, and so a file with one of them is refused.
The field numbers are those of onnx.proto: https://github.com/onnx/onnx/blob/main/onnx/onnx.proto
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from .wire import Message, Rule, WireError, read_message

__all__ = ["BOOL", "DOUBLE", "FLOAT", "INT64", "STRING", "Node", "OnnxModel", "Port", "read_onnx"]

Array = npt.NDArray[Any]
Dimension = int | str

FLOAT, UINT8, INT64, STRING, BOOL, DOUBLE = 1, 2, 7, 8, 9, 11  # TensorProto.DataType
_DTYPES = {UINT8: np.uint8, INT64: np.int64, BOOL: np.bool_, DOUBLE: np.float64}
_MOST_DIMENSIONS = 4

_TENSOR = {
    1: Rule("dims", "int", repeated=True),
    2: Rule("data_type", "int"),
    8: Rule("name", "text"),
    9: Rule("raw_data", "bytes"),
}
_ATTRIBUTE = {
    1: Rule("name", "text"),
    3: Rule("i", "int"),
    5: Rule("t", _TENSOR),
    8: Rule("ints", "int", repeated=True),
    9: Rule("strings", "text", repeated=True),
    20: Rule("type", "int"),
}
_VALUE_OF_TYPE = {2: "i", 4: "t", 7: "ints", 8: "strings"}  # AttributeProto.AttributeType
_NODE = {
    1: Rule("input", "text", repeated=True),
    2: Rule("output", "text", repeated=True),
    3: Rule("name", "text"),
    4: Rule("op_type", "text"),
    5: Rule("attribute", _ATTRIBUTE, repeated=True),
    7: Rule("domain", "text"),
}
_DIMENSION = {1: Rule("dim_value", "int"), 2: Rule("dim_param", "text")}
_SHAPE = {1: Rule("dim", _DIMENSION, repeated=True)}
_TENSOR_TYPE = {1: Rule("elem_type", "int"), 2: Rule("shape", _SHAPE)}
_PORT = {1: Rule("name", "text"), 2: Rule("type", {1: Rule("tensor_type", _TENSOR_TYPE)})}
_GRAPH = {
    1: Rule("node", _NODE, repeated=True),
    2: Rule("name", "text"),
    5: Rule("initializer", _TENSOR, repeated=True),
    11: Rule("input", _PORT, repeated=True),
    12: Rule("output", _PORT, repeated=True),
}
_MODEL = {
    1: Rule("ir_version", "int"),
    2: Rule("producer_name", "text"),
    7: Rule("graph", _GRAPH),
    8: Rule("opset_import", {1: Rule("domain", "text"), 2: Rule("version", "int")}, repeated=True),
    14: Rule("metadata_props", {1: Rule("key", "text"), 2: Rule("value", "bytes")}, repeated=True),
}


class Node(NamedTuple):
    """One operation. An attribute is an int, a tuple of ints or of texts, or an array."""

    domain: str
    operator: str
    inputs: tuple[str, ...]
    output: str
    attributes: dict[str, Any]


class Port(NamedTuple):
    """An input or output of the graph; a dimension is a number or a name."""

    element_type: int
    shape: tuple[Dimension, ...]


class OnnxModel(NamedTuple):
    """A model: its versions, and the graph's ports, constants and nodes."""

    ir_version: int
    opsets: dict[str, int]
    metadata: tuple[str, ...]
    inputs: dict[str, Port]
    outputs: dict[str, Port]
    constants: dict[str, Array]
    nodes: tuple[Node, ...]


def read_onnx(content: bytes) -> OnnxModel:
    """Read the bytes of an ONNX model; constants are views of them.

    Raises WireError when the bytes are not an ONNX model, or one with parts that export never
    writes.
    """
    model = read_message(content, _MODEL)
    graph = _given(model, "graph")
    return OnnxModel(
        ir_version=_given(model, "ir_version"),
        opsets=_distinct(
            ((opset["domain"] or "", _given(opset, "version")) for opset in model["opset_import"]),
            "the domain",
        ),
        metadata=tuple(_given(entry, "key") for entry in model["metadata_props"]),
        inputs=_by_name(graph["input"], _port, "input"),
        outputs=_by_name(graph["output"], _port, "output"),
        constants=_by_name(graph["initializer"], _array, "constant"),
        nodes=tuple(map(_node, graph["node"])),
    )


def _given(message: Message, name: str) -> Any:
    if message[name] is None:
        raise WireError(f"{name} is missing")
    return message[name]


def _by_name(
    messages: list[Message], value_of: Callable[[Message], Any], what: str
) -> dict[str, Any]:
    return _distinct(((_given(one, "name"), value_of(one)) for one in messages), what)


def _distinct(pairs: Iterable[tuple[str, Any]], what: str) -> dict[str, Any]:
    named: dict[str, Any] = {}
    for name, value in pairs:
        if name in named:
            raise WireError(f"{what} {name!r} is there twice")
        named[name] = value
    return named


def _port(port: Message) -> Port:
    type_ = _given(_given(port, "type"), "tensor_type")
    return Port(_given(type_, "elem_type"), tuple(map(_dimension, _given(type_, "shape")["dim"])))


def _dimension(dimension: Message) -> Dimension:
    value, name = dimension["dim_value"], dimension["dim_param"]
    if (value is None) is (name is None):
        raise WireError("a dimension is neither a number nor a name")
    return name if value is None else value  # type: ignore[no-any-return]


def _array(tensor: Message) -> Array:
    dims, data = tensor["dims"], tensor["raw_data"] or b""
    dtype = _DTYPES.get(_given(tensor, "data_type"))
    if dtype is None:
        raise WireError(f"a constant has the element type {tensor['data_type']}")
    if len(dims) > _MOST_DIMENSIONS or any(not 0 <= dim < 1 << 40 for dim in dims):
        raise WireError("a constant has an odd shape")
    if math.prod(dims) * np.dtype(dtype).itemsize != len(data):
        raise WireError("a constant has a shape that does not fit its values")
    return np.frombuffer(data, dtype=np.dtype(dtype).newbyteorder("<")).reshape(dims)


def _node(node: Message) -> Node:
    if len(node["output"]) != 1:
        raise WireError("a node does not have exactly one output")
    attributes = _by_name(node["attribute"], _attribute, "the attribute")
    operator, inputs = _given(node, "op_type"), tuple(node["input"])
    return Node(node["domain"] or "", operator, inputs, node["output"][0], attributes)


def _attribute(attribute: Message) -> Any:
    kind = _VALUE_OF_TYPE.get(_given(attribute, "type"))
    if kind is None:
        raise WireError(f"an attribute has the type {attribute['type']}")
    if any(
        attribute[other] not in (None, []) for other in _VALUE_OF_TYPE.values() if other != kind
    ):
        raise WireError(f"the attribute {attribute['name']!r} has several values")
    value = _given(attribute, kind)
    if kind == "t":
        return _array(value)
    return tuple(value) if isinstance(value, list) else value
