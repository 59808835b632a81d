"""A report on drift as a page, in the style of the report of a model; needs the extra report."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from ..display import Table, count, share
from ..extras import needs
from ..monitoring import tables
from . import write_document

if TYPE_CHECKING:
    from ..monitoring import DriftReport
    from ..runtime.model import Model

__all__ = ["write_drift_report"]

_MOST_PICTURES = 12


def write_drift_report(report: DriftReport, *, model: Model, folder: Path, name: str) -> Path:
    """Write the page as one HTML file; parameters, errors and path as for `write_report`."""
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
    return write_document(for_html(text).encode(), ".html", model=model, folder=folder, name=name)


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
