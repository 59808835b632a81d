"""From a model file to a wheel and an sdist."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from ..errors import ModelFileError, PackageError
from ..extras import needs
from ..files.writing import write_all_atomically
from ..reproducible import EARLIEST, LATEST
from ..runtime.installed import find_model
from ..runtime.model import Model
from ..runtime.model_file.release import PACKAGE_ROOT, find_model_file, stale_reason
from ..runtime.model_file.sealing import digest, read_content, reseal
from .project import project_files

__all__ = ["PackageResult", "package_model"]


@dataclass(frozen=True)
class PackageResult:
    """What was made: the archives, and the model as it was called before and as it is called now.

    Attributes
    ----------
    name, version : of the distribution, and of the model in it
    trained_as : name and version in the model file that was given
    wheel, sdist : the files
    """

    name: str
    version: str
    trained_as: str
    wheel: Path
    sdist: Path


def package_model(
    model_file: str | Path,
    *,
    name: str | None = None,
    version: str | None = None,
    output: Path = Path("dist"),
    config: Path | None = None,
) -> PackageResult:
    """Make a wheel and an sdist that hold a model, with its own command and functions.

    The same model file, name and version give the same bytes under the same versions of the
    libraries. The model in the package has the name and the version of the package; its graph is
    that of the file.

    Parameters
    ----------
    model_file : its path, or the name of an installed model
    name, version : of the distribution; without them, those in the model file
    output : folder for the archives
    config : a configuration that the model must have been trained with, as it is now, and with the
        training rows beside it

    Raises
    ------
    MissingExtraError
        Without the extra package.
    ModelFileError
        When the file is absent, damaged, foreign, stale or of a newer format.
    PackageError
        When the name or the version cannot be used, the archives exist, or building them fails.
    OutputError
        When the archives cannot be written.
    """
    with needs("package"):
        from .archives import archive_names, build_archives
        from .names import checked_name, checked_version, require_free
    path = find_model(model_file)
    content = read_content(path)
    opened = Model(content, name=str(path))
    _require_fresh(path, opened.manifest, config)
    name = checked_name(opened.name if name is None else name)
    version = checked_version(opened.version if version is None else version)
    require_free(name, version, target=opened.contract.target)
    places = {one: output / one for one in archive_names(name, version)}
    _require_new(places.values(), output)
    manifest = opened.manifest
    trained_as = f"{opened.name} {opened.version}"
    if trained_as != f"{name} {version}":
        origin = {key: manifest[key] for key in ("name", "version")}
        manifest |= {"name": name, "version": version, "packaged_from": origin}
        content = reseal(content, manifest, name=str(path))
        opened = Model(content, name=name)
    files = project_files(opened, content, card=_card_beside(path))
    archives = build_archives(files, name, version, date=_date(manifest["created"]))
    write_all_atomically({places[one]: made for one, made in archives.items()})
    wheel, sdist = places.values()
    return PackageResult(name, version, trained_as, wheel, sdist)


def _require_fresh(path: Path, manifest: dict[str, Any], config: Path | None) -> None:
    """Check that the model is the one that its configuration and rows give as they are now."""
    shipped = find_model_file(PACKAGE_ROOT)
    if shipped is not None and shipped.samefile(path):
        reason = stale_reason(PACKAGE_ROOT)
        if reason is not None:
            raise ModelFileError(f"{reason.rstrip('.')}: train it again.")
    if config is None:
        return
    training = manifest["training"]
    if not config.is_file():
        raise ModelFileError(f"{config} does not exist: name the configuration of the model.")
    sources = {config: training["config_sha256"]}
    for folder in (config.parent, config.parent / "datasets"):
        if (rows := folder / training["data_file"]).is_file():
            sources[rows] = training["data_sha256"]
    for source, expected in sources.items():
        if digest(source) != expected:
            raise ModelFileError(
                f"{path} was trained with another {source.name} than {source}: train it again."
            )


def _require_new(places: Iterable[Path], output: Path) -> None:
    """Check that nothing would be replaced: an archive of a version is made once."""
    if output.exists() and not output.is_dir():
        raise PackageError(f"{output} is not a folder: name another with --output.")
    for place in places:
        if place.exists():
            raise PackageError(
                f"{place} exists: remove it, or give another version with --version."
            )


def _card_beside(path: Path) -> str | None:
    """Return the model card beside the model file, or None when there is none of this model."""
    try:
        return path.with_suffix(".md").read_text(encoding="utf-8")
    except (OSError, ValueError):
        return None


def _date(created: str | None) -> int:
    """Return the seconds from 1970 to the time in the archives: when the model was made."""
    try:
        moment = datetime.fromisoformat(created or "")
        seconds = int((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp())
    except (ValueError, OverflowError):  # a file may say anything here
        return EARLIEST
    return min(max(seconds, EARLIEST), LATEST)
