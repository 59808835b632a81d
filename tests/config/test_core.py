"""What config.yml may say, and what is said about every mistake in it."""

import csv
import hashlib
import math
import pickle
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from regression_model.config import core
from regression_model.config.core import Config, load_config, parse_config
from regression_model.config.features import Bounds
from regression_model.config.sections import ElasticNetMember, Quality
from regression_model.errors import ConfigError

SMALL = """\
# A comment above everything

name: small
description: A model for these tests
target:
  name: price
  description: What was paid
  minimum: 1
  transform: log

# Where the rows are
data:
  training: train.csv
  missing_values: NA
features:
  # Two lines of comment
  # above the first feature
  id:
    description: Number of the row
    kind: identifier
  area:
    description: Living area
    kind: number
    unit: square feet
    minimum: 1  # never empty
    maximum: 9000
    aliases: size, living area
    transform: log
  porch:
    description: Area of the porch
    kind: number
    minimum: 0
    missing: 0
    missing_means: no porch
  debt:
    description: Money owed
    kind: number
    missing: median
    flag_missing: yes
  built:
    description: Year of building
    kind: year
    minimum: 1800
  sold:
    description: Year of the sale
    kind: year
    use: derived
  colour:
    description: Colour of the door
    kind: nominal
    levels: red, green, dark blue
    missing: most_frequent
    encode: one_hot
  place:
    description: Part of the town
    kind: nominal
  quality:
    description: From poor to excellent
    kind: ordinal
    levels: Po, TA, Ex
    missing: TA
  unused:
    description: Nothing of interest
    kind: number
    use: no

derived:
  half:
    product: total, quality
    transform: sqrt
  total:
    sum: area, porch * 0.5
    transform: log
  per_year:
    ratio: area, age
  age:
    elapsed: sold, built
    transform: log1p
  is_red:
    equals: colour, red, dark blue
    use: derived
  is_good:
    above: quality, 1
estimator:
  lasso:
    alpha: 0.001
  elastic_net:
    alpha: 0.01
    l1_ratio: 0.5
    weight: 2
evaluation:
  folds: 5
"""

