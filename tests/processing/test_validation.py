"""The row as a pydantic model: it takes what is priced and refuses what is not."""

import copy
import math
from decimal import Decimal
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pandas as pd
import pytest
from pydantic import BaseModel, ValidationError

import regression_model.runtime.row_model as validation
from regression_model import Model, make_prediction
from regression_model.runtime.checking import Checker
from regression_model.runtime.contract import Contract, Field
from regression_model.runtime.row_model import (
    HouseDataInputSchema,
    MultipleHouseDataInputs,
    row_model,
)

GOOD: dict[str, Any] = {"area": 100, "zone": "A"}


@pytest.fixture(scope="module")
def Garden(garden: Contract) -> type[BaseModel]:
    """The row model of the small contract."""
    return row_model(garden, name="Garden")


def test_rows_of_the_scoring_file_are_accepted_as_texts(
    all_rows: tuple[dict[str, str], ...],
) -> None:
    """As a CSV reader gives them, with NA for what is missing, under names and aliases."""
    for row in all_rows:
        schema = HouseDataInputSchema(**row)
        assert set(schema.model_dump()) == set(HouseDataInputSchema.model_fields)


def test_apps_send_a_frame_as_they_always_did(scoring_file: Path) -> None:
    """Validated as a whole and dumped row by row, it gets the prices that the frame itself gets."""
    frame = pd.read_csv(scoring_file)
    inputs: Any = MultipleHouseDataInputs(
        inputs=frame.replace({np.nan: None}).to_dict(orient="records")
    )
    dumped = [row.model_dump() for row in inputs.inputs]
    expected = make_prediction(input_data=frame)
    found = make_prediction(input_data=dumped)
    for result in (expected, found):  # a warning names the value in the form in which it came
        assert result.pop("warnings") is not None  # type: ignore[misc]
    assert expected == found
    assert expected["errors"] is None
    assert 1459 == len(found["predictions"])


def test_a_dump_of_the_whole_is_rows_too(all_rows: tuple[dict[str, str], ...]) -> None:
    """`model_dump` and `model_dump_json` of many rows, and back."""
    inputs = MultipleHouseDataInputs(inputs=all_rows[:20])
    again = MultipleHouseDataInputs.model_validate_json(inputs.model_dump_json())
    assert inputs == again
    found = make_prediction(input_data=inputs.model_dump()["inputs"])["predictions"]
    assert make_prediction(input_data=all_rows[:20])["predictions"] == found


def test_one_bad_row_is_told_by_its_place(
    rows: list[dict[str, Any]], required_number: Field
) -> None:
    """As pydantic tells it: the path leads to the row and the field."""
    rows[3][required_number.name] = -5
    with pytest.raises(ValidationError) as raised:
        MultipleHouseDataInputs(inputs=rows)
    (error,) = raised.value.errors()
    assert ("inputs", 3, required_number.name) == error["loc"]


def test_the_shipped_models_are_made_once() -> None:
    """The same class at every import, under the name that apps know."""
    assert validation.HouseDataInputSchema is HouseDataInputSchema
    assert validation.MultipleHouseDataInputs is MultipleHouseDataInputs
    assert "HouseDataInputSchema" == HouseDataInputSchema.__name__
    with pytest.raises(AttributeError, match="has no attribute 'HouseData'"):
        _ = validation.HouseData


def test_every_field_of_the_contract_has_an_attribute(model: Model) -> None:
    """Whose name Python allows: 1stFlrSF is FirstFlrSF there."""
    fields = HouseDataInputSchema.model_fields
    assert len(model.contract.fields) == len(fields)
    assert all(name.isidentifier() for name in fields)
    required = {name for name, field in fields.items() if field.is_required()}
    assert {f.name for f in model.contract.fields if f.used and f.required} == required


@pytest.mark.parametrize("name", ["1st", "beds", "n_beds"])
def test_a_field_is_filled_by_name_and_alias(Garden: Any, name: str) -> None:
    """The attribute is the first name that Python allows."""
    assert 3.0 == Garden(**GOOD, **{name: "3"}).beds


def test_a_dump_is_a_row_again(Garden: Any, garden: Contract) -> None:
    """What was read is read the same once more, by the row model and by the check."""
    row = GOOD | {"1st": "3", "kind": 20.0, "soil": " Gd ", "id": 7, "depth": None, "built": "NA"}
    schema = Garden(**row)
    assert schema == Garden(**schema.model_dump())
    first, second = Checker(garden).check([row]), Checker(garden).check([schema.model_dump()])
    np.testing.assert_array_equal(first.numbers, second.numbers)
    assert first.codes.tolist() == second.codes.tolist()
    assert [] == second.findings


CELLS: dict[str, tuple[str, Any]] = {
    f"{name} {type(cell).__name__} {label}": (name, cell)
    for name, cells in {
        "area": {
            **{str(cell): cell for cell in (1, 1000, 0.5, 1000.5, -5, True, False, None, "", "NA")},
            **{repr(cell): cell for cell in ("5", " 5e1 ", "1_0", "x", "nan", "inf", b"5", 5j)},
            **{repr(cell): cell for cell in (math.nan, math.inf, Decimal(5), np.int8(5), [5], {})},
            "array": np.array(5),
            "np.bool": np.bool_(True),
            "NA": pd.NA,
            "NaT": pd.NaT,
            "date": pd.Timestamp("2020-01-01"),
            "duration": np.timedelta64(5),
            "huge": 10**400,
            "longer": 10**5000,
        },
        "1st": {repr(cell): cell for cell in (0, -1, None, "NA", math.nan, "", "x", True, 1e9)},
        "built": {repr(cell): cell for cell in (1799, 1800, "1950", None)},
        "zone": {
            repr(c): c for c in ("A", " B ", "C", "a", None, "", "NA", 5, 5.0, True, ["A"], b"A")
        },
        "kind": {
            **{
                repr(c): c
                for c in (20, 20.0, "20", 99, 20.5, Decimal(20), np.int64(20), True, [20])
            },
            **{"huge": 10**5000, "NaN": math.nan, "NA": pd.NA},
        },
        "soil": {
            repr(c): c for c in ("Gd", " Gd", "gd", "Ex", "", None, "NA", math.nan, 1, ["Gd"])
        },
        "id": {repr(c): c for c in (1, "x", None, [1])},
        "unknown": {repr(c): c for c in (1, None)},
    }.items()
    for label, cell in cells.items()
}


