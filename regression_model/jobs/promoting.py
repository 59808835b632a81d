"""The job promote: a model becomes the champion, if it deserves it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated, Literal

from ..config.values import NotNegative
from .base import Job
from .description.places import PLACE_OF_RUNS
from .description.settings import JsonSetting, Place, Text, YesNo, setting
from .watching import Watcher

if TYPE_CHECKING:
    from ..config.mistakes import Mistake
    from ..tracking.promotion import Promotion

__all__ = ["PromoteJob"]


class PromoteJob(Job):
    """Make a model the champion, if it deserves it."""

    kind: Literal["promote"] = "promote"
    challenger: Annotated[
        Text,
        setting(
            "A run, NAME@ALIAS, or a model file, which is recorded first.",
            metavar="CHALLENGER",
            argument=True,
        ),
    ]
    to: Text = setting(
        "What it is to be, such as champion or staging.", default="champion", metavar="ALIAS"
    )
    data: Place | None = setting(
        "Rows with their true target, to compare both models on; without it, the held-out errors "
        "of both trainings.",
        metavar="FILE",
    )
    metric: Text | None = setting(
        "What to compare by; without it, the metric of the headline.", metavar="NAME"
    )
    margin: NotNegative = setting(
        "How much worse it may be, as a share of the champion's metric.",
        default=0.02,
        metavar="SHARE",
    )
    force: YesNo = setting("Promote in spite of what speaks against it.", default=False)
    reason: Text | None = setting("Why, for the record; --force needs it.", metavar="TEXT")
    as_json: JsonSetting = False
    runs: Text | None = setting(PLACE_OF_RUNS, "--runs", metavar="WHERE")

    def mistakes(self) -> Iterator[Mistake]:
        """Find a promotion that is forced without a reason."""
        if self.force and self.reason is None:
            yield ("force",), "needs its reason: give one with --reason."

    def run(self, watcher: Watcher | None = None) -> Promotion:
        """Promote the challenger if nothing speaks against it; the result says what does."""
        return self.observed(lambda heard: self._promote(), watcher)

    def headline(self, result: Promotion) -> str:
        """Return who the champion is."""
        if not result.promoted:
            return f"Not promoted: {' '.join(result.refusals)}"
        return f"{result.name}@{result.alias} is {result.challenger}"

    def _recorder(self, watcher: Watcher) -> None:
        """Record no run: the move of the alias is recorded with its evidence."""

    def _promote(self) -> Promotion:
        from ..tracking import open_runs
        from ..tracking.promotion import promote

        return promote(
            open_runs(self.runs),
            self.challenger,
            alias=self.to,
            data=self.data,
            metric=self.metric,
            margin=self.margin,
            force=self.force,
            reason=self.reason,
        )
