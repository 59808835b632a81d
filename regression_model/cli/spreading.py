"""Commands whose work is spread over a Dask cluster."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, Any

import typer

from ..display import count
from ..errors import InputError
from ..extras import needs
from .program import INTERRUPTED_EXIT, fail, interruptible, say
from .rows import check_columns
from .terminal import shown_progress

if TYPE_CHECKING:
    from ..batch.partitions import Done

__all__ = ["folds_spread", "predict_dataset"]

# Libraries whose versions decide what a fold gives.
_OF_TRAINING = ("feature-engine", "numpy", "pandas", "scikit-learn", "scipy")
_MOST_FAILED_SHOWN = 20


@contextmanager
def folds_spread(scheduler: str | None) -> Iterator[None]:
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
        _say_dashboard(client)
        with joblib.parallel_config(backend="dask", client=client):
            yield


def predict_dataset(
    dataset: str,
    output: str | None,
    model: Path | None,
    scheduler: str,
    *,
    workers: int | None,
    interval: bool,
    keep: bool,
) -> None:
    """Predict the partitions of a data set, and say what came of them.

    Exit code 1 means that rows have no prediction, 2 that partitions could not be predicted.
    """
    if output in (None, "-"):
        raise typer.BadParameter("name a folder for the partitions.", param_hint="--output")
    if workers is not None and scheduler != "local":
        raise typer.BadParameter("is for --scheduler local.", param_hint="--workers")
    with needs("dask"):
        from ..batch.cluster import check_workers, opened_cluster, predict_partitions
    from ..batch.partitions import partitions_of
    from ..runtime.model import load_model

    begun = perf_counter()
    opened = load_model(model)
    folder = Path(str(output))
    partitions = partitions_of(dataset, folder)
    _check_first(partitions, opened.contract)
    folder.mkdir(parents=True, exist_ok=True)
    try:
        with interruptible(), opened_cluster(scheduler, workers=workers) as client:
            check_workers(client, paths=(partitions[0].source, folder.absolute()))
            _say_dashboard(client)
            with shown_progress() as progress:
                finished, failed = predict_partitions(
                    client, partitions, opened, interval=interval, keep=keep, progress=progress
                )
    except KeyboardInterrupt:
        fail(
            "Interrupted: finished partitions are kept, and the same command goes on from there.",
            code=INTERRUPTED_EXIT,
        )
    _finish([*finished.values()], failed, seconds=perf_counter() - begun)


def _check_first(partitions: list[Any], contract: Any) -> None:
    """Check the columns of the first partition that can be read, before a cluster is started."""
    from ..batch.partitions import column_names_of
    from ..files.streams import Source

    for partition in partitions:
        try:
            names = column_names_of(partition)
        except InputError:
            continue  # said later, with the other partitions done
        check_columns(contract, Source(partition.source, names, lambda *_: iter(()), lambda: None))
        return


def _say_dashboard(client: Any) -> None:
    say(f"Workers: {len(client.ncores())}. Dashboard: {client.dashboard_link}")


def _finish(finished: list[Done], failed: dict[str, str], *, seconds: float) -> None:
    from ..batch.partitions import Done

    total = Done()
    for done in finished:
        total.join(done)
    skipped = sum(done.skipped for done in finished)
    before = f" ({skipped:,} of them finished by an earlier run)" if skipped else ""
    errors = _listed(total.problems["error"])
    say(
        f"{count(total.rows, 'row')} in {count(len(finished), 'partition')}{before} in "
        f"{seconds:,.1f} s: {total.rows - total.refused:,} predicted, {total.refused:,} refused"
        f"{f' ({errors})' if errors else ''}."
    )
    if total.problems["warning"]:
        say(f"Rows with warnings: {_listed(total.problems['warning'])}.")
    for name in sorted(failed)[:_MOST_FAILED_SHOWN]:
        say(f"Not predicted: {failed[name]}")
    if failed:
        of = len(failed) + len(finished)
        fail(
            f"Error: {len(failed):,} of {count(of, 'partition')} could not be predicted; the same "
            "command tries only these again.",
            code=2,
        )
    if total.refused:
        raise typer.Exit(1)


def _listed(problems: Counter[str]) -> str:
    return ", ".join(f"{code} {rows:,}" for code, rows in problems.most_common())
