"""Mutations of a model file under a valid seal: each is refused, or predicts finite numbers.

    python -m benchmarks.fuzz --mutations 20000

A mutation changes the graph (its bytes, its nodes, constants and attributes) or the manifest (its
values or its bytes). The digest is made again, so nothing but the checks of what is inside protects
whoever opens it. A file that opens has to answer `predict`, `info` and `schema`, and one in five
`evaluate` and `explain`, with numbers or with an error of the package's own.
"""

from __future__ import annotations

import argparse
import faulthandler
import hashlib
import io
import json
import math
import random
import sys
import time
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import redirect_stdout
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import onnx

from regression_model import Model, ModelFileError, load_model
from regression_model.cli.console.terminal import show
from regression_model.errors import RegressionModelError
from regression_model.evaluation import tables
from regression_model.evaluation.scoring import evaluate_model
from regression_model.files.tables import read_table
from regression_model.runtime.model import PACKAGE_ROOT
from regression_model.runtime.model_file.release import find_model_file
from regression_model.runtime.model_file.sealing import DIGEST_KEY, MANIFEST_KEY, open_sealed
from regression_model.runtime.model_file.wire import delimited

__all__ = ["Outcome", "fuzz"]

_ROWS = 3
_SECONDS = 60  # for one mutation; more is a hang
_SLOW = 5  # of the files that open one in so many is evaluated and explained

_HOSTILE: list[Callable[[random.Random], Any]] = [
    lambda r: None,
    lambda r: True,
    lambda r: 0,
    lambda r: -1,
    lambda r: 1.5,
    lambda r: 10 ** r.choice([3, 20, 400]),
    lambda r: r.choice([1e308, -1e308, 5e-324, 1e999, math.nan]),
    lambda r: "",
    lambda r: r.choice(["\0", "\ud800", "\x1b[2J", "../../etc/passwd", "a\nb", "NA", "x" * 5000]),
    lambda r: [],
    lambda r: [None],
    lambda r: [[], {}],
    lambda r: {},
    lambda r: {"": None},
    lambda r: {"name": 1},
    lambda r: nested(r.choice([5, 40, 900])),
]


@dataclass
class Outcome:
    """What became of the mutated files; `wrong` has a seed and a reason for each that broke."""

    refused: Counter[str] = field(default_factory=Counter)
    opened: int = 0
    wrong: list[str] = field(default_factory=list)
    slowest: float = 0.0


def nested(depth: int) -> Any:
    """Return an empty list in so many others."""
    value: Any = []
    for _ in range(depth):
        value = [value]
    return value


def sealed(graph: bytes, manifest: bytes) -> bytes:
    """Seal a graph with a manifest that may be any bytes."""

    def entry(key: str, value: bytes) -> bytes:
        return delimited(14, delimited(1, key.encode()) + delimited(2, value))

    body = graph + entry(MANIFEST_KEY, manifest)
    return body + entry(DIGEST_KEY, hashlib.sha256(body).hexdigest().encode())


def changed_bytes(content: bytes, r: random.Random) -> bytes:
    """Change, remove, insert or repeat a few bytes."""
    out = bytearray(content)
    for _ in range(r.choice([1, 1, 1, 2, 8])):
        at = r.randrange(len(out) + 1)
        length = r.choice([1, 1, 2, 8, 100])
        match r.randrange(5):
            case 0:
                out[at : at + 1] = bytes([r.randrange(256)])
            case 1:
                del out[at : at + length]
            case 2:
                out[at:at] = r.randbytes(length)
            case 3:
                out[at:at] = out[at : at + length]
            case 4 if at < len(out):
                out[at] ^= 1 << r.randrange(8)
    return bytes(out)


