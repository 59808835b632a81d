"""Tables read slice by slice: CSV, JSON Lines and Parquet."""

from __future__ import annotations

import io
import json
from collections.abc import Collection, Iterator, Mapping, Sequence, Set
from contextlib import ExitStack, contextmanager
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any

from ... import remote
from ...errors import InputError
from ..records import DataRecord
from .cells import CellRows, Cells
from .content import Content, opened_content
from .formats import Format, format_of
from .lines import CsvRows
from .several import check_same_columns, expanded
from .slices import Slice, Source, Unread

__all__ = ["Repeated", "guessed_format", "json_rows", "opened_source"]

_ROWS = 8_192  # in a slice


@contextmanager
def opened_source(path: str, *, format_: Format | None = None) -> Iterator[Source]:
    """Open a file, or standard input for `-`, to read its rows slice by slice.

    A pattern such as `data/2024-*.csv` stands for several files with the same columns, which are
    read one after the other; a URL stands for a file wherever it is.

    `format_` is what the file holds; None decides by its name, and by its first bytes for `-`.
    Raises InputError when the input is absent, not UTF-8, ragged, truncated or otherwise invalid;
    reading the slices may raise it as well. Raises MissingExtraError for Parquet without its extra.
    """
    if format_ is None and path != "-":
        format_ = format_of(path)
    paths = expanded(path)
    if paths == [path]:
        opened = _opened_one(path, format_)
    else:
        opened = _opened_one_by_one(path, paths, format_)
    with opened as source:
        yield source


@contextmanager
def _opened_one(path: str, format_: Format | None) -> Iterator[Source]:
    with opened_content(path) as content, ExitStack() as stack:
        format_ = format_ or guessed_format(content)
        types: Mapping[str, str] | str = "text"
        if format_.kind == "parquet":
            from .arrow import parquet_source

            source, types = parquet_source(stack.enter_context(_on_disk(path, content)), content)
        elif format_.kind == "jsonl":
            types = "json"
            source = Source(content.name, None, partial(_json_slices, content), content.fraction)
        else:
            source = _csv_source(content, format_.separator)
        source.keep_record(path, content, types)
        yield source


@contextmanager
def _opened_one_by_one(
    pattern: str, paths: Sequence[str], format_: Format | None
) -> Iterator[Source]:
    """Open the first of several files; each of the others is opened when its turn comes."""
    with ExitStack() as stack:
        first = stack.enter_context(_opened_one(paths[0], format_))
        opened = [first]

        def slices(used: Set[str], carried: Collection[str] | None) -> Iterator[Unread]:
            yield from first.slices(used, carried)
            for path in paths[1:]:
                # The one before stays open: another thread may still be reading its last cells.
                now = stack.enter_context(_opened_one(path, format_))
                check_same_columns(now.name, now.names, first.name, first.names)
                opened.append(now)
                yield from now.slices(used, carried)

        def fraction() -> float | None:
            part = opened[-1].fraction()
            return None if part is None else (len(opened) - 1 + part) / len(paths)

        def records(role: str) -> tuple[DataRecord, ...]:
            return tuple(record for one in opened for record in one.records(role))

        yield Source(
            remote.shown(pattern),
            first.names,
            slices,
            fraction,
            separator=first.separator,
            records=records,
        )


@contextmanager
def _on_disk(path: str, content: Content) -> Iterator[str | None]:
    """Return where a Parquet file can be read in any order: the end of it comes first.

    What comes from a URL is copied; for standard input it is None.
    """
    if content.is_file or remote.url_of(path) is None:
        yield path if content.is_file else None
        return
    import shutil
    from tempfile import TemporaryDirectory

    with TemporaryDirectory() as folder:
        copy = Path(folder) / "rows.parquet"
        with copy.open("wb") as file:
            shutil.copyfileobj(content, file, 1 << 20)
        yield str(copy)


def guessed_format(content: Content) -> Format:
    """Return the format of an input, by its first bytes."""
    head = content.head()
    if head.startswith(b"PAR1"):
        return Format("parquet")
    start = head.removeprefix(b"\xef\xbb\xbf").lstrip()[:1]
    return Format("jsonl" if start in (b"{", b"[") else "csv")


def _csv_source(content: Content, separator: str) -> Source:
    rows, cell_rows = _opened_csv(content, separator)

    def slices(used: Set[str], carried: Collection[str]) -> Iterator[Unread]:
        if cell_rows is not None:
            for cells in cell_rows:
                yield partial(_slice_of, cells, rows.header, used, carried)
            content.put_back(cell_rows.rest)
            rows.continue_with(content, line=cell_rows.lines)
        yield from _csv_slices(rows, used, carried)

    return Source(content.name, rows.header, slices, content.fraction, separator=separator)


