"""From measured times to figures, and how a person reads them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from itertools import chain
from math import sqrt
from statistics import fmean, median, stdev

__all__ = [
    "Rounds",
    "as_bytes",
    "as_difference",
    "as_ratio",
    "as_seconds",
    "best",
    "interleave",
    "paired_difference",
    "quantile",
    "ratio",
]

Rounds = list[list[float]]  # for each round, the seconds of its calls


def interleave(takers: Mapping[str, Callable[[], list[float]]], rounds: int) -> dict[str, Rounds]:
    """Let all takers measure in turn, round after round; one round before does not count."""
    taken: dict[str, Rounds] = {name: [] for name in takers}
    for at in range(rounds + 1):
        for name, take in takers.items():
            seconds = take()
            if at:
                taken[name].append(seconds)
    return taken


def quantile(rounds: Rounds, share: float) -> float:
    """Return the value that `share` of all measured values do not exceed."""
    values = sorted(chain.from_iterable(rounds))
    return values[min(len(values) - 1, int(share * len(values)))]


def ratio(above: Rounds, below: Rounds) -> float:
    """Return the median over the rounds of the quotient of each round's medians."""
    return median(median(a) / median(b) for a, b in zip(above, below, strict=True))


def best(taken: Mapping[str, Rounds], names: Sequence[str]) -> Rounds:
    """Return the rounds of the fastest among some ways to do the same."""
    return min((taken[name] for name in names), key=lambda rounds: quantile(rounds, 0.5))


def paired_difference(
    these: Sequence[float], others: Sequence[float], *, folds: int
) -> tuple[float, float]:
    """Return by how much `these` are higher than `others` on average, and its standard error.

    Both are scores of the same folds, of one or more cross-validations. Their training rows
    overlap, so the variance is not divided by the number of scores alone: Nadeau and Bengio,
    "Inference for the generalization error", Machine Learning 52, 2003.
    """
    differences = [this - other for this, other in zip(these, others, strict=True)]
    test_to_training = 1 / (folds - 1)
    error = stdev(differences) * sqrt(1 / len(differences) + test_to_training)
    return fmean(differences), error


def as_seconds(seconds: float) -> str:
    """Render a time with three digits and a fitting unit."""
    for unit, size in (("s", 1.0), ("ms", 1e-3)):
        if seconds >= size:
            return f"{_three_digits(seconds / size)} {unit}"
    return f"{_three_digits(seconds / 1e-6)} µs"


def as_bytes(count: float) -> str:
    """Render a size in kilobytes or megabytes."""
    if count < 1e6:
        return f"{_three_digits(count / 1e3)} kB"
    return f"{_three_digits(count / 1e6)} MB"


def as_difference(difference: float, error: float) -> str:
    """Render a difference of scores with its standard error."""
    return f"{difference:+z.4f} ± {error:.4f}"


def as_ratio(value: float | None) -> str:
    """Render a quotient; nothing when it was not measured."""
    return "" if value is None else f"{_three_digits(value)}×"


def _three_digits(value: float) -> str:
    decimals = 0 if abs(value) >= 99.95 else 1 if abs(value) >= 9.995 else 2
    return f"{value:,.{decimals}f}"
