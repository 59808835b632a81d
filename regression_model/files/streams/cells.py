"""The cells of a CSV file found with numpy, many rows at once.

Most files have cells without quotes, or with quotes around the whole cell. `CellRows` finds their
cells with a few array operations. Anything else is left to `csv.reader`.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from math import ceil
from typing import Any

import numpy as np
import numpy.typing as npt

from ...runtime.intake.columns import Distinct
from .content import Content

__all__ = ["CellRows", "Cells"]

Places = npt.NDArray[np.int64]

_ROWS = 8_192  # in a slice
_MOST_BYTES = 8 << 20  # in a slice, which has fewer rows if they are long
_QUOTE, _LINE_END = b'"\n'
_WORD = 8  # bytes that are compared at once
_MOST_WORDS = 8  # in a cell; longer ones are compared as texts
_FIRST_BYTES = np.array([(1 << (8 * n)) - 1 for n in range(_WORD + 1)], dtype=np.uint64)
_MIX = np.uint64(0x9E3779B97F4A7C15)  # multiplying by it spreads the bits (Knuth, 6.4)
_SHIFT, _SLOTS = np.uint64(48), 1 << 16


class CellRows:
    """Reads slices of whole rows, for as long as their cells can be found in this way."""

    def __init__(self, content: Content, *, width: int, separator: str, lines: int) -> None:
        self.rest = b""  # read and not yielded: once the slices end, `csv.reader` continues here
        self.lines = lines  # that were read before the rest
        self._content = content
        self._width = width
        self._separator = ord(separator)

    def __iter__(self) -> Iterator[Cells]:
        wanted = _MOST_BYTES // 4
        while True:
            self._read(wanted)
            is_end = len(self.rest) < wanted
            found = _breaks(self.rest, self._separator)
            rows = min(len(found) // self._width, _ROWS)
            if rows < _ROWS and len(self.rest) < _MOST_BYTES and not is_end:
                wanted = min(2 * wanted, _MOST_BYTES)
                continue
            if rows < _ROWS and not is_end:
                rows -= rows % 2  # onnxruntime rounds a last odd row differently
            cells = self._cells(found[: rows * self._width]) if rows else None
            if cells is None:
                return
            length = int(found[rows * self._width - 1]) + 1
            self.lines += self.rest.count(b"\n", 0, length)
            self.rest = self.rest[length:]
            wanted = min(length + length // 32, _MOST_BYTES)
            yield cells

    def _read(self, wanted: int) -> None:
        pieces, length = [self.rest], len(self.rest)
        while length < wanted and (piece := self._content.read(wanted - length)):
            pieces.append(piece)
            length += len(piece)
        if length < wanted and pieces[-1][-1:] not in (b"", b"\n"):
            pieces.append(b"\n")
        self.rest = b"".join(pieces)

    def _cells(self, breaks: Places) -> Cells | None:
        """Return the cells between separators and line ends; None if only `csv` can tell them."""
        content = self.rest[: int(breaks[-1]) + 1]
        codes = np.frombuffer(content, dtype=np.uint8)
        line_ends = breaks[self._width - 1 :: self._width]
        if not (codes[line_ends] == _LINE_END).all() or b"\0" in content:
            return None
        if np.count_nonzero(codes[breaks] == _LINE_END) > len(line_ends):
            return None
        ends = np.ascontiguousarray(breaks.reshape(-1, self._width).T)
        starts = np.empty_like(ends)
        starts[1:] = ends[:-1] + 1
        starts[0, 1:] = ends[-1, :-1] + 1
        starts[0, 0] = 0
        if b"\r" in content:
            ends[-1] -= codes[ends[-1] - 1] == ord("\r")
            in_line_ends = len(line_ends) if (codes[ends[-1]] == ord("\r")).all() else -1
            if content.count(b"\r") != in_line_ends or content.count(b"\n") != len(line_ends):
                return None
        if self._width == 1 and (starts == ends).any():  # a blank line is not a row
            return None
        if (ends - starts).max() > csv.field_size_limit():
            return None
        if b'"' in content:
            quoted = (codes[starts] == _QUOTE) & (codes[ends - 1] == _QUOTE) & (ends - starts > 1)
            if 2 * np.count_nonzero(quoted) != content.count(b'"'):
                return None
            starts += quoted
            ends -= quoted
        try:
            text = content.decode()
        except UnicodeDecodeError:
            return None
        return Cells(content, text if len(text) == len(content) else None, starts, ends)


def _breaks(content: bytes, separator: int) -> Places:
    """Return the positions of the separators and line ends outside quotes."""
    codes = np.frombuffer(content, dtype=np.uint8)
    found = np.flatnonzero((codes == separator) | (codes == _LINE_END))
    if b'"' in content:
        quotes = np.flatnonzero(codes == _QUOTE)
        found = found[np.searchsorted(quotes, found) % 2 == 0]
    return found


@dataclass(frozen=True, slots=True)
class Cells:
    """Rows of a CSV file, and where in them each cell is."""

    content: bytes
    text: str | None  # the same as text, if it is ASCII
    starts: Places  # of shape (columns, rows), like the ends
    ends: Places

    def __len__(self) -> int:
        return len(self.starts[0])

    def texts(self, column: int, rows: Any = slice(None)) -> list[str]:
        """Return the cells of a column, or some of them."""
        places = zip(
            self.starts[column, rows].tolist(), self.ends[column, rows].tolist(), strict=True
        )
        if self.text is None:
            return [self.content[start:end].decode() for start, end in places]
        text = self.text
        return [text[start:end] for start, end in places]

    def columns(self, wanted: Iterable[int]) -> Iterator[Distinct]:
        """Yield columns by their distinct values."""
        padded = self.content + bytes(_WORD)
        words = np.ndarray(len(self.content) + 1, "<u8", padded, strides=(1,))
        for column in wanted:
            yield self._distinct(column, words)

    def _distinct(self, column: int, words: npt.NDArray[np.uint64]) -> Distinct:
        """Number the values of a column by a hash table that keeps one row in each slot."""
        starts, rows = self.starts[column], np.arange(len(self), dtype=np.int32)
        lengths = self.ends[column] - starts
        longest = ceil(int(lengths.max()) / _WORD)
        if longest > _MOST_WORDS:
            return self._numbered(column, [], np.zeros_like(rows), rows)
        keys = []
        for at in range(max(1, longest)):
            key = words[starts if at == 0 else np.minimum(starts + at * _WORD, len(words) - 1)]
            key &= _FIRST_BYTES[lengths if longest < 2 else (lengths - at * _WORD).clip(0, _WORD)]
            keys.append(key)
        mixed = keys[0] * _MIX
        for key in keys[1:]:
            mixed = (mixed ^ key) * _MIX
        slots = mixed >> _SHIFT
        table = np.empty(_SLOTS, dtype=np.int32)
        table[slots] = rows
        same = table[slots]  # a row whose value is the same, unless two values share the slot
        first = np.flatnonzero(same == rows)
        place = np.empty(len(self), dtype=np.int32)
        place[first] = np.arange(len(first))
        differs = np.flatnonzero(np.any([key[same] != key for key in keys], axis=0))
        return self._numbered(column, self.texts(column, first), place[same], differs)

    def _numbered(
        self, column: int, values: list[str], at: npt.NDArray[np.int32], rows: Any
    ) -> Distinct:
        """Number the values of some more rows one by one."""
        more: dict[str, int] = {}
        if len(rows):
            texts = self.texts(column, rows)
            at[rows] = [more.setdefault(text, len(values) + len(more)) for text in texts]
        return Distinct([*values, *more], at)
