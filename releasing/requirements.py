"""The libraries of requirements/*.in, each with the reason that stands above it as a comment."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from benchmarks.environments import REQUIREMENTS, ROOT

__all__ = ["EXTRAS", "Library", "libraries", "locked_versions", "normalized"]

_PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
EXTRAS = tuple(_PROJECT["tool"]["setuptools"]["dynamic"]["optional-dependencies"])
_NAME = re.compile(r"[A-Za-z0-9][\w.-]*")


@dataclass(frozen=True)
class Library:
    """A direct dependency: what the lines of a file say about it.

    Attributes
    ----------
    lines : tuple of str
        Its requirements, more than one where they differ between Pythons.
    reason : str
        The comment above the first line. Where there is none, the comment at the top of the file,
        for a tool; for a library that users install, nothing.
    """

    name: str
    lines: tuple[str, ...]
    reason: str


def libraries(name: str, *, folder: Path = REQUIREMENTS) -> list[Library]:
    """Read `requirements/NAME.in`.

    The comment directly above a library is its reason; an empty line ends a comment.
    """
    found: dict[str, Library] = {}
    path = folder / f"{name}.in"
    otherwise = "" if name in ("runtime", *EXTRAS) else _heading(path)
    for line, comment in _lines_with_comments(path):
        match = _NAME.match(line)
        if match is None:
            raise ValueError(f"{name}.in: {line!r} is not a requirement")
        library = normalized(match[0])
        known = found.get(library, Library(library, (), comment or otherwise))
        found[library] = Library(library, (*known.lines, line), known.reason)
    return list(found.values())


def _heading(path: Path) -> str:
    first = path.read_text(encoding="utf-8").partition("\n")[0]
    return first.lstrip("# ").strip() if first.startswith("#") else ""


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
