"""A model to compare: a model file, an installed model, or the model in a wheel."""

from __future__ import annotations

import io
import struct
import zlib
from pathlib import Path
from zipfile import ZIP_DEFLATED, ZIP_STORED, BadZipFile, ZipFile

from ..display import printable
from ..errors import ModelFileError
from ..runtime.installed import find_model
from ..runtime.model import Model
from ..runtime.model_file.sealing import read_content

__all__ = ["open_model"]

_ZIP = b"PK\x03\x04"
_MOST_PACKED = 200  # times: a model file is numbers and texts, which do not get this much smaller
_MOST_NAMED = 3
_DAMAGED = (  # what reading a zip archive raises
    BadZipFile,
    zlib.error,
    struct.error,
    EOFError,
    NotImplementedError,
    OSError,
    OverflowError,
    RuntimeError,
    ValueError,
)


def open_model(named: str | Path) -> Model:
    """Open a model file, the model in a wheel, or an installed model by its name.

    A wheel is read in memory; nothing of it is unpacked, installed or run.

    Raises
    ------
    ModelFileError
        When there is no such model, or it is damaged, foreign or of a newer format; and for a wheel
        that has no model, or several.
    """
    path = find_model(named)
    content = read_content(path)
    if content.startswith(_ZIP) or path.suffix.lower() == ".whl":
        member, content = _model_in_wheel(content, str(path))
        return Model(content, name=f"{member} in {path}")
    return Model(content, name=str(path))


def _model_in_wheel(content: bytes, name: str) -> tuple[str, bytes]:
    try:
        with ZipFile(io.BytesIO(content)) as wheel:
            found = [one for one in wheel.infolist() if one.filename.lower().endswith(".onnx")]
            if len(found) != 1:
                raise ModelFileError(f"{name} {_not_one([one.filename for one in found])}")
            (member,) = found
            is_bomb = member.file_size > _MOST_PACKED * max(1_000, member.compress_size)
            if is_bomb or member.compress_type not in (ZIP_STORED, ZIP_DEFLATED):
                raise BadZipFile("a model that is packed like this")
            return printable(member.filename), wheel.read(member)
    except _DAMAGED:
        raise ModelFileError(f"{name} is damaged: it is not a wheel that can be read.") from None


def _not_one(names: list[str]) -> str:
    if not names:
        return "is a wheel without a model: it has no file that ends with .onnx."
    listed = ", ".join(map(printable, names[:_MOST_NAMED])) + (
        " and others" if len(names) > _MOST_NAMED else ""
    )
    return f"is a wheel with several models: unpack it and name one of {listed}."
