"""The model as a service over HTTP: predictions, explanations, metadata, health and metrics."""

from __future__ import annotations

from ..extras import needs

with needs("serve"):
    from .app import Service, create_app
    from .http.limits import Limits

__all__ = ["Limits", "Service", "create_app"]
