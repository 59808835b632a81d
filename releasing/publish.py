"""Publish the archives in dist that test_package tested; without --upload, a dry run.

    python -m releasing.publish                       # show what would be uploaded
    python -m releasing.publish --upload              # upload, to a test or staging index
    python -m releasing.publish --upload --tag        # upload, then tag the commit
    python -m releasing.publish --upload --tag --promote   # only what the staging index holds

The environment says where to and who:

    TWINE_REPOSITORY_URL     where to upload
    TWINE_USERNAME, TWINE_PASSWORD   for a token: __token__ and the token
    RELEASE_INDEX_URL        the same index as pip reads it
    RELEASE_STAGING_URL      the staging index as pip reads it, for --promote

A password is never an argument, never printed and never written. A version is published once: what
the index holds is compared by its digest, an upload that broke off is completed, and a commit is
tagged only after both files were downloaded again and were the same.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.parse import urlsplit

from pypi_simple import NoSuchProjectError, PyPISimple
from requests import RequestException

from regression_model.errors import ModelFileError
from regression_model.runtime.model_file.release import find_model_file
from regression_model.runtime.model_file.sealing import read_manifest

from .archives import ROOT, Archives, ReleaseError, find_archives, refuse, require_tested, sha256

__all__ = ["Index", "publish"]

_PATIENCE = 60  # seconds until an index must list what it took


class Index:
    """An index as pip reads it; the credentials go to the host of the uploads and to no other."""

    def __init__(self, read_url: str, settings: Mapping[str, str]) -> None:
        self.read_url = read_url
        is_same_host = _shown(read_url) == _shown(settings["TWINE_REPOSITORY_URL"])
        credentials = settings["TWINE_USERNAME"], settings["TWINE_PASSWORD"]
        self._credentials = credentials if is_same_host else None

    def digests(self, archives: Archives) -> dict[str, str]:
        """Return the SHA-256 of each file of this version that the index holds, downloaded again.

        Raises
        ------
        ReleaseError
            When the index does not answer, or answers with what is no index.
        """
        try:
            with PyPISimple(self.read_url, auth=self._credentials) as client:
                client.s.trust_env = False
                page = client.get_project_page(archives.name, timeout=30)
                with TemporaryDirectory(prefix="regression-model-") as folder:
                    held = {}
                    for package in page.packages:
                        if package.version == archives.version:
                            path = Path(folder, package.filename)
                            client.download_package(package, path, progress=None)
                            held[package.filename] = sha256(path)
                    return held
        except NoSuchProjectError:
            return {}
        except (RequestException, ValueError) as error:
            said = type(error).__name__
            raise ReleaseError(f"{_shown(self.read_url)} cannot be read: {said}.") from None


def publish(
    archives: Archives,
    environment: Mapping[str, str],
    *,
    upload: bool = False,
    tag: bool = False,
    promote: bool = False,
    root: Path = ROOT,
) -> list[str]:
    """Check everything, upload if told so, and return the sentences that say what was done.

    Raises
    ------
    ReleaseError
        When anything is not as it should be; nothing is tagged then.
    """
    names = ["TWINE_REPOSITORY_URL", "TWINE_USERNAME", "TWINE_PASSWORD", "RELEASE_INDEX_URL"]
    settings = _settings(environment, [*names, *(["RELEASE_STAGING_URL"] if promote else [])])
    require_tested(archives, root / ".tox" / "tested.sha256")
    release = f"v{archives.version}"
    if tag:
        _require_release(root, release)
    index = Index(settings["RELEASE_INDEX_URL"], settings)
    wanted = {path.name: sha256(path) for path in archives.files}
    if promote:
        staging = Index(settings["RELEASE_STAGING_URL"], settings)
        if staging.digests(archives) != wanted:
            place = _shown(staging.read_url)
            raise ReleaseError(f"{place} does not hold these files: upload them there first.")
    held = index.digests(archives)
    if other := [name for name, digest in held.items() if wanted.get(name) != digest]:
        raise ReleaseError(
            f"The index holds another {other[0]}: give the next release another version."
        )
    missing = [path for path in archives.files if path.name not in held]
    if not missing:
        raise ReleaseError(
            f"The index holds {archives.name} {archives.version} already: a version is published "
            "once."
        )
    done = [
        f"{path.name}  {path.stat().st_size:,} bytes  sha256 {wanted[path.name]}"
        for path in missing
    ]
    place = _shown(settings["TWINE_REPOSITORY_URL"])
    if not upload:
        return [*done, f"Dry run: these would go to {place}. Repeat with --upload."]
    _upload(missing, environment, settings["TWINE_PASSWORD"])
    _wait_for(index, archives, wanted)
    done.append(f"Uploaded to {place}, downloaded again and compared.")
    if tag:
        _git(root, "tag", "--annotate", release, "--message", f"{archives.name} {archives.version}")
        done.append(f"Tagged {release}: git push origin {release}.")
    return done


def _settings(environment: Mapping[str, str], names: list[str]) -> dict[str, str]:
    missing = [name for name in names if not environment.get(name)]
    if missing:
        raise ReleaseError(f"Set {' and '.join(missing)} in the environment.")
    for name in names:
        if name.endswith("_URL"):
            address = urlsplit(environment[name])
            if address.scheme not in ("http", "https") or not address.hostname:
                raise ReleaseError(
                    f"{name} is not the address of an index: it begins with https://."
                )
            if address.username or address.password:
                raise ReleaseError(
                    f"{name} holds credentials: put them into TWINE_USERNAME and TWINE_PASSWORD."
                )
            if address.scheme == "http" and address.hostname not in (
                "127.0.0.1",
                "localhost",
                "::1",
            ):
                raise ReleaseError(f"{name} would send the password in the clear: use https://.")
    return {name: environment[name] for name in names}


def _require_release(root: Path, release: str) -> None:
    """Check that the commit can be tagged, and is the one that the model was trained from."""
    if _git(root, "status", "--porcelain"):
        raise ReleaseError("There are changes that are not committed: commit them, and test again.")
    if _git(root, "tag", "--list", release):
        raise ReleaseError(f"{release} is tagged already: raise the version in VERSION.")
    changelog = (root / "CHANGELOG.md").read_text(encoding="utf-8")
    heading = next((line for line in changelog.splitlines() if line.startswith("## [")), "")
    if not heading.startswith(f"## [{release[1:]}] - 2"):
        raise ReleaseError(
            f"CHANGELOG.md does not begin with {release[1:]} and its date: write them, and test "
            "again."
        )
    model = find_model_file(root / "regression_model")
    try:
        recorded = model and read_manifest(model)["training"].get("commit")
    except ModelFileError as error:
        raise ReleaseError(str(error)) from None
    if recorded != _git(root, "rev-parse", "HEAD"):
        raise ReleaseError(
            f"The model was trained from {recorded or 'no commit'} and not from this commit: "
            "tox -e train, and test again."
        )


def _upload(files: list[Path], environment: Mapping[str, str], password: str) -> None:
    command = [sys.executable, "-m", "twine", "upload", "--non-interactive"]
    quiet = ["--disable-progress-bar", "--config-file", os.devnull]
    done = subprocess.run(
        [*command, *quiet, *map(str, files)],
        env=dict(environment) | {"NO_COLOR": "1", "COLUMNS": "500"},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        lines = [line.strip() for line in f"{done.stdout}\n{done.stderr}".splitlines()]
        said = next((line for line in reversed(lines) if line), "twine said nothing")
        raise ReleaseError(
            f"The upload failed and nothing was tagged: {said.replace(password, '***')}"
        )


def _wait_for(index: Index, archives: Archives, wanted: Mapping[str, str]) -> None:
    """Wait until the index gives out the files that it was given."""
    until = time.monotonic() + _PATIENCE
    while (held := index.digests(archives)) != wanted:
        if time.monotonic() > until:
            missing = ", ".join(sorted(wanted.keys() - held.keys())) or "other bytes"
            raise ReleaseError(f"After the upload the index gives {missing}; nothing was tagged.")
        time.sleep(1)


def _git(root: Path, *arguments: str) -> str:
    try:
        ran = subprocess.run(
            ["git", *arguments], cwd=root, capture_output=True, text=True, check=True
        )
    except (OSError, subprocess.CalledProcessError) as error:
        said = getattr(error, "stderr", "") or error
        raise ReleaseError(f"git {arguments[0]} failed: {str(said).strip()}") from None
    return ran.stdout.strip()


def _shown(url: str) -> str:
    return urlsplit(url).hostname or "the index"


def main() -> None:
    """Publish what is in dist."""
    parser = argparse.ArgumentParser(
        prog="tox -e publish --",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--upload", action="store_true", help="upload; without it, a dry run")
    parser.add_argument("--tag", action="store_true", help="tag the commit after the upload")
    parser.add_argument(
        "--promote", action="store_true", help="only the very files that the staging index holds"
    )
    options = vars(parser.parse_args())
    try:
        print("\n".join(publish(find_archives(), os.environ, **options)))
    except ReleaseError as error:
        refuse(error)


if __name__ == "__main__":
    main()
