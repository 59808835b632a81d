"""Training data: a table, checked against the contract, as the frame that a pipeline takes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from ..config.core import Config
from ..errors import DataError, InputError
from ..levels import level_text
from ..runtime.checking import Checked, Checker
from ..runtime.contract import Contract, Field
from ..runtime.intake import NotANumber, is_missing, number_text, read_rows
from ..runtime.problems import text_of
from ..times import time_texts

__all__ = [
    "TrainingData",
    "as_sent",
    "background",
    "contract_of",
    "frame_of",
    "learn_from",
    "profile",
    "read_training_data",
]

Floats = npt.NDArray[np.float64]
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
    """

    contract: Contract
    frame: pd.DataFrame
    target: pd.Series[float]
    notes: list[str]


def contract_of(config: Config) -> Contract:
    """Return the contract that a configuration states, before any data is seen."""
    fields = tuple(
        Field(
            name=name,
            kind=feature.kind,
            description=feature.description,
            unit=feature.unit,
            used=feature.use != "no",
            required=feature.required,
            minimum=feature.minimum,
            maximum=feature.maximum,
            levels=feature.ranked_levels or feature.levels,
            aliases=feature.aliases,
            missing_means=feature.missing_means,
        )
        for name, feature in config.features.items()
    )
    return Contract(fields, config.target.name, config.data.missing_values)


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
        target = _check_target(config, rows)
    except InputError as error:
        raise DataError(f"{source}: {error}") from None
    mistakes = [
        (problem.row, problem.message)
        for finding in (*checked.findings, *target.findings)
        if finding.severity == "error" or finding.code == "unseen_level"
        for problem in finding.problems()
    ]
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
    return TrainingData(learn_from(contract, frame, fillers), frame, y, notes)


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


def _check_target(config: Config, rows: Any) -> Checked:
    """Check the target with the same care as a feature."""
    target = config.target
    field = Field(target.name, "number", unit=target.unit, required=True, minimum=target.minimum)
    return Checker(Contract((field,), "", config.data.missing_values)).check(rows)
