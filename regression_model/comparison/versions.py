"""Semantic versions: the smallest one that a release may have.

Versions are read as https://peps.python.org/pep-0440/ writes them; pre-releases in the way of
https://semver.org/ are understood as well.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from .rules import Release

__all__ = ["is_enough", "smallest_version"]

_STAGES = {"a": 1, "alpha": 1, "b": 2, "beta": 2}  # other words: a release candidate
_RELEASE_CANDIDATE, _FINAL, _POST = 3, 4, 5
_VERSION = re.compile(
    r"v?((?P<epoch>\d+)!)?(?P<numbers>\d+(\.\d+)*)"
    r"([-_.]?(?P<stage>alpha|beta|preview|pre|a|b|c|rc)[-_.]?(?P<of_stage>\d*))?"
    r"((?P<post>-\d+|[-_.]?(post|rev|r)[-_.]?\d*))?"
    r"(?P<dev>[-_.]?dev[-_.]?\d*)?"
    r"(\+[a-z0-9._-]+)?",
    re.ASCII | re.IGNORECASE,
)


@dataclass(frozen=True, order=True)
class _Version:
    """A version, in the order of PEP 440."""

    epoch: int
    numbers: tuple[int, ...]
    stage: int
    of_stage: int
    is_finished: bool
    of_dev: int

    @classmethod
    def of(cls, text: str) -> _Version | None:
        """Read a version; None if it is not one."""
        found = _VERSION.fullmatch(text)
        if found is None:
            return None
        numbers = tuple(map(int, found["numbers"].split(".")))
        stage, of_stage = _FINAL, 0
        if found["stage"]:
            stage = _STAGES.get(found["stage"].lower(), _RELEASE_CANDIDATE)
            of_stage = int(found["of_stage"] or 0)
        elif found["post"]:
            stage, of_stage = _POST, _last_number(found["post"])
        elif found["dev"]:
            stage = 0
        return cls(
            int(found["epoch"] or 0),
            (*numbers, 0, 0, 0)[: max(3, len(numbers))],
            stage,
            of_stage,
            found["dev"] is None,
            _last_number(found["dev"] or ""),
        )


def _last_number(text: str) -> int:
    return int(re.sub(r".*\D", "", text) or 0)


def smallest_version(old: str, release: Release, *, is_same_file: bool = False) -> str | None:
    """Return the smallest version that a release after `old` may have; None if it is no version.

    Below 1.0.0 the second number stands for a major release, and the third for the others. A
    pre-release may still change all that its final version may.
    """
    version = _Version.of(old)
    if version is None:
        return None
    if is_same_file:
        return old
    numbers = _smallest(version, release)
    epoch = f"{version.epoch}!" if version.epoch else ""
    return epoch + ".".join(map(str, numbers))


def is_enough(new: str, old: str, release: Release, *, is_same_file: bool = False) -> bool | None:
    """Say whether a version is large enough for a release after `old`; None if one is no version.

    A pre-release of a version that is large enough is large enough.
    """
    before, after = _Version.of(old), _Version.of(new)
    if before is None or after is None:
        return None
    if is_same_file:
        return after >= before
    smallest = (before.epoch, _smallest(before, release))
    return after > before and (after.epoch, after.numbers) >= smallest


def _smallest(version: _Version, release: Release) -> tuple[int, ...]:
    first, second, third, *_ = version.numbers
    is_before_one = first == 0 and version.epoch == 0
    is_final = version.stage >= _FINAL
    if release == "major" and not is_before_one:
        return (first + (is_final or second > 0 or third > 0), 0, 0)
    if release == "major" or (release == "minor" and not is_before_one):
        return (first, second + (is_final or third > 0), 0)
    return (first, second, third + is_final)
