"""The commands info and schema."""

from __future__ import annotations

import json
from typing import Annotated

import typer

from .options import ModelOption
from .terminal import show

__all__ = ["info", "schema"]


def info(
    model: ModelOption = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="The whole manifest as JSON, for programs.")
    ] = False,
) -> None:
    """Show the metadata of a model file.

    That is its name and target, what it was trained on and with which libraries, and how good it
    is.

    \b
    Examples:
      regression-model info
      regression-model info --model models/boats-1.0.0.onnx --json
    """
    from ..evaluation import tables
    from ..runtime.model import load_model

    opened = load_model(model)
    manifest = opened.manifest
    if as_json:
        typer.echo(json.dumps(manifest, indent=2))
        return
    show(f"{opened.name} {opened.version}", manifest["description"])
    show(tables.record(manifest, opened.contract), header=False)
    show(tables.recorded_metrics(manifest), *tables.recorded_sentences(manifest))
    show(manifest["training"]["data_source"] or None)


def schema(model: ModelOption = None) -> None:
    """Print the JSON Schema of one row.

    \b
    Example:
      regression-model schema > row.schema.json
    """
    from ..runtime.model import load_model

    opened = load_model(model)
    typer.echo(json.dumps(opened.contract.json_schema(title=opened.name), indent=2))
