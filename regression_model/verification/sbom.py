"""The software bill of materials: which libraries a release was built and tested with.

It is a CycloneDX document in `.dist-info/sboms/`, where https://peps.python.org/pep-0770/ has it.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from ..display import count
from ..distribution import installed_version
from .result import Check

__all__ = ["SBOMS", "Sbom", "other_versions", "own_sbom", "sbom_check"]

SBOMS = "sboms"
_ENDING = ".cdx.json"


class Sbom(NamedTuple):
    """What it describes, and the versions of the libraries by their names."""

    name: str
    version: str
    libraries: Mapping[str, str]


def own_sbom(files: Mapping[str, bytes], name: str, version: str) -> Sbom | str:
    """Return the SBOM of a distribution, or a sentence that says why there is none.

    Parameters
    ----------
    files : what is in the folder `sboms`, by name
    name, version : of the distribution
    """
    found = []
    for file, content in sorted(files.items()):
        if file.endswith(_ENDING):
            sbom = _read(content)
            if sbom is None:
                return f"The SBOM {file} is not a CycloneDX document."
            found.append(sbom)
    if not found:
        return f"There is no SBOM: {name} {version} has none in its folder .dist-info/{SBOMS}."
    for sbom in found:
        if (_normal(sbom.name), sbom.version) == (_normal(name), version):
            return sbom
    return f"The SBOM is that of {found[0].name} {found[0].version} and not of {name} {version}."


def sbom_check(files: Mapping[str, bytes], name: str, version: str) -> Check:
    """Check that a distribution has an SBOM of its own."""
    sbom = own_sbom(files, name, version)
    if isinstance(sbom, str):
        return Check("sbom", "refused", sbom)
    return Check(
        "sbom",
        "ok",
        f"It is of {name} {version} and lists {count(len(sbom.libraries), 'component')}.",
    )


def other_versions(sbom: Sbom) -> Iterator[str]:
    """Yield which libraries are installed in another version than the SBOM has."""
    for name, listed in sorted(sbom.libraries.items()):
        installed = installed_version(name)
        if installed not in (None, listed):  # None is of an extra that is not installed
            yield f"{name} {installed} instead of {listed}"


def _read(content: bytes) -> Sbom | None:
    try:
        document: Any = json.loads(content)
        root = document["metadata"]["component"]
        components = document.get("components", [])
        if document["bomFormat"] != "CycloneDX":
            return None
        libraries = {str(one["name"]): str(one.get("version", "")) for one in components}
        return Sbom(str(root["name"]), str(root.get("version", "")), libraries)
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError):
        return None


def _normal(name: str) -> str:
    return name.replace("_", "-").replace(".", "-").lower()
