"""The story of a draft: read a table, take each column for something, and say so in YAML."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from ..config.core import parse_config
from ..config.values import check_name
from ..errors import InputError
from ..files.tables import read_table
from ..training.cross_validation import Progress
from ..training.rows import leave_out, read_training_data
from .document import Draft, text_of
from .kinds import Taken, listed, take
from .leaks import find_leaks
from .table import Column, columns_of, missing_tokens, without_tokens
from .target import choose_scale, find_target, take_target

__all__ = ["draft_configuration"]

_FEW_ROWS = 2_000  # up to here ten folds, then five


def draft_configuration(
    table: Path,
    target: str,
    *,
    output: Path,
    progress: Progress = lambda stage, done, total: None,
) -> tuple[str, Draft]:
    """Read a table and return the text of a configuration for it, and what it says.

    The same table gives the same text. What is looked at are the values of a column and, where
    they leave it open, its name.

    Parameters
    ----------
    table : a CSV, JSON Lines or Parquet file
    target : the column to predict
    output : where the configuration will be; the table is named relative to it.
    progress : called with (stage, done, total)

    Raises
    ------
    InputError
        When the table cannot be read, or nothing can be learnt from it.
    DataError
        When the rows break what their columns were taken for.
    """
    progress("Reading", 0, 1)
    rows = read_table(str(table))
    columns = columns_of(rows, source=str(table))
    tokens = missing_tokens(columns)
    columns = [without_tokens(column, tokens) for column in columns]
    answer = find_target(columns, target, source=str(table))
    progress("Reading", 1, 1)
    known = answer.codes >= 0
    features = [column.only(known) for column in columns if column is not answer]
    answer_known = answer.only(known)
    taken, notes = _taken(features, answer_known, progress)
    if not any(one.use for one in taken):
        reasons = listed([f"{one.name} ({one.why})" for one in taken], 5)
        raise InputError(f"{table}: no column is left to learn from: {reasons}.")
    draft = Draft(
        name=_slug(table),
        table=_relative(table, output),
        target=take_target(answer),
        columns=taken,
        missing_values=tokens,
        folds=10 if known.sum() <= _FEW_ROWS else 5,
        notes=notes,
    )
    config = parse_config(text_of(draft, file=output.name), source=output.name)
    rows, left_out = leave_out(config, rows, source=str(table))
    data = read_training_data(config, rows, source=str(table))
    scaled = choose_scale(draft.target, answer_known, config, data, progress)
    draft = replace(draft, target=scaled, notes=[*left_out, *notes])
    return text_of(draft, file=output.name), draft


def _taken(
    features: Sequence[Column], target: Column, progress: Progress
) -> tuple[list[Taken], list[str]]:
    """Decide what each column is taken for; those that cannot be named get a note."""
    found, notes = [], []
    for done, column in enumerate(features):
        progress("Looking at columns", done, len(features))
        try:
            check_name(column.name)
        except ValueError:
            notes.append(
                f"The column {column.name!r} is left out: a name has no commas, stars or line "
                "breaks, and no blanks around it. Give it another name to use it."
            )
            continue
        found.append((column, take(column)))
    leaks = find_leaks([column for column, taken in found if taken.use], target.numbers)
    progress("Looking at columns", len(features), len(features))
    if leaks and leaks.keys() >= {taken.name for _, taken in found if taken.use}:
        notes += [f"{name} is used, but {why}." for name, why in leaks.items()]
        notes.append("Nothing else could be learnt from: see that they are known beforehand.")
        leaks = {}
    notes += [f"{name} is left out: {why}." for name, why in leaks.items()]
    return [
        taken.left_out(leaks[taken.name], is_leak=True) if taken.name in leaks else taken
        for _, taken in found
    ], notes


def _relative(table: Path, output: Path) -> str:
    try:
        return Path(os.path.relpath(table, output.parent)).as_posix()
    except ValueError:  # another drive
        return table.absolute().as_posix()


def _slug(table: Path) -> str:
    """Return the name of a model: lower-case words joined by dashes."""
    name = "-".join(re.findall(r"[a-z0-9]+", table.name.partition(".")[0].lower()))
    return name if re.match(r"[a-z]", name) else f"model-{name}".rstrip("-")
