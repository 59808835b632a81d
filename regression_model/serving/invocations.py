"""The form of MLflow's scoring server, so that its clients work unchanged.

It differs where a name is needed (columns and arrays without names are refused), in Parquet, which
is refused, and in a row in error, which has null in its place.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from io import BytesIO
from typing import Any, NamedTuple

import numpy as np
import orjson

from .. import __version__
from ..errors import InputError, RegressionModelError
from ..files.tables import read_csv
from ..runtime.model import Model
from ..runtime.prediction import Prediction

__all__ = [
    "InvocationAnswer",
    "InvocationError",
    "answer_invocation",
    "answer_ping",
    "answer_version",
    "read_invocation",
    "refusal",
]

_JSON, _TEXT = b"application/json", b"text/plain; charset=utf-8"

_FORMS = ("dataframe_split", "dataframe_records", "instances", "inputs")
_CODES = {400: "BAD_REQUEST", 401: "UNAUTHENTICATED", 413: "REQUEST_LIMIT_EXCEEDED"}
_NOT_A_NUMBER = (b"NaN", b"Infinity")  # Python's json and so MLflow's clients write them


class InvocationError(RegressionModelError):
    """Raised when a body has none of the forms that MLflow's scoring server accepts.

    Attributes
    ----------
    status : 400, 413 for too many rows, or 415 for another media type
    """

    def __init__(self, message: str, *, status: int = 400) -> None:
        super().__init__(message)
        self.status = status


class InvocationAnswer(NamedTuple):
    """What is sent back, and how many rows it answers."""

    body: bytes
    status: int = 200
    media_type: bytes = _JSON
    rows: int = 0
    failed: int = 0


def answer_invocation(
    model: Model,
    body: bytes,
    content_type: str | None,
    *,
    most_rows: int | None = None,
    seen: Callable[[Prediction], object] | None = None,
) -> InvocationAnswer:
    """Predict the rows of a body and answer as MLflow does: `{"predictions": [...]}`.

    Parameters
    ----------
    seen : is given the prediction
    """
    try:
        rows = read_invocation(body, content_type, most_rows=most_rows)
        prediction = model.predict(rows)
    except InvocationError as error:
        return refusal(str(error), error.status)
    except InputError as error:
        return refusal(str(error), 400)
    values = prediction.values
    if seen is not None:
        seen(prediction)
    # NaN, which stands for a row in error, becomes null
    content = orjson.dumps({"predictions": values}, option=orjson.OPT_SERIALIZE_NUMPY)
    return InvocationAnswer(content, rows=len(values), failed=int(np.isnan(values).sum()))


def answer_ping(model: Model | None) -> InvocationAnswer:
    """Answer 200 when there is a model to predict with, and else 404, as MLflow does."""
    return InvocationAnswer(b"\n", 404 if model is None else 200, _TEXT)


def answer_version() -> InvocationAnswer:
    """Answer the version of this package, where MLflow answers its own."""
    return InvocationAnswer(__version__.encode(), media_type=_TEXT)


def refusal(message: str, status: int) -> InvocationAnswer:
    """Return a refusal in MLflow's form: a text for another media type, and else JSON."""
    if status == 415:
        return InvocationAnswer(message.encode(), status, _TEXT)
    code = _CODES.get(status, "INTERNAL_ERROR" if status == 500 else "TEMPORARILY_UNAVAILABLE")
    return InvocationAnswer(orjson.dumps({"error_code": code, "message": message}), status)


def read_invocation(body: bytes, content_type: str | None, *, most_rows: int | None = None) -> Any:
    """Return the rows of a body, as `Model.predict` takes them.

    Raises
    ------
    InvocationError
        When the media type or the form is none of those that MLflow accepts, or there are more than
        `most_rows` rows.
    """
    if _media_type(content_type) == "text/csv":
        try:
            rows: Any = read_csv(BytesIO(body), name="The body")
        except InputError as error:
            raise InvocationError(str(error)) from None
    else:
        rows = _rows_of_json(_decoded(body))
    count = _number_of_rows(rows)
    if most_rows is not None and count > most_rows:
        raise InvocationError(
            f"The request has {count:,} rows, and the maximum is {most_rows:,}: send several "
            "requests.",
            status=413,
        )
    return rows


def _media_type(content_type: str | None) -> str:
    media_type, *parameters = (part.strip().lower() for part in (content_type or "").split(";"))
    if media_type not in ("text/csv", "application/json"):
        received = f"not {media_type[:100]!r}" if media_type else "and there is none"
        raise InvocationError(
            f"The Content-Type must be application/json or text/csv, {received}.", status=415
        )
    for name, _, value in (parameter.partition("=") for parameter in parameters if parameter):
        if name != "charset" or value.strip("\"'") not in ("utf-8", "utf8"):
            raise InvocationError(
                f"The Content-Type has {name[:50]}={value[:50]}: the only parameter allowed is "
                "charset=utf-8.",
                status=415,
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
    raise InvocationError(f"The body is not JSON: {reason.rstrip('.')}.")


def _rows_of_json(body: Any) -> Any:
    forms = [form for form in _FORMS if form in body] if isinstance(body, dict) else []
    if len(forms) != 1:
        raise InvocationError(
            f"The body must be a JSON object with exactly one of {', '.join(_FORMS)}."
        )
    (form,) = forms
    rows = body[form]  # what stands beside it, such as params, changes nothing: as in MLflow
    if form == "dataframe_split":
        return _columns_of_split(rows)
    if form == "inputs" and isinstance(rows, dict):
        return rows
    if not isinstance(rows, list):
        kinds = "a list of records or an object of columns" if form == "inputs" else "a list"
        raise InvocationError(f"{form} must be {kinds}, not {_kind(rows)}.")
    for at, row in enumerate(rows):
        if not isinstance(row, dict):
            raise InvocationError(
                f"{form}[{at}] is {_kind(row)}: expected an object of field names and values."
            )
    return rows


def _columns_of_split(split: Any) -> Any:
    if not isinstance(split, dict) or not {"columns", "data"} <= split.keys():
        raise InvocationError("dataframe_split must be an object with columns and data.")
    if unknown := split.keys() - {"columns", "data", "index"}:
        raise InvocationError(
            f"dataframe_split has {min(unknown)[:100]!r}: expected columns, data and index only."
        )
    columns, data = split["columns"], split["data"]
    if not isinstance(columns, list) or not all(isinstance(name, str) for name in columns):
        raise InvocationError("The columns of dataframe_split must be a list of field names.")
    if len(set(columns)) < len(columns):
        twice = next(name for at, name in enumerate(columns) if name in columns[:at])
        raise InvocationError(f"dataframe_split has the column {twice[:100]!r} twice.")
    if not isinstance(data, list):
        raise InvocationError(f"The data of dataframe_split must be a list, not {_kind(data)}.")
    for at, cells in enumerate(data):
        if not isinstance(cells, list) or len(cells) != len(columns):
            found = f"{len(cells)} values" if isinstance(cells, list) else _kind(cells)
            raise InvocationError(
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


def _kind(value: Any) -> str:
    kinds = {dict: "an object", list: "a list", str: "a text", bool: "true or false"}
    return "null" if value is None else kinds.get(type(value), "a number")
