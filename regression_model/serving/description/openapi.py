"""The OpenAPI 3.1 document of the service, made from the contract of its model."""

from __future__ import annotations

from typing import Any, get_args

from ...monitoring.results import Verdict
from ...runtime.model import Model
from ...runtime.problems import ERROR_CODES, WARNING_CODES
from ..http.limits import Limits
from ..state import Opened
from .describing import OF_MANIFEST, schema_document

__all__ = ["openapi_document"]

JSON = dict[str, Any]

_REQUEST_ID = {
    "description": "The request's own, if it sent up to 64 of the characters A-Z a-z 0-9 . _ -",
    "schema": {"type": "string"},
}
_REFUSALS = {
    "401": ("no_key", "This service needs an API key: send it as X-API-Key: KEY."),
    "405": ("method_not_allowed", "/api/v1/predict takes POST, not PUT."),
    "408": ("too_slow", "The body was not received within 30 seconds: send it faster."),
    "413": ("too_many_rows", "The body has 20,000 rows, and 10,000 are the most for one request."),
    "415": ("unsupported_media_type", "The body has a Content-Encoding: send it as it is."),
    "422": ("not_that_form", 'The body is a list: expected {"inputs": [{field: value, ...}, ...]}'),
    "500": ("internal", "The service failed: its log says why, by this id."),
    "503": ("too_busy", "Too many large requests wait already: try again in a second."),
}
_PREDICTED = ("408", "413", "415", "422", "500", "503")

_TEXT: JSON = {"type": "string"}
_TEXT_OR_NULL: JSON = {"type": ["string", "null"]}
_NUMBER: JSON = {"type": "number"}
_NUMBER_OR_NULL: JSON = {"type": ["number", "null"]}
_COUNT: JSON = {"type": "integer", "minimum": 0}
_ANYTHING: JSON = {"type": "object"}


def openapi_document(model: Model, *, limits: Limits, with_key: bool = False) -> JSON:
    """Return the OpenAPI document.

    Parameters
    ----------
    with_key : whether the service wants an API key
    """
    schema = schema_document(Opened(model), limits)
    example = schema["example"]
    body = {"inputs": [{k: value for k, value in example.items() if value is not None}]}
    document: JSON = {
        "openapi": "3.1.0",
        "info": {
            "title": model.name,
            "version": model.version,
            "description": model.manifest["description"] or f"Predicts {model.contract.target}.",
        },
        "servers": [{"url": "/"}],
        "tags": [
            {"name": "predictions", "description": "Rows in, one result for each out, in order"},
            {"name": "model", "description": "What answers, and what it expects"},
            {"name": "operation", "description": "For those who run the service"},
            {"name": "mlflow", "description": "As MLflow's scoring server"},
            {"name": "pages", "description": "For people"},
        ],
        "paths": _paths(body, limits, example),
        "components": {
            "schemas": _schemas(model, schema, limits),
            "responses": {f"Refused{code}": _refusal(*said) for code, said in _REFUSALS.items()},
            "parameters": {
                "RequestId": {
                    "name": "X-Request-ID",
                    "in": "header",
                    "description": "Comes back with the answer; in the log of the service",
                    "schema": _TEXT,
                }
            },
            "headers": {"RequestId": _REQUEST_ID},
            "securitySchemes": {
                "key": {"type": "apiKey", "in": "header", "name": "X-API-Key"},
                "bearer": {"type": "http", "scheme": "bearer"},
            },
        },
    }
    for path, operations in document["paths"].items():
        for operation in operations.values():
            operation["parameters"] = [{"$ref": "#/components/parameters/RequestId"}]
            if with_key and path.startswith(("/api/", "/invocations", "/metrics")):
                operation["security"] = [{"key": []}, {"bearer": []}]
                operation["responses"].setdefault("401", _ref("responses", "Refused401"))
    return document


