"""The folds: every row held out once, and rare values spread over them."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.model_selection import KFold

from regression_model.config.core import load_config, parse_config
from regression_model.errors import ConfigError, DataError
from regression_model.training.cross_validation import split_rows, strata_of
from regression_model.training.data import dataset_path, read_dataset
from regression_model.training.rows import read_training_data

CONFIG = """\
name: rows
description: A number and its target
target:
  name: y
  description: Target
data:
  training: rows.csv
features:
  x:
    description: Number
    kind: number
  zone:
    description: Zone
    kind: nominal
    levels: a, b
estimator:
  ridge:
    alpha: 1
evaluation:
"""


def test_without_strata_folds_are_those_of_scikit_learn() -> None:
    """Of the rows that are given, whatever their numbers."""
    rows = np.array([5, 2, 9, 7, 1, 8])

    found = split_rows(rows, folds=3, seed=4)

    for (train, test), (fit, score) in zip(
        found, KFold(3, shuffle=True, random_state=4).split(rows), strict=True
    ):
        assert (rows[fit] == train).all() and (rows[score] == test).all()


@given(
    st.lists(st.sampled_from("abc"), min_size=12, max_size=60),
    st.integers(2, 6),
    st.integers(0, 2**33),
)
def test_a_stratum_is_spread_evenly_and_every_row_is_held_out_once(
    labels: Any, folds: Any, seed: Any
) -> None:
    """Also one with fewer rows than there are folds."""
    strata = np.array(labels, dtype=object)
    rows = np.arange(len(strata))

    found = split_rows(rows, folds=folds, seed=seed, strata=strata)

    assert sorted(np.concatenate([test for _, test in found])) == rows.tolist()
    for train, test in found:
        assert sorted([*train, *test]) == rows.tolist()
    if max(labels.count(level) for level in "abc") >= folds:
        for level in "abc":
            counts = [int((strata[test] == level).sum()) for _, test in found]
            assert max(counts) - min(counts) <= 1


@pytest.fixture(scope="module")
def shipped() -> Any:
    """The shipped configuration and its rows."""
    config = load_config()
    path = dataset_path(config.data.training)
    return config, read_training_data(config, read_dataset(path), source=path.name)


def test_the_two_sales_of_a_rare_kind_are_never_held_out_together(shipped: Any) -> None:
    """The shipped folds: a model of the other rows has seen one of them."""
    config, data = shipped
    strata = strata_of(config, data)

    assert {"0.0": 1458, "1.0": 2} == {s: int((strata == s).sum()) for s in set(strata)}
    for seed in range(config.evaluation.repeats):
        rows = np.arange(len(strata))
        for _, test in split_rows(rows, folds=10, seed=seed, strata=strata):
            assert (strata[test] == "1.0").sum() <= 1


def test_strata_may_be_the_levels_of_a_field() -> None:
    """As they stand in the rows."""
    config = parse_config(CONFIG + "  stratify: zone\n")
    numbers = np.arange(12.0).tolist()
    rows = {"x": numbers, "zone": ["a", "b", "a"] * 4, "y": numbers}
    data = read_training_data(config, rows, source="rows.csv")

    assert ["a", "b", "a"] * 4 == strata_of(config, data).tolist()


def test_a_column_with_many_values_is_refused(shipped: Any) -> None:
    """Each row would be a stratum of its own."""
    config, data = shipped
    evaluation = config.evaluation.model_copy(update={"stratify": "FinishedArea"})

    with pytest.raises(
        DataError, match=r"^evaluation\.stratify: FinishedArea has \d+ values .* 50"
    ):
        strata_of(config.model_copy(update={"evaluation": evaluation}), data)


@pytest.mark.parametrize(
    ("name", "part"),
    [("x", "kind number"), ("zoen", "did you mean 'zone'?")],
)
def test_the_configuration_asks_for_a_column_with_few_values(name: str, part: Any) -> None:
    """With the line of the mistake."""
    with pytest.raises(ConfigError) as caught:
        parse_config(CONFIG + f"  stratify: {name}\n")

    ((line, key, sentence),) = caught.value.mistakes
    assert (20, "evaluation.stratify") == (line, key)
    assert part in sentence
