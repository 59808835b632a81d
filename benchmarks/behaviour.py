"""What comes of rows that are not as they should be: run, not told."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any

__all__ = ["HEADER", "bad_rows", "behaviours", "sentence"]

HEADER = ("what came", "ours", "the peer")
Behave = Callable[..., dict[str, Any]]
_LONGEST = 110


def bad_rows(good: list[dict[str, Any]]) -> dict[str, list[dict[str, Any]] | None]:
    """Return what is tried, from three good rows; None stands for the whole scoring table."""
    first, middle, last = good
    without = [{k: v for k, v in row.items() if k != "GrLivArea"} for row in good]
    return {
        "`test.csv` as a DataFrame": None,
        "three rows, no `GrLivArea` in the middle one": [first, middle | {"GrLivArea": None}, last],
        "three rows, the column `GrLivArea` missing": without,
        "three rows, `GrLivArea` of the middle one -1500": [
            first,
            middle | {"GrLivArea": -1500},
            last,
        ],
        "no rows": [],
        "three rows, a `Neighborhood` never seen in the middle one": [
            first,
            middle | {"Neighborhood": "Atlantis"},
            last,
        ],
    }


def behaviours(
    good: list[dict[str, Any]], ours: Behave, peer: Behave | None
) -> list[tuple[str, str, str]]:
    """Return one row of the table for each case."""
    return [
        (what, sentence(ours(rows=rows)), sentence(peer(rows=rows)) if peer else "not measured")
        for what, rows in bad_rows(good).items()
    ]


def sentence(outcome: dict[str, Any]) -> str:
    """Say in a few words what a caller got."""
    came = f"{outcome['rows']:,} in"
    if "raised" in outcome:
        return f"{came}, none out: raises `{_shortened(outcome['raised'])}`"
    prices = outcome["prices"]
    priced = sum(price is not None for price in prices)
    said = f"{came}, {len(prices):,} out"
    if priced < len(prices):
        said += f", {priced:,} of them prices, None in the place of the others"
    said += f"; {_words(outcome)}"
    if outcome.get("changed"):
        said += "; the caller's table has been changed"
    return said


def _words(outcome: dict[str, Any]) -> str:
    problems = outcome.get("problems", [])
    if len(problems) == 1:
        (problem,) = problems
        where = "all rows" if problem["row"] is None else f"row {problem['row']}"
        return (
            f"{problem['severity']} `{problem['code']}`, {where}: {_shortened(problem['message'])}"
        )
    if problems:
        counts = Counter((p["severity"], p["code"]) for p in problems)
        return ", ".join(f"{n:,} {kind}s `{code}`" for (kind, code), n in counts.items())
    if outcome["errors"]:
        return f"errors: {_shortened(str(outcome['errors']))}"
    return "no word about it" if outcome["rows"] else "no errors"


def _shortened(text: str) -> str:
    text = " ".join(text.split())
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"
