"""A graph runs only if export could have written it: it reads no file, and it ends."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from regression_model import Model, ModelFileError
from regression_model.runtime.model_file.onnx_model import Node
from regression_model.runtime.model_file.operators import (
    OPERATORS,
    OUTPUTS,
    GraphError,
    Operands,
    check_graph,
)
from regression_model.runtime.model_file.release import find_model_file
from regression_model.runtime.model_file.sealing import open_sealed, seal

onnx = pytest.importorskip("onnx")
PACKAGE = Path(__import__("regression_model").__file__).parent


@pytest.fixture(scope="module")
def shipped() -> bytes:
    """The shipped model file."""
    path = find_model_file(PACKAGE)
    assert path is not None
    return path.read_bytes()


def changed(shipped: bytes, change: Callable[[Any], Any]) -> str:
    """The sentence with which a changed graph is refused, under a seal that is right."""
    proto = onnx.load_from_string(shipped)
    manifest = open_sealed(shipped, name="shipped")
    del proto.metadata_props[:]
    change(proto)
    with pytest.raises(ModelFileError) as raised:
        Model(seal(proto.SerializeToString(), manifest), name="house.onnx")
    sentence = str(raised.value)
    assert sentence.startswith("house.onnx holds a graph that cannot be run: ")
    assert sentence.endswith(".") and "\n" not in sentence
    return sentence


def external(proto: Any) -> None:
    tensor = proto.graph.initializer[0]
    tensor.ClearField("raw_data")
    tensor.data_location = onnx.TensorProto.EXTERNAL
    tensor.external_data.add(key="location", value="etc/passwd")


def external_in_attribute(proto: Any) -> None:
    tensor = onnx.TensorProto(name="t", data_type=11, dims=[1], data_location=1)
    tensor.external_data.add(key="location", value="etc/passwd")
    proto.graph.node[0].attribute.append(onnx.helper.make_attribute("value", tensor))


def subgraph(proto: Any) -> None:
    body = onnx.helper.make_graph([], "body", [], [])
    proto.graph.node[-1].attribute.append(onnx.helper.make_attribute("body", body))


def other_operator(operator: str, domain: str = "") -> Callable[[Any], None]:
    def change(proto: Any) -> None:
        proto.graph.node[-1].op_type = operator
        proto.graph.node[-1].domain = domain

    return change


def function(proto: Any) -> None:
    proto.functions.add(name="Exp", domain="mine")


def training(proto: Any) -> None:
    proto.training_info.add()


def sparse(proto: Any) -> None:
    proto.graph.sparse_initializer.add()


def metadata(proto: Any) -> None:
    proto.metadata_props.add(key="ort_config", value="{}")


def opset(proto: Any) -> None:
    proto.opset_import[0].version += 1


def foreign_opset(proto: Any) -> None:
    proto.opset_import.add(domain="com.microsoft", version=1)


def newer_ir(proto: Any) -> None:
    proto.ir_version = 99


def single_precision(proto: Any) -> None:
    next(i for i in proto.graph.input if i.name == "numbers").type.tensor_type.elem_type = 1


def one_column_more(proto: Any) -> None:
    shape = next(i for i in proto.graph.input if i.name == "numbers").type.tensor_type.shape
    shape.dim[1].dim_value += 1


def fixed_rows(proto: Any) -> None:
    proto.graph.output[0].type.tensor_type.shape.dim[0].dim_value = 3


def another_output(proto: Any) -> None:
    proto.graph.output[0].name = "price"


def another_input(proto: Any) -> None:
    proto.graph.input.add().CopyFrom(
        onnx.helper.make_tensor_value_info("more", onnx.TensorProto.DOUBLE, ["rows", 1])
    )


def unordered(proto: Any) -> None:
    nodes = list(proto.graph.node)[::-1]
    del proto.graph.node[:]
    proto.graph.node.extend(nodes)


def all_pairs(proto: Any) -> None:
    """A column for each row: the square of the rows."""
    node = proto.graph.node[-1]
    kept = onnx.helper.make_node(
        "ReduceSumSquare", ["numbers"], ["column"], axes=[1], keepdims=1, name="column"
    )
    pairs = onnx.helper.make_node("Add", [node.input[0], "column"], ["pairs"], name="pairs")
    proto.graph.node.insert(len(proto.graph.node) - 1, kept)
    proto.graph.node.insert(len(proto.graph.node) - 1, pairs)


def doubling(proto: Any) -> None:
    """Two to the power of forty columns, in a file of a few bytes more."""
    last = "numbers"
    for i in range(40):
        node = onnx.helper.make_node("Concat", [last, last], [f"twice_{i}"], axis=1)
        proto.graph.node.insert(i, node)
        last = f"twice_{i}"


def more_rows(proto: Any) -> None:
    """Codes of rows that nobody sent."""
    first = next(n for n in proto.graph.node if n.op_type == "Concat" and n.attribute[0].i == 0)
    again = onnx.helper.make_node("Concat", [first.output[0], "codes"], ["more"], axis=0)
    proto.graph.node.insert(list(proto.graph.node).index(first) + 1, again)


def default_rows(proto: Any) -> None:
    numbers = onnx.numpy_helper.from_array(np.ones((3, 28)), "numbers")
    proto.graph.initializer.append(numbers)


def outside_columns(proto: Any) -> None:
    node = next(
        n
        for n in proto.graph.node
        if any(a.name == "axis" and a.i == 1 for a in n.attribute) and n.op_type == "Gather"
    )
    tensor = next(t for t in proto.graph.initializer if t.name == node.input[1])
    values = onnx.numpy_helper.to_array(tensor) + 1_000_000
    tensor.raw_data = values.tobytes()


def outside_list(proto: Any) -> None:
    """A shorter list than there are codes: only seen when codes are looked up."""
    node = next(
        n
        for n in proto.graph.node
        if n.op_type == "Gather"
        and len(n.attribute) == 0
        and n.input[0].startswith("constant")
        and next(t for t in proto.graph.initializer if t.name == n.input[0]).data_type == 11
    )
    tensor = next(t for t in proto.graph.initializer if t.name == node.input[0])
    tensor.raw_data = tensor.raw_data[:-16]
    tensor.dims[0] -= 2


HOSTILE = [
    external, external_in_attribute, subgraph, function, training, sparse, metadata, opset,
    foreign_opset, newer_ir, single_precision, one_column_more, fixed_rows, another_output,
    another_input, unordered, all_pairs, doubling, more_rows, default_rows, outside_columns,
    outside_list,
]  # fmt: skip


@pytest.mark.parametrize("change", HOSTILE, ids=lambda change: change.__name__)
def test_a_graph_that_export_would_not_write_is_refused(
    shipped: bytes, change: Callable[[Any], None]
) -> None:
    """When the file is opened, whatever its digest says."""
    changed(shipped, change)


@pytest.mark.parametrize(
    ("operator", "domain"),
    [("Loop", ""), ("If", ""), ("Scan", ""), ("RandomNormal", ""), ("Exp", "com.microsoft"),
     ("Exp", "ai.onnx"), ("TreeEnsembleRegressor", "ai.onnx.ml"), ("Constant", "")],
)  # fmt: skip
def test_an_operator_that_export_does_not_write_is_refused_by_name(
    shipped: bytes, operator: str, domain: str
) -> None:
    """Also one that would be harmless, and one of the right name in another domain."""
    label = f"{domain}.{operator}" if domain else operator
    sentence = changed(shipped, other_operator(operator, domain))
    assert f"{label} is not an operator that a model file may have" in sentence


def test_a_model_file_reads_no_other_file(
    shipped: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """External data in the working folder stays there."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "etc").mkdir()
    (tmp_path / "etc" / "passwd").write_bytes(bytes(1_000_000))
    changed(shipped, external)