REFUSED = [  # what to replace, by what, key, part of the sentence
    ("name: small", "name: Small Model", "name", "lower-case words joined by dashes"),
    ("name: small", "name: small\nnme: small", "nme", "unknown key; did you mean 'name'?"),
    ("name: small\n", "", "name", "required key is missing"),
    ("  name: price", "  name: area", "features.area", "is the target"),
    ("  name: price", "  name: age", "derived.age", "is the target"),
    ("  minimum: 1\n", "", "target.transform", "log needs a minimum above 0"),
    ("  minimum: 1\n", "  minimum: 0\n", "target.transform", "above 0, got 0"),
    ("  training: train.csv", "  training:", "data.training", "expected text, got nothing"),
    ("  missing_values: NA", "  missing_values: NA,,", "data.missing_values", "words separated"),
    (
        "  missing_values: NA",
        "  missing_values: TA",
        "features.quality.levels",
        "'TA' means missing",
    ),
    ("kind: identifier", "kind: identifer", "features.id.kind", "did you mean 'identifier'?"),
    ("kind: identifier", "kind: identifier\n    use: yes", "features.id.use", "is never used"),
    (
        "kind: identifier",
        "kind: identifier\n    missing: 0",
        "features.id.missing",
        "not a key of an identifier feature",
    ),
    ("    minimum: 1  #", "    minimum: abc  #", "features.area.minimum", "a number, got 'abc'"),
    ("    minimum: 1  #", "    minimum: nan  #", "features.area.minimum", "a number, got 'nan'"),
    ("    minimum: 1  #", "    minimum: 1e999  #", "features.area.minimum", "expected a number"),
    ("    minimum: 1  #", "    minimum: 1_0  #", "features.area.minimum", "expected a number"),
    ("    minimum: 1  #", "    minimum: 9001  #", "features.area.minimum", "at most the maximum"),
    ("    minimum: 1  #", "    minimun: 1  #", "features.area.minimun", "did you mean 'minimum'?"),
    ("    minimum: 1  #", "    minimum: 0  #", "features.area.transform", "above 0, got 0"),
    ("maximum: 9000", "cap: 0.5", "features.area.cap", "at least the minimum 1, got 0.5"),
    ("    missing: TA", "    cap: 2", "features.quality.cap", "not a key of an ordinal feature"),
    ("aliases: size,", "aliases: area,", "features.area.aliases", "the feature's own name"),
    ("aliases: size,", "aliases: porch,", "features.area.aliases", "name of another feature"),
    ("aliases: size,", "aliases: price,", "features.area.aliases", "name of the target"),
    ("aliases: size,", "aliases: size, size,", "features.area.aliases", "'size' is listed twice"),
    (
        "kind: identifier",
        "kind: identifier\n    aliases: size",
        "features.area.aliases",
        "'size' is an alias of id already",
    ),
    ("    missing: 0", "    missing: -1", "features.porch.missing", "within the bounds, got -1"),
    ("    missing: 0", "    missing: mode", "features.porch.missing", "most_frequent or a number"),
    ("    missing: median\n", "", "features.debt.flag_missing", "needs 'missing' too"),
    ("flag_missing: yes", "flag_missing: true", "features.debt.flag_missing", "expected yes or no"),
    ("flag_missing: yes", "transform: sqrt", "features.debt.transform", "there is no lower bound"),
    ("flag_missing: yes", "transform: log1p", "features.debt.transform", "minimum above -1"),
    ("flag_missing: yes", "transform: ln", "features.debt.transform", "got 'ln'"),
    ("flag_missing: yes", "levels: a, b", "features.debt.levels", "not a key of a number feature"),
    ("flag_missing: yes", "encode: mean", "features.debt.encode", "not a key of a number feature"),
    ("    encode: one_hot", "    transform: log", "features.colour.transform", "of a nominal"),
    ("    encode: one_hot", "    minimum: 0", "features.colour.minimum", "of a nominal feature"),
    ("    encode: one_hot", "    unit: ft", "features.colour.unit", "not a key of a nominal"),
    (
        "    encode: one_hot",
        "    encode: hot",
        "features.colour.encode",
        "mean, one_hot or target, got 'hot'",
    ),
    (
        "red, green, dark blue\n    missing: most_frequent",
        "red, green, dark blue\n    missing: gren",
        "features.colour.missing",
        "did you mean 'green'?",
    ),
    (
        "kind: year\n    use: derived",
        "kind: year\n    use: derived\n    transform: log",
        "features.sold.transform",
        "has no effect: the model sees only what is made from it",
    ),
    ("red, green,", "red, red,", "features.colour.levels", "'red' is listed twice"),
    ("    levels: Po, TA, Ex\n", "", "features.quality.levels", "lists its levels in order"),
    ("    missing: TA", "    missing: Gd", "features.quality.missing", "got 'Gd'"),
    ("    missing: TA", "    encode: mean", "features.quality.encode", "of an ordinal feature"),
    ("    missing: TA", "    transform: log", "features.quality.transform", "above 0, got 0"),
    ("    missing: TA", "    maximum: 3", "features.quality.maximum", "of an ordinal feature"),
    ("  unused:", "  'a, b':", "features.a, b", "a name without commas"),
    ("  unused:", "  '':", "features.", "a name without commas"),
    ("product: total, quality", "product: total", "derived.half.product", "2 or more names"),
    ("product: total, quality", "product: totl, area", "derived.half.product", "mean 'total'?"),
    ("product: total, quality", "product: colour, area", "derived.half.product", "encoded one_hot"),
    ("product: total, quality", "product: id, area", "derived.half.product", "an identifier"),
    ("product: total, quality", "product: unused, area", "derived.half.product", "has use: no"),
    ("product: total, quality", "product: area, half", "derived.half", "half from half"),
    ("product: total, quality", "product: debt, area", "derived.half.transform", "minimum of debt"),
    ("product: total, quality", "ratoi: total, quality", "derived.half.ratoi", "'ratio'?"),
    ("product: total, quality\n", "unit: ft\n", "derived.half", "exactly one of sum, product"),
    ("sum: area, porch * 0.5", "sum: area, porch * x", "derived.total.sum", "' * weight'"),
    ("sum: area, porch * 0.5", "sum: porch, porch", "derived.total.transform", "above 0, got 0"),
    ("sum: area, porch * 0.5", "sum: half, area", "derived.half", "half from total from half"),
    ("elapsed: sold, built", "elapsed: sold, place", "derived.age.elapsed", "place is nominal"),
    ("ratio: area, age", "ratio: area, age, age", "derived.per_year.ratio", "at most 2 names"),
    (
        "    ratio: area, age",
        "    ratio: area, age\n    sum: area",
        "derived.per_year",
        "sum and ratio",
    ),
    (
        "red, dark blue\n    use: derived",
        "red, dark blue\n    use: derived\n    transform: log",
        "derived.is_red.transform",
        "has no effect: the model sees only what is made from it",
    ),
    ("equals: colour, red", "equals: colour, rde", "derived.is_red.equals", "did you mean 'red'?"),
    ("equals: colour, red", "equals: quality, TA", "derived.is_red.equals", "has kind ordinal"),
    ("equals: colour, red", "equals: age, red", "derived.is_red.equals", "a derived one"),
    ("above: quality, 1", "above: quality, TA", "derived.is_good.above", "a name and a number"),
    ("above: quality, 1", "above: place, 1", "derived.is_good.above", "place is nominal"),
    ("  is_good:", "  porch:", "derived.porch", "is the name of a feature already"),
    ("  lasso:", "  laso:", "estimator.laso", "unknown key; did you mean 'lasso'?"),
    ("    alpha: 0.001", "    alpha: 0", "estimator.lasso.alpha", "above 0, got 0"),
    (
        "    alpha: 0.001",
        "    alpha: 1\n    l1_ratio: 1",
        "estimator.lasso.l1_ratio",
        "unknown key",
    ),
    ("    alpha: 0.001", "    alpha: 1\n    kind: a", "estimator.lasso.kind", "unknown key"),
    ("    l1_ratio: 0.5", "    l1_ratio: 2", "estimator.elastic_net.l1_ratio", "at most 1, got 2"),
    ("folds: 5", "folds: 1", "evaluation.folds", "expected 2 or more, got 1"),
    ("folds: 5", "folds: 2.5", "evaluation.folds", "a whole number, got 2.5"),
    ("  folds: 5", "  seed: -1", "evaluation.seed", "got -1"),
    ("  folds: 5", "  repeats: 0", "evaluation.repeats", "expected 1 or more, got 0"),
    ("  folds: 5", "  stratify: area", "evaluation.stratify", "few values, and area has kind"),
    ("  folds: 5", "  stratify: unused", "evaluation.stratify", "unused has use: no"),
    ("evaluation:\n  folds: 5", "interval:\n  level: 0", "interval.level", "above 0, got 0"),
    (
        "evaluation:\n  folds: 5",
        "interval:\n  level: 1",
        "interval.level",
        "a number below 1, got 1",
    ),
    ("evaluation:\n  folds: 5", "interval: 0.9", "interval", "expected keys, got '0.9'"),
    ("evaluation:\n  folds: 5", "quality:\n  rmsle: -1", "quality.rmsle", "above 0, got -1"),
    ("evaluation:\n  folds: 5", "quality:\n  coverage: 0", "quality.coverage", "above 0, got 0"),
    ("evaluation:\n  folds: 5", "quality:\n  coverage: 1", "quality.coverage", "below 1, got 1"),
    ("evaluation:\n  folds: 5", "encoding:\n  smoothing: -1", "encoding.smoothing", "-1"),
    ("evaluation:\n  folds: 5", "encoding:\n  nominal: on", "encoding.nominal", "got 'on'"),
]


