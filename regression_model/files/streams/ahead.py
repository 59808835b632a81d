"""Slices processed in parallel, and yielded in order."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from queue import SimpleQueue
from threading import Thread
from typing import TypeVar

__all__ = ["in_order"]

Given = TypeVar("Given")
Made = TypeVar("Made")

_LONGEST_WAIT = 1.0  # seconds for the reader to stop: it may be waiting for a pipe


def in_order(
    work: Callable[[Given], Made], slices: Iterator[Given], *, threads: int = 1
) -> Iterator[Made]:
    """Yield the result of `work` for each slice, while the next ones are read and processed.

    The memory holds a few slices more than there are threads.
    """
    waiting: deque[Future[Made]] = deque()
    wanted: SimpleQueue[bool] = SimpleQueue()
    found: SimpleQueue[Given | BaseException | None] = SimpleQueue()
    # Not in an executor: at exit Python would wait for a read that may never return.
    reader = Thread(target=_read, args=(slices, wanted, found), daemon=True)
    reader.start()
    with ThreadPoolExecutor(threads) as workers:
        wanted.put(True)
        try:
            while True:
                given = found.get()
                if isinstance(given, BaseException):
                    raise given
                if given is not None:
                    wanted.put(True)
                    waiting.append(workers.submit(work, given))
                while waiting and (given is None or len(waiting) > threads):
                    yield waiting.popleft().result()
                if given is None:
                    return
        finally:
            wanted.put(False)
            for made in waiting:
                made.cancel()
            reader.join(_LONGEST_WAIT)


def _read(
    slices: Iterator[Given],
    wanted: SimpleQueue[bool],
    found: SimpleQueue[Given | BaseException | None],
) -> None:
    while wanted.get():
        try:
            found.put(next(slices, None))
        except BaseException as error:
            found.put(error)
