"""How each type of estimator ends the graph: one function per type, found by `singledispatch`."""

from __future__ import annotations

import functools
import math
import operator
from dataclasses import replace
from functools import singledispatch
from typing import Any

import numpy as np
import numpy.typing as npt
from sklearn.compose import TransformedTargetRegressor
from sklearn.ensemble import (
    GradientBoostingRegressor,
    HistGradientBoostingRegressor,
    VotingRegressor,
)
from sklearn.kernel_approximation import Nystroem
from sklearn.linear_model import ElasticNet, Lasso, LinearRegression, Ridge
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVR, LinearSVR

from ...errors import ExportError
from ..intervals import Inverse, exp_less_one
from ..steps.native import ConvertedMember, NativeMember, StandardMember
from ..steps.quadratic import QuadraticForm, QuadraticSVR
from .converted import add_converted
from .scaled import ScaledColumns, linear_form
from .trees import FOREST, add_trees, forest_trees, histogram_trees, plain_trees, with_questions

__all__ = ["export_estimator", "way_back"]

_WAYS_BACK: dict[tuple[Any, Any], str] = {
    (np.log, np.exp): "Exp",
    (np.log1p, exp_less_one): "Exp less 1",
    (np.positive, np.positive): "Identity",
}


@singledispatch
def export_estimator(estimator: Any, columns: ScaledColumns) -> str:
    """Return the tensor of shape (rows,) that the fitted `estimator` predicts from its columns.

    Raises
    ------
    ExportError
        For a type of estimator that has no export.
    """
    known = sorted(t.__name__ for t in export_estimator.registry if t is not object)
    raise ExportError(
        f"There is no ONNX export for an estimator of type {type(estimator).__name__}; "
        f"the types known are {', '.join(known)}."
    )


@export_estimator.register(ElasticNet)
@export_estimator.register(Lasso)
@export_estimator.register(LinearRegression)
@export_estimator.register(LinearSVR)
@export_estimator.register(QuadraticSVR)
@export_estimator.register(Ridge)
def _export_form(estimator: Any, columns: ScaledColumns) -> str:
    form = form_of(estimator)
    assert form is not None
    return columns.value_of(form)


def form_of(estimator: Any) -> QuadraticForm | None:
    """Return the form of a linear or quadratic model, None for any other."""
    if isinstance(estimator, ElasticNet | Lasso | LinearRegression | LinearSVR | Ridge):
        return linear_form(estimator.coef_, estimator.intercept_)
    if isinstance(estimator, QuadraticSVR):
        return estimator.form()
    if isinstance(estimator, StandardMember):  # and so any regressor that is converted
        return form_of(estimator.regressor_)
    if isinstance(estimator, TransformedTargetRegressor):
        form = form_of(estimator.regressor_)
        return None if form is None else replace(form, constant=form.constant + _centre(estimator))
    return None


@export_estimator.register
def _export_centred(estimator: TransformedTargetRegressor, columns: ScaledColumns) -> str:
    """A member that learnt a centred target."""
    form = form_of(estimator)
    if form is not None:
        return columns.value_of(form)
    score = export_estimator(estimator.regressor_, columns)
    return columns.graph.add("Add", score, _centre(estimator))


def _centre(estimator: TransformedTargetRegressor) -> float:
    scaler = estimator.transformer_
    if not isinstance(scaler, StandardScaler) or scaler.with_std:
        raise ExportError("The target's transformation has no ONNX export; centring has one.")
    return float(scaler.mean_[0])


@export_estimator.register
def _export_svr(estimator: SVR, columns: ScaledColumns) -> str:
    if estimator.kernel != "rbf":
        raise ExportError(
            f"An SVR with the kernel {estimator.kernel!r} and degree {estimator.degree} has no "
            "ONNX export; a QuadraticSVR, and the kernel 'rbf', have one."
        )
    kernel = _rbf(columns, estimator.support_vectors_, estimator._gamma)
    return kernel.value_of(linear_form(estimator.dual_coef_, estimator.intercept_))


