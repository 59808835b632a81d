"""How good a model is, how sure that is, and where it is weak.

`of_model` scores a labelled table with a model file, on the base install; `of_pipeline`
cross-validates a configuration.
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
