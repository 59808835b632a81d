"""The command compare."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ..display import printable
from ..errors import ModelFileError
from .options import SeparatorOption, input_format, registered
from .predicting import cores
from .program import fail, interruptible, say
from .results import identifiers
from .rows import check_required_columns, column_names
from .terminal import console_of, show, shown_rows

if TYPE_CHECKING:
    from ..comparison import ModelComparison
    from ..comparison.movement import Both, Label
    from ..comparison.run import RunningComparison
    from ..files.streams import Slice, Unread
    from ..runtime.contract import Contract

__all__ = ["compare"]

_EXIT_CODES = {"patch": 0, "minor": 10, "major": 11}


def compare(
    old: Annotated[
        Path,
        typer.Argument(
            metavar="OLD",
            help="Model file, wheel, name of an installed model, or registered model.",
            callback=registered,
        ),
    ],
    new: Annotated[
        Path,
        typer.Argument(
            metavar="NEW", help="What is to be released after OLD, likewise.", callback=registered
        ),
    ],
    data: Annotated[
        str | None,
        typer.Option(metavar="ROWS", help="Rows to predict with both, or - for standard input."),
    ] = None,
    separator: SeparatorOption = None,
    tolerance: Annotated[
        float,
        typer.Option(metavar="T", help="The largest relative move that does not count."),
    ] = 1e-6,
    top: Annotated[
        int,
        typer.Option(metavar="K", min=0, help="How many of the most moved rows to explain."),
    ] = 3,
    check_version: Annotated[
        bool,
        typer.Option(
            "--check-version",
            help="Exit code 0 if the version of NEW is large enough after that of OLD, else 1.",
        ),
    ] = False,
    as_json: Annotated[
        bool, typer.Option("--json", help="Everything as JSON, for programs.")
    ] = False,
) -> None:
    """Show what a new model changes for users of an old one.

    That is what its contract accepts, how far predictions move, on rows made from the training
    profile in OLD and on those of --data, and the metrics of both. The result is the release that
    it takes. Exit code 0: patch, 10: minor (predictions move, or fields are added), 11: major (rows
    are refused that were accepted, or a field or the target changes its meaning), 2: invalid input.

    \b
    Examples:
      regression-model compare houses-4.0.0.onnx houses-4.1.0.onnx
      regression-model compare old.whl new.whl --data sales.csv --json
      regression-model compare old.whl new.whl --check-version
    """
    if data is None and separator is not None:
        raise typer.BadParameter("is for the rows of --data.", param_hint="--separator")
    from ..comparison import tables
    from ..comparison.run import RunningComparison
    from ..comparison.sources import open_model

    running = RunningComparison(open_model(old), open_model(new), tolerance=tolerance, top=top)
    source = "the given rows"
    if data is not None:
        source = "standard input" if data == "-" else printable(Path(data).name)
        _add_rows(running, data, separator)
        running.check_data(source)
    comparison = running.result(source=source)
    if check_version and comparison.version_is_enough is None:
        raise ModelFileError(
            f"{comparison.old.version} and {comparison.new.version} are not two versions that can "
            "be compared: expected numbers joined by dots, such as 1.0.0."
        )
    if as_json:
        typer.echo(json.dumps(comparison.to_dict(), allow_nan=False))
    else:
        _show(comparison)
    if check_version:
        if not comparison.version_is_enough:
            fail(tables.version_sentence(comparison), code=1)
        say(tables.version_sentence(comparison))
    elif code := _EXIT_CODES[comparison.release]:
        raise typer.Exit(code)


def _add_rows(running: RunningComparison, data: str, separator: str | None) -> None:
    """Predict the rows of a file with both models, slice by slice."""
    from ..files.streams import opened_source
    from ..files.streams.ahead import in_order

    old, new = running.old.contract, running.new.contract
    used, identifying = column_names(old)
    more, _ = column_names(new)

    def work(unread: Unread) -> tuple[Slice, Both]:
        part = unread()
        return part, running.predict(part.rows)

    format_ = input_format(data, None, separator, option=None)
    with interruptible(), opened_source(data, format_=format_) as source:
        check_required_columns(old, source)
        with shown_rows(source) as progress:
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


def _show(comparison: ModelComparison) -> None:
    """Print a comparison to standard output, most important first."""
    from ..comparison import tables

    console = console_of(sys.stdout)
    console.print(printable(tables.headline(comparison)), style="bold", soft_wrap=True)
    for sentence in tables.sentences(comparison):
        console.print(printable(sentence))
    show(*tables.tables(comparison), *tables.notes(comparison))
