"""Every key of config.yml is described, for people and for editors."""

from typing import Any

import jsonschema
import pytest
from strictyaml import ruamel

from regression_model.config.core import CONFIG_FILE_PATH, parse_config
from regression_model.config.meanings import MEANINGS
from regression_model.config.reference import keys, schema
from regression_model.config.sections import Estimator
from regression_model.errors import ConfigError

SMALL = """\
name: boats
description: Boats
target:
  name: Price
  description: Price asked
data:
  training: boats.csv
features:
  Length:
    description: Length
    kind: number
    missing: 0
  Hull:
    description: Hull
    kind: nominal
    levels: 5
estimator:
  hist_gradient_boosting:
"""


def document_of(text: str) -> Any:
    """A configuration as editors read it."""
    return ruamel.YAML(typ="safe", pure=True).load(text)


@pytest.fixture(scope="module")
def validator() -> jsonschema.Draft202012Validator:
    """The schema that the package prints."""
    jsonschema.Draft202012Validator.check_schema(schema())
    return jsonschema.Draft202012Validator(schema())


def test_every_key_has_a_meaning_and_every_value_an_example() -> None:
    """Whoever adds a key adds a line to `config.meanings`."""
    assert [] == [key.path for key in keys() if not key.meaning]
    assert [] == [k.path for k in keys() if not k.example and not k.type.startswith("keys")]


def test_every_meaning_belongs_to_a_key() -> None:
    """A key that is gone leaves nothing behind."""
    used = {name.partition(".")[2] for name in MEANINGS}
    assert used <= {key.path[-1] for key in keys()}


def test_the_members_of_the_estimator_stand_there_with_their_keys() -> None:
    """All that the sections read, with its bounds and what it is without a value."""
    found = {".".join(key.path): key for key in keys()}

    assert all(f"estimator.{name}" in found for name in Estimator.model_fields)
    rate = found["estimator.hist_gradient_boosting.learning_rate"]
    assert ("number above 0", False, "0.1") == (rate.type, rate.required, rate.default)
    assert "number of 0 or more and below 1" == found["encoding.rare_share"].type
    assert "whole number of 2 or more" == found["evaluation.folds"].type
    assert found["features.NAME.kind"].required


@pytest.mark.parametrize("text", [CONFIG_FILE_PATH.read_text(encoding="utf-8"), SMALL], ids=len)
def test_what_is_valid_follows_the_schema(
    text: str, validator: jsonschema.Draft202012Validator
) -> None:
    """The configuration of the package, and one that says as little as possible."""
    parse_config(text)
    assert [] == [error.message for error in validator.iter_errors(document_of(text))]


@pytest.mark.parametrize(
    ("good", "bad"),
    [
        ("kind: number", "kind: numbr"),
        ("kind: number", "kinds: number"),
        ("    kind: number\n", ""),
        ("missing: 0", "flag_missing: maybe"),
        ("  hist_gradient_boosting:", "  hist_gradient_boosting:\n    max_iter: 0"),
        ("  hist_gradient_boosting:", "  hist_gradient_boosting:\n    max_iter: 1.5"),
        ("  hist_gradient_boosting:", "  hist_gradient_boosting:\n    loss: huber"),
        ("  hist_gradient_boosting:", "  ridge:"),
        ("  name: Price\n", ""),
    ],
)
def test_what_the_schema_refuses_is_a_mistake(
    good: str, bad: str, validator: jsonschema.Draft202012Validator
) -> None:
    """An editor underlines what `check` refuses."""
    text = SMALL.replace(good, bad, 1)
    with pytest.raises(ConfigError):
        parse_config(text)
    assert not validator.is_valid(document_of(text))
