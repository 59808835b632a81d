"""The row as a pydantic model, under the name that serving apps import."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..runtime import row_model as _row_model
from ..runtime.row_model import __all__  # noqa: F401

if TYPE_CHECKING:
    from ..runtime.row_model import *  # noqa: F401, F403


def __getattr__(name: str) -> Any:
    return getattr(_row_model, name)