MEMBERS: list[tuple[dict[str, Any], dict[str, Any]]] = (
    [  # what the file says of a member, and what else it then has
        ({"kind": "ridge", "alpha": 2}, {}),
        ({"kind": "linear_svr", "C": 0.5, "epsilon": 0}, {}),
        ({"kind": "svr", "C": 10, "gamma": 0.001, "epsilon": 0.1, "weight": 2}, {}),
        (
            {"kind": "quadratic_svr", "C": 3, "gamma": 0.002, "epsilon": 0.03},
            {"coef0": 1, "degree": 2},
        ),
        (
            {
                "kind": "gradient_boosting",
                "n_estimators": 300,
                "max_depth": 3,
                "learning_rate": 0.1,
            },
            {"subsample": 1, "min_samples_leaf": 1, "max_features": 1, "loss": "squared_error"}
            | {"quantile": None},
        ),
        (
            {"kind": "gradient_boosting", "n_estimators": 1, "max_depth": 1, "learning_rate": 2}
            | {"subsample": 0.5, "min_samples_leaf": 9, "max_features": 0.1, "loss": "huber"},
            {"quantile": None},
        ),
        (
            {"kind": "hist_gradient_boosting"},
            {"learning_rate": 0.1, "max_leaf_nodes": 31, "max_depth": None, "min_samples_leaf": 20}
            | {"l2_regularization": 0, "max_features": 1, "max_bins": 255, "max_iter": 100}
            | {"loss": "squared_error", "quantile": None},
        ),
        (
            {"kind": "hist_gradient_boosting", "loss": "quantile", "quantile": 0.9, "max_iter": 50},
            {"learning_rate": 0.1, "max_leaf_nodes": 31, "max_depth": None, "min_samples_leaf": 20}
            | {"l2_regularization": 0, "max_features": 1, "max_bins": 255},
        ),
        ({"kind": "nystroem", "n_components": 100, "gamma": 0.01, "alpha": 1e-3}, {}),
    ]
)

