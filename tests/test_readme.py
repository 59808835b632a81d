"""What README.md says is so: its commands and code run, its tables agree with the package."""

import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from contextlib import redirect_stdout
from dataclasses import dataclass
from io import StringIO
from pathlib import Path
from typing import Any

import onnxruntime
import pytest
from typer.main import get_command

import regression_model
from regression_model import load_model
from regression_model.cli import app
from regression_model.config.core import load_config
from regression_model.runtime.problems import ERROR_CODES, WARNING_CODES

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
PACKAGE = Path(regression_model.__file__).parent
CONFIG = PACKAGE / "config.yml"
# Commands that install, build or test the package itself. What they name is looked up instead.
NOT_RUN_HERE = {
    "make train",
    "make test_package",
    "tox -e train",
    "tox list",
    "pip install dist/*.whl",
    'pip install "$(echo dist/*.whl)[train,report]"',
    "python -m build",
    "pip install dist/boat_prices-*.whl",
    # test_tutorial.py runs these, one after the other.
    "regression-model init examples/cars.csv --target Miles_per_Gallon --output cars.yml",
    "regression-model train --config cars.yml --output cars",
    "regression-model package cars/cars-*.onnx --name cars-model --version 1.0.0",
    "pip install dist/cars_model-*.whl",
    "cars-model predict examples/cars.csv --output predicted.csv",
}


# What trains, evaluates and tunes on all houses.
HOUSES = {
    "regression-model train --output models",
    "regression-model evaluate --json > evaluation.json",
    "regression-model tune --trials 2",
}


@dataclass(frozen=True)
class Block:
    """A fenced block: its language, its text, where it begins, and the paragraph before it."""

    language: str
    text: str
    line: int
    before: str


@dataclass(frozen=True)
class Ran:
    """One command or piece of code that was run, and what came of it."""

    block: Block
    command: str
    code: int
    output: str
    error: str


def blocks() -> list[Block]:
    """Every fenced block of the README, in order."""
    found = []
    for match in re.finditer(r"^```(\w+)\n(.*?)^```$", README, flags=re.MULTILINE | re.DOTALL):
        before = README[: match.start()].rstrip().rpartition("\n\n")[2]
        line = README.count("\n", 0, match.start(2)) + 1
        found.append(Block(match[1], match[2], line, before))
    return found


BLOCKS = blocks()


def commands(block: Block) -> list[str]:
    """The commands of a block, one a line, without comments."""
    lines = [re.sub(r"(^|\s)#.*", "", line).strip() for line in block.text.splitlines()]
    return [line for line in lines if line]


ALL_COMMANDS = [line for block in BLOCKS if block.language == "sh" for line in commands(block)]


def table(header: str) -> list[list[str]]:
    """The cells of the table whose first column has this header."""
    match = re.search(rf"^\| {header} \|.*\n\|[ |-]+\n((?:\|.*\n)+)", README, flags=re.MULTILINE)
    assert match is not None
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in match[1].splitlines()]


def quoted(cell: str) -> list[str]:
    """What stands between backticks."""
    return re.findall(r"`([^`]+)`", cell)


def environments() -> set[str]:
    """The names of tox's environments that stand in full in tox.ini."""
    text = (ROOT / "tox.ini").read_text(encoding="utf-8")
    return set(re.findall(r"^\[testenv:([\w-]+)\]", text, flags=re.MULTILINE))


def options() -> dict[str, set[str]]:
    """The options of each command, and of the program under an empty name."""
    program: Any = get_command(app)
    named = {"": program, **program.commands}
    return {
        name: {opt for p in command.params for opt in p.opts if opt.startswith("--")} - {"--help"}
        for name, command in named.items()
    }


def supply(folder: Path) -> None:
    """Put into a folder what a reader has: the files that are shown, and the configuration."""
    for block in BLOCKS:
        name = re.search(r"[Ss]ave \S+(?: rows)? as `([^`]+)`.*:$", block.before, flags=re.DOTALL)
        if name:
            (folder / name[1]).write_text(block.text, encoding="utf-8")
    (folder / "regression_model").mkdir()
    shutil.copy(CONFIG, folder / "regression_model")


