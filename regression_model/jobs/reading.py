"""Job files: merged from left to right, with the environment in them, and every mistake told.

A file may hold some of the settings only; what counts is what all of them say together.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

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

    def holds(self, path: KeyPath) -> bool:
        """Whether it says something about a key."""
        return path in self.lines


@dataclass(frozen=True)
class JobDocument:
    """The settings of a job as files have them.

    Attributes
    ----------
    job : Job
    settings : dict
        What the files say together, in their words.
    """

    job: Job
    settings: dict[str, Any]

    def to_yaml(self) -> str:
        """Write the settings as one file."""
        import strictyaml

        return str(strictyaml.as_document(self.settings).as_yaml())


def read_job(
    *files: Path | str,
    changes: Sequence[str] = (),
    environment: Mapping[str, str] | None = None,
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
    *files: Path | str,
    changes: Sequence[str] = (),
    environment: Mapping[str, str] | None = None,
) -> JobDocument:
    """Read a job from files, with the settings that they have together; see `read_job`."""
    told: list[Told] = []
    layers = [layer for file in files if (layer := _layer_of(file, told)) is not None]
    unreadable = len(layers) < len(files)
    for change in changes:
        layers += _changes(change, told)
    variables = os.environ if environment is None else environment
    for layer in layers:
        layer.document = _with_variables(layer, layer.document, (), variables, told)
    job = _checked(layers, told, partial=unreadable)
    if told or job is None:
        raise _error(told, [str(file) for file in files])
    merged = _merged([_as_written(layer) for layer in layers])
    return JobDocument(job, job.shown(merged))


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


def _changes(change: str, told: list[Told]) -> Iterator[_Layer]:
    """Yield what a `key.path=value` says."""
    path, equals, value = change.partition("=")
    keys = tuple(path.strip().split("."))
    if not equals or not all(keys):
        told.append((f"--set {change}", 0, "", "expected key=value or key.path=value"))
        return
    document: Any = value
    lines = {keys[:depth]: 0 for depth in range(len(keys) + 1)}
    for key in reversed(keys):
        document = {key: document}
    yield _Layer(f"--set {path}", document, lines)


def _with_variables(
    layer: _Layer,
    value: Any,
    path: KeyPath,
    variables: Mapping[str, str],
    told: list[Told],
) -> Any:
    """Return a value with the variables of the environment in it; tell those that are not set."""
    if isinstance(value, dict):
        return {
            key: _with_variables(layer, below, (*path, key), variables, told)
            for key, below in value.items()
        }
    if isinstance(value, list):
        return [_with_variables(layer, below, path, variables, told) for below in value]
    if not isinstance(value, str) or "${" not in value:
        return value

    def replaced(found: re.Match[str]) -> str:
        name, default = found.groups()
        if not _NAME.fullmatch(name):
            text = f"expected the name of a variable in {found[0]!r}"
            told.append((*layer.place_of(path), ".".join(path), text))
        elif name in variables:
            return variables[name]
        elif default is None:
            close = nearest(name, [*variables])
            text = f"the environment variable {name} is not set, and there is no default{close}"
            told.append((*layer.place_of(path), ".".join(path), text))
        return default or ""

    layer.written[path] = value
    return _NAMED.sub(replaced, value)


def _as_written(layer: _Layer) -> dict[str, Any]:
    """Return a document in which notices are still as the file has them: no secret is shown."""

    def put_back(value: Any, path: KeyPath) -> Any:
        if isinstance(value, dict):
            return {key: put_back(below, (*path, key)) for key, below in value.items()}
        is_secret = path[:1] == ("notify",) and isinstance(value, str)
        return layer.written.get(path, value) if is_secret else value

    found: dict[str, Any] = put_back(layer.document, ())
    return found


def _merged(documents: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Return what documents say together: of two values of one key the last counts."""
    merged: dict[str, Any] = {}
    for document in documents:
        for key, value in document.items():
            present = merged.get(key)
            if isinstance(present, dict) and isinstance(value, dict):
                merged[key] = _merged([present, value])
            else:
                merged[key] = value
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
            if layer.holds(path) and _origin(layers, path) is not layer:
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
            if layer.holds(path):
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