REFUSED_PARAMETERS = [  # kind, parameter, what it says, part of the sentence
    ("linear_svr", "C", 0, "above 0, got 0"),
    ("linear_svr", "epsilon", -1, "expected 0 or more, got -1"),
    ("linear_svr", "gamma", 1, "unknown key"),
    ("linear_svr", "c", 1, "unknown key; did you mean 'C'?"),
    ("svr", "C", "inf", "expected a number, got 'inf'"),
    ("svr", "gamma", 0, "above 0, got 0"),
    ("svr", "gamma", "scale", "expected a number, got 'scale'"),
    ("svr", "epsilon", -0.5, "expected 0 or more, got -0.5"),
    ("svr", "weight", 0, "above 0, got 0"),
    ("quadratic_svr", "degree", 3, "expected at most 2, got 3"),
    ("quadratic_svr", "degree", 2.5, "a whole number, got 2.5"),
    ("quadratic_svr", "gamma", 0, "above 0, got 0"),
    ("quadratic_svr", "gamma", -1, "above 0, got -1"),
    ("quadratic_svr", "C", 0, "above 0, got 0"),
    ("quadratic_svr", "coef0", -1, "expected 0 or more, got -1"),
    ("gradient_boosting", "n_estimators", 0, "expected 1 or more, got 0"),
    ("gradient_boosting", "n_estimators", 1.5, "a whole number, got 1.5"),
    ("gradient_boosting", "max_depth", 0, "expected 1 or more, got 0"),
    ("gradient_boosting", "max_depth", "none", "expected a number, got 'none'"),
    ("gradient_boosting", "learning_rate", 0, "above 0, got 0"),
    ("gradient_boosting", "subsample", 0, "above 0, got 0"),
    ("gradient_boosting", "subsample", 1.1, "at most 1, got 1.1"),
    ("gradient_boosting", "min_samples_leaf", 0.5, "a whole number, got 0.5"),
    ("gradient_boosting", "min_samples_leaf", 0, "expected 1 or more, got 0"),
    ("gradient_boosting", "max_features", 0, "above 0, got 0"),
    ("gradient_boosting", "max_features", 2, "at most 1, got 2"),
    ("gradient_boosting", "max_features", "sqrt", "expected a number, got 'sqrt'"),
    ("gradient_boosting", "loss", "hubr", "or quantile, got 'hubr'; did you mean 'huber'?"),
    ("gradient_boosting", "loss", "quantile", "needs 'quantile' too"),
    ("gradient_boosting", "quantile", 1, "below 1, got 1"),
    ("hist_gradient_boosting", "loss", "quantile", "needs 'quantile' too: the share of targets"),
    ("hist_gradient_boosting", "quantile", 0.5, "the loss quantile, and the loss is squared_error"),
    ("hist_gradient_boosting", "loss", "huber", "got 'huber'"),
    ("hist_gradient_boosting", "max_bins", 256, "at most 255, got 256"),
    ("hist_gradient_boosting", "max_leaf_nodes", 1, "expected 2 or more, got 1"),
    ("hist_gradient_boosting", "l2_regularization", -1, "expected 0 or more, got -1"),
    ("hist_gradient_boosting", "early_stopping", "yes", "unknown key"),
    ("nystroem", "n_components", 0, "expected 1 or more, got 0"),
    ("nystroem", "gamma", 0, "above 0, got 0"),
    ("nystroem", "alpha", 0, "above 0, got 0"),
]


def with_member(kind: str, parameters: Mapping[str, object]) -> str:
    """The small configuration with this member alone."""
    start, end = SMALL.index("estimator:"), SMALL.index("evaluation:")
    lines = [f"    {name}: {value}\n" for name, value in parameters.items()]
    return f"{SMALL[:start]}estimator:\n  {kind}:\n{''.join(lines)}{SMALL[end:]}"


def line_of(text: str, key: str) -> int:
    """Find a key's line by reading the text, with nothing of the package."""
    trail: list[str] = []
    for number, line in enumerate(text.splitlines(), start=1):
        name, colon, _ = line.strip().partition(":")
        if colon and not name.startswith("#"):
            depth = (len(line) - len(line.lstrip())) // 2
            trail = [*trail[:depth], name.strip("'")]
            if ".".join(trail) == key:
                return number
    return line_of(text, key.rpartition(".")[0]) if "." in key else 1


def mistakes_of(text: str) -> tuple[tuple[int, str, str], ...]:
    """Parse text that has mistakes and return them."""
    with pytest.raises(ConfigError) as caught:
        parse_config(text)
    return caught.value.mistakes


@pytest.fixture(scope="module")
def small() -> Config:
    """The small configuration above."""
    return parse_config(SMALL)


def test_values_have_the_types_of_their_fields(small: Config) -> None:
    """Text becomes numbers, tuples and booleans; what the file leaves out has its default."""
    area, debt, quality = (small.features[name] for name in ("area", "debt", "quality"))
    assert (1.0, 9000.0, ("size", "living area")) == (area.minimum, area.maximum, area.aliases)
    assert ("yes", "log", "none") == (area.use, area.transform, debt.transform)
    assert ("median", True) == (debt.missing, debt.flag_missing)
    assert 0.0 == small.features["porch"].missing
    assert ("Po", "TA", "Ex") == quality.levels
    assert (5, 0, 0.9, None) == (
        small.evaluation.folds,
        small.evaluation.seed,
        small.interval.level,
        small.quality.rmsle,
    )


def test_features_keep_the_order_of_the_file(small: Config) -> None:
    """The order of the columns is the file's."""
    expected = "id area porch debt built sold colour place quality unused".split()
    assert expected == list(small.features)


def test_required_means_used_and_not_fillable(small: Config) -> None:
    """Identifiers and unused features are never asked for."""
    required = {name for name, feature in small.features.items() if feature.required}
    assert {"area", "built", "sold", "place"} == required
    assert "no" == small.features["id"].use


@pytest.mark.parametrize(
    ("name", "verb", "inputs"),
    [
        ("half", "product", ("total", "quality")),
        ("total", "sum", ("area", "porch")),
        ("per_year", "ratio", ("area", "age")),
        ("age", "elapsed", ("sold", "built")),
        ("is_red", "equals", ("colour",)),
        ("is_good", "above", ("quality",)),
    ],
)
def test_derived_features_say_verb_and_inputs(
    small: Config, name: str, verb: str, inputs: tuple[str, ...]
) -> None:
    """Every verb has its inputs, in the order of the file."""
    assert (verb, inputs) == (small.derived[name].verb, small.derived[name].inputs)


def test_derived_features_say_what_their_verb_needs(small: Config) -> None:
    """Weights of a sum, levels of equals, the threshold of above; nothing elsewhere."""
    assert (("area", 1.0), ("porch", 0.5)) == small.derived["total"].terms
    assert ("red", "dark blue") == small.derived["is_red"].levels
    assert 1.0 == small.derived["is_good"].threshold
    assert ((), (), None) == (
        small.derived["age"].terms,
        small.derived["age"].levels,
        small.derived["age"].threshold,
    )