@pytest.mark.parametrize(("name", "cell"), CELLS.values(), ids=CELLS)
def test_it_accepts_what_is_priced_and_refuses_what_is_not(
    Garden: Any, garden: Contract, name: str, cell: Any
) -> None:
    """The model and the check at run time are of one mind about every cell."""
    row = GOOD | {name: cell}
    try:
        Garden(**row)
    except ValidationError as error:
        (found,) = error.errors()
        assert (name,) == found["loc"]
        accepted = False
    else:
        accepted = True
    assert (Checker(garden).check([row]).accepted is None) == accepted


@pytest.mark.parametrize("name", ["area", "zone"])
def test_what_is_required_is_required(Garden: Any, name: str) -> None:
    """An absent key is as missing as a null."""
    with pytest.raises(ValidationError) as raised:
        Garden(**{key: cell for key, cell in GOOD.items() if key != name})
    assert [((name,), "missing")] == [(e["loc"], e["type"]) for e in raised.value.errors()]


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"area": True}, "expected a number from 1 to 1000 (m2)"),
        ({"area": None}, "is missing: expected a number from 1 to 1000 (m2)"),
        ({"zone": 5}, "expected one of A, B"),
        ({"soil": "Ex"}, "expected one of Po, Fa, Gd"),
    ],
    ids=str,
)
def test_a_refusal_says_what_was_expected(
    Garden: Any, change: dict[str, Any], sentence: str
) -> None:
    """In the words of the contract."""
    with pytest.raises(ValidationError) as raised:
        Garden(**GOOD | change)
    assert [f"Value error, {sentence}"] == [error["msg"] for error in raised.value.errors()]


def test_everything_wrong_is_told_at_once(Garden: Any) -> None:
    """One error a field."""
    with pytest.raises(ValidationError) as raised:
        Garden(area=-1, zone=None, soil="Ex", beds="x", built=1066)
    assert 5 == raised.value.error_count()


def test_the_row_that_comes_in_stays_as_it_was(Garden: Any) -> None:
    """A dict that is validated is not filled, renamed or cleaned."""
    row = GOOD | {"1st": " 3 ", "soil": " Gd ", "id": [1]}
    before = copy.deepcopy(row)
    Garden.model_validate(row)
    assert before == row


@pytest.mark.parametrize("unknown", ["ignore", "allow", "forbid"])
def test_its_json_schema_is_that_of_the_contract(
    model: Model, garden: Contract, unknown: Literal["ignore", "allow", "forbid"]
) -> None:
    """Field by field: names, titles, descriptions, units, types, bounds, levels and examples."""
    for contract in (model.contract, garden):
        ours = contract.json_schema(title="Row")
        del ours["$schema"]
        theirs = row_model(contract, name="Row", unknown=unknown).model_json_schema()
        assert (unknown != "forbid") is theirs.pop("additionalProperties")
        assert ours.pop("additionalProperties") is True
        for name, schema in ours["properties"].items():
            assert schema == theirs["properties"][name], name
        assert ours == theirs


def test_the_schema_of_many_rows_has_that_of_a_row(model: Model) -> None:
    """In both variants."""
    for many, one in (
        (MultipleHouseDataInputs, HouseDataInputSchema),
        (
            validation.MultipleHouseDataInputsWithUnknownFields,
            validation.HouseDataInputSchemaWithUnknownFields,
        ),
    ):
        schema = many.model_json_schema()
        assert f"#/$defs/{one.__name__}" == schema["properties"]["inputs"]["items"]["$ref"]
        found = schema["$defs"][one.__name__]["properties"]
        assert model.contract.json_schema()["properties"] == found


def test_unknown_fields_may_be_passed_on(rows: list[dict[str, Any]], model: Model) -> None:
    """So that the model can warn of a misspelt name."""
    row = validation.HouseDataInputSchemaWithUnknownFields(**rows[0], GarageCar=2)
    prediction = model.predict([row.model_dump()])
    assert ["GarageCar"] == [p.field for p in prediction.problems if p.code == "unknown_field"]
    assert "GarageCar" not in HouseDataInputSchema(**rows[0], GarageCar=2).model_dump()
    many = validation.MultipleHouseDataInputsWithUnknownFields(
        inputs=[rows[0], rows[1] | {"GarageCar": 2}]
    )
    prediction = model.predict(many.model_dump()["inputs"])
    assert [1] == [p.row for p in prediction.problems if p.code == "unknown_field"]
    assert "colour" not in str(MultipleHouseDataInputs(inputs=[rows[0] | {"colour": 2}]))


def test_a_prediction_is_a_typed_response(
    rows: list[dict[str, Any]], model: Model, required_number: Field
) -> None:
    """Every row of `to_dicts`, also one in error."""
    rows[1][required_number.name] = "x"
    for row in model.predict(rows).to_dicts():
        assert row == validation.PredictedRow(**row).model_dump()
