"""Jobs whose work is spread over a Dask cluster."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, Any

from ..display import count
from ..errors import InputError
from ..extras import needs
from .rows import PassedRows, check_columns
from .watching import Watcher

if TYPE_CHECKING:
    from ..batch.partitions import Done
    from ..runtime.model import Model

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
        errors = f" ({_listed(self.codes)})" if self.codes else ""
        sentence = (
            f"{count(self.rows, 'row')} in {count(self.partitions, 'partition')}{before} in "
            f"{self.seconds:,.1f} s: {self.rows - self.refused:,} {self.done}, "
            f"{self.refused:,} refused{errors}."
        )
        if self.warnings:
            sentence += f" Rows with warnings: {_listed(self.warnings)}."
        return sentence


@contextmanager
def folds_spread(scheduler: str | None, watcher: Watcher) -> Iterator[None]:
    """Let joblib compute folds on a Dask cluster; None leaves them on this machine.

    Raises
    ------
    ClusterError
        When the cluster cannot be reached, or has other versions of the libraries.
    """
    if scheduler is None:
        yield
        return
    with needs("train", "dask"):
        import joblib

        from ..batch.cluster import check_workers, opened_cluster
    with opened_cluster(scheduler, extras=("train", "dask")) as client:
        check_workers(client, distributions=_OF_TRAINING)
        _say_dashboard(client, watcher)
        with joblib.parallel_config(backend="dask", client=client):
            yield


def predict_dataset(
    dataset: str,
    output: Path,
    model: Path | None,
    scheduler: str,
    *,
    workers: int | None,
    interval: bool,
    keep: bool,
    watcher: Watcher,
) -> PassedPartitions:
    """Predict the partitions of a data set into a folder, and return what came of them.

    Raises
    ------
    ClusterError
        When the cluster cannot be reached, or does not fit.
    InputError
        When partitions could not be predicted; the others are.
    """
    with needs("dask"):
        from ..batch.cluster import check_workers, opened_cluster, predict_partitions
    from ..batch.partitions import partitions_of
    from ..runtime.model import load_model

    begun = perf_counter()
    opened = load_model(model)
    partitions = partitions_of(dataset, output)
    _check_first(partitions, opened, watcher)
    output.mkdir(parents=True, exist_ok=True)
    with watcher.interruptible(), opened_cluster(scheduler, workers=workers) as client:
        check_workers(client, paths=(partitions[0].source, output.absolute()))
        _say_dashboard(client, watcher)
        with watcher.work() as progress:
            finished, failed = predict_partitions(
                client, partitions, opened, interval=interval, keep=keep, progress=progress
            )
    passed = _passed(opened, dataset, [*finished.values()], seconds=perf_counter() - begun)
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


def _passed(
    model: Model, dataset: str, finished: list[Done], *, seconds: float
) -> PassedPartitions:
    from ..batch.partitions import Done

    total = Done()
    for done in finished:
        total.join(done)
    return PassedPartitions(
        model.name,
        model.version,
        dataset,
        total.rows,
        total.refused,
        _by_frequency(total.problems["error"]),
        seconds,
        "predicted",
        len(finished),
        sum(done.skipped for done in finished),
        _by_frequency(total.problems["warning"]),
    )


def _refuse(passed: PassedPartitions, failed: dict[str, str], watcher: Watcher) -> None:
    watcher.say(passed.sentence)
    for name in sorted(failed)[:_MOST_FAILED_SHOWN]:
        watcher.warn(f"Not predicted: {failed[name]}")
    of = len(failed) + passed.partitions
    raise InputError(
        f"{len(failed):,} of {count(of, 'partition')} could not be predicted; the same command "
        "tries only these again."
    )


def _by_frequency(problems: Counter[str]) -> dict[str, int]:
    return dict(problems.most_common())


def _listed(problems: dict[str, int]) -> str:
    return ", ".join(f"{code} {rows:,}" for code, rows in problems.items())
