"""The members of an estimator, written into the text of a configuration."""

from __future__ import annotations

from strictyaml import ruamel

from ..errors import ConfigError, OutputError
from .core import Estimator, parse_config
from .search import text_of

__all__ = ["with_members"]


def with_members(text: str, estimator: Estimator) -> str:
    """Return the text of a configuration with other members, every other line kept.

    Raises
    ------
    OutputError
        When the text cannot be changed without a doubt.
    """
    root = ruamel.compose(text.removeprefix("\ufeff"), Loader=ruamel.RoundTripLoader)
    [(key, value)] = [(key, value) for key, value in root.value if key.value == "estimator"]
    lines = text.splitlines(keepends=True)
    first, last = key.start_mark.line, value.end_mark.line
    if value.end_mark.column > 0:  # a value on the line of its key
        last += 1
    newline = "\r\n" if lines[first].endswith("\r\n") else "\n"
    new = [f"{line}{newline}" for line in _lines(estimator)]
    changed = "".join([*lines[:first], *new, *lines[last:]])
    try:
        found = parse_config(changed).estimator
    except ConfigError:
        found = None
    if found != estimator:
        raise OutputError("The members cannot be put into this file: write them by hand.")
    return changed


def _lines(estimator: Estimator) -> list[str]:
    lines = ["estimator:"]
    for kind, member in estimator.members.items():
        lines.append(f"  {kind}:")
        stated = member.model_dump(exclude_unset=True)
        lines += [f"    {key}: {text_of(value)}" for key, value in stated.items()]
    return lines
