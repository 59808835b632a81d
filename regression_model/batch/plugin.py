"""The model on the workers of a Dask cluster; this module needs the extra dask."""

from __future__ import annotations

from typing import Any

from distributed import WorkerPlugin

from ..runtime.model import Model

__all__ = ["OpenedModel"]


class OpenedModel(WorkerPlugin):  # type: ignore[misc]
    """Opens the model once on every worker, those that join later included.

    Attributes
    ----------
    model : Model
    """

    def __init__(self, content: bytes, *, name: str) -> None:
        self.name = name
        self._content = content

    def setup(self, worker: Any) -> None:
        """Open the model when a worker starts, or when this one reaches it."""
        self.model = Model(self._content)