def program(folder: Path) -> str:
    """The folder where a shell finds `regression-model`: the installed one, or one like it."""
    beside = Path(sys.executable).parent
    if (beside / "regression-model").exists():
        return str(beside)
    script = folder / "regression-model"
    start = f'PYTHONPATH="{PACKAGE.parent}" exec "{sys.executable}" -P -m regression_model "$@"'
    script.write_text(f"#!/bin/sh\n{start}\n", encoding="utf-8")
    script.chmod(0o755)
    return str(folder)


def quicker(folder: Path) -> str:
    """The folder of a copy of the package that trains with fewer folds.

    The commands that train, evaluate and tune on houses are run with it: test_shipped_model.py is
    about all the folds, and tox trained the shipped model with the command of the README.
    """
    copy = folder / PACKAGE.name
    shutil.copytree(PACKAGE, copy, ignore=shutil.ignore_patterns("__pycache__", "*.joblib"))
    text = CONFIG.read_text(encoding="utf-8")
    for old, new, times in (
        ("  folds: 10\n", "  folds: 2\n", 1),
        ("  repeats: 5\n", "  repeats: 1\n", 2),
        ("  rmsle: 0.110\n", "  rmsle: 0.130\n", 1),
    ):
        assert text.count(old) == times
        text = text.replace(old, new)
    (copy / "config.yml").write_text(text, encoding="utf-8")
    return str(folder)


def run_commands(block: Block, path: str, quick: str) -> Iterator[Ran]:
    """Run the commands of a block, each in a shell."""
    env = os.environ | {"PATH": f"{path}{os.pathsep}{os.environ['PATH']}", "PYTHONUTF8": "1"}
    if HOUSES <= {*commands(block)}:
        env["PYTHONPATH"] = quick
    for command in commands(block):
        if command not in NOT_RUN_HERE:
            done = subprocess.run(
                ["sh", "-c", command], capture_output=True, encoding="utf-8", env=env, check=False
            )
            yield Ran(block, command, done.returncode, done.stdout, done.stderr)


