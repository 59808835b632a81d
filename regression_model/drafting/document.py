"""A draft as the text of a configuration, with a comment for each choice."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from ..display import printable
from .kinds import Taken, words_apart

__all__ = ["Draft", "text_of"]

_PLAIN = re.compile(r"[A-Za-z0-9_./(<+][\w ./()%+&<>=;,?-]*")
_WIDTH = 100
_MOST_STEPS = 8  # levels

_HEAD = """\
# A draft made from {table}: every line is a choice that you can change, and each says why it
# was made. "regression-model check {file}" names every mistake with its line; what the keys mean
# stands in docs/configuration.md and at the head of the packaged config.yml.
#
# Left for you: the units, better descriptions, and what a missing value means.
"""


@dataclass(frozen=True)
class Draft:
    """What a table is taken for.

    Attributes
    ----------
    name : of the model
    table : path of the table, as the configuration names it
    notes : sentences about what was left out, or may have to be changed
    """

    name: str
    table: str
    target: Taken
    columns: Sequence[Taken]
    missing_values: Sequence[str]
    folds: int
    notes: Sequence[str]


def text_of(draft: Draft, *, file: str) -> str:
    """Return the configuration, to be saved as `file`."""
    return "\n".join(_lines(draft, file)) + "\n"


def _lines(draft: Draft, file: str) -> Iterator[str]:
    yield _HEAD.format(table=draft.table, file=file)
    yield f"name: {draft.name}"
    yield f"description: {quoted(f'{_spoken(draft.target.name)}, predicted from {draft.table}')}"
    yield ""
    yield "target:"
    yield f"  name: {quoted(draft.target.name)}"
    yield f"  description: {quoted(_spoken(draft.target.name))}"
    yield "  # unit: what it is measured in"
    yield from _comment(draft.target.why, "  ")
    yield from _keys(draft.target.keys, "  ")
    yield ""
    yield "data:"
    yield f"  training: {quoted(draft.table)}"
    if draft.missing_values:
        yield f"  missing_values: {quoted(', '.join(draft.missing_values))}"
    yield ""
    yield "features:"
    for taken in draft.columns:
        yield ""
        yield from _comment(taken.why, "  ")
        if taken.is_leak:
            yield "  # LEFT OUT: it gives the target away. If it is known before the target is,"
            yield "  # change this to use: yes."
        yield f"  {quoted(taken.name)}:"
        yield f"    description: {quoted(_spoken(taken.name))}"
        yield f"    kind: {taken.kind}"
        if taken.kind == "number":
            yield "    # unit: what it is measured in"
        if not taken.use and taken.kind != "identifier":
            yield "    use: no"
        else:
            yield from _keys(taken.keys, "    ")
    if steps := [*_steps(draft.columns)]:
        yield ""
        yield "# From one level of an ordered column to the next, steps need not be of one size."
        yield "derived:"
        yield from steps
    yield ""
    yield "# A few models and their blends are compared in the folds below, and the best is chosen,"
    yield "# or a faster one that is not clearly worse; train --write puts its settings here."
    yield "estimator: auto"
    yield ""
    yield "# split: grouped by COLUMN, where several rows are about one thing; by time COLUMN,"
    yield "# where later rows are to be predicted from earlier ones"
    yield "evaluation:"
    yield f"  folds: {draft.folds}"
    yield ""
    yield "# Intervals hold this share of true values; they are wider where the model is less sure."
    yield "interval:"
    yield "  level: 0.9"
    yield "  ridge_alpha: 10"


def _steps(columns: Sequence[Taken]) -> Iterator[str]:
    """Say of each level of an ordered column between the ends whether the column is above it."""
    for taken in columns:
        if taken.kind != "ordinal" or not taken.use:
            continue
        levels = taken.keys["levels"].split(", ")
        if len(levels) <= _MOST_STEPS:
            for rank, level in enumerate(levels[1:-1], start=1):
                name = re.sub(r"[^\w.]+", "_", f"{taken.name}_above_{level}")
                yield f"  {quoted(name)}:"
                yield f"    above: {quoted(f'{taken.name}, {rank}')}"


def _keys(keys: Mapping[str, str], indent: str) -> Iterator[str]:
    for key, value in keys.items():
        yield f"{indent}{key}: {quoted(value)}"


def _comment(text: str, indent: str) -> list[str]:
    begin = f"{indent}# "
    return textwrap.wrap(printable(text), _WIDTH, initial_indent=begin, subsequent_indent=begin)


def _spoken(name: str) -> str:
    """Return the name of a column as words: `YearBuilt` as Year built."""
    words = re.sub(r"[_.\s]+", " ", words_apart(name)).strip() or name
    return words[0].upper() + words[1:]


def quoted(text: str) -> str:
    """Return a value as YAML text, in quotes where it could be read as something else."""
    ends_plain = text == text.strip() and not text.endswith(":")
    if _PLAIN.fullmatch(text) and ends_plain and " #" not in text and ": " not in text:
        return text
    if text.isprintable():
        return "'" + text.replace("'", "''") + "'"
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return '"' + "".join(_escaped(one) for one in escaped) + '"'


def _escaped(character: str) -> str:
    if character.isprintable():
        return character
    number = ord(character)
    if number < 0x100:
        return f"\\x{number:02x}"
    return f"\\u{number:04x}" if number < 0x10000 else f"\\U{number:08x}"
