"""A measured process: it answers requests, one line of JSON each, until its input ends."""

from __future__ import annotations

import gc
import json
import sys
from collections.abc import Callable, Mapping, Sequence
from time import perf_counter_ns
from typing import Any

__all__ = ["Timed", "outcome_of", "outcome_of_table", "serve", "time_calls"]

Predict = Callable[..., Mapping[str, Any]]
Timed = tuple[Callable[[Any], Any], Sequence[Any]]  # a function, and what it is called with in turn


def serve(handlers: Mapping[str, Callable[..., Any]]) -> None:
    """Answer each request with what the handler of that name returns."""
    answers, sys.stdout = sys.stdout, sys.stderr  # what libraries print is no answer
    for line in sys.stdin:
        request = json.loads(line)
        handler = handlers[request.pop("do")]
        print(json.dumps(handler(**request)), file=answers, flush=True)


def time_calls(timed: Timed, *, calls: int, warm_up: int) -> list[float]:
    """Return the seconds of each of `calls` calls, after some that are not counted."""
    function, arguments = timed
    seconds = []
    gc.collect()
    for at in range(-warm_up, calls):
        argument = arguments[at % len(arguments)]
        start = perf_counter_ns()
        function(argument)
        took = perf_counter_ns() - start
        if at >= 0:
            seconds.append(took / 1e9)
    return seconds


def outcome_of(make_prediction: Predict, rows: Any) -> dict[str, Any]:
    """Return what a caller of `make_prediction` gets: prices, or what was raised."""
    try:
        result = make_prediction(input_data=rows)
    except Exception as error:  # whatever it is, it is what the caller gets
        message = (str(error).splitlines() or [""])[0]
        return {"rows": len(rows), "raised": f"{type(error).__name__}: {message}"}
    prices = [None if p is None else float(p) for p in result["predictions"] or []]
    return {"rows": len(rows), "prices": prices, "errors": result["errors"]}


def outcome_of_table(make_prediction: Predict, csv: str) -> dict[str, Any]:
    """Return what comes of a whole table, and whether the caller's own table was changed."""
    import pandas as pd

    table = pd.read_csv(csv)
    before = table.copy(deep=True)
    outcome = outcome_of(make_prediction, table)
    return outcome | {"changed": not table.equals(before) or [*table] != [*before]}