def test_derived_order_puts_inputs_first_and_is_stable(small: Config) -> None:
    """A feature stands after the ones it is made from, otherwise where the file has it."""
    assert ("total", "half", "age", "per_year", "is_red", "is_good") == small.derived_order


def test_estimator_members_are_typed(small: Config) -> None:
    """Each kind of member has its own parameters."""
    members = small.estimator.members
    assert (2, ["lasso", "elastic_net"]) == (len(small.estimator), [*members])
    assert {"alpha": 0.001, "weight": 1.0} == members["lasso"].model_dump()
    assert isinstance(small.estimator.elastic_net, ElasticNetMember)
    assert 2.0 == members["elastic_net"].weight


@pytest.mark.parametrize(("said", "left_out"), MEMBERS)
def test_members_have_the_parameters_of_their_kind(
    said: dict[str, object], left_out: dict[str, object]
) -> None:
    """What the file says is kept under the same name; the rest has its default."""
    kind, parameters = str(said["kind"]), {n: v for n, v in said.items() if n != "kind"}
    member = parse_config(with_member(kind, parameters)).estimator.members[kind]
    assert {"weight": 1.0} | parameters | left_out == member.model_dump()
    with pytest.raises(ValidationError):
        member.weight = 3.0


def test_whole_and_broken_parameters_have_their_types() -> None:
    """Libraries take a whole number for a count and a broken one for a share."""
    said = next(said for said, _ in MEMBERS if said["kind"] == "gradient_boosting")
    parameters = {name: value for name, value in said.items() if name != "kind"}
    members = parse_config(with_member("gradient_boosting", parameters)).estimator.members
    found = {n: type(v) for n, v in members["gradient_boosting"].model_dump().items()}
    assert (int, int, int) == tuple(
        found[name] for name in ("n_estimators", "max_depth", "min_samples_leaf")
    )
    assert (float, float, float) == tuple(
        found[name] for name in ("learning_rate", "subsample", "max_features")
    )


@pytest.mark.parametrize(("kind", "parameter", "value", "sentence"), REFUSED_PARAMETERS)
def test_a_mistake_in_a_member_is_named(
    kind: str, parameter: str, value: object, sentence: str
) -> None:
    """One parameter changed in a good member, one mistake on its line."""
    good = next(said for said, _ in MEMBERS if said["kind"] == kind)
    parameters = {name: value for name, value in good.items() if name != "kind"}
    text = with_member(kind, parameters | {parameter: value})
    ((line, key, found),) = mistakes_of(text)
    assert (f"estimator.{kind}.{parameter}", line_of(text, key)) == (key, line)
    assert sentence in found


@pytest.mark.parametrize(
    ("kind", "required"),
    [
        ("linear_svr", ["C", "epsilon"]),
        ("svr", ["C", "epsilon", "gamma"]),
        ("quadratic_svr", ["C", "epsilon", "gamma"]),
        ("gradient_boosting", ["learning_rate", "max_depth", "n_estimators"]),
        ("nystroem", ["alpha", "gamma", "n_components"]),
    ],
)
def test_members_name_every_parameter_that_is_missing(kind: str, required: list[str]) -> None:
    """What has no default is asked for, all at once."""
    found = mistakes_of(with_member(kind, {"weight": 1}))
    assert [(f"estimator.{kind}.{name}", "required key is missing") for name in required] == [
        (key, sentence) for _, key, sentence in found
    ]


def test_quality_may_ask_for_coverage() -> None:
    """Both bars of a release are optional."""
    quality = parse_config(SMALL + "quality:\n  rmsle: 0.2\n  coverage: 0.88\n").quality
    assert (0.2, 0.88) == (quality.rmsle, quality.coverage)
    assert (None, None) == (Quality().rmsle, Quality().coverage)


def test_no_transform_may_be_written_where_it_has_no_effect() -> None:
    """`transform: none` says what is so anyway."""
    use = "    kind: year\n    use: derived\n"
    feature = parse_config(SMALL.replace(use, f"{use}    transform: none\n")).features["sold"]
    assert ("derived", "none") == (feature.use, feature.transform)


def test_several_mistakes_of_one_derived_feature_are_all_reported() -> None:
    """The verbs, the levels and the transform are checked each on their own."""
    text = SMALL.replace(
        "equals: colour, red, dark blue",
        "equals: colour, red, red\n    sum: area\n    transform: binary",
    )
    assert ["derived.is_red", "derived.is_red.equals", "derived.is_red.transform"] == [
        key for _, key, _ in mistakes_of(text)
    ]


def test_configuration_is_frozen(small: Config) -> None:
    """No attribute can be set, at the top or below."""
    with pytest.raises(ValidationError):
        small.name = "other"
    with pytest.raises(ValidationError):
        small.features["area"].minimum = 3.0


def test_configuration_survives_pickling(small: Config) -> None:
    """Worker processes and joblib get the same configuration."""
    copy = pickle.loads(pickle.dumps(small))
    assert (small, small.sha256) == (copy, copy.sha256)


