"""The address of a tracking server, and requests to its REST API with the standard library.

`import mlflow` takes seconds and many libraries: whoever only predicts does without.
"""

from __future__ import annotations

import base64
import json
import os
import socket
import time
from dataclasses import dataclass
from http.client import HTTPException
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.parse import quote, unquote, urlencode, urlsplit, urlunsplit
from urllib.request import Request, urlopen

from ...errors import TrackingError, UnreachableError
from ..values import without_credentials

__all__ = ["FILE_TAG", "SECONDS", "Address", "Server"]

FILE_TAG = "regression_model.file"  # of a version: where the model file is in its artifacts
SECONDS = 8.0  # for all requests of one look-up together
_PREFIX = "mlflow+"
_MOST_BYTES = 1 << 30
_EXPERIMENT = "regression-model"


@dataclass(frozen=True)
class Address:
    """A tracking server or database, and the experiment to record in."""

    uri: str
    experiment: str

    @classmethod
    def of(cls, where: str) -> Address:
        """Read `mlflow+http://HOST:PORT/EXPERIMENT`, or `mlflow+sqlite:///FILE#EXPERIMENT`.

        Raises
        ------
        TrackingError
            For another text.
        """
        uri, _, experiment = where.removeprefix(_PREFIX).partition("#")
        scheme, has_scheme, _ = uri.partition("://")
        if not has_scheme or not scheme or where == uri:
            raise TrackingError(
                f"{without_credentials(where)!r} is not the address of a tracking server: expected "
                "one such as mlflow+http://127.0.0.1:5000/EXPERIMENT."
            )
        if scheme in ("http", "https"):
            parts = urlsplit(uri)
            path, _, last = parts.path.rstrip("/").rpartition("/")
            if last and not experiment:
                uri, experiment = urlunsplit((scheme, parts.netloc, path, "", "")), unquote(last)
            uri = uri.rstrip("/")
        named = experiment or os.environ.get("MLFLOW_EXPERIMENT_NAME") or _EXPERIMENT
        return cls(uri, named)

    @property
    def shown(self) -> str:
        """The address without credentials."""
        return without_credentials(self.uri)

    @property
    def is_server(self) -> bool:
        """Whether it is a server, not a database."""
        return self.uri.startswith(("http://", "https://"))


class Server:
    """The REST API of a tracking server, for one look-up.

    The user and password in its address, or those that MLflow reads in the environment, are sent.
    """

    def __init__(self, uri: str) -> None:
        parts = urlsplit(uri)
        user, at, host = parts.netloc.rpartition("@")
        self.uri = urlunsplit((parts.scheme, host, parts.path.rstrip("/"), "", ""))
        self._headers = _authorization(unquote(user) if at else None)
        self._until = time.monotonic() + SECONDS

    def json(self, path: str, **query: str) -> dict[str, Any]:
        """Return the answer of `GET /api/2.0/mlflow/PATH`.

        Raises
        ------
        UnreachableError
            When the server does not answer within the time, or refuses.
        TrackingError
            When there is no such thing; the message is the server's.
        """
        content = self._get(f"/api/2.0/mlflow/{path}?{urlencode(query)}")
        try:
            answer = json.loads(content)
        except ValueError:
            answer = None
        if not isinstance(answer, dict):
            raise UnreachableError(f"{self.uri} does not answer as an MLflow server does.")
        return answer

    def artifact(self, path: str) -> bytes:
        """Return an artifact that the server hands out; `path` as in `mlflow-artifacts:/PATH`."""
        return self._get(f"/api/2.0/mlflow-artifacts/artifacts/{quote(path.lstrip('/'))}")

    def check(self) -> None:
        """Check that the server answers, and lets us in.

        Raises
        ------
        UnreachableError
            When it does not.
        """
        self.json("experiments/search", max_results="1")

    def _get(self, path: str) -> bytes:
        left = self._until - time.monotonic()
        if left <= 0:
            raise self._unreachable("no answer in time")
        request = Request(self.uri + path, headers=self._headers)
        try:
            with urlopen(request, timeout=left) as answer:
                return self._read(answer)
        except HTTPError as error:
            raise self._refused(error) from None
        except URLError as error:
            raise self._unreachable(error.reason) from None
        except (OSError, HTTPException, ValueError) as error:
            raise self._unreachable(error) from None

    def _read(self, answer: Any) -> bytes:
        """Read an answer in pieces, so that a slow server cannot take forever."""
        parts, size = [], 0
        while piece := answer.read1(1 << 20):
            parts.append(piece)
            size += len(piece)
            if size > _MOST_BYTES or time.monotonic() > self._until + size / 1e5:
                raise self._unreachable("its answer is too long or too slow")
        return b"".join(parts)

    def _refused(self, error: HTTPError) -> TrackingError:
        """Return the error for an answer that is not a success."""
        try:
            with error:
                answer = json.loads(error.read(1 << 16))
            message = str(answer["message"]).partition("\n")[0].rstrip(".")
            code = str(answer.get("error_code", ""))
        except (ValueError, LookupError, TypeError, OSError):
            message = code = ""
        if code in ("RESOURCE_DOES_NOT_EXIST", "INVALID_PARAMETER_VALUE") or (
            error.code == 404 and message
        ):
            return TrackingError(f"{self.uri} has no such model: {message}.")
        if error.code in (401, 403):
            return UnreachableError(
                f"The MLflow server {self.uri} refuses ({error.code}): set "
                "MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD, or MLFLOW_TRACKING_TOKEN."
            )
        reason = f": {message}" if message else ""
        return UnreachableError(f"The MLflow server {self.uri} refuses ({error.code}){reason}.")

    def _unreachable(self, reason: object) -> UnreachableError:
        if isinstance(reason, TimeoutError | socket.timeout):
            reason = "no answer in time"
        text = getattr(reason, "strerror", None) or str(reason)
        return UnreachableError(f"The MLflow server {self.uri} cannot be reached ({text}).")


def _authorization(user: str | None) -> dict[str, str]:
    name, password = (
        os.environ.get(f"MLFLOW_TRACKING_{what}") for what in ("USERNAME", "PASSWORD")
    )
    if user is None and name is not None and password is not None:
        user = f"{name}:{password}"
    if user is not None:
        return {"Authorization": f"Basic {base64.b64encode(user.encode()).decode()}"}
    token = os.environ.get("MLFLOW_TRACKING_TOKEN")
    return {"Authorization": f"Bearer {token}"} if token else {}
