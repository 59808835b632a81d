"""Rows that pass through `predict` and `explain` in slices, and what is counted meanwhile."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, Any

from ..display import count
from ..errors import InputError
from .base import Job
from .description.places import check_places, input_format, registered
from .description.settings import InputSetting
from .watching import Watcher

if TYPE_CHECKING:
    from ..files.streams import Slice, Source
    from ..runtime.contract import Contract
    from ..runtime.model import Model, Prediction
    from ..tracking.building import Made
    from .description.settings import Kind

__all__ = [
    "PassedRows",
    "PassingRows",
    "RowsJob",
    "by_code",
    "check_columns",
    "check_required_columns",
    "identifiers",
    "simple",
]

_MOST_NAMED = 3  # unknown columns, each with the known name that it may mean
_MOST_LISTED = 10
_SIMPLE = {str, int, bool, type(None)}


@dataclass(frozen=True)
class PassedRows:
    """How many rows were predicted or explained.

    Attributes
    ----------
    model, version : str
        Of the model.
    source : str
        What the rows were read from.
    rows, refused : int
        All rows, and those without a prediction.
    codes : dict of int
        How many rows each code of an error refused.
    seconds : float
    done : str
        What was done with the rows, as a participle.
    """

    model: str
    version: str
    source: str
    rows: int
    refused: int
    codes: dict[str, int]
    seconds: float
    done: str

    @property
    def sentence(self) -> str:
        """What became of the rows."""
        if not self.rows:
            return f"There are no rows in {self.source}: nothing was {self.done}."
        reasons = f" ({by_code(self.codes)})" if self.codes else ""
        return (
            f"{count(self.rows, 'row')} in {self.seconds:,.1f} s: "
            f"{self.rows - self.refused:,} {self.done}, {self.refused:,} refused{reasons}."
        )


def by_code(rows: Mapping[str, int]) -> str:
    """Write how many rows have each code."""
    return ", ".join(f"{code} {number:,}" for code, number in rows.items())


class PassingRows:
    """Rows for a model: counts them and those refused, and says once what is wrong with all.

    Attributes
    ----------
    model : Model
    source : Source
    show : called with the number of rows that are done
    rows, refused : int
    """

    def __init__(
        self, model: Model, source: Source, watcher: Watcher, show: Callable[[int], None]
    ) -> None:
        self.model, self.source, self.show = model, source, show
        self.rows = self.refused = 0
        self._contract = model.contract
        self._warn = watcher.warn
        self._codes: Counter[str] = Counter()
        self._begun = perf_counter()
        self._said: set[tuple[str | None, str]] = set()
        self._absent: set[str] | None = None  # required fields that no row had so far

    def add(self, prediction: Prediction) -> None:
        """Take the prediction of the next rows into account."""
        absent = set()
        for finding in prediction.findings:
            if finding.severity == "error":
                rows = len(prediction) if finding.rows is None else len({*finding.rows})
                self._codes[finding.code] += rows
            if finding.code == "missing_column" and finding.field is not None:
                absent.add(finding.field)
        self.rows += len(prediction)
        self.refused += int((prediction.values != prediction.values).sum())
        self._absent = absent if self._absent is None else self._absent & absent
        self._say_of_all_rows(prediction)

    def check_columns(self) -> None:
        """Raise InputError when a required field was in none of the rows so far."""
        if self._absent:
            in_order = [f.name for f in self._contract.fields if f.name in self._absent]
            raise _absent_columns(self.source.name, self._contract, in_order)

    @property
    def is_missing_columns(self) -> bool:
        """Whether a required field was in none of the rows so far."""
        return bool(self._absent)

    def _say_of_all_rows(self, prediction: Prediction) -> None:
        unknown, more = [], 0
        for finding in prediction.findings:
            if finding.rows is not None or (finding.field, finding.code) in self._said:
                continue
            if finding.code == "missing_column" and self._absent:
                continue  # the whole input may lack it
            if len(self._said) < 1000:
                self._said.add((finding.field, finding.code))
            if finding.code == "unknown_field" and finding.field is None:
                more += int(finding.values[0])  # those that are counted and not named
            elif finding.code == "unknown_field":
                unknown.append(str(finding.field))
            else:
                (problem,) = finding.problems()
                self._warn(f"{problem.severity.capitalize()} in every row: {problem.message}")
        _warn_of_columns(self._warn, self._contract, unknown, more=more)

    def passed(self, *, what: str = "predicted") -> PassedRows:
        """Return how many rows were predicted and refused until now."""
        return PassedRows(
            self.model.name,
            self.model.version,
            self.source.name,
            self.rows,
            self.refused,
            dict(self._codes.most_common()),
            perf_counter() - self._begun,
            what,
        )


def check_columns(contract: Contract, source: Source, watcher: Watcher) -> None:
    """Refuse a table as `check_required_columns`; say which of its columns are not used."""
    check_required_columns(contract, source)
    if source.names is not None:
        names = dict.fromkeys(source.names)
        unknown = [one for one in names if one not in contract.known_names]
        _warn_of_columns(watcher.warn, contract, unknown)


def check_required_columns(contract: Contract, source: Source) -> None:
    """Raise InputError for a table without a required column; JSON Lines are only known when read.

    If another separator would give these columns, the error names it.
    """
    if source.names is None:
        return
    known = contract.canonical_names
    if source.separator is not None:
        from ..files.streams.lines import check_separator

        check_separator(
            source.name, source.names, source.separator, known=known, option="--separator"
        )
    found = {known[name] for name in source.names if name in known}
    used = (*contract.numbers, *contract.categories)
    absent = [field.name for field in used if field.required and field.name not in found]
    if absent:
        raise _absent_columns(source.name, contract, absent, source.names)


def _absent_columns(
    name: str, contract: Contract, absent: list[str], names: list[str] | None = None
) -> InputError:
    if len(absent) == 1:
        which = f"the required field {absent[0]}: expected {contract.field(absent[0]).expected}"
    else:
        which = f"the required fields {_listed(absent)}"
    received = "" if names is None else f" Received: {_listed(names)}."
    return InputError(f"No row of {name} has {which}.{received}")


def _warn_of_columns(
    warn: Callable[[str], None], contract: Contract, names: list[str], *, more: int = 0
) -> None:
    """Name the columns that are not used, on one line if there are many; `more` are not named."""
    from ..runtime.problems import shown

    if not names:
        return
    if len(names) + more <= _MOST_NAMED:
        for name in names:
            nearest = contract.nearest(name[:100])
            hint = f": did you mean {nearest}?" if nearest else "."
            warn(
                f"Warning in every row: The field {shown(name)} is not known and was not used{hint}"
            )
        return
    listed = _listed([shown(name) for name in names], more=more)
    number = len(names) + more
    warn(f"Warning in every row: {number:,} fields are not known and were not used: {listed}.")


def _listed(names: list[str], *, more: int = 0) -> str:
    others = max(0, len(names) - _MOST_LISTED) + more
    listed = ", ".join(name[:60] for name in names[:_MOST_LISTED])
    return f"{listed} and {others:,} more" if others else listed


class RowsJob(Job):
    """A job that passes rows from a source to an output."""

    source: InputSetting
    if TYPE_CHECKING:  # each class has them where its command lists them
        output: str | None
        model: Path | None
        from_kind: Kind | None
        separator: str | None

    def headline(self, result: PassedRows) -> str:
        """Return what became of the rows."""
        return result.sentence

    def made(self, result: PassedRows) -> Made:
        return self._made_of(
            result.model,
            result.version,
            metrics={"rows": result.rows, "refused_rows": result.refused},
            datasets={"input": self.source, "output": self.output},
        )

    @contextmanager
    def passing_rows(
        self, outputs: Mapping[str, str | None], watcher: Watcher
    ) -> Iterator[PassingRows]:
        """Open the model and the rows for it, and tell the watcher how far they are.

        Raises RegressionModelError when an output is the input or the model, or one of these cannot
        be read.
        """
        from ..files.streams import opened_source
        from ..runtime.installed import find_model
        from ..runtime.model import load_model
        from ..runtime.model_file.release import PACKAGE_ROOT, find_model_file

        model = registered(self.model, self.runs)
        file = find_model_file(PACKAGE_ROOT) if model is None else find_model(model)
        check_places(outputs, {"input": self.source, "model": file})
        opened = load_model(None if model is None else file)
        format_ = input_format(self.source, self.from_kind, self.separator)
        with opened_source(self.source, format_=format_) as source, watcher.rows(source) as show:
            check_columns(opened.contract, source, watcher)
            yield PassingRows(opened, source, watcher, show)


def identifiers(contract: Contract, part: Slice) -> Iterator[tuple[str, Sequence[Any]]]:
    """Yield the identifier columns of the input, under the names that the contract has for them."""
    for field in contract.fields:
        if field.kind == "identifier":
            for name in (field.name, *field.aliases):
                if name in part.carried and list(part.names).count(name) == 1:
                    yield field.name, simple(part.carried[name])
                    break


def simple(cells: Sequence[Any]) -> Sequence[Any]:
    """Return cells as values that every kind of file can hold."""
    if {*map(type, cells)} <= _SIMPLE:
        return cells
    return [cell if type(cell) is str else _simple(cell) for cell in cells]


def _simple(cell: object) -> str | int | float | None:
    if cell is None or isinstance(cell, str | int):
        return cell
    if isinstance(cell, float):
        return cell if math.isfinite(cell) else None
    return str(cell)
