"""What is installed here: which library requires which, and how large each is."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from importlib.metadata import distribution
from pathlib import Path

from .requirements import normalized

__all__ = ["Installed"]

_NOT_SHIPPED = {".pyc"}  # pip writes it on this machine


@dataclass(frozen=True)
class Installed:
    """The libraries of the running environment.

    Attributes
    ----------
    requires : dict of str to tuple of str
        What each library requires on this platform, without its extras.
    versions : dict of str to str
    """

    requires: Mapping[str, tuple[str, ...]]
    versions: Mapping[str, str]

    @classmethod
    def here(cls) -> Installed:
        """Ask pipdeptree."""
        done = subprocess.run(
            [sys.executable, "-m", "pipdeptree", "--extras", "none", "--output", "json"],
            capture_output=True,
            text=True,
            check=True,
        )
        requires, versions = {}, {}
        for entry in json.loads(done.stdout):
            name = normalized(entry["package"]["key"])
            versions[name] = entry["package"]["installed_version"]
            requires[name] = tuple(sorted(normalized(d["key"]) for d in entry["dependencies"]))
        return cls(requires, versions)

    @cached_property
    def sizes(self) -> dict[str, int]:
        """The bytes of the files of each library."""
        return {name: _size(name) for name in self.versions}

    def closure(self, names: Iterable[str]) -> set[str]:
        """Return these libraries and all that they bring."""
        found: set[str] = set()
        open_ = list(names)
        while open_:
            name = open_.pop()
            if name not in found:
                found.add(name)
                open_ += self.requires[name]
        return found

    def size(self, names: Iterable[str]) -> int:
        """Return the bytes of some libraries together."""
        return sum(self.sizes[name] for name in names)


def _size(name: str) -> int:
    paths = {Path(str(file.locate())).resolve() for file in distribution(name).files or ()}
    shipped = (path for path in paths if path.suffix not in _NOT_SHIPPED and path.is_file())
    return sum(path.stat().st_size for path in shipped)
