"""The job train: from rows and a configuration to a model file."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from ..extras import needs
from .base import Job
from .description.settings import (
    ConfigSetting,
    DataSetting,
    Place,
    SchedulerSetting,
    Text,
    YesNo,
    setting,
)
from .spreading import folds_spread
from .watching import Watcher

if TYPE_CHECKING:
    from ..config.mistakes import Mistake
    from ..tracking.building import Made
    from ..training.run import TrainingResult

__all__ = ["NOT_A_STREAM", "TrainJob"]

NOT_A_STREAM = "training rows come from a file."


class TrainJob(Job):
    """Train a model and write its file."""

    is_recorded_by_default = True

    kind: Literal["train"] = "train"
    config: ConfigSetting = None
    data: DataSetting = None
    output: Place | None = setting(
        "Folder for the model file; without it, trained_models, in the package for the packaged "
        "configuration and beside any other.",
        metavar="DIR",
    )
    write: YesNo = setting(
        "Put the members that estimator: auto has chosen into the configuration file.",
        default=False,
    )
    since: Text | None = setting(
        "An earlier model, to say what has changed in the training rows; without it, the one that "
        "is replaced.",
        metavar="MODEL",
    )
    if_stale: YesNo = setting(
        "Train only if the shipped model is absent, or its version, configuration or data have "
        "changed.",
        default=False,
    )
    scheduler: SchedulerSetting = None

    def mistakes(self) -> Iterator[Mistake]:
        if self.data == Path("-"):
            yield ("data",), NOT_A_STREAM
        if self.if_stale and (self.config or self.data or self.output or self.write or self.since):
            yield (
                ("if_stale",),
                "looks at the shipped model: give no --config, --data, --output, --write or "
                "--since too.",
            )

    def run(self, watcher: Watcher | None = None) -> TrainingResult | None:
        """Train; None if the model was fresh, and only a stale one was to be trained."""
        return self.observed(self._train, watcher)

    def headline(self, result: TrainingResult | None) -> str:
        """Return the metrics of the model."""
        if result is None:
            return "The model is up to date."
        manifest = result.manifest
        first = [*manifest["metrics"].items()][:3]
        found = ", ".join(f"{name} {value:.4g}" for name, value in first)
        return f"{manifest['name']} {manifest['version']}: {found}"

    def made(self, result: TrainingResult | None) -> Made | None:
        """Return what is recorded of the run; nothing of a model that was fresh."""
        from ..tracking.building import made_by_training

        return None if result is None else made_by_training(result)

    def _train(self, watcher: Watcher) -> TrainingResult | None:
        if self.if_stale:
            from ..runtime.model_file.release import PACKAGE_ROOT, stale_reason

            if (reason := stale_reason(PACKAGE_ROOT)) is None:
                watcher.say("The model is up to date: nothing to do.")
                return None
            watcher.say(f"Training: {reason}.")
        watcher.say("Loading libraries ...")
        with needs("train"):
            from ..training.run import run_training
        with folds_spread(self.scheduler, watcher), watcher.work() as progress:
            return run_training(
                config_path=self.config,
                data_path=self.data,
                output=self.output,
                write=self.write,
                since=self.since,
                progress=progress,
            )
