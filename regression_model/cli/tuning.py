"""The command tune."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from .loading import shown_progress
from .places import check_places
from .program import INTERRUPTED_EXIT, fail, interruptible, say
from .searched import show_nested_tuning, show_tuning

if TYPE_CHECKING:
    from ..training.cross_validation import Progress

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
            metavar="N",
            min=1,
            help="How many there should be in the end, with those of earlier runs; with --nested, "
            "in each outer fold. The number in the configuration, if not given.",
        ),
    ] = None,
    study: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE", help="Where finished trials are kept; without it, tuning/NAME.log."
        ),
    ] = None,
    jobs: Annotated[int, typer.Option(metavar="N", min=1, help="Folds to score at a time.")] = 1,
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
    nested: Annotated[
        bool,
        typer.Option(
            "--nested", help="Only estimate how good what the search finds is on unseen rows."
        ),
    ] = False,
    outer_folds: Annotated[
        int | None,
        typer.Option(
            metavar="N",
            min=2,
            help="Searches of --nested, each without the rows that it is scored on; without it, "
            "the folds of the evaluation.",
        ),
    ] = None,
) -> None:
    """Search better values for a configuration.

    What is searched stands in its section tuning. The scores are cross-validated. Finished trials
    are kept: after an interruption the same command goes on.

    The score of the best trial is too good, for it is the best of many. With --nested the whole
    search is repeated inside outer folds, and what it finds is scored on rows that it has not
    seen. The score of the configuration as it is stands beside it, and is too good itself if the
    same rows have chosen its values.

    \b
    Examples:
      regression-model tune --trials 100 --jobs 2
      regression-model tune --config boats.yml --data boats.csv --write
      regression-model tune --nested --outer-folds 5 --trials 30 --jobs 2
    """
    if data == Path("-"):
        raise typer.BadParameter("training rows come from a file.", param_hint="--data")
    _check_options(picture, write, nested, outer_folds)
    read = {"configuration": config, "training data": data, "study": study}
    check_places(
        {"picture": None if picture is None else str(picture)},
        {name: None if path is None else str(path) for name, path in read.items()},
    )
    say("Loading libraries ...")
    from ..tuning import run_nested_tuning, run_tuning

    of_both: dict[str, Any] = {
        "config_path": config,
        "data_path": data,
        "trials": trials,
        "study_path": study,
        "jobs": jobs,
    }
    if nested:
        with _resumable() as progress:
            estimated = run_nested_tuning(**of_both, outer_folds=outer_folds, progress=progress)
        show_nested_tuning(estimated)
        return
    with _resumable() as progress:
        result = run_tuning(**of_both, progress=progress, write=write)
        drawn = picture or result.study_path.with_suffix(".png")
        if result.importances:
            result.plot_importances(drawn)
    show_tuning(result, drawn)


def _check_options(
    picture: Path | None, write: bool, nested: bool, outer_folds: int | None
) -> None:
    for option, given, sentence in (
        ("--write", nested and write, "--nested only estimates, and writes nothing."),
        (
            "--picture",
            nested and picture is not None,
            "--nested makes several searches, and no picture.",
        ),
        (
            "--outer-folds",
            outer_folds is not None and not nested,
            "is the number of searches of --nested: give both.",
        ),
    ):
        if given:
            raise typer.BadParameter(sentence, param_hint=option)


@contextmanager
def _resumable() -> Iterator[Progress]:
    """Show how far a search is; when it is interrupted, say how to go on."""
    try:
        with interruptible(), shown_progress() as progress:
            yield progress
    except KeyboardInterrupt:
        fail(
            "Interrupted: finished trials are kept, and the same command goes on from there.",
            code=INTERRUPTED_EXIT,
        )
