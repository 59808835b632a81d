"""The contract says what a row must look like: to the check, to people, and as JSON Schema."""

import copy
import csv
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from regression_model import Model
from regression_model.runtime.checking import Checker
from regression_model.runtime.contract import Contract, Field

GOOD: dict[str, Any] = {"area": 100, "zone": "A"}


def test_a_contract_survives_the_way_through_json(garden: Contract, model: Model) -> None:
    """As it travels in the model file: nothing is lost, and the order stays."""
    for contract in (garden, model.contract):
        assert contract == Contract.from_dict(json.loads(json.dumps(contract.to_dict())))


def test_what_is_unset_is_not_written() -> None:
    """A zero and a no are set; an empty text and an empty list are not."""
    contract = Contract((Field("n", "number", used=False, minimum=0.0),), target="y")
    assert contract.to_dict() == {
        "fields": [
            {"name": "n", "kind": "number", "used": False, "required": False, "minimum": 0.0}
        ],
        "target": "y",
        "missing_values": [],
    }


def test_fields_are_sorted_into_the_inputs_of_the_graph(garden: Contract) -> None:
    """Numbers and years in one, nominal and ordinal fields in the other, each in their order."""
    assert ["area", "1st", "depth", "built"] == [field.name for field in garden.numbers]
    assert ["zone", "kind", "soil"] == [field.name for field in garden.categories]


def test_codes_number_the_levels_of_all_fields_through(garden: Contract) -> None:
    """Each field has its levels, one code for missing and one for any other."""
    assert (0, 4, 8) == garden.offsets


