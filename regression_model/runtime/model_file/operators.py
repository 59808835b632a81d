"""What the graph in a model file may do: the operators that export writes, and no others.

None of them reads a file, repeats or branches, so every graph of them ends. The shape of each
tensor is known before the graph runs: one row of some columns for each row that comes in.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Any, NamedTuple

import numpy as np

from ..contract import Contract
from .onnx_model import DOUBLE, FLOAT, INT64, STRING, Array, Node, OnnxModel, Port, read_onnx
from .sealing import DIGEST_KEY, MANIFEST_KEY
from .wire import WireError

__all__ = ["IR_VERSIONS", "OPERATORS", "OPSETS", "OUTPUTS", "GraphError", "check_graph"]

IR_VERSIONS = (8,)
OPSETS: Mapping[str, Sequence[int]] = {"": (17,), "ai.onnx.ml": (3, 5)}
OUTPUTS = ("prediction", "lower", "upper")
NUMBERS, LEVELS, CODES = "numbers", "levels", "codes"

_DEEPEST_TREE = 4_096
_FEWEST_COLUMNS = 1_024  # that any graph may have

Shape = tuple[int | None, ...]  # None stands for the number of rows


class GraphError(ValueError):
    """A graph is not one that export writes."""


class Operands(NamedTuple):
    """A node with what is known of its inputs: their shapes, and the values of constants."""

    node: Node
    shapes: list[Shape]
    constants: list[Array | None]

    def attribute(self, name: str, default: Any = None) -> Any:
        return self.node.attributes.get(name, default)

    def constant(self, i: int) -> Array:
        """Return the values of an input that has to be a constant."""
        value = self.constants[i]
        if value is None:
            raise GraphError(f"{self.node.operator} takes a constant as input {i + 1}")
        return value


class Operator(NamedTuple):
    """How many inputs an operator takes, its attributes and their types, and what it gives."""

    shape: Callable[[Operands], Shape]
    inputs: int | None = 1  # None: one or more
    attributes: Mapping[str, type] = MappingProxyType({})


def _broadcast(operands: Operands) -> Shape:
    shapes = operands.shapes
    most = max(map(len, shapes))
    aligned = [(1,) * (most - len(shape)) + shape for shape in shapes]
    return tuple(map(_together, zip(*aligned, strict=True)))


def _together(dimensions: tuple[int | None, ...]) -> int | None:
    found = {dimension for dimension in dimensions if dimension != 1}
    if len(found) > 1:
        raise GraphError("a node has inputs whose shapes do not go together")
    return found.pop() if found else 1


def _cast(operands: Operands) -> Shape:
    if operands.attribute("to") not in (FLOAT, DOUBLE, INT64):
        raise GraphError("Cast makes something else than numbers")
    return operands.shapes[0]


def _columns(shape: Shape) -> int:
    if len(shape) != 2 or shape[0] is not None or shape[1] is None:
        raise GraphError("a node takes columns, and has an input of another shape")
    return shape[1]


def _gather(operands: Operands) -> Shape:
    """Look up a constant list by codes, or take some columns."""
    values, at = operands.shapes
    if operands.attribute("axis", 0) == 0:
        if operands.constant(0).ndim != 1:
            raise GraphError("Gather looks up something else than a list")
        return at
    columns, taken = _columns(values), operands.constant(1)
    if operands.attribute("axis") != 1 or taken.ndim != 1 or taken.dtype != np.int64:
        raise GraphError("Gather takes something else than columns")
    if ((taken < 0) | (taken >= columns)).any():
        raise GraphError("Gather takes columns that are not there")
    return None, len(taken)


def _concat(operands: Operands) -> Shape:
    """Join columns, or append the codes that were sent to those that were looked up."""
    columns = [_columns(shape) for shape in operands.shapes]
    if operands.attribute("axis") == 1:
        return None, sum(columns)
    is_codes = len(columns) == 2 and operands.node.inputs[1] == CODES != operands.node.inputs[0]
    if operands.attribute("axis") != 0 or not is_codes or columns[0] != columns[1]:
        raise GraphError("Concat joins something else than columns")
    return None, columns[0]


def _matrix_product(operands: Operands) -> Shape:
    matrix = operands.constant(1)
    if matrix.ndim != 2 or len(matrix) != _columns(operands.shapes[0]):
        raise GraphError("a matrix does not fit the columns that it multiplies")
    if len(operands.shapes) == 3 and operands.constant(2).shape != matrix.shape[1:]:
        raise GraphError("Gemm adds something else than a row")
    return None, matrix.shape[1]


def _only_axis_1(axes: Any) -> None:
    if np.shape(axes) != (1,) or axes[0] != 1:
        raise GraphError("a node works along another axis than the columns")


def _squeeze(operands: Operands) -> Shape:
    _only_axis_1(operands.constant(1))
    if _columns(operands.shapes[0]) != 1:
        raise GraphError("Squeeze takes more than one column")
    return (None,)


def _sum_of_columns(operands: Operands) -> Shape:
    _columns(operands.shapes[0])
    by_input = operands.node.operator == "ReduceSum"
    _only_axis_1(operands.constant(1) if by_input else operands.attribute("axes"))
    keeps = operands.attribute("keepdims")
    if keeps not in (0, 1):
        raise GraphError(f"{operands.node.operator} does not say what it keeps")
    return (None, 1) if keeps else (None,)


def _labels(operands: Operands) -> Shape:
    if len(operands.attribute("keys_strings", ())) != len(operands.attribute("values_int64s", ())):
        raise GraphError("LabelEncoder has texts without codes")
    return operands.shapes[0]


_TREE_ATTRIBUTES: Mapping[str, type] = {
    "aggregate_function": int,
    "leaf_targetids": tuple,
    "leaf_weights": np.ndarray,
    "n_targets": int,
    "nodes_falseleafs": tuple,
    "nodes_falsenodeids": tuple,
    "nodes_featureids": tuple,
    "nodes_modes": np.ndarray,
    "nodes_splits": np.ndarray,
    "nodes_trueleafs": tuple,
    "nodes_truenodeids": tuple,
    "post_transform": int,
    "tree_roots": tuple,
}
_OF_MISSING_AND_SETS: Mapping[str, type] = {
    "membership_values": np.ndarray,
    "nodes_missing_value_tracks_true": tuple,
}
_LESS_OR_EQUAL, _MEMBER = 0, 6  # codes of what a node of a tree asks


def _trees(operands: Operands) -> Shape:
    """Check that the trees are trees: every node is reached once, and none of them from below."""
    node = operands.node
    if node.attributes.keys() - _OF_MISSING_AND_SETS.keys() != _TREE_ATTRIBUTES.keys():
        raise GraphError("TreeEnsemble does not have all its attributes")
    given = {name: np.asarray(value) for name, value in node.attributes.items()}
    count, leaves = len(given["nodes_featureids"]), len(given["leaf_targetids"])
    names = ("aggregate_function", "n_targets", "post_transform")
    lengths = {a.shape for name, a in given.items() if name.startswith("nodes_")}
    is_whole = lengths == {(count,)} and given["leaf_weights"].shape == (leaves,) and count
    if not is_whole or [node.attributes[name] for name in names] != [1, 1, 0]:
        raise GraphError("TreeEnsemble is not a sum of trees")
    within = (given["nodes_featureids"] >= 0) & (
        given["nodes_featureids"] < _columns(operands.shapes[0])
    )
    if not within.all() or given["leaf_targetids"].any():
        raise GraphError("TreeEnsemble compares columns that are not there")
    if not np.isin(given.get("nodes_missing_value_tracks_true", 0), (0, 1)).all():
        raise GraphError("TreeEnsemble does not say where a missing value goes")
    sizes = _sizes_of_sets(given)
    depth = np.zeros(count, dtype=np.int64)
    depth[_within(given["tree_roots"], count)] = 1
    reached = np.bincount(given["tree_roots"], minlength=count)
    for side in ("true", "false"):
        is_leaf, below = given[f"nodes_{side}leafs"], given[f"nodes_{side}nodeids"]
        if not np.isin(is_leaf, (0, 1)).all():
            raise GraphError("TreeEnsemble has nodes that are neither a leaf nor not")
        inner = np.flatnonzero(is_leaf == 0)
        _within(below[is_leaf == 1], leaves)
        reached += np.bincount(_within(below[inner], count), minlength=count)
        if (below[inner] <= inner).any():
            raise GraphError("TreeEnsemble has a node above itself")
    if (reached != 1).any():
        raise GraphError("TreeEnsemble has nodes that belong to no tree, or to several")
    sides = [
        (given[f"nodes_{side}leafs"].tolist(), given[f"nodes_{side}nodeids"].tolist())
        for side in ("true", "false")
    ]
    levels = depth.tolist()
    for i in range(count):
        for is_leaf, below in sides:
            if not is_leaf[i]:
                levels[below[i]] = levels[i] + sizes[i]
    if max(map(int.__add__, levels, sizes)) - 1 > _DEEPEST_TREE:
        raise GraphError(f"TreeEnsemble has a tree deeper than {_DEEPEST_TREE:,} nodes")
    return None, 1


def _sizes_of_sets(given: Mapping[str, Array]) -> list[int]:
    """Return how many numbers each node compares with: onnxruntime makes a node of each."""
    modes, sizes = given["nodes_modes"], np.ones(len(given["nodes_modes"]), dtype=np.int64)
    if modes.dtype != np.uint8 or not np.isin(modes, (_LESS_OR_EQUAL, _MEMBER)).all():
        raise GraphError("TreeEnsemble compares otherwise than by <= and by sets")
    members = np.ravel(given.get("membership_values", np.empty(0)))
    ends = np.flatnonzero(np.isnan(members))
    of_sets = np.diff(ends, prepend=-1) - 1
    is_whole = len(members) == (ends[-1] + 1 if len(ends) else 0)
    if not is_whole or len(ends) != (modes == _MEMBER).sum() or (of_sets < 1).any():
        raise GraphError("TreeEnsemble has sets without nodes, or nodes without sets")
    sizes[modes == _MEMBER] = of_sets
    return sizes.tolist()


def _within(at: Array, count: int) -> Array:
    if not len(at):
        return at.astype(np.int64)
    if at.dtype != np.int64 or ((at < 0) | (at >= count)).any():
        raise GraphError("TreeEnsemble refers to nodes that are not there")
    return at


# The whole of what a graph may do, by domain and operator.
OPERATORS: Mapping[tuple[str, str], Operator] = {
    **dict.fromkeys(
        [("", name) for name in ("Exp", "Floor", "Identity", "IsNaN", "Log", "Neg", "Sqrt")],
        Operator(_broadcast),
    ),
    **dict.fromkeys(
        [
            ("", name)
            for name in ("Add", "Div", "Equal", "Greater", "Max", "Min", "Mul", "Pow", "Sub")
        ],
        Operator(_broadcast, 2),
    ),
    ("", "Sum"): Operator(_broadcast, None),
    ("", "Where"): Operator(_broadcast, 3),
    ("", "Cast"): Operator(_cast, attributes={"to": int}),
    ("", "Concat"): Operator(_concat, None, {"axis": int}),
    ("", "Gather"): Operator(_gather, 2, {"axis": int}),
    ("", "Gemm"): Operator(_matrix_product, 3),
    ("", "MatMul"): Operator(_matrix_product, 2),
    ("", "ReduceSum"): Operator(_sum_of_columns, 2, {"keepdims": int}),
    ("", "ReduceSumSquare"): Operator(_sum_of_columns, 1, {"axes": tuple, "keepdims": int}),
    ("", "Squeeze"): Operator(_squeeze, 2),
    ("ai.onnx.ml", "LabelEncoder"): Operator(
        _labels, attributes={"keys_strings": tuple, "values_int64s": tuple, "default_int64": int}
    ),
    ("ai.onnx.ml", "TreeEnsemble"): Operator(
        _trees, attributes={**_TREE_ATTRIBUTES, **_OF_MISSING_AND_SETS}
    ),
}


def check_graph(content: bytes, contract: Contract) -> None:
    """See to it that an ONNX model is one that export could have written for a contract.

    Raises GraphError with the reason, when it is not.
    """
    try:
        model = read_onnx(content)
    except WireError as error:
        raise GraphError(str(error)) from None
    _check_versions(model)
    _check_ports(model, contract)
    most = max(_FEWEST_COLUMNS, len(content) // 8)  # every column has its number somewhere
    shapes: dict[str, Shape] = {name: array.shape for name, array in model.constants.items()}
    shapes |= {name: (None, _width(port)) for name, port in model.inputs.items()}
    constants = {n: array for n, array in model.constants.items() if n not in model.inputs}
    has_codes = False
    for node in model.nodes:
        if node.output in shapes:
            raise GraphError(f"{node.output!r} has two origins")
        if node.operator == "Concat" and node.attributes.get("axis") == 0:
            if has_codes:
                raise GraphError("codes are appended twice")
            has_codes = True
        shape = _shape_of(node, shapes, constants)
        if not shape or shape[0] is not None or None in shape[1:] or len(shape) > 2:
            raise GraphError(f"{node.output!r} does not have one row for each row")
        if len(shape) == 2 and (shape[1] or 0) > most:
            raise GraphError(f"{node.output!r} has more columns than the file has numbers")
        shapes[node.output] = shape
    made = {node.output for node in model.nodes}
    for name in OUTPUTS:
        if name not in made or shapes[name] != (None,):
            raise GraphError(f"the output {name} is not one number for each row")


def _shape_of(node: Node, shapes: Mapping[str, Shape], constants: Mapping[str, Array]) -> Shape:
    label = f"{node.domain}.{node.operator}" if node.domain else node.operator
    operator = OPERATORS.get((node.domain, node.operator))
    if operator is None:
        raise GraphError(f"{label} is not an operator that a model file may have")
    for name, value in node.attributes.items():
        if not isinstance(value, operator.attributes.get(name, type(None))):
            raise GraphError(f"{label} has an attribute {name!r} that it does not take")
    if not node.inputs or len(node.inputs) != (operator.inputs or len(node.inputs)):
        raise GraphError(f"{label} has {len(node.inputs)} inputs")
    if unknown := [name for name in node.inputs if name not in shapes]:
        raise GraphError(f"{label} takes {unknown[0]!r}, which nothing before it makes")
    found = [shapes[name] for name in node.inputs]
    return operator.shape(Operands(node, found, [constants.get(name) for name in node.inputs]))


def _check_versions(model: OnnxModel) -> None:
    if model.ir_version not in IR_VERSIONS:
        raise GraphError(f"it has the ONNX version {model.ir_version}")
    if foreign := sorted({*model.metadata} - {MANIFEST_KEY, DIGEST_KEY}):
        raise GraphError(f"it has metadata called {foreign[0]!r}")
    for domain, version in model.opsets.items():
        if version not in OPSETS.get(domain, ()):
            raise GraphError(f"it has version {version} of the operators {domain or 'of ONNX'}")
    if model.opsets.keys() != OPSETS.keys():
        raise GraphError("it does not say which versions of the operators it has")


def _check_ports(model: OnnxModel, contract: Contract) -> None:
    numbers, levels = len(contract.numbers), len(contract.categories)
    expected = {NUMBERS: (DOUBLE, numbers), LEVELS: (STRING, levels), CODES: (INT64, levels)}
    found = {name: (port.element_type, _width(port)) for name, port in model.inputs.items()}
    if found != expected:
        raise GraphError("it does not take the inputs that its contract describes")
    if model.outputs.keys() != set(OUTPUTS) or any(
        port.element_type != DOUBLE or len(port.shape) != 1 or isinstance(port.shape[0], int)
        for port in model.outputs.values()
    ):
        raise GraphError("its outputs are not prediction, lower and upper, a number for each row")
    defaults = {n: (a.shape, a.dtype) for n, a in model.constants.items() if n in model.inputs}
    if defaults != {CODES: ((0, levels), np.dtype(np.int64))}:
        raise GraphError("it has another default than none for codes")


def _width(port: Port) -> int | None:
    """Columns of an input with any number of rows, None for any other shape."""
    if len(port.shape) != 2 or isinstance(port.shape[0], int) or isinstance(port.shape[1], str):
        return None
    return port.shape[1]
