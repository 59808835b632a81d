"""The command serve."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from ..logs import Level
from .console.program import say

__all__ = ["serve"]


def serve(
    model: Annotated[
        Path | None,
        typer.Option(
            metavar="MODEL",
            help="Model file, name of an installed model, or registered model such as "
            "runs:/NAME@champion, which is followed; without it, the shipped one.",
        ),
    ] = None,
    host: Annotated[
        str,
        typer.Option(metavar="HOST", help="Address to listen on; 0.0.0.0 for all of the machine."),
    ] = "127.0.0.1",
    port: Annotated[
        int, typer.Option(metavar="PORT", min=0, max=65535, help="Port; 0 for any that is free.")
    ] = 8000,
    workers: Annotated[
        int, typer.Option(metavar="N", min=1, max=512, help="Processes that answer.")
    ] = 1,
    max_rows: Annotated[
        int, typer.Option(metavar="N", min=1, help="Most rows in one request.")
    ] = 10_000,
    max_body: Annotated[
        int, typer.Option(metavar="BYTES", min=1, help="Largest body of a request.")
    ] = 8
    << 20,
    timeout: Annotated[
        float,
        typer.Option(
            metavar="SECONDS", min=0.1, help="Most time to receive a body, and to answer it."
        ),
    ] = 30.0,
    log_level: Annotated[Level, typer.Option(help="The least that is logged.")] = Level.info,
    no_access_log: Annotated[
        bool, typer.Option("--no-access-log", help="Log no line for each request.")
    ] = False,
) -> None:
    """Answer requests for predictions over HTTP.

    POST rows to /api/v1/predict. A new model file put in place of the old one is opened by itself,
    or at the signal HUP; so is the model that an alias names after a promotion. If the environment
    has REGRESSION_MODEL_API_KEY, requests must send it. The log goes to standard error. Needs the
    extra serve.

    \b
    Examples:
      regression-model serve
      regression-model serve --model boats-1.0.0.onnx --host 0.0.0.0 --workers 4
      regression-model serve --model runs:/house-prices@champion
    """
    from ..extras import needs
    from ..tracking.sources import RegisteredModel, is_registered

    with needs("serve"):
        from ..serving.http.limits import Limits
        from ..serving.server import Settings, serve

    source: Any = model
    if model is not None and is_registered(model):
        source = RegisteredModel(str(model))
    limits = Limits(body_bytes=max_body, rows=max_rows, seconds=timeout)
    settings = Settings(source, host, port, workers, limits, log_level.value, not no_access_log)
    serve(settings, say)
