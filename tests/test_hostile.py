"""What a client sends costs what its size allows, and nothing of it is kept."""

import gc
import time
import tracemalloc
from collections.abc import Callable
from typing import Any

import pytest

from regression_model import Model, load_model, make_prediction


def seconds(work: Callable[[], object]) -> float:
    """Return the shortest of three times."""
    times = []
    for _ in range(3):
        start = time.process_time()
        work()
        times.append(time.process_time() - start)
    return min(times)


def test_one_row_of_a_hundred_thousand_unknown_keys(
    model: Model, rows: list[dict[str, Any]]
) -> None:
    """Costs a fraction of a second, problems and all: twenty are named, the rest counted."""
    row = rows[0] | {f"GarageArea{i}": 1 for i in range(100_000)}
    assert seconds(lambda: model.predict([row]).problems) < 1
    assert seconds(lambda: make_prediction(input_data=row)) < 1
    problems = model.predict([row]).problems
    assert 21 == len(problems)
    assert "did you mean GarageArea?" in problems[0].message
    last = problems[-1]
    assert (0, None, "unknown_field", "warning") == (
        last.row,
        last.field,
        last.code,
        last.severity,
    )
    assert "And 99,980 more fields are not known and were not used." == last.message


def test_a_long_name_is_cut(model: Model, rows: list[dict[str, Any]]) -> None:
    """In the sentence and as the field, so that no answer is larger than what was asked."""
    row = rows[0] | {"x" * 10_000_000: 1}
    assert seconds(lambda: model.predict([row]).problems) < 1
    (problem,) = model.predict([row]).problems
    assert f"{'x' * 57}..." == problem.field
    assert len(problem.message) < 120
    absent = model.predict([{"x" * 1_000_000: 1}]).problems[0]
    assert "missing_column" == absent.code
    assert len(absent.message) < 300


BODIES: dict[str, Callable[[dict[str, Any]], list[Any]]] = {
    "one row of 100,000 keys": lambda row: [row | {f"k{i}": 1 for i in range(80_000)}],
    "rows of 20 keys": lambda row: [
        row | {f"k{i} {j}": 1 for j in range(20)} for i in range(1_200)
    ],
    "misspelt keys": lambda row: [row | {f"LotAre{i}": 1} for i in range(1_900)],
    "keys of 1,000 characters": lambda row: [row | {f"{i:01000d}": 1 for i in range(950)}],
    "one key": lambda row: [row | {"x" * 999_000: 1}],
    "one text": lambda row: [row | {"LotArea": "x" * 999_000}],
    "one number": lambda row: [row | {"LotArea": "1" * 999_000}],
    "one list": lambda row: [row | {"LotArea": list(range(150_000))}],
    "levels": lambda row: [row | {"Neighborhood": f"x{i}"} for i in range(2_000)],
}


@pytest.mark.parametrize("make", BODIES.values(), ids=BODIES)
def test_any_body_of_a_megabyte_costs_what_an_honest_one_may(
    model: Model,
    all_rows: tuple[dict[str, str], ...],
    make: Callable[[dict[str, Any]], list[Any]],
) -> None:
    """At most twenty times as much, with every sentence written."""
    used = [field.name for field in model.contract.fields if field.used]
    honest = [{name: row[name] for name in used} for row in all_rows] * 2
    body = make(honest[0])
    allowed = 40 * seconds(  # twenty, and as much again for a busy machine
        lambda: model.predict(honest[:2_000]).problems
    )
    assert seconds(lambda: model.predict(body).problems) < allowed
    assert seconds(lambda: make_prediction(input_data=body)) < allowed


def test_no_request_leaves_anything_in_memory(rows: list[dict[str, Any]]) -> None:
    """Hostile ones and honest ones, one after the other, for as long as the server runs."""
    load_model().predict(rows).to_dicts()

    def ask(turn: int) -> None:
        hostile: list[Any] = [
            rows[0] | {f"{turn}" + "x" * 1_000_000: 1},
            rows[0] | {f"{turn} {i}": 1 for i in range(5_000)},
            *({f"{turn} {i}": i} for i in range(300)),
            rows[0] | {"Neighborhood": f"{turn}" + "x" * 100_000},
        ]
        for row in hostile:
            load_model().predict([row]).to_dicts()
            make_prediction(input_data=row)
        load_model().predict(rows).to_dicts()

    ask(-1)
    tracemalloc.start()
    try:
        kept = []
        for turn in range(8):
            ask(turn)
            gc.collect()
            kept.append(tracemalloc.get_traced_memory()[0])
    finally:
        tracemalloc.stop()
    assert max(kept) < 6_000_000
    assert kept[-1] < kept[3] + 500_000
