"""YAML text: the document in it, and the line of each key."""

import re
from typing import Any

import strictyaml
from strictyaml import ruamel
from strictyaml.parser import StrictYAMLLoader

from .mistakes import KeyPath, fail, found

__all__ = ["MOST_CHARACTERS", "Lines", "read_yaml", "too_large"]

MOST_CHARACTERS = 2_000_000  # some 20,000 features, or a field with 200,000 levels

_NOT_YAML = re.compile("[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_MERGE = re.compile(r"""^[ \t]*["']?<<["']?[ \t]*:""", re.MULTILINE)
_SYNTAX = {
    "FlowMappingDisallowed": "text that contains brackets or braces needs quotes around it; "
    "a list is written with commas, and keys each on a line of their own",
    "AnchorTokenDisallowed": "text that starts with '&' or '*' needs quotes around it",
    "TagTokenDisallowed": "text that starts with '!' needs quotes around it",
    "mapping values are not allowed here": "this line is indented too far, "
    "or has text with a colon in it that needs quotes around it",
}


def too_large() -> tuple[int, str, str]:
    """Return the mistake of a text that is not even read."""
    return 1, "", f"expected at most {MOST_CHARACTERS:,} characters, got more"


def read_yaml(text: str, source: str) -> dict[str, Any]:
    """Read nested text; no schema, so every value is a string, a list or a dict."""
    if len(text) > MOST_CHARACTERS:
        fail(source, [too_large()])
    text = text.removeprefix("\ufeff")
    stray = _NOT_YAML.search(text)
    if stray:
        line = text.count("\n", 0, stray.start()) + 1
        fail(source, [(line, "", f"expected printable text, got character {stray.group()!r}")])
    merge = _MERGE.search(text)
    if merge:  # strictyaml would leave out what stands below
        fail(source, [(text.count("\n", 0, merge.end()) + 1, "<<", "unknown key")])
    if not any(line.strip() and not line.lstrip().startswith("#") for line in text.splitlines()):
        fail(source, [(1, "", "expected a configuration, got an empty file")])
    try:
        document = _plain(ruamel.load(text, Loader=_StrictLoader), text)
    except strictyaml.YAMLError as error:
        fail(source, [_syntax_mistake(error)])
    except (AssertionError, TypeError):  # how the loader and _plain meet the keys named below
        fail(source, [_odd_key(ruamel.compose(text, Loader=ruamel.RoundTripLoader))])
    except RecursionError:
        fail(source, [(1, "", "expected a configuration, got text that is nested too deeply")])
    if not isinstance(document, dict):
        fail(source, [(1, "", f"expected keys, got {found(document)}")])
    return document


class _StrictLoader(StrictYAMLLoader):
    """The loader behind strictyaml.load, whose validation takes time quadratic in the keys."""

    label = "configuration"
    allow_flow_style = False


def _plain(value: Any, otherwise: str) -> Any:
    """Return what the loader gives as dicts, lists and texts; a lone text is `otherwise`."""
    if isinstance(value, dict):
        if not all(isinstance(key, str) for key in value):
            raise TypeError
        return {str(key): _plain(below, str(below)) for key, below in value.items()}
    if isinstance(value, list):
        return [_plain(below, str(below)) for below in value]
    return otherwise


def _odd_key(node: Any) -> tuple[int, str, str]:
    """Find the first key that is a list, or that comes twice."""
    waiting = [node]
    for node in waiting:
        pairs = node.value if isinstance(node, ruamel.nodes.MappingNode) else []
        seen: set[str] = set()
        for key, value in pairs:
            if not isinstance(key, ruamel.nodes.ScalarNode):
                return key.start_mark.line + 1, "", "expected a word as key, got a list"
            if key.value in seen:
                return key.start_mark.line + 1, "", f"Duplicate key {key.value!r} found"
            seen.add(key.value)
            waiting.append(value)
    return 1, "", "expected keys and values, got text that cannot be read"


def _syntax_mistake(error: Exception) -> tuple[int, str, str]:
    problem = getattr(error, "problem", None) or str(error)
    mark = getattr(error, "problem_mark", None)
    if mark is None or problem == "found unexpected end of stream":  # a quote is still open
        mark = getattr(error, "context_mark", None)
    text = _SYNTAX.get(type(error).__name__) or _SYNTAX.get(problem) or problem
    return (mark.line + 1 if mark else 1), "", text


class Lines:
    """The line on which each key stands; made only when there is a mistake to report.

    strictyaml's own line numbers begin at the comments above a key; the nodes' are the key's.
    """

    def __init__(self, text: str) -> None:
        self._lines: dict[KeyPath, int] = {(): 1}
        self._walk(ruamel.compose(text, Loader=ruamel.RoundTripLoader), ())

    def _walk(self, node: Any, path: KeyPath) -> None:
        if isinstance(node, ruamel.nodes.MappingNode):
            for key, value in node.value:
                below = (*path, str(key.value))
                self._lines[below] = key.start_mark.line + 1
                self._walk(value, below)

    def of(self, path: KeyPath) -> int:
        """Line of a key, or of the nearest key above it if it is absent."""
        while path not in self._lines:
            path = path[:-1]
        return self._lines[path]
