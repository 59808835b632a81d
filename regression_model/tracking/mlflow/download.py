"""Models in an MLflow registry, opened with the base install where a server hands them out."""

from __future__ import annotations

import os
import re
from functools import lru_cache
from typing import Any

from ...errors import TrackingError
from ...runtime.installed import Found
from .address import FILE_TAG, Address, Server

__all__ = ["find_registered"]


_NAMED = re.compile(r"models:/+(?P<name>[^/@]+)(@(?P<alias>[^/@]+)|/(?P<version>\d+))")
_PROXIED = re.compile(r"mlflow-artifacts:(//[^/]*)?/(?P<path>.+)")


def find_registered(named: str) -> Found:
    """Look up a model in the registry that MLFLOW_TRACKING_URI names.

    Parameters
    ----------
    named : `models:/NAME@ALIAS` or `models:/NAME/VERSION`

    Raises
    ------
    TrackingError
        When the name is another, there is no such alias or version, no server answers, or the
        version holds no model file.
    """
    found = _NAMED.fullmatch(named)
    if found is None:
        raise TrackingError(
            f"{named!r} is not a registered model: expected models:/NAME@ALIAS or "
            "models:/NAME/VERSION."
        )
    uri = os.environ.get("MLFLOW_REGISTRY_URI") or os.environ.get("MLFLOW_TRACKING_URI")
    if not uri:
        raise TrackingError(
            f"{named} is in an MLflow registry: set MLFLOW_TRACKING_URI to its address, such as "
            "http://127.0.0.1:5000."
        )
    address = Address(uri, "")
    if not address.is_server:
        from .runs import find_by_client

        return find_by_client(uri, found["name"], found["alias"], found["version"] or "", named)
    server = Server(uri)
    name, alias, number = found["name"], found["alias"], found["version"]
    if alias:
        answer = server.json("registered-models/alias", name=name, alias=alias)
    else:
        answer = server.json("model-versions/get", name=name, version=number)
    version = answer.get("model_version", {})
    key = server.uri, name, version.get("version"), version.get("creation_timestamp")
    return Found(key, _content(uri, *key[1:], _file(version, named)), named)


@lru_cache(maxsize=1)
def _content(uri: str, name: str, version: str, created: int, file: str) -> bytes:
    """Download the model file of a version, which never changes."""
    server = Server(uri)
    path = "model-versions/get-download-uri"
    place = str(server.json(path, name=name, version=version).get("artifact_uri", ""))
    proxied = _PROXIED.fullmatch(place)
    if proxied is None:
        from .runs import download_by_client

        return download_by_client(uri, f"{place}/{file}")
    return server.artifact(f"{proxied['path']}/{file}")


def _file(version: dict[str, Any], named: str) -> str:
    tags = {tag["key"]: tag["value"] for tag in version.get("tags", [])}
    if FILE_TAG not in tags:
        raise TrackingError(
            f"{named} was not registered by regression-model: it has no model file that can be "
            "opened. Register one with train --runs or runs push."
        )
    return str(tags[FILE_TAG])
