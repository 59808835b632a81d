"""Which names and versions a package may have."""

from __future__ import annotations

import keyword
import re
import sys

from packaging.utils import canonicalize_name
from packaging.version import InvalidVersion, Version

from ..distribution import distributions_of, installed_version
from ..errors import ModelFileError, PackageError
from ..runtime.installed import InstalledModel, installed_models
from ..runtime.model_file.sealing import read_manifest
from .project import module_of

__all__ = ["checked_name", "checked_version", "require_free"]

_NAME = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*", re.ASCII)
_LONGEST = 100  # characters; with a version the names of the archives stay below 255
_STANDARD_LIBRARY = sys.stdlib_module_names | {"test"}
_COMMANDS = {"pip", "pip3", "python", "python3"}  # of every environment


def checked_name(name: str) -> str:
    """Return a name that a distribution, a module and a command can have.

    Raises
    ------
    PackageError
        When it is of another form, or its module or its command could not be used.
    """
    if not _NAME.fullmatch(name) or len(name) > _LONGEST:
        alike = re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")[:_LONGEST].rstrip("-")
        example = alike if _NAME.fullmatch(alike) else "cars-model"
        raise PackageError(
            f"{_shown(name)} cannot be the name of a package: expected lower-case words joined by "
            f"dashes, at most {_LONGEST} characters, such as {example}."
        )
    if keyword.iskeyword(module_of(name)):
        reason = "it is a keyword of Python, so the package could not be imported"
    elif module_of(name) in _STANDARD_LIBRARY:
        reason = "the standard library of Python has a module of that name"
    elif name in _COMMANDS:
        reason = "its command would replace one of Python"
    else:
        return name
    raise PackageError(_refused(name, reason))


def checked_version(version: str) -> str:
    """Return a version in its normal form.

    Raises
    ------
    PackageError
        When it is not a version by https://peps.python.org/pep-0440/.
    """
    try:
        normal = str(Version(version))
        if len(normal) <= _LONGEST:
            return normal
    except InvalidVersion:
        pass
    raise PackageError(
        f"{_shown(version)} cannot be the version of a package: expected numbers joined by dots, "
        "such as 1.0.0 or 1.1.0rc1; give it with --version."
    )


def require_free(name: str, version: str, *, target: str) -> None:
    """Check that the package would not take the place of another one.

    An installed model of the same name and target is an earlier version of this one.

    Raises
    ------
    PackageError
        When an installed distribution, model or module has the name.
    """
    models = [model for model in installed_models() if model.name == name]
    for model in models:
        if (other := _target(model)) not in (None, target):
            reason = f"an installed model of that name predicts {other}"
            raise PackageError(_refused(name, reason))
    installed = installed_version(name)
    if installed is not None and not models:
        raise PackageError(_refused(name, "an installed package has that name"))
    if installed is not None and Version(installed) == Version(version):
        raise PackageError(
            f"{name} {version} is installed here: give another version with --version."
        )
    holders = distributions_of(module_of(name))
    others = [holder for holder in holders if canonicalize_name(holder) != name]
    if others:
        reason = f"{module_of(name)} is a module of the installed package {others[0]}"
        raise PackageError(_refused(name, reason))


def _target(model: InstalledModel) -> object:
    try:
        return read_manifest(model.path)["target"]["name"]
    except (ModelFileError, LookupError, TypeError):
        return None


def _refused(name: str, reason: str) -> str:
    return f"{name!r} cannot be the name of a package: {reason}. Give another with --name."


def _shown(text: str) -> str:
    return repr(text if len(text) <= 60 else f"{text[:60]}…")
