"""How much the model needs each field."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from ..evaluation import Floats, Fold, Progress
from .facts import Importance

__all__ = ["permutation_importances"]

_SHUFFLES = 5
_STAGE = "Shuffling fields"


def permutation_importances(
    frame: pd.DataFrame,
    target: pd.Series[float],
    parts: Sequence[Fold],
    *,
    seed: int,
    progress: Progress,
) -> list[Importance]:
    """Measure how much worse held-out predictions get when one field is shuffled among them.

    Notes
    -----
    Breiman, "Random Forests", Machine Learning 45 (2001); for any model, Fisher, Rudin and
    Dominici, "All models are wrong, but many are useful", Journal of Machine Learning Research 20
    (2019).
    """
    generator = np.random.default_rng(seed)
    shape = (len(parts), len(frame.columns), _SHUFFLES)
    known: Floats = np.asarray(target, dtype=np.float64)
    rise = {name: np.empty(shape) for name in ("rmsle", "rmse")}
    for number, part in enumerate(parts):
        progress(_STAGE, number, len(parts))
        held_out = frame.iloc[part.test]
        table = _shuffled(held_out, generator)
        predictions = part.fitted.predict(table).reshape(-1, len(held_out))
        for name, scores in _scores(known[part.test], predictions).items():
            rise[name][number] = (scores[1:] - scores[0]).reshape(shape[1:])
    progress(_STAGE, len(parts), len(parts))
    name = "rmsle" if np.isfinite(rise["rmsle"]).all() else "rmse"
    of_shuffles = rise[name].mean(axis=0)
    found = [
        Importance(str(name), float(of_field.mean()), float(of_field.std(ddof=1)))
        for name, of_field in zip(frame.columns, of_shuffles, strict=True)
    ]
    return sorted(found, key=lambda one: -one.increase)


def _shuffled(held_out: pd.DataFrame, generator: np.random.Generator) -> pd.DataFrame:
    """Return the rows as they are, and then with each field shuffled, several times."""
    rows, copies = len(held_out), 1 + len(held_out.columns) * _SHUFFLES
    columns = {}
    for j, name in enumerate(held_out.columns):
        values = np.tile(held_out[name].to_numpy(), copies)
        for copy in range(1 + j * _SHUFFLES, 1 + (j + 1) * _SHUFFLES):
            place = slice(copy * rows, (copy + 1) * rows)
            values[place] = generator.permutation(values[place])
        columns[name] = values
    return pd.DataFrame(columns).astype(held_out.dtypes.to_dict())


def _scores(target: Floats, predictions: Floats) -> dict[str, Floats]:
    """Return RMSLE and RMSE of each row of predictions; NaN where there is no RMSLE."""
    rmse = np.sqrt(np.mean((predictions - target) ** 2, axis=1))
    if min(target.min(), predictions.min()) <= 0:
        return {"rmsle": np.full(len(predictions), np.nan), "rmse": rmse}
    return {"rmsle": np.sqrt(np.mean(np.log(predictions / target) ** 2, axis=1)), "rmse": rmse}
