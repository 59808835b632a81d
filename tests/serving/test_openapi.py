"""The OpenAPI document says what the service does, and schemathesis finds no difference."""

from __future__ import annotations

from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, settings
from openapi_spec_validator import validate

from regression_model import Model
from regression_model.serving import Limits, create_app
from regression_model.serving.openapi import openapi_document


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


APP_LIMITS = Limits(rows=20, explained_rows=2)


@pytest.fixture(scope="module")
def described(model: Model) -> Any:
    """The service, as schemathesis reads its document."""
    app = create_app(model, limits=APP_LIMITS)
    return schemathesis.openapi.from_asgi("/api/v1/openapi.json", app).exclude(path="/")


schema = schemathesis.pytest.from_fixture("described")


@schema.parametrize()
@settings(
    max_examples=10, deadline=None, derandomize=True, suppress_health_check=[*HealthCheck]
)
def test_schemathesis_finds_nothing_unexpected(case: Any) -> None:
    """What the document allows is answered as it says, and the rest is refused."""
    case.call_and_validate()
