"""The service under attack: hostile and slow clients, killed workers, and its memory."""

from __future__ import annotations

import json
import os
import random
import signal
import socket
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPException
from statistics import fmean, linear_regression
from time import monotonic, sleep
from typing import Any

from .hostile_bodies import LEFT, PATH, Answer, Hostile, fault_of, hostile_requests, request, send
from .servers import Server, memory_of

__all__ = ["Killed", "Memories", "Tally", "attack", "kill_workers", "slow_clients", "soak"]

_SECONDS = 20  # without an answer is a hang
Row = dict[str, Any]


@dataclass
class Tally:
    """What was answered, by kind and status, and what should not have been."""

    answers: Counter[tuple[str, int]] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)
    slowest: float = 0.0

    def add(self, hostile: Hostile, answer: Answer, seconds: float) -> None:
        """Count an answer, and judge it."""
        self.answers[hostile.kind, answer.status] += 1
        self.slowest = max(self.slowest, seconds)
        try:
            fault = fault_of(hostile, answer)
        except (ValueError, LookupError, TypeError) as error:  # the answer is not of the form
            fault = f"{type(error).__name__} in reading {answer.body[:200]!r}"
        if fault:
            self.wrong.append(f"{hostile.kind}: {fault}")


def attack(port: int, row: Row, *, number: int, seed: int = 0) -> Tally:
    """Send so many hostile requests one after the other, an honest one after each hundred."""
    tally, honest = Tally(), Hostile("an honest request", _honest(row), "rows", 1)
    for at, hostile in enumerate(hostile_requests(row, number=number, seed=seed), start=1):
        _send(port, hostile, tally)
        if at % 100 == 0:
            _send(port, honest, tally)
    _send(port, honest, tally)
    return tally


def _honest(row: Row) -> bytes:
    return request(json.dumps({"inputs": [row]}).encode())


def _send(port: int, hostile: Hostile, tally: Tally) -> None:
    begun = monotonic()
    try:
        leave = hostile.expected == LEFT
        answer = send(("127.0.0.1", port), hostile.content, seconds=_SECONDS, leave=leave)
    except TimeoutError:
        tally.wrong.append(
            f"{hostile.kind}: no answer in {_SECONDS} s to {hostile.content[:200]!r}"
        )
    else:
        tally.add(hostile, answer, monotonic() - begun)


def slow_clients(port: int, row: Row, *, clients: int, limit: float) -> Tally:
    """Stop in the middle of so many requests at once; ask honestly meanwhile, and wait for all."""
    tally, whole = Tally(), _honest(row)
    ends = [random.Random(at).randrange(1, len(whole)) for at in range(clients)]
    connections = []
    for end in ends:
        connection = socket.create_connection(("127.0.0.1", port), timeout=3 * limit + 5)
        connection.sendall(whole[:end])
        connections.append(connection)
    for _ in range(20):
        _send(port, Hostile("an honest request meanwhile", whole, "rows", 1), tally)
    for connection in connections:
        with connection:
            received = b"".join(iter(lambda: connection.recv(65_536), b""))
        head, _, body = received.partition(b"\r\n\r\n")
        status = int(head.split()[1]) if head else 0
        answer = Answer(status, "application/json", body)
        tally.add(Hostile("a request that stops", b"", "refused"), answer, 0)
    return tally


@dataclass(frozen=True)
class Killed:
    """What a killed worker cost."""

    kills: int
    answered: int
    lost: list[int]  # for each kill, the requests that failed
    connections: int
    seconds: list[float]  # until there were as many workers again
    wrong: list[str]


