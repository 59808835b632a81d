"""The commands train and check."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ..display import count
from ..extras import needs
from .console.commands import JobFunction
from .console.program import if_interrupted
from .console.terminal import Terminal, show

if TYPE_CHECKING:
    from ..jobs.training import TrainJob
    from ..training.run import TrainingResult

__all__ = ["check", "train"]


@JobFunction
def train(job: TrainJob) -> None:
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
    with if_interrupted("nothing was written."):
        job.run(Terminal(_show_training))


def _show_training(result: TrainingResult | None) -> None:
    if result is None:
        return
    from ..evaluation import tables

    manifest = result.manifest
    show(tables.recorded_metrics(manifest))
    for sentence in tables.recorded_sentences(manifest):
        typer.echo(sentence)
    for met, sentence in tables.quality_bar(manifest):
        typer.echo(f"Quality bar {'met' if met else 'missed'}: {sentence}")
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
