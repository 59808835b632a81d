"""One call from rows to prices."""

from __future__ import annotations

import json
from typing import Any, TypedDict

from .model import load_model, plain

__all__ = ["PredictionResult", "make_prediction"]


class PredictionResult(TypedDict):
    """What `make_prediction` returns."""

    predictions: list[float | None]
    version: str
    errors: str | None


def make_prediction(*, input_data: Any) -> PredictionResult:
    """Predict with the shipped model.

    Parameters
    ----------
    input_data : list of dicts, dict of columns or of scalars, or a pandas, polars or pyarrow table

    Returns
    -------
    dict
        `predictions`: one float a row, None for a row with an error; `version`: of the model;
        `errors`: None, or a JSON text, a list of objects with row, field, code, message, severity.

    Raises
    ------
    InputError
        When `input_data` as a whole cannot be read as rows.
    ModelFileError
        When the package holds no usable model file.
    """
    prediction = load_model().predict(input_data)
    errors = [problem.to_dict() for problem in prediction.errors] if prediction.findings else []
    return {
        "predictions": plain(prediction.values),
        "version": prediction.version,
        "errors": json.dumps(errors) if errors else None,
    }
