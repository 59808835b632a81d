"""Predictions and explanations as JSON, all rows of an answer at once."""

from __future__ import annotations

from collections import Counter
from itertools import islice
from typing import Any

import numpy as np
import orjson

from ..runtime.prediction import Prediction, plain
from ..runtime.problems import Problem
from .state import Opened

__all__ = ["Answer", "explain_rows", "predict_rows", "predict_separately"]


class Answer:
    """The body of an answer, and what the log and the metrics count of it."""

    __slots__ = ("body", "failed", "problems", "rows")

    def __init__(self, body: bytes, rows: int, prediction: Prediction | None = None) -> None:
        self.body, self.rows, self.failed = body, rows, 0
        self.problems: dict[str, int] = {}
        if prediction is not None and prediction.findings:
            self.failed = int(np.isnan(prediction.values).sum())
            counts: Counter[str] = Counter()
            for one in prediction.findings:
                counts[one.code] += 1 if one.rows is None else len(one.rows)
            self.problems = counts


def predict_rows(opened: Opened, rows: list[Any]) -> Answer:
    """Predict rows, each of which gets a result whatever is wrong with it."""
    prediction = opened.model.predict(rows)
    opened.recent.add(prediction)
    return _answer(opened, _results(opened, prediction), prediction)


def predict_separately(opened: Opened, requests: list[list[Any]]) -> list[Answer | None]:
    """Predict the rows of several requests in one call, and answer each as if it were alone.

    What a problem says may depend on the other rows of its request. So there is None for a request
    that has any: it is to be predicted alone.
    """
    if len(requests) == 1:
        return [predict_rows(opened, requests[0])]
    prediction = opened.model.predict([row for rows in requests for row in rows])
    results = _results(opened, prediction)
    if not prediction.findings:
        opened.recent.add(prediction)
        every = iter(results)
        return [
            Answer(_json(opened, [*islice(every, len(rows))], []), len(rows)) for rows in requests
        ]
    flagged = np.zeros(len(prediction), dtype=bool)
    for finding in prediction.findings:
        flagged[slice(None) if finding.rows is None else list(finding.rows)] = True
    answers: list[Answer | None] = []
    counted = np.ones(len(prediction), dtype=bool)  # the others are when they are predicted alone
    at = 0
    for rows in requests:
        part = slice(at, at + len(rows))
        at += len(rows)
        if flagged[part].any():
            answers.append(None)
            counted[part] = False
        else:
            answers.append(Answer(_json(opened, results[part], []), len(rows)))
    opened.recent.add(prediction, None if counted.all() else np.flatnonzero(counted))
    return answers


def _results(opened: Opened, prediction: Prediction) -> list[dict[str, Any]]:
    return [
        {"prediction": value, "lower": low, "upper": high, "assumed": names, "problems": []}
        for value, low, high, names in zip(
            plain(prediction.values),
            plain(prediction.lower),
            plain(prediction.upper),
            _assumed(opened, prediction),
            strict=True,
        )
    ]


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
    return _answer(opened, results, prediction)


def _answer(opened: Opened, results: list[dict[str, Any]], prediction: Prediction) -> Answer:
    of_all: list[dict[str, Any]] = []
    if prediction.findings:
        for problem in prediction.reported:
            if problem.row is None:
                of_all.append(_plain(problem))
            else:
                results[problem.row]["problems"].append(_plain(problem))
    return Answer(_json(opened, results, of_all), len(prediction), prediction)


def _json(opened: Opened, results: list[dict[str, Any]], problems: list[dict[str, Any]]) -> bytes:
    return orjson.dumps({"results": results, "problems": problems, "model": opened.identity})


def _plain(problem: Problem) -> dict[str, Any]:
    return {
        "field": problem.field,
        "code": problem.code,
        "message": problem.message,
        "severity": problem.severity,
    }


def _assumed(opened: Opened, prediction: Prediction) -> list[tuple[str, ...]]:
    """Return the names of the fields that were missing and filled, for each row."""
    missing = prediction.missing
    if prediction.findings:
        missing &= ~np.isnan(prediction.values)[:, None]
    flags, width = missing.tobytes(), missing.shape[1]
    return [opened.names_of(flags[at : at + width]) for at in range(0, len(flags), width)]
