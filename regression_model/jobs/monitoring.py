"""The job monitor: whether new rows differ from those that the model was trained on."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

from ..remote import shown
from .base import Job
from .description.places import input_format, registered
from .description.settings import (
    FromSetting,
    JsonSetting,
    ModelSetting,
    Names,
    Number,
    Place,
    SeparatorSetting,
    Text,
    Whole,
    setting,
)
from .predicting import cores
from .watching import Watcher

if TYPE_CHECKING:
    from ..monitoring import DriftReport
    from ..runtime.model import Model
    from ..tracking.building import Made

__all__ = ["MonitorJob"]

_THRESHOLDS = {"significance", "effect", "minimum_rows", "error_increase"}


class MonitorJob(Job):
    """Say whether new rows differ from those that the model was trained on."""

    kind: Literal["monitor"] = "monitor"
    data: Annotated[
        Text,
        setting("File with new rows, or - for standard input.", metavar="NEW_DATA", argument=True),
    ]
    model: ModelSetting = None
    outcomes: Text | None = setting(
        "The true targets, by the identifier of the row; without it, those in NEW_DATA, if it has "
        "them.",
        metavar="FILE",
    )
    time: Text | None = setting("The time of each row, to look at windows of it.", metavar="COLUMN")
    window: Text | None = setting(
        "month, quarter or year of --time, a month without this option; or a number of rows, in "
        "the order of the file.",
        metavar="LENGTH",
    )
    ignore: Names = setting(
        "A field that may differ; can be given several times. Beside those of the configuration.",
        default=(),
        metavar="FIELD",
    )
    significance: Number | None = setting(
        "How likely a false alarm may be, over all tests together.", metavar="P", ge=0, le=1
    )
    effect: Number | None = setting(
        "The smallest difference that counts.", metavar="SHARE", ge=0, le=1
    )
    minimum_rows: Whole | None = setting("With fewer values nothing is tested.", metavar="N", ge=10)
    error_increase: Number | None = setting(
        "The smallest relative increase of the error that counts.", metavar="SHARE", ge=0
    )
    from_kind: FromSetting = None
    separator: SeparatorSetting = None
    report: Place | None = setting(
        "Folder for a page to read; needs the extra report.", metavar="DIR"
    )
    as_json: JsonSetting = False

    def run(self, watcher: Watcher | None = None) -> DriftReport:
        """Compare the rows, and write the page if there is to be one."""
        return self.observed(self._monitor, watcher)

    def headline(self, result: DriftReport) -> str:
        """Return whether there is drift, and where."""
        from ..monitoring import tables

        return tables.headline(result)

    def made(self, result: DriftReport) -> Made:
        return self._made_of(
            result.model["name"],
            result.model["version"],
            metrics={"drift": result.has_drift, "rows": result.everything.rows},
            datasets={"input": self.data, "outcomes": self.outcomes},
            notes=(self.headline(result),),
        )

    def _monitor(self, watcher: Watcher) -> DriftReport:
        if self.report is not None:
            from ..report import require_extra

            require_extra()
        from ..files.streams import opened_source
        from ..monitoring.reference import Reference
        from ..monitoring.run import monitor_source, read_outcomes
        from ..runtime.model import load_model

        opened = load_model(registered(self.model, self.runs))
        settings = Reference(opened).settings
        settings = replace(
            settings,
            **self.model_dump(include=_THRESHOLDS, exclude_none=True),
            ignore=tuple(dict.fromkeys((*settings.ignore, *self.ignore))),
        )
        known = None
        if self.outcomes is not None:
            format_ = input_format(self.outcomes, None, None, option=None)
            with opened_source(self.outcomes, format_=format_) as source:
                known = read_outcomes(source, opened)
        format_ = input_format(self.data, self.from_kind, self.separator)
        with opened_source(self.data, format_=format_) as source, watcher.rows(source) as progress:
            found = monitor_source(
                source,
                opened,
                settings=settings,
                time=self.time,
                window=self.window,
                outcomes=known,
                threads=cores(),
                progress=progress,
            )
        if self.report is not None:
            _write_report(found, opened, self.report, self.data, watcher)
        return found


def _write_report(
    found: DriftReport, model: Model, folder: Path, data: str, watcher: Watcher
) -> None:
    from ..report.drift import write_drift_report

    stem = "standard-input" if data == "-" else Path(shown(data)).name.partition(".")[0] or "data"
    with watcher.work():
        path = write_drift_report(
            found, model=model, folder=folder, name=f"{model.name}-{stem}-drift"
        )
        watcher.say(f"Report: {path}")
