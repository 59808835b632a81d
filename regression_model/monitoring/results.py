"""What was found about drift, and as JSON."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal

from ..evaluation.results import plain_values
from .settings import Settings

__all__ = ["Compared", "Distributions", "DriftReport", "OutcomeDrift", "Part", "Test", "Verdict"]

Verdict = Literal["drift", "no drift", "too few rows", "not tested", "ignored"]


@dataclass(frozen=True)
class Test:
    """One test of the training rows against the new ones.

    Attributes
    ----------
    of : "values", "missing", "refused", "error" or "coverage"
    effect : a difference of shares; of "error", the relative increase
    at : where the difference is: a value or level, in words
    training, new : the two shares there; of "error" and "coverage", the two values
    adjusted : the p-value, adjusted for all tests of the part (Benjamini and Hochberg)
    counts : whether it is significant, and its effect large enough
    """

    of: str
    method: str
    statistic: float
    p_value: float
    effect: float
    at: str
    training: float
    new: float
    adjusted: float = 1.0
    counts: bool = False

    __test__ = False  # for pytest


@dataclass(frozen=True)
class Distributions:
    """The training rows and the new ones, side by side.

    Attributes
    ----------
    values : numbers, as the file has them; or levels
    training, new : the share of the rows up to each number; or with each level
    """

    values: tuple[float | str, ...]
    training: tuple[float, ...]
    new: tuple[float, ...]


@dataclass(frozen=True)
class Compared:
    """A field, the predictions, or which rows are refused, in the training rows and the new ones.

    Attributes
    ----------
    why : why nothing was tested, where that is so
    psi : the population stability index, from 300 rows on
    rows : new values that are known
    rates : shares of the new rows: missing, unseen_level, outside_training_range and others
    training_missing : the share of the training rows without a value
    distributions : of predictions, and of a field that drifted
    """

    name: str
    kind: str
    verdict: Verdict
    why: str
    tests: tuple[Test, ...]
    psi: float | None
    rows: int
    rates: Mapping[str, float]
    training_missing: float | None = None
    distributions: Distributions | None = None

    @property
    def effect(self) -> float:
        """The largest difference that counts, or else the largest one."""
        return max(((one.counts, one.effect) for one in self.tests), default=(False, 0.0))[1]

    @property
    def p_value(self) -> float:
        """The smallest of the adjusted p-values."""
        return min((one.adjusted for one in self.tests), default=1.0)


@dataclass(frozen=True)
class OutcomeDrift:
    """How good the predictions were for the rows whose outcome is known.

    Attributes
    ----------
    metrics : rmsle (where all values are above 0), rmse, mae, mean_error and coverage
    recorded : the same in cross-validation, as the model file has them
    headline : the metric that is tested
    """

    rows: int
    metrics: Mapping[str, float]
    recorded: Mapping[str, float]
    headline: str
    verdict: Verdict
    tests: tuple[Test, ...]


@dataclass(frozen=True)
class Part:
    """All of the new rows, or those of a window.

    Attributes
    ----------
    name : which rows they are
    significance : of all tests of the part together
    fields : those that drifted first, by their effect
    """

    name: str
    rows: int
    refused: int
    significance: float
    fields: tuple[Compared, ...]
    predictions: Compared
    refusals: Compared
    outcomes: OutcomeDrift | None

    @property
    def drifted(self) -> tuple[Compared, ...]:
        """The fields that drifted."""
        return tuple(one for one in self.fields if one.verdict == "drift")

    @property
    def has_drift(self) -> bool:
        """Whether fields, predictions, refusals or outcomes drifted."""
        judged = (*self.fields, self.predictions, self.refusals, self.outcomes)
        return any(one is not None and one.verdict == "drift" for one in judged)

    @property
    def tested(self) -> int:
        """How many fields were tested."""
        return sum(one.verdict in ("drift", "no drift") for one in self.fields)

    def to_dict(self) -> dict[str, Any]:
        """Return it as plain JSON types."""
        return {
            "name": self.name,
            "drift": self.has_drift,
            "rows": self.rows,
            "refused": self.refused,
            "significance": self.significance,
            "fields_drifted": len(self.drifted),
            "fields_tested": self.tested,
            "fields": [plain_values(asdict(one)) for one in self.fields],
            "predictions": plain_values(asdict(self.predictions)),
            "refusals": plain_values(asdict(self.refusals)),
            "outcomes": None if self.outcomes is None else plain_values(asdict(self.outcomes)),
        }


@dataclass(frozen=True)
class DriftReport:
    """Whether new rows differ from those that a model was trained on.

    Attributes
    ----------
    model : dict
        name, version and sha256
    target : dict
        name and unit
    source : str
        What the new rows are called.
    training_rows : int
    settings : Settings
    everything : Part
        All new rows.
    windows : tuple of Part
    notes : tuple of str
    """

    model: Mapping[str, str]
    target: Mapping[str, Any]
    source: str
    training_rows: int
    settings: Settings
    everything: Part
    windows: tuple[Part, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def has_drift(self) -> bool:
        """Whether the new rows, or those of a window, differ."""
        return any(part.has_drift for part in (self.everything, *self.windows))

    def to_dict(self) -> dict[str, Any]:
        """Return the report as plain JSON types."""
        return {
            "drift": self.has_drift,
            "model": dict(self.model),
            "target": dict(self.target),
            "source": self.source,
            "training_rows": self.training_rows,
            "settings": plain_values(asdict(self.settings)),
            "everything": self.everything.to_dict(),
            "windows": [part.to_dict() for part in self.windows],
            "notes": list(self.notes),
        }
