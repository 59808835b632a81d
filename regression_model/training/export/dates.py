"""Parts of times in the graph: exact arithmetic on whole doubles, and look-ups.

Years begin in March here, so that a leap day is the last of its year; a cycle of the calendar is
400 years, made of 4 centuries, and these of 25 times 4 years (Richards, in the Explanatory
Supplement to the Astronomical Almanac, 3rd edition, 2013, section 15.11).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from onnx import TensorProto

from ...config.features import columns_of_part
from ...times import DAY
from ..arrays import Floats
from ..steps.features import DateParts, calendar, cycle
from .graph import Graph
from .table import Table

__all__ = ["export_date_parts"]


_FIRST_OF_MARCH_OF_0 = 719_468.0  # days before 1970
_400_YEARS, _CENTURY, _4_YEARS = 146_097.0, 36_524.0, 1_461.0  # days
_MINUTES = 1_440
# The days of 4 years are looked up: first those at the beginning of a cycle, then those of another
# century, whose first March is in no leap year.
_FIRST_DAYS = ("2000-03-01", "1900-03-01")


@dataclass(frozen=True)
class _Index:
    """Whole numbers from 0, shape (rows, times), and the parts that each of them stands for."""

    tensor: str
    parts: dict[str, Floats]


def export_date_parts(step: DateParts, table: Table) -> None:
    """Continue `table` by the parts of times, instead of these."""
    parts = {name: tuple(of) for name, of in (step.parts or {}).items()}
    graph = table.graph
    seconds = table.take(list(parts))
    days = graph.add("Floor", graph.add("Div", seconds, DAY))
    start = graph.add("Mul", days, DAY)
    wanted = {part.removesuffix("_cycle") for of in parts.values() for part in of}
    indices: dict[str, _Index] = {}
    if wanted & {"year", "month", "day", "day_of_year"}:
        years, index = _calendar(graph, days)
        indices |= dict.fromkeys(("year", "month", "day", "day_of_year"), index)
    if "weekday" in wanted:
        _, weekday = _division(graph, graph.add("Add", days, 3.0), 7.0)
        indices["weekday"] = _Index(weekday, calendar((np.arange(7) - 3) * DAY))
    if wanted & {"hour", "minute"}:
        of_day = graph.add("Div", graph.add("Sub", seconds, start), 60.0)
        minutes = _Index(graph.add("Floor", of_day), calendar(np.arange(_MINUTES) * 60.0))
        indices |= dict.fromkeys(("hour", "minute"), minutes)
    if indices:
        _put_looked_up(table, parts, indices)
    if "year" in wanted:
        _add_years(table, parts, years)
    _put_elapsed(table, step, seconds, start)
    table.drop(list(parts))


def _put_looked_up(
    table: Table, parts: Mapping[str, Sequence[str]], indices: Mapping[str, _Index]
) -> None:
    """Put all parts but the days that elapse, with one look-up for all of them."""
    graph = table.graph
    used = list(dict.fromkeys(index.tensor for index in indices.values()))
    at: list[int] = []
    values: list[Floats] = []
    names: list[str] = []
    for i, (name, of_name) in enumerate(parts.items()):
        for part in of_name:
            index = indices.get(part.removesuffix("_cycle"))
            if index is None:
                continue
            found = [index.parts[part]] if part in index.parts else cycle(part, index.parts)
            for column, of_column in zip(columns_of_part(name, part), found, strict=True):
                names.append(column)
                values.append(of_column)
                at.append(used.index(index.tensor) * len(parts) + i)
    joined = graph.add("Concat", *used, axis=1) if len(used) > 1 else used[0]
    whole = graph.cast(joined, TensorProto.INT64)
    starts = np.cumsum([0, *map(len, values)])[:-1]
    places = graph.add("Gather", whole, graph.indices(at), axis=1)
    places = graph.add("Add", places, graph.indices(starts))
    table.put(graph.add("Gather", graph.constant(np.concatenate(values)), places), names)


def _add_years(table: Table, parts: Mapping[str, Sequence[str]], years: str) -> None:
    at = {columns_of_part(n, "year")[0]: i for i, n in enumerate(parts) if "year" in parts[n]}
    graph, since = table.graph, table.take(list(at))
    first = graph.add("Gather", years, graph.indices(list(at.values())), axis=1)
    table.put(graph.add("Add", first, since), list(at))


def _division(graph: Graph, tensor: str, divisor: float) -> tuple[str, str]:
    """Return how often a divisor is in whole numbers, and what is left."""
    times = graph.add("Floor", graph.add("Div", tensor, divisor))
    return times, graph.add("Sub", tensor, graph.add("Mul", times, divisor))


def _calendar(graph: Graph, days: str) -> tuple[str, _Index]:
    """Return the first of four years for each day, and the index of the day in these years.

    The year of the index is how many years after that first.
    """
    since = graph.add("Add", days, _FIRST_OF_MARCH_OF_0)
    cycles, of_cycle = _division(graph, since, _400_YEARS)
    century = graph.add("Floor", graph.add("Div", of_cycle, _CENTURY))
    century = graph.add("Min", century, 3.0)  # the last one is a day longer
    before = graph.add("Mul", century, _CENTURY)
    four_years, of_four = _division(graph, graph.add("Sub", of_cycle, before), _4_YEARS)
    leaps = graph.add("Mul", four_years, 4.0)
    # Only where four_years is 0 and the century is not the first of its cycle:
    is_other = graph.cast(graph.add("Greater", century, leaps))
    other = graph.add("Mul", is_other, _4_YEARS)
    hundreds = graph.add("Mul", century, 100.0)
    cycles = graph.add("Mul", cycles, 400.0)
    years = graph.add("Sum", leaps, hundreds, cycles)
    of_years = np.arange(int(_4_YEARS))
    firsts = np.array(_FIRST_DAYS, "datetime64[D]").astype(np.int64)
    parts = calendar((firsts[:, None] + of_years).ravel() * DAY)
    parts["year"] -= np.repeat(parts["year"][:: len(of_years)], len(of_years))
    return years, _Index(graph.add("Add", of_four, other), parts)


def _put_elapsed(table: Table, step: DateParts, seconds: str, start: str) -> None:
    """Put days since the earliest time: of dates whole ones, of timestamps with their fraction."""
    graph, names = table.graph, list(step.parts or {})
    elapsed = [i for i, parts in enumerate((step.parts or {}).values()) if "elapsed_days" in parts]
    for tensor, of_days in ((start, True), (seconds, False)):
        if at := [i for i in elapsed if (names[i] in step.days) == of_days]:
            taken = graph.add("Gather", tensor, graph.indices(at), axis=1)
            since = graph.add("Sub", taken, [step.earliest_[names[i]] for i in at])
            days = graph.unfused(graph.add("Div", since, DAY))
            table.put(days, [columns_of_part(names[i], "elapsed_days")[0] for i in at])
