"""Simpler models, which a model should be better than."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from sklearn.compose import make_column_selector, make_column_transformer
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LinearRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder

from .arrays import Floats
from .cross_validation import Fold
from .intervals import Scale

__all__ = ["median_by", "plain_linear"]

_MOST_COLUMNS = 500  # of levels


def median_by(field: str, frame: pd.DataFrame, target: Floats, parts: Sequence[Fold]) -> Floats:
    """Predict every row by the median target of its level in the other folds.

    A level that the other folds do not have, and a missing one, gets the median of all.
    """
    predictions = np.empty(len(frame))
    levels = frame[field]
    for part in parts:
        known = pd.Series(target[part.train])
        medians = known.groupby(levels.iloc[part.train].to_numpy()).median()
        found = levels.iloc[part.test].map(medians.to_dict()).astype(float)
        predictions[part.test] = found.fillna(known.median()).to_numpy()
    return predictions


def plain_linear(
    frame: pd.DataFrame, target: Floats, scale: Scale, parts: Sequence[Fold]
) -> Floats:
    """Predict every row by ordinary least squares on the raw fields, fitted on the other folds.

    Missing numbers are the median, missing levels the most frequent one, and each level is a
    column of its own. Of a table with thousands of levels the rarest of each field share a column:
    the time that least squares take grows with the square of the columns.
    """
    predictions = np.empty(len(frame))
    most = _most_levels(frame)
    for part in parts:
        model = _linear(most).fit(frame.iloc[part.train], scale.to(target[part.train]))
        predictions[part.test] = scale.back(model.predict(frame.iloc[part.test]))
    return predictions


def _most_levels(frame: pd.DataFrame) -> int | None:
    """Return how many columns each field of levels may have, the same for all; None if any."""
    counts = [frame[name].nunique() for name in frame.select_dtypes(object)]
    if sum(counts) <= _MOST_COLUMNS:
        return None  # the encoder then need not count how often each level occurs
    allowed = range(_MOST_COLUMNS, 0, -1)
    return next((m for m in allowed if sum(min(n, m) for n in counts) <= _MOST_COLUMNS), 1)


def _linear(most_levels: int | None) -> Any:
    numbers = SimpleImputer(strategy="median", keep_empty_features=True)
    levels = make_pipeline(
        SimpleImputer(missing_values=None, strategy="most_frequent", keep_empty_features=True),
        OneHotEncoder(
            handle_unknown="infrequent_if_exist", max_categories=most_levels, sparse_output=False
        ),
    )
    encode = make_column_transformer(
        (numbers, make_column_selector(dtype_include="number")),
        (levels, make_column_selector(dtype_include=object)),
    )
    return make_pipeline(encode, LinearRegression())