def trees(**changes: Any) -> bytes:
    """A model of two trees, some of whose attributes are changed."""
    double = onnx.numpy_helper.from_array
    attributes: dict[str, Any] = {
        "n_targets": 1,
        "aggregate_function": 1,
        "post_transform": 0,
        "nodes_featureids": [0, 1, 0],
        "nodes_modes": double(np.zeros(3, dtype=np.uint8)),
        "nodes_splits": double(np.array([1.0, 2.0, 3.0])),
        "nodes_truenodeids": [1, 0, 2],
        "nodes_trueleafs": [0, 1, 1],
        "nodes_falsenodeids": [3, 1, 4],
        "nodes_falseleafs": [1, 1, 1],
        "leaf_targetids": [0] * 5,
        "leaf_weights": double(np.arange(5.0)),
        "tree_roots": [0, 2],
    } | changes
    make = onnx.helper
    nodes = [
        make.make_node("TreeEnsemble", ["numbers"], ["sum"], domain="ai.onnx.ml", **attributes),
        make.make_node("Squeeze", ["sum", "axis"], ["score"]),
        *(make.make_node("Identity", ["score"], [name]) for name in OUTPUTS),
    ]
    numbers = make.make_tensor_value_info("numbers", onnx.TensorProto.DOUBLE, ["rows", 2])
    levels = make.make_tensor_value_info("levels", onnx.TensorProto.STRING, ["rows of levels", 0])
    codes = make.make_tensor_value_info("codes", onnx.TensorProto.INT64, ["rows of codes", 0])
    outputs = [make.make_tensor_value_info(n, onnx.TensorProto.DOUBLE, ["rows"]) for n in OUTPUTS]
    constants = [double(np.array([1]), "axis"), double(np.empty((0, 0), dtype=np.int64), "codes")]
    graph = make.make_graph(nodes, "trees", [numbers, levels, codes], outputs, constants)
    opsets = [make.make_opsetid("", 17), make.make_opsetid("ai.onnx.ml", 5)]
    content: bytes = make.make_model(graph, ir_version=8, opset_imports=opsets).SerializeToString()
    return content