def kill_workers(server: Server, row: Row, *, kills: int, connections: int = 8) -> Killed:
    """Kill a worker with SIGKILL under load, again and again; a failed request is sent again."""
    number, lost, seconds = len(server.workers()), [], list[float]()
    with _load(server.port, row, connections) as counts:
        for at in range(kills):
            sleep(1)
            before, begun = counts["lost"], monotonic()
            killed = server.workers()[at % number]
            os.kill(killed, signal.SIGKILL)
            while killed in (alive := server.workers()) or len(alive) < number:
                if monotonic() - begun > 30:
                    raise SystemExit("A killed worker was not replaced within 30 s.")
                sleep(0.02)
            seconds.append(monotonic() - begun)
            sleep(1)
            lost.append(counts["lost"] - before)
    wrong = [
        f"{name}: {times}" for name, times in counts.items() if name not in ("lost", "answered")
    ]
    return Killed(kills, counts["answered"], lost, connections, seconds, wrong)


@contextmanager
def _load(port: int, row: Row, connections: int) -> Iterator[Counter[str]]:
    """Keep some connections busy; count what is answered, and what is lost with its connection."""
    counts: Counter[str] = Counter()
    body, stop = json.dumps({"inputs": [row]}).encode(), threading.Event()

    def ask() -> None:
        connection = HTTPConnection("127.0.0.1", port, timeout=_SECONDS)
        while not stop.is_set():
            try:
                connection.request("POST", PATH, body, {"Content-Type": "application/json"})
                answer = connection.getresponse()
                results = json.loads(answer.read())["results"]
                right = answer.status == 200 and results[0]["prediction"] is not None
                counts["answered" if right else f"status {answer.status}"] += 1
            except (OSError, HTTPException):
                counts["lost"] += 1
                connection.close()  # opened again by the next request
        connection.close()

    threads = [threading.Thread(target=ask) for _ in range(connections)]
    for thread in threads:
        thread.start()
    try:
        yield counts
    finally:
        stop.set()
        for thread in threads:
            thread.join()


@dataclass
class Memories:
    """The memory of all workers together over time, after a time in which they warm up."""

    samples: list[tuple[float, int]] = field(default_factory=list)  # seconds, bytes

    def after(self, share: float) -> list[tuple[float, int]]:
        """Return the samples but for the first part of the time."""
        return self.samples[int(share * len(self.samples)) :]

    @property
    def thirds(self) -> tuple[float, float]:
        """The mean of the first third and of the last one."""
        sizes = [size for _, size in self.after(0.1)]
        third = max(1, len(sizes) // 3)
        return fmean(sizes[:third]), fmean(sizes[-third:])

    @property
    def slope(self) -> float:
        """Bytes an hour, over the second half."""
        seconds, sizes = zip(*self.after(0.5), strict=True)
        return 3600 * linear_regression(seconds, sizes).slope


def soak(
    server: Server,
    rows: Sequence[Row],
    *,
    minutes: float,
    say: Callable[[str], None] = lambda _: None,
) -> tuple[Memories, Tally]:
    """Send honest and hostile requests from four clients, half of each, and watch the memory."""
    memories, tally, stop = Memories(), Tally(), threading.Event()

    def attack_on(seed: int) -> None:
        chance, one = random.Random(seed), 0
        while not stop.is_set():
            one += 1
            number = chance.choice([1, 1, 1, 10, 100, 300])
            part = [chance.choice(rows) for _ in range(number)]
            honest = request(json.dumps({"inputs": part}).encode())
            _send(server.port, Hostile("an honest request", honest, "rows", number), tally)
            for hostile in hostile_requests(rows[0], number=1, seed=one * 1000 + seed, first=one):
                _send(server.port, hostile, tally)

    pids, begun = server.workers(), monotonic()
    with ThreadPoolExecutor(4) as pool:
        running = [pool.submit(attack_on, seed) for seed in range(4)]
        try:
            while (passed := monotonic() - begun) < 60 * minutes:
                sleep(min(1, 6 * minutes))
                memories.samples.append((passed, sum(memory_of(pid).proportional for pid in pids)))
                if len(memories.samples) % 60 == 0:
                    say(f"{passed / 60:.0f} min: {memories.samples[-1][1] / 1e6:.1f} MB")
        finally:
            stop.set()
        for one in running:
            one.result()
    if server.workers() != pids:
        tally.wrong.append("a worker ended during the soak")
    return memories, tally