def _opened_csv(content: Content, separator: str) -> tuple[CsvRows, CellRows | None]:
    """Read the header; the second result is None where numpy cannot find the cells."""
    head = content.head()
    try:
        rows = CsvRows(io.BytesIO(head), name=content.name, separator=separator)
    except InputError:  # perhaps in the first bytes only
        return CsvRows(content, name=content.name, separator=separator), None
    end = 0
    for _ in range(rows.line):
        end = head.find(b"\n", end) + 1
        if end == 0:
            break
    if end == 0 or rows.is_spaced or len({*rows.header}) < len(rows.header):
        return CsvRows(content, name=content.name, separator=separator), None
    content.skip(end)
    width = len(rows.header)
    return rows, CellRows(content, width=width, separator=separator, lines=rows.line)


def _slice_of(
    cells: Cells, header: Sequence[str], used: Set[str], carried: Collection[str]
) -> Slice:
    places = [at for at, name in enumerate(header) if name in used]
    columns = zip(places, cells.columns(places), strict=True)
    given = {header[at]: column for at, column in columns}
    kept = {name: cells.texts(at) for at, name in enumerate(header) if name in carried}
    return Slice(given or [{}] * len(cells), len(cells), kept, header)


def _itself(part: Slice) -> Slice:
    return part


def _csv_slices(rows: CsvRows, used: Set[str], carried: Collection[str]) -> Iterator[Unread]:
    header = rows.header
    wanted = [name for name in header if name in used]
    is_repeated = len({*wanted}) < len(wanted)
    while taken := list(islice(rows, _ROWS)):
        columns = [*zip(header, map(list, zip(*taken, strict=True)), strict=True)]
        given: Any = {name: cells for name, cells in columns if name in used}
        if is_repeated:
            given = Repeated(wanted, [cells for name, cells in columns if name in used])
        kept = {name: cells for name, cells in columns if name in carried}
        yield partial(_itself, Slice(given or [{}] * len(taken), len(taken), kept, header))


class Repeated:
    """A table in which a column name occurs twice; the check reports it for every row."""

    def __init__(self, names: Sequence[str], columns: Sequence[list[str]]) -> None:
        self.columns = tuple(names)
        self._columns = columns

    def __len__(self) -> int:
        return len(self._columns[0])

    def select(self, positions: Sequence[int]) -> dict[str, list[str]]:
        """Return the columns at some positions, whose names are distinct."""
        return {self.columns[at]: self._columns[at] for at in positions}


def _json_slices(
    content: Content, _: Set[str], carried: Collection[str] | None
) -> Iterator[Unread]:
    """Yield the objects in slices: one a line, or those of an array, which is read as a whole."""
    rows = json_rows(content, content.name)
    while taken := list(islice(rows, _ROWS)):
        records = [row if isinstance(row, Mapping) else {} for row in taken]
        names = list(dict.fromkeys(name for row in records for name in row))
        kept = {
            name: [row.get(name) for row in records]
            for name in names
            if carried is None or name in carried
        }
        yield partial(_itself, Slice(taken, len(taken), kept, names))


def json_rows(content: Content, name: str) -> Iterator[Any]:
    """Yield the value on each line that is not blank, or each one in an array."""
    if content.head().removeprefix(b"\xef\xbb\xbf").lstrip()[:1] == b"[":
        yield from _parsed(_text(content.readall() or b"", name, line=1), name, line=1)
        return
    for line, cells in enumerate(io.BufferedReader(content, 1 << 20), start=1):
        text = _text(cells, name, line=line)  # a JSON text may hold other line ends
        if text.strip():
            yield _parsed(text.rstrip("\r\n"), name, line=line)


def _text(content: bytes, name: str, *, line: int) -> str:
    try:
        return content.decode("utf-8-sig" if line == 1 else "utf-8")
    except UnicodeDecodeError as error:
        line += content[: error.start].count(b"\n")
        raise InputError(
            f"{name}, line {line}: byte 0x{content[error.start]:02x} is not UTF-8: "
            "save the file as UTF-8."
        ) from None


def _parsed(text: str, name: str, *, line: int) -> Any:
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        line, reason = line + error.lineno - 1, error.msg
    except (RecursionError, ValueError) as error:  # nested too deeply, or a number that is too long
        reason = str(error)
    raise InputError(f"{name}, line {line}: not JSON: {reason}.")
