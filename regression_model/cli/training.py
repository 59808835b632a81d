"""The commands train and check."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ..display import count
from ..extras import needs
from .options import (
    ConfigOption,
    RecordOption,
    SchedulerOption,
    TrainingRowsOption,
    recorder_of,
)
from .program import INTERRUPTED_EXIT, fail, interruptible, say
from .spreading import folds_spread
from .terminal import show, shown_progress

if TYPE_CHECKING:
    from ..training.run import TrainingResult

__all__ = ["check", "train"]


def train(
    config: ConfigOption = None,
    data: TrainingRowsOption = None,
    output: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR",
            help="Folder for the model file; without it, trained_models, in the package for the "
            "packaged configuration and beside any other.",
        ),
    ] = None,
    write: Annotated[
        bool,
        typer.Option(
            "--write",
            help="Put the members that estimator: auto has chosen into the configuration file.",
        ),
    ] = False,
    since: Annotated[
        str | None,
        typer.Option(
            metavar="MODEL",
            help="An earlier model, to say what has changed in the training rows; without it, the "
            "one that is replaced.",
        ),
    ] = None,
    if_stale: Annotated[
        bool,
        typer.Option(
            "--if-stale",
            help="Train only if the shipped model is absent, or its version, configuration or data "
            "have changed.",
        ),
    ] = False,
    scheduler: SchedulerOption = None,
    record: RecordOption = None,
) -> None:
    """Train a model and write its file.

    A configuration describes the model and names its training rows. The metrics are
    cross-validated. Exit code 1 means that the model misses the quality bar of its configuration;
    nothing is written then, nor after any error.

    \b
    Examples:
      regression-model train
      regression-model train --config cars.yml --write
      regression-model train --config boats.yml --data boats.csv --output models
      regression-model train --runs runs
    """
    if data == Path("-"):
        raise typer.BadParameter("training rows come from a file.", param_hint="--data")
    if if_stale:
        if config or data or output or write or since:
            raise typer.BadParameter(
                "looks at the shipped model: give no --config, --data, --output, --write or "
                "--since too.",
                param_hint="--if-stale",
            )
        if _is_fresh():
            return
    recorder = recorder_of(record)
    try:
        result = _train(config, data, output, write, since, scheduler)
    except KeyboardInterrupt:
        fail("Interrupted: nothing was written.", code=INTERRUPTED_EXIT)
    _show_training(result)
    if recorder is not None:
        from ..tracking.building import made_by_training

        recorder.keep(made_by_training(result))


def _is_fresh() -> bool:
    from ..runtime.model_file.release import PACKAGE_ROOT, stale_reason

    reason = stale_reason(PACKAGE_ROOT)
    say(f"Training: {reason}." if reason else "The model is up to date: nothing to do.")
    return reason is None


def _train(
    config: Path | None,
    data: Path | None,
    output: Path | None,
    write: bool,
    since: str | None,
    scheduler: str | None,
) -> TrainingResult:
    say("Loading libraries ...")
    with needs("train"):
        from ..training.run import run_training
    with interruptible(), folds_spread(scheduler), shown_progress() as progress:
        return run_training(
            config_path=config,
            data_path=data,
            output=output,
            write=write,
            since=since,
            progress=progress,
        )


def _show_training(result: TrainingResult) -> None:
    from ..evaluation import tables

    manifest = result.manifest
    show(tables.recorded_metrics(manifest))
    for sentence in (*tables.recorded_sentences(manifest), *_quality_bar(manifest)):
        typer.echo(sentence)
    show(tables.estimators(manifest), tables.choice_sentence(manifest))
    parity = manifest["parity"]
    typer.echo(
        f"Graph and pipeline agree on {count(parity['rows'], 'row')}: "
        f"largest relative difference {parity['largest_relative_difference']:.1e}."
    )
    for note in result.notes:
        typer.echo(f"Note: {note}")
    typer.echo(f"Model file: {result.model_path}")
    typer.echo(f"Pipeline:   {result.pipeline_path}")
    if result.report_path is not None:
        typer.echo(f"Report:     {result.report_path}")
        typer.echo(f"Model card: {result.card_path}")


def _quality_bar(manifest: Mapping[str, Any]) -> Iterator[str]:
    from ..evaluation.tables import quality_bar

    for met, sentence in quality_bar(manifest):
        yield f"Quality bar {'met' if met else 'missed'}: {sentence}"


def check(
    config: Annotated[
        Path | None, typer.Argument(metavar="CONFIG", help="Configuration file.")
    ] = None,
    schema: Annotated[
        bool,
        typer.Option(
            "--schema",
            help="Print the JSON Schema of a configuration instead, for an editor that completes "
            "and explains its keys.",
        ),
    ] = False,
) -> None:
    """Validate a configuration.

    Prints one sentence if it is valid, or every mistake with its line.

    \b
    Examples:
      regression-model check boats.yml
      regression-model check --schema > config.schema.json
    """
    if (config is None) is not schema:
        raise typer.BadParameter("name one configuration, or give --schema.", param_hint="CONFIG")
    with needs("train"):
        from ..config.core import load_config
        from ..config.reference import schema as schema_of_config
    if config is None:
        typer.echo(json.dumps(schema_of_config(), indent=2))
        return
    loaded = load_config(config)
    used = sum(feature.use != "no" for feature in loaded.features.values())
    members = f"{count(len(loaded.estimator), 'member')} of the estimator"
    if loaded.estimator.auto is not None:
        members = "members of the estimator chosen in training"
    counts = (
        f"{count(len(loaded.features), 'feature')} ({used} used), "
        f"{count(len(loaded.derived), 'derived feature')}, {members}"
    )
    typer.echo(f"{config} is valid: {counts}.")
