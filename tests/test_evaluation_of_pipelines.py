"""A configuration against its training rows: never scored by what has seen them."""

import json
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.model_selection import KFold, train_test_split

from regression_model import load_model
from regression_model.config.core import load_config, parse_config
from regression_model.errors import ConfigError, DataError, ModelFileError
from regression_model.evaluation.metrics import metrics_of
from regression_model.training.baselines import median_by, plain_linear
from regression_model.training.cross_validation import Fold, cross_validate
from regression_model.training.data import dataset_path, read_dataset
from regression_model.training.evaluation import evaluate_pipeline
from regression_model.training.held_out import measure
from regression_model.training.intervals import scale_of
from regression_model.training.pipeline import build_pipeline
from regression_model.training.rows import read_training_data

BOATS = """\
name: boats
description: Prices of second-hand boats
target:
  name: Price
  description: Price asked
  unit: euros
  minimum: 1
  transform: log
data:
  training: boats.csv
features:
  Berth:
    description: Where it lies
    kind: identifier
  Length:
    description: From bow to stern
    kind: number
    unit: m
    minimum: 1
    transform: log
  Built:
    description: Year of building
    kind: year
    missing: median
  Hull:
    description: What it is made of
    kind: nominal
    levels: steel, wood
    missing: most_frequent
  Colour:
    description: Of the hull, which nobody pays for
    kind: nominal
    levels: red, blue
    missing: most_frequent
  Masts:
    description: Not looked at
    kind: number
    use: no
derived:
  IsSteel:
    equals: Hull, steel
    use: derived
  SteelLength:
    product: IsSteel, Length
estimator:
  ridge:
    alpha: 0.1
evaluation:
  folds: 3
  groups: Hull, Built
  baseline: Hull
  without: Length
interval:
  level: 0.8
  ridge_alpha: 10
"""


def boats(rows: Any = 90) -> Any:
    """Return rows whose price follows from their length and hull, with a little chance."""
    chance = np.random.default_rng(4)
    length = chance.uniform(5.0, 30.0, rows)
    hull = chance.choice(["steel", "wood"], rows).astype(object)
    built = chance.integers(1950, 2020, rows).astype(object)
    built[:3] = None
    price = 900.0 * length * np.where(hull == "steel", 1.5, 1.0)
    return {
        "Berth": list(range(rows)),
        "Length": length.tolist(),
        "Built": built.tolist(),
        "Hull": hull.tolist(),
        "Colour": chance.choice(["red", "blue"], rows).tolist(),
        "Price": (price * np.exp(chance.normal(0.0, 0.1, rows))).tolist(),
    }


def evaluated(text: Any = BOATS, rows: Any = None, **options: Any) -> Any:
    """Evaluate a configuration of boats."""
    config = parse_config(text)
    data = read_training_data(config, rows or boats(), source="boats.csv")
    return evaluate_pipeline(config, data, **options)


@pytest.fixture(scope="module")
def found() -> Any:
    """The boats, evaluated."""
    return evaluated()


def parts_of(rows: Any, folds: Any) -> Any:
    """Return folds as cross-validation makes them, without features."""
    nothing = np.empty((0, 0))
    splits = KFold(folds, shuffle=True, random_state=0).split(np.arange(rows))
    return [Fold(train, test, nothing, nothing, None) for train, test in splits]


def quiet(stage: Any, done: Any, total: Any) -> None:
    """Be called with progress and do nothing."""


def test_metrics_come_from_rows_that_the_pipeline_had_not_seen() -> None:
    """Predictions and folds are those of a cross-validation, row by row."""
    config = parse_config(BOATS)
    data = read_training_data(config, boats(), source="boats.csv")
    (result,) = cross_validate(
        build_pipeline(config), data.frame, data.target, folds=3, seeds=[0], progress=quiet
    )

    found = evaluate_pipeline(config, data)

    np.testing.assert_array_equal(result.predictions, found.details.prediction)
    np.testing.assert_array_equal(result.folds, found.details.fold)
    error = np.abs(result.predictions - data.target)
    assert found.metrics["mae"].value == pytest.approx(error.mean())


