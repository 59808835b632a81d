"""What the section `tuning` may say, and what is said about every mistake in it."""

import pytest

from regression_model.config.core import Config, config, load_config, parse_config
from regression_model.config.search import Space, changed, key_paths, text_of, value_at
from regression_model.errors import ConfigError

SMALL = """\
name: small
description: A model for these tests
target:
  name: price
  description: What was paid
  minimum: 1
data:
  training: train.csv
features:
  area:
    description: Living area
    kind: number
    minimum: 100
    cap: 900
  place:
    description: Part of the town
    kind: nominal
  garden.size:
    description: A name with a dot
    kind: number
    missing: median
derived:
  value:
    product: place, area
estimator:
  gradient_boosting:
    n_estimators: 20
    max_depth: 3
    learning_rate: 0.1
tuning:
  search:
"""
TREES = "estimator.gradient_boosting.n_estimators"
RATE = "estimator.gradient_boosting.learning_rate"
REFUSED = [  # key, space, part of the sentence
    ("estimator.gradient_boosting.n_estimator", "1 to 9", f"did you mean '{TREES}'?"),
    ("estimator.lasso.alpha", "1 to 9", "no such parameter"),
    ("encoding.smothing", "1 to 9", "did you mean 'encoding.smoothing'?"),
    ("evaluation.folds", "2 to 9", "no such parameter"),
    ("xyz", "2 to 9", "expected a key of features, derived, encoding or estimator"),
    ("estimator.gradient_boosting", "2 to 9", "no such parameter"),
    ("features.area.minimum", "2 to 9", "no such parameter"),
    ("features.place.missing", "a, b", "has no value in this file to begin with"),
    ("features.place.encode", "mean, ordered", "has no value in this file to begin with"),
    ("encoding.nominal", "1 to 2", "expected choices separated by commas, as it is 'ordered' now"),
    ("features.area.flag_missing", "0 to 1", "expected choices separated by commas, as it is 'no'"),
    (RATE, "0.5 to 0.1", "expected the lower number first, got 0.5 to 0.1"),
    (RATE, "0.1 to 0.1", "expected the lower number first"),
    (RATE, "0 to 0.1, log", "log needs a range that begins above 0, got 0"),
    (RATE, "0.1 to 0.5, lg", "expected 'log', or 'step' and a number, after the range, got 'lg'"),
    (RATE, "0.1 to 0.5, step", "expected 'log', or 'step' and a number"),
    (RATE, "0.1 to 0.5, step x", "expected a number, got 'x'"),
    (RATE, "0.1 to 0.5, step 0", "expected a step above 0 that fits into the range, got 0"),
    (RATE, "0.1 to 0.5, step 1", "expected a step above 0 that fits into the range, got 1"),
    (RATE, "0.1 to 1e999", "expected a number, got inf"),
    (RATE, "1..2 to 3", "expected a number, got '1..2'"),
    (RATE, "0.1 to many", "expected a range such as"),
    (RATE, "0.1", "or two or more choices separated by commas, got '0.1'"),
    (RATE, "0.1, , 0.2", "or two or more choices separated by commas"),
    (RATE, "0.1, 0.1", "'0.1' is listed twice"),
    (RATE, "", "got nothing"),
    (RATE, "\n      low: 1", "got keys"),
    (RATE, "0 to 1", "0 is refused: expected a number above 0, got 0"),
    (RATE, "0.1, a lot", "a lot is refused: expected a number, got 'a lot'"),
    (TREES, "0 to 10", "0 is refused: expected 1 or more, got 0"),
    (TREES, "1 to 10.5", "expected whole numbers"),
    (TREES, "1 to 10, step 0.5", "expected whole numbers"),
    (
        "encoding.nominal",
        "mean, one_hott",
        "one_hott is refused: expected ordered, mean, one_hot or target",
    ),
    (
        "encoding.nominal",
        "mean, one_hot",
        "one_hot is refused: derived.value.product: expected one",
    ),
    ("encoding.rare_share", "0 to 1", "1 is refused: expected a number below 1, got 1"),
    ("features.area.cap", "50 to 900", "50 is refused: expected at least the minimum 100, got 50"),
]


@pytest.fixture(scope="module")
def small() -> Config:
    """A configuration that searches in every way."""
    return parse_config(
        f"{SMALL}    {RATE}: 0.01 to 1, log\n    {TREES}: 10 to 50, step 15\n"
        "    encoding.smoothing: 0 to 30\n    encoding.nominal: mean, ordered\n"
    )


@pytest.mark.parametrize(("key", "space", "part"), REFUSED)
def test_every_mistake_is_named_with_its_line(key: str, space: str, part: str) -> None:
    """One sentence, the key as it stands, and the line on which it stands."""
    with pytest.raises(ConfigError) as caught:
        parse_config(f"{SMALL}    {key}: {space}\n")
    ((line, named, said),) = caught.value.mistakes
    assert (SMALL.count("\n") + 1, f"tuning.search.{key}") == (line, named)
    assert part in said


