"""Where a model is weak: its metrics by target band, and by the values of some fields."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import pairwise
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
    "labels_of",
    "labels_of_numbers",
]

TARGET_BAND = "target band"
FEW_ROWS = 30  # a group of fewer says little about the model
VERY_FEW_ROWS = 10  # too few for an interval
_MOST_VALUES = 20  # of a number, each a group of its own
_BANDS = 5
_MISSING = "missing"
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
    several : the same rows, predicted several times
    labels : for each way to group the rows, the name of each row's group, shape (rows,)
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
    names = OF_GROUPS if score == "rmsle" else OF_GROUPS[1:]
    groups = []
    for name in dict.fromkeys(labels.tolist()):
        chosen = labels == name
        # All folds together: a group has too few rows in each.
        pooled = [
            replace(scored.only(chosen), fold=np.zeros(chosen.sum(), dtype=np.int64))
            for scored in several
        ]
        found = estimates(pooled, names, seed=seed)
        groups.append(Group(str(name), int(chosen.sum()), found))
    return sorted(groups, key=_error_of, reverse=True)


def _error_of(group: Group) -> tuple[bool, float]:
    """Return the RMSLE, or the MAE of a group with a target or prediction of 0 or below."""
    if "rmsle" in group.metrics:
        return False, group.metrics["rmsle"].value
    return True, group.metrics["mae"].value


def in_order(groups: Sequence[Group]) -> list[Group]:
    """Return groups that are named after numbers by number, and others as they are."""
    named = [group for group in groups if group.name != _MISSING]
    missing = [group for group in groups if group.name == _MISSING]
    if all(_TIME.match(group.name) for group in named):
        return sorted(named, key=lambda group: group.name) + missing
    starts = [_NUMBER.match(group.name) for group in named]
    numbers = [float(start[0].replace(",", "")) for start in starts if start]
    if len(numbers) < len(named):
        return list(groups)
    return [named[i] for i in np.argsort(numbers, kind="stable")] + missing


def labels_of_numbers(
    values: npt.NDArray[np.float64], *, most: int = _MOST_VALUES, of: Field | None = None
) -> Labels:
    """Name each number's group: itself if there are at most `most` values, else its fifth.

    Parameters
    ----------
    of : the field that has these values; its times are written as such.
    """
    is_known = ~np.isnan(values)
    known = values[is_known]
    as_time = of.time_text if of is not None and of.is_time else None
    labels = np.full(len(values), _MISSING, dtype=object)
    if len(np.unique(known)) <= max(most, 1):
        write = as_time or "{:.15g}".format
        labels[is_known] = [write(value) for value in known]
        return labels
    edges = np.unique(np.quantile(known, np.linspace(0, 1, _BANDS + 1)))
    names = [f"{low} to {high}" for low, high in pairwise(map(as_time or _edge, edges))]
    labels[is_known] = np.array(names, dtype=object)[np.digitize(known, edges[1:-1])]
    return labels


def _edge(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.4g}"


def labels_of(field: Field, values: npt.NDArray[Any]) -> Labels:
    """Name the group of every row by its value of a field."""
    if field.is_number:
        return labels_of_numbers(values, of=field)
    named = [_MISSING if level is None else str(level) for level in values.tolist()]
    return np.array(named, dtype=object)
