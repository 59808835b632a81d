"""A wheel and an sdist from the files of a project, with the same bytes each time."""

from __future__ import annotations

import gzip
import io
import os
import subprocess
import sys
import tarfile
import time
import zipfile
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory

import build.__main__  # noqa: F401 - run as a program, whose absence is to be noticed here

from ..errors import PackageError
from .project import module_of

if find_spec("setuptools") is None:  # with which it builds, in a process of its own
    raise ModuleNotFoundError("No module named 'setuptools'", name="setuptools")

__all__ = ["archive_names", "build_archives"]


def archive_names(name: str, version: str) -> tuple[str, str]:
    """Return the names of the wheel and the sdist."""
    stem = f"{module_of(name)}-{version}"
    return f"{stem}-py3-none-any.whl", f"{stem}.tar.gz"


def build_archives(
    files: Mapping[str, bytes], name: str, version: str, *, date: int
) -> dict[str, bytes]:
    """Build a project, the wheel from the sdist, and return the archives by their names.

    Nothing is fetched: the build uses setuptools as it is installed here. Times, owners, rights and
    order in the archives say nothing about the machine or the hour.

    Raises
    ------
    PackageError
        When the build fails.
    """
    with TemporaryDirectory(prefix="regression-model-") as folder:
        project, dist = Path(folder, "project"), Path(folder, "dist")
        for path, content in files.items():
            (project / path).parent.mkdir(parents=True, exist_ok=True)
            (project / path).write_bytes(content)
        _build(project, dist, date=date)
        wheel, sdist = archive_names(name, version)
        return {
            wheel: _same_wheel((dist / wheel).read_bytes(), date),
            sdist: _same_sdist((dist / sdist).read_bytes(), date),
        }


def _build(project: Path, dist: Path, *, date: int) -> None:
    # -P: a folder named build in the working directory is not the library
    command = [sys.executable, "-P", "-m", "build", "--no-isolation"]
    done = subprocess.run(
        [*command, "--outdir", str(dist), str(project)],
        cwd=project.parent,
        env=os.environ | {"SOURCE_DATE_EPOCH": str(date), "NO_COLOR": "1", "PYTHONUTF8": "1"},
        capture_output=True,
        encoding="utf-8",
        errors="replace",
        check=False,
    )
    if done.returncode != 0:
        lines = [line.strip() for line in f"{done.stdout}\n{done.stderr}".splitlines()]
        errors = [at for at, line in enumerate(lines) if line.upper().startswith("ERROR")]
        said = " ".join(filter(None, lines[errors[-1] :] if errors else lines[-1:]))
        raise PackageError(f"The package could not be built: {said[:500].rstrip('.')}.")


def _same_wheel(content: bytes, date: int) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(made, "w") as new:
        for member in old.infolist():
            entry = zipfile.ZipInfo(member.filename, time.gmtime(date)[:6])
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.create_system = 3  # Unix, for the rights
            entry.external_attr = 0o100644 << 16
            new.writestr(entry, old.read(member))
    return made.getvalue()


def _same_sdist(content: bytes, date: int) -> bytes:
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
