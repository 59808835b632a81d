"""What all jobs have: settings that are checked, a run that is observed, and a result."""

from __future__ import annotations

import os
from abc import abstractmethod
from collections.abc import Callable, Mapping
from time import perf_counter
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar

from pydantic import ConfigDict

from .. import __version__
from ..config.values import Section
from .description.settings import RecordSetting, setting
from .notices import Notify
from .watching import Watcher

if TYPE_CHECKING:
    from ..tracking.building import Made
    from ..tracking.recording import Recorder

__all__ = ["Job"]

Result = TypeVar("Result")


class Job(Section):
    """One piece of work: the settings of a command, as a value that can be run.

    The class of each kind says which settings it has. It is what the options of the command are
    made from, what a job file is checked with, and what `run --schema` prints.
    """

    model_config = ConfigDict(populate_by_name=True)

    is_recorded_by_default: ClassVar[bool] = False  # where the environment names a place

    kind: str
    runs: RecordSetting = None
    notify: Notify | None = setting(
        "Who is told that the job started, finished or failed.", only_in_files=True
    )

    @abstractmethod
    def run(self, watcher: Watcher | None = None) -> Any:
        """Do the work, and return its result.

        Parameters
        ----------
        watcher : hears what the job says meanwhile; without it, nobody does.

        Raises
        ------
        RegressionModelError
            As the command.
        """

    @abstractmethod
    def headline(self, result: Any) -> str:
        """Return the most important thing about a result, in one sentence."""

    def made(self, result: Any) -> Made | None:
        """Return what is recorded of the run; None if there is nothing."""
        return None

    def observed(self, work: Callable[[Watcher], Result], watcher: Watcher | None) -> Result:
        """Do the work, record it, and tell those who want to know of its beginning and its end.

        The result is shown before it is recorded: a server that refuses it takes nothing away.
        """
        watcher, begun = watcher or Watcher(), perf_counter()
        self._tell("started", "", watcher)
        try:
            recorder = self._recorder(watcher)
            result = work(watcher)
            watcher.result(result)
            if recorder is not None and (made := self.made(result)) is not None:
                recorder.keep(made)
            headline = self.headline(result)
        except BaseException as error:
            reason = str(error) or type(error).__name__
            self._tell("failed", reason, watcher, seconds=perf_counter() - begun)
            raise
        self._tell("finished", headline, watcher, seconds=perf_counter() - begun)
        return result

    def _recorder(self, watcher: Watcher) -> Recorder | None:
        """Return what records the run, begun before the work so that its time is known."""
        where = self.runs
        if where is None and self.is_recorded_by_default:
            where = os.environ.get("REGRESSION_MODEL_RUNS") or None
        if where is None:
            return None
        from ..tracking.recording import Recorder

        return Recorder(where, watcher.say)

    def _tell(self, event: str, text: str, watcher: Watcher, *, seconds: float = 0.0) -> None:
        level = "error" if event == "failed" else "info"
        about = {"kind": self.kind, "message": text or None, "seconds": round(seconds, 3) or None}
        watcher.event(level, event, {key: one for key, one in about.items() if one is not None})
        if self.notify is not None:
            title = f"regression-model {self.kind}: {event}"
            self.notify.send(event, title, text or title, watcher)

    def _made_of(
        self,
        model: str,
        version: str,
        metrics: Mapping[str, float],
        datasets: Mapping[str, str | None],
        notes: tuple[str, ...] = (),
    ) -> Made:
        """Return the record of what is no model, search or evaluation: settings and counts.

        `datasets` are the paths of what was read and written, by their roles; None or `-` for none.
        """
        from ..tracking.building import Made, dataset_of
        from ..tracking.values import Metric, Run

        settings: dict[str, Any] = self.model_dump(
            mode="json", by_alias=True, exclude_defaults=True, exclude={"kind", "notify", "runs"}
        )
        run = Run(
            kind=self.kind,
            model=model,
            version=version,
            parameters=settings,
            metrics={name: Metric(float(value)) for name, value in metrics.items()},
            datasets=tuple(
                dataset_of(path, role) for role, path in datasets.items() if path not in (None, "-")
            ),
            tags={"package_version": __version__},
            notes=notes,
        )
        return Made(run)
