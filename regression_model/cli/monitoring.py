"""The command monitor."""

from __future__ import annotations

import json
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ..display import printable
from .options import FromOption, ModelOption, SeparatorOption, input_format
from .predicting import cores
from .program import interruptible, say
from .terminal import console_of, show, shown_rows

if TYPE_CHECKING:
    from ..monitoring import DriftReport
    from ..monitoring.settings import Settings
    from ..runtime.model import Model

__all__ = ["monitor"]

_MOST_FIELDS = 12


def monitor(
    data: Annotated[
        str, typer.Argument(metavar="NEW_DATA", help="File with new rows, or - for standard input.")
    ],
    model: ModelOption = None,
    outcomes: Annotated[
        str | None,
        typer.Option(
            metavar="FILE",
            help="The true targets, by the identifier of the row; without it, those in NEW_DATA, "
            "if it has them.",
        ),
    ] = None,
    time: Annotated[
        str | None,
        typer.Option(metavar="COLUMN", help="The time of each row, to look at windows of it."),
    ] = None,
    window: Annotated[
        str | None,
        typer.Option(
            metavar="LENGTH",
            help="month, quarter or year of --time, a month without this option; or a number of "
            "rows, in the order of the file.",
        ),
    ] = None,
    ignore: Annotated[
        list[str] | None,
        typer.Option(
            metavar="FIELD",
            help="A field that may differ; can be given several times. Beside those of the "
            "configuration.",
        ),
    ] = None,
    significance: Annotated[
        float | None,
        typer.Option(
            metavar="P",
            min=0.0,
            max=1.0,
            help="How likely a false alarm may be, over all tests together.",
        ),
    ] = None,
    effect: Annotated[
        float | None,
        typer.Option(
            metavar="SHARE", min=0.0, max=1.0, help="The smallest difference that counts."
        ),
    ] = None,
    minimum_rows: Annotated[
        int | None,
        typer.Option(metavar="N", min=10, help="With fewer values nothing is tested."),
    ] = None,
    error_increase: Annotated[
        float | None,
        typer.Option(
            metavar="SHARE",
            min=0.0,
            help="The smallest relative increase of the error that counts.",
        ),
    ] = None,
    from_kind: FromOption = None,
    separator: SeparatorOption = None,
    report: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Folder for a page to read; needs the extra report."),
    ] = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="Everything as JSON, for programs.")
    ] = False,
) -> None:
    """Say whether new rows differ from those that the model was trained on.

    Each field of the new rows is tested against the profile in the model file, and so are the
    predictions; where outcomes are known, the error and the coverage of the intervals as well.
    Thresholds come from the configuration that the model was trained with, unless an option says
    otherwise. Rows are read in slices, so the input may be larger than memory. Exit code 0: no
    drift, 1: drift, 2: invalid input.

    \b
    Examples:
      regression-model monitor sales-of-june.csv
      regression-model monitor sales.csv --time sold --window quarter --report reports
      regression-model monitor asked.jsonl --outcomes sold.csv --json
    """
    if report is not None:
        from ..report import require_extra

        require_extra()
    from ..files.streams import opened_source
    from ..monitoring.reference import Reference
    from ..monitoring.run import monitor_source, read_outcomes
    from ..runtime.model import load_model

    opened = load_model(model)
    changed = {
        "significance": significance,
        "effect": effect,
        "minimum_rows": minimum_rows,
        "error_increase": error_increase,
    }
    settings = _with_options(Reference(opened).settings, changed, ignore or ())
    known = None
    if outcomes is not None:
        format_ = input_format(outcomes, None, None, option=None)
        with interruptible(), opened_source(outcomes, format_=format_) as source:
            known = read_outcomes(source, opened)
    format_ = input_format(data, from_kind, separator)
    with interruptible(), opened_source(data, format_=format_) as source:
        with shown_rows(source) as progress:
            found = monitor_source(
                source,
                opened,
                settings=settings,
                time=time,
                window=window,
                outcomes=known,
                threads=cores(),
                progress=progress,
            )
    if as_json:
        typer.echo(json.dumps(found.to_dict(), allow_nan=False))
    else:
        _show(found)
    if report is not None:
        _write_report(found, opened, report, data)
    if found.has_drift:
        raise typer.Exit(1)


def _with_options(
    settings: Settings, changed: dict[str, float | None], ignore: list[str] | tuple[str, ...]
) -> Settings:
    given = {name: value for name, value in changed.items() if value is not None}
    ignored = tuple(dict.fromkeys((*settings.ignore, *ignore)))
    return replace(settings, **given, ignore=ignored)  # type: ignore[arg-type]


def _show(found: DriftReport) -> None:
    """Print a report to standard output, most important first."""
    from ..monitoring import tables

    console = console_of(sys.stdout)
    console.print(printable(tables.headline(found)), style="bold", soft_wrap=True)
    for sentence in tables.sentences(found):
        console.print(printable(sentence), soft_wrap=True)
    show(
        tables.windows(found),
        tables.fields(found.everything, most=_MOST_FIELDS),
        tables.summary(found.everything),
        tables.outcomes(found),
    )
    for note in found.notes:
        console.print(printable(note), soft_wrap=True)


def _write_report(found: DriftReport, model: Model, folder: Path, data: str) -> None:
    from ..report.drift import write_drift_report

    stem = "standard-input" if data == "-" else Path(data).name.partition(".")[0] or "data"
    with interruptible():
        path = write_drift_report(
            found, model=model, folder=folder, name=f"{model.name}-{stem}-drift"
        )
        say(f"Report: {path}")