def test_a_cross_validation_that_training_made_is_used() -> None:
    """No row is predicted twice; the first stage is the one that shuffles or leaves out."""
    config = parse_config(BOATS.replace("  without: Length\n", ""))
    data = read_training_data(config, boats(), source="boats.csv")
    measured = measure(config, data, progress=quiet)
    stages = []

    found = evaluate_pipeline(
        config, data, measured=measured, progress=lambda stage, *_: stages.append(stage)
    )

    assert ["Shuffling fields"] == [*dict.fromkeys(stages)]
    assert found.metrics == evaluate_pipeline(config, data).metrics
    assert measured.values.items() >= {n: one.value for n, one in found.metrics.items()}.items()


def test_the_spread_over_seeds_is_the_standard_deviation_of_their_metrics() -> None:
    """And the worst fold is that of all of them."""
    config = parse_config(BOATS.replace("  folds: 3", "  folds: 3\n  repeats: 3"))
    data = read_training_data(config, boats(), source="boats.csv")

    measured = measure(config, data, progress=quiet)

    alone = [metrics_of(one.scored, ["mae"])["mae"] for one in measured.held_out]
    assert measured.over_seeds["mae"] == pytest.approx(np.std(alone, ddof=1))
    assert measured.spread["mae"].keys() == {"low", "high", "over_seeds"}
    by_fold = [fold["rmsle"] for fold in evaluate_pipeline(config, data, measured=measured).folds]
    assert 9 == len(by_fold)
    assert measured.values["rmsle_worst_fold"] == pytest.approx(max(by_fold))
    assert "over_seeds" not in measure(config, data, repeats=1, progress=quiet).spread["mae"]


def test_everything_is_found_twice_the_same(found: Any) -> None:
    """All chance comes from seeds."""
    assert found.to_dict() == evaluated().to_dict()


def test_what_it_is_about_is_said(found: Any) -> None:
    """The target with its unit, the level, the rows."""
    assert ("boats", "cross-validation", 0.8, 90) == (
        found.name,
        found.source,
        found.level,
        found.rows,
    )
    assert ("Price", "euros") == (found.target["name"], found.target["unit"])
    assert (None, 1, []) == (found.manifest, found.repeats, found.refused)


def test_an_evaluation_is_json(found: Any) -> None:
    """Plain types without NaN."""
    json.dumps(found.to_dict(), allow_nan=False)


def test_repeats_take_the_next_seeds_and_average() -> None:
    """Each metric is the mean of those of one seed after another."""
    several = evaluated(repeats=3)
    alone = [
        evaluated(BOATS.replace("  folds: 3", f"  folds: 3\n  seed: {seed}")) for seed in range(3)
    ]

    for name in ("rmsle", "mae", "coverage"):
        mean = np.mean([one.metrics[name].value for one in alone])
        assert several.metrics[name].value == pytest.approx(mean), name
    assert [0, 1, 2] == [*dict.fromkeys(fold["seed"] for fold in several.folds)]
    assert 9 == len(several.folds)
    mean = np.mean([one.without["Length"]["mae"].value for one in alone])
    assert several.without["Length"]["mae"].value == pytest.approx(mean)


def test_folds_hold_every_row_once(found: Any) -> None:
    """And the mean of their RMSLE is the metric."""
    assert 90 == sum(fold["rows"] for fold in found.folds)
    assert found.metrics["rmsle"].value == pytest.approx(
        np.mean([fold["rmsle"] for fold in found.folds])
    )


def test_the_holdout_is_a_fifth_that_the_pipeline_has_not_seen() -> None:
    """Fitted on the rest, by scikit-learn's own split."""
    config = parse_config(BOATS)
    data = read_training_data(config, boats(), source="boats.csv")
    train, test = train_test_split(np.arange(90), test_size=0.2, random_state=0)
    fitted = build_pipeline(config).fit(data.frame.iloc[train], data.target.iloc[train])
    error = fitted.predict(data.frame.iloc[test]) - data.target.iloc[test]

    assert evaluate_pipeline(config, data).holdout["mae"].value == pytest.approx(
        np.abs(error).mean()
    )


def test_the_median_of_a_level_comes_from_the_other_folds() -> None:
    """A level that they do not have, and a missing one, gets the median of all of theirs."""
    target = np.arange(40.0) ** 2
    levels = np.array(["a", "b"] * 20, dtype=object)
    levels[3], levels[5] = "alone", None
    frame = pd.DataFrame({"level": levels})

    parts = parts_of(40, 5)
    predictions = median_by("level", frame, target, parts)

    for part in parts:
        for row in part.test:
            same = [i for i in part.train if levels[i] == levels[row] and levels[row] is not None]
            assert np.median(target[same or part.train]) == predictions[row]


