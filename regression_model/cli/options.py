"""Options that several commands have, and what is checked of them."""

from __future__ import annotations

import os
import stat
import sys
from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ..errors import InputError

if TYPE_CHECKING:
    from ..files.streams import Format
    from ..tracking.recording import Recorder

__all__ = [
    "ConfigOption",
    "FromOption",
    "InputArgument",
    "Kind",
    "ModelOption",
    "PlaceOfRunsOption",
    "RecordOption",
    "SchedulerOption",
    "SeparatorOption",
    "TrainingRowsOption",
    "check_places",
    "input_format",
    "recorder_of",
    "output_format",
    "registered",
]


class Kind(StrEnum):
    """What a file holds."""

    csv = "csv"
    jsonl = "jsonl"
    parquet = "parquet"


InputArgument = Annotated[
    str, typer.Argument(metavar="INPUT", help="File with rows, or - for standard input.")
]

FromOption = Annotated[
    Kind | None, typer.Option("--from", help="What INPUT holds, if its name does not say.")
]

ConfigOption = Annotated[
    Path | None,
    typer.Option("--config", metavar="FILE", help="Configuration; without it, the packaged one."),
]

TrainingRowsOption = Annotated[
    Path | None,
    typer.Option(
        "--data",
        metavar="FILE",
        help="Training rows; without it, those that the configuration names.",
    ),
]


def registered(model: Path | None) -> Path | None:
    """Return the file of a model that is given by a name such as `runs:/house-prices@champion`."""
    if model is None or not str(model).startswith(("runs:", "models:")):
        return model
    from ..tracking.sources import local_file

    return local_file(model)


ModelOption = Annotated[
    Path | None,
    typer.Option(
        "--model",
        metavar="MODEL",
        help="Model file, name of an installed model, or registered model such as "
        "runs:/NAME@champion; without it, the shipped one.",
        callback=registered,
    ),
]

PlaceOfRunsOption = Annotated[
    str | None,
    typer.Option(
        "--runs",
        metavar="WHERE",
        envvar="REGRESSION_MODEL_RUNS",
        show_envvar=False,
        help="Folder with runs, or mlflow+http://HOST:PORT/EXPERIMENT; without it, the folder "
        "runs.",
    ),
]

RecordOption = Annotated[
    str | None,
    typer.Option(
        "--runs",
        metavar="WHERE",
        envvar="REGRESSION_MODEL_RUNS",
        show_envvar=False,
        help="Record the run in this folder, or at mlflow+http://HOST:PORT/EXPERIMENT.",
    ),
]

SchedulerOption = Annotated[
    str | None,
    typer.Option(
        "--scheduler",
        metavar="ADDRESS",
        help="Dask cluster for the folds: tcp://HOST:PORT, or local for one on this machine; needs "
        "the extra dask.",
    ),
]

SeparatorOption = Annotated[
    str | None,
    typer.Option(
        metavar="C",
        help="What separates the cells of a CSV file, such as ';' or tab; else a comma.",
    ),
]


def recorder_of(where: str | None) -> Recorder | None:
    """Return what records a run that begins now; None where --runs names no place."""
    if not where:
        return None
    from ..tracking.recording import Recorder
    from .program import say

    return Recorder(where, say)


def input_format(
    path: str, kind: Kind | None, separator: str | None, *, option: str | None = "--from"
) -> Format | None:
    """Return what an input holds; None for standard input, whose content decides."""
    from ..files.streams import Format, format_of, separator_of

    found = None
    if kind is not None:
        found = Format(kind.value)
    elif path != "-":
        found = format_of(path, option=option)
    if separator is None:
        return found
    if found is not None and found.kind != "csv":
        raise InputError(f"--separator is for CSV, and {path} is read as {found.kind}.")
    return Format("csv", separator_of(separator))


def output_format(
    kind: Kind | None, output: str | None, *, option: str | None = "--to"
) -> Format | None:
    """Return what to write; None for CSV to standard output, or a table on a terminal."""
    from ..files.streams import Format, format_of

    if kind is not None:
        is_packed = output is not None and output.lower().endswith(".gz")
        return Format(kind.value, packed=is_packed and kind is not Kind.parquet)
    return None if output in (None, "-") else format_of(str(output), option=option)


def check_places(outputs: Mapping[str, str | None], inputs: Mapping[str, str | None]) -> None:
    """Check that no output would replace an input or another output, by whatever name or link.

    Parameters
    ----------
    outputs, inputs : what each is called, with its path; `-` is a standard stream, None is unused

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


def _found(path: str, mode: str) -> os.stat_result | None:
    """Return what a path leads to if it is a regular file, not a pipe or a device."""
    try:
        stream = sys.stdout if mode == "w" else sys.stdin
        found = os.fstat(stream.fileno()) if path == "-" else os.stat(path)
    except (OSError, AttributeError, ValueError):
        return None
    return found if stat.S_ISREG(found.st_mode) else None


def _is_same(one: os.stat_result | None, other: os.stat_result | None) -> bool:
    return one is not None and other is not None and os.path.samestat(one, other)


def _is_same_name(one: str, other: str) -> bool:
    """Return whether two files that do not exist yet would be one."""
    if "-" in (one, other) or os.path.exists(one):
        return False
    return os.path.realpath(one) == os.path.realpath(other)