@pytest.mark.parametrize(("old", "new", "key", "sentence"), REFUSED)
def test_a_mistake_is_named_with_line_key_and_expectation(
    old: str, new: str, key: str, sentence: str
) -> None:
    """One edit, one mistake on the right line."""
    assert 1 == SMALL.count(old)
    text = SMALL.replace(old, new)
    ((line, found_key, found_sentence),) = mistakes_of(text)
    assert (key, line_of(text, key)) == (found_key, line)
    assert sentence in found_sentence


def test_every_mistake_is_reported_at_once() -> None:
    """Wrong values and unknown keys come in one error, by line; then those between sections."""
    text = (
        SMALL.replace("name: small", "name: Small")
        .replace("minimum: 1  #", "minimum: abc  #")
        .replace("Po, TA, Ex", "Po, TA, Po")
        .replace("folds: 5", "fold: 5")
    )
    between = SMALL.replace("aliases: size", "aliases: porch").replace("area, age", "porch, agge")
    keys = ["name", "features.area.minimum", "features.quality.levels", "evaluation.fold"]
    told_at_once(text, keys)
    told_at_once(between, ["features.area.aliases", "derived.per_year.ratio"])


def told_at_once(text: str, keys: list[str]) -> None:
    """Check that the mistakes of a text are those at these keys, in this order."""
    with pytest.raises(ConfigError) as caught:
        parse_config(text, source="my.yml")
    assert keys == [key for _, key, _ in caught.value.mistakes]
    assert [f"my.yml:{line_of(text, key)}: {key}" for key in keys] == [
        ": ".join(line.split(": ")[:2]) for line in str(caught.value).splitlines()
    ]


def test_a_broken_feature_is_not_reported_as_unknown() -> None:
    """What is made from a feature with a mistake is not a second mistake."""
    text = SMALL.replace("minimum: 1  #", "minimum: abc  #")
    assert ["features.area.minimum"] == [key for _, key, _ in mistakes_of(text)]


def test_several_mistakes_of_one_feature_are_all_reported() -> None:
    """The checks of one feature do not hide one another."""
    text = SMALL.replace("    missing: 0", "    missing: -1\n    maximum: -5\n    transform: log")
    found = [key.rpartition(".")[2] for _, key, _ in mistakes_of(text)]
    assert ["minimum", "missing", "transform"] == sorted(found)


def test_one_hot_by_default_is_no_number_either() -> None:
    """A feature that is one-hot encoded only because that is the default cannot be multiplied."""
    text = SMALL.replace("ratio: area, age", "ratio: area, place")
    assert "ordered" == parse_config(text).encoding.nominal
    ((_, key, sentence),) = mistakes_of(text + "encoding:\n  nominal: one_hot\n")
    assert "derived.per_year.ratio" == key
    assert "place is encoded one_hot" in sentence


def test_unreadable_features_hide_no_other_section() -> None:
    """Without features nothing is said about what is made from them, and the rest is checked."""
    start, end = SMALL.index("  # Two lines"), SMALL.index("derived:")
    text = f"{SMALL[:start]}{SMALL[end:]}".replace("folds: 5", "folds: 1")
    assert ["features", "evaluation.folds"] == [key for _, key, _ in mistakes_of(text)]


def test_merge_key_is_unknown() -> None:
    """YAML's merge key is refused, not silently left out."""
    ((line, key, _),) = mistakes_of(f"{SMALL}<<:\n  folds: 3\n")
    assert (SMALL.count("\n") + 1, "<<") == (line, key)


def test_no_usable_feature_is_a_mistake() -> None:
    """A model of nothing is refused."""
    text = SMALL[: SMALL.index("  area:")] + SMALL[SMALL.index("estimator:") :]
    ((_, key, sentence),) = mistakes_of(text)
    assert "features" == key
    assert "at least one feature with use: yes" in sentence


def test_unknown_key_without_a_near_one_lists_the_known() -> None:
    """Where nothing is near, the known keys are named."""
    ((_, _, sentence),) = mistakes_of(SMALL.replace("  folds: 5", "  zzz: 5"))
    assert sentence.startswith("unknown key; known keys: ")
    assert sentence.endswith(
        "baseline, folds, groups, metrics, repeats, seed, split, stratify, without"
    )


