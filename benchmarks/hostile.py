"""What hostile input costs, beside honest input of the same size: `python -m benchmarks.hostile`.

Requests of 1 MB are answered from their text to the text of the answer, in turn with one of
complete rows, in one process. Other inputs are read at two sizes. Prints two tables, and ends with
exit code 1 when a demand is missed; `docs/reliability.md` has them.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import count, cycle
from time import process_time
from typing import Any

import numpy as np
import pandas as pd

import regression_model
from regression_model import InputError, Model, load_model, make_prediction
from regression_model.config.core import parse_config
from regression_model.runtime.model_file.wire import Rule, read_message
from regression_model.training.baselines import plain_linear
from regression_model.training.cross_validation import Fold
from regression_model.training.intervals import scale_of

from .demands import Demand
from .rows import read_records
from .table import markdown

__all__ = ["bodies", "main"]

MEGABYTE = 1_000_000
HONEST = "complete rows"
_OF_HONEST = Demand("at most 20× complete rows", 20.0)
_OF_EACH_ROW = Demand("at most 20×, or per row no more than a complete row", 1.0)
_OF_A_ROW = Demand("under 100 ms", 0.1)
_OF_TWICE = Demand("at most 3× for twice the size", 3.0)
_ROUNDS = 5

Body = Any
WAYS: dict[str, Callable[[Model, str], object]] = {
    "`.problems`": lambda model, text: model.predict(json.loads(text)).problems,
    "`to_dicts`": lambda model, text: json.dumps(model.predict(json.loads(text)).to_dicts()),
    "`make_prediction`": lambda model, text: json.dumps(
        make_prediction(input_data=json.loads(text))
    ),
}


def bodies(model: Model) -> dict[str, Body]:
    """Return what a client may send in 1 MB or less, by what is in it."""
    records = [_typed(model, record) for record in read_records()]
    used = [field.name for field in model.contract.fields if field.used]
    numbers = {field.name for field in model.contract.numbers}
    required = [field.name for field in model.contract.fields if field.used and field.required]
    honest = records[0]
    least = {name: honest[name] for name in required}
    optional = [name for name in used if name not in required]
    chance = random.Random(0)

    def all_of(number: Any, level: Any) -> dict[str, Any]:
        return {name: number if name in numbers else level for name in used}

    return {
        HONEST: _filled(cycle(records)),
        "required fields only": _filled(cycle([least])),
        "30 optional fields of each row": _filled(
            least | {name: honest[name] for name in chance.sample(optional, 30)} for _ in count()
        ),
        "one row with 65,000 unknown keys": [honest | {f"LotAre{i}": 1 for i in range(65_000)}],
        "rows with 20 unknown keys": _filled(
            honest | {f"k{i} {j}": 1 for j in range(20)} for i in count()
        ),
        "required fields and 3 unknown ones": _filled(
            least | {f"{i} {j}": 1 for j in range(3)} for i in count()
        ),
        "a misspelt name in each row": _filled(honest | {f"LotAre{i}": 1} for i in count()),
        "a key of 999,000 characters": [honest | {"x" * 999_000: 1}],
        "keys of 1,000 characters": _filled(honest | {f"{i:01000d}": 1} for i in count()),
        "a text of 999,000 characters": [honest | {"LotArea": "x" * 999_000}],
        "a number of 999,000 digits": [honest | {"LotArea": "1" * 999_000}],
        "a list in the place of a number": [honest | {"LotArea": list(range(150_000))}],
        "words for numbers, numbers for words": _filled(cycle([all_of("x", 1)])),
        "the same, all different": _filled(all_of(f"x{i}", i) for i in count()),
        "a list in each cell": _filled(cycle([all_of([], [])])),
        "infinities and unknown levels": _filled(all_of(1e999, f"{i}") for i in count()),
        "required fields null": _filled(cycle([dict.fromkeys(required)])),
        "empty rows": _filled(cycle([{}])),
        "10,000 empty rows": [{}] * 10_000,
        "10,000 empty rows and one complete": [honest] + [{}] * 10_000,
        "numbers in the place of rows": _filled(cycle([1])),
        "nulls in the place of rows": _filled(cycle([None])),
        "lists in the place of rows": _filled(cycle([[]])),
        "rows of one field": _filled(cycle([{optional[0]: None}])),
        "10,000 rows of two fields, one unknown": [
            honest,
            *({optional[0]: None, f"{i}": 1} for i in range(10_000)),
        ],
        "a dict of columns, one field": {optional[0]: [1] * 490_000},
        "a dict of columns, 71,000 rows": {name: [1] * 71_000 for name in required},
        "a dict of 65,000 columns": {f"LotAre{i}": [1] for i in range(65_000)},
    }


def _typed(model: Model, record: dict[str, Any]) -> dict[str, Any]:
    """Return a row of the table as a client sends it: numbers as numbers, null for missing."""
    typed: dict[str, Any] = {}
    for field in model.contract.fields:
        cell = record.get(field.name)
        if field.used:
            missing = cell in (None, "", *model.contract.missing_values)
            typed[field.name] = None if missing else float(cell) if field.is_number else cell
    return typed


def _filled(rows: Iterator[Any]) -> list[Any]:
    """Take rows until their text is 1 MB long."""
    taken, size = [], 0
    for row in rows:
        size += len(_text(row)) + 1
        if size > MEGABYTE:
            return taken
        taken.append(row)
    return taken


def _text(body: Body) -> str:
    return json.dumps(body, separators=(",", ":"))


def _seconds(work: Callable[[], object]) -> float:
    start = process_time()
    work()
    return process_time() - start


@dataclass(frozen=True)
class _Cost:
    """The least times of a body, of the honest one in the same rounds, and what became of it."""

    seconds: float
    honest: float
    answer: str

    @property
    def ratio(self) -> float:
        return self.seconds / self.honest


def _cost(model: Model, way: Callable[[Model, str], object], text: str, honest: str) -> _Cost:
    def asked() -> str:
        try:
            answer = way(model, text)
        except InputError:
            return "refused"
        return f"{len(answer) / MEGABYTE:.1f} MB" if isinstance(answer, str) else ""

    answer = asked()
    times = []
    for _ in range(_ROUNDS):
        times.append((_seconds(asked), _seconds(lambda: way(model, honest))))
    least, of_honest = map(min, zip(*times, strict=True))
    return _Cost(least, of_honest, answer)


def _requests(model: Model) -> tuple[list[list[str]], list[str]]:
    """Return the rows of the table of requests, and the demands that are missed."""
    lines, missed = [], []
    every = bodies(model)
    honest = _text(every[HONEST])
    for name, body in every.items():
        text = _text(body)
        costs = {way: _cost(model, work, text, honest) for way, work in WAYS.items()}
        rows = len(body) if isinstance(body, list) else len(next(iter(body.values())))
        lines.append(
            [
                name,
                f"{rows:,}",
                *(f"{cost.ratio:.1f}×" for cost in costs.values()),
                costs["`to_dicts`"].answer,
            ]
        )
        for way, cost in costs.items():
            limit, value = _OF_HONEST, cost.ratio
            if isinstance(body, dict) and rows > len(every[HONEST]):  # many short rows
                limit, value = _OF_EACH_ROW, cost.ratio * len(every[HONEST]) / rows
            if not limit.is_met(value):
                missed.append(f"{name}, {way}: {limit.text}, {cost.ratio:.1f}×")
        print(f"{name}: {lines[-1][2:]}", file=sys.stderr, flush=True)
    return lines, missed


def _one_row(model: Model) -> float:
    """Return the seconds for one row with 100,000 unknown keys, from the row to its answer."""
    row = bodies(model)[HONEST][0] | {f"GarageArea{i}": 1 for i in range(100_000)}
    return min(_seconds(lambda: model.predict([row]).to_dicts()) for _ in range(_ROUNDS))


CONFIG = """\
name: large
description: a table of many columns
target:
  name: y
  description: what is predicted
