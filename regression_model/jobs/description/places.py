"""What inputs and outputs hold, and that no output replaces an input."""

from __future__ import annotations

import os
import stat
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from ...errors import InputError
from ...remote import shown

if TYPE_CHECKING:
    from ...files.streams import Format
    from .settings import Kind

__all__ = [
    "MODEL",
    "PLACE_OF_RUNS",
    "check_places",
    "input_format",
    "output_format",
    "registered",
    "source_name",
]

MODEL = (
    "Model file, name of an installed model, or registered model such as runs:/NAME@champion; "
    "without it, the shipped one."
)
PLACE_OF_RUNS = (
    "Folder with runs, or mlflow+http://HOST:PORT/EXPERIMENT; without it, the folder runs."
)


def registered(model: Path | None, runs: str | None = None) -> Path | None:
    """Return the file of a model that is given by a name such as `runs:/house-prices@champion`.

    `runs` is the place where runs are recorded, as for `open_runs`.
    """
    if model is None or not str(model).startswith(("runs:", "models:")):
        return model
    from ...tracking.sources import local_file

    return local_file(model, runs=runs)


def source_name(data: str) -> str:
    """Return the name of a file with rows for messages, without what may be secret in a URL."""
    return "standard input" if data == "-" else Path(shown(data)).name


def input_format(
    path: str, kind: Kind | None, separator: str | None, *, option: str | None = "--from"
) -> Format | None:
    """Return what an input holds; None for standard input, whose content decides."""
    from ...files.streams import Format, format_of, separator_of

    found = None
    if kind is not None:
        found = Format(kind.value)
    elif path != "-":
        found = format_of(path, option=option)
    if separator is None:
        return found
    if found is not None and found.kind != "csv":
        raise InputError(f"--separator is for CSV, and {shown(path)} is read as {found.kind}.")
    return Format("csv", separator_of(separator))


def output_format(
    kind: Kind | None, output: str | None, *, option: str | None = "--to"
) -> Format | None:
    """Return what to write; None for CSV to standard output, or a table on a terminal."""
    from ...files.streams import Format, format_of

    if kind is not None:
        is_packed = output is not None and output.lower().endswith(".gz")
        return Format(kind.value, packed=is_packed and kind.value != "parquet")
    return None if output in (None, "-") else format_of(str(output), option=option)


def check_places(
    outputs: Mapping[str, Path | str | None], inputs: Mapping[str, Path | str | None]
) -> None:
    """Raise InputError if an output would replace an input or another output, by any name or link.

    Parameters
    ----------
    outputs, inputs : what each is called, with its path; `-` is a standard stream, None is unused
    """
    seen = [(name, str(path), "r") for name, path in inputs.items() if path is not None]
    for output, path in outputs.items():
        if path is None:
            continue
        place = str(path)
        for name, other, mode in seen:
            file = _file(place, "w")
            if file is not None and file == _file(other, mode) or _is_same_name(place, other):
                called = "standard output" if place == "-" else shown(place)
                raise InputError(f"{called} is the {name}: name another file for the {output}.")
        seen.append((output, place, "w"))


def _file(path: str, mode: str) -> tuple[int, int] | None:
    """Return which file a path leads to if it is a regular one, not a pipe or a device."""
    try:
        stream = sys.stdout if mode == "w" else sys.stdin
        found = os.fstat(stream.fileno()) if path == "-" else os.stat(path)
    except (OSError, AttributeError, ValueError):
        return None
    return (found.st_dev, found.st_ino) if stat.S_ISREG(found.st_mode) else None


def _is_same_name(one: str, other: str) -> bool:
    """Return whether two files that do not exist yet would be one."""
    if "-" in (one, other) or os.path.exists(one):
        return False
    return os.path.realpath(one) == os.path.realpath(other)
