"""What was found about drift, and as JSON."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal, cast

from .settings import Settings

__all__ = ["Compared", "Distributions", "DriftReport", "OutcomeDrift", "Part", "Test", "Verdict"]

Verdict = Literal["drift", "no drift", "too few rows", "not tested", "ignored"]


def _plain(value: Any) -> Any:
    """Return plain JSON types, with None for what is not finite."""
    if isinstance(value, dict):
        return {key: _plain(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(one) for one in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


@dataclass(frozen=True)
class Test:
    """One test of the training rows against the new ones.

    Attributes
    ----------
    of : "values", "missing", "refused", "error" or "coverage"
    method : its name
    statistic, p_value : float
    effect : float
        A difference of shares; of "error", the relative increase.
    at : str
        Where the difference is: a value or level, in words.
    training, new : float
        The two shares there; of "error" and "coverage", the two values.
    adjusted : float
        The p-value, adjusted for all tests of the part (Benjamini and Hochberg).
    counts : bool
        Whether it is significant, and its effect large enough.
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
    values : tuple of float or str
        Numbers, as the file has them; or levels.
    training, new : tuple of float
        The share of the rows up to each number; or with each level.
    """

    values: tuple[float | str, ...]
    training: tuple[float, ...]
    new: tuple[float, ...]


@dataclass(frozen=True)
class Compared:
    """A field, the predictions, or which rows are refused, in the training rows and the new ones.

    Attributes
    ----------
    name, kind : str
    verdict : str
    why : str
        Why nothing was tested, where that is so.
    tests : tuple of Test
    psi : float or None
        The population stability index, from 300 rows on.
    rows : int
        New values that are known.
    rates : dict of str to float
        Shares of the new rows: missing, unseen_level, outside_training_range and others.
    training_missing : float or None
        The share of the training rows without a value.
    distributions : Distributions or None
        Of predictions, and of a field that drifted.
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

    def to_dict(self) -> dict[str, Any]:
        """Return it as plain JSON types."""
        return cast(dict[str, Any], _plain(asdict(self)))


@dataclass(frozen=True)
class OutcomeDrift:
    """How good the predictions were for the rows whose outcome is known.

    Attributes
    ----------
    rows : int
    metrics : dict of str to float
        rmsle (where all values are above 0), rmse, mae, mean_error and coverage.
    recorded : dict of str to float
        The same in cross-validation, as the model file has them.
    headline : the metric that is tested
    verdict : str
    tests : tuple of Test
    """

    rows: int
    metrics: Mapping[str, float]
    recorded: Mapping[str, float]
    headline: str
    verdict: Verdict
    tests: tuple[Test, ...]

    def to_dict(self) -> dict[str, Any]:
        """Return it as plain JSON types."""
        return cast(dict[str, Any], _plain(asdict(self)))


@dataclass(frozen=True)
class Part:
    """All of the new rows, or those of a window.

    Attributes
    ----------
    name : which rows they are
    rows, refused : int
    significance : float
        Of all tests of the part together.
    fields : tuple of Compared
        Those that drifted first, by their effect.
    predictions, refusals : Compared
    outcomes : OutcomeDrift or None
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
        verdicts = [one.verdict for one in (*self.fields, self.predictions, self.refusals)]
        return "drift" in verdicts or (
            self.outcomes is not None and self.outcomes.verdict == "drift"
        )

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
            "fields": [one.to_dict() for one in self.fields],
            "predictions": self.predictions.to_dict(),
            "refusals": self.refusals.to_dict(),
            "outcomes": None if self.outcomes is None else self.outcomes.to_dict(),
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
            "settings": self.settings.to_dict(),
            "everything": self.everything.to_dict(),
            "windows": [part.to_dict() for part in self.windows],
            "notes": list(self.notes),
        }