def test_the_plain_linear_model_is_least_squares_on_raw_fields() -> None:
    """Exact where the truth is linear on the scale of the target, gaps and new levels or not."""
    chance = np.random.default_rng(1)
    frame = pd.DataFrame(
        {
            "x": chance.normal(size=60),
            "gap": np.append(np.full(59, 2.0), np.nan),
            "level": pd.Series([*["a", "b", "c"] * 19, "alone", None, "a"], dtype=object),
        }
    )
    effect = frame["level"].map({"a": 0.0, "b": 1.0, "c": -1.0}).to_numpy(dtype=float)
    target = np.exp(0.5 * frame["x"].to_numpy() + np.nan_to_num(effect))

    predictions = plain_linear(frame, target, scale_of("log", None), parts_of(60, 6))

    assert np.isfinite(predictions).all()
    np.testing.assert_allclose(predictions[:57], target[:57], rtol=0.2)


def test_baselines_are_worse_than_the_model_where_it_is_better(found: Any) -> None:
    """By name, with intervals."""
    assert ["median by Hull", "plain linear"] == [*found.baselines]
    assert found.baselines["median by Hull"]["mae"].low > found.metrics["mae"].high


def test_without_a_column_is_without_what_is_made_from_it(found: Any) -> None:
    """The score of a configuration that hides both, fitted from scratch in the same folds."""
    hidden = BOATS.replace("  without: Length\n", "")
    hidden = hidden.replace(
        "    unit: m\n    minimum: 1\n    transform: log\n", "    use: derived\n"
    )
    hidden = hidden.replace(
        "product: IsSteel, Length", "product: IsSteel, Length\n    use: derived"
    )

    expected = evaluated(hidden).metrics

    assert found.without["Length"].keys() == expected.keys()
    for name, one in found.without["Length"].items():
        assert one.value == pytest.approx(expected[name].value, rel=1e-9), name
    assert found.without["Length"]["mae"].value > 2 * found.metrics["mae"].value


def test_without_a_field_is_without_the_columns_of_its_levels() -> None:
    """One column a level, and none of them is left."""
    one_hot = BOATS.replace("  without: Length\n", "  without: Colour\n")
    one_hot = one_hot.replace("levels: red, blue", "levels: red, blue\n    encode: one_hot")
    hidden = one_hot.replace("encode: one_hot", "use: no").replace("  without: Colour\n", "")

    without, expected = evaluated(one_hot).without["Colour"], evaluated(hidden).metrics

    assert without["mae"].value == pytest.approx(expected["mae"].value, rel=1e-9)


def test_without_all_columns_there_is_no_model() -> None:
    """One sentence, not a traceback."""
    described, _, rest = BOATS.partition("  Built:")
    estimator = "estimator:" + rest.partition("estimator:")[2]
    text = described + estimator.replace("  groups: Hull, Built\n  baseline: Hull\n", "")

    with pytest.raises(DataError, match="^The pipeline cannot be fitted to these rows: "):
        evaluated(text)


def test_fields_that_matter_come_first(found: Any) -> None:
    """And the colour, for which nobody pays, is worth nothing."""
    named = {one.field: one for one in found.importances}

    assert ["Length", "Hull"] == [one.field for one in found.importances[:2]]
    assert {"Length", "Built", "Hull", "Colour"} == {*named}
    assert abs(named["Colour"].increase) < 0.01 < named["Length"].increase
    assert named["Length"].standard_deviation > 0


def test_importances_without_an_rmsle_are_rises_of_the_rmse() -> None:
    """Where prices can be negative."""
    rows = boats()
    rows["Price"] = [price - 12_000 for price in rows["Price"]]
    text = BOATS.replace("  minimum: 1\n  transform: log\n", "", 1)

    found = evaluated(text, rows)

    assert "rmsle" not in found.metrics
    assert found.importances[0].increase > 100


def test_intervals_are_held_out_at_every_level(found: Any) -> None:
    """Coverage rises with the level."""
    levels, coverages = zip(*found.calibration, strict=True)

    assert (0.1, 0.5, 0.95) == (levels[0], levels[4], levels[-1])
    assert sorted(coverages) == [*coverages]
    assert max(abs(a - b) for a, b in found.calibration) < 0.12
    assert {"coverage", "coverage_worst_quartile", "median_relative_width"} == {
        *found.constant_width
    }


