"""A wheel as an archive: bytes in which every reader finds the same files.

A zip archive says where its files are twice, before each of them and in a directory at its end, and
readers differ in which they believe. One that says two things, has bytes that belong to no file, or
names that are unsafe to unpack, is refused.
Source: https://pkware.cachefly.net/webdocs/casestudies/APPNOTE.TXT
"""

from __future__ import annotations

import io
import stat
import struct
import unicodedata
import zipfile
import zlib
from collections.abc import Iterator, Sequence

__all__ = ["UNPACKING_ERRORS", "archive_problems", "open_archive"]

UNPACKING_ERRORS = (
    zipfile.BadZipFile,
    zlib.error,
    struct.error,
    EOFError,
    RuntimeError,  # NotImplementedError among them
    ValueError,
)

_LOCAL = struct.Struct("<4s5H3L2H")  # the header before a file
_END = struct.Struct("<4s4H2LH")  # the last bytes of an archive
_UTF8 = 0x800  # a flag: how the name is written
_HARMLESS_FLAGS = _UTF8 | 0x006  # and how hard the file was compressed
_FOREIGN_BYTES = "The archive has bytes that belong to no file: a reader may see others in them."
_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)


def open_archive(content: bytes) -> zipfile.ZipFile | None:
    """Open the bytes of an archive; None if they are not one, or not all of one."""
    try:
        return zipfile.ZipFile(io.BytesIO(content))
    except UNPACKING_ERRORS:
        return None


def archive_problems(content: bytes, entries: Sequence[zipfile.ZipInfo]) -> Iterator[str]:
    """Yield why an archive is unsafe, or is not the same for every reader."""
    seen: dict[str, str] = {}
    for entry in entries:
        name = entry.orig_filename
        if _leads_outside(name):
            yield f"The path {name!r} leads outside of the folder that a wheel is unpacked into."
        elif name.partition("/")[0].endswith(".data"):
            yield f"{name} would be installed outside of the folder for packages."
        if stat.S_ISLNK(entry.external_attr >> 16):
            yield f"{name} is a link and not a file."
        same = unicodedata.normalize("NFC", name).casefold()  # as some file systems see names
        if same in seen:
            is_twice = seen[same] == name
            yield f"{name} is there {'twice' if is_twice else f'beside {seen[same]}'}."
        seen[same] = name
    yield from _layout_problems(content, entries)


def _leads_outside(name: str) -> bool:
    parts = name.removesuffix("/").split("/")
    return (
        not {"", ".", ".."}.isdisjoint(parts) or not name.isprintable() or bool({*name} & {*"\\:"})
    )


def _layout_problems(content: bytes, entries: Sequence[zipfile.ZipInfo]) -> Iterator[str]:
    """Yield where the directory of the archive differs from what stands before the files."""
    signature, *_, count, size, begin, comment = _END.unpack(content[-_END.size :])
    if signature != b"PK\5\6" or comment or begin + size + _END.size != len(content):
        yield _FOREIGN_BYTES
        return
    if count != len(entries):
        yield "The directory of the archive has another number of files than it says."
    at = 0
    for entry in sorted(entries, key=lambda one: one.header_offset):
        if entry.header_offset != at:
            yield _FOREIGN_BYTES
            return
        header = _LOCAL.unpack_from(content, at)
        signature, _, flags, method, _, _, checksum, packed, length, of_name, of_extra = header
        written = content[at + _LOCAL.size : at + _LOCAL.size + of_name]
        said = flags, method, checksum, packed, length
        listed = (
            entry.flag_bits,
            entry.compress_type,
            entry.CRC,
            entry.compress_size,
            entry.file_size,
        )
        name = written.decode("utf-8" if flags & _UTF8 else "cp437")
        is_same_name = name == entry.filename == entry.orig_filename
        if signature != b"PK\3\4" or said != listed or not is_same_name:
            yield f"The archive says two things about {entry.filename}."
            return
        if flags & ~_HARMLESS_FLAGS or method not in _METHODS:
            yield f"{entry.filename} is packed in a way that wheels do not use."
            return
        at += _LOCAL.size + of_name + of_extra + packed
    if at != begin:
        yield _FOREIGN_BYTES
