"""YAML text: the document in it, and the line of each key."""

from collections.abc import Mapping
from typing import Any

import strictyaml
from strictyaml import ruamel
from strictyaml.parser import StrictYAMLLoader

from .mistakes import KeyPath, fail, found

__all__ = ["MOST_CHARACTERS", "TOO_LARGE", "read_yaml"]

MOST_CHARACTERS = 2_000_000  # some 20,000 features, or a field with 200,000 levels
TOO_LARGE = (1, "", f"expected at most {MOST_CHARACTERS:,} characters, got more")

_SYNTAX = {
    "FlowMappingDisallowed": "text that contains brackets or braces needs quotes around it; "
    "a list is written with commas, and keys each on a line of their own",
    "AnchorTokenDisallowed": "text that starts with '&' or '*' needs quotes around it",
    "TagTokenDisallowed": "text that starts with '!' needs quotes around it",
    "mapping values are not allowed here": "this line is indented too far, "
    "or has text with a colon in it that needs quotes around it",
}


class _Loader(StrictYAMLLoader):
    """The loader behind strictyaml.load, with what that sets."""

    label = "configuration"
    allow_flow_style = False


def read_yaml(text: str, source: str) -> tuple[dict[str, Any], Mapping[KeyPath, int]]:
    """Read nested text, and the line of each key.

    There is no schema, so every value is a text, a list or a dict. The nodes are taken as they
    are: strictyaml's validation takes time quadratic in the keys.
    """
    if len(text) > MOST_CHARACTERS:
        fail(source, [TOO_LARGE])
    text = text.removeprefix("\ufeff")
    lines: dict[KeyPath, int] = {(): 1}
    try:
        root = ruamel.compose(text, Loader=_Loader)
        document = None if root is None else _read(root, (), lines)
    except ruamel.reader.ReaderError as error:
        line, character = text.count("\n", 0, error.position) + 1, chr(error.character)
        fail(source, [(line, "", f"expected printable text, got character {character!r}")])
    except strictyaml.YAMLError as error:
        fail(source, [_syntax_mistake(error)])
    except RecursionError:
        fail(source, [(1, "", "expected a configuration, got text that is nested too deeply")])
    if document is None:
        fail(source, [(1, "", "expected a configuration, got an empty file")])
    if not isinstance(document, dict):
        fail(source, [(1, "", f"expected keys, got {found(document)}")])
    return document, lines


def _read(node: Any, path: KeyPath, lines: dict[KeyPath, int]) -> Any:
    """Return what a node says, and put the lines of its keys into `lines`."""
    if isinstance(node, ruamel.nodes.SequenceNode):
        return [_read(below, path, {}) for below in node.value]
    if not isinstance(node, ruamel.nodes.MappingNode):
        # The loader marks where text was folded.
        return node.value.replace("\a", "") if node.style == ">" else node.value
    document: dict[str, Any] = {}
    column = None  # of the sections below; strictyaml refuses any other among them
    for key, value in node.value:
        if not isinstance(key, ruamel.nodes.ScalarNode):
            raise _unreadable(key, "expected a word as key, got a list")
        if key.value in document:
            raise _unreadable(key, f"Duplicate key {key.value!r} found")
        if isinstance(value, ruamel.nodes.MappingNode):
            column = value.start_mark.column if column is None else column
            if value.start_mark.column != column:
                raise _unreadable(value, "expected the indentation of the sections above")
        below = (*path, key.value)
        lines[below] = key.start_mark.line + 1
        document[key.value] = _read(value, below, lines)
    return document


def _unreadable(node: Any, problem: str) -> Any:
    return ruamel.error.MarkedYAMLError(problem=problem, problem_mark=node.start_mark)


def _syntax_mistake(error: Exception) -> tuple[int, str, str]:
    problem = getattr(error, "problem", None) or str(error)
    mark = getattr(error, "problem_mark", None)
    if mark is None or problem == "found unexpected end of stream":  # a quote is still open
        mark = getattr(error, "context_mark", None)
    text = _SYNTAX.get(type(error).__name__) or _SYNTAX.get(problem) or problem
    return (mark.line + 1 if mark else 1), "", text
