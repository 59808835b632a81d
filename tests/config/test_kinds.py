"""What config.yml says of dates, timestamps and ordered codes, and its mistakes."""

from typing import Any

import pytest

from regression_model.config.core import Config, parse_config
from regression_model.config.features import Bounds
from regression_model.errors import ConfigError
from regression_model.training.pipeline import build_pipeline
from regression_model.training.rows import contract_of

CONFIG = """\
name: visits
description: Visits
target:
  name: visits
  description: Visits
data:
  training: visits.csv
features:
  day:
    description: The day
    kind: date
    minimum: 2010-01-01
    maximum: 2020-12-31
    missing: 2015-06-01
    parts: year, month_cycle
  seen:
    description: The moment
    kind: timestamp
    missing: median
    parts: hour, elapsed_days
    use: derived
  doors:
    description: Doors
    kind: ordinal
    levels: 2, 3.5, 12
    encode: value
    transform: log
derived:
  both:
    sum: day_year, seen_elapsed_days * 0.01, doors
  late:
    above: seen_hour, 18
estimator:
  ridge:
    alpha: 1
"""


def changed(old: str, new: str) -> str:
    """Return the configuration with one text replaced."""
    assert CONFIG.count(old) == 1
    return CONFIG.replace(old, new)


def test_bounds_of_dates_are_seconds_inside_and_dates_outside() -> None:
    """A contract that travels as JSON says them as dates."""
    day = parse_config(CONFIG).features["day"]

    assert (1262304000.0, 1609372800.0) == (day.minimum, day.maximum)
    assert 1433116800.0 == day.missing
    entry = contract_of(parse_config(CONFIG)).to_dict()["fields"][0]
    assert ("2010-01-01", "2020-12-31") == (entry["minimum"], entry["maximum"])


def test_the_steps_of_a_pipeline() -> None:
    """Parts come after the imputers; what is only derived from is dropped."""
    steps = build_pipeline(parse_config(CONFIG)).named_steps

    assert ["impute_constant", "impute_median", "parts"] == [*steps][:3]
    assert {"day": ("year", "month_cycle"), "seen": ("hour", "elapsed_days")} == steps[
        "parts"
    ].parts
    assert ["day"] == steps["parts"].days
    assert ["seen_hour", "seen_elapsed_days"] == steps["drop"].features_to_drop
    assert ["doors"] == [*steps["rank_levels"].values]


def test_a_configuration_can_be_read_again() -> None:
    """The search reads it from its values."""
    config = parse_config(CONFIG)

    assert config == Config.of(config.model_dump(exclude_unset=True), sha256=config.sha256)


def test_levels_that_are_numbers_have_their_own_bounds() -> None:
    """A logarithm of 2 to 12 is fine, of the ranks 0 to 2 it is not."""
    assert Bounds(2.0, 12.0) == parse_config(CONFIG).features["doors"].bounds
    with pytest.raises(ConfigError, match="log needs a minimum above 0, got 0"):
        parse_config(changed("    encode: value\n", ""))


@pytest.mark.parametrize(
    ("old", "new", "line", "sentence"),
    [
        ("minimum: 2010-01-01", "minimum: 2010", 12, "a date such as 2010-06-01, got '2010'"),
        ("minimum: 2010-01-01", "minimum: 2010-02-30", 12, "a date such as 2010-06-01"),
        (
            "minimum: 2010-01-01",
            "minimum: 2021-01-01",
            12,
            "expected at most the maximum 2020-12-31, got 2021-01-01",
        ),
        ("missing: 2015-06-01", "missing: mean", 14, "median or a date such as 2010-06-01"),
        ("missing: 2015-06-01", "missing: most_frequent", 14, "median or a date such as"),
        (
            "missing: 2015-06-01",
            "missing: 2009-12-31",
            14,
            "expected a date within the bounds, got 2009-12-31",
        ),
        ("parts: year, month_cycle", "parts: year, hour", 15, "a date has no hour"),
        ("parts: year, month_cycle", "parts: yaer", 15, "no part is called 'yaer'; did you mean"),
        ("parts: year, month_cycle", "parts: year, year", 15, "'year' is listed twice"),
        ("    parts: year, month_cycle\n", "", 9, "required key is missing: what the model sees"),
        ("missing: 2015-06-01", "transform: log", 14, "not a key of a date feature"),
        ("missing: median", "encode: mean", 19, "not a key of a timestamp feature"),
        ("    levels: 2, 3.5, 12\n", "", 22, "required key is missing: an ordinal feature lists"),
        ("levels: 2, 3.5, 12", "levels: 2, few", 26, "levels that are numbers, got 'few'"),
        (
            "encode: value",
            "encode: mean",
            26,
            "the only encoding of an ordinal feature, got 'mean'",
        ),
        ("encode: value", "parts: year", 26, "not a key of an ordinal feature"),
        ("above: seen_hour", "above: seen", 32, "seen is a timestamp; what counts are its parts"),
        ("above: seen_hour, 18", "equals: seen_hour, 18", 32, "seen_hour is a part of a date"),
        ("above: seen_hour", "above: seen_huor", 32, "did you mean 'seen_hour'"),
        ("  late:", "  day_year:", 15, "the column day_year, which is the name of another one"),
    ],
)
def test_a_mistake_has_its_line_and_a_sentence(
    old: str, new: str, line: int, sentence: str
) -> None:
    """Each says what is expected."""
    with pytest.raises(ConfigError) as caught:
        parse_config(changed(old, new))

    found: list[Any] = [(at, said) for at, _, said in caught.value.mistakes]
    assert [line] == [at for at, said in found if sentence in said], found


def test_value_is_for_ordinal_features_only() -> None:
    """A nominal feature has no numbers, whatever its levels look like."""
    text = changed("kind: ordinal", "kind: nominal").replace("    transform: log\n", "")
    with pytest.raises(ConfigError, match="value is for an ordinal feature"):
        parse_config(text)
    with pytest.raises(ConfigError, match="encoding.nominal"):
        parse_config(CONFIG + "encoding:\n  nominal: value\n")
