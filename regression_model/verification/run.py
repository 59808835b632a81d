"""Verifying and signing, top to bottom."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from .. import __version__
from ..distribution import distribution_name
from ..errors import ModelFileError, VerificationError
from ..files.writing import write_atomically
from ..runtime.installed import find_model
from ..runtime.model_file.release import PACKAGE_ROOT, find_model_file
from ..runtime.model_file.sealing import open_sealed, read_content
from .installed import installed_checks
from .model import model_checks
from .result import Check, Verification
from .retraining import retraining_check, sources_of
from .signing import make_signature, signature_check, signature_path
from .wheel import Wheel, wheel_checks

if TYPE_CHECKING:
    from ..training.cross_validation import Progress

__all__ = ["sign", "verify"]


def verify(
    target: str | Path | None = None,
    *,
    key: Path | None = None,
    signature: Path | None = None,
    retrain: bool = False,
    config: Path | None = None,
    progress: Progress = lambda stage, done, of: None,
    note: Callable[[str], None] = lambda sentence: None,
) -> Verification:
    """Check the installed package, a model file or a wheel; nothing in it is run.

    Parameters
    ----------
    target : a wheel, a model file or the name of an installed model; None for the installed package
    key : public key that must have signed the file
    signature : where the signature is, if not beside the file
    retrain : train again, and compare the bytes
    config : the configuration that a model file was trained with, if not the packaged one
    progress : called with (stage, done, total) while it trains
    note : called with a sentence about what will change the bytes, before it trains

    Returns
    -------
    Verification
        What is refused is in it, and raises nothing.

    Raises
    ------
    ModelFileError
        When there is no such file or model.
    VerificationError
        When something could not be checked: a key, a signature, or a training.
    MissingExtraError
        Without the extra verify for a key, or train for a training.
    """
    wheel: Wheel | None = None
    if target is None:
        if key is not None or signature is not None:
            raise VerificationError("A signature is that of a file: name a model file or a wheel.")
        title, sha256 = f"{distribution_name()} {__version__}, installed", None
        checks = list(installed_checks())
        shipped = find_model_file(PACKAGE_ROOT)
        model = None if shipped is None else (shipped.name, read_content(shipped))
    else:
        path = _found(target)
        content = read_content(path)
        title, sha256 = path.name, hashlib.sha256(content).hexdigest()
        checks, wheel = _content_checks(path, content)
        model = (path.name, content)
        if wheel is not None and wheel.models:
            model = (wheel.models[0], wheel.read(wheel.models[0]))
        if key is None:
            checks.append(Check("signature", "not checked", "No public key was given."))
        else:
            checks.append(signature_check(path, content, key=key, signature=signature))
    checks.append(_retraining(model, wheel, checks, retrain, config, progress, note))
    return Verification(title, sha256, tuple(checks))


def sign(file: Path, *, key: Path, output: Path | None = None, replace: bool = False) -> Path:
    """Sign a model file or a wheel that passes its checks, and return where the signature is.

    Parameters
    ----------
    key : private key; see `make_signature`
    output : where to write the signature, if not beside the file
    replace : whether an older signature there is replaced

    Raises
    ------
    ModelFileError
        When there is no such file.
    VerificationError
        When the file is refused, the key cannot be used, or there is a signature already.
    OutputError
        When the signature cannot be written.
    """
    path = _found(file)
    place = output or signature_path(path)
    if place.exists() and not replace:
        raise VerificationError(f"{place} exists: remove it, or replace it with --force.")
    checks, _ = _content_checks(path, read_content(path))
    for check in checks:
        if check.status == "refused":
            raise VerificationError(f"{path} was not signed: {check.message}")
    write_atomically(place, make_signature(path, key=key))
    return place


def _found(target: str | Path) -> Path:
    """Return the path of what is to be verified."""
    path = Path(target)
    if path.name.endswith((".tar.gz", ".zip")):
        raise VerificationError(f"{path} is a source archive: name a model file or a wheel.")
    if _is_wheel(path):
        if not path.is_file():
            raise ModelFileError(f"{path} does not exist: name another wheel.")
        return path
    return find_model(target)


def _is_wheel(path: Path) -> bool:
    return path.suffix.lower() == ".whl"


def _content_checks(path: Path, content: bytes) -> tuple[list[Check], Wheel | None]:
    if _is_wheel(path):
        return wheel_checks(content, path.name)
    checks, _ = model_checks(content, name=path.name)
    return checks, None


def _retraining(
    model: tuple[str, bytes] | None,
    wheel: Wheel | None,
    checks: list[Check],
    retrain: bool,
    config: Path | None,
    progress: Progress,
    note: Callable[[str], None],
) -> Check:
    """Return the last check: what is already refused is not trained again."""
    if not retrain:
        return Check("retraining", "not checked", "It was not asked for.")
    if model is None or any(check.status == "refused" for check in checks):
        return Check("retraining", "not checked", "Something was refused before it.")
    name, content = model
    manifest = open_sealed(content, name=name)
    with sources_of(wheel, manifest, name=name, config=config) as found:
        return retraining_check(content, name=name, config=found, progress=progress, note=note)