@pytest.mark.parametrize(
    ("text", "line", "sentence"),
    [
        ("", 1, "empty file"),
        ("# only\n\n  # comments\n", 1, "empty file"),
        ("just words", 1, "expected keys, got 'just words'"),
        ("- a\n- b\n", 1, "expected keys, got a list"),
        ("a: 1\nb: 2\na: 3\n", 3, "Duplicate key 'a' found"),
        ("a:\n  b: 1\n  # x\na:\n\nc:\n", 4, "Duplicate key 'a' found"),
        (SMALL.replace("\nderived:", "features:\n\nderived:"), 66, "Duplicate key 'features'"),
        ("a: 1\nb: {c: 2}\n", 2, "needs quotes around it"),
        ("a: 1\nb: *c\n", 2, "found undefined alias 'c'"),
        ("a: 1\nb: &c 2\n", 2, "needs quotes around it"),
        ("a: !!int 1\n", 1, "needs quotes around it"),
        ("a: 1\n\n# x\nb: c: d\n", 4, "a colon in it that needs quotes"),
        ("a:\n\tb: 1\n", 2, "found character '\\t'"),
        ('a: 1\nb: "x\n', 2, "unexpected end of stream"),
        ("a: 1\nb: \x07\n", 2, "printable text, got character '\\x07'"),
        ("a: 1\n? - b\n: 2\n", 2, "expected a word as key"),
        ("- " * 2000 + "a", 1, "nested too deeply"),
        ("a:\n    b: 1\nc:\n  d: 1\n", 4, "expected the indentation of the sections above"),
        ("a: 1\n---\nb: 1\n", 2, "another document"),
    ],
)
def test_text_that_is_no_configuration_is_refused(text: str, line: int, sentence: str) -> None:
    """Errors of the YAML reader carry the file and the line too."""
    ((found_line, key, found_sentence),) = mistakes_of(text)
    assert (line, "") == (found_line, key)
    assert sentence in found_sentence


@given(st.text(max_size=200))
def test_random_text_raises_nothing_but_config_error(text: str) -> None:
    """Whatever the text, the reader answers with its own error."""
    with pytest.raises(ConfigError):
        parse_config(text)


YAMLISH = st.lists(
    st.sampled_from(
        [*":-#?|>&*!%@'\"[]{},\n\t <~", "\n  ", "\n    ", ": ", "- ", "? ", "<<", "---", "..."]
        + ["name", "features", "kind", "estimator", "lasso", "data", "x", "1", "\r", "\ufeff"]
    ),
    max_size=40,
).map("".join)


@given(YAMLISH)
def test_broken_yaml_raises_nothing_but_config_error(text: str) -> None:
    """The same for text that is nearly YAML, alone and behind a good beginning."""
    for whole in (text, f"name: small\n{text}"):
        with pytest.raises(ConfigError):
            parse_config(whole)


@given(st.integers(0, len(SMALL)), st.integers(0, 30), YAMLISH)
def test_damaged_configuration_raises_nothing_but_config_error(
    start: int, length: int, patch: str
) -> None:
    """A piece of a good file replaced by rubbish is read, or refused with line numbers in range."""
    text = SMALL[:start] + patch + SMALL[start + length :]
    try:
        parse_config(text)
    except ConfigError as error:
        assert all(
            1 <= line <= text.count("\n") + text.count("\r") + 1 for line, _, _ in error.mistakes
        )


FINITE = st.floats(-10, 10)
SPANS = st.tuples(FINITE, FINITE).map(lambda pair: Bounds(min(pair), max(pair)))


@given(SPANS, SPANS, st.floats(0, 1), st.floats(0, 1))
def test_bounds_hold_for_products_sums_and_ratios(
    first: Bounds, second: Bounds, here: float, there: float
) -> None:
    """No value within the inputs' bounds leaves the bounds of the result."""
    a = min(max(first.low + here * (first.high - first.low), first.low), first.high)
    b = min(max(second.low + there * (second.high - second.low), second.low), second.high)
    results = [
        (a * b, first.times(second)),
        (a + b, first.plus(second)),
        (a / b if b else 0.0, first.times(second.inverse())),
    ]
    for value, bounds in results:
        slack = 1e-9 * (1 + abs(value))
        assert math.isinf(value) or bounds.low - slack <= value <= bounds.high + slack


def test_load_config_reads_a_file_and_remembers_it(tmp_path: Path) -> None:
    """The digest is that of the file's bytes, byte order mark and line ends included."""
    file = tmp_path / "mine.yml"
    file.write_bytes(b"\xef\xbb\xbf" + SMALL.replace("\n", "\r\n").encode())
    loaded = load_config(str(file))
    assert "small" == loaded.name
    assert file == loaded.path
    assert hashlib.sha256(file.read_bytes()).hexdigest() == loaded.sha256


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (None, "cannot be read: No such file"),
        (b"name: small\ntarget: \xe9\n", ":2: expected UTF-8 text, got byte 0xe9"),
        (b"", ":1: expected a configuration, got an empty file"),
        (
            SMALL.replace("folds: 5", "folds: x").encode(),
            "evaluation.folds: expected a number, got 'x'",
        ),
    ],
)
def test_unusable_file_is_named(tmp_path: Path, content: bytes | None, sentence: str) -> None:
    """A file that is absent, not UTF-8, empty or wrong is named in the error."""
    file = tmp_path / "mine.yml"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(ConfigError) as caught:
        load_config(file)
    assert str(caught.value).startswith(str(file))
    assert sentence in str(caught.value)


def test_a_folder_is_no_configuration(tmp_path: Path) -> None:
    """A path that is a folder is refused."""
    with pytest.raises(ConfigError, match="cannot be read"):
        load_config(tmp_path)


def test_public_names_are_sorted_and_there() -> None:
    """One place to import from, whatever module a thing is written in."""
    assert sorted(core.__all__) == core.__all__
    assert all(hasattr(core, name) for name in core.__all__)


