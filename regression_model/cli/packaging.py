"""The command package, and the program of a packaged model."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Annotated, Any

import typer

from .. import __version__
from .console.options import registered
from .console.program import Command, interruptible, new_program, run
from .describing import info, schema
from .evaluating import evaluate
from .explaining import explain
from .predicting import predict

__all__ = ["model_main", "package"]

_EVALUATE = """Show how good the model is on rows with their true target.

    Each metric has a 95% interval from resampling the rows. Rows that cannot be scored are left out
    and listed, and exit code 1 means that there were some. If the model was trained on any of the
    rows, the first line says so.
    """

_TestRows = Annotated[
    str, typer.Option(metavar="FILE", help="Rows with their true target, or - for standard input.")
]


def package(
    model: Annotated[
        Path,
        typer.Argument(
            metavar="MODEL",
            help="Model file, name of an installed model, or registered model.",
            callback=registered,
        ),
    ],
    name: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            help="Name of the package and its command; without it, that of the model.",
        ),
    ] = None,
    version: Annotated[
        str | None,
        typer.Option(
            metavar="VERSION", help="Version of the package; without it, that of the model."
        ),
    ] = None,
    output: Annotated[
        Path,
        typer.Option("--output", "-o", metavar="DIR", help="Folder for the wheel and the sdist."),
    ] = Path("dist"),
    config: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="Configuration that the model must have been trained with, as it is now, and with "
            "the rows beside it.",
        ),
    ] = None,
) -> None:
    """Make a wheel and an sdist of a model.

    The package has a command of its own, NAME predict and so on, and a module with load_model and
    make_prediction. Where it is installed, load_model("NAME") and --model NAME find the model.
    The same model gives the same bytes. Needs the extra package.

    \b
    Example:
      regression-model package cars-4.0.0.onnx --name cars-model --version 1.0.0
    """
    from ..packaging import package_model

    with interruptible():
        made = package_model(model, name=name, version=version, output=output, config=config)
    typer.echo(f"Package: {made.name} {made.version}")
    if made.trained_as != f"{made.name} {made.version}":
        typer.echo(f"Model:   trained as {made.trained_as}")
    typer.echo(f"Wheel:   {made.wheel}")
    typer.echo(f"Sdist:   {made.sdist}")


def model_main(name: str, *, version: str, model: Path) -> None:
    """Run the commands that use a model, with this model, as the program `name`; then exit."""
    run(_program_of(name, version, model), name)


def _program_of(name: str, version: str, model: Path) -> typer.Typer:
    about = f"{name} {version} (regression-model {__version__})"
    own = new_program(name, about, help_text=f"Use the model {name}: predict with it, explain it.")
    for command, preset in (
        (predict, {}),
        (explain, {}),
        (evaluate, {"config": None, "repeats": None, "scheduler": None}),  # of a cross-validation
        (info, {}),
        (schema, {}),
    ):
        own.command(cls=Command)(_with(command, {"model": model, **preset}))
    return own


def _with(command: Callable[..., None], preset: dict[str, Any]) -> Callable[..., None]:
    """Return a command without the options whose values are given, and without its examples."""

    @wraps(command)
    def called(**options: Any) -> None:
        command(**options, **preset)

    signature = inspect.signature(command, eval_str=True)
    parameters = dict(signature.parameters)
    called.__doc__ = (command.__doc__ or "").partition("\b")[0]
    if command is evaluate:
        called.__doc__ = _EVALUATE
        parameters["data"] = parameters["data"].replace(
            default=inspect.Parameter.empty, annotation=_TestRows
        )
    called.__signature__ = signature.replace(  # type: ignore[attr-defined]
        parameters=[
            one.replace(kind=inspect.Parameter.KEYWORD_ONLY)
            for one in parameters.values()
            if one.name not in preset
        ]
    )
    return called
