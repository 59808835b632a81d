"""A version of the package, measured through the names that every version has."""

from __future__ import annotations

from typing import Any

from .serve import Timed, serve, time_calls

__all__ = ["main"]

_COPIES = 70  # of the table, as in the large table of the benchmarks


class Version:
    """Answers requests for measurements of one version, all with the same model file."""

    def __init__(self) -> None:
        self._timed: dict[str, Timed] = {}

    def prepare(self, model: str, records: list[dict[str, Any]], csv: str) -> list[float]:
        """Open the model file, make the rows ready, and return the predictions."""
        import pandas as pd

        from regression_model import load_model

        opened = load_model(model)
        table = pd.read_csv(csv)
        many = pd.concat([table] * _COPIES, ignore_index=True)
        singles = [[row] for row in records[:200]]
        self._timed = {
            "one row (a dict in a list)": (opened.predict, singles),
            "1,459 rows, list of dicts": (opened.predict, [records]),
            "1,459 rows, DataFrame": (opened.predict, [table]),
            "102,130 rows, DataFrame": (opened.predict, [many]),
            "explanation of one row": (opened.explain, singles),
        }
        predictions: list[float] = opened.predict(records).values.tolist()
        return predictions

    def time(self, what: str, calls: int, warm_up: int) -> list[float]:
        """Return the seconds of some calls."""
        return time_calls(self._timed[what], calls=calls, warm_up=warm_up)


def main() -> None:
    """Answer requests until the input ends."""
    version = Version()
    serve({"prepare": version.prepare, "time": version.time})