def run_code(block: Block, names: dict[str, Any]) -> Ran:
    """Run a block of Python, as somebody does who types in one after the other."""
    source = "\n" * (block.line - 1) + block.text  # a traceback names the line of the README
    printed = StringIO()
    with redirect_stdout(printed):
        exec(compile(source, "README.md", "exec"), names)
    return Ran(block, block.text, 0, printed.getvalue(), "")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder in which everything is run."""
    return tmp_path_factory.mktemp("readme")


@pytest.fixture(scope="module")
def session(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> list[Ran]:
    """Everything that the README tells a reader to type, typed in order."""
    if shutil.which("sh") is None:
        pytest.skip("there is no sh")
    supply(folder)
    path, quick = program(tmp_path_factory.mktemp("bin")), quicker(tmp_path_factory.mktemp("quick"))
    assert HOUSES <= {*ALL_COMMANDS}
    ran: list[Ran] = []
    names: dict[str, Any] = {}
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        for block in BLOCKS:
            if block.language == "sh":
                ran += run_commands(block, path, quick)
            elif block.language == "python":
                ran.append(run_code(block, names))
            if any(done.code for done in ran):
                break  # what follows may build on it
    return ran


def test_every_command_and_every_piece_of_code_runs(session: list[Ran]) -> None:
    """A reader who types what stands there gets no error."""
    failed = {ran.command: ran.error for ran in session if ran.code != 0}
    assert failed == {}
    assert {ran.block.language for ran in session} == {"sh", "python"}


def test_what_is_shown_as_output_is_what_comes(session: list[Ran]) -> None:
    """To the last dollar: a model that gives other prices has them written here too."""
    shown = {
        code.line: text.text
        for code, text in zip(BLOCKS, BLOCKS[1:], strict=False)
        if text.language == "text"
    }
    assert shown
    for line, expected in shown.items():
        actual = "".join(ran.output for ran in session if ran.block.line == line)
        assert actual == expected


def test_the_commands_leave_the_files_that_are_named(session: list[Ran], folder: Path) -> None:
    """Each file has something in it, prices one a row among them."""
    assert session
    made = {path.name for path in folder.rglob("*") if path.is_file() and path.stat().st_size}
    assert {"prices.csv", "asked.csv", "manifest.json", "house.schema.json"} <= made
    lines = (folder / "prices.csv").read_text(encoding="utf-8").splitlines()
    assert len(lines) == len((folder / "houses.csv").read_text(encoding="utf-8").splitlines())
    assert lines[0] == "Id,prediction,lower,upper,assumed,problems"
    evaluation = json.loads((folder / "evaluation.json").read_text(encoding="utf-8"))
    assert (evaluation["name"], evaluation["rows"]) == ("house-prices", 1460)


def test_what_is_not_run_here_exists() -> None:
    """The targets of make and tox are environments, and what builds is a library of one of them."""
    assert NOT_RUN_HERE <= {*ALL_COMMANDS}
    targets = {command for command in NOT_RUN_HERE if re.match(r"make |tox -e ", command)}
    assert {command.split()[-1] for command in targets} <= environments()
    assert "build" in (ROOT / "requirements" / "build.in").read_text(encoding="utf-8").split()


def test_every_command_and_option_stands_in_the_table() -> None:
    """The README lists what `--help` lists, neither more nor less."""
    said = {}
    for command, _, listed in table("command"):
        said[quoted(command)[0].removeprefix("regression-model").strip()] = {*quoted(listed)}
    assert said == options()


def test_every_command_and_option_that_is_used_exists() -> None:
    """An example anywhere in the text is one that the program understands."""
    known = options()
    used = [*ALL_COMMANDS, *quoted(re.sub(r"^```.*?^```$", "", README, flags=re.M | re.S))]
    calls = [call for text in used for call in re.findall(r"\bregression-model ([^|>]+)", text)]
    assert {call.split()[0] for call in calls} == known.keys() - {""}
    for call in calls:
        assert {*re.findall(r"--[\w-]+", call)} <= known[call.split()[0]]


def test_every_problem_code_is_explained() -> None:
    """The table has the codes of the package, in its order, with their severity."""
    expected = [(code, "error") for code in ERROR_CODES]
    expected += [(code, "warning") for code in WARNING_CODES]
    assert [(quoted(code)[0], severity) for code, severity, _ in table("code")] == expected


def test_every_extra_is_listed_with_its_libraries() -> None:
    """The extras are those of the metadata, and each brings what the README says."""
    dynamic = PROJECT["tool"]["setuptools"]["dynamic"]
    files = {"base": dynamic["dependencies"], **dynamic["optional-dependencies"]}
    expected = {}
    for name, at in files.items():
        lines = (ROOT / at["file"]).read_text(encoding="utf-8").splitlines()
        names = [re.split(r"[<>=\[]", line)[0] for line in lines if line and line[0] != "#"]
        expected[name] = list(dict.fromkeys(names))
    said = {name.strip("`"): quoted(libraries) for name, _, libraries in table("install")}
    assert said == expected
    asked_for = re.findall(r"\.whl\)?\[([\w,]+)\]", README)
    assert asked_for
    assert {name for names in asked_for for name in names.split(",")} <= said.keys() - {"base"}


def test_nothing_is_installed_by_the_bare_name() -> None:
    """On the public index the name is that of another package."""
    assert not re.search(r"pip install\s+['\"]?regression-model", README)
    assert "is another package" in README


def test_the_graph_runs_without_the_package_and_without_a_warning(
    session: list[Ran], folder: Path
) -> None:
    """As somebody does who copies the piece of code into a file of its own."""
    assert session
    (code,) = (b.text for b in BLOCKS if b.language == "python" and "InferenceSession" in b.text)
    ran = subprocess.run(
        [sys.executable, "-c", code], cwd=folder, capture_output=True, encoding="utf-8", check=False
    )
    assert (ran.returncode, ran.stdout, ran.stderr) == (0, "", "")


def test_commands_of_the_base_install_stand_apart() -> None:
    """Who has not installed an extra can type a whole block, and knows which blocks to leave."""
    training = {"init", "train", "check", "evaluate", "tune", "package"}
    for block in BLOCKS:
        called = {*re.findall(r"\bregression-model (\w+)", block.text)}
        if block.language == "sh" and training & called:
            assert "extra" in block.before
            assert called <= training


def test_the_listed_files_go_into_the_wheel() -> None:
    """Every file that the README tells of is packaged, and no pickle is."""
    packaged = {*PROJECT["tool"]["setuptools"]["package-data"]["regression_model"]}
    listed = {name for cell, _ in table("file") for name in quoted(cell)}
    assert listed <= packaged
    assert not {name for name in packaged if re.search(r"joblib|pickle|pkl", name)}


def test_the_inputs_of_the_graph_are_listed(session: list[Ran], folder: Path) -> None:
    """A program in another language finds the inputs and outputs under these names."""
    assert session
    graph = onnxruntime.InferenceSession(next((folder / "models").glob("house-prices-*.onnx")))
    inputs = [*graph.get_inputs(), *graph.get_overridable_initializers()]
    types = {"double": "tensor(double)", "string": "tensor(string)", "int64": "tensor(int64)"}
    said = {quoted(name)[0]: types[kind.split(",")[0]] for name, kind, _ in table("input")}
    assert said == {given.name: given.type for given in inputs}
    assert all(f"`{output.name}`" in README for output in graph.get_outputs())


def test_the_example_of_a_change_can_be_made(tmp_path: Path) -> None:
    """What is shown, put in the place of what the configuration says, is in order."""
    change = next(block.text for block in BLOCKS if block.text.startswith("  "))
    name = change.split(":")[0].strip()
    text = CONFIG.read_text(encoding="utf-8")
    edited, count = re.subn(rf"^  {name}:\n(?:    .*\n)+", change, text, flags=re.MULTILINE)
    assert count == 1
    assert edited != text
    changed = tmp_path / "config.yml"
    changed.write_text(edited, encoding="utf-8")
    assert load_config(changed).features[name].use == "yes"


def test_every_link_leads_somewhere() -> None:
    """Files and headings that the README points to are there."""
    headings = re.findall(r"^## (.+)$", README, flags=re.MULTILINE)
    anchors = {f"#{heading.lower().replace(' ', '-')}" for heading in headings}
    for link in re.findall(r"\]\(([^)]+)\)", README):
        assert link in anchors or (ROOT / link).is_file(), link


def test_the_headline_metrics_are_those_of_the_evaluation() -> None:
    """What the first page claims was measured, and the page that says how has the same metrics."""
    claims = README.split("## How good it is")[1].split("![")[0]
    measured = (ROOT / "docs" / "evaluation.md").read_text(encoding="utf-8")
    rmsle, coverage = re.search(r"\(RMSLE\) is (0\.\d{4})", claims), re.search(
        r"held (\S+%)", claims
    )
    assert rmsle is not None and coverage is not None
    assert f"| {rmsle[1]} " in measured
    assert f"| {coverage[1]} " in measured
    manifest = load_model().manifest
    assert rmsle[1] == f"{manifest['metrics']['rmsle']:.4f}"
    assert coverage[1] == f"{manifest['metrics']['coverage']:.1%}"
    training = manifest["training"]
    assert f"cross-validated, {training['repeats']} times {training['folds']} folds" in claims
    assert f"cross-validated, {training['repeats']} times {training['folds']} folds" in measured
