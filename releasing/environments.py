"""Empty environments, and what is installed into them by the lock."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from shutil import which

from .archives import ROOT, ReleaseError

__all__ = ["Environment", "pythons"]

_REQUIREMENTS = ROOT / "requirements"
_VERSIONS = ("python3.11", "python3.12", "python3.13")


def pythons() -> Iterator[tuple[str, Path | None]]:
    """Yield the supported Pythons by name, each with its path or, where it is missing, None."""
    for name in _VERSIONS:
        found = which(name)
        command = [found or "", "-c", "import sys; print(sys.executable)"]
        try:
            ran = subprocess.run(command, capture_output=True, text=True, check=True)
            yield name, Path(ran.stdout.strip())
        except (OSError, subprocess.CalledProcessError):
            yield name, None


@dataclass(frozen=True)
class Environment:
    """A virtual environment in a folder."""

    folder: Path

    @classmethod
    def make(cls, folder: Path, python: Path) -> Environment:
        """Make an empty one."""
        _run([str(python), "-m", "venv", str(folder)])
        return cls(folder)

    @property
    def python(self) -> Path:
        """Its interpreter."""
        return self._scripts / ("python.exe" if os.name == "nt" else "python")

    @property
    def program(self) -> Path:
        """The command of this package in it."""
        return self._scripts / "regression-model"

    @property
    def _scripts(self) -> Path:
        return self.folder / ("Scripts" if os.name == "nt" else "bin")

    def install(self, *arguments: str) -> None:
        """Run `pip install`."""
        self._pip("install", *arguments)

    def install_locked(self, name: str) -> None:
        """Install the libraries in requirements/NAME.txt, by their hashes."""
        self._pip("install", "-r", str(_REQUIREMENTS / f"{name}.txt"))

    def download_locked(self, folder: Path, name: str) -> None:
        """Put the same libraries into a folder."""
        self._pip("download", "--dest", str(folder), "-r", str(_REQUIREMENTS / f"{name}.txt"))

    def _pip(self, *arguments: str) -> None:
        _run([str(self.python), "-m", "pip", *arguments, "--quiet", "--disable-pip-version-check"])


def _run(command: list[str]) -> None:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    done = subprocess.run(
        command,
        env=kept,
        cwd=ROOT,
        stdout=sys.stderr,
        stderr=subprocess.PIPE,
        text=True,
        check=False,
    )
    if done.returncode:
        raise ReleaseError(f"{' '.join(command[1:5])} failed: {done.stderr.strip()[-500:]}")
