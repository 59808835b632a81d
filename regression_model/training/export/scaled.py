"""The columns that an estimator takes, as the raw columns that they are made from.

Linear and quadratic functions of scaled columns are such functions of the raw ones too, so the
scaler costs nothing in the graph unless a member needs its columns themselves, or a column is so
far from zero that its terms would cancel each other.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from ...errors import ExportError
from ..arrays import Floats, Rows
from ..steps.quadratic import QuadraticForm
from .graph import Graph

if TYPE_CHECKING:
    from .table import Levels

__all__ = ["Native", "ScaledColumns", "linear_form"]

_MOST_CANCELLED = 1e5  # how much larger the terms of raw columns may be than those of scaled ones


@dataclass(frozen=True)
class Native:
    """The native columns.

    Attributes
    ----------
    tensor : str
        Of shape (rows, columns); the categories come first, as codes from 1 with 0 for what is
        missing.
    codes : list of Levels
        The columns of categories.
    look_up : callable
        From columns of levels to the tensor of their numbers.
    """

    tensor: str
    columns: int
    codes: Sequence[Levels]
    look_up: Callable[[Sequence[Levels]], str]


@dataclass(frozen=True)
class ScaledColumns:
    """Columns (x - centre) / spread, perhaps clipped after that.

    Attributes
    ----------
    graph : Graph
    tensor : str
        The columns x, shape (rows, columns), in any order.
    order : array of int
        For each column of the tensor its place among the columns that the estimator takes.
    centre, spread : array of float64, shape (columns,), as the estimator takes them
    lowest, highest : the same, in units of the scaled columns; None if they are not clipped
    native : Native or None
        What trees take that see categories as they are.
    """

    graph: Graph
    tensor: str
    order: Rows
    centre: Floats
    spread: Floats
    lowest: Floats | None = None
    highest: Floats | None = None
    native: Native | None = None

    @classmethod
    def unscaled(cls, graph: Graph, tensor: str, columns: int) -> ScaledColumns:
        """Return columns that are taken as they are."""
        return cls(graph, tensor, np.arange(columns), np.zeros(columns), np.ones(columns))

    @cached_property
    def scaled(self) -> str:
        """The tensor of the columns as the estimator takes them."""
        graph = self.graph
        columns = self.tensor
        if (self.order != np.arange(len(self.order))).any():
            columns = graph.add("Gather", columns, graph.indices(np.argsort(self.order)), axis=1)
        centred = graph.add("Sub", columns, self.centre)
        scaled = graph.add("Div", centred, self.spread)
        if self.lowest is not None and self.highest is not None:
            return self._clip(scaled, self.lowest, self.highest)
        return scaled if len(self.spread) > 1 else graph.unfused(scaled)

    @cached_property
    def clipped(self) -> str:
        """The tensor of the columns x, clipped where the scaled ones are."""
        if self.lowest is None or self.highest is None:
            return self.tensor
        ends = (end * self.spread + self.centre for end in (self.lowest, self.highest))
        return self._clip(self.tensor, *(end[self.order] for end in ends))

    def _clip(self, tensor: str, lowest: Floats, highest: Floats) -> str:
        above = self.graph.add("Max", tensor, lowest)
        return self.graph.add("Min", above, highest)

    def value_of(self, form: QuadraticForm) -> str:
        """Return the tensor of shape (rows,) that `form` gives for the scaled columns.

        Raises
        ------
        ExportError
            When a coefficient is not finite.
        """
        raw = form.before_scaling(self.centre, self.spread)
        if not (form.is_finite and raw.is_finite):
            raise ExportError(
                "The estimator has coefficients that overflow: lower gamma, coef0 or C of its "
                "quadratic member, or raise the penalty of the linear ones."
            )
        number = len(self.centre)
        scaled_size = form.size(np.ones(number))
        if raw.size(np.abs(self.centre) + self.spread) > _MOST_CANCELLED * scaled_size:
            return ScaledColumns.unscaled(self.graph, self.scaled, number).value_of(form)
        graph, slope = self.graph, raw.slope[self.order]
        if raw.curvature is None:
            # A column, not a vector: onnxruntime multiplies by a matrix 20 times faster.
            column = graph.constant(slope.reshape(-1, 1))
            value = graph.add("MatMul", self.clipped, column)
        else:
            curvature = graph.constant(raw.curvature[np.ix_(self.order, self.order)])
            inner = graph.add("Gemm", self.clipped, curvature, slope)
            product = graph.add("Mul", inner, self.clipped)
            # Not ReduceSum: it adds up the rows at even and at odd places in different orders, and
            # so a row's prediction would depend on its place, in the last bits.
            value = graph.add("MatMul", product, np.ones((len(slope), 1)))
        value = graph.add("Squeeze", value, graph.indices([1]))
        return graph.add("Add", value, raw.constant)


def linear_form(weights: npt.ArrayLike, intercept: npt.ArrayLike) -> QuadraticForm:
    """Return the form of a linear model."""
    return QuadraticForm(np.ravel(np.asarray(weights, dtype=float)), float(np.ravel(intercept)[0]))