@pytest.mark.parametrize(
    ("line", "key", "part"),
    [
        ("trials: 0", "tuning.trials", "expected 1 or more, got 0"),
        ("trials: few", "tuning.trials", "expected a number, got 'few'"),
        ("trials: 2.5", "tuning.trials", "expected a whole number, got 2.5"),
        ("seed: -1", "tuning.seed", "expected 0 or more, got -1"),
        ("seed: 4294967296", "tuning.seed", "a number below 4294967296, got 4294967296"),
        ("sed: 1", "tuning.sed", "unknown key; did you mean 'seed'?"),
        ("search: all", "tuning.search", "expected keys, got 'all'"),
    ],
)
def test_mistakes_beside_the_search(line: str, key: str, part: str) -> None:
    """The numbers of the section are checked like those of others."""
    with pytest.raises(ConfigError) as caught:
        parse_config(SMALL.replace("  search:\n", f"  {line}\n"))
    ((_, named, said),) = caught.value.mistakes
    assert key == named and part in said


def test_several_mistakes_are_all_reported() -> None:
    """Every key of the search is looked at."""
    with pytest.raises(ConfigError) as caught:
        parse_config(f"{SMALL}    a.b: 1 to 2\n    {TREES}: 2 to 1\n    {RATE}: 0, 1\n")
    assert [f"tuning.search.{TREES}"] == [key for _, key, _ in caught.value.mistakes]
    with pytest.raises(ConfigError) as caught:
        parse_config(f"{SMALL}    a.b: 1 to 2\n    {RATE}: 0, 1\n")
    assert ["tuning.search.a.b", f"tuning.search.{RATE}"] == [
        k for _, k, _ in caught.value.mistakes
    ]


def test_spaces_are_read(small: Config) -> None:
    """A range, one by orders of magnitude, one in steps, and choices."""
    rate, trees, smoothing, nominal = small.tuning.search.values()
    assert (0.01, 1.0, True, None) == (rate.low, rate.high, rate.log, rate.step)
    assert (10, 40, False, 15) == (trees.low, trees.high, trees.log, trees.step)  # 50 is no step
    assert (0, 30, False, None) == (smoothing.low, smoothing.high, smoothing.log, smoothing.step)
    assert (("mean", "ordered"), False) == (nominal.choices, nominal.is_range)
    assert (60, 0) == (small.tuning.trials, small.tuning.seed)


@pytest.mark.parametrize(
    ("value", "held"), [(10, True), (25, True), (40, True), (26, False), (55, False), (-5, False)]
)
def test_a_range_holds_its_steps(small: Config, value: float, held: bool) -> None:
    """What lies between the steps is outside."""
    assert held == small.tuning.search[TREES].holds(value)


def test_a_configuration_without_the_section_searches_nothing() -> None:
    """The section may be absent."""
    assert {} == parse_config(SMALL.partition("tuning:")[0]).tuning.search


def test_a_name_with_a_dot_is_found() -> None:
    """The dots of a key need not all be between its parts."""
    key = "features.garden.size.missing"
    loaded = parse_config(f"{SMALL}    {key}: median, mean\n")
    assert "median" == value_at(loaded, key)
    assert "mean" == value_at(changed(loaded, {key: "mean"}), key)


@pytest.mark.parametrize("which", ["small", "packaged"])
def test_changing_nothing_changes_nothing(small: Config, which: str) -> None:
    """What was read once can be read again: only the search itself is left out."""
    loaded = small if which == "small" else load_config()
    same = changed(loaded, {})
    assert loaded.model_dump(exclude={"tuning"}) == same.model_dump(exclude={"tuning"})
    assert loaded.path == same.path


def test_values_become_what_their_text_says(small: Config) -> None:
    """A changed configuration is one read from a file that says so, absent keys included."""
    texts = {TREES: "30", "encoding.smoothing": "2.5", "features.area.flag_missing": "no"}
    made = changed(small, texts)
    assert (30, 2.5, False) == tuple(value_at(made, key) for key in texts)
    assert (20, 0.0) == (value_at(small, TREES), small.encoding.smoothing)


@pytest.mark.parametrize(
    ("value", "text"), [(True, "yes"), (False, "no"), (3500.0, "3500"), (1e-05, "1e-05"), (3, "3")]
)
def test_values_are_written_as_in_a_file(value: object, text: str) -> None:
    """Numbers without needless digits, and yes and no."""
    assert text == text_of(value)


def test_the_packaged_configuration_searches_what_it_has() -> None:
    """Every key of the packaged search has its present value inside its space, or among it."""
    assert config.tuning.search
    assert config.tuning.search.keys() <= key_paths(config).keys()


@pytest.mark.parametrize(
    "text", ["0.0001 to 1, log", "0 to 30", "8 to 20, step 0.5", "-2 to 3", "mean, ordered"]
)
def test_a_space_says_itself_as_a_file_does(text: str) -> None:
    """What it says is read as the same space."""
    space = Space.model_validate(text)
    assert text == space.text
    assert space == Space.model_validate(space.text)
