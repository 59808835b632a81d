"""The tutorial, typed in order: from a first prediction to one by the wheel that it makes."""

from __future__ import annotations

import csv
import math
import os
import re
import shutil
import subprocess
import sys
import venv
from contextlib import redirect_stdout
from dataclasses import dataclass
from io import StringIO
from pathlib import Path
from typing import Any

import pytest

import regression_model

pytest.importorskip("build", reason="the extra package is not installed")

ROOT = Path(__file__).parents[1]
SECTION = "## From a table to a package"
INSTALLED = "## 2. The first predictions"  # what comes before is how to install
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", flags=re.MULTILINE | re.DOTALL)
NUMBER = r"\d+(?:\.\d+)*"
TOLERANCE = 0.01  # another platform may round otherwise


@dataclass
class Step:
    """A fenced block of the tutorial, what is shown below it, and what came of it."""

    language: str
    text: str
    before: str
    shown: str = ""
    printed: str = ""


def steps() -> list[Step]:
    """The blocks of the tutorial after its first section, each with the output that is shown."""
    text = (ROOT / "docs" / "tutorial.md").read_text(encoding="utf-8").partition(INSTALLED)[2]
    found: list[Step] = []
    for match in BLOCK.finditer(text):
        if match[1] == "text":
            found[-1].shown = match[2]
        else:
            before = text[: match.start()].rstrip().rpartition("\n\n")[2]
            found.append(Step(match[1], match[2], before))
    return found


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder in which everything is typed."""
    return tmp_path_factory.mktemp("tutorial")


@pytest.fixture(scope="module")
def typed(folder: Path) -> list[Step]:
    """Every step, in an environment that has regression-model, and without a network."""
    if os.name == "nt":
        pytest.skip("the commands are for a shell")
    shutil.copytree(ROOT / "examples", folder / "examples")
    python, site = environment(folder / "env")
    programs = python.parent
    program = programs / "regression-model"
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m regression_model "$@"\n')
    program.chmod(0o755)
    pip = f"{sys.executable} -m pip --python {python} install --quiet --no-deps --no-index"
    env = os.environ | {"PATH": f"{programs}{os.pathsep}{os.environ['PATH']}", "PYTHONUTF8": "1"}
    names: dict[str, Any] = {}
    done = steps()
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        for step in done:
            if saved := re.search(r"[Ss]ave these rows as `([^`]+)`:$", step.before):
                Path(saved[1]).write_text(step.text, encoding="utf-8")
            elif step.language == "sh":
                for command in step.text.splitlines():
                    step.printed += run(
                        command.replace("pip install", pip), env | {"COLUMNS": "100"}
                    )
            elif step.language == "python":
                patch.syspath_prepend(site)  # again: what was installed since is found
                printed = StringIO()
                with redirect_stdout(printed):
                    exec(compile(step.text, "tutorial.md", "exec"), names)
                step.printed = printed.getvalue()
    return done


def run(command: str, env: dict[str, str]) -> str:
    """Run a command in a shell; return what it prints, as a terminal shows it."""
    done = subprocess.run(
        ["sh", "-c", command],
        env=env,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        check=False,
    )
    # A row with a warning is predicted; one without a prediction would be exit code 1.
    assert done.returncode == 0, f"{command}: {done.stdout}"
    return done.stdout


def environment(folder: Path) -> tuple[Path, Path]:
    """Make an environment that finds regression-model and its libraries.

    Returns its Python, and the folder into which packages are installed.
    """
    venv.create(folder, with_pip=False)
    python = folder / "bin" / "python"
    code = "import sysconfig; print(sysconfig.get_path('purelib'))"
    found = subprocess.run([python, "-c", code], capture_output=True, text=True, check=True).stdout
    site = Path(found.strip())
    package = Path(regression_model.__file__).parents[1]
    above = [str(package), *(one for one in sys.path if "site-packages" in one)]
    (site / "above.pth").write_text("\n".join(dict.fromkeys(above)))
    return python, site


def agree(shown: str, printed: str) -> bool:
    """Whether what is printed is what is shown: `...` is any lines, numbers may differ a little."""
    parts = re.split(rf"(^\.\.\.\n|{NUMBER}|\s+|─+)", shown, flags=re.MULTILINE)
    pattern = "".join(
        (
            r"(?:.*\n)*?"
            if part == "...\n"
            else (
                f"({NUMBER})"
                if re.fullmatch(NUMBER, part)
                else r"\s+" if part.isspace() else "─+" if part.startswith("─") else re.escape(part)
            )
        )
        for part in parts
    )
    found = re.fullmatch(pattern, printed)
    if found is None:
        return False
    expected = [part for part in parts if re.fullmatch(NUMBER, part)]
    pairs = zip(map(value, expected), map(value, found.groups()), strict=True)
    return all(math.isclose(one, other, rel_tol=TOLERANCE) for one, other in pairs)


def value(number: str) -> float:
    """Return a number as a float; a version, such as 4.0.0, counts as nothing."""
    return 0.0 if number.count(".") > 1 else float(number)


def test_every_step_prints_what_is_shown(typed: list[Step]) -> None:
    """A newcomer sees on the screen what stands on the page."""
    shown = [step for step in typed if step.shown]
    assert len(shown) >= 8
    for step in shown:
        assert agree(step.shown, step.printed), f"{step.text}prints now:\n{step.printed}"


def test_numbers_may_differ_a_little_and_nothing_else() -> None:
    """The comparison of this file is neither blind nor exact."""
    assert agree("A 1.000  2000\n...\nEnd 4.0.0\n", "A 1.001 2001\nmore\nEnd 5.1.0\n")
    assert not agree("A 1.00\n", "A 1.10\n")
    assert not agree("A 1.00\n", "B 1.00\n")
    assert not agree("A 1.00\n", "A 1.00\nand more\n")


def test_the_configuration_that_is_shown_is_drafted(typed: list[Step], folder: Path) -> None:
    """Line for line."""
    (lines,) = (step.text for step in typed if step.language == "yaml")
    assert lines in (folder / "cars.yml").read_text(encoding="utf-8")


def test_three_commands_make_a_package_that_predicts(typed: list[Step], folder: Path) -> None:
    """As a colleague uses it, for every car, and most predictions are near the truth."""
    with (folder / "examples" / "cars.csv").open(encoding="utf-8") as file:
        cars = list(csv.DictReader(file))
    with (folder / "predicted.csv").open(encoding="utf-8") as file:
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


def test_the_commands_of_the_readme_are_among_them(typed: list[Step]) -> None:
    """The short way in the README is run here, in its order."""
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    section = readme.partition(SECTION)[2].partition("\n## ")[0]
    expected = [line for block in BLOCK.finditer(section) for line in block[2].splitlines()]
    assert len(expected) == 5
    ours = [line for step in typed if step.language == "sh" for line in step.text.splitlines()]
    assert [line for line in ours if line in expected] == expected
