"""The command evaluate."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ..display import Table, count, printable
from ..errors import ModelFileError
from ..extras import needs
from ..remote import shown
from .options import (
    ConfigOption,
    ModelOption,
    RecordOption,
    SchedulerOption,
    SeparatorOption,
    input_format,
    recorder_of,
    registered,
)
from .program import fail, interruptible, say
from .spreading import folds_spread
from .terminal import console_of, show, shown_progress

if TYPE_CHECKING:
    from ..evaluation import EvaluationResult
    from ..runtime.model import Model

__all__ = ["evaluate"]

_MOST_GROUPS = 8
_MOST_REFUSED = 50


def evaluate(
    data: Annotated[
        str | None,
        typer.Option(
            metavar="FILE",
            help="Rows with their true target, or - for standard input, on which to score a model "
            "file; without it, the configuration is cross-validated on its training rows.",
        ),
    ] = None,
    model: ModelOption = None,
    separator: SeparatorOption = None,
    compare: Annotated[
        Path | None,
        typer.Option(
            metavar="MODEL", help="Another model, scored on the same rows.", callback=registered
        ),
    ] = None,
    config: ConfigOption = None,
    repeats: Annotated[
        int | None,
        typer.Option(
            metavar="N",
            min=1,
            help="Cross-validations, each with the next seed; without it, as many as the "
            "configuration says.",
        ),
    ] = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="Everything as JSON, for programs.")
    ] = False,
    report: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Folder for a report; needs the extra report."),
    ] = None,
    scheduler: SchedulerOption = None,
    record: RecordOption = None,
) -> None:
    """Show how good the model is, and where it is weak.

    Each metric has a 95% interval from resampling the rows. With --data a model file is scored, on
    the base install; rows that cannot be scored are left out and listed, and exit code 1 means that
    there were some. If the model was trained on any of the rows, the first line says so. Without
    --data each row of the training data is scored by a pipeline that was fitted without it, beside
    simpler models.

    \b
    Examples:
      regression-model evaluate
      regression-model evaluate --repeats 10 --json > evaluation.json
      regression-model evaluate --data new_sales.csv --compare older.onnx
    """
    _check_options(data, model, separator, config, repeats, report, scheduler)
    if report is not None:
        from ..report import require_extra

        require_extra(*(() if data is not None else ("train",)))  # before the work, not after it
    recorder = recorder_of(record)
    if data is None:
        with interruptible(), folds_spread(scheduler):
            evaluation, opened, rows = _cross_validated(config, model, compare, repeats, report)
    else:
        evaluation, opened, rows = _scored(data, separator, model, compare)
    if as_json:
        typer.echo(json.dumps(evaluation.to_dict(), allow_nan=False))
    else:
        _show_evaluation(evaluation)
    page = None
    if report is not None and opened is not None:
        page = _write_report(evaluation, opened, rows, report, data)
    if recorder is not None:
        from ..tracking.building import made_by_evaluation

        recorder.keep(made_by_evaluation(evaluation, data=data, report=page))
    if evaluation.refused:
        every = evaluation.rows + len(evaluation.refused)
        fail(f"Not scored: {len(evaluation.refused):,} of {count(every, 'row')}.", code=1)


def _check_options(
    data: str | None,
    model: Path | None,
    separator: str | None,
    config: Path | None,
    repeats: int | None,
    report: Path | None,
    scheduler: str | None,
) -> None:
    if data is not None and scheduler is not None:
        raise typer.BadParameter(
            "is for the folds of a cross-validation: give no --data with it.",
            param_hint="--scheduler",
        )
    if data is not None and config is not None:
        raise typer.BadParameter(
            "is cross-validated on its own rows: give --model with --data.", param_hint="--config"
        )
    if data is not None and repeats is not None:
        raise typer.BadParameter(
            "repeats a cross-validation: give no --data with it.", param_hint="--repeats"
        )
    if data is None and model is not None and report is None:
        raise typer.BadParameter("needs --data, the rows to score it with.", param_hint="--model")
    if data is None and separator is not None:
        raise typer.BadParameter("is for the rows of --data.", param_hint="--separator")
    if config is not None and report is not None and model is None:
        raise typer.BadParameter(
            "explains predictions: with --config, name the model file by --model.",
            param_hint="--report",
        )


def _scored(
    data: str, separator: str | None, model: Path | None, compare: Path | None
) -> tuple[EvaluationResult, Model, Any]:
    from ..evaluation.scoring import evaluate_model
    from ..files.tables import read_recorded
    from ..runtime.model import load_model

    format_ = input_format(data, None, separator, option=None)
    opened = load_model(model)
    other = None if compare is None else load_model(compare)
    rows, records = read_recorded(
        data, format_=format_, separator_option="--separator", role="evaluation"
    )
    source = "standard input" if data == "-" else Path(shown(data)).name
    evaluation = evaluate_model(opened, rows, source=source, compare=other, data=records)
    return evaluation, opened, rows


def _cross_validated(
    config: Path | None,
    model: Path | None,
    compare: Path | None,
    repeats: int | None,
    report: Path | None,
) -> tuple[EvaluationResult, Model | None, Any]:
    say("Loading libraries ...")
    with needs("train"):
        from ..training.evaluation import evaluate_pipeline
        from ..config.core import load_config
        from ..training.data import dataset_path, read_recorded_dataset
        from ..training.choice import decided
        from ..training.rows import leave_out, read_training_data
    from ..files.records import digest_of
    from ..runtime.model import load_model

    loaded = load_config(config)
    opened = None if report is None else load_model(model)
    other = None if compare is None else load_model(compare)
    path = dataset_path(loaded.data.training, beside=loaded.path)
    rows, records = read_recorded_dataset(path)
    if opened is not None:
        _check_belongs(opened, config_sha256=loaded.sha256, data_sha256=digest_of(records))
    rows, _ = leave_out(loaded, rows, source=shown(path))
    training = read_training_data(loaded, rows, source=shown(path))
    with shown_progress() as progress:
        loaded, _ = decided(loaded, training, progress)
        evaluation = evaluate_pipeline(
            loaded,
            training,
            repeats=repeats,
            progress=progress,
            manifest=None if opened is None else opened.manifest,
            compare=other,
            rows=rows,
        )
    return replace(evaluation, data=records), opened, rows


def _check_belongs(model: Model, **digests: str) -> None:
    """Check that a report would not describe one model with the metrics of another."""
    for name, now in digests.items():
        if model.manifest["training"][name] != now:
            raise ModelFileError(
                f"{model.name} {model.version} was trained with another configuration or on other "
                "rows than those that are evaluated: train again, or name another model file."
            )


def _show_evaluation(evaluation: EvaluationResult) -> None:
    """Print an evaluation to standard output, most important first."""
    console = console_of(sys.stdout)
    if evaluation.caution is not None:
        console.print(evaluation.caution, style="bold red", soft_wrap=True)
    console.print(_title(evaluation), style="bold")
    show(*_tables(evaluation))
    for row, sentence in evaluation.refused[:_MOST_REFUSED]:
        show(f"Row {row + 1} was not scored: {printable(sentence)}")
    if (more := len(evaluation.refused) - _MOST_REFUSED) > 0:
        show(f"{more:,} more were not scored: --json lists them all.")
    show(*evaluation.notes)


def _title(evaluation: EvaluationResult) -> str:
    rows = f"{evaluation.name}: {evaluation.target['name']}, {count(evaluation.rows, 'row')}"
    if evaluation.folds:
        return f"{rows}, {evaluation.validated}"
    return f"{rows} of {printable(evaluation.source)}"


def _tables(evaluation: EvaluationResult) -> Iterator[Table | None]:
    from ..evaluation import tables

    yield tables.metrics(evaluation)
    yield tables.comparison(evaluation)
    yield tables.all_models(evaluation)
    yield tables.folds(evaluation)
    for name in evaluation.groups:
        yield tables.groups(evaluation, name, most=_MOST_GROUPS)
    yield tables.importances(evaluation)
    yield tables.calibration(evaluation)
    yield tables.constant_width(evaluation)


def _write_report(
    evaluation: EvaluationResult, model: Model, rows: Any, folder: Path, data: str | None
) -> Path:
    """Write the page, and for a cross-validation the model card as well."""
    from ..report import write_card, write_report

    name = model.name if data is None else f"{model.name}-{Path(shown(data)).stem}"
    with interruptible():
        path = write_report(evaluation, model=model, rows=rows, folder=folder, name=name)
        say(f"Report: {path}")
        if data is None:
            card = write_card(evaluation, model=model, folder=folder, name=name)
            say(f"Model card: {card}")
    return path
