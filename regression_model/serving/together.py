"""Small requests that arrive together, predicted in one call: each answer is what it is alone."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any, NamedTuple

from .answers import Answer, predict_rows, predict_separately
from .state import Opened

__all__ = ["Together"]

MOST_ROWS = 8  # of a request that waits for others; more rows gain little
_MOST_REQUESTS = 64

Then = Callable[[Answer | Exception], None]


class _Waiting(NamedTuple):
    opened: Opened
    rows: list[Any]
    then: Then


class Together:
    """Collects requests until a turn of the event loop brings no other one.

    A turn takes microseconds, and reads what has arrived at the sockets: nothing waits for a
    request that has not arrived. A call of the model costs little more for several rows than for
    one, so a busy service answers more requests in the same time, and the last of those that
    arrived together waits less. Clients that ask again as soon as they have an answer are soon
    answered together: the first of them ask again while the last are being answered.
    """

    def __init__(self) -> None:
        self._waiting: list[_Waiting] = []
        self._were_waiting = 0

    async def predict(self, opened: Opened, rows: list[Any]) -> Answer:
        """Predict the rows of one request."""
        future = asyncio.get_running_loop().create_future()

        def then(answer: Answer | Exception) -> None:
            if future.done():  # the client has gone
                return
            if isinstance(answer, Exception):
                future.set_exception(answer)
            else:
                future.set_result(answer)

        self.add(opened, rows, then)
        answer: Answer = await future
        return answer

    def add(self, opened: Opened, rows: list[Any], then: Then) -> None:
        """Predict the rows of one request, and call `then` with the answer or an error."""
        waiting = _Waiting(opened, rows, then)
        if not 0 < len(rows) <= MOST_ROWS:
            _answer_one(waiting)
            return
        if not self._waiting:
            asyncio.get_running_loop().call_soon(self._answer_or_wait)
        self._waiting.append(waiting)
        if len(self._waiting) == _MOST_REQUESTS:
            self._answer()

    def _answer_or_wait(self) -> None:
        waiting = len(self._waiting)
        if waiting == self._were_waiting:
            self._answer()
        elif waiting:  # otherwise there were so many that they are answered already
            self._were_waiting = waiting
            asyncio.get_running_loop().call_soon(self._answer_or_wait)

    def _answer(self) -> None:
        waiting, self._waiting, self._were_waiting = self._waiting, [], 0
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
        if answer is None:
            _answer_one(one)
        else:
            one.then(answer)


def _answer_one(one: _Waiting) -> None:
    try:
        answer: Answer | Exception = predict_rows(one.opened, one.rows)
    except Exception as error:
        answer = error
    one.then(answer)
