"""The commands train and check."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ..extras import needs
from .loading import shown_progress
from .metrics import (
    interval_sentence,
    metrics_table,
    parity_sentence,
    quality_sentence,
    spread_sentence,
)
from .program import INTERRUPTED_EXIT, fail, interruptible, say
from .tables import console_of, count

if TYPE_CHECKING:
    from ..training.run import TrainingResult

__all__ = ["check", "train"]


def train(
    config: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Configuration; without it, the packaged one."),
    ] = None,
    data: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE", help="Training rows; without it, those the configuration names."
        ),
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR",
            help="Folder for the model file; without it, trained_models, in the package for the "
            "packaged configuration and beside any other.",
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
) -> None:
    """Train a model and write its file.

    A configuration describes the model and names its training rows. The figures are
    cross-validated. Exit code 1 says that the model misses the quality bar of its configuration;
    nothing is written then, nor after any error.

    \b
    Examples:
      regression-model train
      regression-model train --config boats.yml --data boats.csv --output models
    """
    if data == Path("-"):
        raise typer.BadParameter("training rows come from a file.", param_hint="--data")
    if if_stale:
        if config or data or output:
            raise typer.BadParameter(
                "looks at the shipped model: give no --config, --data or --output with it.",
                param_hint="--if-stale",
            )
        if _is_fresh():
            return
    try:
        result = _train(config, data, output)
    except KeyboardInterrupt:
        fail("Interrupted: nothing was written.", code=INTERRUPTED_EXIT)
    _show_training(result)


def _is_fresh() -> bool:
    from ..runtime.model_file.release import PACKAGE_ROOT, stale_reason

    reason = stale_reason(PACKAGE_ROOT)
    say(f"Training: {reason}." if reason else "The model is up to date: nothing to do.")
    return reason is None


def _train(config: Path | None, data: Path | None, output: Path | None) -> TrainingResult:
    say("Loading libraries ...")
    with needs("train"):
        from ..training.run import run_training
    with interruptible(), shown_progress() as progress:
        return run_training(config_path=config, data_path=data, output=output, progress=progress)


def _show_training(result: TrainingResult) -> None:
    console = console_of(sys.stdout)
    console.print(metrics_table(result.manifest))
    if sentence := spread_sentence(result.manifest):
        typer.echo(sentence)
    typer.echo(interval_sentence(result.manifest))
    typer.echo(quality_sentence(result.manifest))
    typer.echo(parity_sentence(result.manifest))
    for note in result.notes:
        typer.echo(f"Note: {note}")
    typer.echo(f"Model file: {result.model_path}")
    typer.echo(f"Pipeline:   {result.pipeline_path}")
    if result.report_path is not None:
        typer.echo(f"Report:     {result.report_path}")
        typer.echo(f"Model card: {result.card_path}")


def check(
    config: Annotated[Path, typer.Argument(metavar="CONFIG", help="Configuration file.")],
) -> None:
    """Validate a configuration.

    Says in one sentence that it is in order, or names every mistake with its line.

    \b
    Example:
      regression-model check boats.yml
    """
    with needs("train"):
        from ..config.core import load_config
    loaded = load_config(config)
    used = sum(feature.use != "no" for feature in loaded.features.values())
    counts = (
        f"{count(len(loaded.features), 'feature')} ({used} used), "
        f"{count(len(loaded.derived), 'derived feature')}, "
        f"{count(len(loaded.estimator), 'member')} of the estimator"
    )
    typer.echo(f"{config} is in order: {counts}.")
