"""Options that commands have beside those of jobs."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ..jobs.words import MODEL

__all__ = ["ModelOption"]

ModelOption = Annotated[Path | None, typer.Option("--model", metavar="MODEL", help=MODEL)]
