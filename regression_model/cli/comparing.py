"""The command compare."""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer

from ..display import printable
from .console.commands import JobFunction
from .console.program import fail, say
from .console.terminal import Terminal, show, show_json

if TYPE_CHECKING:
    from ..comparison import ModelComparison
    from ..jobs.comparing import CompareJob

__all__ = ["compare"]

_EXIT_CODES = {"patch": 0, "minor": 10, "major": 11}


@JobFunction
def compare(job: CompareJob) -> None:
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
    comparison = job.run(Terminal())
    (show_json if job.as_json else _show)(comparison)
    if job.check_version:
        from ..comparison import tables

        if not comparison.version_is_enough:
            fail(tables.version_sentence(comparison), code=1)
        say(tables.version_sentence(comparison))
    elif code := _EXIT_CODES[comparison.release]:
        raise typer.Exit(code)


def _show(comparison: ModelComparison) -> None:
    """Print a comparison to standard output, most important first."""
    from ..comparison import tables

    show(printable(tables.headline(comparison)), style="bold", soft_wrap=True)
    show(*map(printable, tables.sentences(comparison)))
    show(*tables.tables(comparison), *tables.notes(comparison))