@pytest.mark.parametrize(
    ("field", "expected"),
    [
        (Field("n", "number"), "a number"),
        (Field("n", "number", minimum=0), "a number of at least 0"),
        (Field("n", "number", maximum=1e6), "a number of at most 1000000"),
        (Field("n", "number", minimum=0.1, maximum=1, unit="m"), "a number from 0.1 to 1 (m)"),
        (Field("n", "year", minimum=1800, unit="AD"), "a year of at least 1800 (AD)"),
        (Field("n", "ordinal", levels=("Lo", "Hi")), "one of Lo, Hi"),
        (Field("n", "ordinal", levels=("Lo", "Me"), training_levels=("Me",)), "one of Lo, Me"),
        (Field("n", "nominal", levels=("A", "B")), "one of A, B"),
        (Field("n", "nominal", levels=("A", "B"), training_levels=("B",)), "one of B"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_an_expectation_ends_a_sentence(field: Field, expected: str) -> None:
    """Bounds with their unit for numbers; what the model tells apart for levels."""
    assert expected == field.expected


@pytest.mark.parametrize(
    ("name", "nearest"),
    [
        ("area", "area"),
        ("AREA", "area"),
        ("aera", "area"),
        ("n-beds", "n_beds"),
        ("grund", "ground"),
        ("xyz", None),
        ("", None),
    ],
)
def test_the_nearest_name_is_found_among_names_and_aliases(
    garden: Contract, name: str, nearest: str | None
) -> None:
    """Whatever the capitals; none when nothing looks alike."""
    assert nearest == garden.nearest(name)


def test_every_name_leads_to_its_field(garden: Contract) -> None:
    """A field answers to its own name and its aliases."""
    names = garden.canonical_names
    assert {"1st"} == {names["1st"], names["beds"], names["n_beds"]}
    assert "price" not in names
    assert garden.field("1st") is garden.fields[2]
    with pytest.raises(KeyError):
        garden.field("beds")


def test_a_changed_copy_leaves_the_contract_as_it_was(garden: Contract) -> None:
    """What training learns is put into a new contract."""
    before = copy.deepcopy(garden)
    changed = garden.with_fields({"area": {"training_range": (1.0, 2.0)}})
    assert (1.0, 2.0) == changed.field("area").training_range
    assert before == garden
    assert garden.fields[2:] == changed.fields[2:]


def test_the_schema_is_a_schema(garden: Contract, model: Model) -> None:
    """Of draft 2020-12, for any contract, and plain JSON."""
    for contract in (garden, model.contract):
        schema = contract.json_schema(title="House")
        Draft202012Validator.check_schema(schema)
        assert schema == json.loads(json.dumps(schema, allow_nan=False))
        assert "House" == schema["title"]
        assert [field.name for field in contract.fields] == list(schema["properties"])


def test_every_training_row_validates(model: Model, training_file: Path) -> None:
    """As JSON: a number where the field holds numbers, null where nothing is known."""
    validator = Draft202012Validator(model.contract.json_schema())
    with training_file.open(encoding="utf-8", newline="") as file:
        for at, row in enumerate(csv.DictReader(file)):
            assert [] == [error.message for error in validator.iter_errors(as_json(model, row))], at


def as_json(model: Model, row: dict[str, str]) -> dict[str, Any]:
    """A row of texts as a client would write it in JSON."""
    written: dict[str, Any] = {}
    for name, text in row.items():
        field = model.contract.canonical_names.get(name)
        if text in ("", *model.contract.missing_values):
            written[name] = None
        elif field and model.contract.field(field).is_number:
            written[name] = float(text)
        else:
            written[name] = text
    return written


@pytest.mark.parametrize(
    ("change", "valid"),
    [
        ({}, True),
        ({"area": 1}, True),
        ({"area": 1000.0}, True),
        ({"area": 0.9}, False),
        ({"area": 1000.1}, False),
        ({"area": None}, False),
        ({"area": "100"}, False),
        ({"area": True}, False),
        ({"zone": "B"}, True),
        ({"zone": "C"}, True),
        ({"zone": None}, False),
        ({"zone": 5}, False),
        ({"1st": None}, True),
        ({"1st": -1}, False),
        ({"built": 1799}, False),
        ({"kind": 20}, True),
        ({"kind": "20"}, True),
        ({"kind": None}, True),
        ({"kind": [20]}, False),
        ({"soil": "Gd"}, True),
        ({"soil": "NA"}, True),
        ({"soil": ""}, True),
        ({"soil": None}, True),
        ({"soil": "Ex"}, False),
        ({"soil": 1}, False),
        ({"id": [1], "note": {}, "what": 1}, True),
    ],
    ids=str,
)
def test_the_schema_agrees_with_the_check(
    garden: Contract, change: dict[str, Any], valid: bool
) -> None:
    """What it accepts is priced; what it refuses is not, but for a number as text."""
    validator = Draft202012Validator(garden.json_schema())
    assert valid == validator.is_valid(GOOD | change)
    if change != {"area": "100"}:
        assert valid == (Checker(garden).check([GOOD | change]).accepted is None)


@pytest.mark.parametrize("name", ["area", "zone"])
def test_the_schema_asks_for_what_is_required(garden: Contract, name: str) -> None:
    """And for nothing else."""
    validator = Draft202012Validator(garden.json_schema())
    assert not validator.is_valid({key: cell for key, cell in GOOD.items() if key != name})
    assert validator.is_valid(GOOD)


def test_the_schema_of_the_model_knows_every_bound(model: Model) -> None:
    """A number below its minimum or above its maximum does not validate."""
    validator = Draft202012Validator(model.contract.json_schema())
    for field in model.contract.numbers:
        for bound, step in ((field.minimum, -1), (field.maximum, 1)):
            if bound is not None:
                paths = [
                    e.path[0] for e in validator.iter_errors({field.name: bound + step}) if e.path
                ]
                assert [field.name] == paths


json_cells = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(10**6), 10**6),
    st.floats(allow_nan=False, allow_infinity=False),
    st.sampled_from(["A", "B", "C", "20", "Gd", "Ex", "NA", "", "x"]),
    st.lists(st.integers(), max_size=1),
)


@given(
    row=st.fixed_dictionaries(
        {},
        optional={
            name: json_cells
            for name in ("area", "1st", "depth", "built", "zone", "kind", "soil", "id", "x")
        },
    )
)
def test_whatever_validates_is_priced(garden: Contract, row: dict[str, Any]) -> None:
    """A client who checks against the schema meets no error."""
    if Draft202012Validator(garden.json_schema()).is_valid(row):
        assert Checker(garden).check([row]).accepted is None


def test_descriptions_say_the_unit_and_what_missing_means() -> None:
    """What a reader of the schema would otherwise ask."""
    fields = (
        Field("a", "number", description="Area", unit="m2", missing_means="no garden"),
        Field("b", "nominal", used=False),
    )
    properties = Contract(fields, target="y").json_schema()["properties"]
    assert "Area (m2); missing means no garden" == properties["a"]["description"]
    assert "m2" == properties["a"]["unit"]
    assert {"title": "b", "description": "not used by the model"} == properties["b"]


def test_a_schema_has_the_group_and_the_meanings_of_the_levels_that_a_row_may_have() -> None:
    """As keywords for programs that show a form, and in words for viewers that know none."""
    fields = (
        Field("q", "ordinal", group="Hull", levels=("lo", "hi"), meanings=("poor", "good")),
        Field("k", "nominal", levels=("a", "b"), meanings=("ash", "birch"), training_levels=("b",)),
    )
    contract = Contract(fields, target="y")
    quality, kind = contract.json_schema()["properties"].values()
    assert "Hull" == quality["group"]
    assert {"lo": "poor", "hi": "good"} == quality["meanings"]
    assert "lo: poor; hi: good" == quality["description"]
    assert ["lo", "hi", "", None] == quality["enum"]
    assert {"b": "birch"} == kind["meanings"]
    assert contract == Contract.from_dict(json.loads(json.dumps(contract.to_dict())))
