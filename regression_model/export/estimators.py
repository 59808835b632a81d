"""How each type of estimator ends the graph: one function per type, found by `singledispatch`."""

from __future__ import annotations

from functools import singledispatch
from typing import Any

import numpy as np
from sklearn.compose import TransformedTargetRegressor
from sklearn.ensemble import VotingRegressor
from sklearn.linear_model import ElasticNet, Lasso, LinearRegression, Ridge

from ..errors import ExportError
from .graph import Graph

__all__ = ["export_estimator", "target_functions"]


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
@export_estimator.register(Ridge)
def _(estimator: Any, graph: Graph, features: str) -> str:
    # A column, not a vector: onnxruntime multiplies by a matrix 20 times faster.
    column = graph.constant(np.reshape(estimator.coef_, (-1, 1)))
    product = graph.add("Squeeze", graph.add("MatMul", features, column), graph.indices([1]))
    return graph.add("Add", product, graph.constant(float(np.ravel(estimator.intercept_)[0])))


@export_estimator.register
def _(estimator: VotingRegressor, graph: Graph, features: str) -> str:
    weights = estimator.weights or [1.0] * len(estimator.estimators_)
    total = None
    for member, weight in zip(estimator.estimators_, weights, strict=True):
        share = graph.constant(weight / sum(weights))
        part = graph.add("Mul", export_estimator(member, graph, features), share)
        total = part if total is None else graph.add("Add", total, part)
    assert total is not None, "a VotingRegressor has at least one member"
    return total


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
    raise ExportError("The target's transformation has no ONNX export; the logarithm has one.")
