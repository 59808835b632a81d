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
    target : dict
        name, description, unit, transform and minimum
    metrics : dict of str to float
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
    label : str
        Which row it is.
    old, new : the predictions
    move : relative, as `Movement` defines it, with its sign
    base : how far the prediction of a typical row moved; None without explanations
    changes : dict of field name to float
        How far the contribution of each field moved, the largest first. With `base` they add up to
        the difference of the predictions.
    values : dict of field name to float, str or None
        The value that the new model, or for its own fields the old one, used for each field.
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
    source : str
        Which rows they are.
    rows : int
    compared, lost, gained, refused : int
        How many rows both models predict, only the old one, only the new one, and neither.
    lost_by : dict of str to int
        The errors of the lost rows, by field and code.
    lost_example : str or None
        Of the first lost row, with the reason.
    over : dict of str to int
        How many rows move by more than 1%, 5% and 10%.
    beyond, intervals_beyond : int
        How many rows move, or have an end of the interval that moves, beyond the tolerance.
    largest, mean : float or None
        The largest move, without a sign, and the mean of all, with one. None where there is nothing
        to compare, also because the targets differ.
    widths : dict of str to float
        The mean width of both intervals, in the unit of each target.
    most_moved : tuple of MovedRow
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
        return {
            "source": self.source,
            "rows": self.rows,
            "compared": self.compared,
            "lost": self.lost,
            "gained": self.gained,
            "refused": self.refused,
            "lost_by": dict(self.lost_by),
            "lost_example": self.lost_example,
            "over": {name: {"rows": n, "share": self.share(n)} for name, n in self.over.items()},
            "beyond_tolerance": self.beyond,
            "intervals_beyond_tolerance": self.intervals_beyond,
            "largest": self.largest,
            "mean": self.mean,
            "interval_widths": dict(self.widths),
            "most_moved": [row.to_dict() for row in self.most_moved],
        }


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
    old, new : ComparedModel
    tolerance : float
        The largest move that does not count.
    differences : tuple of Difference
        Of the contracts, the targets and the rest of what the files promise.
    profile : Movement
        On rows made from the training profile in the old file.
    data : Movement or None
        On the given rows.
    reasons : tuple of Reason
        What takes more than a patch, the most important first.
    smallest_version : str or None
        What the new version must be at least; None where the old one is not made of numbers.
    version_is_enough : bool or None
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
