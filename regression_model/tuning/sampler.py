"""Optuna's sampler: the values to try next, from those before and how they scored."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
import optuna
from optuna.distributions import (
    BaseDistribution,
    CategoricalDistribution,
    FloatDistribution,
    IntDistribution,
)
from optuna.exceptions import ExperimentalWarning
from optuna.trial import TrialState, create_trial

from ..config.core import Config, Space
from ..config.search import changed, text_of, value_at

__all__ = ["Sampler", "present_params", "quiet"]

Past = Sequence[tuple[Mapping[str, Any], float | None]]


@contextmanager
def quiet() -> Iterator[None]:
    """Keep Optuna from writing what it does, and what it may change one day."""
    level = optuna.logging.get_verbosity()
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ExperimentalWarning)
            yield
    finally:
        optuna.logging.set_verbosity(level)


def _distribution(space: Space, value: object) -> BaseDistribution:
    if not space.is_range:
        return CategoricalDistribution(space.choices)
    if isinstance(value, int):
        step = int(space.step or 1)
        return IntDistribution(int(space.low), int(space.high), log=space.log, step=step)
    return FloatDistribution(space.low, space.high, log=space.log, step=space.step)


def present_params(config: Config) -> dict[str, Any] | None:
    """Return the present values as a point of the space; None if they are outside."""
    found = {}
    for key, space in config.tuning.search.items():
        value = value_at(config, key)
        if space.is_range:
            inside = [value] if space.holds(value) else []
        else:
            same = (c for c in space.choices if value_at(changed(config, {key: c}), key) == value)
            inside = [*same][:1]
        if not inside:
            return None
        found[key] = inside[0]
    return found


class Sampler:
    """Proposes values, from those before and how they scored; a score of None is a failure.

    Tree-structured Parzen estimator, all parameters together: Bergstra et al., "Algorithms for
    hyper-parameter optimization", NIPS 2011. Every proposal has a study and a seed of its own,
    made from the finished trials alone, so that an interrupted search goes on as if it never had
    been.
    """

    def __init__(self, config: Config) -> None:
        self.space = {
            key: _distribution(space, value_at(config, key))
            for key, space in config.tuning.search.items()
        }
        self._seed = config.tuning.seed

    def propose(self, past: Past) -> dict[str, Any]:
        """Return the next point of the space."""
        seed = np.random.SeedSequence([self._seed, len(past)]).generate_state(1)[0]
        study = self._study(past)
        study.sampler = optuna.samplers.TPESampler(seed=int(seed), multivariate=True)
        return study.ask(self.space).params

    def _study(self, past: Past) -> optuna.Study:
        study = optuna.create_study(direction="minimize")
        for params, score in past:
            state = TrialState.FAIL if score is None else TrialState.COMPLETE
            study.add_trial(
                create_trial(
                    state=state, value=score, params=dict(params), distributions=self.space
                )
            )
        return study

    def texts(self, params: Mapping[str, Any]) -> dict[str, str]:
        """Write a point as the configuration would say it; numbers get four significant digits."""
        return {key: _text(params[key], one) for key, one in self.space.items()}

    def importances(self, past: Past) -> dict[str, float]:
        """Return the share of the scores' variance that each parameter explains, largest first.

        Hutter et al., "An efficient approach for evaluating hyperparameter importance", ICML 2014.
        Empty with fewer than two scores, or when all are the same.
        """
        if len({score for _, score in past if score is not None}) < 2:
            return {}
        evaluator = optuna.importance.FanovaImportanceEvaluator(seed=self._seed)
        found = optuna.importance.get_param_importances(self._study(past), evaluator=evaluator)
        return {key: float(share) for key, share in found.items()}


def _text(value: Any, distribution: BaseDistribution) -> str:
    if not isinstance(distribution, FloatDistribution):
        return str(value)
    if distribution.step is not None:
        return text_of(float(f"{value:.12g}"))
    return text_of(min(max(float(f"{value:.4g}"), distribution.low), distribution.high))
