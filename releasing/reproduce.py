"""Train and build once more, in another folder and at another time, and compare with dist.

    python -m releasing.reproduce

Also with another umask, time zone, locale and order of hashing, none of which may leave a trace in
the archives. What is trained is compared as well: the model file is in both.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tarfile
import zipfile
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory

from regression_model.runtime.model_file.release import find_model_file
from regression_model.runtime.model_file.sealing import read_manifest
from regression_model.training.manifest import source_commit

from .archives import ROOT, Archives, ReleaseError, find_archives, refuse, sha256

__all__ = ["build_again", "differences"]

_ELSEWHERE = {
    "LC_ALL": "C",
    "PYTHONHASHSEED": "12345",
    "PYTHONUTF8": "1",
    "TZ": "Pacific/Kiritimati",
}


def build_again(folder: Path) -> Archives:
    """Train and build in a copy of the sources below `folder`, and return the archives.

    Raises
    ------
    ReleaseError
        When a step fails.
    """
    copy = folder / "another place"
    for path in _sources():
        target = copy / path.relative_to(ROOT)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(path, target)
    if (ROOT / ".git").exists():  # the model file records the commit
        _run(["git", "clone", "--quiet", "--no-checkout", str(ROOT), str(folder / "clone")], folder)
        shutil.move(folder / "clone" / ".git", copy / ".git")
        _run(["git", "reset", "--quiet"], copy)
    dist = folder / "dist"
    if _recorded("commit") == source_commit(ROOT / "regression_model"):
        train = [sys.executable, "-m", "regression_model", "train"]
        _run(train, copy, SOURCE_DATE_EPOCH=_recorded("created"))
    else:
        print("The model was trained from another commit, so it is not trained again here.")
        models = Path("regression_model", "trained_models")
        shutil.copytree(ROOT / models, copy / models, dirs_exist_ok=True)
    _run([sys.executable, "-m", "build", "--no-isolation", "--outdir", str(dist)], copy)
    return find_archives(dist)


def differences(one: Path, other: Path) -> list[str]:
    """Return the names in two archives whose content differs, or that only one has."""
    left, right = _members(one), _members(other)
    return sorted(name for name in left.keys() | right if left.get(name) != right.get(name))


def _members(archive: Path) -> dict[str, bytes]:
    if archive.suffix == ".whl":
        with zipfile.ZipFile(archive) as wheel:
            return {name: wheel.read(name) for name in wheel.namelist()}
    with tarfile.open(archive) as sdist:
        return {
            member.name: content.read()
            for member in sdist
            if (content := sdist.extractfile(member)) is not None
        }


def _sources() -> list[Path]:
    """Return the files of the project: what git would keep, or what the sdist holds."""
    if (ROOT / ".git").exists():
        command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
        ran = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
        listed = [name for name in ran.stdout.split("\0") if name]
    else:
        stated = ROOT / "regression_model.egg-info" / "SOURCES.txt"
        listed = ["PKG-INFO", *stated.read_text(encoding="utf-8").split("\n")]
    return [path for name in listed if (path := ROOT / name).is_file()]


def _recorded(what: str) -> str | None:
    """Return the commit, or the time in seconds from 1970, that the model file records."""
    model = find_model_file(ROOT / "regression_model")
    manifest = read_manifest(model) if model else {"created": None, "training": {}}
    commit: str | None = manifest["training"].get("commit")
    created: str | None = manifest["created"]
    if what == "commit":
        return commit
    return created and str(int(datetime.fromisoformat(created).timestamp()))


def _run(command: list[str], folder: Path, **changed: str | None) -> None:
    # Which kernels compute decides about the last digits, and tox lets none of these settings
    # through to where the model was trained.
    kernels = {name: None for name in os.environ if name.startswith("OPENBLAS_")}
    variables = os.environ | _ELSEWHERE | {"PYTHONSAFEPATH": None} | kernels | changed
    done = subprocess.run(
        command,
        cwd=folder,
        env={name: value for name, value in variables.items() if value is not None},
        umask=0o077,
        capture_output=True,
        encoding="utf-8",
        errors="replace",
        check=False,
    )
    if done.returncode:
        said = (done.stderr.strip() or done.stdout.strip()).splitlines()[-1:]
        raise ReleaseError(f"{' '.join(command[1:4])} failed: {''.join(said)}")


def main() -> None:
    """Compare both archives, and exit with 1 unless they have the same bytes."""
    built = find_archives()
    with TemporaryDirectory(prefix="regression-model-") as folder:
        again = build_again(Path(folder))
        same = True
        for first, second in zip(built.files, again.files, strict=True):
            if first.read_bytes() == second.read_bytes():
                print(f"{first.name}: the same {first.stat().st_size:,} bytes, {sha256(first)}")
                continue
            same = False
            where = ", ".join(differences(first, second)) or "only in times, rights or order"
            print(f"{first.name}: built again it differs: {where}")
    sys.exit(0 if same else 1)


if __name__ == "__main__":
    try:
        main()
    except ReleaseError as error:
        refuse(error)
