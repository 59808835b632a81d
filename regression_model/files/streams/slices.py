"""An input that is read slice by slice, whatever kind of file it is."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from ...runtime.model_file.sealing import digest
from ..records import DataRecord
from .content import Content

__all__ = ["Slice", "Source", "Unread"]


@dataclass(frozen=True, slots=True)
class Slice:
    """Some rows of an input."""

    rows: Any  # what `Model.predict` takes, with the columns that the model uses
    count: int
    carried: Mapping[str, Sequence[Any]]  # columns for the output, unchanged
    names: Sequence[str]  # of the columns in the input


Unread = Callable[[], Slice]  # a slice, whose cells another thread may read


class Source:
    """An input that is read slice by slice."""

    def __init__(
        self,
        name: str,
        names: list[str] | None,
        slices: Callable[[Set[str], Any], Iterator[Unread]],
        fraction: Callable[[], float | None],
        *,
        separator: str | None = None,
        records: Callable[[str], tuple[DataRecord, ...]] = lambda _: (),
    ) -> None:
        self.name = name  # in messages
        self.names = names  # of the columns; None for JSON Lines, where every row has its own
        self.separator = separator  # of a CSV file
        self.fraction = fraction
        self._slices = slices
        self._records = records
        self._counts: list[int] = []  # appended to by several threads
        self._seen: dict[str, None] = dict.fromkeys(names or ())

    def slices(self, used: Set[str], carried: Collection[str] | None) -> Iterator[Unread]:
        """Yield the rows in order, with the columns for the model and for the output only.

        With None, all columns are for the output.
        """
        if carried is None and self.names is not None:
            carried = self.names
        for unread in self._slices(used, carried):
            yield partial(self._counted, unread)

    def _counted(self, unread: Unread) -> Slice:
        part = unread()
        self._counts.append(part.count)
        if self.names is None:
            self._seen.update(dict.fromkeys(part.names))
        return part

    def records(self, role: str = "") -> tuple[DataRecord, ...]:
        """Return what was read from each file, once all slices were."""
        return self._records(role)

    def keep_record(self, path: str, content: Content, types: Mapping[str, str] | str) -> None:
        """Let `records` give what was read from a single file, whose columns are of these types."""

        def records(role: str) -> tuple[DataRecord, ...]:
            columns = dict.fromkeys(self._seen, types) if isinstance(types, str) else types
            sha256 = content.sha256() or (digest(Path(path)) if content.is_file else None)
            rows = sum(self._counts)
            return (DataRecord.of(path, sha256=sha256, rows=rows, columns=columns, role=role),)

        self._records = records
