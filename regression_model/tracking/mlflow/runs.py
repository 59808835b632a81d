"""Runs on an MLflow tracking server, or in its database: the extra mlflow.

A move of an alias is a parameter of one run that has them all, tagged with the name of the model:
MLflow never lets a parameter change, so that of two moves with one number one is refused.
"""

from __future__ import annotations

import json
import logging
import os
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from functools import cached_property
from hashlib import sha256
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ...errors import AliasMovedError, TrackingError, UnreachableError
from ...extras import needs
from ...runtime.installed import Found
from ...runtime.model import Model
from ..interface import Runs
from ..values import (
    AliasRecord,
    Dataset,
    Metric,
    Run,
    RunRecord,
    split_alias,
    user_name,
    without_credentials,
)
from .address import FILE_TAG, Address, Server

if TYPE_CHECKING:
    from mlflow import MlflowClient

__all__ = ["MlflowRuns", "check_reachable", "download_by_client", "find_by_client"]

_TAG = "regression_model."
_OURS = ("kind", "model", "version", "status", "seconds", "started", "notes", "files")
_AT_ONCE = 100  # parameters in one request
_MOST_TEXT = 5_000  # characters in a value; a server takes 6,000 of a parameter
_LOW, _HIGH = "_low", "_high"


def check_reachable(where: str) -> None:
    """Check that a server answers, before the work; a database is not checked.

    Raises
    ------
    UnreachableError
        When it does not.
    MissingExtraError
        When it does, and the extra mlflow is not installed.
    """
    address = Address.of(where)
    if address.is_server:
        Server(address.uri).check()
    with needs("mlflow"):
        if find_spec("mlflow") is None:
            raise ModuleNotFoundError(name="mlflow")


