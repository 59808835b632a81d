"""No output takes the place of an input, of the model or of another output."""

from __future__ import annotations

import os
import stat
import sys
from collections.abc import Mapping
from pathlib import Path

from ..errors import InputError

__all__ = ["check_places", "model_place"]


def check_places(outputs: Mapping[str, str | None], inputs: Mapping[str, str | None]) -> None:
    """See to it that what is written is none of what is read, by whatever name or link.

    Parameters
    ----------
    outputs, inputs : what each is called, with its path; `-` is a standard stream, None is nothing

    Raises
    ------
    InputError
        When two of them are one file.
    """
    seen = [(name, path, "r") for name, path in inputs.items() if path is not None]
    for output, place in outputs.items():
        if place is None:
            continue
        for name, path, mode in seen:
            if _is_same(_found(place, "w"), _found(path, mode)) or _is_same_name(place, path):
                called = "standard output" if place == "-" else place
                raise InputError(f"{called} is the {name}: name another file for the {output}.")
        seen.append((output, place, "w"))


def model_place(model: Path | None) -> str | None:
    """Return where the model file is that is named, or the shipped one."""
    from ..runtime.model_file.release import PACKAGE_ROOT, find_model_file

    found = model or find_model_file(PACKAGE_ROOT)
    return None if found is None else str(found)


def _found(path: str, mode: str) -> os.stat_result | None:
    """Return what a path leads to if it is a regular file: pipes and devices hold nothing."""
    try:
        stream = sys.stdout if mode == "w" else sys.stdin
        found = os.fstat(stream.fileno()) if path == "-" else os.stat(path)
    except (OSError, AttributeError, ValueError):
        return None
    return found if stat.S_ISREG(found.st_mode) else None


def _is_same(one: os.stat_result | None, other: os.stat_result | None) -> bool:
    return one is not None and other is not None and os.path.samestat(one, other)


def _is_same_name(one: str, other: str) -> bool:
    """Say whether two files that are not there yet would be one."""
    if "-" in (one, other) or os.path.exists(one):
        return False
    return os.path.realpath(one) == os.path.realpath(other)
