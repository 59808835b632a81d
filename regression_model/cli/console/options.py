"""Options that commands have beside those of jobs."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ...jobs.description import places
from ...jobs.description.places import MODEL, PLACE_OF_RUNS

__all__ = ["JsonOption", "ModelOption", "PlaceOfRunsOption", "registered"]


def registered(model: Path | None) -> Path | None:
    """Return the file of a model that a registry may know by its name."""
    return places.registered(model)


JsonOption = Annotated[bool, typer.Option("--json", help="Everything as JSON, for programs.")]

ModelOption = Annotated[
    Path | None, typer.Option("--model", metavar="MODEL", help=MODEL, callback=registered)
]

PlaceOfRunsOption = Annotated[
    str | None,
    typer.Option(
        "--runs",
        metavar="WHERE",
        envvar="REGRESSION_MODEL_RUNS",
        show_envvar=False,
        help=PLACE_OF_RUNS,
    ),
]
