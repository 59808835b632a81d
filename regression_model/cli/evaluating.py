"""The command evaluate."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from ..display import Table, count, printable
from .console.commands import JobFunction
from .console.program import fail
from .console.terminal import Terminal, show, show_json

if TYPE_CHECKING:
    from ..evaluation import EvaluationResult
    from ..jobs.evaluating import EvaluateJob

__all__ = ["evaluate"]

_MOST_GROUPS = 8
_MOST_REFUSED = 50


@JobFunction
def evaluate(job: EvaluateJob) -> None:
    """Show how good the model is, and where it is weak.

    Each metric has a 95% interval from resampling the rows. With --data a model file is scored, on
    the base install; rows that cannot be scored are left out and listed, and exit code 1 means that
    there were some. If the model was trained on any of the rows, the first line says so. Without
    --data each row of the training data is scored by a pipeline that was fitted without it, beside
    simpler models.

    \b
    Examples:
      regression-model evaluate
      regression-model evaluate --repeats 10 --json > evaluation.json
      regression-model evaluate --data new_sales.csv --compare older.onnx
    """
    evaluation = job.run(Terminal(show_json if job.as_json else _show_evaluation))
    if evaluation.refused:
        every = evaluation.rows + len(evaluation.refused)
        fail(f"Not scored: {len(evaluation.refused):,} of {count(every, 'row')}.", code=1)


def _show_evaluation(evaluation: EvaluationResult) -> None:
    """Print an evaluation to standard output, most important first."""
    show(evaluation.caution, style="bold red", soft_wrap=True)
    show(_title(evaluation), style="bold")
    show(*_tables(evaluation))
    for row, sentence in evaluation.refused[:_MOST_REFUSED]:
        show(f"Row {row + 1} was not scored: {printable(sentence)}")
    if (more := len(evaluation.refused) - _MOST_REFUSED) > 0:
        show(f"{more:,} more were not scored: --json lists them all.")
    show(*evaluation.notes)


def _title(evaluation: EvaluationResult) -> str:
    rows = f"{evaluation.name}: {evaluation.target['name']}, {count(evaluation.rows, 'row')}"
    if evaluation.folds:
        return f"{rows}, {evaluation.validated}"
    return f"{rows} of {printable(evaluation.source)}"


def _tables(evaluation: EvaluationResult) -> Iterator[Table | None]:
    from ..evaluation import tables

    yield tables.metrics(evaluation)
    yield tables.comparison(evaluation)
    yield tables.all_models(evaluation)
    yield tables.folds(evaluation)
    for name in evaluation.groups:
        yield tables.groups(evaluation, name, most=_MOST_GROUPS)
    yield tables.importances(evaluation)
    yield tables.calibration(evaluation)
    yield tables.constant_width(evaluation)