NAN = float("nan")


def modes(*of_nodes: int) -> Any:
    """What each node of the trees asks."""
    return onnx.numpy_helper.from_array(np.array(of_nodes, dtype=np.uint8))


def numbers(*members: float) -> Any:
    """The numbers of the sets, each with its end."""
    return onnx.numpy_helper.from_array(np.array(members, dtype=np.float64))


CROOKED_TREES: dict[str, dict[str, Any]] = {
    "a node below itself": {"nodes_truenodeids": [0, 0, 2]},
    "a node above its parent": {"nodes_truenodeids": [1, 0, 1], "nodes_trueleafs": [0, 1, 0]},
    "a node of two trees": {"tree_roots": [0, 1]},
    "a root outside": {"tree_roots": [0, 3]},
    "a negative root": {"tree_roots": [0, -1]},
    "a node outside": {"nodes_truenodeids": [7, 0, 2]},
    "a leaf outside": {"nodes_falsenodeids": [3, 1, 5]},
    "a leaf of another target": {"leaf_targetids": [0, 0, 0, 0, 9]},
    "a column outside": {"nodes_featureids": [0, 2, 0]},
    "a negative column": {"nodes_featureids": [0, -1, 0]},
    "fewer nodes than they say": {"nodes_trueleafs": [0, 1]},
    "many targets": {"n_targets": 1_000_000},
    "half a leaf": {"nodes_trueleafs": [0, 2, 1]},
    "another comparison": {"nodes_modes": modes(0, 4, 0)},
    "a set without numbers": {"nodes_modes": modes(0, 6, 0)},
    "numbers without a set": {"membership_values": numbers(1, 2, NAN)},
    "an empty set": {"nodes_modes": modes(0, 6, 0), "membership_values": numbers(NAN)},
    "a set without an end": {"nodes_modes": modes(0, 6, 0), "membership_values": numbers(1, 2)},
    "a set too many": {
        "nodes_modes": modes(0, 6, 0),
        "membership_values": numbers(1, NAN, 2, NAN),
    },
    "a set so large that it is a deep tree": {
        "nodes_modes": modes(0, 6, 0),
        "membership_values": numbers(*range(5000), NAN),
    },
    "half a missing value": {"nodes_missing_value_tracks_true": [0, 2, 0]},
    "missing values of fewer nodes": {"nodes_missing_value_tracks_true": [0, 1]},
}
TREES_OF_SETS: dict[str, Any] = {
    "nodes_modes": modes(6, 0, 6),
    "membership_values": numbers(1, 3, 70, NAN, 2, NAN),
    "nodes_missing_value_tracks_true": [0, 1, 0],
}


