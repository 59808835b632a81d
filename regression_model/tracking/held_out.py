"""The errors of held-out predictions, kept with a run so that another can be compared with it.

They are the errors of a cross-validation, row by row: no value of a row and no target is kept. One
digest of all targets in their order tells whether two runs have held out the same rows.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from hashlib import sha256
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from ..errors import TrackingError
from ..evaluation.metrics import PredictedRows

__all__ = ["FILE", "METRICS", "HeldOut", "held_out_of", "read_held_out"]

FILE = "held-out.csv"
METRICS = ("rmsle", "rmse", "mae")  # those that follow from the errors alone
_MOST_ROWS = 100_000
_HEAD = ("cross_validation", "row", "fold", "error", "log_error")

Rows = npt.NDArray[np.int64]


class HeldOut(NamedTuple):
    """Held-out errors: the digest of the targets, and the rows of each cross-validation."""

    targets: str
    rows: list[dict[str, npt.NDArray[np.float64]]]

    def scored(self, metric: str) -> list[PredictedRows]:
        """Return rows with these errors, of which the metric is that of the real ones."""
        of_log = metric == "rmsle"
        return [
            PredictedRows(
                np.ones_like(one["error"]) if of_log else np.zeros_like(one["error"]),
                np.exp(one["log_error"]) if of_log else one["error"],
                one["fold"].astype(np.int64),
            )
            for one in self.rows
        ]


def held_out_of(several: Sequence[tuple[Rows, PredictedRows]]) -> bytes:
    """Return the errors of some cross-validations, as CSV; of many rows an even sample."""
    written = io.StringIO(newline="")
    every = sha256()
    lines = []
    for number, (index, scored) in enumerate(several):
        order = np.argsort(index)
        every.update(index[order].astype("<i8").tobytes())
        every.update(scored.target[order].astype("<f8").tobytes())
        positive = min(scored.target.min(), scored.prediction.min()) > 0
        logs = np.log(scored.prediction / scored.target) if positive else None
        for at in order[:: -(-len(order) // _MOST_ROWS)].tolist():
            log = "" if logs is None else repr(float(logs[at]))
            fold, error = int(scored.fold[at]), repr(float(scored.error[at]))
            lines.append((number, int(index[at]), fold, error, log))
    written.write(f"# sha256 of the targets: {every.hexdigest()}\n")
    writer = csv.writer(written, lineterminator="\n")
    writer.writerow(_HEAD)
    writer.writerows(lines)
    return written.getvalue().encode()


def read_held_out(content: bytes) -> HeldOut:
    """Read what `held_out_of` has made.

    Raises
    ------
    TrackingError
        When it is something else, or was cut short.
    """
    try:
        first, _, *lines = content.decode().splitlines()
        table = np.array([[float(cell or "nan") for cell in line] for line in csv.reader(lines)])
        columns = dict(zip(_HEAD, table.T, strict=True))
        numbers = columns.pop("cross_validation")
    except ValueError:
        raise TrackingError(f"A file {FILE} of a run was cut short or changed.") from None
    rows = [
        {name: column[numbers == number] for name, column in columns.items()}
        for number in np.unique(numbers)
    ]
    return HeldOut(first.rpartition(" ")[2], rows)
