"""The problems of each row as texts, for a column of the output."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ..runtime.model import Prediction

__all__ = ["problem_texts"]


def problem_texts(prediction: Prediction) -> list[str]:
    """Join the problems of each row, errors first.

    A problem of all rows was described in full on standard error. If it is an error, each row names
    it in a few words, so that every row without a prediction has a reason.
    """
    if not prediction.findings:
        return [""] * len(prediction)
    errors: dict[int, list[str]] = {}
    warnings: dict[int, list[str]] = {}
    of_all = []
    for problem in prediction.problems:
        if problem.row is not None:
            found = errors if problem.severity == "error" else warnings
            found.setdefault(problem.row, []).append(problem.message)
        elif problem.severity == "error":
            of_all.append(f"{problem.field or 'row'}: {problem.code.replace('_', ' ')}")
    texts = ["; ".join(of_all)] * len(prediction)
    for row in {**errors, **warnings}:
        texts[row] = "; ".join((*of_all, *errors.get(row, ()), *warnings.get(row, ())))
    return texts
