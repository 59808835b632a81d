"""What a report is made from, gathered once for the page and the card."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from ..display import Amounts, percent, plain
from ..evaluation import Details, EvaluationResult, Group
from ..evaluation.tables import amounts_of, label_of, metric, written
from ..runtime.checking import Checker
from ..runtime.contract import Contract, Field
from ..runtime.intake import read_rows
from ..runtime.model import Model

__all__ = ["Columns", "Facts", "Floats", "shown"]

Floats = npt.NDArray[np.float64]
Rows = npt.NDArray[np.int64]

_MAIN_FIELDS = 24


@dataclass(frozen=True)
class Facts:
    """An evaluation, its model and the table that was evaluated.

    Parameters
    ----------
    rows : as for `Model.predict`; None for a card, which shows no single row.
    """

    evaluation: EvaluationResult
    model: Model
    rows: Any = None

    @cached_property
    def manifest(self) -> dict[str, Any]:
        """The metadata of the model file."""
        return self.evaluation.manifest or self.model.manifest

    @cached_property
    def amounts(self) -> Amounts:
        """How values of the target are written."""
        return amounts_of(self.evaluation.target)

    @property
    def target_name(self) -> str:
        """The target's name."""
        return str(self.evaluation.target["name"])

    @property
    def held_out(self) -> bool:
        """Whether every row was predicted by a model that was fitted without it."""
        return self.evaluation.source == "cross-validation"

    @cached_property
    def scored(self) -> Details:
        """The rows with a target and a prediction."""
        every = self.evaluation.details
        chosen = np.isfinite(every.target) & np.isfinite(every.prediction)
        return Details(*(getattr(every, one.name)[chosen] for one in fields(every)))

    @cached_property
    def columns(self) -> Columns:
        """The fields of the scored rows."""
        return read_columns(self.model.contract, self.rows, self.scored.index)

    @cached_property
    def is_relative(self) -> bool:
        """Whether an error can be a share of the value: all values are above zero."""
        return bool(min(self.scored.target.min(), self.scored.prediction.min()) > 0)

    @cached_property
    def is_logarithmic(self) -> bool:
        """Whether values are drawn on logarithmic axes, as the estimator learns them."""
        return self.is_relative and self.evaluation.target.get("transform") == "log"

    @cached_property
    def errors(self) -> Floats:
        """By how much each prediction is too high: a share of the value, or in its unit."""
        difference = self.scored.prediction - self.scored.target
        return difference / self.scored.target if self.is_relative else difference

    @cached_property
    def error_sizes(self) -> Floats:
        """How far off each prediction is; for relative errors half is as far as double."""
        if self.is_relative:
            return np.abs(np.log(self.scored.prediction / self.scored.target))
        return np.abs(self.errors)

    def error(self, value: float, *, sign: bool = False) -> str:
        """Write an error."""
        if self.is_relative:
            return percent(value, 1 if abs(value) < 0.0995 else 0, sign=sign)
        return self.amounts.full(value, sign=sign)

    def error_tick(self, value: float) -> str:
        """Write an error on an axis."""
        return percent(value, 0, sign=True) if self.is_relative else self.amounts.tick(value)

    @property
    def error_title(self) -> str:
        """The title of an axis of errors."""
        return "error" if self.is_relative else self.amounts.title("error")

    @property
    def score_label(self) -> str:
        """What the metric is called that groups and folds are compared by."""
        return metric(self.evaluation.score).label

    def written(self, name: str, value: float, *, sign: bool = False) -> str:
        """Write a metric in its unit."""
        return written(name, value, self.amounts, sign=sign)

    def label_of(self, name: str, group: Group) -> str:
        """Return what a group by `name` is called."""
        return label_of(self.evaluation, name, group)

    @property
    def main_fields(self) -> list[Field]:
        """The fields that matter most, of those that the model uses."""
        contract = self.model.contract
        used = {field.name: field for field in (*contract.numbers, *contract.categories)}
        ranked = [one.field for one in self.evaluation.importances if one.field in used]
        return [used[name] for name in (ranked or [*used])[:_MAIN_FIELDS]]


@dataclass(frozen=True)
class Columns:
    """Some rows of a table.

    Attributes
    ----------
    values : by field that the model uses, shape (rows,): float64 with NaN, or texts with None; a
        time is seconds
    names : what each row is called: its identifier, or its number from 1
    named_by : the field with the identifiers, or `row`
    """

    contract: Contract
    values: dict[str, npt.NDArray[Any]]
    names: list[str]
    named_by: str

    def rows(self, chosen: Rows) -> dict[str, list[Any]]:
        """Return some rows as `Model.predict` takes them."""
        return {
            name: as_sent(self.contract.field(name), column[chosen].tolist())
            for name, column in self.values.items()
        }

    def cell(self, name: str, row: int) -> str:
        """Write a field's value in one row."""
        return shown(self.contract.field(name), self.values[name][row])


def read_columns(contract: Contract, rows: Any, chosen: Rows) -> Columns:
    """Read some rows of a table that the contract has accepted.

    Parameters
    ----------
    rows : as for `Model.predict`
    chosen : which rows, from 0, in the order wanted
    """
    checked = Checker(contract).check(rows).values(contract)
    values = {name: column[chosen] for name, column in checked.items()}
    identifier = next((f.name for f in contract.fields if f.kind == "identifier"), None)
    if identifier is not None:
        cells = read_rows(contract, rows).cells(identifier, chosen.tolist())
        if all(cell is not None for cell in cells):
            names = [f"{cell:.15g}" if isinstance(cell, float) else str(cell) for cell in cells]
            return Columns(contract, values, names, identifier)
    return Columns(contract, values, [str(row + 1) for row in chosen], "row")


def shown(field: Field, value: Any) -> str:
    """Write a field's value; a year has no thousands separator."""
    if value is None or value != value:
        return "missing"
    if field.kind == "year":
        return f"{value:.0f}"
    if field.is_time:
        return field.time_text(value)
    return plain(value) if field.is_number else str(value)


def as_sent(field: Field, values: Sequence[Any]) -> list[Any]:
    """Return values of a field as `Model.predict` takes them."""
    write = field.time_text if field.is_time else lambda value: value
    return [None if value is None or value != value else write(value) for value in values]
