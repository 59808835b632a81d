"""What the training rows looked like, as the model file holds it for the tests for drift."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, TypeGuard

import numpy as np
import numpy.typing as npt

from ..runtime.contract import Field
from ..times import seconds_of_text
from .settings import Settings

if TYPE_CHECKING:
    from ..runtime.model import Model

__all__ = ["Counts", "Floats", "Reference", "Sketch"]

Counts = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

PARTS = 100  # a larger sketch would cost more bytes than it would gain
_MOST_VALUES = 10_001


@dataclass(frozen=True, eq=False)
class Sketch:
    """A distribution of numbers: some of them, and the rows at each and between two neighbours.

    Attributes
    ----------
    values : array of float64, shape (k,), ascending
    counts : array of int64, shape (2 k + 1,)
        Rows below the first value, at it, between it and the second, and so on; above the last.

    Notes
    -----
    Other rows are counted in the same bins, so the shares of both up to each value are exact, and
    the largest difference of the two over these values, D, is at most the Kolmogorov-Smirnov
    statistic of the rows themselves. It is less by at most `error`, the largest share of the
    training rows that lies strictly between two neighbours: there, both shares stay within the ones
    at the neighbours. `Sketch.of` keeps that at 1 / 100 or less, whatever the ties, and at 0 where
    there are few distinct numbers. A smaller statistic alarms less: the error costs no false alarm.
    """

    values: Floats
    counts: Counts

    @classmethod
    def of(cls, values: Floats, *, parts: int = PARTS) -> Sketch:
        """Return the sketch of some numbers, none of them NaN; at most `parts` + 1 of them stay."""
        distinct, each = np.unique(values, return_counts=True)
        if not len(distinct):
            return cls(distinct, np.zeros(1, dtype=np.int64))
        through, most = each.cumsum(), len(values) / parts
        places = [0]
        while places[-1] < len(distinct) - 1:
            after = int(through.searchsorted(through[places[-1]] + most, side="right"))
            places.append(min(after, len(distinct) - 1))
        empty = cls(distinct[places], np.zeros(2 * len(places) + 1, dtype=np.int64))
        return replace(empty, counts=empty.count(values))

    def count(self, values: Floats) -> Counts:
        """Count numbers, none of them NaN, in the bins."""
        places = self.values.searchsorted(values)
        at_value = self._values_and_end.take(places) == values
        return np.bincount(2 * places + at_value, minlength=len(self.counts))

    @cached_property
    def _values_and_end(self) -> Floats:
        return np.append(self.values, np.nan)

    @cached_property
    def rows(self) -> int:
        """How many numbers were counted."""
        return int(self.counts.sum())

    @property
    def error(self) -> float:
        """What the sketch takes from a Kolmogorov-Smirnov statistic at most."""
        return float(self.counts[::2].max()) / self.rows if self.rows else 0.0

    def to_dict(self, write: Callable[[float], Any] = float) -> dict[str, Any]:
        """Return plain JSON types; `write` makes a value of a number."""
        return {
            "values": [write(value) for value in self.values.tolist()],
            "counts": self.counts[1:-1].tolist(),
        }

    @classmethod
    def from_dict(cls, data: Any, read: Callable[[Any], float] = float) -> Sketch | None:
        """Rebuild what `to_dict` gave; None for anything else."""
        try:
            values = np.array([read(value) for value in data["values"]], dtype=np.float64)
            counts = np.array(data["counts"], dtype=np.float64)
        except (AttributeError, KeyError, OverflowError, TypeError, ValueError):
            return None
        if not 0 < len(values) <= _MOST_VALUES or counts.shape != (2 * len(values) - 1,):
            return None
        in_order = bool((np.diff(values) > 0).all() and np.isfinite(values).all())
        if not in_order or not (counts.min() >= 0 and 0 < counts.sum() < 2**53):
            return None
        return cls(values, np.pad(counts.astype(np.int64), 1))


class Reference:
    """What the model file says of its training rows.

    Attributes
    ----------
    model : name, version and sha256
    settings : those of the configuration, or the defaults if the file has none
    rows : how many training rows there were
    sketches : of the known values of each number and time; None where the file does not have them
    missing : the training rows without a value, by number and time and then by category
    levels : the training rows with each of the levels of a category; none of them had any other
    predictions : of the predictions of rows that were held out in cross-validation
    """

    def __init__(self, model: Model) -> None:
        self.model = {"name": model.name, "version": model.version, "sha256": model.sha256}
        self.contract = model.contract
        self.manifest = manifest = model.manifest
        recorded = manifest.get("monitoring")
        recorded = recorded if isinstance(recorded, dict) else {}
        self.settings = Settings.from_dict(recorded.get("settings"))
        self.rows = int(manifest["training"]["rows"])
        sketches = recorded.get("sketches")
        sketches = sketches if isinstance(sketches, dict) else {}
        self.sketches = tuple(
            Sketch.from_dict(sketches.get(field.name), _reader(field))
            for field in self.contract.numbers
        )
        profile = manifest.get("profile", {})
        fields = (*self.contract.numbers, *self.contract.categories)
        self.missing = tuple(_missing(profile.get(field.name), self.rows) for field in fields)
        self.levels = tuple(
            _levels(field, profile.get(field.name), self.rows) for field in self.contract.categories
        )
        self.predictions = Sketch.from_dict(recorded.get("predictions"))

    @property
    def untold(self) -> str | None:
        """Say what a file of an earlier version does not hold; None if it holds all."""
        absent = {
            "the distributions of its numbers": None in self.sketches,
            "the distribution of its predictions": self.predictions is None,
            "the missing values of its training rows": None in self.missing,
        }
        lacking = [what for what, is_absent in absent.items() if is_absent]
        if not lacking:
            return None
        listed = " and ".join([", ".join(lacking[:-1]), lacking[-1]] if lacking[1:] else lacking)
        return (
            f"The model file was written by an earlier version and does not hold {listed}: these "
            "are not tested. Train it again to have them tested."
        )


def _reader(field: Field) -> Callable[[Any], float]:
    if not field.is_time:
        return float
    return lambda text: seconds_of_text(text, days=field.kind == "date")


def _missing(recorded: Any, rows: int) -> int | None:
    share = recorded.get("missing") if isinstance(recorded, Mapping) else None
    return round(share * rows) if _is_share(share) else None


def _is_share(value: Any) -> TypeGuard[float]:
    return type(value) is not bool and isinstance(value, int | float) and 0 <= value <= 1


def _levels(field: Field, recorded: Any, rows: int) -> Counts | None:
    missing = _missing(recorded, rows)
    shares = recorded.get("shares") if isinstance(recorded, Mapping) else None
    if missing is None or not isinstance(shares, dict):
        return None
    found = [shares.get(level, 0.0) for level in field.coded_levels]
    if not all(map(_is_share, found)):
        return None
    return np.array([round(one * (rows - missing)) for one in found], dtype=np.int64)
