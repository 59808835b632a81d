"""Servers in processes of their own, seen from outside: what they answer, and what they take."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import urllib.request
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryFile
from time import monotonic, sleep
from types import TracebackType

from ..environments import Unavailable

__all__ = ["Memory", "Server", "free_port", "service"]

_TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True)
class Memory:
    """The memory of a process in bytes: its share of what it uses with others, and all of it."""

    proportional: int
    resident: int


def free_port() -> int:
    """Return a port of 127.0.0.1 that nothing listens on."""
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        port: int = listening.getsockname()[1]
        return port


class Server:
    """A server that is started, waited for, and stopped with all its processes."""

    def __init__(
        self,
        command: Sequence[str],
        *,
        port: int,
        ready: str,
        variables: Mapping[str, str] | None = None,
        folder: Path | None = None,
        seconds: float = 60,
    ) -> None:
        self.port = port
        self.log = TemporaryFile("w+", encoding="utf-8", errors="replace")
        self._process = subprocess.Popen(
            [*command],
            env=None if variables is None else dict(variables),
            cwd=folder,
            stdout=self.log,
            stderr=self.log,
            start_new_session=True,
        )
        try:
            self._wait(f"http://127.0.0.1:{port}{ready}", seconds)
        except BaseException:
            self.stop()
            raise

    def _wait(self, address: str, seconds: float) -> None:
        end = monotonic() + seconds
        while True:
            with suppress(OSError), urllib.request.urlopen(address, timeout=5):
                return
            if self._process.poll() is not None or monotonic() > end:
                said = self.said().strip().splitlines() or ["no word about it"]
                raise Unavailable(f"a server did not start: {said[-1]}")
            sleep(0.05)

    def said(self) -> str:
        """Return what it has written so far."""
        self.log.seek(0)
        return self.log.read()

    @property
    def pid(self) -> int:
        """The process that was started, which may have workers below it."""
        return self._process.pid

    def workers(self) -> list[int]:
        """Return the processes that answer: those without children, and none that only watches."""
        parents = {pid: _parent(pid) for pid in map(int, filter(str.isdigit, os.listdir("/proc")))}
        below, found = [self.pid], []
        for pid in below:
            children = [child for child, parent in parents.items() if parent == pid]
            below += children
            if not [child for child in children if not _only_watches(child)]:
                found.append(pid)
        return [pid for pid in found if not _only_watches(pid)]

    def memory(self) -> list[Memory]:
        """Return the memory of each worker."""
        return [memory_of(pid) for pid in self.workers()]

    def processor_seconds(self) -> float:
        """Return what its workers have used of the processors."""
        return sum(_processor_seconds(pid) for pid in self.workers())

    def wait_until_idle(self, seconds: float = 30) -> None:
        """Wait until it works on nothing: some go on for clients that have left."""
        end, used = monotonic() + seconds, self.processor_seconds()
        while monotonic() < end:
            sleep(0.2)
            before, used = used, self.processor_seconds()
            if used - before <= 0.02:
                return

    def stop(self) -> int:
        """Stop it as an operator would; return its exit code."""
        self._process.send_signal(signal.SIGTERM)
        try:
            code = self._process.wait(20)
        except subprocess.TimeoutExpired:
            code = -1
        with suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        self.log.close()
        return code

    def __enter__(self) -> Server:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()


def service(*options: str, workers: int = 1, python: str = sys.executable) -> Server:
    """Start `regression-model serve` on a free port."""
    port = free_port()
    command = [python, "-P", "-m", "regression_model", "serve", "--port", str(port)]
    return Server([*command, "--workers", str(workers), *options], port=port, ready="/health/ready")


def memory_of(pid: int) -> Memory:
    """Return the memory of a process."""
    sizes = {}
    for line in Path(f"/proc/{pid}/smaps_rollup").read_text(encoding="utf-8").splitlines()[1:]:
        name, _, size = line.partition(":")
        sizes[name] = int(size.split()[0]) * 1024
    return Memory(sizes["Pss"], sizes["Rss"])


def _fields(pid: int) -> list[str]:
    with suppress(OSError):
        text = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8")
        return text.rpartition(")")[2].split()
    return []


def _parent(pid: int) -> int:
    fields = _fields(pid)
    return int(fields[1]) if fields else 0


def _processor_seconds(pid: int) -> float:
    fields = _fields(pid)
    return (int(fields[11]) + int(fields[12])) / _TICKS if fields else 0.0


def _only_watches(pid: int) -> bool:
    with suppress(OSError):
        return b"resource_tracker" in Path(f"/proc/{pid}/cmdline").read_bytes()
    return True
