"""The transformers that feature-engine lacks.

feature-engine's OrdinalEncoder learns an order and takes none; its MathFeatures and
RelativeFeatures can neither weigh, name ratios, compare with a level, nor build on each other;
its CategoricalImputer gives up when two levels are equally frequent; its MeanEncoder shows each row
a mean that the row's own target is part of.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Self

import numpy as np
import pandas as pd
from feature_engine.dataframe_checks import check_X
from feature_engine.imputation import CategoricalImputer
from sklearn.base import BaseEstimator, TransformerMixin, clone
from sklearn.model_selection import KFold
from sklearn.utils import Tags, check_array
from sklearn.utils.validation import _check_feature_names_in, check_is_fitted, validate_data

from ...config.features import columns_of_part
from ...times import DAY
from ..arrays import Array

__all__ = [
    "Condition",
    "DateParts",
    "DerivedFeatures",
    "Formula",
    "Indicators",
    "LevelImputer",
    "MostFrequentImputer",
    "OrderedLevels",
    "TargetMeans",
    "calendar",
    "cycle",
]


_PARTS = 5  # of the rows, each shown the means of the others
_MOST_ADDED = 1e9  # rows of all, where the levels do not differ


@dataclass(frozen=True)
class Condition:
    """A condition that an indicator writes as 1 or 0: one of `levels`, or above `threshold`."""

    column: str
    levels: tuple[str, ...] = ()
    threshold: float | None = None


@dataclass(frozen=True)
class Formula:
    """A number made from columns.

    `verb` is `sum` (each column times its weight), `product`, `ratio` (first by second, 0 where
    the second is 0) or `elapsed` (first minus second, never below 0).
    """

    verb: str
    columns: tuple[str, ...]
    weights: tuple[float, ...] = ()

    def value(self, *inputs: Array) -> Array:
        """Return the number for each row of the columns, each of shape (rows,)."""
        if self.verb == "sum":
            weighted = [weight * x for weight, x in zip(self.weights, inputs, strict=True)]
            return np.asarray(np.sum(weighted, axis=0))
        if self.verb == "product":
            return np.asarray(np.prod(inputs, axis=0))
        first, second = inputs
        if self.verb == "elapsed":
            return np.maximum(first - second, 0.0)
        with np.errstate(over="ignore"):  # what is infinite is refused where it is predicted with
            return np.divide(first, second, out=np.zeros_like(first), where=second != 0)


class _ColumnTransformer(TransformerMixin, BaseEstimator):
    """A transformer of a frame's columns by their names."""

    def fit(self, X: Any, y: Any = None) -> Self:
        """Check `X`, shape (rows, columns), and learn from it, and from `y` where that counts."""
        frame = self._frame_of(X, reset=True)
        if absent := sorted(self._needed() - set(frame.columns)):
            raise ValueError(
                f"{type(self).__name__} needs columns that did not come: {', '.join(absent)}."
            )
        self._learn(frame, y)
        return self

    def transform(self, X: Any) -> pd.DataFrame:
        """Return a frame with the same rows and the columns made or changed."""
        check_is_fitted(self)
        return self._transformed(self._frame_of(X, reset=False))

    def get_feature_names_out(self, input_features: Any = None) -> list[str]:
        """Return the names of the columns that `transform` gives."""
        check_is_fitted(self)
        return [*_check_feature_names_in(self, input_features), *self._made()]

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.input_tags.string = True
        tags.input_tags.allow_nan = True
        tags.transformer_tags.preserves_dtype = []  # what is made is float64
        return tags

    def _frame_of(self, X: Any, *, reset: bool) -> pd.DataFrame:
        """Return `X` as a frame, once its columns are those of `fit`, or remembered for later."""
        if not isinstance(X, pd.DataFrame):
            array = check_array(X, dtype=None, ensure_all_finite=False)
            validate_data(self, array, reset=reset, skip_check_array=True)
            return pd.DataFrame(array, columns=[f"x{i}" for i in range(array.shape[1])])
        if not X.columns.is_unique:
            raise ValueError(f"{type(self).__name__} needs columns with different names.")
        validate_data(self, X, reset=reset, skip_check_array=True)
        return X

    def _needed(self) -> set[str]:
        return set()

    def _learn(self, frame: pd.DataFrame, y: Any) -> None:
        pass

    def _made(self) -> list[str]:
        return []

    def _transformed(self, frame: pd.DataFrame) -> pd.DataFrame:
        raise NotImplementedError


