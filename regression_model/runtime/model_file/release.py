"""The model file that is released with the package: where it is, and whether it is fresh."""

from __future__ import annotations

from pathlib import Path

from ...errors import ModelFileError
from .sealing import digest, read_manifest

__all__ = ["PACKAGE_ROOT", "find_model_file", "stale_reason"]

PACKAGE_ROOT = Path(__file__).resolve().parents[2]


def find_model_file(package_root: Path) -> Path | None:
    """The model file of this version below `package_root`, or None when it is not trained."""
    version = (package_root / "VERSION").read_text(encoding="utf-8").strip()
    found = sorted((package_root / "trained_models").glob(f"*-{version}.onnx"))
    return found[0] if found else None


def stale_reason(package_root: Path) -> str | None:
    """Say why the model file below `package_root` is not the one to ship, or None if it is.

    It must be there for the version in `VERSION`, and record the digests that `config.yml` and
    the training data beside it have now.
    """
    version = (package_root / "VERSION").read_text(encoding="utf-8").strip()
    path = find_model_file(package_root)
    if path is None:
        return f"there is no trained model for version {version} in regression_model/trained_models"
    try:
        manifest = read_manifest(path)
    except ModelFileError as error:
        return str(error).rstrip(".")
    try:
        training = manifest["training"]
        recorded = {
            package_root / "config.yml": training["config_sha256"],
            package_root / "datasets" / training["data_file"]: training["data_sha256"],
        }
    except (LookupError, TypeError):
        return f"{path.name} does not say how it was trained"
    for source, expected in recorded.items():
        if not source.is_file() or digest(source) != expected:
            return f"{path.name} was trained with another {source.name} than the one beside it"
    if manifest.get("version") != version:
        said = manifest.get("version")
        return f"{path.name} says it is version {said} and VERSION says {version}"
    if not path.with_suffix(".md").is_file():
        return (
            f"{path.name} has no model card beside it, which training makes with the extra report"
        )
    return None
