"""The transforms of a column, and the bounds that they need."""

import math
import sys
from typing import Literal, NamedTuple

__all__ = ["Bounds", "Transform", "transform_mistake", "unused_transform"]

Transform = Literal["none", "log", "log1p", "sqrt", "yeo_johnson", "binary"]


class Bounds(NamedTuple):
    """The lowest and the highest value that a column can have."""

    low: float = -math.inf
    high: float = math.inf

    def plus(self, other: "Bounds") -> "Bounds":
        """Bounds of x + y."""
        return Bounds(self.low + other.low, self.high + other.high)

    def times(self, other: "Bounds") -> "Bounds":
        """Bounds of x * y."""
        corners = [a * b if a and b else 0.0 for a in self for b in other]
        return Bounds(min(corners), max(corners))

    def inverse(self) -> "Bounds":
        """Bounds of 1 / x, with 0 where x is 0."""
        if self.low > 0:
            return Bounds(min(1 / self.high, sys.float_info.max), 1 / self.low)
        return Bounds(0.0, math.inf) if self.low == 0 else Bounds()


def transform_mistake(transform: Transform, bounds: Bounds) -> str | None:
    """Say what a transform needs of the minimum, if the minimum is too low."""
    low = "and there is no lower bound" if bounds.low == -math.inf else f"got {bounds.low:g}"
    if transform == "log" and bounds.low <= 0:
        return f"log needs a minimum above 0, {low}"
    if transform == "log1p" and bounds.low <= -1:
        return f"log1p needs a minimum above -1, {low}"
    if transform == "sqrt" and bounds.low < 0:
        return f"sqrt needs a minimum of 0 or more, {low}"
    return None


def unused_transform(transform: Transform, use: str) -> str | None:
    """Say that a transform does nothing, if the model does not see its column."""
    if use == "derived" and transform != "none":
        return "has no effect: the model sees only what is made from it"
    return None
