"""The JSON Schema of job files, for editors that complete and explain their keys."""

from __future__ import annotations

from typing import Annotated, Any, Union

from pydantic import Field, TypeAdapter
from pydantic.json_schema import GenerateJsonSchema

from .. import KINDS, kind_of

__all__ = ["AnyJob", "schema"]

# Every kind of job, told apart by its `kind`.
AnyJob: Any = Annotated[
    Union[tuple(kind_of(kind) for kind in KINDS)], Field(discriminator="kind")  # noqa: UP007
]

_OF_THE_COMMAND_LINE = ("flags", "metavar", "argument", "only_in_files")
_LIMITS = {"ge": "minimum", "le": "maximum"}  # which pydantic leaves as they are behind a reader
_VARIABLE = {"type": "string", "pattern": r"\$\{"}


class _OfFiles(GenerateJsonSchema):
    """Numbers and yes or no as a file has them, where a variable may stand for each."""

    def bool_schema(self, schema: Any) -> dict[str, Any]:
        return {"anyOf": [{"enum": ["yes", "no"]}, {"type": "boolean"}, _VARIABLE]}

    def int_schema(self, schema: Any) -> dict[str, Any]:
        return {"anyOf": [super().int_schema(schema), _VARIABLE]}

    def float_schema(self, schema: Any) -> dict[str, Any]:
        return {"anyOf": [super().float_schema(schema), _VARIABLE]}


def schema() -> dict[str, Any]:
    """Return the JSON Schema (2020-12) of a job file; `regression-model run --dry` knows more."""
    found = TypeAdapter(AnyJob).json_schema(schema_generator=_OfFiles)
    title = {"title": "A job of regression-model"}
    cleaned: dict[str, Any] = _cleaned(found)
    return {"$schema": "https://json-schema.org/draft/2020-12/schema"} | title | cleaned


def _cleaned(part: Any) -> Any:
    """Leave out what only the command line needs, and write the rest as files and editors do."""
    if isinstance(part, list):
        return [_cleaned(one) for one in part]
    if not isinstance(part, dict):
        return part
    left = {
        _LIMITS.get(key, key): _cleaned(value)
        for key, value in part.items()
        if key not in _OF_THE_COMMAND_LINE
    }
    if isinstance(left.get("default"), bool):
        left["default"] = "yes" if left["default"] else "no"
    return left
