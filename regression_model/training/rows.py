"""Training data: a table, checked against the contract, as the frame that a pipeline takes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import Any

import numpy as np
import pandas as pd

from ..config.core import Config
from ..display import count
from ..errors import DataError, InputError
from ..files.streams.sources import Repeated
from ..levels import level_text
from ..monitoring.reference import Sketch
from ..runtime.checking import Checked, Checker
from ..runtime.contract import Contract, Field
from ..runtime.intake import NotANumber, is_missing, number_text, read_number, read_rows
from ..runtime.problems import shown, text_of
from ..times import seconds_of, time_texts
from .arrays import Floats, Rows
from .parallel import steady

__all__ = [
    "TrainingData",
    "as_sent",
    "background",
    "checked_again",
    "contract_of",
    "frame_of",
    "learn_from",
    "leave_out",
    "profile",
    "read_training_data",
    "sketches",
    "weighted",
]

Mistake = tuple[int | None, str]  # the row, and what is wrong with it

_BACKGROUND_ROWS = 64  # a few milliseconds to explain a row


@dataclass(frozen=True)
class TrainingData:
    """Rows to train on.

    Attributes
    ----------
    contract : Contract
        With the levels and ranges of these rows in it.
    frame : DataFrame, shape (rows, used features)
        float64 columns of numbers and of times in seconds since 1970, and object columns of text;
        NaN or None where missing.
    target : Series of float64, shape (rows,)
    notes : list of str
        Sentences about columns that were not used.
    weights : array of float64, shape (rows,), or None
        How much each row counts when the estimator is fitted; None where all count the same.
    split_by : array of int, shape (rows,), or None
        The place of each row's value among those of the column that `evaluation.split` names, from
        0 for the lowest; None for a random split.
    """

    contract: Contract
    frame: pd.DataFrame
    target: pd.Series[float]
    notes: list[str]
    weights: Floats | None = None
    split_by: Rows | None = None


def contract_of(config: Config) -> Contract:
    """Return the contract that a configuration states, before any data is seen."""
    fields = tuple(
        Field(
            name=name,
            kind=feature.kind,
            description=feature.description,
            group=feature.group,
            unit=feature.unit,
            used=feature.use != "no",
            required=feature.required,
            minimum=feature.minimum,
            maximum=feature.maximum,
            levels=feature.ranked_levels or feature.levels,
            meanings=feature.level_meanings,
            aliases=feature.aliases,
            missing_means=feature.missing_means,
        )
        for name, feature in config.features.items()
    )
    others = dict.fromkeys((config.data.weight, config.evaluation.split_column))
    beside = tuple(name for name in others if name is not None and name not in config.features)
    return Contract(fields, config.target.name, config.data.missing_values, beside)


@steady()
def read_training_data(config: Config, rows: Any, *, source: str) -> TrainingData:
    """Check a table with the target in it against the configuration.

    Parameters
    ----------
    rows : dict of columns, list of dicts, or a table
    source : str
        What error messages call it.

    Raises
    ------
    DataError
        Listing every row that breaks the contract, or has no usable target.
    """
    try:
        contract = _with_levels_of(contract_of(config), rows)
        checked = Checker(contract).check(rows)
        target = _check_column(
            config, rows, config.target.name, unit=config.target.unit, minimum=config.target.minimum
        )
        name = config.data.weight  # bounds of a field hold the bound, so here 0 passes
        weights = None if name is None else _check_column(config, rows, name)
        split_by, unusable = _split_by(config, rows, len(checked.numbers))
    except InputError as error:
        raise DataError(f"{source}: {error}") from None
    mistakes = [
        (problem.row, problem.message)
        for finding in (*checked.findings, *target.findings, *(weights.findings if weights else ()))
        if finding.severity == "error" or finding.code == "unseen_level"
        for problem in finding.problems()
    ]
    mistakes += [*_not_above_zero(name, weights), *unusable]
    if mistakes:
        mistakes.sort(key=lambda mistake: -1 if mistake[0] is None else mistake[0])
        lines = [
            f"{source}: {message}" if row is None else f"{source}, row {row + 1}: {message}"
            for row, message in mistakes
        ]
        raise DataError("\n".join(dict.fromkeys(lines)))  # target and features are checked apart
    if len(checked.numbers) < config.evaluation.folds:
        raise DataError(
            f"{source} has {len(checked.numbers)} rows: expected at least one for each of the "
            f"{config.evaluation.folds} folds."
        )
    frame = frame_of(contract, checked)
    notes = [p.message for f in checked.findings if f.code == "unknown_field" for p in f.problems()]
    y = pd.Series(target.numbers[:, 0], name=config.target.name)
    fillers = {name: feature.missing for name, feature in config.features.items()}
    contract = learn_from(contract, frame, fillers)
    by_row = None if weights is None else weights.numbers[:, 0]
    return TrainingData(contract, frame, y, notes, by_row, split_by)


def leave_out(config: Config, rows: Any, *, source: str) -> tuple[Any, list[str]]:
    """Return a table without the rows that have no target, and a sentence that counts them.

    Where `target.missing` of the configuration does not say so, all rows stay.

    Parameters
    ----------
    rows : as `read_table` returns them

    Raises
    ------
    DataError
        When no row is left.
    """
    name, tokens = config.target.name, config.data.missing_values
    if config.target.missing != "leave_out" or isinstance(rows, Repeated):
        return rows, []
    if isinstance(rows, list):
        cells = [row.get(name) for row in rows]
    else:
        cells = list(rows[name]) if name in rows else []
    kept = [at for at, cell in enumerate(cells) if not is_missing(_plain(cell), tokens)]
    if len(kept) == len(cells):
        return rows, []
    if not kept:
        raise DataError(f"{source}: no row has a value of {name}.")
    gone = len(cells) - len(kept)
    has, was = ("has", "was") if gone == 1 else ("have", "were")
    note = f"{count(gone, 'row')} of {source} {has} no value of {name}, and {was} left out."
    if isinstance(rows, list):
        return [rows[at] for at in kept], [note]
    if isinstance(rows, Mapping):
        return {key: [column[at] for at in kept] for key, column in rows.items()}, [note]
    return rows.take(kept), [note]


def _plain(cell: Any) -> Any:
    return cell.as_py() if hasattr(cell, "as_py") else cell  # of pyarrow


def frame_of(contract: Contract, checked: Checked) -> pd.DataFrame:
    """Return checked rows as the frame that a pipeline takes."""
    values = checked.values(contract)
    return pd.DataFrame(
        {
            field.name: pd.Series(values[field.name], dtype=float if field.is_number else object)
            for field in contract.fields
            if field.used
        }
    )


def as_sent(contract: Contract, frame: pd.DataFrame) -> pd.DataFrame:
    """Return the frame that a pipeline takes as a client sends it: with times as texts."""
    texts = {
        field.name: np.array(time_texts(frame[field.name].to_numpy(), days=days), dtype=object)
        for field, days in ((contract.numbers[j], days) for j, days in contract.times.items())
    }
    return frame.assign(**texts) if texts else frame


def checked_again(contract: Contract, frame: pd.DataFrame) -> Checked:
    """Check the frame that a pipeline takes by a model's contract, as a client sends it."""
    return Checker(contract).check(as_sent(contract, frame))


