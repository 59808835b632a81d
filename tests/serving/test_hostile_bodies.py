"""What no honest client sends is answered with a sentence, and the service goes on.

The requests are those of `python -m benchmarks.soak`, which sends more of them.
"""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import Any
from urllib.parse import urlsplit

import pytest

from .conftest import Row, Served

pytestmark = pytest.mark.usefixtures("benchmarks")


@pytest.fixture(scope="module")
def port(service: Served) -> int:
    """The port of the running service."""
    found = urlsplit(service.url).port
    assert found is not None
    return found


@pytest.fixture(scope="module")
def attacks(benchmarks: None) -> Any:
    """The clients that attack."""
    return import_module("benchmarks.serving.attack")


def test_each_hostile_request_is_answered_as_expected(
    service: Served, port: int, rows: list[Row], attacks: Any
) -> None:
    """A 4xx with one sentence, or rows in error where the request is of the form."""
    tally = attacks.attack(port, rows[0], number=420, seed=1)
    assert tally.wrong == []
    assert not [status for _, status in tally.answers if status >= 500]
    assert '"event":"failed"' not in service.log()


def test_clients_that_stop_hold_nobody_up(port: int, rows: list[Row], attacks: Any) -> None:
    """They are refused together when their time is over; others are answered meanwhile."""
    tally = attacks.slow_clients(port, rows[0], clients=40, limit=2)
    assert tally.wrong == []
    assert tally.answers["a request that stops", 408] == 40


@pytest.mark.parametrize(
    ("expected", "answer", "fault"),
    [
        ("refused", (422, b'{"error": {"code": "a", "message": "Two.", "request_id": "b"}}'), None),
        (
            "refused",
            (422, b'{"error": {"code": "a", "message": "T\\n.", "request_id": "b"}}'),
            "one",
        ),
        (
            "refused",
            (422, b'{"error": {"code": "", "message": "Two.", "request_id": "b"}}'),
            "code",
        ),
        ("refused", (500, b"{}"), "received 500"),
        ("refused", (200, b"{}"), "received 200"),
        ("rows", (422, b"{}"), "received 422"),
        ("either", (0, b""), "no answer"),
        ("rows", (200, b'{"results": [], "problems": []}'), "0 results for 1 rows"),
        (
            "rows",
            (200, b'{"results": [{"prediction": null, "problems": []}], "problems": []}'),
            "None",
        ),
    ],
)
def test_an_answer_is_judged(
    expected: str, answer: tuple[int, bytes], fault: str | None, benchmarks: None
) -> None:
    """What counts as expected is what the page says."""
    bodies = import_module("benchmarks.serving.hostile_bodies")
    hostile = bodies.Hostile("some kind", b"", expected, 1)
    judge: Callable[..., str | None] = bodies.fault_of
    found = judge(hostile, bodies.Answer(answer[0], "application/json", answer[1]))
    assert found is None if fault is None else fault in str(found)
