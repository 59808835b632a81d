"""The published peer, measured in its own environment."""

from __future__ import annotations

from collections.abc import Callable
from importlib.metadata import version
from typing import Any

from .serve import Timed, outcome_of, outcome_of_table, serve, time_calls

__all__ = ["main"]


class Peer:
    """Answers requests for measurements of the peer."""

    def __init__(self) -> None:
        self._timed: dict[str, Timed] = {}

    def prepare(self, records: list[dict[str, Any]], csv: str, times: int) -> list[int]:
        """Make all inputs ready; return which of the records, sent alone, get a price."""
        import pandas as pd

        from regression_model.predict import make_prediction

        self._predict: Callable[..., Any] = make_prediction
        self._csv = csv
        table = pd.read_csv(csv)
        many = pd.concat([table] * times, ignore_index=True)
        self._timed = {
            "dicts": (self._call, [records]),
            "table": (self._call, [table]),
            "many": (self._call, [many]),
        }
        return [at for at, row in enumerate(records[:100]) if self._is_priced(row)]

    def choose(self, rows: list[dict[str, Any]]) -> None:
        """Take the rows that are sent one at a time."""
        self._timed["one"] = (self._call, [[row] for row in rows])

    def time(self, what: str, calls: int, warm_up: int) -> list[float]:
        """Return the seconds of some calls."""
        return time_calls(self._timed[what], calls=calls, warm_up=warm_up)

    def behave(self, rows: Any) -> dict[str, Any]:
        """Return what comes of some rows; None for the whole table."""
        if rows is None:
            return outcome_of_table(self._predict, self._csv)
        return outcome_of(self._predict, rows)

    def versions(self) -> dict[str, str]:
        """Return the versions of the libraries that matter."""
        names = ("tid-regression-model", "scikit-learn", "feature-engine", "pandas", "numpy")
        return {name: version(name) for name in names}

    def _call(self, rows: Any) -> Any:
        return self._predict(input_data=rows)

    def _is_priced(self, row: dict[str, Any]) -> bool:
        outcome = outcome_of(self._predict, [row])
        return len(outcome.get("prices", ())) == 1


def main() -> None:
    """Serve until standard input ends."""
    peer = Peer()
    serve(
        {name: getattr(peer, name) for name in ("prepare", "choose", "time", "behave", "versions")}
    )
