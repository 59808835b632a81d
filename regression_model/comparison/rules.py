"""The rules: each kind of difference between two models, and the release that it takes."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Literal

__all__ = ["RELEASES", "RULES", "Difference", "Release", "largest_release"]

Release = Literal["patch", "minor", "major"]

RELEASES: tuple[Release, ...] = ("patch", "minor", "major")

# docs/comparing.md has a table of these with the reasons.
RULES: dict[str, Release] = {
    "rows_refused": "major",
    "required_field_added": "major",
    "field_removed": "major",
    "field_required": "major",
    "field_checked": "major",
    "kind_changed": "major",
    "unit_changed": "major",
    "bound_narrowed": "major",
    "level_refused": "major",
    "numbers_refused": "major",
    "alias_removed": "major",
    "name_taken": "major",
    "missing_value_refused": "major",
    "target_changed": "major",
    "target_unit_changed": "major",
    "predictions_moved": "minor",
    "intervals_moved": "minor",
    "rows_accepted": "minor",
    "field_added": "minor",
    "field_renamed": "minor",
    "field_optional": "minor",
    "field_unused": "minor",
    "bound_widened": "minor",
    "level_added": "minor",
    "level_forgotten": "minor",
    "levels_reordered": "minor",
    "numbers_accepted": "minor",
    "alias_added": "minor",
    "unit_stated": "minor",
    "unit_dropped": "minor",
    "missing_value_added": "minor",
    "missing_value_removed": "minor",
    "missing_meaning_changed": "minor",
    "level_meaning_changed": "minor",
    "fields_reordered": "minor",
    "target_unit_stated": "minor",
    "target_unit_dropped": "minor",
    "target_minimum_changed": "minor",
    "interval_level_changed": "minor",
    "format_changed": "minor",
    "name_changed": "patch",
    "description_changed": "patch",
    "group_changed": "patch",
    "training_range_changed": "patch",
    "unused_field_changed": "patch",
    "columns_beside_changed": "patch",
    "target_description_changed": "patch",
    "target_transform_changed": "patch",
}


@dataclass(frozen=True)
class Difference:
    """One difference between the contracts or other promises of two models.

    Attributes
    ----------
    code : one of `RULES`
    field : its name in the old model, or in the new one if it is added there
    old, new : what each model has, in plain JSON types; None for nothing
    """

    code: str
    field: str | None
    old: Any
    new: Any
    message: str

    @property
    def release(self) -> Release:
        """The release that the difference takes."""
        return RULES[self.code]

    def to_dict(self) -> dict[str, Any]:
        """Return the difference as plain JSON types."""
        return {
            "code": self.code,
            "release": self.release,
            "field": self.field,
            "old": self.old,
            "new": self.new,
            "message": self.message,
        }


def largest_release(releases: Iterable[Release]) -> Release:
    """Return the largest of some releases; a patch if there are none."""
    return max(releases, key=RELEASES.index, default="patch")