def _paths(body: JSON, limits: Limits, example: JSON) -> JSON:
    def rows(name: str, summary: str, most: int) -> JSON:
        operation = _operation("predictions", summary, _json_of(name), _PREDICTED)
        operation["description"] = (
            f"At most {most:,} rows and {limits.body_bytes:,} bytes. A row in error has null in "
            "the place of its numbers, and its problems say why; the other rows are not affected."
        )
        schema = _ref("schemas", f"{name}Request")
        content = {"schema": schema, "examples": {"typical": {"value": body}}}
        operation["requestBody"] = {"required": True, "content": {"application/json": content}}
        return {"post": operation}

    def get(tag: str, summary: str, content: JSON) -> JSON:
        return {"get": _operation(tag, summary, content)}

    text, page = {"text/plain": {"schema": _TEXT}}, {"text/html": {"schema": _TEXT}}
    health, drift = _json_of("Health"), "Whether recent rows differ from the training rows"
    explained = rows("Explanations", "Explain the predictions of rows", limits.explained_rows)
    ready = get("operation", "Whether there is a model to predict with", health)
    ready["get"]["responses"]["503"] = _ref("responses", "Refused503")
    return {
        "/api/v1/predict": rows("Predictions", "Predict rows", limits.rows),
        "/api/v1/explain": explained,
        "/api/v1/model": get("model", "Describe the model", _json_of("Model")),
        "/api/v1/schema": get("model", "Describe the fields of a row", _json_of("Schema")),
        "/api/v1/drift": get("operation", drift, _json_of("Drift")),
        "/api/v1/openapi.json": get("model", "This document", _json_of(_ANYTHING)),
        "/health/live": get("operation", "Whether the service answers", health),
        "/health/ready": ready,
        "/metrics": get("operation", "Metrics in the form of Prometheus", text),
        "/invocations": {"post": _invocations(example)},
        "/ping": get("mlflow", "Whether there is a model", text),
        "/version": get("mlflow", "Version of the service, as plain text", text),
        "/docs": get("pages", "This documentation as a page", page),
        "/": get("pages", "The form to fill in", page),
    }


def _operation(tag: str, summary: str, content: JSON, refused: tuple[str, ...] = ()) -> JSON:
    headers = {"X-Request-ID": _ref("headers", "RequestId")}
    responses: JSON = {"200": {"description": summary, "headers": headers, "content": content}}
    responses |= {code: _ref("responses", f"Refused{code}") for code in refused}
    return {"tags": [tag], "summary": summary, "responses": responses}


def _invocations(example: JSON) -> JSON:
    operation = _operation("mlflow", "Predict rows in a form of MLflow", _json_of("Invoked"))
    refused = _json_of("InvocationRefused")
    for code, said, content in (
        ("400", "Not of a form of MLflow", refused),
        ("413", "Too many rows or bytes", refused),
        ("415", "Another media type", {"text/plain": {"schema": _TEXT}}),
        ("408", "As elsewhere", refused),
        ("500", "As elsewhere", refused),
        ("503", "As elsewhere", refused),
    ):
        operation["responses"][code] = {"description": said, "content": content}
    known = {name: value for name, value in example.items() if value is not None}
    split = {"columns": [*known], "data": [[*known.values()]]}
    operation["requestBody"] = {
        "required": True,
        "content": {
            "application/json": {
                "schema": _ref("schemas", "Invocation"),
                "examples": {"split": {"value": {"dataframe_split": split}}},
            },
            "text/csv": {
                "schema": {**_TEXT, "description": "A header, then a line for each row"},
                "examples": {"header": {"value": f"{','.join(known)}\n"}},
            },
        },
    }
    return operation


def _schemas(model: Model, schema: JSON, limits: Limits) -> JSON:
    amounts = {"type": "object", "additionalProperties": _NUMBER}
    names, problems = _list_of(_TEXT), _list_of(_ref("schemas", "Problem"))

    def answer(**of_result: Any) -> JSON:
        row = _typed(prediction=_NUMBER_OR_NULL, assumed=names, problems=problems, **of_result)
        return _typed(results=_list_of(row), problems=problems, model=_ref("schemas", "Identity"))

    def request(most: int) -> JSON:
        items = {"anyOf": [_ref("schemas", "Row"), _ref("schemas", "AnotherRow")]}
        inputs = {"type": "array", "maxItems": most, "items": items}
        return {**_typed(inputs=inputs), "additionalProperties": False}

    return {
        "Row": _row(model, schema),
        "AnotherRow": {
            "description": "Any other value is accepted too, and its result has problems. The "
            "texts of numbers, null for what is missing and the other names of a field are read "
            "as what they stand for."
        },
        "PredictionsRequest": request(limits.rows),
        "ExplanationsRequest": request(limits.explained_rows),
        "Predictions": answer(lower=_NUMBER_OR_NULL, upper=_NUMBER_OR_NULL),
        "Explanations": answer(
            base=_NUMBER_OR_NULL, contributions=amounts, standard_errors=amounts, values=_ANYTHING
        ),
        "Problem": _typed(
            field=_TEXT_OR_NULL,
            code={"enum": [*ERROR_CODES, *WARNING_CODES]},
            message={**_TEXT, "description": "What was received and what was expected"},
            severity={"enum": ["error", "warning"]},
        ),
        "Identity": _typed(name=_TEXT, version=_TEXT),
        "Model": {
            **_typed(
                name=_TEXT,
                version=_TEXT,
                description=_TEXT_OR_NULL,
                **dict.fromkeys(OF_MANIFEST, _ANYTHING),
                sha256={**_TEXT, "pattern": "^[0-9a-f]{64}$"},
            ),
            "examples": [{"name": model.name, "version": model.version}],
        },
        "Schema": _typed(
            row={**_ANYTHING, "description": "JSON Schema of a row"},
            fields=_list_of(_ANYTHING),
            example={**_ANYTHING, "description": "A typical row"},
            target=_ANYTHING,
            interval_level=_NUMBER,
            limits={"type": "object", "additionalProperties": {"type": "integer"}},
        ),
        "Drift": _drift(),
        "Compared": _compared(),
        "Health": {
            "type": "object",
            "properties": {"status": {"const": "ok"}, "model": _ref("schemas", "Identity")},
            "required": ["status"],
        },
        "Invocation": {
            "oneOf": [
                {"type": "object", "required": [form], "title": form}
                for form in ("dataframe_split", "dataframe_records", "instances", "inputs")
            ],
            "properties": {
                "dataframe_split": {
                    "type": "object",
                    "properties": {"columns": names, "data": {"type": "array"}},
                    "required": ["columns", "data"],
                },
                "dataframe_records": _list_of(_ANYTHING),
                "instances": _list_of(_ANYTHING),
                "inputs": {"anyOf": [_list_of(_ANYTHING), _ANYTHING]},
            },
        },
        "Invoked": _typed(predictions=_list_of(_NUMBER_OR_NULL)),
        "InvocationRefused": _typed(error_code=_TEXT, message=_TEXT),
        "Refusal": _typed(
            error=_typed(
                code=_TEXT,
                message={**_TEXT, "description": "What is wrong, and what to do"},
                request_id=_TEXT,
            )
        ),
    }


