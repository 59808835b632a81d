"""From pydantic's errors to mistakes with sentences."""

import re
from collections.abc import Collection, Iterator
from typing import TypeGuard

from pydantic_core import ErrorDetails

from .derived import Derived
from .features import Feature
from .members import MEMBERS
from .mistakes import KeyPath, Mistake, either, found, nearest
from .schema import Config
from .sections import Section

__all__ = ["explain"]


def explain(detail: ErrorDetails) -> Iterator[Mistake]:
    """Turn one pydantic error into mistakes, with the keys as they stand in the file."""
    path = tuple(str(part) for part in detail["loc"] if part != "[key]")
    if path[:1] == ("estimator",):
        path = path[:2] + path[3:]  # pydantic names the kind twice
    context = detail.get("ctx", {})
    match detail["type"]:
        case "mistakes":
            yield from ((path + below, text) for below, text in context["mistakes"])
        case "value_error":
            yield path, str(context["error"])
        case "missing":
            yield path, "required key is missing"
        case "extra_forbidden":
            known = _known_keys(path[:-1])
            yield path, f"unknown key{nearest(path[-1], known, label='known keys')}"
        case "union_tag_invalid":
            yield path, f"unknown key{nearest(path[-1], MEMBERS, label='known keys')}"
        case "literal_error":
            words = re.findall(r"'(\w+)'", context["expected"])
            value = detail["input"]
            near = nearest(value, words, label="") if isinstance(value, str) else ""
            yield path, f"expected {either(words)}, got {found(value)}{near}"
        case "dict_type" | "model_type" | "model_attributes_type":
            yield path, f"expected keys, got {found(detail['input'])}"
        case _:
            yield path, detail["msg"]


def _known_keys(path: KeyPath) -> Collection[str]:
    """Keys that may stand below a path."""
    match path:
        case ():
            return Config.model_fields
        case ("features", _):
            return Feature.model_fields
        case ("derived", _):
            return Derived.model_fields
        case ("estimator", kind):
            return MEMBERS[kind].model_fields.keys() - {"kind"}
    section = Config.model_fields[path[0]].annotation
    return section.model_fields if _is_section(section) else ()


def _is_section(kind: object) -> TypeGuard[type[Section]]:
    return isinstance(kind, type) and issubclass(kind, Section)
