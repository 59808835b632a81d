"""The job evaluate: a model on rows with their target, or a configuration in folds."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from ..display import count
from ..errors import ModelFileError
from ..extras import needs
from ..remote import shown
from .base import Job
from .description.places import input_format, registered, source_name
from .description.settings import (
    ConfigSetting,
    JsonSetting,
    ModelSetting,
    Place,
    SchedulerSetting,
    SeparatorSetting,
    Text,
    Whole,
    setting,
)
from .spreading import folds_spread
from .watching import Watcher

if TYPE_CHECKING:
    from ..config.mistakes import Mistake
    from ..evaluation import EvaluationResult
    from ..runtime.model import Model
    from ..tracking.building import Made

__all__ = ["EvaluateJob"]


class EvaluateJob(Job):
    """Show how good the model is, and where it is weak."""

    is_recorded_by_default = True

    kind: Literal["evaluate"] = "evaluate"
    data: Text | None = setting(
        "Rows with their true target, or - for standard input, on which to score a model file; "
        "without it, the configuration is cross-validated on its training rows.",
        metavar="FILE",
    )
    model: ModelSetting = None
    separator: SeparatorSetting = None
    compare: Place | None = setting("Another model, scored on the same rows.", metavar="MODEL")
    config: ConfigSetting = None
    repeats: Whole | None = setting(
        "Cross-validations, each with the next seed; without it, as many as the configuration "
        "says.",
        metavar="N",
        ge=1,
    )
    as_json: JsonSetting = False
    report: Place | None = setting("Folder for a report; needs the extra report.", metavar="DIR")
    scheduler: SchedulerSetting = None

    def mistakes(self) -> Iterator[Mistake]:
        if self.data is not None:
            if self.scheduler is not None:
                text = "is for the folds of a cross-validation: give no --data with it."
                yield ("scheduler",), text
            if self.config is not None:
                yield ("config",), "is cross-validated on its own rows: give --model with --data."
            if self.repeats is not None:
                yield ("repeats",), "repeats a cross-validation: give no --data with it."
        else:
            if self.model is not None and self.report is None:
                yield ("model",), "needs --data, the rows to score it with."
            if self.separator is not None:
                yield ("separator",), "is for the rows of --data."
        if self.config is not None and self.report is not None and self.model is None:
            text = "explains predictions: with --config, name the model file by --model."
            yield ("report",), text

    def run(self, watcher: Watcher | None = None) -> EvaluationResult:
        """Evaluate, and write the report if there is to be one."""
        return self.observed(self._evaluate, watcher)

    def headline(self, result: EvaluationResult) -> str:
        """Return the metrics that come first."""
        first = [*result.metrics.items()][:3]
        found = ", ".join(f"{name} {one.value:.4g}" for name, one in first)
        return f"{result.name}, {count(result.rows, 'row')}: {found}"

    def made(self, result: EvaluationResult) -> Made:
        from ..tracking.building import made_by_evaluation

        report = None
        if self.report is not None:
            version = (result.manifest or {})["version"]
            report = self.report / f"{self._report_name(result.name)}-{version}.html"
        return made_by_evaluation(result, data=self.data, report=report)

    def _evaluate(self, watcher: Watcher) -> EvaluationResult:
        if self.report is not None:
            from ..report import require_extra

            # before the work, not after it
            require_extra(*(() if self.data is not None else ("train",)))
        model, compare = (registered(one, self.runs) for one in (self.model, self.compare))
        if self.data is None:
            with folds_spread(self.scheduler, watcher):
                evaluation, opened, rows = self._cross_validated(model, compare, watcher)
        else:
            evaluation, opened, rows = self._scored(self.data, model, compare)
        if self.report is not None and opened is not None:
            self._write_report(evaluation, opened, rows, self.report, watcher)
        return evaluation

    def _scored(
        self, data: str, model: Path | None, compare: Path | None
    ) -> tuple[EvaluationResult, Model, Any]:
        from ..evaluation.scoring import evaluate_model
        from ..files.tables import read_recorded
        from ..runtime.model import load_model

        format_ = input_format(data, None, self.separator, option=None)
        opened = load_model(model)
        other = None if compare is None else load_model(compare)
        rows, records = read_recorded(
            data, format_=format_, separator_option="--separator", role="evaluation"
        )
        evaluation = evaluate_model(
            opened, rows, source=source_name(data), compare=other, data=records
        )
        return evaluation, opened, rows

    def _cross_validated(
        self, model: Path | None, compare: Path | None, watcher: Watcher
    ) -> tuple[EvaluationResult, Model | None, Any]:
        watcher.say("Loading libraries ...")
        with needs("train"):
            from ..training.evaluation import evaluate_pipeline
            from ..config.core import load_config
            from ..training.data import dataset_path, read_recorded_dataset
            from ..training.choice import decided
            from ..training.rows import leave_out, read_training_data
        from ..files.records import digest_of
        from ..runtime.model import load_model

        loaded = load_config(self.config)
        opened = None if self.report is None else load_model(model)
        other = None if compare is None else load_model(compare)
        path = dataset_path(loaded.data.training, beside=loaded.path)
        rows, records = read_recorded_dataset(path)
        if opened is not None:
            _check_belongs(opened, config_sha256=loaded.sha256, data_sha256=digest_of(records))
        rows, _ = leave_out(loaded, rows, source=shown(path))
        training = read_training_data(loaded, rows, source=shown(path))
        with watcher.work() as progress:
            loaded, _ = decided(loaded, training, progress)
            evaluation = evaluate_pipeline(
                loaded,
                training,
                repeats=self.repeats,
                progress=progress,
                manifest=None if opened is None else opened.manifest,
                compare=other,
                rows=rows,
            )
        return replace(evaluation, data=records), opened, rows

    def _report_name(self, model: str) -> str:
        return model if self.data is None else f"{model}-{Path(shown(self.data)).stem}"

    def _write_report(
        self, evaluation: EvaluationResult, model: Model, rows: Any, folder: Path, watcher: Watcher
    ) -> None:
        """Write the page, and for a cross-validation the model card as well."""
        from ..report import write_card, write_report

        name = self._report_name(model.name)
        with watcher.work():
            path = write_report(evaluation, model=model, rows=rows, folder=folder, name=name)
            watcher.say(f"Report: {path}")
            if self.data is None:
                card = write_card(evaluation, model=model, folder=folder, name=name)
                watcher.say(f"Model card: {card}")


def _check_belongs(model: Model, **digests: str) -> None:
    """Check that a report would not describe one model with the metrics of another."""
    for name, now in digests.items():
        if model.manifest["training"][name] != now:
            raise ModelFileError(
                f"{model.name} {model.version} was trained with another configuration or on other "
                "rows than those that are evaluated: train again, or name another model file."
            )
