"""Which inputs a graph should have, measured: `python -m benchmarks.inputs` writes docs/inputs.md.

Three graphs do the same: turn the levels of all category fields into numbers, put them beside the
numbers, and multiply with weights. They differ in how a row is fed, and in nothing else.
"""

from __future__ import annotations

import argparse
import gc
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import median
from time import perf_counter
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
import onnxruntime
from onnx import TensorProto, helper, numpy_helper

from regression_model import load_model
from regression_model.runtime.contract import Contract

from .environments import ROOT
from .metrics import as_ratio, as_seconds
from .table import markdown

__all__ = ["DOCUMENT", "Timing", "document", "main"]

DOCUMENT = ROOT / "docs" / "inputs.md"
SIZES = (1, 10_000)
NAMED = "named inputs, one a feature"
MATRICES = "one matrix of numbers, one of texts"
CODES = "one matrix of numbers, one of codes"

Array = npt.NDArray[Any]
Feed = dict[str, Array]


@dataclass(frozen=True)
class Rows:
    """Random rows that keep to a contract: numbers, and the place of each level in its field."""

    numbers: npt.NDArray[np.float64]
    places: npt.NDArray[np.int64]
    levels: Array

    @classmethod
    def of(cls, contract: Contract, count: int) -> Rows:
        """Draw rows with a fixed seed."""
        random = np.random.default_rng(0)
        sizes = [len(field.coded_levels) for field in contract.categories]
        places = np.stack([random.integers(size, size=count) for size in sizes], axis=1)
        levels = np.empty(places.shape, dtype=object)
        for j, field in enumerate(contract.categories):
            levels[:, j] = np.array(field.coded_levels, dtype=object)[places[:, j]]
        return cls(random.normal(size=(count, len(contract.numbers))), places, levels)


class Sketch:
    """A graph for one way to feed rows."""

    def __init__(self, contract: Contract) -> None:
        self.contract = contract
        self._inputs: list[onnx.ValueInfoProto] = []
        self._nodes: list[onnx.NodeProto] = []
        self._constants: list[onnx.TensorProto] = []

    def input(self, name: str, kind: int, width: int) -> str:
        """Add an input with any number of rows."""
        self._inputs.append(helper.make_tensor_value_info(name, kind, ["rows", width]))
        return name

    def add(self, operator: str, *inputs: str, output: str, domain: str = "", **more: Any) -> str:
        """Add a node with one output."""
        self._nodes.append(helper.make_node(operator, inputs, [output], domain=domain, **more))
        return output

    def constant(self, name: str, values: npt.ArrayLike) -> str:
        """Add a constant."""
        self._constants.append(numpy_helper.from_array(np.asarray(values), name))
        return name

    def session(self, numbers: str, codes: str) -> onnxruntime.InferenceSession:
        """End the graph with what all ways share, and open it."""
        sizes = [len(field.coded_levels) for field in self.contract.categories]
        random = np.random.default_rng(1)
        values = self.constant("values", random.normal(size=sum(sizes)))
        weights = random.normal(size=(len(self.contract.numbers) + len(sizes), 1))
        numbered = self.add("Gather", values, codes, output="numbered")
        table = self.add("Concat", numbers, numbered, output="table", axis=1)
        self.add("MatMul", table, self.constant("weights", weights), output="prediction")
        output = helper.make_tensor_value_info("prediction", TensorProto.DOUBLE, ["rows", 1])
        graph = helper.make_graph(self._nodes, "g", self._inputs, [output], self._constants)
        opsets = [helper.make_opsetid("", 17), helper.make_opsetid("ai.onnx.ml", 3)]
        model = helper.make_model(graph, ir_version=8, opset_imports=opsets)
        onnx.checker.check_model(model, full_check=True)
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        return onnxruntime.InferenceSession(
            model.SerializeToString(), options, providers=["CPUExecutionProvider"]
        )


def _offsets(contract: Contract) -> npt.NDArray[np.int64]:
    sizes = [len(field.coded_levels) for field in contract.categories]
    return np.cumsum([0, *sizes[:-1]])


def named_inputs(contract: Contract) -> tuple[onnxruntime.InferenceSession, Callable[[Rows], Feed]]:
    """One input a feature, and a look-up of texts for each."""
    sketch = Sketch(contract)
    numbers = [sketch.input(f.name, TensorProto.DOUBLE, 1) for f in contract.numbers]
    codes = []
    for field, offset in zip(contract.categories, _offsets(contract), strict=True):
        codes.append(
            sketch.add(
                "LabelEncoder",
                sketch.input(field.name, TensorProto.STRING, 1),
                output=f"code of {field.name}",
                domain="ai.onnx.ml",
                keys_strings=field.coded_levels,
                values_int64s=[int(offset) + i for i in range(len(field.coded_levels))],
            )
        )
    joined = sketch.add("Concat", *numbers, output="numbers", axis=1)
    session = sketch.session(joined, sketch.add("Concat", *codes, output="codes", axis=1))

    def feed(rows: Rows) -> Feed:
        columns = {f.name: rows.numbers[:, [j]] for j, f in enumerate(contract.numbers)}
        return columns | {f.name: rows.levels[:, [j]] for j, f in enumerate(contract.categories)}

    return session, feed


