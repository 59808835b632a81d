"""One call from rows to predictions."""

from __future__ import annotations

import json
from typing import Any, TypedDict

from .runtime.model import Model, load_model
from .runtime.prediction import plain
from .runtime.problems import Problem

__all__ = ["PredictionResult", "make_prediction"]


class PredictionResult(TypedDict):
    """What `make_prediction` returns."""

    predictions: list[float | None]
    version: str
    errors: str | None
    warnings: str | None
    lower: list[float | None]
    upper: list[float | None]


def make_prediction(*, input_data: Any, model: Model | None = None) -> PredictionResult:
    """Predict with the shipped model, or with another one.

    Parameters
    ----------
    input_data : list of dicts, dict of columns or of scalars, or a pandas, polars or pyarrow table
    model : as `load_model` returns it; without it, the shipped one

    Returns
    -------
    dict
        `predictions`: one float a row, None for a row with an error; `version`: of the model;
        `errors`: None, or a JSON text, a list of objects with row, field, code, message, severity;
        `warnings`: the same of rows that have a prediction; `lower`, `upper`: the interval ends.
        After 20,000 problems there is one for each further row, an error if it has one.

    Raises
    ------
    InputError
        When `input_data` as a whole cannot be read as rows.
    ModelFileError
        When the package holds no usable model file.
    """
    prediction = (load_model() if model is None else model).predict(input_data)
    reported = prediction.reported
    return {
        "predictions": plain(prediction.values),
        "version": prediction.version,
        "errors": _as_json([p for p in reported if p.severity == "error"]),
        "warnings": _as_json([p for p in reported if p.severity == "warning"]),
        "lower": plain(prediction.lower),
        "upper": plain(prediction.upper),
    }


def _as_json(problems: list[Problem]) -> str | None:
    return json.dumps([problem.to_dict() for problem in problems]) if problems else None
