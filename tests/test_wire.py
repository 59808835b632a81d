"""The wire format is read as protobuf reads it, and what protobuf would forgive is refused."""

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from regression_model.runtime.model_file.onnx_model import read_onnx
from regression_model.runtime.model_file.wire import (
    Rule,
    WireError,
    delimited,
    fields,
    read_message,
    varint,
)

onnx = pytest.importorskip("onnx")


WORDS = {1: Rule("number", "int"), 2: Rule("words", "text", repeated=True), 3: Rule("raw", "bytes")}
int64s = st.integers(-(2**63), 2**63 - 1)


@given(key=st.text(max_size=20), value=st.text(max_size=200), version=int64s)
def test_what_onnx_writes_is_read(key: str, value: str, version: int) -> None:
    """Texts of any script, numbers of any size, negative ones as well."""
    model = onnx.ModelProto(ir_version=version, graph=onnx.GraphProto(name=key))
    model.metadata_props.add(key=key, value=value)
    model.opset_import.add(domain=value, version=version)

    read = read_onnx(model.SerializeToString())

    assert (version, {value: version}, (key,)) == (read.ir_version, read.opsets, read.metadata)


attributes = st.dictionaries(
    st.text(min_size=1, max_size=5),
    int64s | st.lists(int64s, min_size=1, max_size=9) | st.lists(st.text(max_size=4), min_size=1),
    max_size=4,
)


@given(
    operator=st.text(min_size=1, max_size=9),
    inputs=st.lists(st.text(max_size=5), max_size=4),
    attributes=attributes,
    values=st.lists(st.floats(width=64), max_size=20),
)
def test_nodes_and_constants_are_read_as_onnx_reads_them(
    operator: str, inputs: list[str], attributes: dict[str, object], values: list[float]
) -> None:
    """Attributes of each type that export writes, and arrays of doubles."""
    numpy = pytest.importorskip("numpy")
    made = [onnx.helper.make_attribute(name, value) for name, value in attributes.items()]
    node = onnx.NodeProto(op_type=operator, input=inputs, output=["y"], attribute=made)
    constant = onnx.numpy_helper.from_array(numpy.array(values), "c")
    graph = onnx.GraphProto(node=[node], initializer=[constant])
    model = onnx.ModelProto(ir_version=8, graph=graph)

    read = read_onnx(model.SerializeToString())

    (found,) = read.nodes
    assert (operator, tuple(inputs), "y") == (found.operator, found.inputs, found.output)
    expected = {
        name: tuple(value) if isinstance(value, list) else value
        for name, value in attributes.items()
    }
    assert expected == found.attributes
    numpy.testing.assert_array_equal(values, read.constants["c"])


@given(number=st.integers(0, 2**64 - 1))
def test_a_number_comes_back(number: int) -> None:
    """Every unsigned number of 64 bits."""
    assert [(5, number)] == list(fields(varint(5 << 3) + varint(number)))


@given(st.binary(max_size=60))
def test_any_bytes_are_read_or_refused(content: bytes) -> None:
    """And what is read is what protobuf reads."""
    try:
        read = read_message(content, {1: Rule("key", "text"), 2: Rule("value", "text")})
    except WireError:
        return
    entry = onnx.StringStringEntryProto.FromString(content)
    assert (entry.key, entry.value) == (read["key"] or "", read["value"] or "")


REFUSED = {
    "field 0": b"\x00\x01",
    "a field number beyond 29 bits": b"\x80\x80\x80\x80\x80\x01\x01",
    "an unknown field": delimited(9, b""),
    "a second value": b"\x08\x01\x08\x02",
    "a text for a number": delimited(1, b"1"),
    "a number for a text": b"\x10\x01",
    "a fixed number": b"\x1d\x00\x00\x00\x00",
    "the start of a group": b"\x0b",
    "the end of a group": b"\x0c",
    "wire type 7": b"\x0f",
    "a number cut short": b"\x08\x80",
    "a number of eleven bytes": b"\x08" + b"\xff" * 10 + b"\x01",
    "a number above 64 bits": b"\x08" + b"\xff" * 9 + b"\x02",
    "a number written too long": b"\x08\x81\x00",
    "a length without its bytes": b"\x12\x05abcd",
    "a length of 2**63": b"\x12" + varint(2**63),
    "bytes that are not UTF-8": delimited(2, b"\xff"),
}


@pytest.mark.parametrize("content", REFUSED.values(), ids=REFUSED)
def test_what_is_not_strictly_a_message_is_refused(content: bytes) -> None:
    """Also where other readers would take one of two meanings."""
    with pytest.raises(WireError):
        read_message(content, WORDS)


def test_the_work_is_in_proportion_to_the_bytes(calls: Callable[..., int]) -> None:
    """Twice as many of them take twice as many calls."""
    rules = {1: Rule("words", "text", repeated=True)}
    some = calls(lambda: read_message(b"\x0a\x01x" * 1_000, rules))
    assert calls(lambda: read_message(b"\x0a\x01x" * 2_000, rules)) < 2.1 * some
