"""What people read of a field: its group, and what its levels mean."""

from __future__ import annotations

import pytest

from regression_model.config.core import load_config, parse_config
from regression_model.errors import ConfigError

CONFIG = """\
name: boats
description: Prices of boats
target:
  name: price
  description: Price asked
data:
  training: boats.csv
features:
  hull:
    description: Material
    group: Hull and deck
    kind: nominal
    levels: ALU, GRP, 5.0
    meanings:
      ALU: aluminium, welded or riveted
      5: of the fifth kind
  state:
    description: Condition
    kind: ordinal
    levels: poor, good
  berth:
    description: Comes with a berth
    kind: boolean
    meanings:
      Yes: in a marina
  length:
    description: From bow to stern
    kind: number
estimator:
  ridge:
    alpha: 1
"""


def test_some_levels_have_a_meaning_and_commas_need_no_quotes() -> None:
    """In the order of the levels; a number or a yes may be written in every form."""
    features = parse_config(CONFIG).features
    assert ("aluminium, welded or riveted", "", "of the fifth kind") == (
        features["hull"].level_meanings
    )
    assert ("", "in a marina") == features["berth"].level_meanings
    assert () == features["state"].level_meanings
    assert ("Hull and deck", None) == (features["hull"].group, features["state"].group)


@pytest.mark.parametrize(
    ("old", "new", "line", "sentence"),
    [
        ("      ALU:", "      ALV:", 15, "'ALV' is not a level; did you mean 'ALU'?"),
        ("      ALU:", "      5.0:", 16, "the level '5' has a meaning already"),
        ("of the fifth kind", '""', 16, "expected text, got nothing"),
        ("    group: Hull and deck", '    group: ""', 11, "expected text, got nothing"),
        ("    levels: ALU, GRP, 5.0\n", "", 13, "needs 'levels' too"),
        (
            "    levels: poor, good",
            "    levels: poor, good\n    meanings: bad",
            21,
            "expected keys",
        ),
        (
            "    kind: number",
            "    kind: number\n    meanings:\n      1: one",
            29,
            "not a key of a number",
        ),
    ],
)
def test_a_mistake_has_its_line(old: str, new: str, line: int, sentence: str) -> None:
    """And says what was expected."""
    assert CONFIG.count(old) == 1
    with pytest.raises(ConfigError) as caught:
        parse_config(CONFIG.replace(old, new))
    ((found, _, text),) = caught.value.mistakes
    assert (line, True) == (found, sentence in text), caught.value


def test_every_feature_of_the_houses_has_a_group_and_every_level_a_meaning() -> None:
    """A form shows no code without a word."""
    for name, feature in load_config().features.items():
        assert feature.group, name
        assert all(feature.level_meanings) and bool(feature.levels) == bool(feature.meanings), name
