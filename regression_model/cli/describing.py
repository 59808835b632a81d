"""The commands info, schema and models."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Annotated, Any

import typer

from ..display import Table, printable
from ..errors import ModelFileError
from .console.options import ModelOption
from .console.program import say
from .console.terminal import show

__all__ = ["info", "models", "schema"]


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


def models(
    as_json: Annotated[
        bool, typer.Option("--json", help="The list as JSON, for programs.")
    ] = False,
) -> None:
    """List the models that --model and load_model find by name.

    They are the one that regression-model ships, and those of the distributions that the command
    package has made and that are installed here.

    \b
    Example:
      regression-model models
    """
    found = [*_models()]
    if as_json:
        typer.echo(json.dumps(found, indent=2))
        return
    keys = ("name", "version", "target", "distribution", "file")
    rows = [[printable(one[key] or "–") for key in keys] for one in found]
    show(Table("", [key.capitalize() for key in keys], rows, numbers_to=0))
    for one in found:
        if one["error"] is not None:
            say(f"Warning: {one['name'] or one['distribution']} cannot be used: {one['error']}")


def _models() -> Iterator[dict[str, Any]]:
    """Yield what is known of each model that has a name."""
    from .. import __version__
    from ..runtime.installed import InstalledModel, installed_models
    from ..runtime.model_file.manifest import ManifestError, check_manifest
    from ..runtime.model_file.release import PACKAGE_ROOT, find_model_file
    from ..runtime.model_file.sealing import read_manifest

    shipped = find_model_file(PACKAGE_ROOT)
    ours = [InstalledModel("", "regression-model", __version__, shipped)] if shipped else []
    for model in (*ours, *installed_models()):
        try:
            manifest, error = read_manifest(model.path), None
            check_manifest(manifest)
        except ModelFileError as refused:
            manifest, error = {}, str(refused)
        except ManifestError as refused:
            manifest, error = {}, f"its manifest cannot be read: {refused}."
        yield {
            "name": model.name or manifest.get("name"),
            "version": manifest.get("version"),
            "target": manifest["target"]["name"] if manifest else None,
            "distribution": f"{model.distribution} {model.distribution_version}",
            "file": str(model.path),
            "error": error,
        }
