"""The command tune."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from ..display import Table, count, plain, printable
from .console.commands import JobFunction
from .console.program import if_interrupted
from .console.terminal import Terminal, show

if TYPE_CHECKING:
    from ..config.core import Space
    from ..jobs.tuning import TuneJob
    from ..tuning import Mean, NestedTuningResult, TuningResult

__all__ = ["tune"]


@JobFunction
def tune(job: TuneJob) -> None:
    """Search for better values for a configuration.

    The section tuning of the configuration says what is searched. The scores are cross-validated.
    Finished trials are kept: after an interruption the same command goes on.

    The score of the best trial is too optimistic, because it is the best of many. With --nested the
    whole search is repeated inside outer folds, and what it finds is scored on rows that it has
    not seen. The score of the present configuration stands beside it, and is itself too optimistic
    if its values were chosen on the same rows.

    \b
    Examples:
      regression-model tune --trials 100 --jobs 2
      regression-model tune --config boats.yml --data boats.csv --write
      regression-model tune --nested --outer-folds 5 --trials 30 --jobs 2
    """
    with if_interrupted("finished trials are kept, and the same command goes on from there."):
        job.run(Terminal(partial(_show_result, job)))


def _show_result(job: TuneJob, result: TuningResult | NestedTuningResult) -> None:
    from ..tuning import NestedTuningResult

    if isinstance(result, NestedTuningResult):
        _show_nested_tuning(result)
    else:
        _show_tuning(result, job.picture_of(result))


def _show_tuning(result: TuningResult, drawn: Path) -> None:
    """Print what a search found; `drawn` is where its picture is."""
    shares = {key: f"{share:.0%}" for key, share in result.importances.items()}
    rows = [
        [key, str(result.present.values[key]), str(value), shares.get(key, "–")]
        for key, value in result.best_values.items()
    ]
    scores = (f"{score:.5g}" for score in (result.present_score, result.best_score))
    rows.append([f"{result.metric.upper()}, mean of folds", *scores, ""])
    show(Table("The best values", ["Parameter", "Now", "Best", "Importance"], rows))
    typer.echo(f"{count(len(result.trials), 'trial')}: {_states(result)}.")
    _show_failures(result)
    if result.importances:
        typer.echo(f"Picture: {drawn}")
    typer.echo(f"Trials:  {result.study_path}")
    typer.echo(_verdict(result))


def _verdict(result: TuningResult) -> str:
    if not result.improved:
        return "Nothing was better than the present configuration: nothing was written."
    if result.written is None:
        return "Nothing was written: --write puts the best values into the configuration."
    return f"Written: {result.written}"


def _show_nested_tuning(result: NestedTuningResult) -> None:
    """Print what searches inside outer folds found, and what that is worth on unseen rows."""
    show(_scores_by_fold(result), _values_by_fold(result), _chosen(result), _means(result))
    folds, trials = f"{len(result.folds)} outer folds", count(len(result.trials), "trial")
    typer.echo(f"{trials} in {folds}: {_states(result)}.")
    _show_failures(result)
    typer.echo(f"Trials:   {result.study_path}")
    typer.echo(
        f"Optimism: {_difference(result.optimism)}: how much better the best values score inside "
        "the search than on rows that it has not seen."
    )
    typer.echo(
        f"Gain:     {_difference(result.gain)}: how much better they score on such rows than the "
        "present configuration."
    )
    typer.echo("Nothing was written: --nested only estimates.")


def _scores_by_fold(result: NestedTuningResult) -> Table:
    head = ["Fold", "Rows", "Inner, best", "Outer, best", "Outer, as it is"]
    rows = []
    for fold in result.folds:
        scores = (fold.inner_score, fold.score, fold.present_score)
        rows.append([f"{fold.number}", f"{fold.rows:,}", *map(plain, scores)])
    return Table(f"{result.metric.upper()} by outer fold", head, rows, numbers_from=0)


def _values_by_fold(result: NestedTuningResult) -> Table:
    head = ["Fold", *_short_names([*result.search])]
    rows = [
        [f"{fold.number}", *(str(fold.best.values[key]) for key in result.search)]
        for fold in result.folds
    ]
    return Table("Values chosen by outer fold", head, rows, numbers_from=0)


def _short_names(keys: list[str]) -> list[str]:
    """Return the last words of dotted keys, as many as tell them apart."""
    names = []
    for key in keys:
        words = key.split(".")
        tails = (".".join(words[-n:]) for n in range(1, len(words) + 1))
        others = [f".{other}" for other in keys if other != key]
        names.append(next(t for t in tails if not any(o.endswith(f".{t}") for o in others)))
    return names


def _chosen(result: NestedTuningResult) -> Table:
    rows = []
    for key, space in result.search.items():
        chosen = _frequencies(space, result.chosen(key))
        rows.append([key, space.text, str(result.present_values[key]), chosen])
    head = ["Parameter", "Searched", "Now", "Chosen"]
    return Table("How often each value was chosen", head, rows, numbers_to=0)


def _frequencies(space: Space, chosen: Mapping[str, int]) -> str:
    """Return how often each value was chosen; for a range without steps, the bounds between."""
    if space.is_range and space.step is None and len(chosen) > 1:
        ordered = sorted(chosen, key=float)
        return f"{ordered[0]} to {ordered[-1]}"
    return ", ".join(f"{value}: {times}" for value, times in chosen.items())


def _means(result: NestedTuningResult) -> Table:
    scores = map(_score, (result.inner_score, result.score))
    present = map(_score, (result.present_inner_score, result.present_score))
    gains = (result.inner_gain, result.gain, result.gain_optimism)
    rows = [
        ["Best", *scores, _difference(result.optimism)],
        ["As it is", *present, _difference(result.present_optimism)],
        ["Gain", *map(_difference, gains)],
    ]
    folds = f"mean of {len(result.folds)} outer folds (standard error)"
    head = ["", "Inner", "Outer", "Difference"]
    return Table(f"{result.metric.upper()}, {folds}", head, rows)


def _score(mean: Mean) -> str:
    return f"{plain(mean.value)} ({_rounded(mean.standard_error, 2)})"


def _difference(mean: Mean) -> str:
    sign = "+" if mean.value > 0 else ""
    return f"{sign}{_rounded(mean.value, 3)} ({_rounded(mean.standard_error, 2)})"


def _rounded(value: float, digits: int) -> str:
    return plain(value) if abs(value) >= 100 else f"{value:.{digits}g}"


def _states(result: TuningResult | NestedTuningResult) -> str:
    counts = (f"{result.count(state)} {state}" for state in ("complete", "pruned", "failed"))
    return f"{', '.join(counts)}; {result.resumed} of earlier runs"


def _show_failures(result: TuningResult | NestedTuningResult) -> None:
    for message in dict.fromkeys(t.message for t in result.trials if t.message):
        typer.echo(f"Failed: {printable(message)}")
