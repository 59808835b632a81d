"""New values in the text of a configuration, with every other character kept.

strictyaml can set values, but rewrites the document: it folds long lines elsewhere.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from strictyaml import ruamel

from ..config.core import Config, parse_config
from ..config.search import changed, key_paths
from ..errors import ConfigError, OutputError

__all__ = ["with_values"]

Edit = tuple[int, int, str]  # from, to, and what stands there then

_PLAIN = re.compile(r"[\w.+-]([\w.+() /-]*[\w.+()/-])?")


def with_values(text: str, values: Mapping[str, str], config: Config) -> str:
    """Return the text of a configuration with other values.

    Parameters
    ----------
    values : what to write, by dotted key; a key that is absent is put where it belongs.
    config : what the text says.

    Raises
    ------
    OutputError
        When the text cannot be changed without a doubt.
    """
    mark = "\ufeff" if text.startswith("\ufeff") else ""
    body = text.removeprefix(mark)
    for key, value in values.items():
        root = ruamel.compose(body, Loader=ruamel.RoundTripLoader)
        start, end, new = _edit(root, key_paths(config)[key], _scalar(value), body)
        body = body[:start] + new + body[end:]
    if not _says(mark + body, changed(config, values)):
        raise OutputError("The best values cannot be put into this file: write them by hand.")
    return mark + body


def _says(text: str, expected: Config) -> bool:
    try:
        parsed = parse_config(text)
    except ConfigError:
        return False
    return parsed.model_dump(exclude={"tuning"}) == expected.model_dump(exclude={"tuning"})


def _edit(root: Any, path: tuple[str, ...], value: str, body: str) -> Edit:
    """Replace a value, or put its key right below the name of its section."""
    node, name = root, None
    for depth, part in enumerate(path):
        pairs = {key.value: (key, below) for key, below in node.value}
        if part not in pairs:
            return _insertion(body, name, node, path[depth:], value)
        name, node = pairs[part]
    ending = (
        _newline(body) if node.style in ("|", ">") else ""
    )  # text on lines of its own ends with them
    return node.start_mark.index, node.end_mark.index, value + ending


def _insertion(body: str, name: Any, node: Any, missing: tuple[str, ...], value: str) -> Edit:
    newline = _newline(body)
    column = node.start_mark.column
    lines = [f"{' ' * (column + 2 * i)}{key}:" for i, key in enumerate(missing)]
    lines[-1] += f" {value}"
    added = newline.join(lines) + newline
    if name is None:  # a section of its own, behind all others
        begin = len(body)
        return begin, begin, ("" if body.endswith("\n") else newline) + newline + added
    begin = body.index("\n", name.end_mark.index) + 1
    return begin, begin, added


def _newline(body: str) -> str:
    return "\r\n" if "\r\n" in body else "\n"


def _scalar(text: str) -> str:
    return text if _PLAIN.fullmatch(text) else "'" + text.replace("'", "''") + "'"
