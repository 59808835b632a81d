"""What was read: a record of each file, to be kept with what was made of it."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from ..remote import shown

__all__ = ["DataRecord", "digest_of"]


@dataclass(frozen=True)
class DataRecord:
    """What was read from one file.

    `columns` are the types by name, as the file states them: `text` in CSV, which states none,
    `json` in JSON Lines, and pyarrow's name of the type in Parquet.
    """

    path: str  # as it was given; of a URL without user, password and query
    sha256: str | None  # of the bytes as they are stored; None if not all of them were read
    rows: int
    columns: Mapping[str, str]
    role: str = ""  # what the rows were for, such as `training`

    @classmethod
    def of(
        cls, path: str, *, sha256: str | None, rows: int, columns: Mapping[str, str], role: str = ""
    ) -> DataRecord:
        """Make a record of a place that may have credentials in it."""
        place = "standard input" if path == "-" else shown(path)
        return cls(place, sha256, rows, dict(columns), role)

    def to_dict(self) -> dict[str, Any]:
        """Return plain JSON types."""
        return asdict(self)


def digest_of(records: Sequence[DataRecord]) -> str:
    """Return the digest of a file, or for several the digest of their digests."""
    digests = [str(record.sha256) for record in records]
    return (
        digests[0] if len(digests) == 1 else hashlib.sha256("".join(digests).encode()).hexdigest()
    )
