"""A package index on 127.0.0.1, a real devpi-server, for tests and the rehearsal of a release."""

from __future__ import annotations

import base64
import os
import secrets
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import requests

from .archives import ReleaseError

__all__ = ["LocalIndex", "local_index"]

_PATIENCE = 60  # seconds until the server must answer


class LocalIndex:
    """A server with one user, whose indexes take each version once."""

    user = "releaser"

    def __init__(self, address: str) -> None:
        self.address = address
        self.password = secrets.token_urlsafe()
        self._put(self.user, {"password": self.password})

    def make(self, name: str) -> None:
        """Make an index."""
        login = {"user": self.user, "password": self.password}
        token = self._call("POST", "+login", login)["result"]["password"]
        key = base64.b64encode(f"{self.user}:{token}".encode()).decode()
        body = {"type": "stage", "bases": [], "volatile": False}
        self._put(f"{self.user}/{name}", body, {"X-Devpi-Auth": key})

    def upload_url(self, name: str) -> str:
        """Return the address for twine."""
        return f"{self.address}/{self.user}/{name}/"

    def read_url(self, name: str) -> str:
        """Return the address for pip."""
        return f"{self.address}/{self.user}/{name}/+simple/"

    def environment(self, name: str, *, staging: str | None = None) -> dict[str, str]:
        """Return the variables that `releasing.publish` reads, for an index."""
        variables = {
            "TWINE_REPOSITORY_URL": self.upload_url(name),
            "TWINE_USERNAME": self.user,
            "TWINE_PASSWORD": self.password,
            "RELEASE_INDEX_URL": self.read_url(name),
        }
        return variables | ({"RELEASE_STAGING_URL": self.read_url(staging)} if staging else {})

    def _put(self, path: str, body: dict[str, Any], headers: dict[str, str] | None = None) -> None:
        self._call("PUT", path, body, headers)

    def _call(
        self, method: str, path: str, body: dict[str, Any], headers: dict[str, str] | None = None
    ) -> Any:
        with requests.Session() as session:
            session.trust_env = False
            answer = session.request(
                method,
                f"{self.address}/{path}",
                json=body,
                headers={"Accept": "application/json"} | (headers or {}),
                timeout=30,
            )
        answer.raise_for_status()
        return answer.json()


@contextmanager
def local_index(folder: Path) -> Iterator[LocalIndex]:
    """Start a server with its data below `folder` and stop it afterwards."""
    server, log = folder / "index", folder / "index.log"
    init = [_program("devpi-init"), "--serverdir", str(server), "--no-root-pypi"]
    done = subprocess.run(init, capture_output=True, text=True, check=False)
    if done.returncode:
        raise ReleaseError(f"devpi-init failed: {done.stderr.strip()[-300:]}")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [_program("devpi-server"), "--serverdir", str(server), "--host", "127.0.0.1"]
    with log.open("wb") as output:
        process = subprocess.Popen([*command, "--port", str(port)], stdout=output, stderr=output)
    try:
        address = f"http://127.0.0.1:{port}"
        _wait(address, process, log)
        yield LocalIndex(address)
    finally:
        process.terminate()
        try:
            process.wait(timeout=20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _program(name: str) -> str:
    suffix = ".exe" if os.name == "nt" else ""
    return str(Path(sys.executable).with_name(name + suffix))


def _wait(address: str, process: subprocess.Popen[bytes], log: Path) -> None:
    until = time.monotonic() + _PATIENCE
    while time.monotonic() < until and process.poll() is None:
        try:
            with requests.Session() as session:
                session.trust_env = False
                if session.get(f"{address}/+api", timeout=5).ok:
                    return
        except requests.ConnectionError:
            time.sleep(0.2)
    raise ReleaseError(f"devpi-server does not answer: {log.read_text(errors='replace')[-500:]}")