@export_estimator.register
def _export_nystroem(estimator: Pipeline, columns: ScaledColumns) -> str:
    """Landmarks and a linear model on them: their two matrices are multiplied beforehand."""
    landmarks, model = (step for _, step in estimator.steps)
    if not isinstance(landmarks, Nystroem) or landmarks.kernel != "rbf":
        raise ExportError("A pipeline as an estimator has an export for Nystroem with rbf only.")
    kernel = _rbf(columns, landmarks.components_, landmarks.gamma)
    weights = landmarks.normalization_.T @ np.ravel(model.coef_)
    return kernel.value_of(linear_form(weights, model.intercept_))


def _rbf(columns: ScaledColumns, points: npt.NDArray[Any], gamma: float) -> ScaledColumns:
    """exp(-gamma |x - p|^2) as columns, one a point."""
    graph, scaled = columns.graph, columns.scaled
    dots = graph.add("MatMul", scaled, 2.0 * gamma * points.T)
    squares = graph.add("Mul", scaled, scaled)
    own = graph.add("MatMul", squares, np.full((points.shape[1], 1), gamma))
    theirs = graph.constant(gamma * np.sum(points**2, axis=1))
    kernel = graph.add("Exp", graph.add("Sub", graph.add("Sub", dots, own), theirs))
    return ScaledColumns.unscaled(graph, kernel, len(points))


@export_estimator.register
def _export_gradient_boosting(estimator: GradientBoostingRegressor, columns: ScaledColumns) -> str:
    """All trees in one node; scikit-learn compares in single precision, and so does the graph."""
    graph = columns.graph
    score = add_trees(graph, graph.single(columns.scaled), plain_trees(estimator))
    return graph.add("Add", score, float(np.ravel(estimator.init_.constant_)[0]))


@export_estimator.register
def _export_standard_member(estimator: StandardMember, columns: ScaledColumns) -> str:
    return export_estimator(estimator.regressor_, columns)


@export_estimator.register
def _export_converted_member(estimator: ConvertedMember, columns: ScaledColumns) -> str:
    regressor, graph = estimator.regressor_, columns.graph
    if isinstance(regressor, FOREST):
        return add_trees(graph, graph.single(columns.scaled), forest_trees(regressor))
    if type(regressor) in export_estimator.registry:
        return export_estimator(regressor, columns)
    return add_converted(graph, regressor, columns.scaled, len(columns.order))


@export_estimator.register
def _export_native_member(estimator: NativeMember, columns: ScaledColumns) -> str:
    """All trees in one node, in double precision; losses with a logarithm end with its inverse."""
    boosting = estimator.regressor_
    if columns.native is None or not isinstance(boosting, HistGradientBoostingRegressor):
        raise ExportError("Native columns have an ONNX export for histogram gradient boosting.")
    tensor, trees = with_questions(columns.graph, columns.native, histogram_trees(boosting))
    score = add_trees(columns.graph, tensor, trees)
    return columns.graph.add("Exp", score) if boosting.loss in ("poisson", "gamma") else score


@export_estimator.register
def _export_voting(estimator: VotingRegressor, columns: ScaledColumns) -> str:
    """The weighted mean of the members; linear and quadratic ones are one form together."""
    graph = columns.graph
    weights = np.array(estimator.weights or [1.0] * len(estimator.estimators_))
    forms, others = [], []
    for member, share in zip(estimator.estimators_, weights / weights.sum(), strict=True):
        if (form := form_of(member)) is not None:
            forms.append(form.times(share))
        else:
            others.append((member, share))
    parts = [columns.value_of(functools.reduce(operator.add, forms))] if forms else []
    parts += [graph.add("Mul", export_estimator(one, columns), share) for one, share in others]
    return parts[0] if len(parts) == 1 else graph.add("Sum", *parts)


def way_back(estimator: TransformedTargetRegressor) -> tuple[str, float]:
    """Return how the estimator's scale becomes the target's, `Identity`, `Exp` or `Exp less 1`.

    With it comes the lowest score.

    Raises
    ------
    ExportError
        For a pair of functions that no configuration names.
    """
    if estimator.func is None and estimator.transformer is None:
        return "Identity", -math.inf
    back = estimator.inverse_func
    known = back if isinstance(back, Inverse) else Inverse(back)
    name = _WAYS_BACK.get((estimator.func, known.function))
    if name is not None:
        return name, known.floor
    function = estimator.func or type(estimator.transformer)
    raise ExportError(
        f"There is no ONNX export for {function.__name__} as the target's transformation; "
        "the logarithm and log1p have one."
    )
