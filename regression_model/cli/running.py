"""The command run."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from ..extras import needs
from .console.commands import COMMANDS
from .console.logs import MESSAGES

__all__ = ["run"]


def run(
    files: Annotated[
        list[Path] | None,
        typer.Argument(metavar="JOB.yml ...", help="Job files; what a later one says counts."),
    ] = None,
    changes: Annotated[
        list[str] | None,
        typer.Option(
            "--set",
            metavar="KEY=VALUE",
            help="A setting, after those of the files; may be given several times.",
        ),
    ] = None,
    schema: Annotated[
        bool,
        typer.Option(
            "--schema",
            help="Print the JSON Schema of a job file instead, for an editor that completes and "
            "explains its keys.",
        ),
    ] = False,
    dry: Annotated[
        bool, typer.Option("--dry", help="Check the job and print it as one file; run nothing.")
    ] = False,
) -> None:
    """Run a job that files describe.

    The key kind says which command it is: tune, train, evaluate, explain, predict, compare, promote
    or monitor. The other keys are the options of that command, with underscores for dashes, and
    what it prints and its exit codes are those of the command. ${NAME} stands for a variable of the
    environment, and ${NAME:default} for one that need not be set.

    \b
    Examples:
      regression-model run train.yml
      regression-model run train.yml nightly.yml --set output=models
      regression-model run train.yml --dry
      regression-model run --schema > job.schema.json
    """
    if schema:
        if files or changes or dry:
            raise typer.BadParameter("is printed alone.", param_hint="--schema")
        from ..jobs.description.schema import schema as schema_of_jobs

        typer.echo(json.dumps(schema_of_jobs(), indent=2))
        return
    if not files:
        raise typer.BadParameter("name one job file, or several.", param_hint="JOB.yml")
    with needs("jobs"):
        from ..jobs.reading import read_document
    document = read_document(*files, changes=changes or ())
    if dry:
        typer.echo(document.to_yaml(), nl=False)
        return
    MESSAGES.log_to_standard_error()
    COMMANDS[document.job.kind].show(document.job)
