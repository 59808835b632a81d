"""What pyproject.toml cannot say: no archive without its model, an SBOM, and the same bytes."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from setuptools import setup
from setuptools.command.bdist_wheel import bdist_wheel
from setuptools.command.build_py import build_py
from setuptools.command.sdist import sdist
from setuptools.errors import SetupError

ROOT = Path(__file__).resolve().parent
SBOM = ROOT / "requirements" / "sbom.cdx.json"

sys.path.insert(0, str(ROOT))
try:
    from regression_model.reproducible import EARLIEST, reproducible_sdist, reproducible_wheel
    from regression_model.runtime.model_file import release
finally:
    sys.path.remove(str(ROOT))


def require_trained_model() -> None:
    """Raise SetupError unless the model file is of the version, configuration and data here."""
    reason = release.stale_reason(ROOT / "regression_model")
    if reason is not None:
        raise SetupError(f"{reason.rstrip('.')}; train it first: tox -e train")


def date_of_sources() -> int:
    """Return the time of the sources, in seconds from 1970: that of the commit, not of the build.

    It is SOURCE_DATE_EPOCH, or the time in the sdist that the sources come from, or that of the
    last commit; without any, the earliest time that a wheel can have.
    """
    epoch = os.environ.get("SOURCE_DATE_EPOCH")
    if epoch and not epoch.isdecimal():
        raise SetupError(f"SOURCE_DATE_EPOCH is {epoch!r}: expected the seconds from 1970")
    if epoch:
        return int(epoch)
    if (information := ROOT / "PKG-INFO").is_file():
        return int(information.stat().st_mtime)
    command = ["git", "log", "-1", "--format=%ct"]
    try:
        ran = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return EARLIEST
    return int(ran.stdout)


def rewrite(path: str, form: Callable[[bytes, int], bytes]) -> None:
    """Give an archive the bytes that the same files always give."""
    Path(path).write_bytes(form(Path(path).read_bytes(), date_of_sources()))


class BuildPy(build_py):
    """Put the package and its model into a wheel."""

    def run(self) -> None:
        if not self.editable_mode:  # an editable install is what trains the model
            require_trained_model()
        super().run()


class Sdist(sdist):
    """Put the sources and the model into an sdist."""

    def run(self) -> None:
        require_trained_model()
        super().run()

    def make_archive(self, base_name: str, format: str, *args: object, **options: object) -> str:
        path = super().make_archive(base_name, format, *args, **options)
        if format == "gztar":
            rewrite(path, reproducible_sdist)
        return path


class BdistWheel(bdist_wheel):
    """Put the SBOM into the metadata of a wheel (PEP 770)."""

    def run(self) -> None:
        super().run()
        for kind, _, path in self.distribution.dist_files:
            if kind == "bdist_wheel":
                rewrite(path, reproducible_wheel)

    def write_wheelfile(self, wheelfile_base: str, *args: object, **options: object) -> None:
        super().write_wheelfile(wheelfile_base, *args, **options)
        document = json.loads(SBOM.read_text(encoding="utf-8"))
        name, version = self.distribution.get_name(), self.distribution.get_version()
        document["metadata"]["component"] |= {
            "name": name,
            "version": version,
            "purl": f"pkg:pypi/{name}@{version}",
        }
        folder = Path(wheelfile_base, "sboms")
        folder.mkdir(exist_ok=True)
        text = json.dumps(document, indent=2, ensure_ascii=False) + "\n"
        (folder / SBOM.name.replace("sbom", "regression-model")).write_text(text, encoding="utf-8")


setup(cmdclass={"bdist_wheel": BdistWheel, "build_py": BuildPy, "sdist": Sdist})
