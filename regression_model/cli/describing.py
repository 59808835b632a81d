"""The commands info and schema."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Annotated, Any

import typer

from .metrics import interval_sentence, metrics_table, parity_sentence, spread_sentence
from .options import ModelOption
from .tables import console_of, table_of

if TYPE_CHECKING:
    from ..runtime.contract import Contract

__all__ = ["info", "schema"]


def info(
    model: ModelOption = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="The whole manifest as JSON, for programs.")
    ] = False,
) -> None:
    """Show the metadata of a model file.

    That is its name and target, what it was trained on and with, and how good it is.

    \b
    Examples:
      regression-model info
      regression-model info --model models/boats-1.0.0.onnx --json
    """
    from ..runtime.model import load_model

    opened = load_model(model)
    manifest = opened.manifest
    if as_json:
        typer.echo(json.dumps(manifest, indent=2))
        return
    console = console_of(sys.stdout)
    console.print(f"{opened.name} {opened.version}", style="bold")
    console.print(manifest["description"])
    record = table_of(show_header=False)
    for what, said in _record(manifest, opened.contract):
        record.add_row(what, said)
    console.print(record)
    console.print(metrics_table(manifest))
    if sentence := spread_sentence(manifest):
        console.print(sentence)
    console.print(interval_sentence(manifest))


def _record(manifest: Mapping[str, Any], contract: Contract) -> Iterator[tuple[str, str]]:
    target, training = manifest["target"], manifest["training"]
    unit = f" in {target['unit']}" if target["unit"] else ""
    used = [field for field in contract.fields if field.used]
    required = sum(field.required for field in used)
    yield "Target", f"{target['name']}{unit}: {target['description']}"
    yield "Fields", f"{len(contract.fields)}, of which {len(used)} used ({required} required)"
    yield "Estimator", "; ".join(_member(*member) for member in training["estimator"].items())
    yield "Trained on", f"{training['rows']:,} rows of {training['data_file']}"
    if training["data_source"]:
        yield "Source", training["data_source"]
    if manifest["created"]:
        yield "Created", manifest["created"]
    if training.get("commit"):  # an older file has none
        yield "Commit", training["commit"]
    libraries = {"Python": training["python"], **training["libraries"]}
    yield "Trained with", ", ".join(f"{name} {version}" for name, version in libraries.items())
    yield "Parity", parity_sentence(manifest)


def _member(kind: str, settings: Mapping[str, Any]) -> str:
    said = ", ".join(
        f"{key} {value:g}" if isinstance(value, int | float) else f"{key} {value}"
        for key, value in settings.items()
        if key != "kind"
    )
    return f"{kind} ({said})"


def schema(model: ModelOption = None) -> None:
    """Print the JSON Schema of one row.

    \b
    Example:
      regression-model schema > row.schema.json
    """
    from ..runtime.model import load_model

    opened = load_model(model)
    typer.echo(json.dumps(opened.contract.json_schema(title=opened.name), indent=2))
