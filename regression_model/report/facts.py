"""What a report is made from, gathered once for the page and the card."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any, cast

import numpy as np
import numpy.typing as npt

from ..evaluation import EvaluationResult
from ..runtime.contract import Field
from ..runtime.model import Model
from .columns import Columns, read_columns
from .numbers import Amounts, percent

__all__ = ["Facts", "gather"]

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Facts:
    """An evaluation, its model and the scored rows.

    Attributes
    ----------
    target, prediction, lower, upper : array of float64, shape (scored rows,)
    columns : Columns
        The fields of the same rows; None for a card, which shows no single row.
    """

    evaluation: EvaluationResult
    model: Model
    target: Floats
    prediction: Floats
    lower: Floats
    upper: Floats
    columns: Columns | None

    @property
    def manifest(self) -> dict[str, Any]:
        """The metadata of the model file."""
        return self.evaluation.manifest or self.model.manifest

    @property
    def amounts(self) -> Amounts:
        """How values of the target are written."""
        return Amounts.of(self.evaluation.target.get("unit"))

    @property
    def target_name(self) -> str:
        """The target's name."""
        return cast(str, self.evaluation.target["name"])

    @property
    def held_out(self) -> bool:
        """Whether every row was predicted by a model that was fitted without it."""
        return self.evaluation.source == "cross-validation"

    @cached_property
    def is_relative(self) -> bool:
        """Whether an error can be a share of the value: all values are above zero."""
        return bool(min(self.target.min(), self.prediction.min()) > 0)

    @cached_property
    def has_relative_widths(self) -> bool:
        """Whether the width of an interval can be a share of its middle: none reaches zero."""
        return bool(self.lower.min() > 0)

    @cached_property
    def is_logarithmic(self) -> bool:
        """Whether values are drawn on logarithmic axes, as the estimator learns them."""
        return self.is_relative and self.evaluation.target.get("transform") == "log"

    @cached_property
    def errors(self) -> Floats:
        """By how much each prediction is too high: a share of the value, or in its unit."""
        difference = self.prediction - self.target
        return difference / self.target if self.is_relative else difference

    @cached_property
    def badness(self) -> Floats:
        """How wrong each prediction is; with relative errors half and double are as wrong."""
        if self.is_relative:
            return np.abs(np.log(self.prediction / self.target))
        return np.abs(self.errors)

    @cached_property
    def inside(self) -> npt.NDArray[np.bool_]:
        """Whether each row's interval holds its value."""
        return (self.lower <= self.target) & (self.target <= self.upper)

    def error(self, value: float, *, sign: bool = False) -> str:
        """Write an error."""
        if self.is_relative:
            return percent(value, 1 if abs(value) < 0.0995 else 0, sign=sign)
        return self.amounts.full(value, sign=sign)

    def error_tick(self, value: float) -> str:
        """Write an error on an axis."""
        return percent(value, 0, sign=True) if self.is_relative else self.amounts.tick(value)

    @property
    def score_name(self) -> str:
        """The metric that groups and folds are compared by."""
        return "rmsle" if "rmsle" in self.evaluation.metrics else "mae"

    def main_fields(self, most: int) -> list[Field]:
        """Return the fields that matter most, of those that the model uses."""
        contract = self.model.contract
        used = {field.name: field for field in (*contract.numbers, *contract.categories)}
        ranked = [one.field for one in self.evaluation.importances if one.field in used]
        rest = [name for name in used if name not in ranked] if not ranked else []
        return [used[name] for name in (ranked or rest)[:most]]


def gather(evaluation: EvaluationResult, model: Model, rows: Any = None) -> Facts:
    """Gather the facts of a report.

    Parameters
    ----------
    rows : the table that `evaluation.details` counts in; None when no field of it is shown.
    """
    details = evaluation.details
    known = np.isfinite(details.target) & np.isfinite(details.prediction)
    return Facts(
        evaluation,
        model,
        target=details.target[known],
        prediction=details.prediction[known],
        lower=details.lower[known],
        upper=details.upper[known],
        columns=None if rows is None else read_columns(model.contract, rows, details.index[known]),
    )
