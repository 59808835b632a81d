"""Models that installed distributions offer, each under a name.

A distribution offers one by an entry point of the group `regression_model.models`: its name is that
of the model, its value a module with the file `model.onnx`. Finding one imports nothing from the
distribution. Nothing is searched until a name is asked for.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Hashable
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from ..errors import ModelFileError
from ..remote import url_of
from .model_file.release import PACKAGE_ROOT, find_model_file
from .model_file.sealing import read_manifest

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

__all__ = [
    "GROUP",
    "MODEL_FILE",
    "Found",
    "InstalledModel",
    "Source",
    "find_model",
    "installed_models",
]

GROUP = "regression_model.models"
MODEL_FILE = "model.onnx"

_NAME = re.compile(r"[A-Za-z][A-Za-z0-9]*([-_][A-Za-z0-9]+)*", re.ASCII)


class InstalledModel(NamedTuple):
    """A model of an installed distribution, whose file need not be there or in order."""

    name: str
    distribution: str
    distribution_version: str
    path: Path


class Found(NamedTuple):
    """Where a model is now; another `key` than before means that it is another model."""

    key: Hashable
    place: Path | bytes
    name: str


Source = Callable[[], Found]


def installed_models() -> list[InstalledModel]:
    """Return the models of the installed distributions, by name; the shipped one is not among them.

    Two distributions may offer models of one name: both are returned.
    """
    from importlib.metadata import entry_points

    return sorted(
        InstalledModel(one.name, one.dist.name, one.dist.version, _file_of(one))
        for one in entry_points(group=GROUP)
        if one.dist is not None
    )


def find_model(named: str | Path) -> Path:
    """Return the file of a model that is given by its path or by its name.

    A file wins over a model of the same name, an installed model over the shipped one. What is
    neither a file nor a name, such as a URL, is returned as it is: opening it says what is wrong.
    Raises ModelFileError when no model of that name is installed, or several are.
    """
    text = str(named)
    if url_of(named) is not None:
        return Path(named)
    if (os.path.exists(text) and not os.path.isdir(text)) or not _NAME.fullmatch(text):
        return Path(named)
    name = text.replace("_", "-").lower()
    models = installed_models()
    found = [model for model in models if model.name == name]
    if len(found) > 1:
        several = " and ".join(f"{one.distribution} {one.distribution_version}" for one in found)
        raise ModelFileError(f"The model {name!r} is in {several}: uninstall all but one.")
    if found:
        (model,) = found
        if not model.path.is_file():
            raise ModelFileError(
                f"The installed model {name!r} has no file {model.path}: install "
                f"{model.distribution} {model.distribution_version} again."
            )
        return model.path
    shipped = find_model_file(PACKAGE_ROOT)
    shipped_name = shipped and read_manifest(shipped).get("name")
    if shipped is not None and shipped_name == name:
        return shipped
    if os.path.isdir(text):
        return Path(named)
    names = sorted({model.name for model in models} | ({shipped_name} if shipped_name else set()))
    raise ModelFileError(
        f"There is no file {text} and no model of that name: "
        f"{'installed: ' + ', '.join(names) if names else 'no model is installed'}."
    )


def _file_of(entry_point: EntryPoint) -> Path:
    """Return where the distribution has put the file, or an editable one has its sources."""
    assert entry_point.dist is not None
    folders = entry_point.module.split(".")
    recorded = Path(str(entry_point.dist.locate_file("/".join([*folders, MODEL_FILE]))))
    if recorded.is_file():
        return recorded
    try:
        spec = find_spec(folders[0])  # a top-level module is found without being imported
    except (ImportError, ValueError):
        spec = None
    for place in (spec and spec.submodule_search_locations) or ():
        if (file := Path(place, *folders[1:], MODEL_FILE)).is_file():
            return file
    return recorded
