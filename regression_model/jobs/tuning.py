"""The job tune: a search for better values of a configuration."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from ..display import count
from .base import Job
from .description.places import check_places
from .description.settings import (
    ConfigSetting,
    DataSetting,
    Place,
    SchedulerSetting,
    Whole,
    YesNo,
    setting,
)
from .spreading import folds_spread
from .training import NOT_A_STREAM
from .watching import Watcher

if TYPE_CHECKING:
    from ..config.mistakes import Mistake
    from ..tracking.building import Made
    from ..tuning import NestedTuningResult, TuningResult

__all__ = ["TuneJob"]


class TuneJob(Job):
    """Search for better values for a configuration."""

    is_recorded_by_default = True

    kind: Literal["tune"] = "tune"
    config: ConfigSetting = None
    data: DataSetting = None
    trials: Whole | None = setting(
        "How many to have in the end, with those of earlier runs; with --nested, in each outer "
        "fold; without it, the number in the configuration.",
        metavar="N",
        ge=1,
    )
    study: Place | None = setting(
        "Where finished trials are kept; without it, tuning/NAME.log.", metavar="FILE"
    )
    jobs: Whole = setting("Folds to score at a time.", default=1, metavar="N", ge=1)
    picture: Place | None = setting(
        "PNG of the importances; without it, beside the finished trials.", metavar="FILE"
    )
    write: YesNo = setting("Put the best values into the configuration file.", default=False)
    nested: YesNo = setting(
        "Only estimate how good the result of the search is on unseen rows.", default=False
    )
    outer_folds: Whole | None = setting(
        "Searches of --nested, each without the rows that it is scored on; without it, as many as "
        "the evaluation has folds.",
        metavar="N",
        ge=2,
    )
    scheduler: SchedulerSetting = None

    def mistakes(self) -> Iterator[Mistake]:
        if self.data == Path("-"):
            yield ("data",), NOT_A_STREAM
        if self.nested and self.write:
            yield ("write",), "--nested only estimates, and writes nothing."
        if self.nested and self.picture is not None:
            yield ("picture",), "--nested runs several searches, and makes no picture."
        if self.outer_folds is not None and not self.nested:
            yield ("outer_folds",), "is the number of searches of --nested: give both."

    def run(self, watcher: Watcher | None = None) -> TuningResult | NestedTuningResult:
        """Search, and draw the importances; with `nested`, only estimate what it is worth."""
        return self.observed(self._tune, watcher)

    def headline(self, result: TuningResult | NestedTuningResult) -> str:
        """Return the best score beside the present one."""
        from ..tuning import NestedTuningResult

        trials = count(len(result.trials), "trial")
        metric = result.metric.upper()
        if isinstance(result, NestedTuningResult):
            gain, error = result.gain.value, result.gain.standard_error
            return f"{trials}: {metric} on unseen rows moves by {gain:.3g} ({error:.2g})"
        return f"{trials}: {metric} {result.best_score:.4g}, now {result.present_score:.4g}"

    def made(self, result: TuningResult | NestedTuningResult) -> Made:
        from ..config.core import load_config
        from ..tracking.building import made_by_nested_tuning, made_by_tuning
        from ..tuning import NestedTuningResult

        name = load_config(self.config).name
        if isinstance(result, NestedTuningResult):
            return made_by_nested_tuning(result, name=name)
        return made_by_tuning(result, name=name, picture=self.picture_of(result))

    def picture_of(self, result: TuningResult) -> Path:
        """Return where the importances of a search are drawn."""
        return self.picture or result.study_path.with_suffix(".png")

    def _tune(self, watcher: Watcher) -> TuningResult | NestedTuningResult:
        read = {"configuration": self.config, "training data": self.data, "study": self.study}
        check_places({"picture": self.picture}, read)
        watcher.say("Loading libraries ...")
        from ..tuning import run_nested_tuning, run_tuning

        of_both: dict[str, Any] = {
            "config_path": self.config,
            "data_path": self.data,
            "trials": self.trials,
            "study_path": self.study,
            # as many as the cluster has threads
            "jobs": self.jobs if self.scheduler is None else -1,
        }
        with folds_spread(self.scheduler, watcher), watcher.work() as progress:
            if self.nested:
                return run_nested_tuning(**of_both, outer_folds=self.outer_folds, progress=progress)
            result = run_tuning(**of_both, progress=progress, write=self.write)
            if result.importances:
                result.plot_importances(self.picture_of(result))
            return result
