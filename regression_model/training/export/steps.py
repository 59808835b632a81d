"""How each type of step continues the graph: one function per type, found by `singledispatch`."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from functools import singledispatch
from typing import Any

import numpy as np
from feature_engine.encoding import MeanEncoder, OneHotEncoder, OrdinalEncoder, RareLabelEncoder
from feature_engine.imputation import (
    AddMissingIndicator,
    ArbitraryNumberImputer,
    CategoricalImputer,
    MeanMedianImputer,
)
from feature_engine.outliers import ArbitraryOutlierCapper
from feature_engine.selection import DropFeatures
from feature_engine.transformation import (
    LogCpTransformer,
    LogTransformer,
    PowerTransformer,
    YeoJohnsonTransformer,
)
from feature_engine.wrappers import SklearnTransformerWrapper
from sklearn.compose import ColumnTransformer
from sklearn.preprocessing import Binarizer, StandardScaler

from ...errors import ExportError
from ..steps.features import DerivedFeatures, Formula, Indicators, OrderedLevels, TargetMeans
from ..steps.native import CODE, MADE, RAW, MadeColumns, RawColumns
from ..steps.quadratic import RangeClipper
from .dates import export_date_parts
from .scaled import Native
from .table import Table, is_missing

__all__ = ["export_step"]


@singledispatch
def export_step(step: Any, table: Table) -> None:
    """Continue `table` by what the fitted transformer `step` does.

    Raises
    ------
    ExportError
        For a type of step that has no export.
    """
    raise _unknown(step)


def _unknown(step: Any) -> ExportError:
    known = sorted(t.__name__ for t in export_step.registry if t is not object)
    return ExportError(
        f"There is no ONNX export for a step of type {type(step).__name__}; "
        f"the types known are {', '.join(known)}."
    )


# Missing values


@export_step.register
def _export_missing_indicator(step: AddMissingIndicator, table: Table) -> None:
    numbers = [name for name in step.variables_ if name in table.numbers]
    for name in step.variables_:
        if name in table.levels:
            of_levels = table.levels[name].map(lambda value: float(is_missing(value)))
            table.put_levels(f"{name}_na", of_levels)
    if numbers:
        flags = table.graph.cast(table.graph.add("IsNaN", table.take(numbers)))
        table.put(flags, [f"{name}_na" for name in numbers])


@export_step.register(ArbitraryNumberImputer)
@export_step.register(MeanMedianImputer)
def _export_number_imputer(step: Any, table: Table) -> None:
    table.fill(step.imputer_dict_)


@export_step.register
def _export_categorical_imputer(step: CategoricalImputer, table: Table) -> None:
    for name, filler in step.imputer_dict_.items():
        if name in table.levels:
            table.levels[name] = table.levels[name].fill(filler)
        else:
            table.fill({name: filler})


export_step.register(export_date_parts)

# Times and levels


@export_step.register
def _export_ordered_levels(step: OrderedLevels, table: Table) -> None:
    for name, numbers in step.numbers().items():
        table.levels[name] = table.levels[name].look_up(numbers)


@export_step.register
def _export_indicators(step: Indicators, table: Table) -> None:
    above: dict[str, tuple[str, float]] = {}
    for name, test in step.tests_.items():
        if test.column in table.levels:
            answer = _answer(test.levels, test.threshold)
            table.put_levels(name, table.levels[test.column].map(answer))
        elif test.threshold is not None:
            above[name] = (test.column, test.threshold)
        else:
            raise ExportError(f"{name} compares the number {test.column} with a level.")
    if above:
        columns = table.take([column for column, _ in above.values()])
        thresholds = [threshold for _, threshold in above.values()]
        answers = table.graph.add("Greater", columns, thresholds)
        table.put(table.graph.cast(answers), list(above))


def _answer(levels: Sequence[str], threshold: float | None) -> Callable[[Any], float]:
    if threshold is None:
        return lambda value: float(value in levels)
    return lambda value: float(isinstance(value, float) and value > threshold)


@export_step.register
def _export_rare_label_encoder(step: RareLabelEncoder, table: Table) -> None:
    for name, frequent in step.encoder_dict_.items():
        table.levels[name] = table.levels[name].map(_or_rare(frequent, step.replace_with))


@export_step.register(OrdinalEncoder)
@export_step.register(MeanEncoder)
def _export_encoder(step: Any, table: Table) -> None:
    unseen = float(step._unseen) if step.unseen == "encode" else math.nan
    for name, numbers in step.encoder_dict_.items():
        encoded = {level: float(number) for level, number in numbers.items()}
        table.levels[name] = table.levels[name].look_up(encoded, unseen)


@export_step.register
def _export_target_means(step: TargetMeans, table: Table) -> None:
    for name, numbers in step.encoder_dict_.items():
        table.levels[name] = table.levels[name].look_up(numbers, step.mean_)


@export_step.register
def _export_one_hot_encoder(step: OneHotEncoder, table: Table) -> None:
    for name in step.variables_:
        for level in step.encoder_dict_[name]:
            column = table.levels[name].map(_answer((level,), None))
            table.put_levels(f"{name}_{level}", column)
    table.drop(step.variables_)


def _or_rare(frequent: Sequence[str], rare: str) -> Callable[[Any], Any]:
    known = frozenset(frequent)
    return lambda value: value if value in known or is_missing(value) else rare


# Numbers


@export_step.register
def _export_capper(step: ArbitraryOutlierCapper, table: Table) -> None:
    for caps, operator in ((step.right_tail_caps_, "Min"), (step.left_tail_caps_, "Max")):
        if caps:
            bounds = table.graph.constant(list(caps.values()))
            table.put(table.graph.add(operator, table.take(list(caps)), bounds), list(caps))


@export_step.register
def _export_log(step: LogTransformer, table: Table) -> None:
    _elementwise(table, step.variables_, lambda x: _log(table, x, step.base))


@export_step.register
def _export_shifted_log(step: LogCpTransformer, table: Table) -> None:
    constants = step.C_ if isinstance(step.C_, dict) else dict.fromkeys(step.variables_, step.C_)
    shifts = [float(constants[name]) for name in step.variables_]
    add = table.graph.add
    _elementwise(table, step.variables_, lambda x: _log(table, add("Add", x, shifts), step.base))


def _log(table: Table, x: str, base: str) -> str:
    natural = table.graph.add("Log", x)
    if base == "e":
        return natural
    return table.graph.unfused(table.graph.add("Div", natural, math.log(10)))


@export_step.register
def _export_power(step: PowerTransformer, table: Table) -> None:
    def power(x: str) -> str:
        if step.exp == 0.5:
            return table.graph.add("Sqrt", x)
        return table.graph.add("Pow", x, float(step.exp))

    _elementwise(table, step.variables_, power)


@export_step.register
def _export_yeo_johnson(step: YeoJohnsonTransformer, table: Table) -> None:
    """Yeo and Johnson, A new family of power transformations, Biometrika 87 (2000), eq. 2.1."""
    names = step.variables_
    lambdas = np.array([float(step.lambda_dict_[name]) for name in names])
    graph = table.graph
    zero, one = graph.constant(0.0), graph.constant(1.0)

    def half(magnitude: str, exponents: Any) -> str:
        """(magnitude + 1) ** exponent - 1, over exponent; the logarithm where that is 0."""
        is_zero = np.abs(exponents) < np.finfo(float).eps
        safe = np.where(is_zero, 1.0, exponents)
        shifted = graph.add("Add", magnitude, one)
        powered = graph.add("Sub", graph.add("Pow", shifted, safe), one)
        power = graph.add("Div", powered, safe)
        if not is_zero.any():
            return power
        return graph.add("Where", graph.constant(is_zero, bool), graph.add("Log", shifted), power)

    def yeo_johnson(x: str) -> str:
        above = half(graph.add("Max", x, zero), lambdas)
        below = half(graph.add("Max", graph.add("Neg", x), zero), 2.0 - lambdas)
        return graph.add("Sub", above, below)  # one of the two is 0

    _elementwise(table, names, yeo_johnson)


@export_step.register
def _export_binarizer(step: SklearnTransformerWrapper, table: Table) -> None:
    wrapped = step.transformer_
    if not isinstance(wrapped, Binarizer):
        raise _unknown(wrapped)

    graph, threshold = table.graph, float(wrapped.threshold)
    _elementwise(table, step.variables_, lambda x: graph.cast(graph.add("Greater", x, threshold)))


@export_step.register
def _export_scaler(step: StandardScaler, table: Table) -> None:
    table.scale(list(step.feature_names_in_), step.mean_, step.scale_)


@export_step.register
def _export_clipper(step: RangeClipper, table: Table) -> None:
    table.clip(step.lowest_, step.highest_)


def _elementwise(table: Table, names: Sequence[str], function: Callable[[str], str]) -> None:
    table.put(function(table.take(names)), names)


# Native columns


@export_step.register
def _export_raw_columns(step: RawColumns, table: Table) -> None:
    if step.numbers_:
        numbers = table.take(list(step.numbers_))
        caps = [math.inf if cap is None else cap for cap in step.numbers_.values()]
        bounds = table.graph.constant(caps)
        above = table.graph.add("Greater", numbers, bounds)  # NaN is not
        capped = table.graph.add("Where", above, bounds, numbers)
        table.put(capped, [RAW + name for name in step.numbers_])
    for name, levels in step.ranks_.items():
        ranks = {level: float(rank) for rank, level in enumerate(levels)}
        table.put_levels(RAW + name, table.levels[name].look_up(ranks))
    for name, levels in step.levels_.items():
        codes = {level: float(i) for i, level in enumerate(levels, 1)}
        table.codes[CODE + name] = table.levels[name].look_up(codes, 0.0)
        table.put_levels(CODE + name, table.codes[CODE + name])


@export_step.register
def _export_made_columns(step: MadeColumns, table: Table) -> None:
    numbers = []
    for name in step.columns_:
        if name in table.levels:
            rounded = table.levels[name].map(lambda value: float(np.float32(value)))
            table.put_levels(MADE + name, rounded)
        else:
            numbers.append(name)
    if numbers:
        made = table.graph.single(table.take(numbers))
        table.put(made, [MADE + name for name in numbers])


@export_step.register
def _export_beside_native(step: ColumnTransformer, table: Table) -> None:
    """As `beside_native` makes it."""
    (_, transformer, _), (_, _, native) = step.transformers_
    codes = [table.codes[name] for name in native if name in table.codes]
    table.native = Native(table.take(native), len(native), codes, table.look_up)
    table.drop(native)
    for _, inner in transformer.steps:
        export_step(inner, table)


# Columns


@export_step.register
def _export_dropping(step: DropFeatures, table: Table) -> None:
    table.drop(step.features_to_drop_)


@export_step.register
def _export_derived_features(step: DerivedFeatures, table: Table) -> None:
    """Formulas that wait for the same others are computed together, a verb at a time."""
    waiting = dict(step.formulas or {})
    while waiting:
        ready = {n: f for n, f in waiting.items() if not set(f.columns) & set(waiting)}
        for verb, compute in _VERBS.items():
            of_verb = {name: formula for name, formula in ready.items() if formula.verb == verb}
            if of_verb:
                compute(table, of_verb)
        waiting = {name: formula for name, formula in waiting.items() if name not in ready}


def _sums(table: Table, formulas: dict[str, Formula]) -> None:
    columns = list(dict.fromkeys(column for f in formulas.values() for column in f.columns))
    weights = np.zeros((len(columns), len(formulas)))
    for j, formula in enumerate(formulas.values()):
        for column, weight in zip(formula.columns, formula.weights, strict=True):
            weights[columns.index(column), j] += weight
    product = table.graph.add("MatMul", table.take(columns), weights)
    table.put(product, list(formulas))


def _products(table: Table, formulas: dict[str, Formula]) -> None:
    for length in sorted({len(f.columns) for f in formulas.values()}):
        same = {name: f for name, f in formulas.items() if len(f.columns) == length}
        product = table.take([f.columns[0] for f in same.values()])
        for i in range(1, length):
            factor = table.take([f.columns[i] for f in same.values()])
            product = table.graph.add("Mul", product, factor)
        table.put(product, list(same))


def _ratios(table: Table, formulas: dict[str, Formula]) -> None:
    above = table.take([f.columns[0] for f in formulas.values()])
    below = table.take([f.columns[1] for f in formulas.values()])
    zero, one = table.graph.constant(0.0), table.graph.constant(1.0)
    is_zero = table.graph.add("Equal", below, zero)
    ratio = table.graph.add("Div", above, table.graph.add("Where", is_zero, one, below))
    table.put(table.graph.add("Where", is_zero, zero, ratio), list(formulas))


def _elapsed(table: Table, formulas: dict[str, Formula]) -> None:
    later = table.take([f.columns[0] for f in formulas.values()])
    earlier = table.take([f.columns[1] for f in formulas.values()])
    years = table.graph.add("Sub", later, earlier)
    table.put(table.graph.add("Max", years, 0.0), list(formulas))


_VERBS = {"sum": _sums, "product": _products, "ratio": _ratios, "elapsed": _elapsed}
