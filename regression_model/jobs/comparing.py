"""The job compare: what a new model changes for users of an old one."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated, Literal

from ..display import printable
from ..errors import ModelFileError
from .base import Job
from .description.places import input_format, registered, source_name
from .description.settings import (
    JsonSetting,
    Number,
    Place,
    SeparatorSetting,
    Text,
    Whole,
    YesNo,
    setting,
)
from .predicting import cores
from .rows import check_required_columns, identifiers
from .watching import Watcher

if TYPE_CHECKING:
    from ..comparison import ModelComparison
    from ..comparison.movement import Both, Label
    from ..comparison.run import RunningComparison
    from ..config.mistakes import Mistake
    from ..files.streams import Slice, Unread
    from ..runtime.contract import Contract
    from ..tracking.building import Made

__all__ = ["CompareJob"]


class CompareJob(Job):
    """Show what a new model changes for users of an old one."""

    kind: Literal["compare"] = "compare"
    old: Annotated[
        Place,
        setting(
            "Model file, wheel, name of an installed model, or registered model.",
            metavar="OLD",
            argument=True,
        ),
    ]
    new: Annotated[
        Place, setting("What is to be released after OLD, likewise.", metavar="NEW", argument=True)
    ]
    data: Text | None = setting(
        "Rows to predict with both, or - for standard input.", metavar="ROWS"
    )
    separator: SeparatorSetting = None
    tolerance: Number = setting(
        "The largest relative move that does not count.", default=1e-6, metavar="T"
    )
    top: Whole = setting(
        "How many of the most moved rows to explain.", default=3, metavar="K", ge=0
    )
    check_version: YesNo = setting(
        "Exit code 0 if the version of NEW is large enough after that of OLD, else 1.",
        default=False,
    )
    as_json: JsonSetting = False

    def mistakes(self) -> Iterator[Mistake]:
        if self.data is None and self.separator is not None:
            yield ("separator",), "is for the rows of --data."

    def run(self, watcher: Watcher | None = None) -> ModelComparison:
        """Compare the models."""
        return self.observed(self._compare, watcher)

    def headline(self, result: ModelComparison) -> str:
        """Return the release that it takes."""
        from ..comparison import tables

        return tables.headline(result)

    def made(self, result: ModelComparison) -> Made:
        return self._made_of(
            result.new.name,
            result.new.version,
            metrics={"reasons": len(result.reasons)},
            datasets={"old": str(self.old), "new": str(self.new), "input": self.data},
            notes=(self.headline(result),),
        )

    def _compare(self, watcher: Watcher) -> ModelComparison:
        from ..comparison.run import RunningComparison
        from ..comparison.sources import open_model

        models = (open_model(registered(one, self.runs) or one) for one in (self.old, self.new))
        running = RunningComparison(*models, tolerance=self.tolerance, top=self.top)
        source = "the given rows"
        if self.data is not None:
            source = printable(source_name(self.data))
            self._add_rows(running, self.data, watcher)
            running.check_data(source)
        comparison = running.result(source=source)
        if self.check_version and comparison.version_is_enough is None:
            raise ModelFileError(
                f"{comparison.old.version} and {comparison.new.version} are not two versions that "
                "can be compared: expected numbers joined by dots, such as 1.0.0."
            )
        return comparison

    def _add_rows(self, running: RunningComparison, data: str, watcher: Watcher) -> None:
        """Predict the rows of a file with both models, slice by slice."""
        from ..files.streams import opened_source
        from ..files.streams.ahead import in_order

        old, new = running.old.contract, running.new.contract
        used, identifying = old.used_and_identifying
        more, _ = new.used_and_identifying

        def work(unread: Unread) -> tuple[Slice, Both]:
            part = unread()
            return part, running.predict(part.rows)

        format_ = input_format(data, None, self.separator, option=None)
        with opened_source(data, format_=format_) as source:
            check_required_columns(old, source)
            with watcher.rows(source) as progress:
                for part, both in in_order(
                    work, source.slices(used | more, identifying), threads=cores()
                ):
                    running.add(both, _label(old, part, running.rows))
                    progress(running.rows)


def _label(contract: Contract, part: Slice, begins: int) -> Label:
    """Return how the rows of a slice are called: by their place, and what identifies them."""
    names = dict(identifiers(contract, part))

    def label(at: int) -> str:
        of_row = "".join(f", {name} {printable(cells[at])}" for name, cells in names.items())
        return f"row {begins + at + 1}{of_row}"

    return label
