"""Job files: merged from left to right, with the environment in them, and every mistake told.

A file may hold some of the settings only; what counts is what all of them say together.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

from pydantic import ValidationError

from ..config.mistakes import KeyPath, Mistake, explain, nearest
from ..errors import ConfigError
from ..extras import needs
from . import KINDS, kind_of
from .base import Job

__all__ = ["JobDocument", "read_document", "read_job"]

_NAMED = re.compile(r"\$\{([^}:]*)(?::([^}]*))?\}")
_OPTION = re.compile(r"--([a-z][a-z-]*)")
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")

Told = tuple[str, int, str, str]  # a file, a line, a key and what is wrong with it


@dataclass
class _Layer:
    """What one file, or one --set, says."""

    source: str
    document: dict[str, Any]
    lines: Mapping[KeyPath, int]
    written: dict[KeyPath, Any] = field(default_factory=dict)  # as it was before the environment

    def place_of(self, path: KeyPath) -> tuple[str, int]:
        """Return the file and the line of a key, or of the nearest key above it."""
        while path not in self.lines:
            path = path[:-1]
        return self.source, self.lines[path]


class JobDocument(NamedTuple):
    """A job, and its settings as files have them: what they say together, in their words."""

    job: Job
    settings: dict[str, Any]

    def to_yaml(self) -> str:
        """Write the settings as one file."""
        import strictyaml

        return str(strictyaml.as_document(self.settings).as_yaml())


def read_job(
    *files: Path | str, changes: Sequence[str] = (), environment: Mapping[str, str] | None = None
) -> Job:
    """Read a job from files.

    Parameters
    ----------
    files : merged from left to right: what a later file says counts.
    changes : `key.path=value`, after the files.
    environment : what `${NAME}` stands for; None for that of this process.

    Raises
    ------
    ConfigError
        For every mistake of every file at once, each with its line.
    """
    return read_document(*files, changes=changes, environment=environment).job


def read_document(
    *files: Path | str, changes: Sequence[str] = (), environment: Mapping[str, str] | None = None
) -> JobDocument:
    """Read a job from files, with the settings that they have together; see `read_job`."""
    told: list[Told] = []
    layers = [layer for file in files if (layer := _layer_of(file, told)) is not None]
    unreadable = len(layers) < len(files)
    layers += [layer for change in changes if (layer := _change(change, told)) is not None]
    variables = os.environ if environment is None else environment
    for layer in layers:
        layer.document = _with_variables(layer, variables, told)
    job = _checked(layers, told, partial=unreadable)
    if told or job is None:
        raise _error(told, [str(file) for file in files])
    return JobDocument(job, _merged([_shown(layer, layer.document) for layer in layers]))


def _layer_of(file: Path | str, told: list[Told]) -> _Layer | None:
    with needs("jobs"):
        from ..config.reading import MOST_CHARACTERS, read_yaml
    try:
        text = Path(file).read_bytes().decode("utf-8")
        document, lines = read_yaml(text[: MOST_CHARACTERS + 1], str(file))
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        told.append((str(file), line, "", "expected UTF-8 text"))
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise ConfigError(f"{file}: cannot be read: {reason}") from None
    except ConfigError as error:
        told += [(str(file), *mistake) for mistake in error.mistakes]
    else:
        return _Layer(str(file), document, lines)
    return None


def _change(change: str, told: list[Told]) -> _Layer | None:
    """Return what a `key.path=value` says."""
    path, equals, value = change.partition("=")
    keys = tuple(path.strip().split("."))
    if not equals or not all(keys):
        told.append((f"--set {change}", 0, "", "expected key=value or key.path=value"))
        return None
    document: Any = value
    lines = {keys[:depth]: 0 for depth in range(len(keys) + 1)}
    for key in reversed(keys):
        document = {key: document}
    return _Layer(f"--set {path}", document, lines)


def _with_variables(layer: _Layer, variables: Mapping[str, str], told: list[Told]) -> Any:
    """Return a document with the environment in it; tell the variables that are not set."""

    def filled(value: Any, path: KeyPath) -> Any:
        if isinstance(value, dict):
            return {key: filled(below, (*path, key)) for key, below in value.items()}
        if isinstance(value, list):
            return [filled(below, path) for below in value]
        if "${" not in value:
            return value
        layer.written[path] = value
        return _NAMED.sub(lambda found: variable(found, path), value)

    def variable(found: re.Match[str], path: KeyPath) -> str:
        name, default = found.groups()
        if not _NAME.fullmatch(name):
            wrong = f"expected the name of a variable in {found[0]!r}"
        elif name in variables:
            return variables[name]
        elif default is not None:
            return str(default)
        else:
            close = nearest(name, [*variables])
            wrong = f"the environment variable {name} is not set, and there is no default{close}"
        told.append((*layer.place_of(path), ".".join(path), wrong))
        return default or ""

    return filled(layer.document, ())


def _shown(layer: _Layer, value: Any, path: KeyPath = ()) -> Any:
    """Return what a file says as it may be shown: an address only as its variable."""
    if isinstance(value, dict):
        return {key: _shown(layer, below, (*path, key)) for key, below in value.items()}
    if path[:1] != ("notify",):
        return value
    if isinstance(value, list):
        return [_hidden(one) for one in value]
    text = layer.written.get(path, value)
    return text if "on" in path else _hidden(text)


def _hidden(address: str) -> str:
    if address.startswith("${") and address.endswith("}") and ":" not in address:
        return address
    scheme, found, _ = address.partition("://")
    return f"{scheme}://***" if found and scheme.isalnum() else "***"


def _merged(documents: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Return what documents say together: of two values of one key the last counts."""
    merged: dict[str, Any] = {}
    for document in documents:
        for key, value in document.items():
            both = [merged.get(key), value]
            merged[key] = _merged(both) if all(isinstance(one, dict) for one in both) else value
    return merged


