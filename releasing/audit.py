"""python -m releasing.audit: look the locked versions up in a database of known vulnerabilities.

Every version in requirements/lock.txt is looked up with pip-audit, those of other platforms as
well. Exit code 0 means that none has a known vulnerability, 1 that some have, and 2 that the
database could not be asked, which needs the internet.
"""

from __future__ import annotations

import argparse
import json
import re
import subprocess
import sys
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from benchmarks.environments import REQUIREMENTS

__all__ = ["main"]

LOCK = REQUIREMENTS / "lock.txt"
_PIN = re.compile(r"^([\w.-]+)==([^\s;\\]+)", flags=re.MULTILINE)


def main(arguments: Sequence[str] | None = None, *, lock: Path = LOCK) -> int:
    """Print the known vulnerabilities, one a line."""
    options = _parse(arguments)
    pins = _PIN.findall(lock.read_text(encoding="utf-8"))
    try:
        found = list(_vulnerabilities(_looked_up(pins, options.service)))
    except LookupError as error:
        print(
            f"Error: {options.service} did not answer about the versions in {lock.name}, so "
            f"nothing is known about them; it is reached through the internet. {error}",
            file=sys.stderr,
        )
        return 2
    nothing = f"None of {len(pins)} versions has a known vulnerability."
    print("\n".join(found) or nothing)
    return 1 if found else 0


def _parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m releasing.audit",
        description=(__doc__ or "").partition("\n\n")[2],
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--service",
        choices=("pypi", "osv"),
        default="pypi",
        help="the database to ask: the advisories of the public package index, or OSV",
    )
    return parser.parse_args(arguments)


def _looked_up(pins: Iterable[tuple[str, str]], service: str) -> list[dict[str, Any]]:
    """Return what pip-audit reports of each version.

    Raises
    ------
    LookupError
        When it reports nothing; its exit code does not tell that from vulnerabilities found.
    """
    with TemporaryDirectory() as folder:
        report = Path(folder) / "report.json"
        command = [sys.executable, "-m", "pip_audit", "--disable-pip", "--no-deps"]
        command += ["--progress-spinner", "off", "--vulnerability-service", service]
        command += ["--format", "json", "--output", str(report)]
        for at, text in enumerate(_files(pins)):
            path = Path(folder) / f"{at}.txt"
            path.write_text(text, encoding="utf-8")
            command += ["--requirement", str(path)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if not report.is_file():
            raise LookupError(_last_line(done.stderr))
        content: dict[str, list[dict[str, Any]]] = json.loads(report.read_text(encoding="utf-8"))
    return content["dependencies"]


def _files(pins: Iterable[tuple[str, str]]) -> list[str]:
    """Return the pins as files without markers, each with at most one version of a library."""
    files: list[dict[str, str]] = []
    for name, version in pins:
        fitting = next((file for file in files if name not in file), None)
        if fitting is None:
            files.append(fitting := {})
        fitting[name] = version
    return ["".join(f"{name}=={version}\n" for name, version in file.items()) for file in files]


def _vulnerabilities(looked_up: Iterable[dict[str, Any]]) -> Iterator[str]:
    for library in looked_up:
        if "skip_reason" in library:
            raise LookupError(f"{library['name']}: {library['skip_reason']}")
        for known in library["vulns"]:
            fixed = ", ".join(known["fix_versions"]) or "no version yet"
            yield f"{library['name']} {library['version']}: {known['id']}, fixed in {fixed}"


def _last_line(text: str) -> str:
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return lines[-1] if lines else "pip-audit gave no reason"


if __name__ == "__main__":
    sys.exit(main())