class _TextImputer(CategoricalImputer):
    """CategoricalImputer, with every column of text as it came: of type object.

    pandas 3 makes `str` columns of those that have been filled, also of others beside them, and
    feature-engine's encoders take these with a warning.
    """

    def transform(self, X: Any) -> pd.DataFrame:
        """Fill what is missing."""
        filled = super().transform(X)
        texts = [n for n, dtype in filled.dtypes.items() if isinstance(dtype, pd.StringDtype)]
        return filled.astype(dict.fromkeys(texts, object))

    def _with(self, fillers: Mapping[str, Any], frame: pd.DataFrame) -> Self:
        self.variables_ = list(fillers)
        self.imputer_dict_ = dict(fillers)
        self._get_feature_names_in(frame)
        return self


class LevelImputer(_TextImputer):
    """Fill what is missing with a level of each column's own.

    Parameters
    ----------
    levels : mapping of column name to the level that stands in
    """

    def __init__(self, levels: Mapping[str, str] | None = None) -> None:
        super().__init__("missing", return_object=True, ignore_format=True)
        self.levels = levels

    def fit(self, X: Any, y: Any = None) -> LevelImputer:
        """Remember the columns of `X`."""
        return self._with(self.levels or {}, check_X(X))


class MostFrequentImputer(_TextImputer):
    """Fill what is missing with the most frequent value; the first in order if there are several.

    Parameters
    ----------
    imputation_method : str
        `frequent`; this and the others are CategoricalImputer's.
    """

    def fit(self, X: Any, y: Any = None) -> MostFrequentImputer:
        """Learn the most frequent value of each of the `variables`."""
        frame = check_X(X)
        modes = {name: frame[name].mode() for name in self.variables}
        if empty := [name for name, mode in modes.items() if mode.empty]:
            raise ValueError(f"No row has a value to learn from: {', '.join(empty)}.")
        return self._with({name: mode.iloc[0] for name, mode in modes.items()}, frame)


class OrderedLevels(_ColumnTransformer):
    """Replace the levels of ordinal columns by their rank, from 0 for the lowest.

    Parameters
    ----------
    levels : mapping of column name to its levels from lowest to highest
        A value that is none of the levels becomes NaN.
    values : names of columns whose levels are numbers, and stand for themselves
    """

    def __init__(
        self, levels: Mapping[str, Sequence[str]] | None = None, values: Sequence[str] = ()
    ) -> None:
        self.levels = levels
        self.values = values

    def numbers(self) -> dict[str, dict[str, float]]:
        """Return the number of each level, by column."""
        return {
            column: {
                level: float(level) if column in self.values else float(rank)
                for rank, level in enumerate(levels)
            }
            for column, levels in (self.levels or {}).items()
        }

    def _needed(self) -> set[str]:
        return set(self.levels or {})

    def _transformed(self, frame: pd.DataFrame) -> pd.DataFrame:
        ranked = {column: frame[column].map(of) for column, of in self.numbers().items()}
        return frame.assign(**{column: rank.astype(float) for column, rank in ranked.items()})


class Indicators(_ColumnTransformer):
    """Add columns of 1 and 0 that answer a question about another column.

    A level that no row of `fit` had is one of none: it counts as a rare level, as everywhere else.

    Parameters
    ----------
    tests : mapping of the new column's name to its Condition

    Attributes
    ----------
    tests_ : the same, with only the levels that rows of `fit` had
    """

    def __init__(self, tests: Mapping[str, Condition] | None = None) -> None:
        self.tests = tests

    def _needed(self) -> set[str]:
        return {test.column for test in (self.tests or {}).values()}

    def _learn(self, frame: pd.DataFrame, y: Any) -> None:
        self.tests_ = {
            name: replace(
                test, levels=tuple(one for one in test.levels if (frame[test.column] == one).any())
            )
            for name, test in (self.tests or {}).items()
        }

    def _made(self) -> list[str]:
        return list(self.tests or {})

    def _transformed(self, frame: pd.DataFrame) -> pd.DataFrame:
        answers = {
            name: (
                frame[test.column].isin(test.levels)
                if test.threshold is None
                else frame[test.column] > test.threshold
            )
            for name, test in self.tests_.items()
        }
        return frame.assign(**{name: answer.astype(float) for name, answer in answers.items()})


