"""Slices worked on at once, and handed on in their order."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

__all__ = ["in_order"]

Given = TypeVar("Given")
Made = TypeVar("Made")


def in_order(
    work: Callable[[Given], Made], slices: Iterator[Given], *, threads: int = 1
) -> Iterator[Made]:
    """Yield what `work` makes of each slice, while the next ones are read and worked on.

    As many slices are held in memory as there are threads, and a few more.
    """
    waiting: deque[Future[Made]] = deque()
    with ThreadPoolExecutor(1) as reader, ThreadPoolExecutor(threads) as workers:
        following = reader.submit(next, slices, None)
        try:
            while True:
                given = following.result()
                if given is not None:
                    following = reader.submit(next, slices, None)
                    waiting.append(workers.submit(work, given))
                while waiting and (given is None or len(waiting) > threads):
                    yield waiting.popleft().result()
                if given is None:
                    return
        finally:
            following.cancel()
            for made in waiting:
                made.cancel()
