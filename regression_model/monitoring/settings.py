"""When a difference counts as drift: from the configuration, through the model file."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any

__all__ = ["Settings"]


@dataclass(frozen=True)
class Settings:
    """When a difference counts as drift.

    Attributes
    ----------
    significance : how likely a false alarm may be, over all tests together
    minimum_rows : with fewer values, nothing is tested
    effect : the smallest difference of shares that counts: of the rows up to some value, with some
        of the levels, or without a value. With many rows, smaller ones are found and do not matter.
    refused : the smallest share of refused rows that counts
    error_increase : the smallest relative increase of the error that counts
    coverage_loss : how far the share of outcomes inside the intervals may be below their level
    ignore : fields that are shown and never count, such as the year of the row
    """

    significance: float = 0.05
    minimum_rows: int = 30
    effect: float = 0.1
    refused: float = 0.01
    error_increase: float = 0.25
    coverage_loss: float = 0.05
    ignore: tuple[str, ...] = ()

    @classmethod
    def from_dict(cls, data: Any) -> Settings:
        """Read the settings of a model file; what is absent or of another kind has its default."""
        found: dict[str, Any] = {}
        for field in fields(cls):
            value = data.get(field.name) if isinstance(data, dict) else None
            if field.name == "ignore":
                if isinstance(value, list):
                    found["ignore"] = tuple(one for one in value if isinstance(one, str))
            elif type(value) is not bool and isinstance(value, int | float) and 0 <= value < 1e9:
                found[field.name] = value
        return cls(**found)
