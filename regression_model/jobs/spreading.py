"""Jobs whose work is spread over a Dask cluster."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, Any

from ..display import count
from ..errors import InputError
from ..extras import needs
from .description.places import registered
from .rows import PassedRows, by_code, check_columns
from .watching import Watcher

if TYPE_CHECKING:
    from ..runtime.model import Model
    from .predicting import PredictJob

__all__ = ["PassedPartitions", "folds_spread", "predict_dataset"]

# Libraries whose versions decide what a fold gives.
_OF_TRAINING = ("feature-engine", "numpy", "pandas", "scikit-learn", "scipy")
_MOST_FAILED_SHOWN = 20


@dataclass(frozen=True)
class PassedPartitions(PassedRows):
    """How many rows of a partitioned data set were predicted.

    Attributes
    ----------
    partitions, finished_before : int
        All that are predicted now, and those of them that an earlier run had finished.
    warnings : dict of int
        How many rows have each code of a warning.
    """

    partitions: int
    finished_before: int
    warnings: dict[str, int]

    @property
    def sentence(self) -> str:
        """What became of the rows."""
        skipped = self.finished_before
        before = f" ({skipped:,} of them finished by an earlier run)" if skipped else ""
        errors = f" ({by_code(self.codes)})" if self.codes else ""
        sentence = (
            f"{count(self.rows, 'row')} in {count(self.partitions, 'partition')}{before} in "
            f"{self.seconds:,.1f} s: {self.rows - self.refused:,} {self.done}, "
            f"{self.refused:,} refused{errors}."
        )
        if self.warnings:
            sentence += f" Rows with warnings: {by_code(self.warnings)}."
        return sentence


@contextmanager
def folds_spread(scheduler: str | None, watcher: Watcher) -> Iterator[None]:
    """Let joblib compute folds on a Dask cluster, or, without one, on this machine.

    The work can be interrupted. Raises ClusterError when the cluster cannot be reached, or has
    other versions of the libraries.
    """
    if scheduler is None:
        with watcher.interruptible():
            yield
        return
    extras = ("train", "dask")
    with needs(*extras):
        import joblib

        from ..batch.cluster import check_workers, opened_cluster
    with watcher.interruptible(), opened_cluster(scheduler, extras=extras) as client:
        check_workers(client, distributions=_OF_TRAINING)
        _say_dashboard(client, watcher)
        with joblib.parallel_config(backend="dask", client=client):
            yield


def predict_dataset(job: PredictJob, scheduler: str, watcher: Watcher) -> PassedPartitions:
    """Predict the partitions of a data set into a folder, and return what came of them.

    Raises ClusterError when the cluster cannot be reached or does not fit, and InputError when
    partitions could not be predicted; the others are.
    """
    with needs("dask"):
        from ..batch.cluster import check_workers, opened_cluster, predict_partitions
    from ..batch.partitions import Done, partitions_of
    from ..runtime.model import load_model

    begun, output = perf_counter(), Path(str(job.output))
    opened = load_model(registered(job.model, job.runs))
    partitions = partitions_of(job.source, output)
    _check_first(partitions, opened, watcher)
    output.mkdir(parents=True, exist_ok=True)
    with watcher.interruptible(), opened_cluster(scheduler, workers=job.workers) as client:
        check_workers(client, paths=(partitions[0].source, output.absolute()))
        _say_dashboard(client, watcher)
        with watcher.work() as progress:
            finished, failed = predict_partitions(
                client, partitions, opened, interval=job.interval, keep=job.keep, progress=progress
            )
    total = Done()
    for done in finished.values():
        total.join(done)
    passed = PassedPartitions(
        opened.name,
        opened.version,
        job.source,
        total.rows,
        total.refused,
        dict(total.problems["error"].most_common()),
        perf_counter() - begun,
        "predicted",
        len(finished),
        sum(done.skipped for done in finished.values()),
        dict(total.problems["warning"].most_common()),
    )
    if failed:
        _refuse(passed, failed, watcher)
    return passed


def _check_first(partitions: list[Any], model: Model, watcher: Watcher) -> None:
    """Check the columns of the first partition that can be read, before a cluster is started."""
    from ..batch.partitions import column_names_of
    from ..files.streams import Source

    for partition in partitions:
        try:
            names = column_names_of(partition)
        except InputError:
            continue  # said later, with the other partitions done
        source = Source(partition.source, names, lambda *_: iter(()), lambda: None)
        check_columns(model.contract, source, watcher)
        return


def _say_dashboard(client: Any, watcher: Watcher) -> None:
    watcher.say(f"Workers: {len(client.ncores())}. Dashboard: {client.dashboard_link}")


def _refuse(passed: PassedPartitions, failed: dict[str, str], watcher: Watcher) -> None:
    watcher.say(passed.sentence)
    for name in sorted(failed)[:_MOST_FAILED_SHOWN]:
        watcher.warn(f"Not predicted: {failed[name]}")
    of = len(failed) + passed.partitions
    raise InputError(
        f"{len(failed):,} of {count(of, 'partition')} could not be predicted; the same command "
        "tries only these again."
    )
