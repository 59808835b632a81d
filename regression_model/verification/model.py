"""A model file: its seal, its format, its manifest and its graph."""

from __future__ import annotations

from ..errors import ModelFileError
from ..runtime.model import Model
from ..runtime.model_file.sealing import open_sealed
from .result import Check

__all__ = ["model_checks", "opened_model"]


def opened_model(content: bytes, *, name: str) -> tuple[Check, Model | None]:
    """Check the bytes of a model file in one line, and return the model if it can be used."""
    try:
        model = Model(content, name=name)
    except ModelFileError as error:
        return Check("model", "refused", str(error)), None
    form = model.manifest["format"]
    said = f"{name} is sealed, of format {form}, and opens as {model.name} {model.version}."
    return Check("model", "ok", said), model


def model_checks(content: bytes, *, name: str) -> tuple[list[Check], Model | None]:
    """Check the bytes of a model file in two lines: the seal, and what it seals."""
    try:
        manifest = open_sealed(content, name=name)
    except ModelFileError as error:
        missed = Check("model", "not checked", "The seal was refused.")
        return [Check("seal", "refused", str(error)), missed], None
    sealed = Check("seal", "ok", f"The digest matches; format {manifest['format']}.")
    check, model = opened_model(content, name=name)
    if model is None:
        return [sealed, check], None
    said = f"Manifest and graph of {model.name} {model.version} are such as training writes them."
    return [sealed, Check("model", "ok", said)], model
