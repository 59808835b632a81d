"""A wheel of regression-model, or of one of its models: checked without unpacking or running it."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Iterator
from email.message import Message
from email.parser import BytesParser
from itertools import product
from pathlib import PurePosixPath
from typing import Any, NamedTuple
from zipfile import ZipFile

from ..runtime.installed import GROUP
from .archive import UNPACKING_ERRORS, archive_problems, open_archive
from .model import opened_model
from .record import read_record, unlike_record
from .result import Check, concluded
from .sbom import SBOMS, sbom_check

__all__ = ["Wheel", "normal", "wheel_checks"]

PACKAGE = "regression_model"
_NAME = re.compile(r"(?P<stem>[^-]+-[^-]+)(-\d[^-]*)?-(?P<tags>[^-]+-[^-]+-[^-]+)\.whl", re.I)
_REST = ("files", "metadata", "model", "sbom")  # what cannot be checked of an unsafe archive


class Wheel(NamedTuple):
    """A wheel whose archive is in order."""

    name: str
    archive: ZipFile
    files: tuple[str, ...]
    about: str  # the folder with the metadata

    @property
    def is_release(self) -> bool:
        """Whether it holds regression-model itself, and not a model for it."""
        return f"{PACKAGE}/__init__.py" in self.files

    @property
    def models(self) -> list[str]:
        """The paths of the model files in it."""
        return [name for name in self.files if name.endswith(".onnx")]

    def read(self, name: str) -> bytes:
        """Return the bytes of a file; none for one that is not there."""
        return self.archive.read(name) if name in self.files else b""

    def metadata(self, file: str) -> Message:
        """Return the fields of METADATA or WHEEL."""
        return BytesParser().parsebytes(self.read(f"{self.about}/{file}"))


def wheel_checks(content: bytes, name: str) -> tuple[list[Check], Wheel | None]:
    """Check the bytes of a wheel.

    Parameters
    ----------
    name : of the file, without its folder

    Returns
    -------
    list of Check, and the Wheel
        No wheel when its archive was refused: nothing in it can then be trusted to be found.
    """
    archive = open_archive(content)
    wheel = None
    if archive is None:
        check = Check("archive", "refused", f"{name} is truncated, or is not a wheel.")
    else:
        check, wheel = _archive_check(content, name, archive)
    if wheel is None:
        return [check, *_missed(_REST, "archive")], None
    try:
        return [check, *_checks(wheel)], wheel
    except UNPACKING_ERRORS as error:  # a file whose packed bytes are not what they should be
        refused = Check("files", "refused", f"{name} cannot be unpacked: {error}.")
        return [check, refused, *_missed(_REST[1:], "files")], None


def _missed(names: Iterable[str], refused: str) -> list[Check]:
    return [Check(name, "not checked", f"Refused before it: {refused}.") for name in names]


def _archive_check(content: bytes, name: str, archive: ZipFile) -> tuple[Check, Wheel | None]:
    entries = archive.infolist()
    files = tuple(entry.filename for entry in entries if not entry.is_dir())
    abouts = {path.partition("/")[0] for path in files if ".dist-info/" in path}
    try:
        problems = list(archive_problems(content, entries))
    except UNPACKING_ERRORS:
        problems = [f"{name} is damaged: its archive cannot be read."]
    if not problems and (len(abouts) != 1 or not [*abouts][0].endswith(".dist-info")):
        problems = [f"{name} does not have one folder .dist-info: it is not a wheel."]
    check = concluded(
        "archive", problems, ok=f"{len(files)} files, no name twice, no path that leads outside."
    )
    return check, None if problems else Wheel(name, archive, files, *abouts)


def _checks(wheel: Wheel) -> Iterator[Check]:
    known = f"{len(wheel.files)} files, each with the hash in RECORD, and no others."
    yield concluded("files", _record_problems(wheel), ok=known)
    metadata = wheel.metadata("METADATA")
    name, version = str(metadata["Name"]), str(metadata["Version"])
    said = f"{name} {version}, as the name of the file says."
    yield concluded("metadata", _metadata_problems(wheel, name, version), ok=said)
    yield from _model_checks(wheel, name, version)
    sboms = {
        PurePosixPath(path).name: wheel.read(path)
        for path in wheel.files
        if path.startswith(f"{wheel.about}/{SBOMS}/")
    }
    if wheel.is_release or sboms:
        yield sbom_check(sboms, name, version)
    else:
        yield Check("sbom", "not checked", "The package of a model has none.")


def _record_problems(wheel: Wheel) -> Iterator[str]:
    own = f"{wheel.about}/RECORD"
    text = wheel.read(own).decode("utf-8", "replace")
    if not text:
        yield "RECORD is missing: there is no hash to compare a file with."
        return
    lines, problems = read_record(text)
    yield from problems
    for name in wheel.files:
        line = lines.pop(name, None)
        if line is None:
            yield f"{name} is in the wheel and not in RECORD."
        elif name != own:
            with wheel.archive.open(name) as stream:
                problem = unlike_record(line, stream)
            if problem is not None:
                yield problem
    for path in lines:
        yield f"{path} is in RECORD and not in the wheel."


def _metadata_problems(wheel: Wheel, name: str, version: str) -> Iterator[str]:
    match = _NAME.fullmatch(wheel.name)
    if match is None:
        yield f"{wheel.name} is not the name of a wheel: expected NAME-VERSION-TAGS.whl."
        return
    stem = normal(f"{name}-{version}")
    said = match["stem"]
    if normal(said) != stem:
        yield f"The name of the file says {said} and METADATA says {name} {version}."
    folder = wheel.about.removesuffix(".dist-info")
    if normal(folder) != stem:
        yield f"The folder {wheel.about} is not that of {name} {version}."
    tags = {str(tag) for tag in wheel.metadata("WHEEL").get_all("Tag", [])}
    expanded = product(*(part.split(".") for part in match["tags"].split("-")))
    if tags != {"-".join(tag) for tag in expanded}:
        yield f"The name of the file says {match['tags']} and WHEEL has other tags."


def normal(name: str) -> str:
    """Return a name of a distribution as names are compared."""
    return re.sub(r"[-_]+", "-", name).lower()


def _model_checks(wheel: Wheel, name: str, version: str) -> Iterator[Check]:
    """Check every model file: that it opens, and that it is the one of this wheel."""
    entry_points = wheel.read(f"{wheel.about}/entry_points.txt").decode("utf-8", "replace")
    if not wheel.is_release and f"[{GROUP}]" not in entry_points:
        reason = f"{wheel.name} holds neither regression-model nor a model for it."
        yield Check("model", "refused", reason)
        return
    if not wheel.models:
        yield Check("model", "refused", f"{wheel.name} holds no model file.")
    for path in wheel.models:
        content = wheel.read(path)
        check, model = opened_model(content, name=path)
        if model is None:
            yield check
            continue
        manifest = model.manifest
        problems = _unlike_package(path, manifest, name, version)
        if wheel.is_release:
            problems = _unlike_sources(wheel, path, manifest, version)
        yield concluded("model", problems, ok=check.message)


def _unlike_sources(
    wheel: Wheel, path: str, manifest: dict[str, Any], version: str
) -> Iterator[str]:
    """Yield why a model is not the one that the configuration and rows in the wheel give."""
    if manifest["version"] != version:
        yield f"{path} is a model of version {manifest['version']} and not of {version}."
    training = manifest["training"]
    sources = {
        f"{PACKAGE}/config.yml": training["config_sha256"],
        f"{PACKAGE}/datasets/{training['data_file']}": training["data_sha256"],
    }
    for source, expected in sources.items():
        if hashlib.sha256(wheel.read(source)).hexdigest() != expected:
            yield f"{path} was trained with another {PurePosixPath(source).name} than the wheel's."


def _unlike_package(path: str, manifest: dict[str, Any], name: str, version: str) -> Iterator[str]:
    said = f"{manifest['name']} {manifest['version']}"
    if normal(said) != normal(f"{name} {version}"):
        yield f"{path} is the model {said} and not {name} {version}."