def matrices(contract: Contract) -> tuple[onnxruntime.InferenceSession, Callable[[Rows], Feed]]:
    """One look-up for the texts of all fields, then one of codes."""
    sketch = Sketch(contract)
    fields = contract.categories
    texts = sorted({level for field in fields for level in field.coded_levels})
    code_of = np.zeros((len(fields), len(texts)), dtype=np.int64)
    for j, (field, offset) in enumerate(zip(fields, _offsets(contract), strict=True)):
        for i, level in enumerate(field.coded_levels):
            code_of[j, texts.index(level)] = offset + i
    text = sketch.add(
        "LabelEncoder",
        sketch.input("levels", TensorProto.STRING, len(fields)),
        output="text",
        domain="ai.onnx.ml",
        keys_strings=texts,
        values_int64s=list(range(len(texts))),
    )
    starts = sketch.constant("starts", np.arange(len(fields)) * len(texts))
    place = sketch.add("Add", text, starts, output="place")
    codes = sketch.add("Gather", sketch.constant("code_of", code_of.ravel()), place, output="codes")
    numbers = sketch.input("numbers", TensorProto.DOUBLE, len(contract.numbers))
    return sketch.session(numbers, codes), lambda rows: {
        "numbers": rows.numbers,
        "levels": rows.levels,
    }


def codes_only(contract: Contract) -> tuple[onnxruntime.InferenceSession, Callable[[Rows], Feed]]:
    """No texts at all: whoever checks the levels knows their codes."""
    sketch = Sketch(contract)
    numbers = sketch.input("numbers", TensorProto.DOUBLE, len(contract.numbers))
    codes = sketch.input("codes", TensorProto.INT64, len(contract.categories))
    offsets = _offsets(contract)
    return sketch.session(numbers, codes), lambda rows: {
        "numbers": rows.numbers,
        "codes": rows.places + offsets,
    }


WAYS = {NAMED: named_inputs, MATRICES: matrices, CODES: codes_only}
Timing = dict[str, dict[int, float]]  # seconds by way and number of rows


def measure(contract: Contract, *, rounds: int) -> Timing:
    """Time `session.run` on ready arrays, the ways in turn; the median of all rounds."""
    opened = {name: make(contract) for name, make in WAYS.items()}
    timing: Timing = {name: {} for name in WAYS}
    for count in SIZES:
        rows = Rows.of(contract, count)
        calls = {name: _call(session, feed(rows)) for name, (session, feed) in opened.items()}
        _check_agreement(calls)
        taken: dict[str, list[float]] = {name: [] for name in WAYS}
        for _ in range(rounds):
            for name, call in calls.items():
                taken[name] += _times(call, 200 if count == 1 else 3)
        for name, seconds in taken.items():
            timing[name][count] = median(seconds)
    return timing


def _call(session: onnxruntime.InferenceSession, feed: Feed) -> Callable[[], Any]:
    return lambda: session.run(None, feed)


def _check_agreement(calls: dict[str, Callable[[], Any]]) -> None:
    results = [call()[0] for call in calls.values()]
    for result in results:
        np.testing.assert_allclose(result, results[0], rtol=1e-12)


def _times(call: Callable[[], Any], count: int) -> list[float]:
    gc.collect()
    call()  # a first one that does not count
    seconds = []
    for _ in range(count):
        began = perf_counter()
        call()
        seconds.append(perf_counter() - began)
    return seconds


_TEXT = """\
# The inputs of the graph

`python -m benchmarks.inputs` measures this and writes this page, where the extra `train` is
installed and a model is trained.

Three graphs do the same with {numbers} numbers and {categories} categories and give the same
results: levels become numbers, and all numbers are multiplied with weights. Only the inputs
differ. The times are medians of `session.run` on arrays that were there before, on one thread.

{table}

The model file takes one matrix of numbers and one of texts, because an input of its own for every
feature costs one row more than the arithmetic does. It takes a matrix of codes in the place of the
texts as well: the check of a row looks every level up anyway, so its codes cost nothing more, and
the conversion of texts, which is most of the work in bulk, falls away.
"""


def document(timing: Timing, *, numbers: int, categories: int) -> str:
    """Return the page."""
    header = ["inputs"]
    for count in SIZES:
        header += [f"{count:,} row{'s' * (count > 1)}", "to codes"]
    rows = []
    for name, by_count in timing.items():
        cells = [name]
        for count in SIZES:
            cells += [
                as_seconds(by_count[count]),
                as_ratio(by_count[count] / timing[CODES][count]),
            ]
        rows.append(cells)
    table = markdown(header, rows)
    return _TEXT.format(numbers=numbers, categories=categories, table=table)


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, print the page, and write it."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.inputs")
    parser.add_argument("--quick", action="store_true", help="few repetitions, rough figures")
    parser.add_argument(
        "--no-write", dest="write", action="store_false", help="leave the document as it is"
    )
    options = parser.parse_args(arguments)
    contract = load_model().contract
    timing = measure(contract, rounds=2 if options.quick else 20)
    page = document(timing, numbers=len(contract.numbers), categories=len(contract.categories))
    print(page)
    if options.write:
        DOCUMENT.parent.mkdir(exist_ok=True)
        DOCUMENT.write_text(page, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
