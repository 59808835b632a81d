"""The column to predict: whether it can be, and the scale on which it is learnt."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from ..config.core import Config, Estimator
from ..config.mistakes import nearest
from ..config.sections import Target
from ..display import count
from ..errors import InputError
from ..training.cross_validation import Progress
from ..training.held_out import cross_validations
from ..training.rows import TrainingData
from .kinds import Taken, is_amount, listed
from .table import Column, Floats

__all__ = ["choose_scale", "find_target", "take_target"]

_FEWEST_ROWS = 10
_MOST_ROWS = 50_000
_FOLDS = 5
_TRIED: Sequence[Mapping[str, Mapping[str, str]]] = (
    {"ridge": {"alpha": "10"}},
    {"hist_gradient_boosting": {"max_iter": "100"}},
)


def find_target(columns: Sequence[Column], name: str, *, source: str) -> Column:
    """Return the column to predict.

    Raises
    ------
    InputError
        When there is none of that name, or its values cannot be learnt.
    """
    by_name = {column.name: column for column in columns}
    if name not in by_name:
        near = nearest(name, by_name)
        known = f"; it has {listed([*by_name], 10)}."
        raise InputError(f"{source} has no column called {name!r}{near or known}")
    target = by_name[name]
    if mistake := _mistake(target, target.rows - target.missing):
        raise InputError(f"{source}: {mistake}")
    if len(columns) == 1:
        raise InputError(f"{source}: {name} is the only column: there is nothing to learn from.")
    return target


def _mistake(target: Column, values: int) -> str | None:
    name = target.name
    if not target.levels:
        return f"no row has a value of {name}."
    if not target.is_numeric:
        numbers = np.isfinite(target.level_numbers)
        odd = target.levels[int(np.argmin(numbers))]
        many = int(target.counts[~numbers].sum())
        return (
            f"{name} is to be predicted and must hold numbers: {many:,} of "
            f"{count(values, 'value')} cannot be read as one, such as {odd[:60]!r}."
        )
    if len(target.levels) == 1:
        return f"every value of {name} is {target.levels[0]}: there is nothing to predict."
    if values < _FEWEST_ROWS:
        return f"{name} has {count(values, 'value')}: expected at least {_FEWEST_ROWS}."
    return None


def take_target(target: Column) -> Taken:
    """Describe a target that is learnt as it is."""
    keys = {"missing": "leave_out"} if target.missing else {}
    if is_amount(target):
        keys = {"minimum": "0"} | keys
    return Taken(target.name, "number", "learnt as it is", keys=keys)


def choose_scale(
    draft: Taken, target: Column, config: Config, data: TrainingData, progress: Progress
) -> Taken:
    """Choose between the target and its logarithm by the squared errors of held-out rows.

    Ridge regression and boosted trees learn both, on at most 50,000 rows; the better of the two
    speaks for a scale. The logarithm is taken if its mean squared error, in units of the target,
    is lower by more than the standard error of the difference.

    Parameters
    ----------
    config, data : a configuration with the target as it is, and its training rows
    """
    known = target.level_numbers
    if known.min() > 0:
        transform, minimum = "log", _below(float(known.min()))
    elif known.min() == 0 and draft.keys.get("minimum") == "0":
        transform, minimum = "log1p", 0.0
    else:
        return replace(draft, why="learnt as it is: a logarithm needs values above zero")
    data = _sample(data)
    keys = {**draft.keys, "minimum": f"{minimum:.15g}", "transform": transform}
    stated = {"name": config.target.name, "description": config.target.description}
    logarithmic = config.model_copy(update={"target": Target.model_validate(stated | keys)})
    done, total = 0, 2 * len(_TRIED)
    errors = []
    for one in (config, logarithmic):
        tried = []
        for members in _TRIED:
            progress("Comparing scales of the target", done, total)
            tried.append(_squared_errors(one, members, data))
            done += 1
        errors.append(min(tried, key=lambda found: float(np.mean(found))))
    progress("Comparing scales of the target", total, total)
    as_it_is, as_logarithm = (math.sqrt(np.mean(one)) for one in errors)
    difference = errors[0] - errors[1]
    clearly = np.mean(difference) > np.std(difference, ddof=1) / math.sqrt(len(difference))
    scores = f"held-out RMSE {as_logarithm:.4g}, as it is {as_it_is:.4g}"
    if clearly:
        return replace(draft, keys=keys, why=f"learnt as a logarithm ({scores})")
    return replace(draft, why=f"learnt as it is: the logarithm is not clearly better ({scores})")


def _squared_errors(
    config: Config, members: Mapping[str, Mapping[str, str]], data: TrainingData
) -> Floats:
    """Return the squared error of every row, held out, shape (rows,)."""
    evaluation = config.evaluation.model_copy(update={"folds": _FOLDS, "repeats": 1})
    estimator = Estimator.model_validate(members)
    tried = config.model_copy(update={"estimator": estimator, "evaluation": evaluation})
    [held_out] = cross_validations(tried, data, seeds=[0], progress=lambda *_: None)
    errors: Floats = held_out.scored.error**2
    return errors


def _sample(data: TrainingData) -> TrainingData:
    if len(data.frame) <= _MOST_ROWS:
        return data
    rows = np.random.default_rng(0).choice(len(data.frame), _MOST_ROWS, replace=False)
    rows.sort()
    return replace(
        data,
        frame=data.frame.iloc[rows].reset_index(drop=True),
        target=data.target.iloc[rows].reset_index(drop=True),
    )


def _below(lowest: float) -> float:
    """Return a power of ten that is well below the lowest value: no target falls to it."""
    return float(10.0 ** math.floor(math.log10(lowest) - 0.3))
