"""Training again: the same configuration, rows and libraries give the same bytes.

The time and the commit that a model file records are taken from it: they are not results of the
training. Everything else has to come out again.
"""

from __future__ import annotations

import platform
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from .. import __version__
from ..distribution import installed_version
from ..errors import VerificationError
from ..extras import needs
from ..runtime.model_file.release import PACKAGE_ROOT
from ..runtime.model_file.sealing import digest, open_sealed, reseal
from .result import Check
from .wheel import PACKAGE, Wheel

if TYPE_CHECKING:
    from ..training.cross_validation import Progress

__all__ = ["retraining_check", "sources_of"]

_CHECK = "retraining"


def retraining_check(
    content: bytes,
    *,
    name: str,
    config: Path,
    progress: Progress,
    note: Callable[[str], None],
) -> Check:
    """Train again and compare the bytes.

    Parameters
    ----------
    content : the model file, whose seal and manifest were checked
    name : what messages call it
    config : the configuration that it was trained with
    note : called with the differences that will change the bytes, before the training

    Raises
    ------
    MissingExtraError
        Without the extra train.
    VerificationError
        When it was trained by another version, with another configuration or on other rows.
    """
    manifest = open_sealed(content, name=name)
    trained_as = _trained_as(manifest)
    rows = _rows(name, manifest, trained_as, config)
    with needs("train"):
        from ..training.run import run_training
    differences = _differences(manifest["training"])
    if differences:
        note(f"{name} was trained with {', '.join(differences)}: expect other bytes.")
    with TemporaryDirectory(prefix="regression-model-") as folder:
        result = run_training(
            config_path=config,
            data_path=rows,
            output=Path(folder),
            documents=False,
            progress=progress,
        )
        trained = result.model_path.read_bytes()
    again = _as_recorded(open_sealed(trained, name=name), manifest)
    if reseal(trained, again, name=name) == content:
        return Check(_CHECK, "ok", f"Trained again, {name} is the same {len(content):,} bytes.")
    same_graph = reseal(trained, manifest, name=name) == content
    unlike = sorted(key for key in {*again, *manifest} if again.get(key) != manifest.get(key))
    graph = "has the same graph" if same_graph else "has another graph"
    said = f" and another manifest ({', '.join(unlike)})" if unlike else ""
    reason = f"It was trained with {', '.join(differences)}."
    if not differences:
        reason = (
            "Python and libraries are those that it records: it was trained on another platform "
            f"(here OpenBLAS computes as for {_kernels()}), or not with this configuration, these "
            "rows and this code."
        )
    return Check(_CHECK, "refused", f"Trained again, {name} {graph}{said}. {reason}")


@contextmanager
def sources_of(
    wheel: Wheel | None, manifest: Mapping[str, Any], *, name: str, config: Path | None
) -> Iterator[Path]:
    """Give the configuration that a model was trained with: a named one, or the package's own.

    That of a wheel is put into a temporary folder, with the rows beside it.
    """
    if config is not None:
        if not config.is_file():
            raise VerificationError(f"{config} does not exist: name the configuration.")
        yield config
    elif wheel is not None and wheel.is_release:
        with TemporaryDirectory(prefix="regression-model-") as folder:
            for path in wheel.files:
                if path.startswith(f"{PACKAGE}/datasets/") or path == f"{PACKAGE}/config.yml":
                    Path(folder, PurePosixPath(path).name).write_bytes(wheel.read(path))
            yield Path(folder, "config.yml")
    else:
        packaged = PACKAGE_ROOT / "config.yml"
        if digest(packaged) != manifest["training"]["config_sha256"]:
            raise VerificationError(
                f"{name} was not trained with the packaged configuration: name its own with "
                "--config."
            )
        yield packaged


def _trained_as(manifest: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return what has the name and the version that the model had before it was packaged."""
    origin = manifest.get("packaged_from")
    if isinstance(origin, dict) and {"name", "version"} <= origin.keys():
        return origin
    return manifest


def _rows(
    name: str, manifest: Mapping[str, Any], trained_as: Mapping[str, Any], config: Path
) -> Path:
    """Return the training rows, when version, configuration and rows are the recorded ones."""
    if trained_as["version"] != __version__:
        raise VerificationError(
            f"{name} was trained by regression-model {trained_as['version']} and this is "
            f"{__version__}: train it again with that version."
        )
    training = manifest["training"]
    if digest(config) != training["config_sha256"]:
        raise VerificationError(f"{name} was trained with another configuration than {config}.")
    for folder in (config.parent, PACKAGE_ROOT / "datasets"):
        rows: Path = folder / training["data_file"]
        if rows.is_file() and digest(rows) == training["data_sha256"]:
            return rows
    raise VerificationError(
        f"{name} was trained on rows that are not here: put its {training['data_file']} beside "
        f"{config}."
    )


def _differences(training: Mapping[str, Any]) -> list[str]:
    """Return what was recorded of Python and the libraries and is another here."""
    recorded = {"Python": training["python"], **training["libraries"]}
    here = {name: installed_version(name) or "none" for name in training["libraries"]}
    here["Python"] = platform.python_version()
    return [
        f"{name} {version} (here {here[name]})"
        for name, version in recorded.items()
        if here[name] != version
    ]


def _kernels() -> str:
    """Return what the sums are written for: another processor may round the last digit."""
    from threadpoolctl import threadpool_info

    found = {str(one["architecture"]) for one in threadpool_info() if "architecture" in one}
    return " and ".join(sorted(found)) or "an unknown processor"


def _as_recorded(again: Mapping[str, Any], manifest: Mapping[str, Any]) -> dict[str, Any]:
    """Return the new manifest with the time, the commit and the package of the old one."""
    training = {name: value for name, value in again["training"].items() if name != "commit"}
    if "commit" in manifest["training"]:
        training["commit"] = manifest["training"]["commit"]
    renamed = {}
    if _trained_as(manifest) is not manifest:
        renamed = {key: manifest[key] for key in ("name", "version", "packaged_from")}
    return {**again, **renamed, "created": manifest["created"], "training": training}
