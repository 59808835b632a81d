"""A Dask cluster: reached or started, checked, and given the partitions of a data set."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.metadata import PackageNotFoundError, version
from secrets import token_hex
from typing import Any

from ..distribution import distribution_name
from ..errors import ClusterError, RegressionModelError
from ..extras import needs
from ..runtime.model import Model
from .partitions import Done, Partition, predict_partition

__all__ = ["check_workers", "opened_cluster", "predict_partitions"]

_SECONDS = 7  # for the scheduler to answer
_SECONDS_FOR_WORKERS = 30  # for the first one to be there


@contextmanager
def opened_cluster(
    scheduler: str, *, workers: int | None = None, extras: tuple[str, ...] = ("dask",)
) -> Iterator[Any]:
    """Connect to a scheduler, or start one with its workers on this machine for `local`.

    Parameters
    ----------
    workers : how many to start, each a process with one thread; None for one for each core
    extras : what to install if Dask is missing

    Yields
    ------
    distributed.Client

    Raises
    ------
    ClusterError
        When the scheduler cannot be reached, or has no workers.
    MissingExtraError
        Without the extra dask.
    """
    with needs(*extras):
        from dask.system import CPU_COUNT
        from distributed import Client, LocalCluster
    # Every failure that matters reaches the caller; the rest would hide its one sentence.
    logging.getLogger("distributed").setLevel(logging.CRITICAL)
    if scheduler == "local":
        with (
            LocalCluster(
                n_workers=workers or CPU_COUNT,
                threads_per_worker=1,
                host="127.0.0.1",
                dashboard_address="127.0.0.1:0",
                silence_logs=logging.CRITICAL,
            ) as cluster,
            Client(cluster) as client,
        ):
            yield client
        return
    try:
        client = Client(scheduler, timeout=_SECONDS)
    except (OSError, TimeoutError, ValueError) as error:
        raise ClusterError(
            f"The scheduler {scheduler} cannot be reached: {_first_line(error)}. Is it running, "
            "and is its address like tcp://HOST:8786?"
        ) from None
    with client:
        try:
            client.wait_for_workers(1, timeout=_SECONDS_FOR_WORKERS)
        except TimeoutError:
            raise ClusterError(
                f"The scheduler {scheduler} has no workers: start some with "
                f"dask worker {scheduler}."
            ) from None
        yield client


def check_workers(client: Any, *, distributions: tuple[str, ...] = (), paths: Any = ()) -> None:
    """Check that the workers have this package, the same libraries, and the same files.

    Parameters
    ----------
    distributions : libraries whose versions decide the results
    paths : files and folders that every worker must see

    Raises
    ------
    ClusterError
        When one does not.
    """
    # Functions of the standard library: a worker without this package can run them.
    for name in (distribution_name(), *distributions):
        ours = version(name)
        for worker, theirs in client.run(version, name, on_error="return").items():
            if theirs != ours:
                is_absent = isinstance(theirs, PackageNotFoundError)
                what = "does not have" if is_absent else f"has {theirs} of"
                raise ClusterError(
                    f"The worker {worker} {what} {name}; here is version {ours}: install the same "
                    "version in the environments of all workers."
                )
    for path in paths:
        for worker, is_there in client.run(os.path.exists, str(path)).items():
            if not is_there:
                raise ClusterError(
                    f"The worker {worker} does not see {path}: the workers need the same paths as "
                    "this command, on a file system that they share."
                )


def predict_partitions(
    client: Any,
    partitions: list[Partition],
    model: Model,
    *,
    interval: bool = False,
    keep: bool = False,
    progress: Callable[[str, int, int], None] = lambda stage, done, of: None,
) -> tuple[dict[str, Done], dict[str, str]]:
    """Predict partitions on a cluster, each as one task; those of a lost worker are done again.

    Returns
    -------
    finished : dict from the name of a partition to what is known of it
    failed : dict from the name of a partition to a sentence that says why

    Raises
    ------
    ClusterError
        When the workers cannot open the model.
    """
    from distributed import as_completed

    from .plugin import OpenedModel

    # A name of its own: another run with the same model may end before this one.
    plugin = OpenedModel(model.content, name=f"regression-model-{token_hex(8)}")
    try:
        client.register_plugin(plugin)
    except Exception as error:
        raise ClusterError(f"The workers cannot open the model: {_first_line(error)}.") from None
    finished: dict[str, Done] = {}
    failed: dict[str, str] = {}
    stage, total = "Predicting partitions", len(partitions)
    progress(stage, 0, total)
    options = {"interval": interval, "keep": keep}
    futures = client.map(_task, partitions, plugin=plugin.name, options=options, pure=False)
    partition_of = dict(zip((future.key for future in futures), partitions, strict=True))
    try:
        for future in as_completed(futures):
            partition = partition_of[future.key]
            is_done = future.status == "finished"
            result = future.result() if is_done else _reason(future, partition)
            if isinstance(result, Done):
                finished[partition.name] = result
            else:
                failed[partition.name] = result
            future.release()
            progress(stage, len(finished) + len(failed), total)
    finally:
        client.cancel(futures)
        client.unregister_worker_plugin(plugin.name)
    return finished, failed


def _reason(future: Any, partition: Partition) -> str:
    from distributed import KilledWorker

    error = future.exception()
    if isinstance(error, KilledWorker):
        return (
            f"{partition.source}: the workers that read it were killed, perhaps for want of memory."
        )
    return f"{partition.source}: {type(error).__name__}: {_first_line(error)}"


def _task(partition: Partition, *, plugin: str, options: dict[str, bool]) -> Done | str:
    """Predict a partition on a worker; return a sentence if it cannot be predicted."""
    from distributed import get_worker

    model = get_worker().plugins[plugin].model
    try:
        return predict_partition(partition, model, **options)
    except RegressionModelError as error:
        return str(error)


def _first_line(error: object) -> str:
    return str(error).partition("\n")[0].rstrip(".") or type(error).__name__
