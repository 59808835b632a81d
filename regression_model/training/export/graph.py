"""An ONNX graph under construction."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
from onnx import TensorProto, helper, numpy_helper

__all__ = ["Graph"]

# The oldest versions that have every operator used: readable by the most runtimes.
OPSETS = {"": 17, "ai.onnx.ml": 3}
IR_VERSION = 8


class Graph:
    """Nodes and constants, each with a name of its own that follows from what was added before."""

    def __init__(self) -> None:
        self._nodes: list[onnx.NodeProto] = []
        self._constants: dict[tuple[str, tuple[int, ...], bytes], onnx.TensorProto] = {}
        self._defaults: list[onnx.TensorProto] = []
        self._used: Counter[str] = Counter()
        self._opsets = dict(OPSETS)

    def add(
        self,
        operator: str,
        *inputs: str | float | Sequence[float] | npt.NDArray[np.float64],
        domain: str = "",
        output: str | None = None,
        **attributes: Any,
    ) -> str:
        """Add a node with one output and return the output's name.

        Inputs are names; numbers become constants of double.
        """
        names = [one if isinstance(one, str) else self.constant(one) for one in inputs]
        output = output or self._name(operator.lower())
        node = helper.make_node(operator, names, [output], name=output, domain=domain, **attributes)
        self._nodes.append(node)
        return output

    def cast(self, tensor: str, to: int = TensorProto.DOUBLE) -> str:
        """Add a node that changes the type of elements."""
        return self.add("Cast", tensor, to=to)

    def constant(self, values: npt.ArrayLike, dtype: npt.DTypeLike = np.float64) -> str:
        """Return the name of a constant; equal constants are stored once."""
        array = np.asarray(values, dtype=dtype)
        key = (array.dtype.str, array.shape, array.tobytes())
        if key not in self._constants:
            self._constants[key] = numpy_helper.from_array(array, self._name("constant"))
        return self._constants[key].name

    def indices(self, values: npt.ArrayLike) -> str:
        """Return the name of an int64 constant."""
        return self.constant(values, np.int64)

    def single(self, tensor: str) -> str:
        """Round to single precision."""
        return self.cast(self.cast(tensor, TensorProto.FLOAT))

    def unfused(self, tensor: str) -> str:
        """Return a tensor of double that no optimizer merges with what comes after it.

        onnxruntime fuses a product with, or a division by, one number with the matrix product after
        it, and computes that number in single precision.
        """
        return self.add("Max", tensor, -np.inf)

    def needs_opset(self, domain: str, version: int) -> None:
        """Say that an operator came with a newer version of its domain."""
        self._opsets[domain] = max(self._opsets[domain], version)

    def default(self, name: str, values: npt.NDArray[Any]) -> None:
        """Give the input called `name` the value it has when it is not fed."""
        self._defaults.append(numpy_helper.from_array(values, name))

    def model(
        self, inputs: dict[str, tuple[int, list[Any]]], outputs: list[str], *, name: str
    ) -> bytes:
        """Return the checked model; `inputs` gives each input's element type and shape.

        What no output needs is left out.
        """
        nodes, needed = [], {*outputs}
        for node in reversed(self._nodes):
            if node.output[0] in needed:
                nodes.append(node)
                needed.update(node.input)
        constants = [one for one in self._constants.values() if one.name in needed]
        graph = helper.make_graph(
            nodes[::-1],
            name,
            [helper.make_tensor_value_info(n, *type_) for n, type_ in inputs.items()],
            [helper.make_tensor_value_info(n, TensorProto.DOUBLE, ["rows"]) for n in outputs],
            [*constants, *self._defaults],
        )
        opsets = [helper.make_opsetid(domain, version) for domain, version in self._opsets.items()]
        model = helper.make_model(
            graph, producer_name="regression-model", ir_version=IR_VERSION, opset_imports=opsets
        )
        onnx.checker.check_model(model, full_check=True)
        return bytes(model.SerializeToString(deterministic=True))

    def _name(self, stem: str) -> str:
        self._used[stem] += 1
        return f"{stem}_{self._used[stem]}"
