"""While rows pass: how many there were, how fast, and what became of them."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from time import perf_counter
from typing import TYPE_CHECKING, Any

import typer

from ..errors import InputError
from .program import say
from .tables import console_of, count

if TYPE_CHECKING:
    from ..files.streams import Source
    from ..runtime.contract import Contract
    from ..runtime.model import Prediction

__all__ = ["Tally", "check_columns", "say_unknown_columns", "shown_rows"]

_MOST_NAMED = 3  # unknown columns, each with the known name that it may mean
_MOST_LISTED = 10


class Tally:
    """Counts rows and refusals, and says once what is so in every row.

    Attributes
    ----------
    rows, refused : int
    """

    def __init__(self, contract: Contract, name: str) -> None:
        self.rows = self.refused = 0
        self._contract = contract
        self._name = name
        self._codes: Counter[str] = Counter()
        self._begun = perf_counter()
        self._said: set[tuple[str | None, str]] = set()
        self._absent: dict[str, str] | None = None  # fields that no row had, with what is said

    def add(self, prediction: Prediction) -> None:
        """Take the prediction of the next rows into account."""
        absent = {}
        for finding in prediction.findings:
            if finding.severity == "error":
                rows = len(prediction) if finding.rows is None else len({*finding.rows})
                self._codes[finding.code] += rows
            if finding.code == "missing_column" and finding.field is not None:
                absent[finding.field] = finding.problems()[0].message
        self.rows += len(prediction)
        self.refused += int((prediction.values != prediction.values).sum())
        before = absent if self._absent is None else self._absent
        self._absent = {name: said for name, said in before.items() if name in absent}
        self._say_of_all_rows(prediction)

    def check_columns(self) -> None:
        """Raise InputError when a required field was in none of the rows so far."""
        if self._absent:
            raise _absent_columns(self._name, self._contract, [*self._absent])

    def is_missing_columns(self) -> bool:
        """Say whether a required field was in none of the rows so far."""
        return bool(self._absent)

    def _say_of_all_rows(self, prediction: Prediction) -> None:
        unknown, more = [], 0
        for finding in prediction.findings:
            if finding.rows is not None or (finding.field, finding.code) in self._said:
                continue
            if finding.code == "missing_column" and self._absent:
                continue  # the whole input may turn out to be without it
            if len(self._said) < 1000:
                self._said.add((finding.field, finding.code))
            if finding.code == "unknown_field" and finding.field is None:
                more += int(finding.values[0])  # those that are counted and not named
            elif finding.code == "unknown_field":
                unknown.append(str(finding.field))
            else:
                (problem,) = finding.problems()
                say(f"{problem.severity.capitalize()} in every row: {problem.message}")
        say_unknown_columns(self._contract, unknown, more=more)

    def finish(self, *, what: str = "predicted") -> None:
        """Say how it went; exit code 1 when a row has no prediction."""
        seconds = perf_counter() - self._begun
        if not self.rows:
            say(f"There are not rows in {self._name}: nothing was {what}.")
            return
        codes = ", ".join(f"{code} {rows:,}" for code, rows in self._codes.most_common())
        reasons = f" ({codes})" if codes else ""
        say(
            f"{count(self.rows, 'row')} in {seconds:,.1f} s: "
            f"{self.rows - self.refused:,} {what}, {self.refused:,} refused{reasons}."
        )
        if self.refused:
            raise typer.Exit(1)


def check_columns(contract: Contract, source: Source) -> None:
    """Refuse a table that is not of this model; say which of its columns are not used.

    Raises
    ------
    InputError
        When a required field has no column; names the separator if another one has them.
    """
    if source.names is None:
        return
    known = contract.canonical_names
    if source.separator is not None:
        from ..files.streams.lines import check_separator

        check_separator(
            source.name, source.names, source.separator, known=known, option="--separator"
        )
    came = {known[name] for name in source.names if name in known}
    used = (*contract.numbers, *contract.categories)
    absent = [field.name for field in used if field.required and field.name not in came]
    if absent:
        raise _absent_columns(source.name, contract, absent, source.names)
    used_names = {*known, contract.target}
    say_unknown_columns(contract, [n for n in dict.fromkeys(source.names) if n not in used_names])


def _absent_columns(
    name: str, contract: Contract, absent: list[str], names: list[str] | None = None
) -> InputError:
    if len(absent) == 1:
        which = f"the required field {absent[0]}: expected {contract.field(absent[0]).expected}"
    else:
        which = f"the required fields {_listed(absent)}"
    received = "" if names is None else f" Received: {_listed(names)}."
    return InputError(f"No row of {name} has {which}.{received}")


def say_unknown_columns(contract: Contract, names: list[str], *, more: int = 0) -> None:
    """Name the columns that are not used, on one line if there are many, and count `more`."""
    from ..runtime.problems import shown

    if not names:
        return
    if len(names) + more <= _MOST_NAMED:
        for name in names:
            nearest = contract.nearest(name[:100])
            hint = f": did you mean {nearest}?" if nearest else "."
            say(
                f"Warning in every row: The field {shown(name)} is not known and was not used{hint}"
            )
        return
    listed = _listed([shown(name) for name in names], more=more)
    number = len(names) + more
    say(f"Warning in every row: {number:,} fields are not known and were not used: {listed}.")


def _listed(names: list[str], *, more: int = 0) -> str:
    others = max(0, len(names) - _MOST_LISTED) + more
    listed = ", ".join(name[:60] for name in names[:_MOST_LISTED])
    return f"{listed} and {others:,} more" if others else listed


@contextmanager
def shown_rows(source: Source) -> Iterator[Callable[[int], None]]:
    """Show on a terminal how many rows are done, how fast, and how long the others will take."""
    if not sys.stderr.isatty():
        yield lambda _: None
        return
    from rich import progress as rich
    from rich.text import Text

    class Rows(rich.ProgressColumn):
        def render(self, task: Any) -> Any:
            rows, seconds = task.fields["rows"], task.elapsed or 0.0
            speed = f", {rows / seconds:,.0f} rows/s" if seconds else ""
            return Text(f"{count(rows, 'row')}{speed}")

    columns: list[Any] = [rich.BarColumn(), Rows(), rich.TimeRemainingColumn()]
    with rich.Progress(*columns, console=console_of(sys.stderr), transient=True) as bar:
        task = bar.add_task("", total=None, rows=0)

        def show(rows: int) -> None:
            fraction = source.fraction()
            if fraction is None:
                bar.update(task, rows=rows)
            else:
                bar.update(task, total=1.0, completed=fraction, rows=rows)

        yield show
