"""The server under the service: uvicorn, its workers, their signals and their log."""

from __future__ import annotations

import asyncio
import ctypes
import gc
import logging
import os
import signal
import socket
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import uvicorn
from uvicorn.supervisors import Multiprocess

from ..errors import InputError, ModelFileError, TrackingError
from ..runtime.installed import Source
from .app import Service, create_app
from .http.limits import Limits
from .http.logs import Log, LogHandler
from .http.protocol import LimitedProtocol
from .state import SHARED_FOLDER, State, source_of

__all__ = ["Settings", "serve"]

_M_ARENA_MAX = -8  # of glibc


@dataclass(frozen=True)
class Settings:
    """How to serve which model; travels to the workers."""

    model: Path | Source | None
    host: str
    port: int
    workers: int
    limits: Limits
    log_level: str = "info"
    access_log: bool = True

    def __call__(self) -> Service:
        """Return the application, in the process that serves it."""
        _keep_memory_together()
        log = Log(level=self.log_level, access=self.access_log)
        _use_log(log)
        try:
            service = create_app(self.model, limits=self.limits, log=log)
        except (ModelFileError, TrackingError) as error:
            if self.workers == 1:
                raise
            # The others have an older model. This worker is started again until it can be opened.
            log.event("error", "model refused", reason=str(error))
            time.sleep(1)
            sys.exit(1)
        service.on_startup.append(_spare_what_stays)
        if hasattr(signal, "SIGHUP"):
            service.on_startup.append(lambda: _on_hangup(service.state.look_now))
        return service


class _Server(uvicorn.Server):
    """The one process of a service with a single worker."""

    def handle_exit(self, sig: int, frame: Any) -> None:
        """Finish what is under way; at a second Ctrl-C end at once."""
        if self.should_exit and sig == signal.SIGINT:
            os._exit(130)
        super().handle_exit(sig, frame)


class _Workers(Multiprocess):
    """Several workers, of which one that dies is started again."""

    def handle_hup(self) -> None:
        """Let every worker read the model again; uvicorn would start them all again."""
        for process in self.processes:
            if process.pid is not None and process.process.is_alive():
                with suppress(ProcessLookupError):
                    os.kill(process.pid, signal.SIGHUP)


def serve(settings: Settings, announce: Callable[[str], None]) -> None:
    """Serve until a signal stops it; requests under way are answered first.

    Parameters
    ----------
    announce : is given the line that says what is served where

    Raises
    ------
    ModelFileError
        When there is no such model, or it cannot be opened.
    InputError
        When the address cannot be used.
    """
    with _listen(settings.host, settings.port) as listening:
        if settings.workers == 1:
            _serve_here(settings, listening, announce)
        else:
            _serve_with_workers(settings, listening, announce)


def _serve_here(settings: Settings, listening: socket.socket, announce: Any) -> None:
    service = settings()
    announce(_announcement(service.state.current, listening))
    # uvicorn repeats the signal that stopped it; it was obeyed, and the exit code is 0.
    for obeyed in (signal.SIGINT, signal.SIGTERM):
        signal.signal(obeyed, lambda *_: None)
    _Server(_config(settings, service)).run(sockets=[listening])


def _serve_with_workers(settings: Settings, listening: socket.socket, announce: Any) -> None:
    opened = State(source_of(settings.model)).current  # says what is wrong before any starts
    _use_log(Log(level=settings.log_level))
    with tempfile.TemporaryDirectory(prefix="regression-model-") as folder:
        os.environ[SHARED_FOLDER] = folder
        announce(_announcement(opened, listening))
        del opened
        _Workers(_config(settings, settings, factory=True), sockets=[listening]).run()


def _config(settings: Settings, app: Any, *, factory: bool = False) -> uvicorn.Config:
    return uvicorn.Config(
        app,
        factory=factory,
        host=settings.host,
        port=settings.port,
        workers=settings.workers,
        http=LimitedProtocol,
        loop="uvloop" if sys.platform != "win32" else "asyncio",
        ws="none",
        lifespan="on",
        interface="asgi3",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        timeout_keep_alive=30,
        timeout_graceful_shutdown=int(2 * settings.limits.seconds) + 5,
    )


def _listen(host: str, port: int) -> socket.socket:
    """Return a socket bound to an address, so that a port in use is known before all else."""
    try:
        (family, _, _, _, address), *_ = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )
    except (OSError, UnicodeError):
        raise InputError(
            f"The host {host!r} is not known: name an address of this machine."
        ) from None
    listening = socket.socket(family, socket.SOCK_STREAM)
    try:
        if os.name == "posix":
            listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind(address)
        listening.listen(2048)
    except OSError as error:
        listening.close()
        reason = error.strerror or str(error)
        raise InputError(
            f"{host} port {port} cannot be used ({reason}): name another one with --port, or 0 "
            "for any that is free."
        ) from None
    listening.set_inheritable(True)
    return listening


def _announcement(opened: Any, listening: socket.socket) -> str:
    host, port = listening.getsockname()[:2]
    shown = f"[{host}]" if ":" in host else host
    return f"Serving {opened.name} {opened.version} on http://{shown}:{port} (Ctrl-C stops it)"


def _use_log(log: Log) -> None:
    """Let the server's warnings and errors go into the service's log."""
    logger = logging.getLogger("uvicorn")
    logger.handlers, logger.propagate = [LogHandler(log)], False
    logger.setLevel(logging.WARNING)


def _keep_memory_together() -> None:
    """Let all threads take memory from one place.

    glibc gives each a place of its own, and what is free in one is not there for the others: in
    ten minutes of load the memory grew more. A MALLOC_ARENA_MAX of the environment goes first.
    """
    if sys.platform == "linux" and "MALLOC_ARENA_MAX" not in os.environ:
        with suppress(AttributeError, OSError):  # another C library
            ctypes.CDLL(None).mallopt(_M_ARENA_MAX, 1)


def _spare_what_stays() -> None:
    """Let the garbage collector pass over what was made until now.

    Modules and the model stay. To go through them took over 20 ms, in which every request waited:
    at 64 connections the p99 was 19 ms, and is 5 ms without.
    """
    gc.collect()
    gc.freeze()


def _on_hangup(look: Callable[[], None]) -> None:
    with suppress(NotImplementedError, RuntimeError, ValueError):  # mounted, or not on this system
        asyncio.get_running_loop().add_signal_handler(signal.SIGHUP, look)
