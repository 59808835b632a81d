"""Folders that stand for the file systems of images, and the commands that run in them.

The folder of the stage that is being built has the same path for every stage, `work/root`, and gets
the name of the stage when it is done. So a path that a command writes into a file, such as the
first line of a script, is still right in a later stage that copies the file.
"""

from __future__ import annotations

import os
import re
import shutil
import stat
import subprocess
import sys
import sysconfig
from collections.abc import Mapping, Sequence
from pathlib import Path

from .dockerfile import DockerfileError

__all__ = ["Root", "base_image", "context", "copy"]

SECONDS = 900
# Whatever tells pip where packages come from, and nothing else of the caller's variables.
_PASSED = re.compile(r"(?i)PIP_(?!NO_)\w+|(https?|no|all)_proxy|SSL_CERT_FILE|REQUESTS_CA_BUNDLE")
# What the folder has nothing of: the tools of this machine stand for those of an image.
_TOOLS = ("bin", "dev", "usr")
_OF_THE_SYSTEM = ("etc", "home", "lib", "opt", "proc", "root", "run", "sbin", "sys", "var")
_LEFT_OUT = shutil.ignore_patterns(
    "site-packages", "dist-packages", "test", "idlelib", "tkinter", "config-*", "__pycache__"
)


class Root:
    """A folder that stands for `/`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._path = re.compile(r"(?<![\w./}*-])/(\w[\w.-]*)")

    def inside(self, text: str, place: str) -> str:
        """Move every absolute path in a command or a value to below the folder."""

        def moved(found: re.Match[str]) -> str:
            if found[1] in _OF_THE_SYSTEM:
                raise DockerfileError(f"{place}: {found[0]} belongs to the system of the image")
            return found[0] if found[1] in _TOOLS else f"{self.folder}{found[0]}"

        return self._path.sub(moved, text)

    def at(self, path: str, working_folder: str = "/") -> Path:
        """Where a path of the image is."""
        return self.folder / os.path.normpath(os.path.join(working_folder, path)).lstrip("/")

    def run(
        self,
        command: Sequence[str],
        *,
        variables: Mapping[str, str],
        working_folder: str = "/",
        user: int | None = None,
        passing: bool = False,
    ) -> subprocess.CompletedProcess[str]:
        """Run a command in the folder, with these variables and no others.

        Where that can be done, it runs as the user with this number; `passing` adds the variables
        that tell pip where packages come from.
        """
        given = {name: value for name, value in os.environ.items() if _PASSED.fullmatch(name)}
        temporary = self.folder / "tmp"
        temporary.mkdir(exist_ok=True)
        environment = {
            "LANG": "C.UTF-8",
            "HOME": str(self.folder / "root"),
            "TMPDIR": str(temporary),
            **(given if passing else {}),
            **variables,
        }
        number = user if os.geteuid() == 0 else None
        return subprocess.run(
            command,
            cwd=self.at(working_folder),
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            timeout=SECONDS,
            check=False,
            user=number,
            group=number,
            extra_groups=None if number is None else [],
        )

    def set_writable(self, writable: bool) -> None:
        """Take the right to write from every file and folder, or give it back to the owner."""
        for path in (self.folder, *self.folder.rglob("*")):
            if not path.is_symlink():
                mode = stat.S_IMODE(path.stat().st_mode)
                path.chmod(mode | stat.S_IWUSR if writable else mode & ~0o222)


def base_image(folder: Path) -> None:
    """Put the Python that runs this where a Python image has its own, in /usr/local.

    It is copied, without the libraries installed in it. One of the system cannot be: there a
    virtual environment stands for it.
    """
    local = folder / "usr" / "local"
    if Path(sys.base_prefix) == Path("/usr"):
        command = [sys.executable, "-m", "venv", "--without-pip", str(local)]
        subprocess.run(command, check=True)
    else:
        shutil.copytree(sys.base_prefix, local, symlinks=True, ignore=_LEFT_OUT)
    version = f"python{sys.version_info.major}.{sys.version_info.minor}"
    libraries = local / "lib" / version / "site-packages"
    libraries.mkdir(exist_ok=True)
    for path in Path(sysconfig.get_path("purelib")).glob("pip*"):
        if path.is_dir() and (path.name == "pip" or path.name.startswith("pip-")):
            shutil.copytree(path, libraries / path.name)


def context(sources: Path, folder: Path) -> None:
    """Copy what Docker would get of the sources: what .dockerignore leaves."""
    from pathspec import PathSpec

    lines = (sources / ".dockerignore").read_text(encoding="utf-8").splitlines()
    ignored = PathSpec.from_lines("gitwildmatch", lines)
    for parent, folders, files in os.walk(sources):
        at = Path(parent).relative_to(sources)
        folders[:] = [name for name in folders if not ignored.match_file(f"{at / name}/")]
        kept = [name for name in files if not ignored.match_file(at / name)]
        if kept:
            (folder / at).mkdir(parents=True, exist_ok=True)
        for name in kept:
            shutil.copy2(sources / at / name, folder / at / name)


def copy(sources: Sequence[str], taken_from: Path, target: Path, *, into: bool) -> None:
    """Do a COPY: files that match, and the contents of folders that do."""
    found = [path for name in sources for path in sorted(taken_from.glob(name.lstrip("/")))]
    if not found:
        raise DockerfileError(f"there is no {' '.join(sources)} to copy")
    for path in found:
        if path.is_dir():
            shutil.copytree(path, target, symlinks=True, dirs_exist_ok=True)
        else:
            place = target / path.name if into or target.is_dir() else target
            place.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(path, place, follow_symlinks=False)
