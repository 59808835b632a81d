"""CSV with the standard library: lines of text, the header, and the cells of each row."""

from __future__ import annotations

import codecs
import csv
import io
from collections.abc import Iterable, Iterator
from typing import Any

from ...errors import InputError

__all__ = ["CsvRows", "check_separator"]

_PIECE = 1 << 20  # bytes
_LIKELY_SEPARATORS = ";\t|,"
_TYPED = {"\t": "tab", "|": "'|'", ";": "';'", ",": "','"}  # on a command line


class CsvRows:
    """The rows of a CSV file: its header first, then lists of texts, as long as the header."""

    def __init__(self, stream: Any, *, name: str, separator: str = ",") -> None:
        self._name = name
        self._separator = separator
        lines = lines_of(stream, name)
        self._reader = csv.reader(lines, delimiter=separator, strict=True)
        self._before = 0
        header = self._next_row()
        if header is None:
            raise InputError(f"{name} is empty: expected a line with the names of the columns.")
        # Where blanks follow the commas of the header, they do so in the rows.
        self.is_spaced = any(cell.startswith(" ") for cell in header)
        self.header = [cell.strip() for cell in header]
        if self.is_spaced:
            self.header = [_unquoted(cell) for cell in self.header]
            self._before = self._reader.line_num
            self._reader = csv.reader(
                lines, delimiter=separator, strict=True, skipinitialspace=True
            )

    def continue_with(self, stream: Any, *, line: int) -> None:
        """Continue with another stream, which begins after `line` lines."""
        lines = lines_of(stream, self._name, line=line)
        self._reader = csv.reader(lines, delimiter=self._separator, strict=True)
        self._before = line

    def _next_row(self) -> list[str] | None:
        try:
            return next(filter(None, self._reader), None)
        except csv.Error as error:
            raise self._not_csv(error) from None

    def __iter__(self) -> Iterator[list[str]]:
        width = len(self.header)
        try:
            for row in self._reader:
                if len(row) != width:
                    if not row:
                        continue
                    raise InputError(
                        f"{self._name}, line {self.line}: "
                        f"{len(row)} values for {width} columns."
                    )
                yield row
        except csv.Error as error:
            raise self._not_csv(error) from None

    @property
    def line(self) -> int:
        """How many lines were read."""
        return self._before + self._reader.line_num

    def _not_csv(self, error: csv.Error) -> InputError:
        return InputError(f"{self._name}, line {self.line}: not CSV: {error}.")


def _unquoted(cell: str) -> str:
    return cell[1:-1].replace('""', '"') if len(cell) > 1 and cell[0] == cell[-1] == '"' else cell


def lines_of(stream: Any, name: str, *, line: int = 0) -> Iterator[str]:
    """Yield lines of UTF-8 text, which end in `\\n`, or in `\\r` if the first one does.

    After the first `line` lines, they end in `\\n`, and there is no byte order mark.
    """
    decoder = codecs.getincrementaldecoder("utf-8")()
    rest, done, is_first = "", line, line == 0
    end = "" if is_first else "\n"
    while True:
        piece = stream.read(_PIECE)
        waiting = decoder.getstate()[0]
        try:
            text = decoder.decode(piece, final=not piece)
        except UnicodeDecodeError as error:
            before = (waiting + piece)[: error.start].count(b"\n")
            raise InputError(
                f"{name}, line {done + before + 1}: byte 0x{error.object[error.start]:02x} "
                "is not UTF-8: save the file as UTF-8."
            ) from None
        if is_first and text:
            text, is_first = text.removeprefix("\ufeff"), False
        if not end and "\n" in text:
            end = "\n"
        elif not end and "\r" in text[:-1]:  # the last one may belong to a line end of two
            end = "\r"
        *lines, rest = (rest + text).split(end or "\n")
        done += len(lines)
        for one in lines:
            yield one + "\n"
        if not piece:
            if rest:
                yield rest
            return


def check_separator(
    name: str,
    header: list[str],
    separator: str,
    *,
    known: Iterable[str] = (),
    option: str | None = None,
) -> None:
    """Refuse a file that has another separator, and name it and the caller's option for it.

    Raises InputError when another separator gives more of the known names, of which a header has
    some; or, if none gives any, when a header of a single cell has one inside.
    """
    other = _likely_separator(header, known, separator)
    if other is None:
        return
    advice = f"add {option} {_TYPED[other]}" if option else "save it with commas"
    raise InputError(
        f"{name}: its columns are separated by {_plural(other)}, not by {_plural(separator)}: "
        f"{advice}."
    )


def _plural(separator: str) -> str:
    return {"\t": "tabs", ",": "commas", ";": "semicolons", " ": "blanks"}.get(
        separator, repr(separator)
    )


def _likely_separator(header: list[str], known: Iterable[str], separator: str) -> str | None:
    line = separator.join(header)
    names = {*known}
    found = {separator: len(names & {*header})}
    for other in _LIKELY_SEPARATORS:
        cells = next(csv.reader(io.StringIO(line), delimiter=other), [])
        found.setdefault(other, len(names & {cell.strip() for cell in cells}))
    best = max(found, key=lambda one: found[one])
    if found[best] > found[separator]:
        return best
    inside = [one for one in _LIKELY_SEPARATORS if one in line and one != separator]
    return max(inside, key=line.count) if inside and len(header) == 1 and not found[best] else None
