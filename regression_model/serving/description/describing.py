"""The opened model as JSON: its metadata, and what a row must look like."""

from __future__ import annotations

from typing import Any

from ...runtime.contract import Field
from ..http.limits import Limits
from ..state import Opened

__all__ = ["OF_MANIFEST", "model_document", "schema_document"]

OF_MANIFEST = ("target", "interval", "metrics", "spread", "training")
_LIMITS = ("body_bytes", "rows", "explained_rows")


def model_document(opened: Opened) -> dict[str, Any]:
    """Return the metadata of a model: what it is, how good it is, what it was trained on."""
    manifest = opened.model.manifest
    training = manifest["training"]
    return {
        "name": opened.name,
        "version": opened.version,
        "description": manifest["description"],
        **{key: manifest.get(key, {}) for key in OF_MANIFEST},
        "sha256": opened.model.sha256,
        "source": training.get("data_source"),
    }


def schema_document(opened: Opened, limits: Limits) -> dict[str, Any]:
    """Return what a row must look like, a typical row, and the limits of a request."""
    contract, manifest = opened.model.contract, opened.model.manifest
    return {
        "row": contract.json_schema(title=opened.name),
        "fields": [_field(field) for field in contract.fields],
        "example": opened.model.typical_row,
        "target": manifest["target"],
        "interval_level": manifest["interval"]["level"],
        "limits": {name: getattr(limits, name) for name in _LIMITS},
    }


def _field(field: Field) -> dict[str, Any]:
    return {
        "name": field.name,
        "kind": field.kind,
        "description": field.description,
        "unit": field.unit,
        "used": field.used,
        "required": field.required,
        "minimum": _limit(field, field.minimum),
        "maximum": _limit(field, field.maximum),
        "levels": list(field.coded_levels) if field.is_category else [],
        "meanings": [field.meaning_of.get(level, "") for level in field.coded_levels],
        "group": field.group,
        "missing_means": field.missing_means,
        "training_range": field.training_range
        and [_limit(field, end) for end in field.training_range],
        "training_levels": list(field.training_levels),
    }


def _limit(field: Field, value: float | None) -> float | str | None:
    return field.time_text(value) if field.is_time and value is not None else value