def learn_from(
    contract: Contract, frame: pd.DataFrame, fillers: Mapping[str, object] = MappingProxyType({})
) -> Contract:
    """Return the contract with the ranges and levels that the training rows hold.

    Parameters
    ----------
    fillers : mapping of a field's name to the level that stands in for a missing value
        The model has learnt this level too, from every row in which the value is missing.
    """
    learnt: dict[str, dict[str, Any]] = {}
    for field in contract.fields:
        if field.used and field.is_number:
            column = frame[field.name].dropna()
            if len(column):
                learnt[field.name] = {"training_range": (float(column.min()), float(column.max()))}
        elif field.used:
            column = frame[field.name]
            seen = {*column.dropna(), *([fillers.get(field.name)] if column.isna().any() else [])}
            levels = tuple(level for level in field.levels if level in seen)
            learnt[field.name] = {"training_levels": levels}
    return contract.with_fields(learnt)


def profile(contract: Contract, frame: pd.DataFrame) -> dict[str, Any]:
    """Return what the training rows look like, field by field, to compare later rows with.

    Numbers and times: the share that is missing and the deciles (11, none if all are missing);
    levels: the share of each.
    """
    summary: dict[str, Any] = {}
    for field in (*contract.numbers, *contract.categories):
        column = frame[field.name]
        summary[field.name] = {"missing": float(column.isna().mean())}
        if field.is_number:
            known = column.dropna().to_numpy()
            deciles = np.quantile(known, np.linspace(0, 1, 11)) if len(known) else []
            summary[field.name]["deciles"] = [
                field.time_text(value) if field.is_time else float(value) for value in deciles
            ]
        else:
            shares = column.value_counts(normalize=True, dropna=True)
            levels = sorted(shares.index)
            summary[field.name]["shares"] = {level: float(shares[level]) for level in levels}
    return summary


def sketches(contract: Contract, frame: pd.DataFrame) -> dict[str, Any]:
    """Return the distribution of each number and time that has any value, to test later rows."""
    found: dict[str, Any] = {}
    for field in contract.numbers:
        known = frame[field.name].dropna().to_numpy()
        if len(known):
            write = field.time_text if field.is_time else float
            found[field.name] = Sketch.of(known).to_dict(write)
    return found


