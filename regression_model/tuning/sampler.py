"""Optuna's sampler, fed so that an interrupted search goes on as if it never had been."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Mapping
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

from ..config.core import Config, Space
from ..config.search import changed, text_of, value_at

__all__ = ["Sampler", "quiet", "space_of"]


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


def space_of(config: Config) -> dict[str, BaseDistribution]:
    """Return what the configuration says should be searched, in Optuna's terms."""
    return {
        key: _distribution(space, value_at(config, key))
        for key, space in config.tuning.search.items()
    }


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
    """Proposes values, from those before and how they scored.

    Tree-structured Parzen estimator, all parameters together: Bergstra et al., "Algorithms for
    hyper-parameter optimization", NIPS 2011. Every proposal has a seed of its own, made from the
    seed of the search and the number of the trial: it depends on the finished trials alone.
    """

    def __init__(self, config: Config) -> None:
        self.space = space_of(config)
        self._seed = config.tuning.seed
        self._study = optuna.create_study(direction="minimize")
        self._asked: optuna.Trial | None = None

    def propose(self, fixed: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """Return a point of the space: the next one, or a given one."""
        seed = np.random.SeedSequence([self._seed, len(self._study.trials)]).generate_state(1)[0]
        self._study.sampler = optuna.samplers.TPESampler(seed=int(seed), multivariate=True)
        if fixed is not None:
            self._study.enqueue_trial(dict(fixed))
        self._asked = self._study.ask(self.space)
        return self._asked.params

    def learn(self, score: float | None) -> None:
        """Take the score of what was proposed; None if it failed."""
        assert self._asked is not None
        failed = optuna.trial.TrialState.FAIL if score is None else None
        self._study.tell(self._asked, score, state=failed)
        self._asked = None

    def recall(self, params: Mapping[str, Any], score: float | None) -> None:
        """Learn what an earlier run found."""
        state = optuna.trial.TrialState.FAIL if score is None else None
        self._study.add_trial(
            optuna.trial.create_trial(
                state=state or optuna.trial.TrialState.COMPLETE,
                value=score,
                params=dict(params),
                distributions=self.space,
            )
        )

    def texts(self, params: Mapping[str, Any]) -> dict[str, str]:
        """Write a point as the configuration would say it; numbers get four significant digits."""
        return {key: _text(params[key], one) for key, one in self.space.items()}

    def importances(self) -> dict[str, float]:
        """Return the share of the scores' variance that each parameter explains, largest first.

        Hutter et al., "An efficient approach for evaluating hyperparameter importance", ICML 2014.
        Empty with fewer than two scores, or when all are the same.
        """
        scores = [trial.value for trial in self._study.trials if trial.value is not None]
        if len(set(scores)) < 2:
            return {}
        evaluator = optuna.importance.FanovaImportanceEvaluator(seed=self._seed)
        found = optuna.importance.get_param_importances(self._study, evaluator=evaluator)
        return {key: float(share) for key, share in found.items()}


def _text(value: Any, distribution: BaseDistribution) -> str:
    if not isinstance(distribution, FloatDistribution):
        return str(value)
    if distribution.step is not None:
        return text_of(float(f"{value:.12g}"))
    return text_of(min(max(float(f"{value:.4g}"), distribution.low), distribution.high))