def test_trees_are_trees() -> None:
    """Two columns, two trees, and no way to walk in a circle or to a place outside."""
    from regression_model.runtime.contract import Contract, Field

    contract = Contract((Field("a", "number"), Field("b", "number")), "y")
    check_graph(trees(), contract)
    check_graph(trees(**TREES_OF_SETS), contract)
    for label, changes in CROOKED_TREES.items():
        with pytest.raises(GraphError):
            check_graph(trees(**changes), contract)
            pytest.fail(label)


CODES_OF = ("looked_up", "codes")
RULES: dict[str, tuple[str, dict[str, Any], list[Any], dict[int, Any], str]] = {
    "a matrix that is computed": ("MatMul", {}, [(None, 2), (2, 1)], {}, "takes a constant"),
    "a matrix of another height": ("MatMul", {}, [(None, 2), (3, 1)], {1: (3, 1)}, "does not fit"),
    "a bias of another width": (
        "Gemm",
        {},
        [(None, 2), (2, 1), (2,)],
        {1: (2, 1), 2: (2,)},
        "something else than a row",
    ),
    "texts": ("Cast", {"to": 8}, [(None, 2)], {}, "something else than numbers"),
    "a table that is looked up": (
        "Gather",
        {"axis": 0},
        [(2, 2), (None, 1)],
        {0: (2, 2)},
        "something else than a list",
    ),
    "rows that are taken": ("Gather", {"axis": 2}, [(None, 2), (1,)], {1: (1,)}, "than columns"),
    "columns of a list": ("Gather", {"axis": 1}, [(None,), (1,)], {1: (1,)}, "another shape"),
    "columns beside the last": (
        "Gather",
        {"axis": 1},
        [(None, 1), (1,)],
        {1: (1,)},
        "columns that are not there",
    ),
    "rows below rows": ("Concat", {"axis": 0}, [(None, 1), (None, 2)], {}, "than columns"),
    "a sum over rows": (
        "ReduceSumSquare",
        {"axes": (0,), "keepdims": 1},
        [(None, 2)],
        {},
        "another axis",
    ),
    "a sum of unknown shape": (
        "ReduceSumSquare",
        {"axes": (1,), "keepdims": 2},
        [(None, 2)],
        {},
        "does not say what it keeps",
    ),
    "two columns as one": ("Squeeze", {}, [(None, 2), (1,)], {1: (1,)}, "more than one column"),
    "shapes that differ": ("Add", {}, [(None, 2), (None, 3)], {}, "do not go together"),
    "texts without codes": ("LabelEncoder", {"keys_strings": ("a",)}, [(None, 1)], {}, "codes"),
}


@pytest.mark.parametrize("name", RULES)
def test_an_operator_is_used_as_export_uses_it(name: str) -> None:
    """Shapes follow from the inputs alone, so that nobody's memory depends on a value."""
    operator, attributes, shapes, constants, sentence = RULES[name]
    given = [
        np.ones(constants[at], dtype=np.int64) if at in constants else None
        for at in range(len(shapes))
    ]
    node = Node("", operator, CODES_OF[: len(shapes)], "made", attributes)
    domain = "ai.onnx.ml" if operator == "LabelEncoder" else ""
    with pytest.raises(GraphError, match=sentence):
        OPERATORS[domain, operator].shape(Operands(node, shapes, given))
