"""A report on drift as a page, in the style of the report of a model; needs the extra report."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from ..display import Table, count, share
from ..extras import needs
from ..files.writing import write_atomically
from ..monitoring import tables

if TYPE_CHECKING:
    from ..monitoring import DriftReport
    from ..runtime.model import Model

__all__ = ["make_drift_report", "write_drift_report"]

_MOST_PICTURES = 12


def write_drift_report(report: DriftReport, *, model: Model, folder: Path, name: str) -> Path:
    """Write the page as one HTML file that needs nothing else, and return its path.

    Parameters
    ----------
    folder, name : the file is `folder/name-version.html`

    Raises
    ------
    MissingExtraError
        Without the extra report.
    OutputError
        When the file cannot be written; what stood there before is untouched.
    """
    path = folder / f"{name}-{model.version}.html"
    write_atomically(path, make_drift_report(report, model=model))
    return path


def make_drift_report(report: DriftReport, *, model: Model) -> bytes:
    """Return the bytes that `write_drift_report` writes."""
    with needs("report"):
        from .charts import drift
        from .page import for_html, template_of
    part, contract = report.everything, model.contract
    drifted = [
        drift.distributions(one, contract, number=at)
        for at, one in enumerate(part.drifted[:_MOST_PICTURES])
    ]
    text = template_of("drift.html.jinja").render(
        report=report,
        headline=tables.headline(report),
        sentences=[*tables.sentences(report)],
        effect=share(report.settings.effect),
        windows=tables.windows(report),
        effects=drift.effects(report),
        fields=tables.fields(part),
        distributions=[picture for picture in drifted if picture],
        predictions=drift.distributions(part.predictions, contract, number=_MOST_PICTURES),
        summary=tables.summary(part),
        outcomes=tables.outcomes(report),
        record=_record(report),
    )
    page: str = for_html(text)
    return page.encode()


def _record(report: DriftReport) -> Table:
    settings = report.settings
    rows = [
        ["New rows", f"{count(report.everything.rows, 'row')} of {report.source}"],
        ["Training rows", f"{report.training_rows:,}"],
        ["Significance, over all tests", share(settings.significance)],
        ["Smallest difference that counts", share(settings.effect)],
        ["Smallest share of refused rows that counts", share(settings.refused)],
        ["Smallest increase of the error that counts", share(settings.error_increase)],
        ["Loss of coverage that counts", share(settings.coverage_loss)],
        ["Fewest values that are tested", f"{settings.minimum_rows:,}"],
        ["Ignored", ", ".join(settings.ignore) or "–"],
    ]
    return Table("What was compared, and when a difference counts", ["", ""], rows, numbers_from=9)
