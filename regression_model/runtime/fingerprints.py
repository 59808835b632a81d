"""Fingerprints of the training rows, by which a model file recognises them among other rows."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from ..errors import ModelFileError
from .checking import Checked
from .intake import Floats

__all__ = ["Fingerprints", "fingerprints_of"]

Hashes = npt.NDArray[np.uint64]

_BYTES = 6  # a million rows against the most that are kept: one wrong match in 60,000 tables
_END = 1 << 8 * _BYTES
_MOST_KEPT = 4096  # 32 kB as text, whatever the size of the table
_ROWS_AT_ONCE = 8_192


@dataclass(frozen=True)
class Fingerprints:
    """The fingerprints of a table's rows: all of them, or of a large table the lowest.

    A fingerprint is as likely to be low as any other, so those below the limit are a random
    sample of the rows, and the same sample of every table.
    """

    hashes: Hashes  # all distinct ones below the limit, sorted
    limit: int = _END

    @classmethod
    def of_table(cls, checked: Checked, target: Floats) -> Fingerprints:
        """Return the fingerprints of checked rows, at most 4,096 of them."""
        hashes = np.unique(fingerprints_of(checked.numbers, checked.codes, target))
        if len(hashes) <= _MOST_KEPT:
            return cls(hashes)
        return cls(hashes[:_MOST_KEPT], int(hashes[_MOST_KEPT]))

    @property
    def is_sample(self) -> bool:
        """Whether some rows of the table have no fingerprint here."""
        return self.limit < _END

    @property
    def share(self) -> float:
        """The share of all rows whose fingerprints would be here."""
        return self.limit / _END

    def count(self, hashes: Hashes) -> int | None:
        """Say how many of some rows are in the table: an estimate if this is a sample.

        None where no row has a fingerprint below the limit, so that nothing can be said.
        """
        comparable = hashes[hashes < self.limit]
        if not len(comparable):
            return None if len(hashes) and self.is_sample else 0
        return round(float(np.isin(comparable, self.hashes).mean()) * len(hashes))

    def to_dict(self) -> dict[str, Any]:
        """Return plain JSON types."""
        content = self.hashes.astype(">u8").view(np.uint8).reshape(-1, 8)[:, 8 - _BYTES :]
        return {"limit": self.limit, "hashes": base64.b64encode(content.tobytes()).decode()}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Fingerprints:
        """Rebuild what `to_dict` gave; raises ModelFileError for something else."""
        try:
            return cls(
                _numbers(base64.b64decode(data["hashes"], validate=True)), int(data["limit"])
            )
        except (LookupError, TypeError, ValueError):
            raise ModelFileError(
                "The model file has fingerprints of its training rows that cannot be read."
            ) from None


def fingerprints_of(numbers: Floats, codes: npt.NDArray[np.int64], target: Floats) -> Hashes:
    """Return one fingerprint a row, of what the model reads in it and of its target.

    However a cell was written, and in whatever order the columns and rows stood: equal rows have
    equal fingerprints. Numbers and codes are as in `Checked`, the target is of shape (rows,).
    """
    parts = []
    for at in range(0, len(target), _ROWS_AT_ONCE):
        part = slice(at, at + _ROWS_AT_ONCE)
        floats = np.column_stack([numbers[part], target[part]]) + 0.0  # -0.0 becomes 0.0
        floats[np.isnan(floats)] = np.nan  # there are many, in bits
        table = np.column_stack([floats.astype("<f8").view("<i8"), codes[part].astype("<i8")])
        parts += [hashlib.blake2b(row.tobytes(), digest_size=_BYTES).digest() for row in table]
    return _numbers(b"".join(parts))


def _numbers(content: bytes) -> Hashes:
    padded = np.zeros((len(content) // _BYTES, 8), dtype=np.uint8)
    padded[:, 8 - _BYTES :] = np.frombuffer(content, dtype=np.uint8).reshape(-1, _BYTES)
    return padded.view(">u8")[:, 0].astype(np.uint64)
