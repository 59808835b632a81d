"""What a search found, and a picture of what mattered."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..errors import OutputError
from ..extras import needs
from ..files.writing import write_atomically
from .trials import Trial

__all__ = ["TuningResult"]

_BLUE = "#0072B2"  # Okabe and Ito: told apart with any kind of sight


@dataclass(frozen=True)
class TuningResult:
    """What a search found.

    Attributes
    ----------
    metric : str
        What the scores are: `rmsle` or `rmse`, the mean over the folds, lower is better.
    best, present : Trial
        With the lowest score, and of the configuration as it is; the same one if nothing beat it.
    trials : sequence of Trial
        All in their order, those of earlier runs among them.
    resumed : int
        How many of them are of earlier runs.
    importances : mapping
        The share of the scores' variance that each parameter explains; empty if unknown.
    study_path : Path
    written : Path or None
        The configuration file, if the best values were written to it.
    """

    metric: str
    best: Trial
    present: Trial
    trials: Sequence[Trial]
    resumed: int
    importances: Mapping[str, float]
    study_path: Path
    written: Path | None = None

    @property
    def improved(self) -> bool:
        """Whether something is better than the present configuration."""
        return self.best is not self.present

    @property
    def best_values(self) -> Mapping[str, str]:
        """What the configuration would say, by dotted key."""
        return self.best.values

    @property
    def best_score(self) -> float:
        """Mean score of the best values."""
        return self.best.score or 0.0

    @property
    def present_score(self) -> float:
        """Mean score of the present configuration on the same folds."""
        return self.present.score or 0.0

    def count(self, state: str) -> int:
        """How many trials are `complete`, `pruned` or `failed`."""
        return sum(trial.state == state for trial in self.trials)

    def rows(self) -> list[dict[str, Any]]:
        """Return one row a trial, the best first, then those that were given up or failed."""
        ranked = sorted(
            self.trials,
            key=lambda t: (t.score is None, t.score or 0.0, t.state == "failed", t.number),
        )
        return [
            {
                "trial": trial.number,
                "state": trial.state,
                "score": trial.score,
                "folds": len(trial.folds),
                **trial.values,
                "message": trial.message,
            }
            for trial in ranked
        ]

    def plot_importances(self, path: Path | str) -> None:
        """Write a PNG with one bar a parameter.

        Raises
        ------
        OutputError
            When the importances are not known yet, or the file cannot be written.
        MissingExtraError
            Without matplotlib.
        """
        if not self.importances:
            raise OutputError("What mattered is not known yet: more trials are needed to tell.")
        with needs("train", "tune"):
            from matplotlib.figure import Figure
        shares = sorted(self.importances.items(), key=lambda item: item[1])
        figure = Figure(figsize=(8, 1.4 + 0.45 * len(shares)), layout="constrained", dpi=150)
        axes = figure.subplots()
        bars = axes.barh([key for key, _ in shares], [share for _, share in shares], color=_BLUE)
        axes.bar_label(bars, labels=[_percent(share) for _, share in shares], padding=4)
        axes.set_xlim(0, 1.1 * shares[-1][1])
        axes.xaxis.set_major_formatter(lambda share, _: f"{share:.0%}")
        axes.set_xlabel(f"Share of the variance of the {self.metric.upper()}")
        counted = self.count("complete") + self.count("pruned")
        axes.set_title(f"What mattered in {counted} trials", loc="left")
        axes.spines[["top", "right"]].set_visible(False)
        content = io.BytesIO()
        figure.savefig(content, format="png", metadata={"Software": None})
        write_atomically(Path(path), content.getvalue())


def _percent(share: float) -> str:
    return f"{share:.0%}" if share >= 0.005 else "<1%"