class TargetMeans(_ColumnTransformer):
    """Replace the levels of columns by their smoothed mean target, for columns with many levels.

    `fit_transform` shows the rows that it is fitted to means of other rows only. A level that no
    row of `fit` had gets the mean of all.

    Parameters
    ----------
    variables : names of the columns
    random_state : int
        Splits the rows of `fit_transform` into five parts.

    Attributes
    ----------
    encoder_dict_ : mapping of each column's name to the number of each level
    mean_ : float
        Of the target.

    Notes
    -----
    The mean of a level with n rows is drawn towards that of all as if m rows of all had been added:
    Micci-Barreca, "A preprocessing scheme for high-cardinality categorical attributes in
    classification and prediction problems", SIGKDD Explorations 3 (2001). m is the variance within
    levels by that between them, each estimated from all levels together, so that a level with one
    row is smoothed too: Searle, Casella and McCulloch, *Variance Components* (1992), chapter 3.
    """

    def __init__(self, variables: Sequence[str] = (), random_state: int = 0) -> None:
        self.variables = variables
        self.random_state = random_state

    def fit_transform(self, X: Any, y: Any = None, **parameters: Any) -> pd.DataFrame:
        """Learn the means, and return each row with means that were learnt without it."""
        frame, target = self.fit(X, y)._frame_of(X, reset=False), np.asarray(y, dtype=np.float64)
        if len(frame) < 2:
            raise ValueError("The mean target of a level needs two rows or more.")
        parts = KFold(min(_PARTS, len(frame)), shuffle=True, random_state=self.random_state)
        encoded = np.empty((len(frame), len(self.variables)))
        for train, test in parts.split(frame):
            others = clone(self).fit(frame.iloc[train], target[train])
            encoded[test] = others.transform(frame.iloc[test])[[*self.variables]]
        return frame.assign(**dict(zip(self.variables, encoded.T, strict=True)))

    def _needed(self) -> set[str]:
        return set(self.variables)

    def _learn(self, frame: pd.DataFrame, y: Any) -> None:
        target = np.asarray(y, dtype=np.float64)
        self.mean_ = float(target.mean())
        self.encoder_dict_ = {name: _smoothed(frame[name], target) for name in self.variables}

    def _transformed(self, frame: pd.DataFrame) -> pd.DataFrame:
        encoded = {
            name: frame[name].map(numbers).fillna(self.mean_).astype(float)
            for name, numbers in self.encoder_dict_.items()
        }
        return frame.assign(**encoded)


def _smoothed(column: pd.Series[Any], target: Array) -> dict[Any, float]:
    """Return the smoothed mean target of each level."""
    codes, levels = pd.factorize(column)
    codes, known = codes[codes >= 0], target[codes >= 0]
    counts, mean = np.bincount(codes), target.mean()
    sums = np.bincount(codes, known - mean)  # so that nothing cancels
    within = np.sum((known - mean - (sums / counts)[codes]) ** 2)
    between = np.sum(sums**2 / counts)
    smoothing = _rows_to_add(counts, float(within), float(between))
    return dict(zip(levels, (mean + sums / (counts + smoothing)).tolist(), strict=True))


def _rows_to_add(counts: Array, within: float, between: float) -> float:
    """Return the variance within levels by that between them, of sums of squares."""
    rows, levels = counts.sum(), len(counts)
    if rows <= levels or levels < 2:  # nothing is known of one of the two
        return _MOST_ADDED
    variance = within / (rows - levels)
    size = (rows - np.sum(counts**2) / rows) / (levels - 1)
    of_levels = (between / (levels - 1) - variance) / size
    return min(variance / of_levels, _MOST_ADDED) if of_levels > 0 else _MOST_ADDED


CYCLES: Mapping[str, tuple[int, float]] = {  # the lowest value, and the length of the cycle
    "month": (1, 12.0),
    "weekday": (0, 7.0),
    "day_of_year": (1, 365.25),
    "hour": (0, 24.0),
}


