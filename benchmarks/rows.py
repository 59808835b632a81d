"""The rows that are priced: the scoring table, as a client would send it in JSON."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

from .environments import PACKAGE

__all__ = ["SCORING", "read_records"]

SCORING = PACKAGE / "datasets" / "test.csv"


def read_records(path: Path = SCORING) -> list[dict[str, Any]]:
    """Read a CSV file as dicts of numbers, texts and None."""
    with path.open(encoding="utf-8", newline="") as file:
        return [{k: _plain(v) for k, v in row.items()} for row in csv.DictReader(file)]


def _plain(text: str) -> Any:
    if text in ("", "NA"):
        return None
    for read in (int, float):
        try:
            return read(text)
        except ValueError:
            continue
    return text
