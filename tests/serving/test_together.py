"""Requests that arrive together are predicted together, and answered as if each were alone."""

from __future__ import annotations

import asyncio
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from regression_model import Model, Prediction
from regression_model.serving.answers import predict_rows
from regression_model.serving.state import Opened
from regression_model.serving.together import Together


@pytest.fixture(scope="module")
def opened(model: Model) -> Opened:
    """The shipped model, as the service holds it."""
    return Opened(model)


def answers(opened: Opened, requests: list[list[Any]]) -> list[bytes]:
    """Return the answers to requests that arrive in one turn of the event loop."""

    async def ask() -> list[bytes]:
        together = Together()
        found = await asyncio.gather(*(together.predict(opened, rows) for rows in requests))
        return [one.body for one in found]

    return asyncio.run(ask())


def spoilt(row: dict[str, Any], how: int) -> Any:
    """Return a row in one of the ways in which clients send them."""
    ways: list[Any] = [
        row,
        {name: value for name, value in row.items() if name != "GrLivArea"},
        row | {"LotArea": -1},
        row | {"Colour": "blue"},
        row | {"LotFrontage": None},
        row | {"LotFrontage": 5_000},
        "not a row",
        {},
    ]
    return ways[how]


@given(data=st.data())
def test_an_answer_is_what_it_is_alone(
    data: st.DataObject, opened: Opened, all_rows: tuple[dict[str, str], ...]
) -> None:
    """Whatever other requests hold, each gets the same bytes as if it had arrived by itself."""
    row = st.builds(spoilt, st.sampled_from(all_rows[:50]), st.integers(0, 7))
    requests = data.draw(st.lists(st.lists(row, max_size=9), min_size=1, max_size=6))
    alone = [predict_rows(opened, rows).body for rows in requests]
    assert answers(opened, requests) == alone


def test_requests_without_problems_share_one_call_of_the_model(
    opened: Opened, all_rows: tuple[dict[str, str], ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Sixteen requests of one row cost one call, and are answered in their order."""
    rows = [row for row in all_rows[:40] if not opened.model.predict([row]).findings][:16]
    expected = opened.model.predict(rows).values.tolist()
    called: list[int] = []
    predict = opened.model.predict

    def counted(rows: list[Any]) -> Prediction:
        called.append(len(rows))
        return predict(rows)

    monkeypatch.setattr(opened.model, "predict", counted)
    found = [orjson.loads(body) for body in answers(opened, [[row] for row in rows])]
    assert called == [16]
    assert [one["results"][0]["prediction"] for one in found] == expected