def rows(name: str) -> tuple[list[str], list[dict[str, str]]]:
    """Header and rows of a packaged table."""
    with (core.DATASET_DIR / name).open(newline="", encoding="utf-8") as file:
        reader = csv.DictReader(file)
        return list(reader.fieldnames or []), list(reader)


def test_shipped_configuration_is_read_once_on_first_use() -> None:
    """The lazy attribute is the packaged file, and there is no other such attribute."""
    assert core.config is core.config
    assert hashlib.sha256(core.CONFIG_FILE_PATH.read_bytes()).hexdigest() == core.config.sha256
    with pytest.raises(AttributeError, match="no attribute 'confg'"):
        getattr(core, "confg")  # noqa: B009


def test_shipped_configuration_describes_every_column() -> None:
    """79 variables and Id, named as in the table and in its order."""
    header, _ = rows(core.config.data.training)
    assert header == [*core.config.features, core.config.target.name]
    assert 80 == len(core.config.features)


@pytest.mark.parametrize("name", ["train.csv", "test.csv"])
def test_shipped_configuration_fits_every_value(name: str) -> None:
    """Both tables keep to the bounds and levels, and miss nothing that is required."""
    _, table = rows(name)
    for column, feature in core.config.features.items():
        values = {row[column] for row in table}
        tokens = values & set(core.config.data.missing_values)
        assert not (tokens and feature.required), column
        known = values - tokens
        if feature.is_numeric:
            low = -math.inf if feature.minimum is None else feature.minimum
            high = math.inf if feature.maximum is None else feature.maximum
            assert all(low <= float(value) <= high for value in known), column
        elif feature.levels:
            assert known <= set(feature.levels), column


@pytest.mark.parametrize("name", ["train.csv", "test.csv"])
def test_what_may_be_missing_says_what_stands_in(name: str) -> None:
    """Every column with missing values has a policy and says what they mean."""
    _, table = rows(name)
    for column, feature in core.config.features.items():
        if {row[column] for row in table} & set(core.config.data.missing_values):
            assert feature.missing is not None and feature.missing_means, column


def test_shipped_configuration_uses_what_it_derives() -> None:
    """Nothing is marked as used through derived features only and then left out of them."""
    inputs = {name for one in core.config.derived.values() for name in one.inputs}
    features = {name for name, one in core.config.features.items() if one.use == "derived"}
    derived = {name for name, one in core.config.derived.items() if one.use == "derived"}
    assert features | derived <= inputs


def test_serving_apps_find_the_names_they_read() -> None:
    """The attributes that existing serving apps read are there."""
    app_config = core.config.app_config
    assert "regression_model" == app_config.package_name
    assert (core.DATASET_DIR / app_config.training_data_file).is_file()
    assert (core.DATASET_DIR / app_config.test_data_file).is_file()
    assert app_config.pipeline_save_file


def test_clients_may_use_their_own_names_for_three_columns() -> None:
    """The names that are no Python names have the aliases that clients send."""
    aliases = {name: one.aliases for name, one in core.config.features.items() if one.aliases}
    assert {
        "1stFlrSF": ("FirstFlrSF",),
        "2ndFlrSF": ("SecondFlrSF",),
        "3SsnPorch": ("ThreeSsnPortch", "ThreeSsnPorch"),
    } == aliases


def test_a_loss_with_a_logarithm_of_its_own_needs_the_target_itself() -> None:
    """Not one that is a logarithm already."""
    text = with_member("hist_gradient_boosting", {"loss": "gamma"})
    ((_, key, said),) = mistakes_of(text)
    assert "estimator.hist_gradient_boosting.loss" == key
    assert "target.transform is log: set that to none, or take another loss" in said


@pytest.mark.parametrize(
    ("loss", "minimum", "expected"),
    [
        ("poisson", None, "poisson needs a target.minimum of 0 or more"),
        ("poisson", -1, "poisson needs a target.minimum of 0 or more"),
        ("poisson", 0, None),
        ("gamma", 0, "gamma needs a target.minimum above 0"),
        ("gamma", 0.5, None),
        ("absolute_error", None, None),
    ],
)
def test_a_loss_with_a_logarithm_needs_a_target_that_has_one(
    loss: str, minimum: float | None, expected: str | None
) -> None:
    """The minimum says which values a target may have."""
    written = "" if minimum is None else f"\n  minimum: {minimum}"
    text = with_member("hist_gradient_boosting", {"loss": loss})
    text = text.replace("\n  minimum: 1\n  transform: log", written, 1)

    if expected is None:
        (member,) = parse_config(text).estimator.members.values()
        assert loss == member.model_dump()["loss"]
    else:
        assert [expected] == [said for _, _, said in mistakes_of(text)]


@pytest.mark.parametrize("minimum", ["0", "1", "-1"])
def test_no_mean_of_a_level_is_below_the_minimum_of_the_target(minimum: str) -> None:
    """So the root of one is refused only where a target may be negative."""
    text = SMALL.replace("  minimum: 1\n  transform: log", f"  minimum: {minimum}", 1)
    text = text.replace("product: total, quality", "product: place, quality", 1)
    if minimum == "-1":
        assert ["derived.half.transform"] == [key for _, key, _ in mistakes_of(text)]
    else:
        assert "sqrt" == parse_config(text).derived["half"].transform