class MlflowRuns(Runs):
    """The runs in one experiment, and the models that are registered from them."""

    def __init__(self, where: str) -> None:
        self._address = Address.of(where)

    @property
    def where(self) -> str:
        return f"{self._address.shown} ({self._address.experiment})"

    @cached_property
    def _client(self) -> MlflowClient:
        return _client_of(self._address.uri)

    @cached_property
    def _experiment(self) -> str:
        with _told(self._address):
            found = self._client.get_experiment_by_name(self._address.experiment)
            if found is not None:
                return str(found.experiment_id)
            return str(self._client.create_experiment(self._address.experiment))

    def record(self, run: Run, files: Mapping[str, Path | bytes], parts: Sequence[Run] = ()) -> str:
        with _told(self._address), tempfile.TemporaryDirectory() as folder:
            kept = _written(files, Path(folder, "files"))
            digests = {name: sha256(path.read_bytes()).hexdigest() for name, path in kept.items()}
            run_id = self._create(run, digests)
            for name, path in kept.items():
                if path.suffix == ".onnx":
                    self._register(run_id, path, Path(folder, "model"))
                else:
                    self._client.log_artifact(run_id, str(path))
            for part in parts:
                self._create(part, {}, parent=run_id)
            status = "FAILED" if run.status == "failed" else "FINISHED"
            self._client.set_terminated(run_id, status)
            return run_id

    def _create(self, run: Run, digests: Mapping[str, str], parent: str | None = None) -> str:
        from mlflow.entities import Dataset as MlflowDataset
        from mlflow.entities import DatasetInput, InputTag
        from mlflow.entities import Metric as MlflowMetric
        from mlflow.entities import Param

        record = run.to_dict()  # without credentials
        tags = {f"{_TAG}{name}": str(record[name]) for name in _OURS if record.get(name)}
        tags |= {name: str(value)[:_MOST_TEXT] for name, value in record["tags"].items()}
        tags[f"{_TAG}notes"] = json.dumps(record["notes"])[:_MOST_TEXT]
        tags[f"{_TAG}files"] = json.dumps(digests)
        tags[f"{_TAG}tags"] = json.dumps(sorted(record["tags"]))
        tags["mlflow.user"] = user_name()
        tags["mlflow.runName"] = f"{run.kind} {run.model} {run.version}".strip()
        if "commit" in run.tags:
            tags["mlflow.source.git.commit"] = run.tags["commit"]
        if parent:
            tags["mlflow.parentRunId"] = parent
        started = run.started and datetime.fromisoformat(run.started).timestamp()
        at = int(started * 1000) if started else None
        created = self._client.create_run(self._experiment, start_time=at, tags=tags)
        run_id = str(created.info.run_id)
        params = [
            Param(key, "" if value is None else str(value)[:_MOST_TEXT])
            for key, value in record["parameters"].items()
        ]
        stamp = int(time.time() * 1000)
        metrics = [
            MlflowMetric(f"{name}{ending}", value, stamp, 0)
            for name, one in record["metrics"].items()
            for ending, value in (("", one["value"]), (_LOW, one["low"]), (_HIGH, one["high"]))
            if value is not None
        ]
        for begin in range(0, max(len(params), 1), _AT_ONCE):
            some = params[begin : begin + _AT_ONCE]
            self._client.log_batch(run_id, metrics if not begin else [], some)
        inputs = [
            DatasetInput(
                MlflowDataset(
                    name=Path(one["path"]).name or one["role"],
                    digest=(one["sha256"] or "unknown")[:32],
                    source_type="local",
                    source=json.dumps({"uri": one["path"]}),
                    profile=json.dumps(one),
                ),
                [InputTag("mlflow.data.context", one["role"])],
            )
            for one in record["datasets"]
        ]
        if inputs:
            self._client.log_inputs(run_id, inputs)
        return run_id

    def _register(self, run_id: str, file: Path, folder: Path) -> None:
        """Keep a model file as a model of MLflow, and make it a version of its name."""
        from .model_folder import write_model

        model = Model(file.read_bytes(), name=str(file))
        place = write_model(model, file, folder)
        self._client.log_artifacts(run_id, str(folder), "model")
        if not self._client.search_registered_models(f"name = '{model.name}'"):
            from mlflow.exceptions import MlflowException

            try:
                description = model.manifest["description"]
                self._client.create_registered_model(model.name, description=description)
            except MlflowException as error:  # another process has just done so
                if error.error_code != "RESOURCE_ALREADY_EXISTS":
                    raise
        source = f"{self._client.get_run(run_id).info.artifact_uri}/model"
        tags = {FILE_TAG: place, "version": model.version, "sha256": model.sha256}
        self._client.create_model_version(model.name, source, run_id, tags=tags)

    def runs(self) -> list[RunRecord]:
        """Return all runs but those that are parts of others, the newest first."""
        with _told(self._address):
            found = [*map(_record_of, self._search(f"tags.`{_TAG}kind` != 'trial'"))]
        return [one for one in found if one.run.parent is None]

    def _search(self, filter_: str, order: str = "attributes.start_time DESC") -> Iterator[Any]:
        return _all_pages(self._client.search_runs, [self._experiment], filter_, order_by=[order])

    def problems(self) -> list[str]:
        return []  # a server has whole records only

    def run(self, named: str) -> RunRecord:
        if "@" in named:
            name, alias = split_alias(named)
            move = self.alias(name, alias)
            if move is None:
                raise TrackingError(f"There is no {named} in {self.where}: promote a run to it.")
            named = move.run
        found = [one for one in self.runs() if named and one.id.startswith(named)]
        if len(found) == 1:
            return found[0]
        if found:
            raise TrackingError(f"{named} is the beginning of several runs of {self.where}.")
        raise TrackingError(
            f"There is no run {named!r} in {self.where}: regression-model runs lists them."
        )

    def resolve(self, named: str) -> bytes:
        record = self.run(named)
        if record.model_file is None:
            raise TrackingError(f"The run {record.id} in {self.where} has no model file.")
        return self.file(record.id, record.model_file)

    def file(self, run_id: str, name: str) -> bytes:
        place = f"model/artifacts/{name}" if name.endswith(".onnx") else name
        with _told(self._address), tempfile.TemporaryDirectory() as folder:
            return Path(self._client.download_artifacts(run_id, place, folder)).read_bytes()

    def aliases(self) -> list[AliasRecord]:
        with _told(self._address):
            models = [*_all_pages(self._client.search_registered_models)]
        found = (self.alias(one.name, alias) for one in models for alias in sorted(one.aliases))
        return [*filter(None, found)]

    def alias(self, name: str, alias: str) -> AliasRecord | None:
        from mlflow.exceptions import MlflowException

        with _told(self._address):
            try:
                version = self._client.get_model_version_by_alias(name, alias)
            except MlflowException as error:
                if error.error_code in ("RESOURCE_DOES_NOT_EXIST", "INVALID_PARAMETER_VALUE"):
                    return None
                raise
        run_id = str(version.run_id)
        moves = [one for one in self.history(name, alias) if one.run == run_id]
        return moves[-1] if moves else AliasRecord(name, alias, 0, run_id)  # moved in MLflow

    def history(self, name: str, alias: str) -> Sequence[AliasRecord]:
        split_alias(f"{name}@{alias}")
        with _told(self._address):
            ledger = self._ledger(name)
        params = {} if ledger is None else ledger.data.params
        keys = sorted(key for key in params if key.rpartition(".")[0] == alias)
        return [AliasRecord.from_dict(json.loads(params[key])) for key in keys]

    def _ledger(self, name: str) -> Any:
        """Return the run with the moves of the aliases of a model: of several the first."""
        of_model = f"tags.`{_TAG}promotions` = '{name}'"
        return next(self._search(of_model, "attributes.start_time ASC"), None)

    def _moves(self, name: str, alias: str) -> tuple[list[int], AliasRecord | None]:
        numbers = [one.number for one in self.history(name, alias)]
        return numbers, self.alias(name, alias)

    def _make(self, move: AliasRecord) -> None:
        from mlflow.exceptions import MlflowException

        name, alias = move.name, move.alias
        with _told(self._address):
            versions = self._client.search_model_versions(
                f"name = '{name}' and run_id = '{move.run}'"
            )
            if not versions:
                raise TrackingError(
                    f"The run {move.run} has no registered version of {name} in {self.where}."
                )
            ledger = self._ledger(name)
            if ledger is None:
                tags = {f"{_TAG}promotions": name, "mlflow.runName": f"promotions of {name}"}
                self._client.create_run(self._experiment, tags=tags)
                ledger = self._ledger(name)
            text = json.dumps(move.to_dict(), sort_keys=True)
            if len(text) > _MOST_TEXT:
                text = json.dumps({**move.to_dict(), "evidence": {}}, sort_keys=True)
            try:
                self._client.log_param(ledger.info.run_id, f"{alias}.{move.number:06}", text)
            except MlflowException:
                raise self._moved(name, alias, self.alias(name, alias)) from None
            self._client.set_registered_model_alias(name, alias, versions[0].version)

    def _moved(self, name: str, alias: str, present: AliasRecord | None) -> AliasMovedError:
        by = "" if present is None else f" to {present.run}, by {present.by or 'somebody'}"
        return AliasMovedError(
            f"{name}@{alias} was moved{by} meanwhile: nothing was changed. Promote again."
        )


