"""What has changed in a table since a model was trained on an earlier state of it."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from ..display import plain
from ..errors import InputError
from ..runtime.checking import ANY_OTHER_LEVEL, Checked, Checker
from ..runtime.contract import Contract, Field
from ..runtime.fingerprints import Fingerprints, fingerprints_of
from ..runtime.model import Model
from ..runtime.profile import Known, known_fields

__all__ = ["DataChanges", "FieldShift", "data_changes"]

_NOTABLE = 0.1  # of the rows; a size, not a test
_MOST_SHOWN = 5


@dataclass(frozen=True)
class FieldShift:
    """How far a field has moved from what the training rows had in it.

    Attributes
    ----------
    size : from 0 to 1: the largest difference of the distribution functions at the recorded
        quantiles, or half the sum of the differences of the levels' shares, new levels included
    before, now : the median or the most frequent level
    missing_before, missing_now : the share of the rows without a value
    """

    name: str
    size: float
    before: float | str | None
    now: float | str | None
    missing_before: float
    missing_now: float

    @property
    def most(self) -> float:
        """The share of the rows that are elsewhere, or newly missing or there."""
        return max(self.size, abs(self.missing_now - self.missing_before))


@dataclass(frozen=True)
class DataChanges:
    """How a table differs from the one that a model was trained on.

    Rows are compared by what the model reads in them and the target: a row of which one of these
    cells was altered counts as one row removed and one added.

    Attributes
    ----------
    added, removed : None where the model file does not say which rows it was trained on
    is_estimate : whether they are estimated from a sample of the rows, as for tables of many rows
    fields : every field that both have, those that have moved most first
    absent : fields that the model uses and the table does not have
    """

    rows_before: int
    rows_now: int
    added: int | None
    removed: int | None
    is_estimate: bool
    fields: tuple[FieldShift, ...]
    absent: tuple[str, ...] = ()

    def sentences(self) -> list[str]:
        """Say what has changed, most important first."""
        if self.added is None or self.removed is None:
            rows = f"there are {self.rows_now:,} rows, and {self.rows_before:,} before."
        elif not self.added and not self.removed:
            rows = f"the same {self.rows_now:,} rows in what the model reads."
        else:
            about = "about " if self.is_estimate else ""
            rows = (
                f"{about}{self.added:,} rows added and {self.removed:,} removed (an altered row "
                f"counts as both); {self.rows_now:,} rows now, {self.rows_before:,} before."
            )
        sentences = [f"Training rows since the earlier model: {rows}"]
        if self.absent:
            sentences.append(f"Columns no longer there: {', '.join(self.absent)}.")
        notable = [one for one in self.fields if one.most >= _NOTABLE]
        sentences += [_shift_sentence(one) for one in notable[:_MOST_SHOWN]]
        if len(notable) > _MOST_SHOWN:
            sentences.append(f"{len(notable) - _MOST_SHOWN:,} more fields have shifted.")
        return sentences

    def to_dict(self) -> dict[str, Any]:
        """Return plain JSON types."""
        return asdict(self)


def data_changes(old: Model, rows: object) -> DataChanges:
    """Compare a table, with its target, with the rows that a model was trained on.

    Parameters
    ----------
    old : the model, whose file has fingerprints of its rows and a profile of its fields
    rows : as for `Model.predict`, with the target as one more field

    Raises
    ------
    InputError
        When the table has no column of the model's target.
    """
    contract, manifest = old.contract, old.manifest
    checked = Checker(contract).check(rows)
    added = removed = None
    fingerprints = None
    if "fingerprints" in manifest:
        fingerprints = Fingerprints.from_dict(manifest["fingerprints"])
        target = _target(old, rows)
        hashes = fingerprints_of(checked.numbers, checked.codes, target)
        added, removed = _differing(fingerprints, np.unique(hashes))
    absent = {
        one.field
        for one in checked.findings
        if one.code == "missing_column" and one.field is not None
    }
    profile = [one for one in known_fields(contract, manifest) if one.field.name not in absent]
    shifts = [_shift(one, checked, contract) for one in profile]
    return DataChanges(
        rows_before=manifest["training"]["rows"],
        rows_now=len(checked.numbers),
        added=added,
        removed=removed,
        is_estimate=fingerprints is not None and fingerprints.is_sample,
        fields=tuple(sorted(shifts, key=lambda one: -one.most)),
        absent=tuple(sorted(absent)),
    )


def _target(model: Model, rows: object) -> npt.NDArray[np.float64]:
    name = model.manifest["target"]["name"]
    field = Field(name, "number", required=True)
    checked = Checker(Contract((field,), "", model.contract.missing_values)).check(rows)
    if any(one.code == "missing_column" for one in checked.findings):
        raise InputError(f"The rows have no column {name}, the target of {model.name}.")
    return checked.numbers[:, 0]


def _differing(known: Fingerprints, hashes: npt.NDArray[np.uint64]) -> tuple[int, int]:
    """Count the distinct rows that are new and those that are gone, scaled up from a sample."""
    comparable = hashes[hashes < known.limit]
    new = len(np.setdiff1d(comparable, known.hashes, assume_unique=True))
    gone = len(np.setdiff1d(known.hashes, comparable, assume_unique=True))
    share = known.share
    return round(new / share), round(gone / share)


def _shift(known: Known, checked: Checked, contract: Contract) -> FieldShift:
    field = known.field
    values = checked.values(contract)[field.name]
    before: float | str | None = None
    if field.is_number:
        there = values[~np.isnan(values)]
        size, rows = _moved(known, there), len(there)
        if known.values:
            before = known.cell(float(known.values[len(known.values) // 2]))
        now = known.cell(float(np.median(there))) if rows else None
    else:
        counts = Counter(level for level in values.tolist() if level is not None)
        rows = counts.total()
        shares = dict(zip(known.values, known.shares, strict=True))
        levels = {*shares, *counts} if rows and shares else ()
        size = sum(abs(counts[level] / rows - shares.get(level, 0.0)) for level in levels) / 2
        before = known.values[0] if known.values else None
        now = counts.most_common(1)[0][0] if counts else None
        now = "another level" if now == ANY_OTHER_LEVEL else now
    missing = 1 - rows / max(1, len(values))
    return FieldShift(field.name, size, before, now, known.missing, missing)


def _moved(known: Known, values: npt.NDArray[np.float64]) -> float:
    """Return the largest difference of the distribution functions at the recorded quantiles."""
    if len(known.values) < 2 or not len(values):
        return 0.0
    quantiles = np.asarray(known.values, dtype=np.float64)
    shares = np.linspace(0, 1, len(quantiles))
    values = np.sort(values)
    # Where many rows have one value several quantiles are the same: between them is no difference.
    at_most = np.searchsorted(values, quantiles, side="right") / len(values)
    below = np.searchsorted(values, quantiles, side="left") / len(values)
    last = shares[np.searchsorted(quantiles, quantiles, side="right") - 1]
    first = shares[np.searchsorted(quantiles, quantiles, side="left")]
    return float(max(0.0, (below - last).max(), (first - at_most).max()))


def _shift_sentence(one: FieldShift) -> str:
    parts = []
    if one.size >= _NOTABLE:
        before, now = (plain(v) if isinstance(v, float) else str(v) for v in (one.before, one.now))
        parts.append(
            f"{one.size:.0%} of the rows are elsewhere"
            + (f", typically {now} instead of {before}" if now != before else "")
        )
    if abs(one.missing_now - one.missing_before) >= _NOTABLE:
        parts.append(f"{one.missing_now:.0%} are missing instead of {one.missing_before:.0%}")
    return f"{one.name} has shifted: {'; '.join(parts)}."
