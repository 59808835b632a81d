"""The table of figures: rows, verdicts, and both as Markdown."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from .demands import DEMANDS, Demand
from .metrics import as_ratio

__all__ = ["HEADER", "Row", "markdown"]

HEADER = (
    "what",
    "ours",
    "scikit-learn pipeline",
    "bare session",
    "the peer",
    "peer : ours",
    "ours : bare",
    "demand",
    "verdict",
)


@dataclass(frozen=True)
class Row:
    """One row of the table; `measured` are the values of its demands, in their order."""

    what: str
    ours: str
    pipeline: str = ""
    bare: str = ""
    peer: str = ""
    to_peer: float | None = None
    to_bare: float | None = None
    measured: Sequence[float | None] = field(default=())

    @property
    def demands(self) -> tuple[Demand, ...]:
        """What the row is held to."""
        return DEMANDS.get(self.what, ())

    @property
    def missed(self) -> list[Demand]:
        """The demands that were measured and do not hold."""
        pairs = zip(self.demands, self.measured, strict=True)
        return [d for d, value in pairs if value is not None and not d.is_met(value)]

    @property
    def verdict(self) -> str:
        """Say whether all demands hold, or which do not."""
        if not self.demands:
            return ""
        if self.missed:
            return f"**not met**: {'; '.join(demand.text for demand in self.missed)}"
        return "not measured" if None in self.measured else "met"

    @property
    def cells(self) -> tuple[str, ...]:
        """The row as texts, one for each column of the header."""
        demand = "; ".join(demand.text for demand in self.demands)
        ratios = as_ratio(self.to_peer), as_ratio(self.to_bare)
        figures = (self.ours, self.pipeline, self.bare, self.peer)
        return (self.what, *figures, *ratios, demand, self.verdict)


def markdown(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Render a Markdown table with columns of even width."""
    lines = [
        [cell.replace("|", "\\|").replace("\n", " ") for cell in row] for row in (header, *rows)
    ]
    widths = [max(3, *map(len, column)) for column in zip(*lines, strict=True)]
    lines.insert(1, ["-" * width for width in widths])
    return "\n".join("| " + " | ".join(map(str.ljust, line, widths)) + " |" for line in lines)