def find_by_client(uri: str, name: str, alias: str | None, version: str, named: str) -> Found:
    """Look up a registered model in a database, which has no REST API."""
    address = Address(uri, "")
    client = _client_of(uri)
    with _told(address):
        found = (
            client.get_model_version_by_alias(name, alias)
            if alias
            else client.get_model_version(name, version)
        )
        place = client.get_model_version_download_uri(name, found.version)
    if FILE_TAG not in found.tags:
        raise TrackingError(f"{named} was not registered by regression-model.")
    key = uri, name, found.version, found.creation_timestamp
    return Found(key, download_by_client(uri, f"{place}/{found.tags[FILE_TAG]}"), named)


def download_by_client(uri: str, place: str) -> bytes:
    """Download an artifact from wherever a server has put it."""
    _client_of(uri)
    from mlflow.artifacts import download_artifacts

    with _told(Address(uri, "")), tempfile.TemporaryDirectory() as folder:
        file = download_artifacts(artifact_uri=place, dst_path=folder, tracking_uri=uri)
        return Path(file).read_bytes()


def _client_of(uri: str) -> MlflowClient:
    """Return a client that gives up within seconds, and writes nothing on the terminal."""
    for name, value in (
        ("MLFLOW_HTTP_REQUEST_TIMEOUT", "8"),
        ("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0"),
        ("MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR", "false"),
        ("MLFLOW_DISABLE_TELEMETRY", "true"),
        ("MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT", "true"),
    ):
        os.environ.setdefault(name, value)
    address = Address(uri, "")
    if address.is_server:
        Server(uri).check()
    with needs("mlflow"):
        from mlflow import MlflowClient
    for name in ("mlflow", "alembic"):
        logging.getLogger(name).setLevel(logging.ERROR)
    return MlflowClient(uri, uri)


