"""How good a model is, how sure that is, and where it is weak.

`of_model` scores a labelled table with a model file, on the base install; `of_pipeline`
cross-validates a configuration.
"""

from .results import (
    Assessment,
    Comparison,
    Details,
    Estimate,
    Figures,
    Group,
    Importance,
    TrainedOn,
    cross_validated,
)

__all__ = [
    "Assessment",
    "Comparison",
    "Details",
    "Estimate",
    "Figures",
    "Group",
    "Importance",
    "TrainedOn",
    "cross_validated",
]
