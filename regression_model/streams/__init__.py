"""Tables too long for the memory: read, predicted and written slice by slice."""

from __future__ import annotations

from .formats import FileKind, Format, format_of, separator_of
from .sinks import Sink, opened_sink
from .sources import Slice, Source, opened_source

__all__ = [
    "FileKind",
    "Format",
    "Sink",
    "Slice",
    "Source",
    "format_of",
    "opened_sink",
    "opened_source",
    "separator_of",
]