class DateParts(_ColumnTransformer):
    """Replace times, in seconds since 1970, by parts of them.

    Parameters
    ----------
    parts : mapping of column name to the names of its parts, see `config.features.PARTS`
    days : names of columns of whole days; a time of the day in them does not count

    Attributes
    ----------
    earliest_ : the earliest second of each column in the rows of `fit`, from which days elapse
    """

    def __init__(
        self, parts: Mapping[str, Sequence[str]] | None = None, days: Sequence[str] = ()
    ) -> None:
        self.parts = parts
        self.days = days

    def get_feature_names_out(self, input_features: Any = None) -> list[str]:
        """Return the names of the columns that `transform` gives."""
        names = super().get_feature_names_out(input_features)
        return [name for name in names if name not in (self.parts or {})]

    def _needed(self) -> set[str]:
        return set(self.parts or {})

    def _learn(self, frame: pd.DataFrame, y: Any) -> None:
        self.earliest_ = {
            name: float(np.nanmin(self._seconds(frame, name))) for name in self.parts or {}
        }

    def _made(self) -> list[str]:
        return [
            column
            for name, parts in (self.parts or {}).items()
            for part in parts
            for column in columns_of_part(name, part)
        ]

    def _seconds(self, frame: pd.DataFrame, name: str) -> Array:
        seconds = frame[name].to_numpy(dtype=float)
        return np.floor(seconds / DAY) * DAY if name in self.days else seconds

    def _transformed(self, frame: pd.DataFrame) -> pd.DataFrame:
        made: dict[str, Array] = {}
        for name, parts in (self.parts or {}).items():
            seconds = self._seconds(frame, name)
            values = calendar(np.where(np.isnan(seconds), 0.0, seconds))
            values["elapsed_days"] = (seconds - self.earliest_[name]) / DAY
            for part in parts:
                columns = [values[part]] if part in values else cycle(part, values)
                for column, of_part in zip(columns_of_part(name, part), columns, strict=True):
                    made[column] = np.where(np.isnan(seconds), np.nan, of_part)
        kept = frame.drop(columns=list(self.parts or {}))
        return pd.concat([kept, pd.DataFrame(made, index=frame.index)], axis=1)


def calendar(seconds: Array) -> dict[str, Array]:
    """Return the parts of times since 1970 that the calendar and the clock tell."""
    days = np.floor(seconds / DAY)
    day = days.astype(np.int64).astype("datetime64[D]")
    month, year = day.astype("datetime64[M]"), day.astype("datetime64[Y]")
    minutes = np.floor((seconds - days * DAY) / 60)
    return {
        "year": year.astype(np.int64) + 1970.0,
        "month": month.astype(np.int64) % 12 + 1.0,
        "day": (day - month).astype(np.int64) + 1.0,
        "weekday": (days + 3) % 7,  # the first of 1970 was a Thursday
        "day_of_year": (day - year).astype(np.int64) + 1.0,
        "hour": np.floor(minutes / 60),
        "minute": minutes % 60,
    }


def cycle(part: str, values: Mapping[str, Array]) -> tuple[Array, Array]:
    """Return the sine and the cosine of a cyclic part, such as `month_cycle`."""
    name = part.removesuffix("_cycle")
    lowest, length = CYCLES[name]
    angle = 2 * np.pi * (values[name] - lowest) / length
    return np.sin(angle), np.cos(angle)


class DerivedFeatures(_ColumnTransformer):
    """Add columns computed from others, in an order in which each finds its inputs made.

    Parameters
    ----------
    formulas : mapping of the new column's name to its Formula
    """

    def __init__(self, formulas: Mapping[str, Formula] | None = None) -> None:
        self.formulas = formulas

    def _needed(self) -> set[str]:
        formulas = self.formulas or {}
        return {column for f in formulas.values() for column in f.columns} - set(formulas)

    def _made(self) -> list[str]:
        return list(self.formulas or {})

    def _transformed(self, frame: pd.DataFrame) -> pd.DataFrame:
        columns = {name: frame[name].to_numpy() for name in self._needed()}
        made = {}
        for name, formula in (self.formulas or {}).items():
            inputs = [columns[column].astype(float) for column in formula.columns]
            made[name] = columns[name] = formula.value(*inputs)
        return pd.concat([frame, pd.DataFrame(made, index=frame.index)], axis=1)
