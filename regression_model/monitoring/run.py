"""New rows beside those that a model was trained on, slice by slice."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from ..errors import InputError
from ..levels import level_text
from ..runtime.checking import Checker
from ..runtime.contract import Contract, Field
from ..runtime.intake import number_text
from ..runtime.problems import text_of
from .outcomes import RunningErrors
from .reference import Floats, Reference
from .results import DriftReport, Part
from .running import RunningProfile
from .settings import Settings
from .verdict import part_of
from .windows import Windows

if TYPE_CHECKING:
    from ..files.streams import Slice, Source, Unread
    from ..runtime.model import Model, Prediction

__all__ = ["RunningMonitor", "drift_of", "monitor_rows", "monitor_source", "read_outcomes"]

Outcomes = Mapping[str, float]
_Counted = tuple[RunningProfile, RunningErrors]


class RunningMonitor:
    """Counts rows with their predictions, in all and by window, in memory that does not grow.

    Raises
    ------
    InputError
        When the settings ignore a field that the model does not use.
    """

    def __init__(
        self, model: Model, settings: Settings | None = None, *, windows: Windows | None = None
    ) -> None:
        self.reference = Reference(model)
        self.settings = self.reference.settings if settings is None else settings
        used = [f.name for f in (*model.contract.numbers, *model.contract.categories)]
        for name in self.settings.ignore:
            if name not in used:
                raise InputError(f"{name!r} cannot be ignored: {model.name} uses no such field.")
        self._windows = windows
        self._target = _TargetColumn(model)
        self._everything = self._new()
        self._parts = defaultdict[str, _Counted](self._new)
        self.rows = self.unusable = 0

    def _new(self) -> _Counted:
        return RunningProfile(self.reference), RunningErrors()

    def add(
        self,
        prediction: Prediction,
        *,
        outcomes: Sequence[Any] | None = None,
        times: Sequence[Any] | None = None,
    ) -> None:
        """Take the next rows into account.

        Parameters
        ----------
        outcomes : the target of each row; a missing one is not known yet
        times : the cells that windows go by

        Raises
        ------
        InputError
            When a time is none.
        """
        known = None
        if outcomes is not None:
            known, unusable = self._target.read(outcomes)
            self.unusable += unusable
        parts: list[tuple[_Counted, Any]] = [(self._everything, None)]
        if self._windows is not None:
            split = self._windows.split(len(prediction), times)
            parts += [(self._parts[name], rows) for name, rows in split.items()]
        for (profile, errors), rows in parts:
            profile.add(prediction, rows)
            if known is not None:
                errors.add(prediction, known, slice(None) if rows is None else rows)
        self.rows += len(prediction)

    def report(self, *, source: str = "the new rows") -> DriftReport:
        """Test what was counted so far.

        The significance is shared by all rows and the windows that have enough rows to be tested.
        """
        fewest = self.settings.minimum_rows
        enough = sum(profile.rows >= fewest for profile, _ in self._parts.values())
        significance = self.settings.significance / (1 + enough)

        def tested(name: str, part: _Counted) -> Part:
            profile, errors = part
            known = errors if self._everything[1].rows else None
            return part_of(
                profile, self.settings, name=name, significance=significance, errors=known
            )

        names = list(self._parts)
        if self._windows is not None and self._windows.time is not None:
            names.sort()
        windows = tuple(tested(name, self._parts[name]) for name in names)
        everything = tested("all rows", self._everything)
        report = drift_of(self.reference, everything, source=source)
        notes = report.notes
        if self.unusable:
            notes = (*notes, f"{self.unusable:,} outcomes are not usable and do not count.")
        return replace(report, settings=self.settings, windows=windows, notes=notes)


def drift_of(reference: Reference, rows: Part, *, source: str) -> DriftReport:
    """Return the report on rows that have no windows, tested with the settings of the model."""
    return DriftReport(
        model=reference.model,
        target=reference.manifest["target"],
        source=source,
        training_rows=reference.rows,
        settings=reference.settings,
        everything=rows,
        notes=() if reference.untold is None else (reference.untold,),
    )


def monitor_rows(
    model: Model,
    rows: object,
    *,
    outcomes: Sequence[float | None] | None = None,
    settings: Settings | None = None,
    source: str = "the new rows",
) -> DriftReport:
    """Compare rows in memory with those that a model was trained on.

    Parameters
    ----------
    rows : as for `Model.predict`
    outcomes : the true target of each row, None or NaN where it is not known
    settings : None for those in the model file

    Raises
    ------
    InputError
        When `rows` cannot be read as rows, or there are none.
    """
    running = RunningMonitor(model, settings)
    prediction = model.predict(rows)
    if not len(prediction):
        raise InputError("There are no rows: nothing can be compared.")
    running.add(prediction, outcomes=outcomes)
    return running.report(source=source)


def monitor_source(
    source: Source,
    model: Model,
    *,
    settings: Settings | None = None,
    time: str | None = None,
    window: str | None = None,
    outcomes: Outcomes | None = None,
    threads: int = 1,
    progress: Callable[[int], None] = lambda rows: None,
) -> DriftReport:
    """Compare the rows of an opened file with those that a model was trained on.

    Parameters
    ----------
    time, window : the column with the time of each row, and how long a window is; with a time
        alone, a month
    outcomes : the true target by the identifier of the row, as `read_outcomes` gives it; without
        it, the column of the target, if there is one
    progress : is given the number of rows so far

    Raises
    ------
    InputError
        When the file cannot be read, has no rows, or has none of the fields of the model, or when
        a column that was named is not there.
    """
    from ..files.streams.ahead import in_order

    contract = model.contract
    columns = _Columns(contract, source, time=time, joined=outcomes is not None)
    windows = None
    if time is not None or window is not None:
        windows = Windows(window or "month", time, contract.missing_values)
    running = RunningMonitor(model, settings, windows=windows)

    def work(unread: Unread) -> tuple[Slice, Prediction]:
        part = unread()
        return part, model.predict(part.rows)

    slices = source.slices(columns.used, columns.carried)
    for part, prediction in in_order(work, slices, threads=threads):
        columns.check(part)
        known = columns.outcomes(part, outcomes)
        running.add(prediction, outcomes=known, times=columns.times(part))
        progress(running.rows)
    if not running.rows:
        raise InputError(f"There are no rows in {source.name}: nothing can be compared.")
    columns.check_any()
    report = running.report(source=source.name)
    if outcomes is not None:
        number = f"{columns.joined:,} of {running.rows:,} rows"
        note = f"{number} have an outcome, by {columns.identifier}."
        report = replace(report, notes=(*report.notes, note))
    return report


class _Columns:
    """The columns of new rows that matter, and whether they are there."""

    def __init__(
        self, contract: Contract, source: Source, *, time: str | None, joined: bool
    ) -> None:
        self._contract, self._source, self._time = contract, source, time
        self._identifying = _identifying(contract)
        self.used = contract.canonical_names.keys() - self._identifying
        self.carried = {*self._identifying, contract.target, *([time] if time else [])}
        self.identifier, self.joined, self._any = "", 0, False
        if source.names is not None:
            self._check_names(source.names, joined=joined)

    def _check_names(self, names: list[str], *, joined: bool) -> None:
        name, separator = self._source.name, self._source.separator
        if separator is not None:
            from ..files.streams.lines import check_separator

            known = self._contract.canonical_names
            check_separator(name, names, separator, known=known, option="--separator")
        if not self.used.intersection(names):
            raise self._no_fields(names)
        if self._time is not None and self._time not in names:
            raise InputError(f"{name} has no column {self._time!r} for --time.")
        if joined and not self._identifying.intersection(names):
            raise self._no_identifier()

    def check(self, part: Slice) -> None:
        """Note whether the rows have any field of the model."""
        self._any = self._any or bool(self.used.intersection(part.names))

    def check_any(self) -> None:
        """Raise InputError when no row had any field of the model."""
        if not self._any:
            raise self._no_fields(())

    def times(self, part: Slice) -> Sequence[Any] | None:
        """Return the cells that windows go by."""
        if self._time is None:
            return None
        return part.carried.get(self._time) or [None] * part.count

    def outcomes(self, part: Slice, joined: Outcomes | None) -> Sequence[Any] | None:
        """Return the target of each row, None where it is not known."""
        if joined is None:
            return part.carried.get(self._contract.target)
        name = next((name for name in part.names if name in self._identifying), None)
        if name is None:
            raise self._no_identifier()
        found = [joined.get(_key(cell)) for cell in part.carried[name]]
        self.identifier = name
        self.joined += sum(one is not None for one in found)
        return found

    def _no_fields(self, names: Sequence[str]) -> InputError:
        listed = ", ".join(name[:60] for name in names[:10])
        received = f" Received: {listed}." if names else ""
        return InputError(
            f"{self._source.name} has none of the fields that the model uses, such as "
            f"{', '.join(sorted(self.used)[:3])}.{received}"
        )

    def _no_identifier(self) -> InputError:
        names = " or ".join(sorted(self._identifying))
        wanted = f"a column {names}" if names else "a field of the kind identifier in the model"
        return InputError(f"Outcomes are joined by the identifier: {wanted} is needed.")


def read_outcomes(source: Source, model: Model) -> Outcomes:
    """Return the outcomes in an opened file, by the identifier of the row; they stay in memory.

    Raises
    ------
    InputError
        When the identifier or the target has no column, or a row comes twice with two outcomes.
    """
    contract = model.contract
    identifying, target = _identifying(contract), _TargetColumn(model)
    found: dict[str, float] = {}
    for unread in source.slices(set(), {*identifying, contract.target}):
        part = unread()
        name = next((name for name in part.names if name in identifying), None)
        if name is None or contract.target not in part.carried:
            lacking = contract.target if name else " or ".join(sorted(identifying)) or "identifier"
            raise InputError(
                f"{source.name} has no column {lacking}: outcomes need the identifier of the row "
                "and the target."
            )
        values, _ = target.read(part.carried[contract.target])
        for cell, value in zip(part.carried[name], values.tolist(), strict=True):
            if value != value:
                continue
            if found.setdefault(key := _key(cell), value) != value:
                raise InputError(f"{source.name} has two outcomes of {name} {key[:60]!r}.")
    return found


def _identifying(contract: Contract) -> set[str]:
    fields = [field for field in contract.fields if field.kind == "identifier"]
    return {name for field in fields for name in (field.name, *field.aliases)}


def _key(cell: Any) -> str:
    """Return an identifier as text: 5, 5.0 and "5" are one."""
    if isinstance(cell, str):
        return level_text(cell)
    try:
        return number_text(cell)
    except ValueError:
        return text_of(cell)


class _TargetColumn:
    """Reads outcomes with the same care as a feature."""

    def __init__(self, model: Model) -> None:
        target, self._missing = model.manifest["target"], model.contract.missing_values
        self._name = target["name"]
        field = Field(self._name, "number", unit=target["unit"], minimum=target["minimum"])
        self._checker = Checker(Contract((field,), "", self._missing))

    def read(self, cells: Sequence[Any]) -> tuple[Floats, int]:
        """Return the outcomes, NaN where there is none, and how many cells are none."""
        checked = self._checker.check({self._name: cells})
        if checked.accepted is None:
            return checked.numbers[:, 0], 0
        values = np.where(checked.accepted, checked.numbers[:, 0], np.nan)
        return values, int((~checked.accepted).sum())
