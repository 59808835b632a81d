"""The installed package: its files, its model, and the libraries that it stands on."""

from __future__ import annotations

import re
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, NamedTuple

from ..display import listed
from ..distribution import installed_version
from ..runtime.model_file.release import PACKAGE_ROOT, find_model_file, stale_reason
from ..runtime.model_file.sealing import read_content
from .model import model_checks
from .record import RecordLine, read_record, unlike_record
from .result import Check, concluded
from .sbom import SBOMS, other_versions, own_sbom

if TYPE_CHECKING:
    from packaging.requirements import Requirement

__all__ = ["installed_checks"]

_PACKAGE = PACKAGE_ROOT.name
_MADE_BY_INSTALLERS = {"RECORD", "INSTALLER", "REQUESTED", "direct_url.json"}  # some not hashed
_SHOWN = 5


class _Installation(NamedTuple):
    """The distribution that the package belongs to, and the lines of its RECORD."""

    distribution: metadata.Distribution
    lines: dict[str, RecordLine]
    problems: list[str]

    @property
    def about(self) -> Path:
        """The folder with the metadata."""
        name = re.sub(r"[-_.]+", "_", self.distribution.name)
        return self.locate(f"{name}-{self.distribution.version}.dist-info")

    def locate(self, path: str) -> Path:
        return Path(str(self.distribution.locate_file(path)))


def installed_checks() -> Iterator[Check]:
    """Yield the checks of the package that runs now."""
    distribution = _own_distribution()
    installation = None if distribution is None else _installation(distribution)
    if installation is None:
        reason = f"{_PACKAGE} runs from sources (an editable install): it has no RECORD."
        yield Check("files", "not checked", reason)
    else:
        hashed = sum(bool(line.hash) for line in installation.lines.values())
        known = f"{hashed} files, each with the hash in RECORD; no others but Python's cache."
        yield concluded("files", _file_problems(installation), ok=known)
    yield from _model_checks()
    if installation is None:
        yield Check("sbom", "not checked", "Sources have none: the build makes it.")
    else:
        yield _sbom_check(installation)
    if distribution is None:
        yield Check("libraries", "not checked", f"{_PACKAGE} is not installed: it has no metadata.")
    else:
        yield _libraries_check(distribution)


def _own_distribution() -> metadata.Distribution | None:
    """Return the distribution of this package, whatever it is called."""
    others = []
    for one in metadata.distributions():
        if _PACKAGE in (one.read_text("top_level.txt") or "").split():
            if _lies_beside(one):
                return one
            others.append(one)
    return others[0] if others else None  # an editable one lies elsewhere


def _lies_beside(distribution: metadata.Distribution) -> bool:
    return Path(str(distribution.locate_file(_PACKAGE))).resolve() == PACKAGE_ROOT


def _installation(distribution: metadata.Distribution) -> _Installation | None:
    """Return what was installed, or None where the package runs from its sources."""
    if distribution.read_text("WHEEL") is None or not _lies_beside(distribution):
        return None
    record = distribution.read_text("RECORD") or ""
    return _Installation(distribution, *read_record(record))


def _file_problems(installation: _Installation) -> Iterator[str]:
    yield from installation.problems
    if not installation.lines:
        yield "RECORD is missing: there is no hash to compare a file with."
        return
    about = installation.about
    recorded = set()
    for path, line in installation.lines.items():
        file = installation.locate(path)
        recorded.add(file.resolve())
        is_made_here = _is_cache(file) or (
            file.parent == about and file.name in _MADE_BY_INSTALLERS
        )
        if not line.hash and is_made_here:
            continue
        try:
            with file.open("rb") as stream:
                problem = unlike_record(line, stream)
        except FileNotFoundError:
            problem = f"{path} is in RECORD and not installed."
        except OSError as error:
            problem = f"{path} cannot be read: {error.strerror or error}."
        if problem is not None:
            yield problem
    for folder in (PACKAGE_ROOT, about):
        for file in sorted(folder.rglob("*")):
            if not _is_cache(file) and not file.is_dir() and file.resolve() not in recorded:
                yield f"{file.relative_to(folder.parent).as_posix()} is not in RECORD."


def _is_cache(file: Path) -> bool:
    return file.suffix == ".pyc" and file.parent.name == "__pycache__"


def _model_checks() -> Iterator[Check]:
    path = find_model_file(PACKAGE_ROOT)
    if path is None:
        yield Check("model", "refused", f"There is no model of this version in {_PACKAGE}.")
        return
    checks, model = model_checks(read_content(path), name=path.name)
    yield from checks
    if model is not None:
        reason = stale_reason(PACKAGE_ROOT)
        said = "The model was trained with the configuration and rows beside it."
        yield concluded("sources", [f"{reason.rstrip('.')}."] if reason else [], ok=said)


def _sbom_check(installation: _Installation) -> Check:
    """Check the SBOM, and note what is installed in another version than it lists."""
    distribution = installation.distribution
    folder = installation.about / SBOMS
    files = {
        PurePosixPath(path).name: installation.locate(path).read_bytes()
        for path in installation.lines
        if installation.locate(path).parent == folder and installation.locate(path).is_file()
    }
    sbom = own_sbom(files, distribution.name, distribution.version)
    if isinstance(sbom, str):
        return Check("sbom", "refused", sbom)
    others = tuple(other_versions(sbom))
    said = f"It is of {distribution.name} {distribution.version}"
    if not others:
        return Check("sbom", "ok", f"{said}; every library that is installed has its version.")
    shown = listed(others, _SHOWN)
    return Check("sbom", "ok", f"{said}; installed in other versions: {shown}.", others)


def _libraries_check(distribution: metadata.Distribution) -> Check:
    """Check that the installed libraries are within the ranges of the metadata."""
    try:
        from packaging.requirements import Requirement
    except ModuleNotFoundError:
        reason = "Comparing ranges needs packaging, which comes with the extra verify."
        return Check("libraries", "not checked", reason)
    requirements = [Requirement(text) for text in distribution.requires or []]
    problems: list[str] = []
    compared: set[str] = set()
    for extra in ("", *distribution.metadata.get_all("Provides-Extra", [])):
        needed = [one for one in requirements if _applies(one, extra)]
        if extra:
            needed = [one for one in needed if not _applies(one, "")]
        versions = {one.name: installed_version(one.name) for one in needed}
        if extra and None in versions.values():
            continue  # this extra is not installed
        compared |= versions.keys()
        whose = f"the extra {extra}" if extra else distribution.name
        for one in needed:
            version = versions[one.name]
            if version is None:
                problems.append(f"{one.name} is not installed.")
            elif not one.specifier.contains(version, prereleases=True):
                wanted = f"{one.name}{one.specifier}"
                problems.append(f"{one.name} {version} is installed and {whose} needs {wanted}.")
    known = f"{len(compared)} that are installed are within the ranges of the metadata."
    return concluded("libraries", problems, ok=known)


def _applies(requirement: Requirement, extra: str) -> bool:
    return requirement.marker is None or requirement.marker.evaluate({"extra": extra})
