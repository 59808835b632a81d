"""The format of a file, by its name."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from ...errors import InputError
from ...remote import shown

__all__ = ["FileKind", "Format", "format_of", "separator_of"]

FileKind = Literal["csv", "jsonl", "parquet"]

_KINDS: dict[str, FileKind] = {
    ".csv": "csv",
    ".tsv": "csv",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".parquet": "parquet",
}
_SEPARATORS = {".tsv": "\t"}
_SPREADSHEETS = (".xlsx", ".xls", ".xlsm", ".ods", ".numbers")
_ARCHIVES = (".zip", ".7z", ".tar", ".bz2", ".xz", ".zst")


@dataclass(frozen=True, slots=True)
class Format:
    """What a file holds: its kind, the separator of its cells, and whether it is gzip."""

    kind: FileKind
    separator: str = ","
    packed: bool = False


def format_of(path: str, *, option: str | None = None) -> Format:
    """Return the format that the name of a file stands for.

    Raises InputError when the name has none of the known endings; it says what to do, and names the
    option for the format where the name does not say it, if there is one.
    """
    path = shown(path)  # a query may follow the name
    name = Path(path).name.lower()
    packed = name.endswith(".gz")
    ending = Path(name.removesuffix(".gz")).suffix
    kind = _KINDS.get(ending)
    if kind is None:
        raise InputError(f"{path}: {_advice(ending, option)}")
    if packed and kind == "parquet":
        raise InputError(f"{path}: Parquet is compressed inside: leave out the .gz.")
    return Format(kind, _SEPARATORS.get(ending, ","), packed)


def _advice(ending: str, option: str | None) -> str:
    if ending in _SPREADSHEETS:
        return "spreadsheets are not supported: use CSV in UTF-8, as which they can be saved."
    if ending in _ARCHIVES:
        return "gzip (.gz) is the only supported compression: unpack it first."
    if ending == ".json" and option:
        return f"for one object a line, or an array of objects, add {option} jsonl."
    other = f", or what it holds with {option}: csv, jsonl or parquet" if option else ""
    return f"expected a name that ends in {', '.join(_KINDS)} (and .gz){other}."


def separator_of(text: str) -> str:
    r"""Return the separator for the text of an option: one character, or `tab` or `\t`.

    Raises InputError for anything else, and for quotes and line ends.
    """
    separator = "\t" if text.lower() in ("tab", r"\t") else text
    if len(separator) != 1 or separator in '"\r\n' or ord(separator) > 127:
        raise InputError(f"The separator {text!r} cannot be used: expected one character, or tab.")
    return separator
