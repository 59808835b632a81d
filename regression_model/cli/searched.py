"""What a search found, as tables for people."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from .tables import console_of, count, figure, shown, table_of

if TYPE_CHECKING:
    from rich.table import Table

    from ..config.core import Space
    from ..tuning import Mean, NestedTuningResult, TuningResult

__all__ = ["show_nested_tuning", "show_tuning"]


def show_tuning(result: TuningResult, drawn: Path) -> None:
    """Print what a search found; `drawn` is where its picture is."""
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
    typer.echo(f"{count(len(result.trials), 'trial')}: {_states(result)}.")
    _show_failures(result)
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


def show_nested_tuning(result: NestedTuningResult) -> None:
    """Print what searches inside outer folds found, and what that is worth on unseen rows."""
    console = console_of(sys.stdout)
    for table in (
        _scores_by_fold(result),
        _values_by_fold(result),
        _chosen(result),
        _means(result),
    ):
        console.print(table)
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
        "configuration as it is."
    )
    typer.echo("Nothing was written: --nested only estimates.")


def _scores_by_fold(result: NestedTuningResult) -> Table:
    table = table_of(title=f"{result.metric.upper()} by outer fold")
    for heading in ("Fold", "Rows", "Inner, best", "Outer, best", "Outer, as it is"):
        table.add_column(heading, justify="right")
    for fold in result.folds:
        scores = (fold.inner_score, fold.score, fold.present_score)
        table.add_row(f"{fold.number}", f"{fold.rows:,}", *map(figure, scores))
    return table


def _values_by_fold(result: NestedTuningResult) -> Table:
    table = table_of(title="Values chosen by outer fold")
    for heading in ("Fold", *_short_names([*result.search])):
        table.add_column(shown(heading), justify="right", overflow="fold")
    for fold in result.folds:
        values = (fold.best.values[key] for key in result.search)
        table.add_row(f"{fold.number}", *map(shown, values))
    return table


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
    table = table_of(title="How often each value was chosen")
    for heading in ("Parameter", "Searched", "Now", "Chosen"):
        table.add_column(heading, overflow="fold")
    for key, space in result.search.items():
        chosen = _frequencies(space, result.chosen(key))
        table.add_row(*map(shown, (key, space.text, result.present_values[key], chosen)))
    return table


def _frequencies(space: Space, chosen: Mapping[str, int]) -> str:
    """Say how often each value was chosen; of a range without steps, between which bounds."""
    if space.is_range and space.step is None and len(chosen) > 1:
        ordered = sorted(chosen, key=float)
        return f"{ordered[0]} to {ordered[-1]}"
    return ", ".join(f"{value}: {times}" for value, times in chosen.items())


def _means(result: NestedTuningResult) -> Table:
    folds = f"mean of {len(result.folds)} outer folds (standard error)"
    table = table_of(title=f"{result.metric.upper()}, {folds}")
    for heading in ("", "Inner", "Outer", "Difference"):
        table.add_column(heading, justify="right" if heading else "left")
    found = (result.inner_score, result.score)
    present = (result.present_inner_score, result.present_score)
    table.add_row("Best", *map(_score, found), _difference(result.optimism))
    table.add_row("As it is", *map(_score, present), _difference(result.present_optimism))
    gains = (result.inner_gain, result.gain, result.gain_optimism)
    table.add_row("Gain", *map(_difference, gains))
    return table


def _score(mean: Mean) -> str:
    return f"{figure(mean.value)} ({_rounded(mean.standard_error, 2)})"


def _difference(mean: Mean) -> str:
    sign = "+" if mean.value > 0 else ""
    return f"{sign}{_rounded(mean.value, 3)} ({_rounded(mean.standard_error, 2)})"


def _rounded(value: float, digits: int) -> str:
    return figure(value) if abs(value) >= 100 else f"{value:.{digits}g}"


def _states(result: TuningResult | NestedTuningResult) -> str:
    counts = (f"{result.count(state)} {state}" for state in ("complete", "pruned", "failed"))
    return f"{', '.join(counts)}; {result.resumed} of earlier runs"


def _show_failures(result: TuningResult | NestedTuningResult) -> None:
    for message in dict.fromkeys(t.message for t in result.trials if t.message):
        typer.echo(f"Failed: {shown(message)}")