def changed_graph(content: bytes, r: random.Random) -> bytes:
    """Change a node, a constant, an attribute, an input or a version."""
    model = onnx.load_from_string(content)
    graph = model.graph
    for _ in range(r.choice([1, 1, 2, 4])):
        node, tensor = r.choice(graph.node), r.choice(graph.initializer)
        names = [n.output[0] for n in graph.node] + [t.name for t in graph.initializer]
        match r.randrange(13):
            case 0:
                node.op_type = r.choice([*{n.op_type for n in graph.node}, "Loop", "Tile", "Exp"])
            case 1 if node.input:
                node.input[r.randrange(len(node.input))] = r.choice([*names, "numbers", "codes"])
            case 2:
                graph.node.remove(node)
            case 3:
                graph.node.append(node)
            case 4 if node.attribute:
                attribute = r.choice(node.attribute)
                attribute.i = r.choice([-1, 0, 1, 2, 2**31, 2**62])
                attribute.type = r.choice([2, 2, 2, 1, 3, 7])
            case 5 if len(tensor.raw_data) >= 8 and tensor.data_type in (7, 11):
                dtype = np.float64 if tensor.data_type == 11 else np.int64
                array = np.frombuffer(tensor.raw_data[: len(tensor.raw_data) // 8 * 8], dtype)
                flat, at = array.copy(), r.randrange(len(array))
                odd = [math.nan, math.inf, -math.inf, 1e308, -1e308, 5e-324, 0.0]
                whole = [-1, 0, 2**62, -(2**62), 10**6]
                flat[at] = r.choice(odd if array.dtype.kind == "f" else whole)
                tensor.raw_data = flat.tobytes()
            case 6 if tensor.dims:
                tensor.dims[r.randrange(len(tensor.dims))] = r.choice([-1, 0, 1, 2**40, 2**62])
            case 7:
                tensor.data_type = r.randrange(24)
            case 8 if len(tensor.dims) == 2:
                tensor.dims[:] = [tensor.dims[1], tensor.dims[0]]
            case 9:
                port = r.choice([*graph.input, *graph.output])
                port.type.tensor_type.elem_type = r.randrange(18)
            case 10:
                port = r.choice([*graph.input, *graph.output])
                if port.type.tensor_type.shape.dim:
                    port.type.tensor_type.shape.dim[-1].dim_value = r.choice([0, 1, 5, 2**40])
            case 11:
                tensor.raw_data = tensor.raw_data[: len(tensor.raw_data) // 16 * 8]
                if tensor.dims:
                    tensor.dims[0] = len(tensor.raw_data) // 8
            case 12:
                r.choice(model.opset_import).version = r.choice([1, 5, 9, 17, 18, 99])
    return bytes(model.SerializeToString())


def changed_manifest(text: bytes, r: random.Random) -> bytes:
    """Change, remove or double values anywhere, or the bytes themselves."""
    if r.random() < 0.1:
        return changed_bytes(text, r)
    if r.random() < 0.01:
        return b'{"format":' + b"[" * 100_000 + b"]" * 100_000 + b"}"
    changed = json.loads(text)
    for _ in range(r.choice([1, 1, 1, 2, 5])):
        at: Any = changed
        while True:
            keys = list(at) if isinstance(at, dict) else list(range(len(at)))
            if not keys:
                break
            key = r.choice(keys)
            if isinstance(at[key], dict | list) and at[key] and r.random() < 0.8:
                at = at[key]
                continue
            match r.randrange(4):
                case 0:
                    del at[key]
                case 1 if isinstance(at, list):
                    at.append(at[key])
                case 2 if isinstance(at[key], str):
                    at[key] = changed_bytes(at[key].encode("utf-8", "surrogatepass"), r).decode(
                        "latin-1"
                    )
                case _:
                    at[key] = r.choice(_HOSTILE)(r)
            break
    return json.dumps(changed, ensure_ascii=r.random() < 0.9).encode("utf-8", "surrogatepass")


def fault_of(model: Model, rows: list[dict[str, Any]], *, slow: bool) -> str | None:
    """Say what is wrong with the answers of a file that opened."""
    prediction = model.predict(rows)
    if len(prediction) != len(rows):
        return f"{len(prediction)} predictions for {len(rows)} rows"
    has_problem = {problem.row for problem in prediction.errors}
    for i, ends in enumerate(
        zip(prediction.values, prediction.lower, prediction.upper, strict=True)
    ):
        if not (np.isfinite(ends).all() or i in has_problem or None in has_problem):
            return f"row {i} has {ends} and no problem"
    json.dumps([prediction.to_dicts(), model.manifest, model.contract.json_schema()])
    with redirect_stdout(io.StringIO()):
        show(tables.record(model.manifest, model.contract), tables.recorded_metrics(model.manifest))
        show(*tables.recorded_sentences(model.manifest))
    if not slow:
        return None
    try:
        target = model.manifest["target"]["name"]
        evaluate_model(model, [row | {target: 150_000.0} for row in rows])
        model.explain(rows[:1])
    except RegressionModelError:
        pass  # in the package's own words
    return None


def fuzz(mutations: int, *, seed: int = 0, progress: bool = False) -> Outcome:
    """Mutate the shipped model file so many times and try to use every one."""
    path = find_model_file(PACKAGE_ROOT)
    if path is None:
        raise ModelFileError("There is no model file to mutate: train it with tox -e train.")
    content = path.read_bytes()
    manifest = open_sealed(content, name="shipped")
    proto = onnx.load_from_string(content)
    del proto.metadata_props[:]
    graph = proto.SerializeToString(deterministic=True)
    text = json.dumps(manifest).encode()
    columns = read_table(str(PACKAGE_ROOT / "datasets" / "test.csv"))
    rows = [{name: cells[i] for name, cells in columns.items()} for i in range(_ROWS)]
    outcome = Outcome()
    for i in range(mutations):
        r = random.Random(f"{seed}/{i}")
        match r.randrange(10):
            case 0 | 1:
                mutated = sealed(changed_bytes(graph, r), text)
            case 2 | 3 | 4:
                mutated = sealed(changed_graph(graph, r), text)
            case _:
                mutated = sealed(graph, changed_manifest(text, r))
        faulthandler.dump_traceback_later(_SECONDS, exit=True)
        start = time.perf_counter()
        try:
            model = Model(mutated, name="it")
        except ModelFileError as error:
            outcome.refused[" ".join(str(error).split()[:5])] += 1
            if "\n" in str(error):
                outcome.wrong.append(f"{seed}/{i}: refused in several lines: {error}")
        except Exception as error:
            outcome.wrong.append(f"{seed}/{i}: opening: {type(error).__name__}: {error}"[:300])
        else:
            outcome.opened += 1
            try:
                fault = fault_of(model, rows, slow=outcome.opened % _SLOW == 0)
            except Exception as error:
                trace = error.__traceback__
                while trace and trace.tb_next:
                    trace = trace.tb_next
                where = (
                    trace and f"{Path(trace.tb_frame.f_code.co_filename).name}:{trace.tb_lineno}"
                )
                fault = f"{type(error).__name__} in {where}: {error}"
            if fault:
                outcome.wrong.append(f"{seed}/{i}: {fault}"[:300])
        finally:
            faulthandler.cancel_dump_traceback_later()
        outcome.slowest = max(outcome.slowest, time.perf_counter() - start)
        if progress and (i + 1) % 500 == 0:
            print(f"{i + 1:,}: {outcome.opened:,} opened, {len(outcome.wrong)} wrong", flush=True)
    return outcome


def main(arguments: Sequence[str] | None = None) -> int:
    """Run so many mutations and print what became of them."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.fuzz", description=__doc__)
    parser.add_argument("--mutations", type=int, default=20_000)
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args(arguments)
    load_model()
    outcome = fuzz(given.mutations, seed=given.seed, progress=True)
    print(f"{given.mutations:,} mutations, seed {given.seed}:")
    print(f"  {sum(outcome.refused.values()):,} refused when opened")
    for reason, times in outcome.refused.most_common():
        print(f"    {times:6,} {reason} ...")
    print(f"  {outcome.opened:,} opened, and answered with finite numbers or problems")
    print(f"  {len(outcome.wrong):,} wrong; the slowest took {outcome.slowest:.2f} s")
    for line in outcome.wrong:
        print(f"    {line!a}")
    return 1 if outcome.wrong else 0


if __name__ == "__main__":
    sys.exit(main())
