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
from onnx import TensorProto, numpy_helper
from sklearn.compose import TransformedTargetRegressor
from sklearn.ensemble import GradientBoostingRegressor, VotingRegressor
from sklearn.kernel_approximation import Nystroem
from sklearn.linear_model import ElasticNet, Lasso, LinearRegression, Ridge
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVR, LinearSVR

from ...errors import ExportError
from ..intervals import Inverse, exp_less_one
from ..quadratic import QuadraticForm, QuadraticSVR
from .scaled import ScaledColumns, linear_form

__all__ = ["export_estimator", "way_back"]

_WAYS_BACK: dict[tuple[Any, Any], str] = {
    (np.log, np.exp): "Exp",
    (np.log1p, exp_less_one): "Exp less 1",
    (np.positive, np.positive): "Identity",
}
_LESS_OR_EQUAL, _SUM, _NO_POST_TRANSFORM = 0, 1, 0  # codes of ai.onnx.ml.TreeEnsemble


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
    return columns.graph.add("Add", score, columns.graph.constant(_centre(estimator)))


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
    dots = graph.add("MatMul", scaled, graph.constant(2.0 * gamma * points.T))
    squares = graph.add("ReduceSumSquare", scaled, axes=[1], keepdims=1)
    own = graph.add("Mul", squares, graph.constant(gamma))
    theirs = graph.constant(gamma * np.sum(points**2, axis=1))
    kernel = graph.add("Exp", graph.add("Sub", graph.add("Sub", dots, own), theirs))
    return ScaledColumns.unscaled(graph, kernel, len(points))


@export_estimator.register
def _export_gradient_boosting(estimator: GradientBoostingRegressor, columns: ScaledColumns) -> str:
    """All trees in one node; scikit-learn compares in single precision, and so does the graph."""
    graph = columns.graph
    single = graph.add("Cast", columns.scaled, to=TensorProto.FLOAT)
    rounded = graph.add("Cast", single, to=TensorProto.DOUBLE)
    trees = [tree.tree_ for tree in estimator.estimators_[:, 0]]
    total = graph.add(
        "TreeEnsemble",
        rounded,
        domain="ai.onnx.ml",
        n_targets=1,
        aggregate_function=_SUM,
        post_transform=_NO_POST_TRANSFORM,
        **_tree_attributes(trees, estimator.learning_rate),
    )
    graph.needs_opset("ai.onnx.ml", 5)
    start = float(np.ravel(estimator.init_.constant_)[0])
    return graph.add("Add", graph.add("Squeeze", total, graph.indices([1])), graph.constant(start))


def _tree_attributes(trees: list[Any], learning_rate: float) -> dict[str, Any]:
    """Write scikit-learn's trees as the attributes of ai.onnx.ml.TreeEnsemble version 5."""
    features: list[int] = []
    splits: list[float] = []
    sides: dict[bool, list[int]] = {True: [], False: []}
    is_leaf: dict[bool, list[int]] = {True: [], False: []}
    weights: list[float] = []
    roots: list[int] = []
    for tree in trees:
        nodes = np.flatnonzero(tree.children_left >= 0)
        number = {int(node): len(features) + i for i, node in enumerate(nodes)}
        roots.append(len(features))
        if not len(nodes):
            features.append(0)
            splits.append(0.0)
            for side in (True, False):
                sides[side].append(len(weights))
                is_leaf[side].append(1)
            weights.append(learning_rate * float(tree.value[0, 0, 0]))
            continue
        for node in nodes:
            features.append(int(tree.feature[node]))
            splits.append(float(tree.threshold[node]))
            for side, child in (
                (True, tree.children_left[node]),
                (False, tree.children_right[node]),
            ):
                is_leaf[side].append(int(child not in number))
                sides[side].append(number.get(int(child), len(weights)))
                if child not in number:
                    weights.append(learning_rate * float(tree.value[child, 0, 0]))
    return {
        "nodes_featureids": features,
        "nodes_modes": numpy_helper.from_array(np.full(len(features), _LESS_OR_EQUAL, np.uint8)),
        "nodes_splits": numpy_helper.from_array(np.array(splits)),
        "nodes_truenodeids": sides[True],
        "nodes_falsenodeids": sides[False],
        "nodes_trueleafs": is_leaf[True],
        "nodes_falseleafs": is_leaf[False],
        "leaf_targetids": [0] * len(weights),
        "leaf_weights": numpy_helper.from_array(np.array(weights)),
        "tree_roots": roots,
    }


@export_estimator.register
def _export_voting(estimator: VotingRegressor, columns: ScaledColumns) -> str:
    """The weighted mean of the members; linear and quadratic ones are one form together."""
    graph = columns.graph
    weights = np.array(estimator.weights or [1.0] * len(estimator.estimators_))
    members = list(zip(estimator.estimators_, weights / weights.sum(), strict=True))
    forms = [form.times(share) for m, share in members if (form := form_of(m)) is not None]
    parts = [columns.value_of(functools.reduce(operator.add, forms))] if forms else []
    for member, share in members:
        if form_of(member) is None:
            score = export_estimator(member, columns)
            parts.append(graph.add("Mul", score, graph.constant(share)))
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