def _checked(layers: list[_Layer], told: list[Told], *, partial: bool) -> Job | None:
    """Return the job, or tell what is wrong with it; `partial` if some could not be read."""
    if not layers:
        return None
    merged = _merged([layer.document for layer in layers])
    kind = merged.get("kind")
    if not isinstance(kind, str) or kind not in KINDS:
        if kind is None and partial:
            return None
        text = f"expected one of the kinds of jobs: {', '.join(KINDS)}"
        if kind is not None:
            text += f"; got {str(kind)!r}{nearest(str(kind), KINDS)}"
        told.append((*_origin(layers, ("kind",)).place_of(("kind",)), "kind", text))
        return None
    model = kind_of(kind)
    already = {(key, text) for *_, key, text in told}
    names_missing = {key for *_, key, text in told if "environment variable" in text}

    def tell(layer: _Layer, path: KeyPath, text: str) -> None:
        key, said = ".".join(path), _OPTION.sub(lambda o: o[1].replace("-", "_"), text)
        if (key, said) not in already and key not in names_missing:
            already.add((key, said))
            told.append((*layer.place_of(path), key, said))

    for layer in layers[:-1]:  # what a later one replaces may be wrong as well
        for path, text in _mistakes(model, _merged([merged, layer.document]))[1]:
            if path in layer.lines and _origin(layers, path) is not layer:
                tell(layer, path, text)
    job, mistakes = _mistakes(model, merged)
    for path, text in mistakes:
        if not (partial and text == "required key is missing"):
            tell(_origin(layers, path), path, text)
    return job


def _mistakes(model: type[Job], document: Mapping[str, Any]) -> tuple[Job | None, list[Mistake]]:
    try:
        return model.model_validate(document), []
    except ValidationError as error:
        return None, explain(error, model)


def _origin(layers: Sequence[_Layer], path: KeyPath) -> _Layer:
    """Return what says a key last, or, for one that nobody says, the first file."""
    while path:
        for layer in reversed(layers):
            if path in layer.lines:
                return layer
        path = path[:-1]
    return layers[0]


def _error(told: Sequence[Told], files: Sequence[str]) -> ConfigError:
    """Return one error for all mistakes, file by file, in the order of their lines."""
    order = [*dict.fromkeys((*files, *(source for source, *_ in told)))]
    ordered = sorted(told, key=lambda one: (order.index(one[0]), one[1]))
    error = ConfigError(
        "\n".join(
            f"{source}{f':{line}' if line else ''}: {f'{key}: ' if key else ''}{text}"
            for source, line, key, text in ordered
        )
    )
    error.mistakes = tuple((line, key, text) for _, line, key, text in ordered)
    return error
