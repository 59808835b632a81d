"""The quadratic member of an estimator, and the clipping that keeps it within bounds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator, OneToOneFeatureMixin, TransformerMixin
from sklearn.svm import SVR
from sklearn.utils import Tags
from sklearn.utils.validation import check_is_fitted, validate_data

from ..arrays import Floats

__all__ = ["QuadraticForm", "QuadraticSVR", "RangeClipper"]


@dataclass(frozen=True)
class QuadraticForm:
    """The function x'Ax + b'x + c of a row x.

    Attributes
    ----------
    slope : array of float64, shape (features,)
        b.
    constant : float
        c.
    curvature : array of float64, shape (features, features), or None
        A, symmetric; None for a linear function.
    """

    slope: Floats
    constant: float
    curvature: Floats | None = None

    @property
    def is_finite(self) -> bool:
        """Whether every coefficient is a finite number."""
        curvature = 0.0 if self.curvature is None else self.curvature
        return all(np.isfinite(part).all() for part in (self.slope, self.constant, curvature))

    def __add__(self, other: QuadraticForm) -> QuadraticForm:
        curved = [one.curvature for one in (self, other) if one.curvature is not None]
        return QuadraticForm(
            self.slope + other.slope,
            self.constant + other.constant,
            np.sum(curved, axis=0) if curved else None,
        )

    def __call__(self, rows: Floats) -> Floats:
        """Return the value for each row, shape (rows,)."""
        inner = self.slope if self.curvature is None else rows @ self.curvature + self.slope
        return np.asarray(np.sum(rows * inner, axis=1) + self.constant)

    def size(self, row: Floats) -> float:
        """Return the sum of the sizes of all terms for a row, shape (features,), of sizes."""
        curvature = 0.0 if self.curvature is None else float(row @ np.abs(self.curvature) @ row)
        return abs(self.constant) + float(np.abs(self.slope) @ row) + curvature

    def times(self, share: float) -> QuadraticForm:
        """Return the form of `share` times the function."""
        curvature = None if self.curvature is None else share * self.curvature
        return QuadraticForm(share * self.slope, share * self.constant, curvature)

    @np.errstate(divide="ignore", over="ignore", invalid="ignore")  # see `is_finite`
    def before_scaling(self, centre: Floats, spread: Floats) -> QuadraticForm:
        """Return the form that gives for x what this one gives for (x - centre) / spread."""
        slope = self.slope / spread
        if self.curvature is None:
            return QuadraticForm(slope, self.constant - float(slope @ centre))
        curvature = self.curvature / np.outer(spread, spread)
        at_centre = curvature @ centre
        constant = self.constant - float(slope @ centre) + float(centre @ at_centre)
        return QuadraticForm(slope - 2.0 * at_centre, constant, curvature)


class QuadraticSVR(SVR):
    """Support vector regression with the kernel (gamma x'z + coef0)^2.

    It predicts a quadratic form of the features, so it has every square and every product of two
    features, and needs no support vectors to predict: see `form`.

    Parameters
    ----------
    C, gamma, coef0, epsilon : float
        As those of scikit-learn's SVR.
    """

    def __init__(
        self, *, C: float = 1.0, gamma: float = 0.01, coef0: float = 1.0, epsilon: float = 0.1
    ) -> None:
        super().__init__(kernel="poly", degree=2, C=C, gamma=gamma, coef0=coef0, epsilon=epsilon)

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = False
        return tags

    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> QuadraticSVR:
        """Fit to `X`, shape (rows, features), and `y`, shape (rows,).

        Raises
        ------
        ValueError
            When a kernel value of these rows, or a coefficient of the form, is not finite.
        """
        features = validate_data(self, X, dtype=np.float64)
        with np.errstate(over="ignore"):
            longest = np.sum(features**2, axis=1).max()
            largest = np.square(self.gamma * longest + self.coef0) * self.C * len(features)
        if not np.isfinite(largest):  # libsvm would never end
            raise ValueError(_OVERFLOW)
        super().fit(X, y, sample_weight)
        if not self.form().is_finite:
            raise ValueError(_OVERFLOW)
        return self

    def predict(self, X: Any) -> Floats:
        """Return the value of the form for each row of `X`, shape (rows,)."""
        form = self.form()
        return form(validate_data(self, X, reset=False, dtype=np.float64))

    def form(self) -> QuadraticForm:
        """Return the fitted function without its support vectors.

        With dual coefficients a_i and support vectors v_i, the sum of a_i (gamma x'v_i + coef0)^2
        over i is x'Ax + b'x + c with A = gamma^2 sum a_i v_i v_i', b = 2 gamma coef0 sum a_i v_i
        and c = coef0^2 sum a_i.
        """
        check_is_fitted(self)
        vectors, weights = self.support_vectors_, np.ravel(self.dual_coef_)
        with np.errstate(over="ignore", invalid="ignore"):  # fit refuses what is not finite
            return QuadraticForm(
                2.0 * self.gamma * self.coef0 * (weights @ vectors),
                float(self.coef0**2 * weights.sum() + self.intercept_[0]),
                self.gamma**2 * (vectors.T * weights) @ vectors,
            )


_OVERFLOW = "the quadratic member overflows on these rows: lower its gamma, coef0 or C."


class RangeClipper(OneToOneFeatureMixin, TransformerMixin, BaseEstimator):
    """Clip every column to the range that it had in `fit`.

    Attributes
    ----------
    lowest_, highest_ : array of float64, shape (features,)
    """

    def fit(self, X: Any, y: Any = None) -> RangeClipper:
        """Learn the range of each column of `X`, shape (rows, features)."""
        features = validate_data(self, X, dtype=np.float64)
        self.lowest_, self.highest_ = features.min(axis=0), features.max(axis=0)
        return self

    def transform(self, X: Any) -> Floats:
        """Return `X` with every value in the range of its column."""
        check_is_fitted(self)
        features = validate_data(self, X, reset=False, dtype=np.float64)
        return np.clip(features, self.lowest_, self.highest_)
