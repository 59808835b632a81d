"""What is recorded of jobs whose result is not a model, a search or an evaluation."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from .. import __version__

if TYPE_CHECKING:
    from ..tracking.building import Made
    from .base import Job
    from .explaining import ExplainJob
    from .predicting import PredictJob
    from .rows import PassedRows

__all__ = ["made_by_job", "made_of_passed_rows"]


def made_by_job(
    job: Job,
    *,
    model: str,
    version: str,
    metrics: Mapping[str, float],
    datasets: Mapping[str, str | None],
    notes: tuple[str, ...] = (),
) -> Made:
    """Return the record of a job: its settings, counts, and the digests of what it read and wrote.

    Parameters
    ----------
    metrics : counts and scores
    datasets : the path of each role; None or `-` for none
    """
    from ..tracking.building import Made, dataset_of
    from ..tracking.values import Metric, Run

    settings: dict[str, Any] = job.model_dump(
        mode="json", by_alias=True, exclude_defaults=True, exclude={"kind", "notify", "runs"}
    )
    run = Run(
        kind=job.kind,
        model=model,
        version=version,
        parameters=settings,
        metrics={name: Metric(float(value)) for name, value in metrics.items()},
        datasets=tuple(
            dataset_of(path, role) for role, path in datasets.items() if path not in (None, "-")
        ),
        tags={"package_version": __version__},
        notes=notes,
    )
    return Made(run)


def made_of_passed_rows(job: PredictJob | ExplainJob, result: PassedRows) -> Made:
    """Return the record of a job that passes rows from a source to an output."""
    return made_by_job(
        job,
        model=result.model,
        version=result.version,
        metrics={"rows": result.rows, "refused_rows": result.refused},
        datasets={"input": job.source, "output": job.output},
    )
