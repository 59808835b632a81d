"""Tamper with a signed release in every known way, and see `regression-model verify` refuse each.

    python -m releasing.refusals WHEEL MODEL PUBLIC_KEY

With the Python of an environment in which the wheel and its extra verify are installed. A
signature stands beside each file.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from .tamperings import TAMPERINGS, Release

__all__: list[str] = []


def main(wheel: str, model: str, key: str) -> None:
    """Print a line for each, and exit with 1 if one is not refused as it should be."""
    release = Release(Path(wheel), Path(model), Path(key))
    program = Path(sys.executable).with_name("regression-model")
    accepted = 0
    for name, tampering in TAMPERINGS.items():
        with TemporaryDirectory(prefix="regression-model-") as folder:
            spoilt = tampering(release, Path(folder))
            ran = subprocess.run(
                [str(program), "verify", *spoilt.arguments],
                cwd=folder,
                env=os.environ | spoilt.environment,
                capture_output=True,
                text=True,
                check=False,
            )
        refused = ran.returncode == 1 and spoilt.says in ran.stdout + ran.stderr
        accepted += not refused
        print(f"{'refused' if refused else 'NOT REFUSED'}: {name}")
    print(f"{len(TAMPERINGS) - accepted} of {len(TAMPERINGS)} refused.")
    sys.exit(1 if accepted else 0)


if __name__ == "__main__":
    main(*sys.argv[1:])
