"""The OpenAPI document says what the service does, and schemathesis finds no difference."""

from __future__ import annotations

from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from openapi_spec_validator import validate
from schemathesis import GenerationMode
from schemathesis.specs.openapi.checks import negative_data_rejection, positive_data_acceptance

from regression_model import Model
from regression_model.serving import Limits, create_app
from regression_model.serving.description.openapi import openapi_document

OF_BODIES = [positive_data_acceptance, negative_data_rejection]


@pytest.fixture(scope="module")
def document(model: Model) -> dict[str, Any]:
    """The document of the shipped model."""
    return openapi_document(model, limits=Limits())


def test_the_document_is_openapi(document: dict[str, Any], model: Model) -> None:
    """It is valid, with and without an API key."""
    validate(document)
    validate(openapi_document(model, limits=Limits(), with_key=True))


def test_every_field_is_described(document: dict[str, Any], model: Model) -> None:
    """Each field has its kind, unit, bounds and levels, and what the model uses an example."""
    fields = document["components"]["schemas"]["Row"]["properties"]
    assert list(fields) == [field.name for field in model.contract.fields]
    for field in model.contract.fields:
        described = fields[field.name]
        assert described["x-kind"] == field.kind
        assert described.get("unit") == field.unit
        if field.used and field.is_number:
            assert described.get("minimum") == field.minimum
            assert described.get("maximum") == field.maximum
        if field.used and field.is_category:
            levels = {*described.get("x-levels", ()), *described.get("enum", ())}
            assert levels >= {*field.coded_levels}


def test_a_key_is_asked_for_where_it_is_needed(model: Model) -> None:
    """With an API key, and only then, the operations that want it say so."""
    document = openapi_document(model, limits=Limits(), with_key=True)
    secured = {path for path, one in document["paths"].items() if "security" in str(one)}
    assert {"/api/v1/predict", "/invocations", "/metrics"} <= secured
    assert not {"/health/live", "/docs", "/ping"} & secured


@pytest.mark.parametrize("mode", list(GenerationMode), ids=str)
def test_schemathesis_finds_nothing_unexpected(model: Model, mode: GenerationMode) -> None:
    """What the document allows is answered as it says, and the rest is refused."""
    app = create_app(model, limits=Limits(rows=20, explained_rows=2))
    schema = schemathesis.openapi.from_asgi("/api/v1/openapi.json", app).exclude(path="/")
    tried = 0
    for result in schema.get_all_operations():
        operation = result.ok()
        if mode is GenerationMode.NEGATIVE and operation.method != "post":
            continue  # there is nothing to be wrong

        # no schema can say that lists have one length, nor what CSV is
        excluded = OF_BODIES if operation.path == "/invocations" else []

        @settings(max_examples=10, suppress_health_check=[*HealthCheck])
        @given(case=operation.as_strategy(generation_mode=mode))
        def validate_answer(case: Any) -> None:
            case.call_and_validate(excluded_checks=excluded)

        validate_answer()
        tried += 1
    assert tried > 2