def background(contract: Contract, frame: pd.DataFrame, *, seed: int) -> list[dict[str, Any]]:
    """Return a sample of the training rows, which explanations compare a row with."""
    names = [field.name for field in (*contract.numbers, *contract.categories)]
    sample = frame[names].sample(min(_BACKGROUND_ROWS, len(frame)), random_state=seed)
    sample = as_sent(contract, sample)
    rows = sample.astype(object).where(sample.notna(), None).to_dict("records")
    return [{str(name): value for name, value in row.items()} for row in rows]


def _with_levels_of(contract: Contract, rows: Any) -> Contract:
    """Let a nominal field that lists no levels know those that the rows have."""
    unlisted = [f for f in contract.categories if f.kind == "nominal" and not f.levels]
    if not unlisted:
        return contract
    intake = read_rows(contract, rows)
    everything = range(intake.rows)
    learnt = {}
    for field in unlisted:
        cells = intake.cells(field.name, everything)
        texts = {_text(c) for c in cells if not is_missing(c, contract.missing_values)}
        learnt[field.name] = {"levels": tuple(sorted(texts))}
    return contract.with_fields(learnt)


def _text(cell: Any) -> str:
    """Return a level as text, as rows to predict have it; the check refuses what is neither."""
    if isinstance(cell, str):
        return level_text(cell)
    try:
        return number_text(cell)
    except NotANumber:
        return text_of(cell).strip()


def _check_column(config: Config, rows: Any, name: str, **limits: Any) -> Checked:
    """Check a column of numbers beside the features with the same care as a feature."""
    field = Field(name, "number", required=True, **limits)
    return Checker(Contract((field,), "", config.data.missing_values)).check(rows)


def _not_above_zero(name: str | None, weights: Checked | None) -> list[Mistake]:
    if weights is None:
        return []
    column = weights.numbers[:, 0]
    rows: list[int] = np.flatnonzero(column <= 0).tolist()
    return [(row, f"{name} is {column[row]:g}: expected a weight above 0.") for row in rows]


def _split_by(config: Config, rows: Any, number: int) -> tuple[Rows | None, list[Mistake]]:
    """Return the place of each row among the values to split by, and what is wrong with them."""
    name, missing_values = config.evaluation.split_column, config.data.missing_values
    if name is None:
        return None, []
    aliases = config.features[name].aliases if name in config.features else ()
    contract = Contract((Field(name, "nominal", aliases=aliases),), "", missing_values)
    cells = read_rows(contract, rows).cells(name, range(number))
    absent = [row for row, cell in enumerate(cells) if is_missing(cell, missing_values)]
    if absent and len(absent) == number:
        return None, [(None, f"{name} has no value in any row, and evaluation.split needs it.")]
    if absent:
        return None, [(row, f"{name} is missing, and evaluation.split needs it.") for row in absent]
    if not config.evaluation.is_by_time:
        return np.unique([_text(cell) for cell in cells], return_inverse=True)[1], []
    times = [time_of(cell) for cell in cells]
    odd: list[Mistake] = [
        (row, f"{name} is {shown(cells[row])}: expected {_A_TIME}, for evaluation.split.")
        for row, time in enumerate(times)
        if time is None
    ]
    if odd:
        return None, odd
    kinds = [time[0] for time in times if time is not None]
    if len({*kinds}) > 1:
        at, day = kinds.index("number"), kinds.index("date")
        mixed = (
            f"{name} has numbers and dates, {shown(cells[at])} in row {at + 1} and "
            f"{shown(cells[day])} in row {day + 1}: expected one of the two, for evaluation.split."
        )
        return None, [(None, mixed)]
    seconds = [time[1] for time in times if time is not None]
    return np.unique(seconds, return_inverse=True)[1], []


_A_TIME = "a date such as 2010-06-01 or 2010-06-01T13:00, or a number"


def time_of(cell: object) -> tuple[str, float] | None:
    """Return a number, or the seconds of a date since 1970, with the word for which of the two.

    A date with a zone is taken in UTC. None for what is neither.
    """
    try:
        return "number", read_number(cell)
    except ValueError:
        pass
    try:  # what else Python takes for a date, such as 20100601, is one here
        found = datetime.fromisoformat(cell.strip()) if isinstance(cell, str) else cell
        return "date", seconds_of(found, days=False)
    except ValueError:
        return None


def weighted(weights: Floats | None, rows: Rows | slice = slice(None)) -> dict[str, Floats]:
    """Return what `fit` of an estimator takes beside features and target of these rows."""
    return {} if weights is None else {"sample_weight": weights[rows]}
