"""The archives in dist: which they are, and whether they were tested."""

from __future__ import annotations

import hashlib
import sys
from pathlib import Path
from typing import NamedTuple, NoReturn

__all__ = [
    "ROOT",
    "Archives",
    "ReleaseError",
    "find_archives",
    "record_tested",
    "refuse",
    "require_tested",
    "sha256",
]

ROOT = Path(__file__).resolve().parents[1]
RECORD = ROOT / ".tox" / "tested.sha256"  # as `sha256sum --check` reads it; git ignores it


class ReleaseError(Exception):
    """Raised when a step of a release cannot be done; the message is for the person who does it."""


class Archives(NamedTuple):
    """One wheel and one sdist of one version."""

    name: str
    version: str
    wheel: Path
    sdist: Path

    @property
    def files(self) -> tuple[Path, Path]:
        """Both files."""
        return self.wheel, self.sdist


def find_archives(dist: Path = ROOT / "dist") -> Archives:
    """Return the archives in a folder.

    Raises
    ------
    ReleaseError
        When the folder does not hold one wheel and one sdist, of this version.
    """
    version = (ROOT / "regression_model" / "VERSION").read_text(encoding="utf-8").strip()
    found = sorted(path for path in dist.glob("*") if path.suffix != ".sig")
    wheels = [path for path in found if path.name.endswith("-py3-none-any.whl")]
    sdists = [path for path in found if path.name.endswith(".tar.gz")]
    if len(found) != 2 or len(wheels) != 1 or len(sdists) != 1:
        held = ", ".join(path.name for path in found) or "nothing"
        raise ReleaseError(
            f"{dist.name} holds {held}, and not one wheel and one sdist: tox -e test_package."
        )
    (wheel,), (sdist,) = wheels, sdists
    stem = sdist.name.removesuffix(".tar.gz")
    name, _, built = stem.rpartition("-")
    if wheel.name != f"{stem}-py3-none-any.whl" or built != version:
        raise ReleaseError(
            f"{wheel.name} and {sdist.name} are not both of version {version}: tox -e test_package."
        )
    return Archives(name.replace("_", "-"), version, wheel, sdist)


def refuse(error: ReleaseError) -> NoReturn:
    """End the program with the message, as the commands of the package do for bad input."""
    print(f"Error: {error}", file=sys.stderr)
    sys.exit(2)


def sha256(path: Path) -> str:
    """Return the digest of a file."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def record_tested(archives: Archives, record: Path = RECORD) -> None:
    """Write down the digests of archives that passed all tests."""
    lines = [f"{sha256(path)}  {path.name}\n" for path in archives.files]
    record.write_text("".join(lines), encoding="utf-8")


def require_tested(archives: Archives, record: Path = RECORD) -> None:
    """Check that these are the archives that passed all tests.

    Raises
    ------
    ReleaseError
        When they are others, or none were tested.
    """
    tested = record.read_text(encoding="utf-8").splitlines() if record.is_file() else []
    for path in archives.files:
        if f"{sha256(path)}  {path.name}" not in tested:
            raise ReleaseError(f"{path.name} is not what test_package tested: tox -e test_package.")


def main(arguments: list[str]) -> None:
    """Record the archives, unless only some tests were run."""
    if arguments:
        print("Only some tests were run: the archives are not recorded as tested.")
        return
    try:
        record_tested(find_archives())
    except ReleaseError as error:
        refuse(error)


if __name__ == "__main__":
    main(sys.argv[1:])
