"""What config.yml may say, for people and for editors, from the sections that read it."""

from __future__ import annotations

import types
from collections.abc import Iterator
from typing import Annotated, Any, Literal, NamedTuple, Union, get_args, get_origin

from pydantic import BaseModel

from .core import Contents
from .meanings import MEANINGS
from .search import Space, text_of

__all__ = ["Key", "keys", "schema"]

_NAMED = "NAME"  # stands for the name of a column
_LIMITS = {  # of pydantic, in JSON Schema and in words
    "gt": ("exclusiveMinimum", "above {:g}"),
    "ge": ("minimum", "of {:g} or more"),
    "lt": ("exclusiveMaximum", "below {:g}"),
    "le": ("maximum", "of at most {:g}"),
}
_WORDS = {  # what a text is read as, by the function that reads it
    "_seconds": "a time such as `60 s` or `2 min`",
    "_words": "names, separated by commas",
    "_levels": "levels, separated by commas",
    "_weighted": "names, each perhaps with `* weight`, separated by commas",
    "_threshold": "a name and a number, separated by a comma",
    "_name_and_levels": "a name and levels, separated by commas",
}


class Key(NamedTuple):
    """A key of the file; `NAME` in its path stands for the name of a column.

    Default, meaning and example are empty where there is none.
    """

    path: tuple[str, ...]
    type: str
    required: bool
    default: str
    meaning: str
    example: str


def keys() -> Iterator[Key]:
    """Yield every key, each section followed by what stands in it."""
    yield from _keys_of(Contents, ())


def schema() -> dict[str, Any]:
    """Return the JSON Schema (2020-12) of the file, for editors.

    It knows every key and the type of its value; `regression-model check` knows more.
    """
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "config.yml of regression-model",
        **_object(Contents),
    }


def _keys_of(section: type[BaseModel], path: tuple[str, ...]) -> Iterator[Key]:
    for name, field in section.model_fields.items():
        meaning, example = _meaning(section, name)
        shape = _shape_of(field.annotation, field.metadata)
        inner = shape.get("section")
        has_default = not (field.is_required() or inner or field.default in (None, (), {}))
        default = text_of(field.default) if has_default else ""
        yield Key((*path, name), _in_words(shape), field.is_required(), default, meaning, example)
        if inner:
            yield from _keys_of(inner, (*path, name, _NAMED) if "named" in shape else (*path, name))


def _object(section: type[BaseModel]) -> dict[str, Any]:
    properties = {}
    for name, field in section.model_fields.items():
        meaning, example = _meaning(section, name)
        shape = _shape_of(field.annotation, field.metadata)
        shape.pop("words", None)
        inner, named = shape.pop("section", None), shape.pop("named", False)
        if inner:
            below = _object(inner)
            shape = {"type": "object", "additionalProperties": below} if named else below
            if "_no_keys" in _readers(field.metadata):
                shape["type"] = ["object", "null"]
            if inner.words:
                shape = {"anyOf": [{"enum": [*inner.words]}, shape]}
        properties[name] = {"description": meaning, **shape}
        if example:
            properties[name]["examples"] = [example]
    required = [name for name, field in section.model_fields.items() if field.is_required()]
    found = {"type": "object", "properties": properties, "additionalProperties": False}
    return found | ({"required": required} if required else {})


def _meaning(section: type[BaseModel], name: str) -> tuple[str, str]:
    shared = (f"{kind.__name__}.{name}" for kind in section.__mro__)
    return next((MEANINGS[key] for key in shared if key in MEANINGS), ("", ""))


def _shape_of(annotation: Any, metadata: list[Any]) -> dict[str, Any]:
    """Return the JSON Schema of a value, with the section or the words that it has beside."""
    origin, inner = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        return _shape_of(inner[0], [*inner[1:], *metadata])
    if origin in (Union, types.UnionType):
        kinds = [kind for kind in inner if kind is not type(None)]
        if len(kinds) == 1:
            return _shape_of(kinds[0], metadata)
        return {"type": ["string", "number"], "words": "a number or text"}
    if origin is dict:
        below = _shape_of(inner[1], [])
        if "section" in below:
            return below | {"named": True, "words": "keys for each name"}
        if below["type"] == "number":
            below = {"additionalProperties": below, "words": "a number for each name"}
        else:
            below = {"words": "dotted keys" if inner[1] is Space else "a text for each level"}
        return {"type": "object"} | below
    if origin is Literal:
        return {"enum": [*inner]}
    if annotation is bool:
        return {"enum": ["yes", "no"]}
    if annotation is Space:
        return {"type": ["string", "number"], "words": "a range or choices"}
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return {"section": annotation, "words": "keys"}
    words = next((_WORDS[one] for one in _readers(metadata) if one in _WORDS), "text")
    if annotation in (int, float) and words == "text":
        return {"type": "integer" if annotation is int else "number", **_limits(metadata)}
    return {"type": ["string", "number"], "words": words}


def _readers(metadata: list[Any]) -> list[str]:
    """Return the names of the functions that read a value."""
    return [getattr(getattr(one, "func", None), "__name__", "") for one in metadata]


def _limits(metadata: list[Any]) -> dict[str, float]:
    flat = [part for one in metadata for part in (*getattr(one, "metadata", ()), one)]
    return {
        key: getattr(one, name)
        for one in flat
        for name, (key, _) in _LIMITS.items()
        if getattr(one, name, None) is not None
    }


def _in_words(shape: dict[str, Any]) -> str:
    if "enum" in shape:
        return ", ".join(shape["enum"][:-1]) + f" or {shape['enum'][-1]}"
    if "words" in shape:
        return str(shape["words"])
    limits = [words.format(shape[key]) for key, words in _LIMITS.values() if key in shape]
    kind = "whole number" if shape["type"] == "integer" else "number"
    return " ".join([kind, " and ".join(limits)]).strip()
