"""The tutorial of the README: from a CSV file to a prediction by the wheel that it installs."""

from __future__ import annotations

import csv
import os
import re
import shutil
import subprocess
import sys
import venv
from pathlib import Path

import pytest

import regression_model

pytest.importorskip("build", reason="the extra package is not installed")

ROOT = Path(__file__).parents[1]
SECTION = "## From a table to a package"


def commands() -> list[str]:
    """The commands of the section, in order."""
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    section = readme.partition(SECTION)[2].partition("\n## ")[0]
    blocks = re.findall(r"^```sh\n(.*?)^```$", section, flags=re.MULTILINE | re.DOTALL)
    return [line for block in blocks for line in block.splitlines()]


@pytest.mark.skipif(os.name == "nt", reason="the commands are for a shell")
def test_three_commands_make_a_package_that_predicts(tmp_path: Path) -> None:
    """In an environment that has regression-model, as a colleague's has, and no network."""
    *making, install, predict = commands()
    assert len(making) == 3
    shutil.copytree(ROOT / "examples", tmp_path / "examples")
    python = environment(tmp_path / "env")
    programs = tmp_path / "env" / "bin"
    start = f'exec "{sys.executable}" -m regression_model "$@"'
    program = programs / "regression-model"
    program.write_text(f"#!/bin/sh\n{start}\n")
    program.chmod(0o755)
    offline = install.replace(
        "pip install",
        f"{sys.executable} -m pip --python {python} install --quiet --no-deps --no-index",
    )
    env = os.environ | {"PATH": f"{programs}{os.pathsep}{os.environ['PATH']}", "PYTHONUTF8": "1"}
    for command in (*making, offline, predict):
        done = subprocess.run(
            ["sh", "-c", command], cwd=tmp_path, env=env, capture_output=True, text=True
        )
        # A row with a warning is predicted; one without a prediction would be exit code 1.
        assert done.returncode == 0, f"{command}: {done.stderr}"
    with (tmp_path / "examples" / "cars.csv").open(encoding="utf-8") as file:
        cars = list(csv.DictReader(file))
    with (tmp_path / "predicted.csv").open(encoding="utf-8") as file:
        predicted = list(csv.DictReader(file))
    assert len(predicted) == len(cars) == 406
    pairs = [
        (float(car["Miles_per_Gallon"]), float(row["prediction"]))
        for car, row in zip(cars, predicted, strict=True)
        if car["Miles_per_Gallon"]
    ]
    assert len(pairs) == 398
    within = sum(abs(one - other) <= 0.25 * one for one, other in pairs)
    assert within > 0.9 * len(pairs)


def environment(folder: Path) -> Path:
    """Make an environment that finds regression-model and its libraries; return its Python."""
    venv.create(folder, with_pip=False)
    python = folder / "bin" / "python"
    code = "import sysconfig; print(sysconfig.get_path('purelib'))"
    site = subprocess.run([python, "-c", code], capture_output=True, text=True, check=True).stdout
    package = Path(regression_model.__file__).parents[1]
    above = [str(package), *(one for one in sys.path if "site-packages" in one)]
    (Path(site.strip()) / "above.pth").write_text("\n".join(dict.fromkeys(above)))
    return python
