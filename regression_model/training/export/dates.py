"""Parts of times in the graph: exact arithmetic on whole doubles, and look-ups.

Years begin in March here, so that a leap day is the last of its year; a cycle of the calendar is
400 years, made of 4 centuries, and these of 25 times 4 years (Richards, in the Explanatory
Supplement to the Astronomical Almanac, 3rd edition, 2013, section 15.11).
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
from onnx import TensorProto

from ...config.features import columns_of_part
from ...times import DAY
from ..features import DateParts, calendar, cycle
from .table import Table

__all__ = ["export_date_parts"]

Floats = npt.NDArray[np.float64]

_FIRST_OF_MARCH_OF_0 = 719_468.0  # days before 1970
_400_YEARS, _CENTURY, _4_YEARS = 146_097.0, 36_524.0, 1_461.0  # days
_MINUTES = 1_440
# The days of 4 years, first of those at the beginning of a cycle, then of those of another century,
# whose first March is in no leap year.
_DAYS = (np.datetime64("2000-03-01"), np.datetime64("1900-03-01"))


@dataclass
class _LookUps:
    """Columns that are looked up by an index: the column of the index, and the values by it."""

    names: list[str] = field(default_factory=list)
    sources: list[int] = field(default_factory=list)
    values: list[Floats] = field(default_factory=list)

    def add(self, name: str, source: int, values: Floats) -> None:
        """Add a column of the table."""
        self.names.append(name)
        self.sources.append(source)
        self.values.append(values)


def export_date_parts(step: DateParts, table: Table) -> None:
    """Continue `table` by the parts of times, instead of these."""
    parts = {name: list(of) for name, of in (step.parts or {}).items()}
    names, graph = list(parts), table.graph
    seconds = table.take(names)
    days = graph.add("Floor", graph.add("Div", seconds, graph.constant(DAY)))
    by_day, by_weekday, by_minute, years = _LookUps(), _LookUps(), _LookUps(), _LookUps()
    for i, (name, of_name) in enumerate(parts.items()):
        for part in of_name:
            columns = columns_of_part(name, part)
            if part == "elapsed_days":
                continue
            if part == "year":
                years.add(columns[0], i, _years())
                continue
            kind = part.removesuffix("_cycle")
            if kind == "weekday":
                to, representatives = by_weekday, (np.arange(7) - 3.0) * DAY  # Monday first
            elif kind in ("hour", "minute"):
                to, representatives = by_minute, np.arange(_MINUTES) * 60.0
            else:
                to, representatives = by_day, _days() * DAY
            values = calendar(representatives)
            found = [values[part]] if part in values else cycle(part, values)
            for column, of_column in zip(columns, found, strict=True):
                to.add(column, i, of_column)
    if years.names or by_day.names:
        _put_calendar(table, days, by_day, years)
    if by_weekday.names:
        monday = graph.add("Add", days, graph.constant(3.0))
        _put(table, _remainder(table, monday, 7.0)[1], by_weekday)
    start = graph.add("Mul", days, graph.constant(DAY))
    if by_minute.names:
        of_day = graph.add("Sub", seconds, start)
        minute = graph.add("Floor", graph.add("Div", of_day, graph.constant(60.0)))
        _put(table, minute, by_minute)
    _put_elapsed(table, step, seconds, start)
    table.drop(names)


def _days() -> Floats:
    """Return the days since 1970 of the days of 4 years, see `_DAYS`."""
    days = np.arange(int(_4_YEARS))
    return np.concatenate([first.astype(np.int64) + days for first in _DAYS]).astype(np.float64)


def _years() -> Floats:
    """Return how many years after the first March of the 4 years each of their days is."""
    first = np.repeat([day.astype("datetime64[Y]").astype(int) + 1970.0 for day in _DAYS], 1461)
    return calendar(_days() * DAY)["year"] - first


def _remainder(table: Table, tensor: str, divisor: float) -> tuple[str, str]:
    """Return how often a divisor is in whole numbers, and what is left."""
    graph, by = table.graph, table.graph.constant(divisor)
    times = graph.add("Floor", graph.add("Div", tensor, by))
    return times, graph.add("Sub", tensor, graph.add("Mul", times, by))


def _put_calendar(table: Table, days: str, by_day: _LookUps, years: _LookUps) -> None:
    graph = table.graph
    since = graph.add("Add", days, graph.constant(_FIRST_OF_MARCH_OF_0))
    cycles, of_cycle = _remainder(table, since, _400_YEARS)
    century = graph.add("Floor", graph.add("Div", of_cycle, graph.constant(_CENTURY)))
    century = graph.add("Min", century, graph.constant(3.0))  # the last one is a day longer
    before = graph.add("Mul", century, graph.constant(_CENTURY))
    four_years, of_four = _remainder(table, graph.add("Sub", of_cycle, before), _4_YEARS)
    leaps = graph.add("Mul", four_years, graph.constant(4.0))
    # Only where four_years is 0 and the century is not the first of its cycle:
    is_other = graph.add("Cast", graph.add("Greater", century, leaps), to=TensorProto.DOUBLE)
    other = graph.add("Mul", is_other, graph.constant(_4_YEARS))
    index = graph.add("Add", of_four, other)
    if by_day.names:
        _put(table, index, by_day)
    if years.names:
        hundreds = graph.add("Mul", century, graph.constant(100.0))
        cycles = graph.add("Mul", cycles, graph.constant(400.0))
        first = graph.add("Sum", leaps, hundreds, cycles)
        first = graph.add("Gather", first, graph.indices(years.sources), axis=1)
        table.put(graph.add("Add", first, _looked_up(table, index, years)), years.names)


def _put(table: Table, index: str, columns: _LookUps) -> None:
    table.put(_looked_up(table, index, columns), columns.names)


def _looked_up(table: Table, index: str, columns: _LookUps) -> str:
    """Return the values of columns; `index` is whole numbers, shape (rows, times)."""
    graph = table.graph
    whole = graph.add("Cast", index, to=TensorProto.INT64)
    places = graph.add("Gather", whole, graph.indices(columns.sources), axis=1)
    starts = np.cumsum([0, *map(len, columns.values)])[:-1]
    places = graph.add("Add", places, graph.indices(starts))
    return graph.add("Gather", graph.constant(np.concatenate(columns.values)), places)


def _put_elapsed(table: Table, step: DateParts, seconds: str, start: str) -> None:
    """Put days since the earliest time: of dates whole ones, of timestamps with their fraction."""
    graph, names = table.graph, list(step.parts or {})
    for tensor, is_of in (
        (start, lambda name: name in step.days),
        (seconds, lambda name: name not in step.days),
    ):
        at = [
            i
            for i, (name, parts) in enumerate((step.parts or {}).items())
            if "elapsed_days" in parts and is_of(name)
        ]
        if at:
            taken = graph.add("Gather", tensor, graph.indices(at), axis=1)
            earliest = graph.constant([step.earliest_[names[i]] for i in at])
            since = graph.add("Sub", taken, earliest)
            elapsed = graph.unfused(graph.add("Div", since, graph.constant(DAY)))
            table.put(elapsed, [columns_of_part(names[i], "elapsed_days")[0] for i in at])
