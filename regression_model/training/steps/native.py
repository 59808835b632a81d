"""Columns as trees take them, beside the standard ones: nothing filled in, categories as codes.

A pipeline with a member that takes such native columns passes both kinds to its estimator, as one
frame: first the standard columns, then the native ones, whose names begin with a star. No name of
a configuration does.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator, MetaEstimatorMixin, RegressorMixin, clone
from sklearn.compose import ColumnTransformer
from sklearn.pipeline import Pipeline
from sklearn.utils import Tags
from sklearn.utils.validation import check_is_fitted

from ..arrays import Features, Floats
from .features import _ColumnTransformer

__all__ = [
    "CODE",
    "MADE",
    "MOST_LEVELS",
    "RAW",
    "ConvertedMember",
    "MadeColumns",
    "NativeMember",
    "RawColumns",
    "StandardMember",
    "beside_native",
    "columns_of",
    "source_of",
    "standard_of",
]

CODE, RAW, MADE = "*code ", "*raw ", "*made "
MOST_LEVELS = 255  # what a histogram tells apart


def source_of(name: str) -> str:
    """Return the column that a native one is a copy of; any other name as it is."""
    return name.partition(" ")[2] if name.startswith("*") else name


def standard_of(features: Features) -> Floats:
    """Return the standard columns of what an estimator takes."""
    if not isinstance(features, pd.DataFrame):
        return features
    return np.ascontiguousarray(features[_standard(features)].to_numpy(dtype=np.float64))


def columns_of(features: Features, kept: Sequence[int]) -> Features:
    """Return some columns of what an estimator takes."""
    if isinstance(features, pd.DataFrame):
        return features.iloc[:, list(kept)]
    return features[:, list(kept)]


class RawColumns(_ColumnTransformer):
    """Add native copies of fields as they come, with NaN where a value is missing.

    Parameters
    ----------
    numbers : mapping of column name to its cap, or None for none
    ranks : mapping of column name to its levels from lowest to highest
        A level becomes its rank, from 0.
    codes : sequence of column names
        A level becomes its number among those that rows of `fit` had, in the order of texts; any
        other is missing.
    most : int
        A column of `codes` with more levels gets no copy. Nor does one without any value.

    Attributes
    ----------
    numbers_, ranks_ : the parameters, without columns that have no value
    levels_ : dict of column name to the levels that are coded
    """

    def __init__(
        self,
        numbers: Mapping[str, float | None] | None = None,
        ranks: Mapping[str, Sequence[str]] | None = None,
        codes: Sequence[str] = (),
        most: int = MOST_LEVELS,
    ) -> None:
        self.numbers = numbers
        self.ranks = ranks
        self.codes = codes
        self.most = most

    def _needed(self) -> set[str]:
        return {*(self.numbers or {}), *(self.ranks or {}), *self.codes}

    def _learn(self, frame: pd.DataFrame, y: Any) -> None:
        numbers, ranks = self.numbers or {}, self.ranks or {}
        self.numbers_ = {name: cap for name, cap in numbers.items() if frame[name].notna().any()}
        self.ranks_ = {n: tuple(of) for n, of in ranks.items() if frame[n].isin(of).any()}
        levels = {name: sorted(frame[name].dropna().unique()) for name in self.codes}
        self.levels_ = {n: tuple(of) for n, of in levels.items() if 0 < len(of) <= self.most}

    def _made(self) -> list[str]:
        raw = [RAW + name for name in (*self.numbers_, *self.ranks_)]
        return raw + [CODE + name for name in self.levels_]

    def _transformed(self, frame: pd.DataFrame) -> pd.DataFrame:
        columns: dict[str, Any] = {}
        for name, cap in self.numbers_.items():
            numbers = frame[name].to_numpy(dtype=float)
            columns[RAW + name] = numbers if cap is None else np.minimum(numbers, cap)
        for prefix, of in ((RAW, self.ranks_), (CODE, self.levels_)):
            for name, levels in of.items():
                codes = {level: float(i) for i, level in enumerate(levels)}
                columns[prefix + name] = frame[name].map(codes).to_numpy(dtype=float)
        return pd.concat([frame, pd.DataFrame(columns, index=frame.index)], axis=1)


class MadeColumns(_ColumnTransformer):
    """Add native copies of columns that others see and `RawColumns` has no copy of.

    They are rounded to single precision: a number that is computed may differ in its last digit
    from runtime to runtime, and no tree may tell the two apart.

    Parameters
    ----------
    columns : sequence of str
        The names in a configuration. What has been made into several columns, each called by the
        name, an underscore and something else, is copied with all of them.

    Attributes
    ----------
    columns_ : list of str
        Those that are copied.
    """

    def __init__(self, columns: Sequence[str] = ()) -> None:
        self.columns = columns

    def _learn(self, frame: pd.DataFrame, y: Any) -> None:
        names = [str(name) for name in frame.columns]
        present, known = frozenset(names), {*self.columns, *(f"{n}_na" for n in self.columns)}
        found: list[str] = []
        for name in self.columns:
            if present & {RAW + name, CODE + name}:
                continue
            several = [n for n in names if n.startswith(f"{name}_") and n not in known]
            found += [name] if name in present else several
        self.columns_ = list(dict.fromkeys(found))

    def _made(self) -> list[str]:
        return [MADE + name for name in self.columns_]

    def _transformed(self, frame: pd.DataFrame) -> pd.DataFrame:
        with np.errstate(over="ignore"):
            single = frame[self.columns_].to_numpy(dtype=float).astype(np.float32)
        made = pd.DataFrame(single.astype(float), columns=self._made(), index=frame.index)
        return pd.concat([frame, made], axis=1)


def beside_native(transformer: Pipeline) -> ColumnTransformer:
    """Let a pipeline transform the standard columns, and keep the native ones beside them."""
    parts = [("standard", transformer, _standard), ("native", "passthrough", _native)]
    columns = ColumnTransformer(parts, verbose_feature_names_out=False)
    return columns.set_output(transform="pandas")


def _standard(X: pd.DataFrame) -> list[str]:
    return [name for name in X.columns if not str(name).startswith("*")]


def _native(X: pd.DataFrame) -> list[str]:
    """Return the native columns, codes first."""
    native = [str(name) for name in X.columns if str(name).startswith("*")]
    return sorted(native, key=lambda name: not name.startswith(CODE))


class _Member(MetaEstimatorMixin, RegressorMixin, BaseEstimator):
    """A regressor that takes a part of the columns.

    Parameters
    ----------
    regressor : estimator

    Attributes
    ----------
    regressor_ : the same, fitted
    """

    def __init__(self, regressor: Any = None) -> None:
        self.regressor = regressor

    def fit(self, X: pd.DataFrame, y: Any, sample_weight: Any = None) -> _Member:
        """Fit to the rows of the frame `X` and their targets `y`."""
        weights = {} if sample_weight is None else {"sample_weight": sample_weight}
        self.regressor_ = self._unfitted(X).fit(self._part(X), y, **weights)
        return self

    def predict(self, X: pd.DataFrame) -> Floats:
        """Return the prediction for each row of the frame `X`."""
        check_is_fitted(self)
        return np.asarray(self.regressor_.predict(self._part(X)))

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        return tags

    def _unfitted(self, X: pd.DataFrame) -> Any:
        return clone(self.regressor)

    def _part(self, X: pd.DataFrame) -> Floats:
        raise NotImplementedError


class StandardMember(_Member):
    """A regressor of the standard columns."""

    def _part(self, X: pd.DataFrame) -> Floats:
        return standard_of(X)


class ConvertedMember(StandardMember):
    """A regressor that a configuration names by its import path."""


class NativeMember(_Member):
    """A HistGradientBoostingRegressor of the native columns; those of codes are categories."""

    def _unfitted(self, X: pd.DataFrame) -> Any:
        is_code = [name.startswith(CODE) for name in _native(X)]
        return clone(self.regressor).set_params(categorical_features=is_code)

    def _part(self, X: pd.DataFrame) -> Floats:
        return X[_native(X)].to_numpy(dtype=np.float64)
