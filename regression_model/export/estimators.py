"""How each type of estimator ends the graph: one function per type, found by `singledispatch`."""

from __future__ import annotations

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

from ..errors import ExportError
from .graph import Graph

__all__ = ["export_estimator", "target_functions"]

_LESS_OR_EQUAL, _SUM, _NO_POST_TRANSFORM = 0, 1, 0  # codes of ai.onnx.ml.TreeEnsemble


@singledispatch
def export_estimator(estimator: Any, graph: Graph, features: str) -> str:
    """Return the tensor of shape (rows,) that the fitted `estimator` predicts.

    `features` is the tensor of shape (rows, features) that it was fitted on.

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
@export_estimator.register(Ridge)
def _(estimator: Any, graph: Graph, features: str) -> str:
    return linear(graph, features, estimator.coef_, estimator.intercept_)


def linear(graph: Graph, features: str, weights: npt.ArrayLike, intercept: npt.ArrayLike) -> str:
    """Return the tensor of shape (rows,) that is `features @ weights + intercept`."""
    # A column, not a vector: onnxruntime multiplies by a matrix 20 times faster.
    column = graph.constant(np.reshape(weights, (-1, 1)))
    product = graph.add("Squeeze", graph.add("MatMul", features, column), graph.indices([1]))
    return graph.add("Add", product, graph.constant(float(np.ravel(intercept)[0])))


@export_estimator.register
def _(estimator: TransformedTargetRegressor, graph: Graph, features: str) -> str:
    """A member that learnt a centred target."""
    return graph.add(
        "Add",
        export_estimator(estimator.regressor_, graph, features),
        graph.constant(_centre(estimator)),
    )


def _centre(estimator: TransformedTargetRegressor) -> float:
    scaler = estimator.transformer_
    if not isinstance(scaler, StandardScaler) or scaler.with_std:
        raise ExportError("The target's transformation has no ONNX export; centring has one.")
    return float(scaler.mean_[0])


@export_estimator.register
def _(estimator: SVR, graph: Graph, features: str) -> str:
    if estimator.kernel != "rbf":
        raise ExportError(f"An SVR with the kernel {estimator.kernel!r} has no ONNX export.")
    kernel = _rbf(graph, features, estimator.support_vectors_, estimator._gamma)
    return linear(graph, kernel, estimator.dual_coef_, estimator.intercept_)


@export_estimator.register
def _(estimator: Pipeline, graph: Graph, features: str) -> str:
    """Landmarks and a linear model on them: their two matrices are multiplied beforehand."""
    landmarks, model = (step for _, step in estimator.steps)
    if not isinstance(landmarks, Nystroem) or landmarks.kernel != "rbf":
        raise ExportError("A pipeline as an estimator has an export for Nystroem with rbf only.")
    kernel = _rbf(graph, features, landmarks.components_, landmarks.gamma)
    weights = landmarks.normalization_.T @ np.ravel(model.coef_)
    return linear(graph, kernel, weights, model.intercept_)


def _rbf(graph: Graph, features: str, points: npt.NDArray[Any], gamma: float) -> str:
    """exp(-gamma |x - p|^2) as a tensor of shape (rows, points)."""
    dots = graph.add("MatMul", features, graph.constant(2.0 * gamma * points.T))
    squares = graph.add("ReduceSumSquare", features, axes=[1], keepdims=1)
    own = graph.add("Mul", squares, graph.constant(gamma))
    theirs = graph.constant(gamma * np.sum(points**2, axis=1))
    return graph.add("Exp", graph.add("Sub", graph.add("Sub", dots, own), theirs))


@export_estimator.register
def _(estimator: GradientBoostingRegressor, graph: Graph, features: str) -> str:
    """All trees in one node; scikit-learn compares in single precision, and so does the graph."""
    single = graph.add("Cast", features, to=TensorProto.FLOAT)
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
def _(estimator: VotingRegressor, graph: Graph, features: str) -> str:
    """The weighted mean of the members; those that are linear are one linear model together."""
    weights = np.array(estimator.weights or [1.0] * len(estimator.estimators_))
    members = list(zip(estimator.estimators_, weights / weights.sum(), strict=True))
    straight = [(share, line) for m, share in members if (line := _as_line(m)) is not None]
    parts = []
    if straight:
        coefficients = sum(share * line[0] for share, line in straight)
        intercept = sum(share * line[1] for share, line in straight)
        parts.append(linear(graph, features, coefficients, intercept))
    for member, share in members:
        if _as_line(member) is None:
            tensor = export_estimator(member, graph, features)
            parts.append(graph.add("Mul", tensor, graph.constant(share)))
    return parts[0] if len(parts) == 1 else graph.add("Sum", *parts)


def _as_line(estimator: Any) -> tuple[npt.NDArray[np.float64], float] | None:
    """Return the coefficients and the intercept of a linear model, None for any other."""
    if isinstance(estimator, ElasticNet | Lasso | LinearRegression | LinearSVR | Ridge):
        return np.ravel(estimator.coef_), float(np.ravel(estimator.intercept_)[0])
    if isinstance(estimator, TransformedTargetRegressor):
        line = _as_line(estimator.regressor_)
        return None if line is None else (line[0], line[1] + _centre(estimator))
    return None


def target_functions(estimator: TransformedTargetRegressor) -> str | None:
    """Return the operator that takes the estimator's scale back to the target's, if one does.

    Raises
    ------
    ExportError
        For a pair of functions other than the logarithm and the exponential.
    """
    if estimator.func is None and estimator.transformer is None:
        return None
    if estimator.func is np.log and estimator.inverse_func is np.exp:
        return "Exp"
    function = estimator.func or type(estimator.transformer)
    raise ExportError(
        f"There is no ONNX export for {function.__name__} as the target's transformation; "
        "the logarithm has one."
    )
