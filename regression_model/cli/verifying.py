"""The commands verify and sign."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ..display import printable
from ..jobs.description.places import check_places
from ..jobs.watching import Watcher
from .console.options import JsonOption
from .console.program import fail, interruptible, say
from .console.terminal import shown_progress

if TYPE_CHECKING:
    from ..verification import Verification

__all__ = ["sign", "verify"]


def verify(
    target: Annotated[
        str | None,
        typer.Argument(
            metavar="TARGET",
            help="Wheel, model file, or name of an installed model; without it, the installed "
            "package.",
        ),
    ] = None,
    key: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE", help="Public key that must have signed TARGET; needs the extra verify."
        ),
    ] = None,
    signature: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Signature; without it, the one at TARGET.sig."),
    ] = None,
    retrain: Annotated[
        bool,
        typer.Option(
            "--retrain",
            help="Train again in a temporary folder: it must give the same bytes. Needs the extra "
            "train.",
        ),
    ] = False,
    config: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="Configuration for --retrain, with its rows beside it; without it, that of the "
            "wheel or the package.",
        ),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Verify a wheel, a model file or the installed package.

    It is compared with what it should be: its hashes, its model, its SBOM and its signature. One
    line for each check: ok, refused, or not checked. Nothing in a wheel or a model file is run,
    and nothing is unpacked. Exit code 1 means that something is refused, and 2 that something could
    not be checked: no such file, a key that cannot be used, a missing extra.

    \b
    Examples:
      regression-model verify
      regression-model verify cars_model-1.0.0-py3-none-any.whl --key release.pub
      regression-model verify cars-4.0.0.onnx --retrain --config cars.yml
    """
    if key is not None and target is None:
        raise typer.BadParameter("is for a file: name a wheel or a model file.", param_hint="--key")
    if signature is not None and key is None:
        raise typer.BadParameter("is checked with a public --key.", param_hint="--signature")
    if config is not None and not retrain:
        raise typer.BadParameter("is for --retrain.", param_hint="--config")
    from ..verification import verify as verified

    with interruptible(), shown_progress() if retrain else Watcher().work() as progress:
        verification = verified(
            target,
            key=key,
            signature=signature,
            retrain=retrain,
            config=config,
            progress=progress,
            note=say,
        )
    if as_json:
        typer.echo(json.dumps(verification.to_dict(), indent=2))
    else:
        _show(verification)
    if not verification.passed:
        names = ", ".join(check.name for check in verification.refused)
        fail(f"Refused: {printable(verification.target)} ({names}).", code=1)


def _show(verification: Verification) -> None:
    typer.echo(printable(verification.target))
    if verification.sha256 is not None:
        typer.echo(f"SHA-256 {verification.sha256}")
    for check in verification.checks:
        typer.echo(f"{check.status:<12} {check.name}: {printable(check.message)}")
        if check.status == "refused":
            for detail in check.details[1:]:
                typer.echo(f"{'':<12} {printable(detail)}")


def sign(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="Wheel or model file.")],
    key: Annotated[
        Path,
        typer.Option(
            metavar="FILE",
            help="Private key in PEM form, on the curve P-256, P-384 or P-521; its password is "
            "taken from the environment variable REGRESSION_MODEL_KEY_PASSWORD.",
        ),
    ],
    output: Annotated[
        Path | None,
        typer.Option(
            "--output",
            "-o",
            metavar="FILE",
            help="Where to write the signature; without it, FILE.sig.",
        ),
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace a signature.")] = False,
) -> None:
    """Sign a wheel or a model file.

    What its own checks refuse is not signed. The signature stays valid when file and signature are
    renamed. Works offline; needs the extra verify.

    \b
    Example:
      regression-model sign cars_model-1.0.0-py3-none-any.whl --key release.key
    """
    from ..verification import sign as signed

    check_places({"signature": output}, {"file": file, "private key": key})
    with interruptible():
        place = signed(file, key=key, output=output, replace=force)
    typer.echo(f"Signature: {place}")
