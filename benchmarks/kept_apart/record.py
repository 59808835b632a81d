"""The table of releases in docs/kept-apart.md, which only grows."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from regression_model import Model
from regression_model.errors import OutputError
from regression_model.files.writing import write_atomically
from regression_model.training.manifest import time_of_creation

from ..table import markdown
from .scores import Scores

__all__ = ["HEADER", "Page", "date_of_record", "line"]

HEADER = (
    "date",
    "version",
    "configuration",
    "RMSLE",
    "95% interval",
    "without the two oddest sales",
    "coverage",
    "worst quartile",
    "cross-validated RMSLE",
    "gap",
)
_DATE, _VERSION, _CONFIGURATION = range(3)


class Page:
    """A page that ends with the table of releases."""

    def __init__(self, path: Path) -> None:
        """Read the page.

        Raises
        ------
        OutputError
            When it cannot be read, or does not end with such a table.
        """
        self._path = path
        try:
            text = path.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError):
            raise OutputError(f"{path} cannot be read, so nothing can be recorded in it.") from None
        self._before, _, table = text.rstrip().rpartition("\n\n")
        header, _, *rows = [_cells(row) for row in (*table.splitlines(), "", "")]
        if header != HEADER:
            raise OutputError(f"{path} does not end with the table of releases: nothing recorded.")
        self._rows = [row for row in rows if len(row) == len(HEADER)]

    def recorded(self, line: tuple[str, ...]) -> str | None:
        """Return the date on which this version and configuration were recorded, if they were."""
        same = slice(_VERSION, _CONFIGURATION + 1)
        return next((row[_DATE] for row in self._rows if row[same] == line[same]), None)

    def append(self, line: tuple[str, ...]) -> None:
        """Write the page with one more line.

        Raises
        ------
        OutputError
            When it cannot be written; it is untouched.
        """
        table = markdown(HEADER, [*self._rows, line])
        write_atomically(self._path, f"{self._before}\n\n{table}\n".encode())


def _cells(row: str) -> tuple[str, ...]:
    return tuple(cell.strip() for cell in row.strip("| ").split(" | "))


def date_of_record() -> str:
    """Return the date in `SOURCE_DATE_EPOCH`, or that of today."""
    return (time_of_creation() or datetime.now(UTC).isoformat())[:10]


def line(date: str, model: Model, scores: Scores) -> tuple[str, ...]:
    """Return the cells of one release."""
    rmsle, metrics = scores.metrics["rmsle"], scores.metrics
    return (
        date,
        model.version,
        model.manifest["training"]["config_sha256"][:8],
        f"{rmsle.value:.4f}",
        f"{rmsle.low:.4f} to {rmsle.high:.4f}",
        f"{scores.without_oddest.value:.4f}",
        f"{metrics['coverage'].value:.3f}",
        f"{metrics['coverage_worst_quartile'].value:.3f}",
        f"{scores.cross_validated:.4f}",
        f"{scores.gap.value:+.4f}",
    )
