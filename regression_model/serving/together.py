"""Small requests that arrive together, predicted in one call: each answer is what it is alone."""

from __future__ import annotations

import asyncio
from typing import Any, NamedTuple

from .answers import Answer, predict_rows, predict_separately
from .state import Opened

__all__ = ["Together"]

MOST_ROWS = 8  # of a request that waits for others; more rows gain little
_MOST_REQUESTS = 64


class _Waiting(NamedTuple):
    opened: Opened
    rows: list[Any]
    answer: asyncio.Future[Answer]


class Together:
    """Collects requests for one turn of the event loop: those that it has read from the sockets.

    Nothing waits for a request that has not arrived. A call of the model costs as much for one
    row as for several, so a busy service answers more requests in the same time, and the last of
    those that arrived together waits less.
    """

    def __init__(self) -> None:
        self._waiting: list[_Waiting] = []

    async def predict(self, opened: Opened, rows: list[Any]) -> Answer:
        """Predict the rows of one request."""
        if not 0 < len(rows) <= MOST_ROWS:
            return predict_rows(opened, rows)
        loop = asyncio.get_running_loop()
        if not self._waiting:
            loop.call_soon(self._answer)
        waiting = _Waiting(opened, rows, loop.create_future())
        self._waiting.append(waiting)
        if len(self._waiting) == _MOST_REQUESTS:
            self._answer()
        return await waiting.answer

    def _answer(self) -> None:
        waiting, self._waiting = self._waiting, []
        while waiting:
            opened = waiting[0].opened  # another one only while the model is replaced
            together = [one for one in waiting if one.opened is opened]
            waiting = [one for one in waiting if one.opened is not opened]
            _answer_all(opened, together)


def _answer_all(opened: Opened, together: list[_Waiting]) -> None:
    try:
        answers = predict_separately(opened, [one.rows for one in together])
    except Exception:  # found again, and reported, where it belongs
        answers = [None] * len(together)
    for one, answer in zip(together, answers, strict=True):
        if one.answer.done():  # the client has gone
            continue
        try:
            one.answer.set_result(answer or predict_rows(opened, one.rows))
        except Exception as error:
            one.answer.set_exception(error)
