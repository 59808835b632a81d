"""How much the model needs each field."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from sklearn.pipeline import Pipeline

from ..evaluation.metrics import rmse, rmsle
from ..evaluation.results import Importance
from ..runtime.contract import Contract
from ..runtime.intake import Codes
from .arrays import Floats
from .cross_validation import Fold, Progress
from .export import export_pipeline, open_graph
from .intervals import ConformalInterval
from .rows import TrainingData, checked_again

__all__ = ["permutation_importances"]

_SHUFFLES = 5
_MOST_ROWS = 2_000  # of a fold, drawn at random
_STAGE = "Shuffling fields"


def permutation_importances(
    data: TrainingData, parts: Sequence[Fold], *, metric: str, seed: int, progress: Progress
) -> list[Importance]:
    """Measure how much worse held-out predictions get when one field is shuffled among them.

    By `metric`, which is `rmsle` or `rmse`. The pipeline of each fold predicts as the graph that it
    is exported to, which is many times faster.

    Notes
    -----
    Breiman, "Random Forests", Machine Learning 45 (2001); for any model, Fisher, Rudin and
    Dominici, "All models are wrong, but many are useful", Journal of Machine Learning Research 20
    (2019).
    """
    generator, contract = np.random.default_rng(seed), data.contract
    checked = checked_again(contract, data.frame)
    known: Floats = np.asarray(data.target, dtype=np.float64)
    names = [field.name for field in (*contract.numbers, *contract.categories)]
    rise = np.empty((len(parts), len(names), _SHUFFLES))
    score = rmsle if metric == "rmsle" else rmse
    for number, part in enumerate(parts):
        progress(_STAGE, number, len(parts))
        predict = _predictor(part.fitted, contract)
        test = part.test
        if len(test) > _MOST_ROWS:
            test = generator.choice(test, _MOST_ROWS, replace=False)
        numbers, codes, targets = checked.numbers[test], checked.codes[test], known[test]
        as_they_are = score(targets, predict(numbers, codes))
        for j in range(len(names)):
            shuffled = _shuffled(numbers, codes, j, generator)
            predictions = predict(*shuffled).reshape(_SHUFFLES, -1)
            rise[number, j] = score(targets, predictions) - as_they_are
    progress(_STAGE, len(parts), len(parts))
    of_shuffles = rise.mean(axis=0)
    found = [
        Importance(field, float(of_field.mean()), float(of_field.std(ddof=1)))
        for field, of_field in zip(names, of_shuffles, strict=True)
    ]
    return sorted(found, key=lambda one: -one.increase)


def _predictor(fitted: Pipeline, contract: Contract) -> Callable[[Floats, Codes], Floats]:
    one_width = ConformalInterval(level=0.5, quantile=0.0)
    session = open_graph(export_pipeline(fitted, contract, interval=one_width))
    no_levels = np.empty((0, len(contract.categories)), dtype=object)

    def predict(numbers: Floats, codes: Codes) -> Floats:
        feed = {"numbers": numbers, "levels": no_levels, "codes": codes}
        (predictions,) = session.run(["prediction"], feed)
        return np.asarray(predictions)

    return predict


def _shuffled(
    numbers: Floats, codes: Codes, field: int, generator: np.random.Generator
) -> tuple[Floats, Codes]:
    """Return the rows several times over, each time with one field shuffled in another way."""
    several = np.tile(numbers, (_SHUFFLES, 1)), np.tile(codes, (_SHUFFLES, 1))
    in_codes = field >= numbers.shape[1]
    column = several[in_codes][:, field - in_codes * numbers.shape[1]]
    column[:] = generator.permuted(column.reshape(_SHUFFLES, -1), axis=1).ravel()
    return several
