"""Where a model is weak: its metrics by target band, and by the values of some fields."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from ..runtime.contract import Field
from .metrics import OF_GROUPS, PredictedRows, estimates
from .results import Group

__all__ = [
    "FEW_ROWS",
    "TARGET_BAND",
    "VERY_FEW_ROWS",
    "groups_of",
    "in_order",
    "labels_of_levels",
    "labels_of_numbers",
]

TARGET_BAND = "target band"
FEW_ROWS = 30  # a group of fewer says little about the model
VERY_FEW_ROWS = 10  # too few for an interval
_MOST_VALUES = 20  # of a number, each a group of its own
_BANDS = 5
_MISSING = "missing"
_OTHER_LEVEL = "any other level"
_NUMBER = re.compile(r"-?[\d,]*\.?\d+")
_TIME = re.compile(r"\d{4}-\d\d-\d\d")

Labels = npt.NDArray[np.object_]


def groups_of(
    several: Sequence[PredictedRows],
    labels: Mapping[str, Labels],
    *,
    score: str = "rmsle",
    seed: int,
) -> dict[str, list[Group]]:
    """Return the groups of every way to group the rows, each worst first.

    Parameters
    ----------
    several : list of PredictedRows
        The same rows, predicted several times.
    labels : dict of str to array of str, shape (rows,)
        For each way to group the rows, the name of each row's group.
    score : `rmsle`, or `mae` for a target of which the RMSLE says little; the groups lack it then.
    """
    bands = labels_of_numbers(several[0].target, most=0)
    return {
        name: _groups(several, of_rows, score, seed=seed)
        for name, of_rows in {TARGET_BAND: bands, **labels}.items()
    }


def _groups(
    several: Sequence[PredictedRows], labels: Labels, score: str, *, seed: int
) -> list[Group]:
    names = [name for name in OF_GROUPS if name in (score, *OF_GROUPS[1:])]
    groups = []
    for name in dict.fromkeys(labels.tolist()):
        chosen = labels == name
        pooled = [_pooled(scored.only(chosen)) for scored in several]
        found = estimates(pooled, names, seed=seed)
        groups.append(Group(str(name), int(chosen.sum()), found))
    return sorted(groups, key=_error_of, reverse=True)


def _pooled(scored: PredictedRows) -> PredictedRows:
    """Take all rows together: a group has too few in each fold."""
    together = np.zeros_like(scored.fold)
    return PredictedRows(scored.target, scored.prediction, together, scored.lower, scored.upper)


def _error_of(group: Group) -> tuple[bool, float]:
    """Return the RMSLE, or the MAE of a group with a target or prediction of 0 or below."""
    if "rmsle" in group.metrics:
        return False, group.metrics["rmsle"].value
    return True, group.metrics["mae"].value


def in_order(groups: Sequence[Group]) -> list[Group]:
    """Return groups that are named after numbers by number, and others as they are."""
    starts = [_NUMBER.match(group.name) for group in groups]
    if not all(
        start or group.name == _MISSING for start, group in zip(starts, groups, strict=True)
    ):
        return list(groups)
    if all(_TIME.match(group.name) or group.name == _MISSING for group in groups):
        return sorted(groups, key=lambda group: (group.name == _MISSING, group.name))
    numbers = [float(start[0].replace(",", "")) if start else np.inf for start in starts]
    return [groups[i] for i in np.argsort(numbers, kind="stable")]


def labels_of_numbers(
    values: npt.NDArray[np.float64], *, most: int = _MOST_VALUES, of: Field | None = None
) -> Labels:
    """Name each number's group: itself if there are at most `most` values, else its fifth.

    Parameters
    ----------
    of : the field that has these values; its times are written as such.
    """
    known = values[~np.isnan(values)]
    distinct = np.unique(known)
    labels = np.full(len(values), _MISSING, dtype=object)
    if len(distinct) <= max(most, 1):
        write = of.time_text if of is not None and of.is_time else "{:.15g}".format
        labels[~np.isnan(values)] = [write(value) for value in known]
        return labels
    edges = np.unique(np.quantile(known, np.linspace(0, 1, _BANDS + 1)))
    band = np.digitize(known, edges[1:-1])
    shown = [f"{edge:,.0f}" if abs(edge) >= 1000 else f"{edge:.4g}" for edge in edges]
    if of is not None and of.is_time:
        shown = [of.time_text(edge) for edge in edges]
    names = [f"{low} to {high}" for low, high in zip(shown, shown[1:], strict=False)]
    labels[~np.isnan(values)] = np.array(names, dtype=object)[band]
    return labels


def labels_of_levels(levels: Sequence[Any]) -> Labels:
    """Name each level's group after it."""
    named = [_MISSING if level is None else str(level) for level in levels]
    return np.array(named, dtype=object)
