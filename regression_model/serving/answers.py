"""Predictions and explanations as JSON, all rows of an answer at once."""

from __future__ import annotations

from collections import Counter
from typing import Any

import numpy as np
import orjson

from ..runtime.prediction import Prediction, plain
from ..runtime.problems import Problem
from .state import Opened

__all__ = ["Answer", "explain_rows", "predict_rows"]


class Answer:
    """The body of an answer, and what the log and the metrics count of it."""

    __slots__ = ("body", "failed", "problems", "rows")

    def __init__(self, body: bytes, prediction: Prediction) -> None:
        self.body, self.rows, self.failed = body, len(prediction), 0
        self.problems: dict[str, int] = {}
        if prediction.findings:
            self.failed = int(np.isnan(prediction.values).sum())
            counts: Counter[str] = Counter()
            for one in prediction.findings:
                counts[one.code] += 1 if one.rows is None else len(one.rows)
            self.problems = counts


def predict_rows(opened: Opened, rows: list[Any]) -> Answer:
    """Predict rows, each of which gets a result whatever is wrong with it."""
    prediction = opened.model.predict(rows)
    results = [
        {"prediction": value, "lower": low, "upper": high, "assumed": names, "problems": []}
        for value, low, high, names in zip(
            plain(prediction.values),
            plain(prediction.lower),
            plain(prediction.upper),
            _assumed(opened, prediction),
            strict=True,
        )
    ]
    return Answer(_body(opened, results, prediction), prediction)


def explain_rows(opened: Opened, rows: list[Any]) -> Answer:
    """Explain the predictions of rows."""
    prediction = opened.model.predict(rows)
    results: list[dict[str, Any]] = []
    explained = opened.model.explain_rows(prediction, range(len(prediction)))
    for value, one in zip(plain(prediction.values), explained, strict=True):
        results.append(
            {
                "prediction": value,
                "base": one and one.base,
                "contributions": one.contributions if one else {},
                "standard_errors": one.standard_errors if one else {},
                "values": one.values if one else {},
                "assumed": list(one.assumed) if one else [],
                "problems": [],
            }
        )
    return Answer(_body(opened, results, prediction), prediction)


def _body(opened: Opened, results: list[dict[str, Any]], prediction: Prediction) -> bytes:
    of_all = []
    if prediction.findings:
        for problem in prediction.reported:
            if problem.row is None:
                of_all.append(_plain(problem))
            else:
                results[problem.row]["problems"].append(_plain(problem))
    return orjson.dumps({"results": results, "problems": of_all, "model": opened.identity})


def _plain(problem: Problem) -> dict[str, Any]:
    return {
        "field": problem.field,
        "code": problem.code,
        "message": problem.message,
        "severity": problem.severity,
    }


def _assumed(opened: Opened, prediction: Prediction) -> list[list[str]]:
    """Return the names of the fields that were missing and filled, for each row."""
    names: list[list[str]] = [[] for _ in range(len(prediction))]
    checked = prediction.checked
    missing = np.concatenate(
        [np.isnan(checked.numbers), checked.codes == opened.missing_codes], axis=1
    )[:, opened.order]
    if prediction.findings:
        missing &= ~np.isnan(prediction.values)[:, None]
    of = opened.names
    for row, field in zip(*map(np.ndarray.tolist, missing.nonzero()), strict=True):
        names[row].append(of[field])
    return names
