"""How good a model is, how certain that is, and where it is weak.

`scoring.evaluate_model` scores a model file on a labelled table, with the base install;
`training.evaluation.evaluate_pipeline` cross-validates a configuration.
"""

from .results import (
    Comparison,
    Details,
    Estimate,
    Estimates,
    EvaluationResult,
    Group,
    Importance,
    TrainedOn,
    cross_validated,
)

__all__ = [
    "EvaluationResult",
    "Comparison",
    "Details",
    "Estimate",
    "Estimates",
    "Group",
    "Importance",
    "TrainedOn",
    "cross_validated",
]
