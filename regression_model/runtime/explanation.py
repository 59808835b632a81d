"""Why a row has its prediction: what each field adds to, or takes from, that of a typical row."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

import numpy as np
import numpy.typing as npt

from .contract import Contract
from .intake import Codes, Floats
from .problems import Problem

__all__ = ["Explanation", "Explanations", "explain_row"]

_PAIRS = 2  # of an order and its reverse, for each background row
_SEED = 0

Predict = Callable[[Floats, Codes], Floats]


@dataclass(frozen=True)
class Explanation:
    """What moved one prediction away from the typical one, in the target's unit.

    Attributes
    ----------
    base : float
        The mean prediction of the background rows in the model file.
    value : float
        The prediction of the row: `base` and all `contributions` together.
    contributions : dict of field name to float
        The largest first.
    standard_errors : dict of field name to float
        Of the contributions, which are estimated from a sample of orders; the background rows are
        taken as they are.
    values : dict of field name to float, str or None
        The value that the model used for each field, in the order of `contributions`: what the
        row has, or for a missing one what stands in for it. None for a level that no training row
        had, and where a model file of an earlier version does not say what stands in. A date or
        timestamp is an ISO 8601 text.
    assumed : tuple of str
        The fields that were missing: their `values` are what training learnt to fill in.
    """

    base: float
    value: float
    contributions: dict[str, float]
    standard_errors: dict[str, float]
    values: dict[str, float | str | None] = field(default_factory=dict)
    assumed: tuple[str, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """Return the explanation as plain JSON types."""
        return {**vars(self), "assumed": list(self.assumed)}


class Explanations(list[Explanation | None]):
    """One explanation a row, in order; None for a row without a prediction.

    Attributes
    ----------
    problems : list of Problem
        As `Prediction.problems` of the same rows: those that are errors say why there is None.
    """

    def __init__(
        self, explanations: Iterable[Explanation | None] = (), problems: Iterable[Problem] = ()
    ) -> None:
        super().__init__(explanations)
        self.problems = list(problems)


def explain_row(
    predict: Predict,
    contract: Contract,
    row: tuple[Floats, Codes],
    background: tuple[Floats, Codes],
    fillers: Mapping[str, float | str] = MappingProxyType({}),
) -> Explanation:
    """Estimate the Shapley values of the fields of one row against background rows.

    From every background row to the explained one the fields are exchanged one after the other,
    in a random order and in its reverse; a field's contribution is the mean change of the
    prediction when its turn comes. The changes of one walk add up to the difference of its two
    ends, so the contributions add up to the difference between the prediction and `base`.

    Parameters
    ----------
    predict : from arrays (rows, number fields) and (rows, category fields) to predictions
    row : the explained row, each array of shape (fields,)
    background : arrays of shape (background rows, fields)
    fillers : what stands in for a missing value, by the name of the field

    Notes
    -----
    Strumbelj and Kononenko, "Explaining prediction models and individual predictions with feature
    contributions", Knowledge and Information Systems 41 (2014); the pairs of an order and its
    reverse: Mitchell, Cooper, Frank and Holmes, "Sampling permutations for Shapley value
    estimation", Journal of Machine Learning Research 23 (2022). The orders are seeded: the same
    row always gets the same explanation.
    """
    names = [field.name for field in (*contract.numbers, *contract.categories)]
    ranks = _ranks(len(background[0]), len(names))
    of = np.repeat(np.arange(len(background[0])), len(ranks) // len(background[0]))
    differs = np.hstack([_differs(row[i], background[i]) for i in range(2)])
    changed = np.take_along_axis(differs[of], np.argsort(ranks, axis=1), axis=1)
    # Where the row and the other have the same value, an exchange changes no prediction.
    predicted = np.hstack([np.ones((len(ranks), 1), dtype=bool), changed])  # walks, turns
    walk, turn = np.nonzero(predicted)
    exchanged = ranks[walk] < turn[:, None]
    split = len(contract.numbers)
    numbers = np.where(exchanged[:, :split], row[0], background[0][of[walk]])
    codes = np.where(exchanged[:, split:], row[1], background[1][of[walk]])
    latest = np.cumsum(predicted.ravel()) - 1
    predictions = predict(numbers, codes)[latest].reshape(predicted.shape)
    changes = np.take_along_axis(np.diff(predictions, axis=1), ranks, axis=1)  # walks, fields
    means = changes.mean(axis=0)
    pairs = changes.reshape(len(background[0]), _PAIRS, 2, len(names)).mean(axis=2)
    errors = np.sqrt((pairs.var(axis=1, ddof=1) / _PAIRS).sum(axis=0)) / len(background[0])
    order = np.argsort(-np.abs(means), kind="stable")
    values, assumed = _values(contract, row, fillers)
    return Explanation(
        base=float(predictions[:, 0].mean()),
        value=float(predictions[:, -1].mean()),  # all are of the same row
        contributions={names[j]: float(means[j]) for j in order},
        standard_errors={names[j]: float(errors[j]) for j in order},
        values={names[j]: values[names[j]] for j in order},
        assumed=tuple(names[j] for j in order if names[j] in assumed),
    )


def _values(
    contract: Contract, row: tuple[Floats, Codes], fillers: Mapping[str, float | str]
) -> tuple[dict[str, float | str | None], set[str]]:
    """Return the value that was used for each field, and which fields are missing."""
    values: dict[str, float | str | None] = {}
    assumed = set()
    for of, number in zip(contract.numbers, row[0].tolist(), strict=True):
        values[of.name] = of.time_text(number) if of.is_time else number
        if number != number:
            assumed.add(of.name)
    codes = row[1].tolist()
    for of, offset, code in zip(contract.categories, contract.offsets, codes, strict=True):
        levels = of.coded_levels
        values[of.name] = levels[code - offset] if code - offset < len(levels) else None
        if code - offset == len(levels):
            assumed.add(of.name)
    return values | {name: fillers.get(name) for name in assumed}, assumed


def _ranks(background: int, fields: int) -> npt.NDArray[np.int64]:
    """The turn of each field in each walk, shape (walks, fields); reverses follow their orders."""
    generator = np.random.default_rng(_SEED)
    shape = (background * _PAIRS, fields)
    forward = generator.permuted(np.broadcast_to(np.arange(fields), shape), axis=1)
    return np.stack([forward, fields - 1 - forward], axis=1).reshape(-1, fields)


def _differs(row: Any, background: Any) -> npt.NDArray[np.bool_]:
    """Which fields of the background rows have another value; missing is the same as missing."""
    return np.asarray((row != background) & ~(np.isnan(row) & np.isnan(background)))
