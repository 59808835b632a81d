"""The OpenAPI 3.1 document of the service, made from the contract of its model."""

from __future__ import annotations

from typing import Any

from ..runtime.model import Model
from ..runtime.problems import ERROR_CODES, WARNING_CODES
from .describing import schema_document
from .limits import Limits
from .state import Opened

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
                    "schema": {"type": "string"},
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
        operation = _operation("predictions", summary, _json_of(_ref("schemas", name)), _PREDICTED)
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

    text = {"schema": {"type": "string"}}
    page = {"text/html": text}
    health = _json_of(_ref("schemas", "Health"))
    ready = get("operation", "Whether there is a model to predict with", health)
    ready["get"]["responses"]["503"] = _ref("responses", "Refused503")
    return {
        "/api/v1/predict": rows("Predictions", "Predict rows", limits.rows),
        "/api/v1/explain": rows(
            "Explanations", "Explain the predictions of rows", limits.explained_rows
        ),
        "/api/v1/model": get("model", "Describe the model", _json_of(_ref("schemas", "Model"))),
        "/api/v1/schema": get(
            "model", "Describe the fields of a row", _json_of(_ref("schemas", "Schema"))
        ),
        "/api/v1/drift": get(
            "operation",
            "Whether recent rows differ from the training rows",
            _json_of(_ref("schemas", "Drift")),
        ),
        "/api/v1/openapi.json": get("model", "This document", _json_of({"type": "object"})),
        "/health/live": get("operation", "Whether the service answers", health),
        "/health/ready": ready,
        "/metrics": get("operation", "Metrics in the form of Prometheus", {"text/plain": text}),
        "/invocations": {"post": _invocations(example)},
        "/ping": get("mlflow", "Whether there is a model", {"text/plain": text}),
        "/version": get("mlflow", "Version of the service, as plain text", {"text/plain": text}),
        "/docs": get("pages", "This documentation as a page", page),
        "/": get("pages", "The form to fill in", page),
    }


def _operation(tag: str, summary: str, content: JSON, refused: tuple[str, ...] = ()) -> JSON:
    headers = {"X-Request-ID": _ref("headers", "RequestId")}
    responses: JSON = {"200": {"description": summary, "headers": headers, "content": content}}
    responses |= {code: _ref("responses", f"Refused{code}") for code in refused}
    return {"tags": [tag], "summary": summary, "responses": responses}


def _invocations(example: JSON) -> JSON:
    content = _json_of(_ref("schemas", "Invoked"))
    operation = _operation("mlflow", "Predict rows in a form of MLflow", content)
    refused = _json_of(_ref("schemas", "InvocationRefused"))
    for code, said in (("400", "Not of a form of MLflow"), ("413", "Too many rows or bytes")):
        operation["responses"][code] = {"description": said, "content": refused}
    text = {"text/plain": {"schema": {"type": "string"}}}
    operation["responses"]["415"] = {"description": "Another media type", "content": text}
    for code in ("408", "500", "503"):
        operation["responses"][code] = {"description": "As elsewhere", "content": refused}
    known = {name: value for name, value in example.items() if value is not None}
    header = ",".join(known)
    split = {"columns": [*known], "data": [[*known.values()]]}
    operation["requestBody"] = {
        "required": True,
        "content": {
            "application/json": {
                "schema": _ref("schemas", "Invocation"),
                "examples": {"split": {"value": {"dataframe_split": split}}},
            },
            "text/csv": {
                "schema": {"type": "string", "description": "A header, then a line for each row"},
                "examples": {"header": {"value": f"{header}\n"}},
            },
        },
    }
    return operation