def _drift() -> JSON:
    compared = _ref("schemas", "Compared")
    drift = _typed(
        drift={"type": "boolean"},
        model=_ANYTHING,
        target=_ANYTHING,
        source=_TEXT,
        training_rows=_COUNT,
        settings=_ANYTHING,
        notes=_list_of(_TEXT),
        workers={**_COUNT, "description": "Whose rows these are"},
        rows={**_COUNT, "description": "10,000 to 20,000 of each worker, or all since the start"},
        refused=_COUNT,
        significance=_NUMBER,
        fields_drifted=_COUNT,
        fields_tested=_COUNT,
        fields=_list_of(compared),
        predictions=compared,
        refusals=compared,
    )
    return {**drift, "description": "Recent rows beside the training rows"}


def _compared() -> JSON:
    return _typed(
        name=_TEXT,
        kind=_TEXT,
        verdict={"enum": [*get_args(Verdict)]},
        why={**_TEXT, "description": "Why nothing was tested"},
        tests=_list_of(_ANYTHING),
        psi={**_NUMBER_OR_NULL, "description": "From 300 rows on"},
        rows={"type": "integer"},
        rates={"type": "object", "additionalProperties": _NUMBER},
        training_missing=_NUMBER_OR_NULL,
        distributions={"type": ["object", "null"]},
    )


def _row(model: Model, schema: JSON) -> JSON:
    """The schema of a row, with what OpenAPI has no keyword for as `x-` keywords."""
    row = {**schema["row"], "description": "A row that is predicted without an error"}
    del row["$schema"]
    for field in model.contract.fields:
        described = row["properties"][field.name]
        typical = schema["example"].get(field.name)
        if levels := described.pop("examples", []):
            described["x-levels"] = levels
        if typical is not None:
            described["examples"] = [typical]
        described["x-kind"], described["x-used"] = field.kind, field.used
        if field.group:
            described["x-group"] = field.group
        if field.meanings:
            described["x-meanings"] = dict(zip(field.levels, field.meanings, strict=False))
    return row


def _typed(**properties: JSON) -> JSON:
    return {"type": "object", "properties": properties, "required": [*properties]}


def _list_of(items: JSON) -> JSON:
    return {"type": "array", "items": items}


def _json_of(schema: JSON | str) -> JSON:
    """Return the content of an answer: of a schema, or of one that is given by its name."""
    found = _ref("schemas", schema) if isinstance(schema, str) else schema
    return {"application/json": {"schema": found}}


def _ref(kind: str, name: str) -> JSON:
    return {"$ref": f"#/components/{kind}/{name}"}


def _refusal(code: str, message: str) -> JSON:
    error = {"code": code, "message": message, "request_id": "9f2c-1"}
    content = {"schema": _ref("schemas", "Refusal"), "example": {"error": error}}
    return {
        "description": message,
        "headers": {"X-Request-ID": _ref("headers", "RequestId")},
        "content": {"application/json": content},
    }
