"""How the training rows are split into folds, wherever a configuration is scored on them."""

from __future__ import annotations

import warnings

import numpy as np
import numpy.typing as npt
from sklearn.model_selection import KFold, StratifiedKFold

from ..config.core import Config
from ..errors import DataError
from .pipeline import build_pipeline
from .rows import TrainingData

__all__ = ["Split", "split_rows", "strata_of"]

Rows = npt.NDArray[np.int64]
Split = tuple[Rows, Rows]  # to fit on, and to score on

_MOST_STRATA = 50
_MAKES_COLUMNS = ("indicators", "derive")


def split_rows(
    rows: Rows, *, folds: int, seed: int, strata: npt.NDArray[np.object_] | None = None
) -> list[Split]:
    """Split `rows` into folds at random, each row for testing once.

    Parameters
    ----------
    strata : array of str, shape (all rows,), or None
        Rows with the same text are spread evenly over the folds.
    """
    seed %= 2**32  # what numpy takes
    if strata is None:
        splits = KFold(folds, shuffle=True, random_state=seed).split(rows)
    else:
        with warnings.catch_warnings():  # a stratum with fewer rows than folds is what it is for
            warnings.filterwarnings("ignore", "The least populated class", UserWarning)
            stratified = StratifiedKFold(folds, shuffle=True, random_state=seed)
            splits = [*stratified.split(rows, _joined(strata[rows], folds))]
    return [(rows[train], rows[test]) for train, test in splits]


def _joined(strata: npt.NDArray[np.object_], folds: int) -> npt.NDArray[np.object_]:
    """Return one stratum for all if each has fewer rows than there are folds."""
    _, counts = np.unique(strata, return_counts=True)
    return strata if counts.max() >= folds else np.full(len(strata), "", dtype=object)


def strata_of(config: Config, data: TrainingData) -> npt.NDArray[np.object_] | None:
    """Return the value that each row has in the column `evaluation.stratify`, as text.

    Raises
    ------
    DataError
        When the column has too many values to spread each over the folds.
    """
    name = config.evaluation.stratify
    if name is None:
        return None
    frame = data.frame
    if name in config.derived:
        pipeline = build_pipeline(config)
        last = max(i for i, (step, _) in enumerate(pipeline.steps) if step in _MAKES_COLUMNS)
        frame = pipeline[: last + 1].fit_transform(frame, data.target)
    strata: npt.NDArray[np.object_] = frame[name].astype(str).to_numpy(dtype=object)
    if (number := len(set(strata))) > _MOST_STRATA:
        raise DataError(
            f"evaluation.stratify: {name} has {number} values in the training rows: name a column "
            f"with at most {_MOST_STRATA}."
        )
    return strata
