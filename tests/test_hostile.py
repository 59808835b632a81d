"""What a client sends costs what its size allows, and nothing of it is kept."""

import gc
import json
import random
import tracemalloc
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from regression_model import InputError, Model, Problem, load_model, make_prediction
from regression_model.runtime.contract import Field


def test_one_row_of_a_hundred_thousand_unknown_keys(
    model: Model, rows: list[dict[str, Any]]
) -> None:
    """Twenty are named, the rest counted."""
    row = rows[0] | {f"GarageArea{i}": 1 for i in range(100_000)}
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
    (one_more,) = model.predict([rows[0] | {f"x{i}": 1 for i in range(21)}]).problems[20:]
    assert "And 1 more field is not known and was not used." == one_more.message


def test_a_long_name_is_cut(model: Model, rows: list[dict[str, Any]]) -> None:
    """In the sentence and as the field, so that no answer is larger than what was asked."""
    row = rows[0] | {"x" * 10_000_000: 1}
    (problem,) = model.predict([row]).problems
    assert f"{'x' * 57}..." == problem.field
    assert len(problem.message) < 120
    absent = model.predict([{"x" * 1_000_000: 1}]).problems[0]
    assert "missing_column" == absent.code
    assert len(absent.message) < 300


NOTHING: dict[str, list[Any]] = {
    "empty rows": [{}] * 10_001,
    "numbers": [1] * 10_001,
    "nulls and lists": [None, []] * 5_001,
    "rows of unknown names": [{f"{i}": 1} for i in range(10_001)],
    "rows of one field": [{"LotArea": 1}] * 10_001,
}


@pytest.mark.parametrize("body", NOTHING.values(), ids=NOTHING)
def test_tens_of_thousands_of_rows_without_a_required_field_are_refused(
    model: Model, rows: list[dict[str, Any]], body: list[Any]
) -> None:
    """In one sentence; a few of them, or fewer than there are others, are answered one by one."""
    with pytest.raises(InputError, match="rows lack a required field, such as "):
        model.predict(body)
    with pytest.raises(InputError, match="10,000 of them at most are answered row by row"):
        make_prediction(input_data=[*rows, *body])
    assert 10_000 == len(model.predict(body[:10_000]))
    whole = model.predict(body + rows[:1] * 10_100)
    assert np.isnan(whole.values[: len(body)]).all()
    assert not np.isnan(whole.values[len(body) :]).any()


def test_a_dict_of_long_columns_without_a_required_field_is_refused(model: Model) -> None:
    """As JSON has it; a table of a library is answered whatever its length."""
    with pytest.raises(InputError, match="20,000 of 20,000 rows lack a required field"):
        model.predict({"Fence": [None] * 20_000})
    assert 20_000 == len(model.predict(pd.DataFrame({"Fence": [None] * 20_000})))


def test_of_many_problems_an_answer_tells_one_for_each_further_row(
    model: Model, rows: list[dict[str, Any]], required_number: Field
) -> None:
    """An error if the row has one; the rows before them have all of theirs."""
    bad = rows[0] | {"colour": 1, required_number.name: -1, "YearBuilt": "x"}
    body = [bad, *[{"colour": 1}] * 9_000, bad, rows[1] | {"colour": 1}]
    prediction = model.predict(body)
    assert len(prediction.problems) > 60_000
    told = prediction.to_dicts()
    for row in (0, 1, 10):
        assert [p.to_dict() for p in prediction.problems if p.row == row] == told[row]["problems"]
    assert ["below_minimum"] == [p["code"] for p in told[9_001]["problems"]]
    assert ["unknown_field"] == [p["code"] for p in told[9_002]["problems"]]
    assert all(row["problems"] for row in told)
    assert sum(len(row["problems"]) for row in told) < 20_000 + len(told)
    answer = make_prediction(input_data=body)
    assert answer["errors"] is not None and answer["warnings"] is not None
    errors, warnings = json.loads(answer["errors"]), json.loads(answer["warnings"])
    assert [p for row in told for p in row["problems"] if p["severity"] == "error"] == errors
    assert [p for row in told for p in row["problems"] if p["severity"] == "warning"] == warnings


def test_what_is_wrong_with_all_rows_is_said_in_each_as_one_object(model: Model) -> None:
    """All of it in an answer of few rows, and its first in one of many."""
    few, many = model.predict([{}] * 3), model.predict([{}] * 9_000)
    assert len(few.problems) == len(many.problems) > 3
    for prediction, said in ((few, len(few.problems)), (many, 1)):
        told = [row["problems"] for row in prediction.to_dicts()]
        assert {said} == {*map(len, told)}
        assert 1 == len({id(row[0]) for row in told})


def test_rows_with_many_sets_of_names_are_read_as_others_are(
    model: Model, all_rows: tuple[dict[str, str], ...]
) -> None:
    """Cell by cell: the same arrays and problems, with unknown, absent and repeated names."""
    chance = random.Random(0)
    aliased = next(f for f in model.contract.fields if f.used and f.aliases)
    body: list[Any] = [
        {k: c for k, c in row.items() if chance.random() > 0.05} for row in all_rows[:400]
    ]
    body[5] |= {"colour": 1, "size": [2]}
    body[6] |= {aliased.name: "1", aliased.aliases[0]: "2"}
    body[7] |= {"LotArea": "many", "Neighborhood": []}
    body[8:10] = [7, None]
    alone = [model.predict([row, *all_rows[:1]]) for row in body]
    whole = model.predict(body)
    np.testing.assert_allclose(whole.values, [one.values[0] for one in alone], rtol=1e-12)
    of_row: dict[int | None, list[Problem]] = {}
    for problem in whole.problems:
        of_row.setdefault(problem.row, []).append(replace(problem, row=0))
    for at, one in enumerate(alone):
        expected = {p for p in one.problems if p.row == 0}
        assert expected == {*of_row.get(at, ())}, at


def test_unknown_names_that_differ_from_row_to_row_are_counted_in_the_end(
    model: Model, rows: list[dict[str, Any]]
) -> None:
    """The names of a thousand rows are told."""
    problems = model.predict([rows[0] | {f"x{i}": 1, f"y{i}": 1} for i in range(1_500)]).problems
    assert [f"x{i}" for i in range(1_000)] == [p.field for p in problems[:2_000:2]]
    assert {(None, "And 2 more fields are not known and were not used.")} == {
        (p.field, p.message) for p in problems[2_000:]
    }
    assert [*range(1_000, 1_500)] == [p.row for p in problems[2_000:]]


def test_no_request_leaves_anything_in_memory(rows: list[dict[str, Any]]) -> None:
    """Hostile ones and honest ones, one after the other, for as long as the server runs."""
    load_model().predict(rows).to_dicts()

    def ask(turn: int) -> None:
        hostile: list[Any] = [
            rows[0] | {f"{turn}" + "x" * 1_000_000: 1},
            rows[0] | {f"{turn} {i}": 1 for i in range(5_000)},
            *({f"{turn} {i}": i} for i in range(50)),
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
    assert kept[-1] < kept[3] + 100_000
