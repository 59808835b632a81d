"""The lock and the SBOM, which state the same versions; and whether both are fresh.

    python -m releasing.locks              # choose versions again; options of uv may follow
    python -m releasing.locks --check      # exit code 1 if they are out of date
    python -m releasing.locks --pylock     # write pylock.toml for the base install

requirements/*.in are resolved together, so one lock with hashes serves the environments as their
constraints: pip then refuses what is not in it, and what has another hash. Parts of it stand in
files of their own, for a pip that is too old for hashes in constraints; what would hold back the
other libraries is resolved apart.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from .archives import ROOT, ReleaseError, refuse

__all__ = ["check", "lock", "pins", "pylock"]

REQUIREMENTS = ROOT / "requirements"
LOCK, SBOM = "lock.txt", "sbom.cdx.json"

# Other locks, each with what is resolved together for it.
APART = {
    "peer": ["peer"],  # old versions
    "mlflow_server": ["mlflow_server"],  # as its users install it
    "index": ["index", "publish", "runtime", "test_runtime"],  # devpi-server: an old setuptools
}
PARTS = {"runtime": ["runtime"], "tox": ["tox"], "verify": ["runtime", "verify"]}

_COMPILE = ("uv", "pip", "compile", "--quiet", "--no-emit-index-url", "--custom-compile-command")
_ALL = ("--universal", "--python-version", "3.11", "--fork-strategy", "fewest")


def lock(folder: Path, *options: str) -> None:
    """Write the locks and the SBOM for the .in files in a folder; present pins are kept."""
    command = [*_COMPILE, "tox -e lock", "--generate-hashes", *_ALL]
    together = [path.name for path in sorted(folder.glob("*.in")) if path.stem not in APART]
    _run([*command, "--output-file", LOCK, *options, *together], folder)
    for name, inputs in (APART | PARTS).items():
        given = [f"{one}.in" for one in inputs]
        kept = ("-c", LOCK) if name in PARTS else options
        _run([*command, "--output-file", f"{name}.txt", *kept, *given], folder)
    (folder / SBOM).write_text(_sbom(folder), encoding="utf-8")


def check() -> list[str]:
    """Return the sentences that say what is out of date."""
    with TemporaryDirectory(prefix="regression-model-") as name:
        again = Path(name) / REQUIREMENTS.name
        shutil.copytree(REQUIREMENTS, again)
        lock(again)
        locks = [LOCK, *(f"{one}.txt" for one in APART | PARTS)]
        stale = [one for one in locks if pins(again / one) != pins(REQUIREMENTS / one)]
        if (again / SBOM).read_bytes() != (REQUIREMENTS / SBOM).read_bytes():
            stale.append(SBOM)
    return [f"requirements/{name} is out of date: tox -e lock." for name in stale]


def pins(path: Path) -> list[str]:
    """Return the lines of a lock that state a version; an index may add hashes at any time."""
    lines = path.read_text(encoding="utf-8").splitlines()
    return [line.removesuffix(" \\") for line in lines if re.match(r"[a-z0-9]", line)]


def pylock(output: Path) -> None:
    """Write the locked libraries of the base install as a pylock.toml (PEP 751).

    It states the addresses of the files on the index in use, and so is not kept in the project.
    """
    command = [*_COMPILE, "tox -e pylock", *_ALL, "--format", "pylock.toml"]
    _run([*command, "-c", LOCK, "-o", str(output.resolve()), "runtime.in"], REQUIREMENTS)


def _sbom(folder: Path) -> str:
    """Return the SBOM of the wheel: what the base install needs, and what the extras bring."""
    extras = [f"{extra}.in" for extra in _extras()]
    required = _components(folder, "runtime.in")
    components = required | _components(folder, "runtime.in", *extras)
    for name, component in components.items():
        component["scope"] = "required" if name in required else "optional"
    document = _cyclonedx(folder, "")
    document["components"] = list(components.values())
    document.pop("dependencies", None)  # the lock states none
    document["metadata"].pop("timestamp", None)  # there only if SOURCE_DATE_EPOCH is set
    for tool in document["metadata"]["tools"]["components"]:
        tool.pop("externalReferences", None)
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


def _components(folder: Path, *inputs: str) -> dict[str, dict[str, Any]]:
    """Return the locked libraries that these requirements bring, by their names."""
    command = [*_COMPILE, "", *_ALL, "--no-header", "--no-annotate", "-c", LOCK]
    found = _cyclonedx(folder, _run([*command, *inputs], folder))["components"]
    for component in found:
        del component["externalReferences"]  # where the index in use has it
        del component["description"]  # the line of the lock
        component["bom-ref"] = component["purl"]
    return {component["name"]: component for component in found}


def _cyclonedx(folder: Path, requirements: str) -> dict[str, Any]:
    command = [sys.executable, "-m", "cyclonedx_py", "requirements", "-"]
    options = ["--pyproject", str(ROOT / "pyproject.toml"), "--mc-type", "library"]
    made = _run([*command, *options, "--output-reproducible"], folder, text=requirements)
    document: dict[str, Any] = json.loads(made)
    return document


def _extras() -> list[str]:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    return list(project["tool"]["setuptools"]["dynamic"]["optional-dependencies"])


def _run(command: list[str], folder: Path, *, text: str = "") -> str:
    if command[0] == "uv":
        command = [sys.executable, "-m", *command]
    done = subprocess.run(
        command, cwd=folder, input=text, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise ReleaseError(f"{command[2]} failed: {done.stderr.strip()}")
    return done.stdout


def main(arguments: list[str]) -> None:
    """Lock, check, or write pylock.toml."""
    match arguments:
        case ["--check"]:
            if stale := check():
                sys.exit("\n".join(stale))
            print("The lock and the SBOM are fresh.")
        case ["--pylock"]:
            pylock(ROOT / "pylock.toml")
        case options:
            lock(REQUIREMENTS, *options)


if __name__ == "__main__":
    try:
        main(sys.argv[1:])
    except ReleaseError as error:
        refuse(error)
