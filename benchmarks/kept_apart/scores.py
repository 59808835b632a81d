"""The metrics of the shipped model on the rows of test.csv and their prices."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from regression_model import Model
from regression_model.errors import InputError, ModelFileError
from regression_model.evaluation import Estimate, Estimates
from regression_model.evaluation.metrics import PredictedRows, estimates
from regression_model.evaluation.scoring import evaluate_model
from regression_model.runtime.model_file.sealing import digest

from .tables import PRICE, TEST, TRAINING

__all__ = ["ODDEST", "QUARTILES", "Scores", "check_trained_on", "score"]

ODDEST = 2
QUARTILES = ("lowest prices", "second quartile", "third quartile", "highest prices")
_OF_QUARTILES = ("rmsle", "coverage", "median_relative_width")
_SEED = 0


@dataclass(frozen=True)
class Scores:
    """What is printed and recorded.

    Attributes
    ----------
    metrics : dict of str to Estimate
        Those of `evaluate`, with `median_error_percent`.
    without_oddest : Estimate
        RMSLE without the rows of the two largest absolute log errors.
    quartiles : dict of str to (int, dict of str to Estimate)
        Rows and metrics of each quartile of the price.
    cross_validated : float
        RMSLE of the model file's cross-validation.
    caution : str or None
        A sentence about rows that the model was trained on.
    """

    metrics: Estimates
    without_oddest: Estimate
    quartiles: dict[str, tuple[int, Estimates]]
    cross_validated: float
    caution: str | None

    @property
    def gap(self) -> Estimate:
        """RMSLE kept apart less that of the cross-validation, which is taken as it is."""
        here, there = self.metrics["rmsle"], self.cross_validated
        return Estimate(here.value - there, here.low - there, here.high - there)


def check_trained_on(model: Model) -> None:
    """Refuse a model for which the rows of test.csv may not be kept apart.

    Raises
    ------
    ModelFileError
        When it was not trained on train.csv.
    """
    if model.manifest["training"]["data_sha256"] != digest(TRAINING):
        raise ModelFileError(
            f"{model.name} {model.version} was trained on other rows than those of "
            f"{TRAINING.name}: train it again."
        )


def score(model: Model, rows: dict[str, Any], prices: list[float]) -> Scores:
    """Predict for the rows of test.csv and compare with their prices.

    Raises
    ------
    InputError
        When a row has no prediction.
    """
    evaluation = evaluate_model(model, {**rows, PRICE: prices}, source=TEST.name, groups=())
    if evaluation.refused:
        row, sentence = evaluation.refused[0]
        raise InputError(
            f"{len(evaluation.refused):,} of {len(prices):,} rows of {TEST.name} have no "
            f"prediction; row {row + 1}: {sentence}"
        )
    of = evaluation.details
    scored = PredictedRows(of.target, of.prediction, of.fold, of.lower, of.upper)
    error = np.abs(np.log(of.prediction / of.target))
    usual = np.ones(len(error), dtype=bool)
    usual[np.argsort(error, kind="stable")[-ODDEST:]] = False
    quartile = np.digitize(of.target, np.quantile(of.target, [0.25, 0.5, 0.75]))
    parts = {name: scored.only(quartile == i) for i, name in enumerate(QUARTILES)}
    return Scores(
        evaluation.metrics | estimates([scored], ["median_error_percent"], seed=_SEED),
        estimates([scored.only(usual)], ["rmsle"], seed=_SEED)["rmsle"],
        {
            name: (len(part.target), estimates([part], _OF_QUARTILES, seed=_SEED))
            for name, part in parts.items()
        },
        model.manifest["metrics"]["rmsle"],
        evaluation.caution,
    )
