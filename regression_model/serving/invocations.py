"""The form of MLflow's scoring server, so that its clients work unchanged.

It differs where a name is needed (columns and arrays without names are refused), in Parquet, which
is refused, and in a row in error, which has null in its place.
"""

from __future__ import annotations

import json
from io import BytesIO
from typing import Any

import numpy as np
import orjson

from .. import __version__
from ..errors import InputError
from ..files.tables import read_csv
from ..runtime.model import Model
from ..runtime.prediction import Prediction
from .http.bodies import kind_of
from .http.calls import TEXT, Call, Endpoint, Reply
from .http.limits import Refusal

__all__ = ["ENDPOINTS", "predict_invocation", "read_invocation", "refused"]

_BYTES_AT_ONCE = 128 * 1024  # larger bodies are answered in a thread
_FORMS = ("dataframe_split", "dataframe_records", "instances", "inputs")
_CODES = {
    400: "BAD_REQUEST",
    401: "UNAUTHENTICATED",
    413: "REQUEST_LIMIT_EXCEEDED",
    500: "INTERNAL_ERROR",
}
_NOT_A_NUMBER = (b"NaN", b"Infinity")  # Python's json and so MLflow's clients write them


async def _invocations(call: Call) -> Reply:
    body, service = await call.body(), call.service
    opened, most = service.state.current, service.limits.rows
    types = [value for key, value in call.scope["headers"] if key == b"content-type"]
    media_type = types[0].decode("latin-1") if types else None

    def work() -> tuple[bytes, Prediction]:
        prediction = predict_invocation(opened.model, body, media_type, most_rows=most)
        opened.recent.add(prediction)
        # NaN, which stands for a row in error, becomes null
        content = {"predictions": prediction.values}
        return orjson.dumps(content, option=orjson.OPT_SERIALIZE_NUMPY), prediction

    small = len(body) <= _BYTES_AT_ONCE
    content, prediction = work() if small else await service.in_thread(work)
    call.rows, call.failed = len(prediction), int(np.isnan(prediction.values).sum())
    return Reply(content)


async def _ping(call: Call) -> Reply:
    return Reply(b"\n", media_type=TEXT)


async def _version(call: Call) -> Reply:
    """Answer the version of this package, where MLflow answers its own."""
    return Reply(__version__.encode(), media_type=TEXT)


def refused(refusal: Refusal, request_id: str) -> Reply:
    """Return a refusal in MLflow's form: a text for another media type, and else JSON."""
    message, status = refusal.message, refusal.status
    if status == 415:
        return Reply(message.encode(), status, TEXT, refusal.headers)
    error = {"error_code": _CODES.get(status, "TEMPORARILY_UNAVAILABLE"), "message": message}
    return Reply(orjson.dumps(error), status, headers=refusal.headers)


ENDPOINTS = {
    "/invocations": Endpoint("invocations", _invocations, ("POST",), on_error=refused),
    "/ping": Endpoint("ping", _ping, needs_key=False),
    "/version": Endpoint("version", _version, needs_key=False),
}


def predict_invocation(
    model: Model, body: bytes, content_type: str | None, *, most_rows: int | None = None
) -> Prediction:
    """Predict the rows of a body.

    Raises
    ------
    Refusal
        As `read_invocation`, and when the rows cannot be predicted.
    """
    rows = read_invocation(body, content_type, most_rows=most_rows)
    try:
        return model.predict(rows)
    except InputError as error:
        raise Refusal("bad_request", str(error)) from None


def read_invocation(body: bytes, content_type: str | None, *, most_rows: int | None = None) -> Any:
    """Return the rows of a body, as `Model.predict` takes them.

    Raises
    ------
    Refusal
        When the media type or the form is none of those that MLflow accepts, or there are more than
        `most_rows` rows.
    """
    is_csv = _media_type(content_type) == "text/csv"
    try:
        rows = read_csv(BytesIO(body), name="The body") if is_csv else _rows_of_json(_decoded(body))
    except InputError as error:
        raise Refusal("bad_request", str(error)) from None
    count = _number_of_rows(rows)
    if most_rows is not None and count > most_rows:
        raise Refusal(
            "too_many_rows",
            f"The request has {count:,} rows, and the maximum is {most_rows:,}: send several "
            "requests.",
        )
    return rows


