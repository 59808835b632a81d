"""What `predict` and `explain` begin with: the model, and rows that pass in slices."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from .counting import Tally, check_columns, shown_rows
from .options import Kind, input_format
from .places import check_places, model_place
from .program import interruptible

if TYPE_CHECKING:
    from ..files.streams import Source
    from ..runtime.contract import Contract
    from ..runtime.model import Model

__all__ = ["PassingRows", "column_names", "passing_rows"]


@dataclass(frozen=True)
class PassingRows:
    """Rows for a model, and how many of them are done."""

    model: Model
    source: Source
    tally: Tally
    show: Callable[[int], None]


@contextmanager
def passing_rows(
    path: str,
    model: Path | None,
    kind: Kind | None,
    separator: str | None,
    *,
    outputs: Mapping[str, str | None],
) -> Iterator[PassingRows]:
    """Open a model and the rows for it, and show on a terminal how far they are.

    Raises
    ------
    RegressionModelError
        When an output is the input or the model, or one of these cannot be read.
    """
    from ..files.streams import opened_source
    from ..runtime.model import load_model

    check_places(outputs, {"input": path, "model": model_place(model)})
    opened = load_model(model)
    format_ = input_format(path, kind, separator)
    with interruptible(), opened_source(path, format_=format_) as source:
        check_columns(opened.contract, source)
        tally = Tally(opened.contract, source.name)
        with shown_rows(source) as show:
            yield PassingRows(opened, source, tally, show)


def column_names(contract: Contract) -> tuple[set[str], set[str]]:
    """Return the names of the columns that the model uses, and of those that identify a row."""
    known = contract.canonical_names
    identifying = {field.name for field in contract.fields if field.kind == "identifier"}
    used = {name for name, field in known.items() if field not in identifying}
    return used, known.keys() - used