@contextmanager
def _told(address: Address) -> Iterator[None]:
    """Turn an error of MLflow or of the network into one sentence."""
    with needs("mlflow"):
        from mlflow.exceptions import MlflowException
    try:
        yield
    except MlflowException as error:
        message = without_credentials(str(error).partition("\n")[0].rstrip("."))
        kind = TrackingError if error.error_code == "RESOURCE_DOES_NOT_EXIST" else UnreachableError
        raise kind(f"{address.shown} refuses: {message}.") from None
    except OSError as error:  # requests' errors are such
        message = without_credentials(str(error).partition("\n")[0])
        raise UnreachableError(f"{address.shown} cannot be used: {message}.") from None


def _all_pages(search: Callable[..., Any], *args: Any, **options: Any) -> Iterator[Any]:
    """Yield all that a search of MLflow finds, which it returns in pages."""
    token = None
    while True:
        page = search(*args, page_token=token, **options)
        yield from page
        token = page.token
        if not token:
            return


def _written(files: Mapping[str, Path | bytes], folder: Path) -> dict[str, Path]:
    """Put all files into one folder, under their names."""
    folder.mkdir()
    for name, file in files.items():
        content = file if isinstance(file, bytes) else file.read_bytes()
        (folder / name).write_bytes(content)
    return {name: folder / name for name in files}


def _record_of(found: Any) -> RunRecord:
    """Read a run of MLflow; one that others have recorded has less in it."""
    tags, params, values = found.data.tags, found.data.params, found.data.metrics
    try:
        notes = tuple(json.loads(tags.get(f"{_TAG}notes", "[]")))
    except ValueError:  # they were too long
        notes = (tags[f"{_TAG}notes"],)
    names = [
        name
        for name in values
        if not any(name.endswith(end) and name.removesuffix(end) in values for end in (_LOW, _HIGH))
    ]
    started = tags.get(f"{_TAG}started") or datetime.fromtimestamp(
        found.info.start_time / 1000
    ).astimezone().isoformat(timespec="seconds")
    run = Run(
        kind=tags.get(f"{_TAG}kind", ""),
        model=tags.get(f"{_TAG}model", tags.get("mlflow.runName", "")),
        version=tags.get(f"{_TAG}version", ""),
        parameters=dict(params),
        metrics={
            name: Metric(values[name], values.get(name + _LOW), values.get(name + _HIGH))
            for name in names
        },
        datasets=tuple(
            Dataset(**json.loads(one.dataset.profile))
            for one in (found.inputs.dataset_inputs if found.inputs else ())
            if f"{_TAG}kind" in tags
        ),
        tags={name: tags.get(name, "") for name in json.loads(tags.get(f"{_TAG}tags", "[]"))},
        started=started,
        seconds=float(tags.get(f"{_TAG}seconds", 0)),
        status=tags.get(f"{_TAG}status", "finished"),
        parent=tags.get("mlflow.parentRunId"),
        notes=notes,
    )
    files = json.loads(tags.get(f"{_TAG}files", "{}"))
    return RunRecord(found.info.run_id, run, files, found.info.artifact_uri)
