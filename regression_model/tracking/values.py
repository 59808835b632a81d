"""What is recorded of a run, of a promotion and of who made it, as values and as JSON.

Credentials are never recorded: addresses lose their user, password and query, and a parameter whose
name is that of a secret its value. Rows are not part of any of these values.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

from ..errors import TrackingError

__all__ = [
    "PARTS",
    "AliasRecord",
    "Dataset",
    "Metric",
    "Run",
    "RunRecord",
    "now",
    "split_alias",
    "user_name",
    "without_credentials",
]

PARTS = "parts.jsonl"  # the file with the parts of a run, one a line

Parameter = str | int | float | bool | None

_NAME = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*", re.ASCII)  # as in the manifest of a model file
_ALIAS = re.compile(r"[a-z][a-z0-9_-]{0,63}", re.ASCII)
_URL = re.compile(r"\b([a-zA-Z][a-zA-Z0-9+.-]*:/{1,3})([^\s/?#@]*@)?([^\s?#'\"]*)([?#][^\s'\"]*)?")
_SECRET = re.compile(r"passw|token|secret|api_?key|credential", re.IGNORECASE)
_HIDDEN = "***"


@dataclass(frozen=True)
class Metric:
    """A metric, with the ends of its 95% interval where there is one."""

    value: float
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True)
class Dataset:
    """A table that a run has read or written, such as the training rows."""

    path: str
    role: str
    sha256: str | None = None
    rows: int | None = None
    columns: int | None = None


@dataclass(frozen=True)
class Run:
    """What is recorded of one run of a command.

    Attributes
    ----------
    kind : such as `train`, `evaluate` or `tune`
    model : the name of the model
    version : of the model
    parameters : by dotted key
    tags : such as commit, package_version and config_sha256
    started : in UTC, as ISO 8601
    parent : the run that this one is a part of
    """

    kind: str
    model: str
    version: str = ""
    parameters: Mapping[str, Parameter] = field(default_factory=dict)
    metrics: Mapping[str, Metric] = field(default_factory=dict)
    datasets: tuple[Dataset, ...] = ()
    tags: Mapping[str, str] = field(default_factory=dict)
    started: str = ""
    seconds: float = 0.0
    status: str = "finished"
    parent: str | None = None
    notes: tuple[str, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """Return it as plain JSON types, without credentials."""
        cleaned = replace(
            self,
            parameters={
                key: _HIDDEN if _SECRET.search(key) else _clean(value)
                for key, value in self.parameters.items()
            },
            tags={key: without_credentials(text) for key, text in self.tags.items()},
            datasets=tuple(
                replace(one, path=without_credentials(one.path)) for one in self.datasets
            ),
            notes=tuple(map(without_credentials, self.notes)),
        )
        return asdict(cleaned)

    @classmethod
    def from_dict(cls, record: Mapping[str, Any]) -> Run:
        """Read what `to_dict` returned; raises ValueError, TypeError or KeyError for others."""
        known = {name: record[name] for name in cls.__dataclass_fields__ if name in record}
        known["metrics"] = {name: Metric(**one) for name, one in known["metrics"].items()}
        known["datasets"] = tuple(Dataset(**one) for one in known["datasets"])
        known["notes"] = tuple(known["notes"])
        return cls(**known)


@dataclass(frozen=True)
class RunRecord:
    """A run that was recorded.

    Attributes
    ----------
    id : by which it is found again
    run : Run
    files : the SHA-256 of each file that was kept with it, by its name
    place : where these are
    """

    id: str
    run: Run
    files: Mapping[str, str]
    place: str

    @property
    def model_file(self) -> str | None:
        """The name of its model file, if it has one."""
        return next((name for name in self.files if name.endswith(".onnx")), None)

    def to_dict(self) -> dict[str, Any]:
        """Return it as plain JSON types."""
        return {"id": self.id, **self.run.to_dict(), "files": dict(self.files)}


@dataclass(frozen=True)
class AliasRecord:
    """That an alias was moved: what it names since then, by whom, and on what evidence.

    Attributes
    ----------
    number : of the move, from 1
    run : the id of the run whose model has the alias since then
    replaced : the id of the run that had it before
    before : the number of the move that a rollback returns to
    action : `promoted`, `forced` or `rolled back`
    by : the user's name in the environment
    evidence : what the promotion was decided on, as plain JSON types
    """

    name: str
    alias: str
    number: int
    run: str
    replaced: str | None = None
    before: int | None = None
    action: str = "promoted"
    at: str = ""
    by: str = ""
    reason: str | None = None
    evidence: Mapping[str, Any] = field(default_factory=dict)

    def to_dict(self) -> dict[str, Any]:
        """Return it as plain JSON types."""
        return asdict(self)

    @classmethod
    def from_dict(cls, record: Mapping[str, Any]) -> AliasRecord:
        """Read what `to_dict` returned; raises TypeError or KeyError for others."""
        return cls(**{name: record[name] for name in cls.__dataclass_fields__ if name in record})


def now() -> str:
    """Return the time in UTC, to the second."""
    return datetime.now(UTC).isoformat(timespec="seconds")


def user_name() -> str:
    """Return the user's name from the environment, or nothing."""
    names = (os.environ.get(variable) for variable in ("LOGNAME", "USER", "USERNAME"))
    return next(filter(None, names), "")


def split_alias(text: str) -> tuple[str, str]:
    """Split `house-prices@champion` into the name of a model and an alias.

    Raises
    ------
    TrackingError
        When either could not be one.
    """
    name, _, alias = text.partition("@")
    if not _NAME.fullmatch(name) or not _ALIAS.fullmatch(alias):
        raise TrackingError(
            f"{text!r} is not the name of a model and an alias: expected one such as "
            "house-prices@champion."
        )
    return name, alias


def without_credentials(text: str) -> str:
    """Return a text without the users, passwords and queries of the addresses in it."""
    return _URL.sub(r"\1\3", text)


def _clean(value: Parameter) -> Parameter:
    return without_credentials(value) if isinstance(value, str) else value
