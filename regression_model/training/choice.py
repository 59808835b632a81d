"""Which members an estimator has, where the configuration leaves it open with `auto`."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np
import pandas as pd
from sklearn.pipeline import Pipeline

from ..config.core import Config, Estimator
from .arrays import Floats, Rows
from .cross_validation import Progress, Split, Splitter, fit_fold, fitting
from .intervals import scale_of
from .parallel import each
from .pipeline import build_pipeline
from .rows import TrainingData, weighted

__all__ = ["Candidate", "Choice", "candidates_of", "choose", "decided"]

Members = dict[str, dict[str, float]]
Blend = tuple[tuple[int, int], ...]  # places among the candidates, each with its weight

# Linear and quadratic members are one matrix product in the graph, whatever their number.
_FAMILIES = ("linear", "quadratic", "trees")
_DEAREST = "trees"
_WEIGHTS: dict[int, tuple[tuple[int, ...], ...]] = {  # that members of a blend may have
    1: ((1,),),
    2: ((1, 1), (1, 3), (3, 1)),
    3: ((1, 1, 1), (2, 1, 1), (1, 2, 1), (1, 1, 2)),
}
_BOOSTING = (
    "max_iter",
    "learning_rate",
    "max_leaf_nodes",
    "min_samples_leaf",
    "l2_regularization",
)
_MOST_COLUMNS = 12  # that a category is taken to become
_STAGE = "Comparing estimators"


@dataclass(frozen=True)
class Candidate:
    """An estimator that is compared with others.

    Attributes
    ----------
    family : str
        Only the best of a family is blended with others.
    members : dict
        As the section `estimator` has them.
    seconds : float
        What its fits in all folds are expected to take, as a rule and not by any clock.
    """

    family: str
    members: Members
    seconds: float


@dataclass(frozen=True)
class Choice:
    """What was compared, and what was chosen.

    Attributes
    ----------
    estimator : Estimator
    compared : list of dict
        The members of each, its root mean squared error on the scale that the model learns, by how
        much its mean squared error is above the lowest and the standard error of that, and whether
        it was chosen; the best of each family and their blends.
    tried : int
        How many candidates were fitted.
    repeated : float
        The root mean squared error if, for each fold, the choice is made on the others.
    """

    estimator: Estimator
    compared: list[dict[str, Any]]
    tried: int
    repeated: float

    def to_dict(self) -> dict[str, Any]:
        """Return the choice as plain JSON types."""
        return {"tried": self.tried, "compared": self.compared, "repeated": self.repeated}


def decided(config: Config, data: TrainingData, progress: Progress) -> tuple[Config, Choice | None]:
    """Return a configuration whose estimator has members, and how `choose` has chosen them."""
    if config.estimator.auto is None:
        return config, None
    choice = choose(config, data, progress)
    return config.model_copy(update={"estimator": choice.estimator}), choice


def candidates_of(config: Config, rows: int, columns: int, spread: float) -> list[Candidate]:
    """Return what is compared: as many of each family as the budget has room for.

    Parameters
    ----------
    rows, columns : size of the training table, as the members see it
    spread : standard deviation of the target, on the scale that the model learns

    Notes
    -----
    The expected times are rules from the number of rows and columns, so that the same table and
    budget always have the same candidates.
    """
    budget = config.estimator.auto.budget if config.estimator.auto else math.inf
    chosen: list[Candidate] = []
    for candidate in _all_candidates(rows, columns, spread, config.evaluation.folds):
        spent = sum(one.seconds for one in chosen)
        if spent + candidate.seconds <= budget or not chosen:
            chosen.append(candidate)
    return chosen


def _all_candidates(rows: int, columns: int, spread: float, folds: int) -> Iterator[Candidate]:
    """Yield all that could be compared, the most wanted first."""
    fitted = rows * (folds - 1) / folds
    linear = 2e-9 * fitted * columns**2 + 0.002  # seconds of a fit
    quadratic = 1.2e-9 * fitted**2 * columns + 0.005
    tree = 1e-3 + 3.5e-8 * fitted * columns  # of 31 leaves

    def ridge(alpha: float) -> Candidate:
        return Candidate("linear", {"ridge": {"alpha": alpha}}, folds * linear)

    def lasso(share: float) -> Candidate:
        keys = {"alpha": _rounded(share * spread)}
        return Candidate("linear", {"lasso": keys}, folds * 10 * linear)

    def svr(C: float, width: float) -> Candidate:
        keys = {
            "C": _rounded(C * spread),
            "gamma": _rounded(width / columns),
            "epsilon": _rounded(0.05 * spread),
        }
        return Candidate("quadratic", {"quadratic_svr": keys}, folds * quadratic * max(1.0, C))

    def boosting(*values: float) -> Candidate:
        keys = dict(zip(_BOOSTING, values, strict=True))
        seconds = keys["max_iter"] * tree * (keys["max_leaf_nodes"] / 31) ** 0.5
        return Candidate("trees", {"hist_gradient_boosting": keys}, folds * seconds)

    yield ridge(10.0)
    yield boosting(100, 0.1, 31, 20, 0.0)
    yield ridge(1.0)
    yield ridge(100.0)
    yield svr(1.0, 0.3)
    yield boosting(300, 0.05, 31, 20, 1.0)
    yield boosting(300, 0.03, 8, 10, 1.0)
    yield lasso(0.01)
    yield svr(1.0, 1.0)
    yield svr(10.0, 0.3)
    yield boosting(500, 0.03, 4, 10, 1.0)
    yield boosting(300, 0.05, 31, 50, 10.0)
    yield lasso(0.003)
    yield lasso(0.03)
    yield svr(1.0, 0.1)


def choose(config: Config, data: TrainingData, progress: Progress) -> Choice:
    """Compare estimators in the folds of the configuration, and choose by one standard error.

    The errors are those of held-out rows, squared, on the scale that the model learns. In each
    family the lowest counts, then blends of these are compared too, with a few weights. What a row
    costs follows from whether there are trees: linear and quadratic members are one product in the
    graph. So the best without trees is chosen if it is not worse than the best of all by more than
    the standard error of their paired difference (the rule of Breiman et al., Classification and
    Regression Trees, 1984, section 3.4.3).

    A lowest error among several is lower than new rows will show. `Choice.repeated` is the error
    without that advantage: each fold is predicted by what the other folds choose
    (Tibshirani and Tibshirani, Annals of Applied Statistics 3(2), 2009).

    Raises
    ------
    DataError
        When a candidate cannot be fitted to the rows.
    """
    scale = scale_of(config.target.transform, config.target.minimum)
    target = scale.to(np.asarray(data.target, dtype=np.float64))
    columns = len(data.contract.numbers) + sum(
        min(len(field.coded_levels), _MOST_COLUMNS) for field in data.contract.categories
    )
    spread = float(np.std(target)) or 1.0
    candidates = candidates_of(config, len(target), columns, spread)
    splits = Splitter.of(config, data).split(
        np.arange(len(target)), folds=config.evaluation.folds, seed=config.evaluation.seed
    )
    scores = _held_out(config, data, candidates, splits, progress)
    held_out = _HeldOut(candidates, scores, target, scale.back.floor)
    tested = np.concatenate([test for _, test in splits])
    chosen = held_out.choose(tested)
    repeated = [
        held_out.errors(held_out.choose(np.setdiff1d(tested, test)))[test] for _, test in splits
    ]
    return Choice(
        estimator=Estimator.model_validate(held_out.members(chosen)),
        compared=held_out.compared(tested, chosen),
        tried=len(candidates),
        repeated=math.sqrt(np.mean(np.concatenate(repeated))),
    )


class _HeldOut:
    """Scores of held-out rows by each candidate; several candidates are a blend of them."""

    def __init__(
        self,
        candidates: Sequence[Candidate],
        scores: Sequence[Floats],
        target: Floats,
        floor: float,
    ) -> None:
        self._candidates, self._scores = candidates, np.array(scores)
        self._target, self._floor = target, floor

    def errors(self, blend: Blend) -> Floats:
        """Return the squared error of every row, shape (rows,); NaN where it was not held out."""
        places, weights = (list(part) for part in zip(*blend, strict=True))
        score = np.average(self._scores[places], axis=0, weights=weights)
        errors: Floats = (self._target - np.maximum(score, self._floor)) ** 2
        return errors

    def members(self, blend: Blend) -> Members:
        """Return the members of a blend as the section `estimator` has them."""
        are_equal = len({weight for _, weight in blend}) == 1
        return {
            kind: keys if are_equal else {"weight": float(weight), **keys}
            for at, weight in blend
            for kind, keys in self._candidates[at].members.items()
        }

    def choose(self, rows: Rows) -> Blend:
        """Return the best without trees if it is not clearly worse, else the best of all."""
        errors = self._errors_of_blends(rows)
        ranked = sorted(errors, key=lambda blend: float(np.mean(errors[blend])))
        cheap = next((blend for blend in ranked if not self._has_trees(blend)), ranked[0])
        above = errors[cheap] - errors[ranked[0]]
        return ranked[0] if float(np.mean(above)) > _standard_error(above) else cheap

    def _has_trees(self, blend: Blend) -> bool:
        return any(self._candidates[at].family == _DEAREST for at, _ in blend)

    def _errors_of_blends(self, rows: Rows) -> dict[Blend, Floats]:
        return {blend: self.errors(blend)[rows] for blend in self._blends(rows)}

    def compared(self, rows: Rows, chosen: Blend) -> list[dict[str, Any]]:
        """Return what was compared, as plain JSON types."""
        errors = self._errors_of_blends(rows)
        best = min(errors.values(), key=lambda one: float(np.mean(one)))
        return [
            {
                "members": self.members(blend),
                "error": math.sqrt(np.mean(one)),
                "above_lowest": float(np.mean(one - best)),
                "standard_error": _standard_error(one - best),
                "chosen": blend == chosen,
            }
            for blend, one in errors.items()
        ]

    def _blends(self, rows: Rows) -> list[Blend]:
        """Return the best candidate of each family, and the best weights of each blend of these."""
        means = [self._mean_error(((at, 1),), rows) for at in range(len(self._candidates))]
        families = []
        for family in _FAMILIES:
            of_family = [at for at, one in enumerate(self._candidates) if one.family == family]
            families += [min(of_family, key=means.__getitem__)] if of_family else []
        subsets = [some for n in range(1, 4) for some in combinations(families, n)]
        return [
            min(
                (tuple(zip(some, weights, strict=True)) for weights in _WEIGHTS[len(some)]),
                key=lambda blend: self._mean_error(blend, rows),
            )
            for some in subsets
        ]

    def _mean_error(self, blend: Blend, rows: Rows) -> float:
        return float(np.mean(self.errors(blend)[rows]))


def _standard_error(values: Floats) -> float:
    return float(np.std(values, ddof=1)) / math.sqrt(len(values))


def _held_out(
    config: Config,
    data: TrainingData,
    candidates: Sequence[Candidate],
    splits: Sequence[Split],
    progress: Progress,
) -> list[Floats]:
    """Return the score of every row by each candidate, fitted without it.

    Candidates of one family take the same columns, which are made once a fold.
    """
    scale = scale_of(config.target.transform, config.target.minimum)
    places: dict[str, list[int]] = {}
    for at, candidate in enumerate(candidates):
        places.setdefault(candidate.family, []).append(at)
    jobs = [(family, split) for split in splits for family in places]
    inputs = []
    for family, (train, test) in jobs:
        estimators = (Estimator.model_validate(candidates[at].members) for at in places[family])
        configs = (config.model_copy(update={"estimator": one}) for one in estimators)
        pipelines = [build_pipeline(one) for one in configs]
        inputs.append((pipelines, data.frame, data.target, train, test, data.weights))
    scores = [np.full(len(data.frame), math.nan) for _ in candidates]
    progress(_STAGE, 0, len(jobs))
    for done, found in each(_predicted, inputs):
        family, (_, test) = jobs[done - 1]
        for at, predictions in zip(places[family], found, strict=True):
            scores[at][test] = scale.to(predictions)
        progress(_STAGE, done, len(jobs))
    return scores


def _predicted(
    pipelines: Sequence[Pipeline],
    frame: pd.DataFrame,
    target: pd.Series[float],
    train: Rows,
    test: Rows,
    weights: Floats | None,
) -> list[Floats]:
    """Fit the steps that the pipelines have in common once, and the estimator of each."""
    part = fit_fold(pipelines[0], frame, target, train, test, weights)
    of_train = weighted(weights, train)
    with fitting():
        for one in pipelines[1:]:
            one[-1].fit(part.train_features, target.iloc[train], **of_train)
        return [one[-1].predict(part.test_features) for one in pipelines]


def _rounded(value: float) -> float:
    return float(f"{value:.3g}")
