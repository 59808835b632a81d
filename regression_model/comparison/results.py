"""What a comparison of two models found, and as JSON."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from .rules import Difference, Release, largest_release

__all__ = ["ComparedModel", "ModelComparison", "MovedRow", "Movement", "Reason"]


@dataclass(frozen=True)
class ComparedModel:
    """One of the two models, as its file describes it.

    Attributes
    ----------
    file : what it was opened from
    sha256 : of the model file
    target : its name, description, unit, transform and minimum
    level : that the intervals are made to hold
    data_sha256 : of the training rows
    """

    name: str
    version: str
    file: str
    sha256: str
    target: Mapping[str, Any]
    metrics: Mapping[str, float]
    level: float
    data_sha256: str

    def to_dict(self) -> dict[str, Any]:
        """Return it as plain JSON types."""
        return asdict(self)


@dataclass(frozen=True)
class MovedRow:
    """A row whose prediction moved, and why.

    Attributes
    ----------
    label : which row it is
    old, new : the predictions
    move : relative, as `Movement` defines it, with its sign
    base : how far the prediction of a typical row moved; None without explanations
    changes : how far the contribution of each field moved, the largest first; with `base` they add
        up to the difference of the predictions
    values : for each field, what the new model, or for its own fields the old one, used
    """

    label: str
    old: float
    new: float
    move: float
    base: float | None
    changes: Mapping[str, float]
    values: Mapping[str, float | str | None]

    def to_dict(self) -> dict[str, Any]:
        """Return it as plain JSON types."""
        return asdict(self)


@dataclass(frozen=True)
class Movement:
    """How the predictions for some rows moved.

    A move is the difference of two predictions relative to the old one. Where the old one is nearer
    to zero than a tenth of the typical size of predictions, and the target is not learnt as a
    logarithm, it is relative to that tenth.

    Attributes
    ----------
    source : which rows they are
    compared, lost, gained, refused : how many rows both models predict, only the old one, only the
        new one, and neither
    lost_by : the errors of the lost rows, by field and code
    lost_example : the first lost row, with the reason
    over : how many rows move by more than 1%, 5% and 10%
    beyond, intervals_beyond : how many rows move, or have an end of the interval that moves, beyond
        the tolerance
    largest, mean : the largest move, without a sign, and the mean of all, with one; None where
        there is nothing to compare, also because the targets differ
    widths : the mean width of both intervals, in the unit of each target
    """

    source: str
    rows: int
    compared: int
    lost: int
    gained: int
    refused: int
    lost_by: Mapping[str, int]
    lost_example: str | None
    over: Mapping[str, int]
    beyond: int
    intervals_beyond: int
    largest: float | None
    mean: float | None
    widths: Mapping[str, float]
    most_moved: tuple[MovedRow, ...]

    def share(self, rows: int) -> float | None:
        """Return which share of the compared rows some are."""
        return rows / self.compared if self.compared else None

    def to_dict(self) -> dict[str, Any]:
        """Return it as plain JSON types."""
        names = {
            "beyond": "beyond_tolerance",
            "intervals_beyond": "intervals_beyond_tolerance",
            "widths": "interval_widths",
        }
        found = asdict(self) | {
            "over": {name: {"rows": n, "share": self.share(n)} for name, n in self.over.items()},
            "most_moved": [row.to_dict() for row in self.most_moved],
        }
        return {names.get(name, name): value for name, value in found.items()}


@dataclass(frozen=True)
class Reason:
    """Why it takes a release: a code of `RULES`, the release, and a sentence."""

    code: str
    release: Release
    message: str

    def to_dict(self) -> dict[str, Any]:
        """Return it as plain JSON types."""
        return asdict(self)


@dataclass(frozen=True)
class ModelComparison:
    """What changes for the users of a model when another takes its place.

    Attributes
    ----------
    tolerance : the largest move that does not count
    differences : of the contracts, the targets and the rest of what the files promise
    profile : on rows made from the training profile in the old file
    data : on the given rows
    reasons : what takes more than a patch, the most important first
    smallest_version : what the new version must be at least; None where the old one is not made of
        numbers
    version_is_enough : whether the new version is at least that; None likewise
    """

    old: ComparedModel
    new: ComparedModel
    tolerance: float
    differences: tuple[Difference, ...]
    profile: Movement
    data: Movement | None
    reasons: tuple[Reason, ...]
    smallest_version: str | None
    version_is_enough: bool | None

    @property
    def release(self) -> Release:
        """The release that it takes to publish the new model after the old one."""
        return largest_release(reason.release for reason in self.reasons)

    def to_dict(self) -> dict[str, Any]:
        """Return the comparison as plain JSON types."""
        return {
            "release": self.release,
            "smallest_version": self.smallest_version,
            "version_is_enough": self.version_is_enough,
            "reasons": [reason.to_dict() for reason in self.reasons],
            "old": self.old.to_dict(),
            "new": self.new.to_dict(),
            "tolerance": self.tolerance,
            "differences": [difference.to_dict() for difference in self.differences],
            "profile": self.profile.to_dict(),
            "data": None if self.data is None else self.data.to_dict(),
        }