def test_groups_are_those_of_the_configuration(found: Any) -> None:
    """Levels and bands, with the missing ones as a group."""
    assert ["target band", "Hull", "Built"] == [*found.groups]
    assert {"steel", "wood"} == {group.name for group in found.groups["Hull"]}
    assert {"missing": 3} == {g.name: g.rows for g in found.groups["Built"] if g.name == "missing"}


@pytest.mark.parametrize("column", ["Length", "Built", "Hull", "Colour"])
def test_a_column_of_constants_is_no_obstacle(column: Any) -> None:
    """It is worth nothing, and no warning is given."""
    rows = boats()
    rows[column] = [rows[column][10]] * 90

    found = evaluated(rows=rows)

    assert {column: 0.0} == {
        one.field: one.increase for one in found.importances if one.field == column
    }


def test_another_model_file_is_compared_with_a_warning() -> None:
    """It may have seen the rows, and so it looks better than it is."""
    text = load_config().path.read_text(encoding="utf-8").replace("without:", "# without:")
    config = parse_config(text.replace("stratify:", "# stratify:").replace("folds: 10", "folds: 3"))
    rows = {name: cells[:300] for name, cells in read_dataset(dataset_path("train.csv")).items()}
    data = read_training_data(config, rows, source="train.csv")

    found = evaluate_pipeline(config, data, compare=load_model(), rows=rows, repeats=2)

    assert ("house-prices", 300) == (found.comparison.other["name"], found.comparison.rows)
    rmsle = found.comparison.metrics["rmsle"]
    assert rmsle["this"] == found.metrics["rmsle"].value
    assert rmsle["difference"].low > 0
    assert "may have seen these rows" in found.notes[-1]


def test_a_model_of_another_target_is_refused_before_the_work() -> None:
    """Nothing is fitted for it."""
    with pytest.raises(ModelFileError, match="predicts SalePrice in US dollars, and the evaluated"):
        evaluated(compare=load_model(), rows=boats(), progress=None)


# What the configuration may ask for


@pytest.mark.parametrize(
    ("line", "key", "part"),
    [
        ("groups: Hull, Bulit", "groups", "no feature is named 'Bulit'; did you mean 'Built'?"),
        ("groups: Masts", "groups", "Masts has use: no, and the model does without it"),
        ("groups: Berth", "groups", "Berth has use: no"),
        ("groups: SteelLength", "groups", "no feature is named 'SteelLength'"),
        ("groups: Hull, Hull", "groups", "'Hull' stands there more than once"),
        ("groups:", "groups", "expected words separated by commas"),
        (
            "baseline: Built",
            "baseline",
            "expected a nominal, ordinal or boolean feature, and Built has kind",
        ),
        ("baseline: Hell", "baseline", "no feature is named 'Hell'; did you mean 'Hull'?"),
        ("without: IsStel", "without", "no feature is named 'IsStel'; did you mean 'IsSteel'?"),
        ("without: Masts", "without", "Masts has use: no"),
    ],
)
def test_the_configuration_asks_only_for_what_there_is(line: Any, key: Any, part: Any) -> None:
    """Each mistake with its key and its line."""
    old = next(one for one in BOATS.splitlines() if one.startswith(f"  {key}:"))
    text = BOATS.replace(old, f"  {line}")

    with pytest.raises(ConfigError) as raised:
        parse_config(text)

    ((number, where, sentence),) = raised.value.mistakes
    assert (f"evaluation.{key}", f"  {line}") == (where, text.splitlines()[number - 1])
    assert part in sentence


def test_a_feature_that_cannot_be_read_is_still_a_name() -> None:
    """One mistake is told, not a second one that follows from it."""
    with pytest.raises(ConfigError) as raised:
        parse_config(BOATS.replace("    levels: steel, wood\n", "    levels: steel, wood, steel\n"))

    assert ["features.Hull.levels"] == [where for _, where, _ in raised.value.mistakes]


@pytest.mark.parametrize("level", ["0", "1", "1.5", "-0.5", "most"])
def test_an_interval_has_a_level_between_nothing_and_all(level: Any) -> None:
    """One sentence with its line."""
    with pytest.raises(ConfigError) as raised:
        parse_config(BOATS.replace("level: 0.8", f"level: {level}"))

    ((_, where, sentence),) = raised.value.mistakes
    assert "interval.level" == where
    assert "expected" in sentence
