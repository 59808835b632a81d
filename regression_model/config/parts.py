"""What can be read of a document with mistakes."""

from collections.abc import Mapping
from typing import Any, TypeVar

from pydantic import ValidationError

from .crosscheck import Sections
from .derived import Derived
from .features import Feature
from .sections import Data, Encoding, Evaluation, Section, Target

__all__ = ["readable_parts"]

S = TypeVar("S", bound=Section)


def readable_parts(document: Mapping[str, Any]) -> Sections:
    """What can be read of a document with mistakes, so that the checks between keys run as well."""
    features = _readable(Feature, document.get("features"))
    has_features = isinstance(document.get("features"), Mapping)
    derived = _readable(Derived, document.get("derived")) if has_features else {}
    named = [*_keys(document.get("features")), *_keys(document.get("derived"))]
    unread = [name for name in named if name not in features and name not in derived]
    target = _readable(Target, {"target": document.get("target")}).get("target")
    data = _readable(Data, {"data": document.get("data")}).get("data")
    encoding = _readable(Encoding, {"encoding": document.get("encoding", {})}).get("encoding")
    evaluation = _readable(Evaluation, {"evaluation": document.get("evaluation", {})})
    return Sections(
        target, data, features, derived, encoding, unread, evaluation=evaluation.get("evaluation")
    )


def _readable(model: type[S], section: object) -> dict[str, S]:
    read: dict[str, S] = {}
    for name, value in (section.items() if isinstance(section, Mapping) else ()):
        try:
            read[name] = model.model_validate(value)
        except ValidationError:
            continue
    return read


def _keys(section: object) -> list[str]:
    return list(section) if isinstance(section, Mapping) else []
