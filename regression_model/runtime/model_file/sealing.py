"""The model file as bytes: an ONNX graph with its manifest and a digest sealed in behind it.

An ONNX file is one protobuf message, and a protobuf message may be followed by more of its own
fields. Two metadata entries are appended to the graph's bytes: the manifest as JSON and, last and
of fixed length, the SHA-256 of everything before it. Any ONNX tool still reads the file, and this
module reads the manifest and notices a damaged byte with the standard library alone.
The digest guards against accidents, not against somebody who recomputes it.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NoReturn

from ... import remote
from ...distribution import distribution_name
from ...errors import ModelFileError
from .wire import delimited, fields

__all__ = ["FORMAT", "digest", "open_sealed", "read_content", "read_manifest", "reseal", "seal"]

FORMAT = 1  # raised when an older runtime half can no longer read what is written
MANIFEST_KEY = "regression_model.manifest"
DIGEST_KEY = "regression_model.sha256"

_METADATA_PROPS = 14  # field number of ModelProto.metadata_props
_KEY, _VALUE = 1, 2  # field numbers of StringStringEntryProto


def _metadata_entry(key: str, value: str) -> bytes:
    entry = delimited(_KEY, key.encode()) + delimited(_VALUE, value.encode())
    return delimited(_METADATA_PROPS, entry)


_SEAL_LENGTH = len(_metadata_entry(DIGEST_KEY, "0" * 64))


def seal(graph: bytes, manifest: dict[str, Any]) -> bytes:
    """Append `manifest` and the digest of the whole to the bytes of an ONNX model."""
    text = json.dumps(manifest, sort_keys=True, separators=(",", ":"), allow_nan=False)
    body = graph + _metadata_entry(MANIFEST_KEY, text)
    return body + _metadata_entry(DIGEST_KEY, hashlib.sha256(body).hexdigest())


def reseal(content: bytes, manifest: dict[str, Any], *, name: str) -> bytes:
    """Return a model file, whose seal was checked, with another manifest and the same graph.

    Raises ModelFileError when the old manifest is not where training writes it.
    """
    graph = content[:-_SEAL_LENGTH]
    entry = _metadata_entry(MANIFEST_KEY, dict(_metadata(content))[MANIFEST_KEY])
    if not graph.endswith(entry):
        raise ModelFileError(f"{name} was not written by regression-model: it has no manifest.")
    return seal(graph.removesuffix(entry), manifest)


def open_sealed(content: bytes, *, name: str) -> dict[str, Any]:
    """Check the bytes of a model file and return the manifest in it.

    Raises ModelFileError when the bytes are damaged or truncated, foreign, or of a newer format.
    """
    if not content:
        raise ModelFileError(f"{name} is empty: it is not a model file.")
    body, trailer = content[:-_SEAL_LENGTH], content[-_SEAL_LENGTH:]
    if trailer != _metadata_entry(DIGEST_KEY, hashlib.sha256(body).hexdigest()):
        if MANIFEST_KEY.encode() in content or DIGEST_KEY.encode() in content:
            raise ModelFileError(f"{name} is damaged or was changed: its digest does not match.")
        raise ModelFileError(
            f"{name} is truncated, or was not written by regression-model: "
            "it has no manifest and no digest."
        )
    try:
        text = dict(_metadata(content))[MANIFEST_KEY]
        manifest: dict[str, Any] = json.loads(text, parse_constant=_no_constant)
        format_ = manifest["format"]
        if type(format_) is not int or format_ < 1:
            raise ValueError
    except (LookupError, TypeError, ValueError, RecursionError):
        raise ModelFileError(
            f"{name} was not written by regression-model: it has no manifest."
        ) from None
    if format_ > FORMAT:
        shown = format_ if format_ < 1_000_000 else "of a million or more"
        raise ModelFileError(
            f"{name} has format {shown} and this regression-model reads up to "
            f"{FORMAT}: upgrade with pip install --upgrade {distribution_name()}."
        )
    return manifest


def read_content(path: Path) -> bytes:
    """Read a model file whole, so that nothing on disk is needed after opening it."""
    name = remote.shown(path)
    try:
        url = remote.url_of(path)
        return path.read_bytes() if url is None else remote.read(url)
    except FileNotFoundError:
        raise ModelFileError(
            f"{name} does not exist: train a model or name another file."
        ) from None
    except OSError as error:
        raise ModelFileError(f"{name} cannot be read: {error.strerror or error}.") from None


def read_manifest(path: Path) -> dict[str, Any]:
    """Read the manifest of the model file at `path` with the standard library alone."""
    return open_sealed(read_content(path), name=remote.shown(path))


def _metadata(content: bytes) -> Iterator[tuple[str, str]]:
    for field, payload in fields(content):
        if field == _METADATA_PROPS and isinstance(payload, bytes):
            entry = {number: value for number, value in fields(payload)}
            key, value = entry[_KEY], entry[_VALUE]
            if isinstance(key, bytes) and isinstance(value, bytes):
                yield key.decode(), value.decode()


def _no_constant(word: str) -> NoReturn:
    raise ValueError(f"{word} is not JSON")


def digest(path: Path) -> str:
    """SHA-256 of a file, as hexadecimal digits."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
