"""Archives with the same bytes wherever and whenever they are made from the same files.

Times, owners, rights and order in them say nothing about the machine or the hour. With the standard
library alone: setup.py uses this before anything is installed.
"""

from __future__ import annotations

import gzip
import io
import tarfile
import time
import zipfile

__all__ = ["EARLIEST", "LATEST", "reproducible_sdist", "reproducible_wheel"]

EARLIEST = 315_532_800  # 1980, when the time of a zip archive begins
LATEST = 4_354_819_199  # 2107, when it ends


def reproducible_wheel(content: bytes, date: int) -> bytes:
    """Return the zip archive with `date`, in seconds from 1970, as the time of each file."""
    made = io.BytesIO()
    moment = time.gmtime(min(max(date, EARLIEST), LATEST))[:6]
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(made, "w") as new:
        for member in old.infolist():
            entry = zipfile.ZipInfo(member.filename, moment)
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.create_system = 3  # Unix, for the rights
            entry.external_attr = 0o100644 << 16
            new.writestr(entry, old.read(member))
    return made.getvalue()


def reproducible_sdist(content: bytes, date: int) -> bytes:
    """Return the gzipped tar archive with `date`, in seconds from 1970, as the time of files."""
    made = io.BytesIO()
    with (
        tarfile.open(fileobj=io.BytesIO(content)) as old,
        gzip.GzipFile(filename="", fileobj=made, mode="wb", mtime=date) as packed,
        tarfile.open(fileobj=packed, mode="w", format=tarfile.PAX_FORMAT) as new,
    ):
        for member in sorted(old.getmembers(), key=lambda one: one.name):
            entry = tarfile.TarInfo(member.name)
            entry.type, entry.size, entry.mtime = member.type, member.size, date
            entry.mode = 0o755 if member.isdir() else 0o644
            new.addfile(entry, old.extractfile(member) if member.isfile() else None)
    return made.getvalue()
