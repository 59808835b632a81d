"""uvicorn's reading of HTTP, with limits on headers and on connections."""

from __future__ import annotations

import asyncio
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

__all__ = ["LimitedProtocol"]


class LimitedProtocol(HttpToolsProtocol):
    """Reads requests."""
