"""The commit of the sources that train, where they are a git checkout."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

__all__ = ["source_commit"]

_PACKAGE = Path(__file__).parents[1]
_SECONDS = 20


def source_commit(folder: Path = _PACKAGE) -> str | None:
    """Return the commit that a folder of tracked sources is at; None without git or a checkout.

    What is not committed in the folder is said: `<commit>, with changes`. Files that git ignores
    are no change.
    """
    if _git(folder, "ls-files", "--error-unmatch", "__init__.py") is None:
        return None  # installed, perhaps in an environment that lies in somebody's checkout
    commit = _git(folder, "rev-parse", "--verify", "HEAD")
    changes = _git(folder, "status", "--porcelain", "--", ".")
    if commit is None or changes is None:
        return None
    return f"{commit}, with changes" if changes else commit


def _git(folder: Path, *arguments: str) -> str | None:
    try:
        ran = subprocess.run(
            ["git", *arguments],
            cwd=folder,
            env=os.environ | {"GIT_OPTIONAL_LOCKS": "0"},  # looks, and writes nothing
            capture_output=True,
            encoding="utf-8",
            errors="replace",
            timeout=_SECONDS,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return ran.stdout.strip() if ran.returncode == 0 else None
