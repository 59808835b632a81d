"""Tables larger than memory: read, predicted and written slice by slice."""

from __future__ import annotations

from .formats import FileKind, Format, format_of, separator_of
from .sinks import Column, Sink, listed, opened_sink
from .slices import Slice, Source, Unread
from .sources import opened_source

__all__ = [
    "Column",
    "FileKind",
    "Format",
    "Sink",
    "Slice",
    "Source",
    "Unread",
    "format_of",
    "listed",
    "opened_sink",
    "opened_source",
    "separator_of",
]
