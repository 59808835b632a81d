"""The command tune."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from .loading import extra, shown_progress
from .program import INTERRUPTED_EXIT, fail, interruptible, say
from .tables import console_of, count, shown, table_of

if TYPE_CHECKING:
    from ..tuning import TuningResult

__all__ = ["tune"]


def tune(
    config: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Configuration; without it, the packaged one."),
    ] = None,
    data: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE", help="Training rows; without it, those the configuration names."
        ),
    ] = None,
    trials: Annotated[
        int | None,
        typer.Option(
            min=1,
            help="How many there should be in the end, with those of earlier runs; without it, "
            "the number in the configuration.",
        ),
    ] = None,
    study: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE", help="Where finished trials are kept; without it, tuning/NAME.db."
        ),
    ] = None,
    jobs: Annotated[int, typer.Option(min=1, help="Folds to score at a time.")] = 1,
    picture: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE", help="PNG of what mattered; without it, beside the finished trials."
        ),
    ] = None,
    write: Annotated[
        bool,
        typer.Option("--write", help="Put the best values into the configuration file."),
    ] = False,
) -> None:
    """Search better values for a configuration.

    What is searched stands in its section tuning. The scores are cross-validated. Finished trials
    are kept: after an interruption the same command goes on.

    \b
    Examples:
      regression-model tune --trials 100 --jobs 2
      regression-model tune --config boats.yml --data boats.csv --write
    """
    if data == Path("-"):
        raise typer.BadParameter("training rows come from a file.", param_hint="--data")
    say("Loading libraries ...")
    with extra("tune"):
        from ..tuning import run_tuning
    try:
        with interruptible(), shown_progress() as progress:
            result = run_tuning(
                config_path=config,
                data_path=data,
                trials=trials,
                study_path=study,
                jobs=jobs,
                progress=progress,
                write=write,
            )
            drawn = picture or result.study_path.with_suffix(".png")
            if result.importances:
                result.plot_importances(drawn)
    except KeyboardInterrupt:
        fail(
            "Interrupted: finished trials are kept, and the same command goes on from there.",
            code=INTERRUPTED_EXIT,
        )
    _show_tuning(result, drawn)


def _show_tuning(result: TuningResult, drawn: Path) -> None:
    table = table_of()
    for heading in ("Parameter", "Now", "Best", "Importance"):
        table.add_column(heading, justify="left" if heading == "Parameter" else "right")
    for key, value in result.best_values.items():
        share = result.importances.get(key)
        weight = "-" if share is None else f"{share:.0%}"
        table.add_row(shown(key), shown(result.present.values[key]), shown(value), weight)
    now, best = f"{result.present_score:.5g}", f"{result.best_score:.5g}"
    table.add_row(f"{result.metric.upper()}, mean of folds", now, best, "")
    console_of(sys.stdout).print(table)
    counts = ", ".join(
        f"{result.count(state)} {state}" for state in ("complete", "pruned", "failed")
    )
    typer.echo(f"{count(len(result.trials), 'trial')}: {counts}; {result.resumed} of earlier runs.")
    for message in dict.fromkeys(t.message for t in result.trials if t.message):
        typer.echo(f"Failed: {shown(message)}")
    if result.importances:
        typer.echo(f"Picture: {drawn}")
    typer.echo(f"Trials:  {result.study_path}")
    typer.echo(_verdict(result))


def _verdict(result: TuningResult) -> str:
    if not result.improved:
        return "Nothing better than the configuration as it is: nothing was written."
    if result.written is None:
        return "Nothing was written: --write puts the best values into the configuration."
    return f"Written: {result.written}"