data:
  training: rows.csv
estimator:
  ridge:
    alpha: 1
features:
"""


def _feature(name: str, kind: str = "number", **more: str) -> str:
    lines = {"description": "a column", "kind": kind, "missing": "most_frequent"} | more
    return f"  {name}:\n" + "".join(f"    {key}: {value}\n" for key, value in lines.items())


def _words(stem: str, number: int) -> str:
    return ", ".join(f"{stem}{i}" for i in range(number))


def _levels(size: int) -> object:
    return parse_config(CONFIG + _feature("f", "nominal", levels=_words("l", size)))


def _aliases(size: int) -> object:
    return parse_config(CONFIG + _feature("f", aliases=_words("a", size)))


def _features(size: int) -> object:
    return parse_config(CONFIG + "".join(_feature(f"f{i}") for i in range(size)))


def _groups(size: int) -> object:
    features = "".join(_feature(f"f{i}") for i in range(size))
    return parse_config(f"{CONFIG}{features}evaluation:\n  groups: {_words('f', size)}\n")


def _misspelt(size: int) -> object:
    features = "".join(_feature(f"f{i}") for i in range(size // 5))
    try:
        return parse_config(f"{CONFIG}{features}evaluation:\n  groups: {_words('g', size)}\n")
    except regression_model.ConfigError as error:
        return error


def _derived(size: int) -> object:
    chain = "".join(f"  d{i}:\n    sum: f, d{i + 1}\n" for i in range(size - 1))
    last = f"  d{size - 1}:\n    sum: f, f\n"
    return parse_config(f"{CONFIG}{_feature('f')}derived:\n{chain}{last}")


def _message(size: int) -> object:
    return read_message(b"\x0a\x01x" * size, {1: Rule("words", "text", repeated=True)})


def _baseline(size: int) -> object:
    rows = 12_000
    levels = np.random.default_rng(0).integers(0, size, rows)
    frame = pd.DataFrame(
        {
            "size": np.arange(rows, dtype=float),
            "place": pd.Series([f"p{i}" for i in levels], dtype=object),
        }
    )
    half = np.arange(rows) < rows // 2
    parts = [np.flatnonzero(half), np.flatnonzero(~half)]
    nothing = np.empty((0, 0))
    folds = [Fold(*order, nothing, nothing, None) for order in (parts, parts[::-1])]
    return plain_linear(frame, (levels % 2).astype(float), scale_of("none", None), folds)


SIZES: dict[str, tuple[Callable[[int], object], int]] = {
    "levels of a field in a configuration": (_levels, 50_000),
    "aliases of a field": (_aliases, 50_000),
    "features": (_features, 1_000),
    "features in as many groups": (_groups, 1_000),
    "misspelt names": (_misspelt, 5_000),
    "derived features, each made from the next": (_derived, 1_000),
    "fields of a protobuf message": (_message, 300_000),
    "levels in the baseline of least squares": (_baseline, 3_500),
}


def _sizes() -> tuple[list[list[str]], list[str]]:
    """Return the rows of the table of sizes, and the demands that are missed."""
    lines, missed = [], []
    for name, (work, size) in SIZES.items():
        work(10)  # imports
        times = [(_seconds(lambda: work(size)), _seconds(lambda: work(size // 2))) for _ in "12"]
        whole, half = map(min, zip(*times, strict=True))
        lines.append([f"{size:,} {name}", f"{whole:.2g} s", f"{whole / half:.1f}×"])
        if not _OF_TWICE.is_met(whole / half):
            missed.append(f"{name}: {_OF_TWICE.text}, {whole / half:.1f}×")
        print(lines[-1], file=sys.stderr, flush=True)
    return lines, missed


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, print two tables, and return 1 when a demand is missed."""
    argparse.ArgumentParser(prog="python -m benchmarks.hostile", description=__doc__).parse_args(
        arguments
    )
    model = load_model()
    requests, missed = _requests(model)
    one = _one_row(model)
    if not _OF_A_ROW.is_met(one):
        missed.append(f"one row with 100,000 unknown keys: {_OF_A_ROW.text}, {1000 * one:.0f} ms")
    sizes, missed_sizes = _sizes()
    print(markdown(["1 MB of", "rows", *WAYS, "answer of `to_dicts`"], requests))
    print(f"\nOne row with 100,000 unknown keys: {1000 * one:.0f} ms ({_OF_A_ROW.text}).\n")
    print(markdown(["read", "time", "to half the size"], sizes))
    for demand in (missed := missed + missed_sizes):
        print(f"missed: {demand}", file=sys.stderr)
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
