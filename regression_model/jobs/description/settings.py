"""How a setting of a job is described: once, for the command line, for files and for editors."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

from pydantic import BeforeValidator, Field

from ...config.mistakes import expected
from ...config.values import Number, Text, YesNo, read_number, read_text
from .places import MODEL

__all__ = [
    "ConfigSetting",
    "DataSetting",
    "FromSetting",
    "InputSetting",
    "JsonSetting",
    "Kind",
    "ModelSetting",
    "Names",
    "Number",
    "Place",
    "RecordSetting",
    "SchedulerSetting",
    "SeparatorSetting",
    "Text",
    "Whole",
    "YesNo",
    "setting",
]


class Kind(StrEnum):
    """What a file holds."""

    csv = "csv"
    jsonl = "jsonl"
    parquet = "parquet"


def setting(
    text: str,
    *flags: str,
    default: Any = None,
    metavar: str | None = None,
    argument: bool = False,
    only_in_files: bool = False,
    **limits: Any,
) -> Any:
    """Describe a setting.

    Parameters
    ----------
    text : what it is.
    flags : how the option is written, if not as the name of the setting.
    default : its value if nothing is said; `...` if something must be, as of an argument.
    metavar : what it takes, in the help.
    argument : whether it is an argument of the command, not an option.
    only_in_files : whether the command does not have it.
    limits : `ge`, `le` and `alias`, as pydantic has them.
    """
    shown: dict[str, Any] = {
        "flags": list(flags),
        "metavar": metavar,
        "argument": argument,
        "only_in_files": only_in_files,
    }
    default = ... if argument else default
    return Field(default, description=text, json_schema_extra=shown, **limits)


def _path(value: object) -> object:
    if isinstance(value, Path):
        return value
    if not isinstance(value, str):
        raise expected("a path", value)
    return Path(read_text(value))


def _as_it_is(value: object) -> object:
    """Take a text with its blanks: one may be what separates cells."""
    if not isinstance(value, str):
        raise expected("text", value)
    return value


Place = Annotated[Path, BeforeValidator(_path)]


def _names(value: object) -> object:
    """Read names separated by commas, or a list of names."""
    several = value.split(",") if isinstance(value, str) else value
    if not isinstance(several, list | tuple):
        raise expected("names separated by commas", value)
    return tuple(map(read_text, several))


Names = Annotated[tuple[str, ...], BeforeValidator(_names)]
Whole = Annotated[int, BeforeValidator(read_number)]

ConfigSetting = Annotated[
    Place | None, setting("Configuration; without it, the packaged one.", metavar="FILE")
]
DataSetting = Annotated[
    Place | None,
    setting("Training rows; without it, those that the configuration names.", metavar="FILE"),
]
ModelSetting = Annotated[Place | None, setting(MODEL, metavar="MODEL")]
RecordSetting = Annotated[
    Text | None,
    setting(
        "Record the run in this folder, or at mlflow+http://HOST:PORT/EXPERIMENT.",
        "--runs",
        metavar="WHERE",
    ),
]
SchedulerSetting = Annotated[
    Text | None,
    setting(
        "Dask cluster for the folds: tcp://HOST:PORT, or local for one on this machine; needs the "
        "extra dask.",
        metavar="ADDRESS",
    ),
]
InputSetting = Annotated[
    Text,
    setting(
        "File with rows, or - for standard input.", metavar="INPUT", argument=True, alias="input"
    ),
]
FromSetting = Annotated[
    Kind | None, setting("What INPUT holds, if its name does not say.", alias="from")
]
SeparatorSetting = Annotated[
    Annotated[str, BeforeValidator(_as_it_is)] | None,
    setting(
        "What separates the cells of a CSV file, such as ';' or tab; else a comma.", metavar="C"
    ),
]
JsonSetting = Annotated[YesNo, setting("Everything as JSON, for programs.", alias="json")]
