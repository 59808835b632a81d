"""The libraries of requirements/*.in, each with the reason that stands above it as a comment."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from benchmarks.environments import REQUIREMENTS

__all__ = ["EXTRAS", "Library", "libraries", "locked_versions", "normalized"]

EXTRAS = ("train", "batch", "report", "tune", "package", "convert")
_NAME = re.compile(r"[A-Za-z0-9][\w.-]*")


@dataclass(frozen=True)
class Library:
    """A direct dependency: what the lines of a file say about it.

    Attributes
    ----------
    lines : tuple of str
        Its requirements, more than one where they differ between Pythons.
    reason : str
        The comment above the first line; empty where there is none.
    """

    name: str
    lines: tuple[str, ...]
    reason: str


def libraries(name: str, *, folder: Path = REQUIREMENTS) -> list[Library]:
    """Read `requirements/NAME.in`.

    The comment directly above a library is its reason; an empty line ends a comment.
    """
    found: dict[str, Library] = {}
    for line, comment in _lines_with_comments(folder / f"{name}.in"):
        match = _NAME.match(line)
        if match is None:
            raise ValueError(f"{name}.in: {line!r} is not a requirement")
        library = normalized(match[0])
        known = found.get(library, Library(library, (), comment))
        found[library] = Library(library, (*known.lines, line), known.reason)
    return list(found.values())


def _lines_with_comments(path: Path) -> Iterator[tuple[str, str]]:
    comment: list[str] = []
    for line in path.read_text(encoding="utf-8").splitlines():
        if line.startswith("#"):
            comment.append(line.lstrip("# ").strip())
            continue
        if line.strip():
            yield line.strip(), " ".join(comment)
        comment = []


def normalized(name: str) -> str:
    """Return the name of a library as indexes and lock files write it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def locked_versions(lock: Path = REQUIREMENTS / "lock.txt") -> dict[str, str]:
    """Return the version of each library in the lock."""
    pin = re.compile(r"^([\w.-]+)==([^\s;\\]+)", flags=re.MULTILINE)
    return {normalized(name): version for name, version in pin.findall(lock.read_text("utf-8"))}
