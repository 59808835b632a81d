"""A wheel and an sdist from the files of a project, with the same bytes each time."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory

import build.__main__  # noqa: F401 - run as a program, whose absence is to be noticed here

from ..errors import PackageError
from ..reproducible import reproducible_sdist, reproducible_wheel
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
            wheel: reproducible_wheel((dist / wheel).read_bytes(), date),
            sdist: reproducible_sdist((dist / sdist).read_bytes(), date),
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
