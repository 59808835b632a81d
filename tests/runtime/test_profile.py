"""The typical row that a form starts with."""

from __future__ import annotations

from typing import Any

import pytest

from regression_model.runtime.contract import Contract, Field
from regression_model.runtime.model import Model, load_model
from regression_model.runtime.profile import typical_row


def test_the_typical_row_of_the_shipped_model_has_a_prediction_and_no_problem() -> None:
    """It has every field that the model uses, in the order of the contract."""
    model = load_model()
    row = model.typical_row
    assert [field.name for field in model.contract.fields if field.used] == list(row)
    prediction = model.predict([row])
    assert 100_000 < prediction.values[0] < 300_000
    assert [] == prediction.problems
    assert ("NAmes", 3, None) == (row["Neighborhood"], row["BedroomAbvGr"], row["PoolQC"])


def test_a_changed_typical_row_leaves_the_next_one_as_it_was() -> None:
    """Each caller has a row of its own."""
    model: Model = load_model()
    model.typical_row.clear()
    assert model.typical_row


@pytest.mark.parametrize(
    ("field", "profile", "sample", "typical"),
    [
        (Field("x", "number"), {"deciles": [1.0, 2.5, 4.0]}, [1.0, 4.0], 2),
        (Field("x", "number"), {"deciles": [0.5, 2.26, 4.0]}, [0.5, 1.1], 2.3),
        (
            Field("x", "date"),
            {"deciles": ["2020-01-01", "2020-05-01", "2021-01-01"]},
            [],
            "2020-05-01",
        ),
        (
            Field("x", "boolean", levels=("no", "yes")),
            {"shares": {"no": 0.1, "yes": 0.9}},
            [],
            True,
        ),
        (Field("x", "nominal", levels=("a", "b")), {"shares": {"a": 0.4, "b": 0.6}}, [], "b"),
        (
            Field("x", "nominal", levels=("a", "b")),
            {"missing": 0.9, "shares": {"a": 1.0}},
            [],
            None,
        ),
    ],
)
def test_a_typical_value_is_as_exact_as_the_training_rows(
    field: Field, profile: dict[str, Any], sample: list[float], typical: object
) -> None:
    """A median between two whole numbers is whole, and what most rows lack is left out."""
    manifest = {"profile": {"x": profile}, "background": [{"x": value} for value in sample]}
    found = typical_row(Contract((field,), target="y"), manifest)
    assert {"x": typical} == found
    assert type(typical) is type(found["x"])