def _schemas(model: Model, schema: JSON, limits: Limits) -> JSON:
    number = {"type": ["number", "null"]}
    names = {"type": "array", "items": {"type": "string"}}
    amounts = {"type": "object", "additionalProperties": {"type": "number"}}
    problems = {"type": "array", "items": _ref("schemas", "Problem")}
    of_row: JSON = {"prediction": number, "assumed": names, "problems": problems}
    identity = _typed(name={"type": "string"}, version={"type": "string"})
    anything: JSON = {"type": "object"}

    def answer(**of_result: Any) -> JSON:
        results = {"type": "array", "items": _typed(**of_row, **of_result)}
        return _typed(results=results, problems=problems, model=_ref("schemas", "Identity"))

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
        "Predictions": answer(lower=number, upper=number),
        "Explanations": answer(
            base=number, contributions=amounts, standard_errors=amounts, values=anything
        ),
        "Problem": _typed(
            field={"type": ["string", "null"]},
            code={"enum": [*ERROR_CODES, *WARNING_CODES]},
            message={"type": "string", "description": "What was received and what was expected"},
            severity={"enum": ["error", "warning"]},
        ),
        "Identity": identity,
        "Model": {
            **_typed(
                name={"type": "string"},
                version={"type": "string"},
                description={"type": ["string", "null"]},
                target=anything,
                interval=anything,
                metrics=anything,
                spread=anything,
                training=anything,
                sha256={"type": "string", "pattern": "^[0-9a-f]{64}$"},
            ),
            "examples": [{"name": model.name, "version": model.version}],
        },
        "Schema": _typed(
            row={**anything, "description": "JSON Schema of a row"},
            fields={"type": "array", "items": anything},
            example={**anything, "description": "A typical row"},
            target=anything,
            interval_level={"type": "number"},
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
                "dataframe_records": {"type": "array", "items": anything},
                "instances": {"type": "array", "items": anything},
                "inputs": {"anyOf": [{"type": "array", "items": anything}, anything]},
            },
        },
        "Invoked": _typed(predictions={"type": "array", "items": number}),
        "InvocationRefused": _typed(error_code={"type": "string"}, message={"type": "string"}),
        "Refusal": _typed(
            error=_typed(
                code={"type": "string"},
                message={"type": "string", "description": "What is wrong, and what to do"},
                request_id={"type": "string"},
            )
        ),
    }


def _drift() -> JSON:
    fields = {"type": "array", "items": _ref("schemas", "Compared")}
    anything: JSON = {"type": "object"}
    count, share = {"type": "integer", "minimum": 0}, {"type": "number"}
    drift = _typed(
        drift={"type": "boolean"},
        model=anything,
        target=anything,
        source={"type": "string"},
        training_rows=count,
        settings=anything,
        notes={"type": "array", "items": {"type": "string"}},
        workers={**count, "description": "Whose rows these are"},
        rows={**count, "description": "10,000 to 20,000 of each worker, or all since the start"},
        refused=count,
        significance=share,
        fields_drifted=count,
        fields_tested=count,
        fields=fields,
        predictions=_ref("schemas", "Compared"),
        refusals=_ref("schemas", "Compared"),
    )
    return {**drift, "description": "Recent rows beside the training rows"}


def _compared() -> JSON:
    verdicts = ["drift", "no drift", "too few rows", "not tested", "ignored"]
    tests = {"type": "array", "items": {"type": "object"}}
    return _typed(
        name={"type": "string"},
        kind={"type": "string"},
        verdict={"enum": verdicts},
        why={"type": "string", "description": "Why nothing was tested"},
        tests=tests,
        psi={"type": ["number", "null"], "description": "From 300 rows on"},
        rows={"type": "integer"},
        rates={"type": "object", "additionalProperties": {"type": "number"}},
        training_missing={"type": ["number", "null"]},
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
        group, meanings = getattr(field, "group", None), getattr(field, "meanings", None)
        if group:
            described["x-group"] = group
        if meanings:
            known = field.levels
            pairs = meanings if isinstance(meanings, dict) else zip(known, meanings, strict=False)
            described["x-meanings"] = dict(pairs)
    return row


def _typed(**properties: JSON) -> JSON:
    return {"type": "object", "properties": properties, "required": [*properties]}


def _json_of(schema: JSON) -> JSON:
    return {"application/json": {"schema": schema}}


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