def _media_type(content_type: str | None) -> str:
    media_type, *parameters = (part.strip().lower() for part in (content_type or "").split(";"))
    if media_type not in ("text/csv", "application/json"):
        received = f"not {media_type[:100]!r}" if media_type else "and there is none"
        raise Refusal(
            "unsupported_media_type",
            f"The Content-Type must be application/json or text/csv, {received}.",
        )
    for name, _, value in (parameter.partition("=") for parameter in parameters if parameter):
        if name != "charset" or value.strip("\"'") not in ("utf-8", "utf8"):
            raise Refusal(
                "unsupported_media_type",
                f"The Content-Type has {name[:50]}={value[:50]}: the only parameter allowed is "
                "charset=utf-8.",
            )
    return media_type


def _decoded(body: bytes) -> Any:
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError as error:
        reason = error.msg
    if any(word in body for word in _NOT_A_NUMBER):
        try:
            return json.loads(body)
        except (ValueError, RecursionError) as error:
            reason = str(error)
    raise InputError(f"The body is not JSON: {reason.rstrip('.')}.")


def _rows_of_json(body: Any) -> Any:
    forms = [form for form in _FORMS if form in body] if isinstance(body, dict) else []
    if len(forms) != 1:
        raise InputError(f"The body must be a JSON object with exactly one of {', '.join(_FORMS)}.")
    (form,) = forms
    rows = body[form]  # what stands beside it, such as params, changes nothing: as in MLflow
    if form == "dataframe_split":
        return _columns_of_split(rows)
    if form == "inputs" and isinstance(rows, dict):
        return rows
    if not isinstance(rows, list):
        kinds = "a list of records or an object of columns" if form == "inputs" else "a list"
        raise InputError(f"{form} must be {kinds}, not {kind_of(rows)}.")
    for at, row in enumerate(rows):
        if not isinstance(row, dict):
            raise InputError(
                f"{form}[{at}] is {kind_of(row)}: expected an object of field names and values."
            )
    return rows


def _columns_of_split(split: Any) -> Any:
    if not isinstance(split, dict) or not {"columns", "data"} <= split.keys():
        raise InputError("dataframe_split must be an object with columns and data.")
    if unknown := split.keys() - {"columns", "data", "index"}:
        raise InputError(
            f"dataframe_split has {min(unknown)[:100]!r}: expected columns, data and index only."
        )
    columns, data = split["columns"], split["data"]
    if not isinstance(columns, list) or not all(isinstance(name, str) for name in columns):
        raise InputError("The columns of dataframe_split must be a list of field names.")
    if len(set(columns)) < len(columns):
        twice = next(name for at, name in enumerate(columns) if name in columns[:at])
        raise InputError(f"dataframe_split has the column {twice[:100]!r} twice.")
    if not isinstance(data, list):
        raise InputError(f"The data of dataframe_split must be a list, not {kind_of(data)}.")
    for at, cells in enumerate(data):
        if not isinstance(cells, list) or len(cells) != len(columns):
            found = f"{len(cells)} values" if isinstance(cells, list) else kind_of(cells)
            raise InputError(
                f"dataframe_split.data[{at}] is {found}: expected a list of {len(columns)} values, "
                "one for each column."
            )
    if not columns:
        return [{} for _ in data]
    cells_of = map(list, zip(*data, strict=True)) if data else ([] for _ in columns)
    return dict(zip(columns, cells_of, strict=True))


def _number_of_rows(rows: Any) -> int:
    if not isinstance(rows, dict):
        return len(rows)
    lists = [len(cells) for cells in rows.values() if isinstance(cells, list)]
    return max(lists, default=1)
