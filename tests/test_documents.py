"""The pages in docs agree with the package: names, commands, errors, exit codes."""

from __future__ import annotations

import ast
import re
from contextlib import redirect_stdout
from importlib import import_module
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from typer.main import get_command

import regression_model
from regression_model import QualityError, RegressionModelError
from regression_model.cli import app

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
PAGES = {path.name: path.read_text(encoding="utf-8") for path in sorted(DOCS.glob("*.md"))}
CODE = re.compile(r"^( *)```(\w+)\n(.*?)^\1```$", flags=re.MULTILINE | re.DOTALL)
CALL = re.compile(r"^(?:.* )?regression-model ([a-z]\w*)([^|>]*)")


def options() -> dict[str, set[str]]:
    """The long options of each command."""
    program: Any = get_command(app)
    return {
        name: {
            opt
            for one in (command, *getattr(command, "commands", {}).values())
            for p in one.params
            for opt in p.opts
            if opt.startswith("--")
        }
        | {"--help"}
        for name, command in program.commands.items()
    }


def blocks(page: str, language: str) -> list[str]:
    """The fenced blocks of a page in one language."""
    return [text for _, kind, text in CODE.findall(PAGES[page]) if kind == language]


def rows(page: str) -> dict[str, list[str]]:
    """The rows of all tables of a page, by the first name in their first cell."""
    lines = re.findall(r"^\| (.+) \|$", PAGES[page], flags=re.MULTILINE)
    cells = [[cell.strip() for cell in line.split(" | ")] for line in lines]
    return {row[0].strip("`"): row for row in cells}


def listed_names(page: str) -> set[str]:
    """Every name that stands between backticks, without the modules before it."""
    return {name.rpartition(".")[2] for name in re.findall(r"`([\w.]+)`", PAGES[page])}


@pytest.mark.usefixtures("benchmarks")
def test_the_page_of_the_command_line_is_that_of_the_code() -> None:
    """Whoever adds an option runs `python -m benchmarks.commands`."""
    commands = import_module("benchmarks.commands")
    assert commands.page() == commands.PAGE.read_text(encoding="utf-8")


def test_every_command_and_option_stands_on_its_page() -> None:
    """The page that is made from the code leaves nothing out."""
    sections = re.split(r"^## regression-model ", PAGES["command-line.md"], flags=re.MULTILINE)
    said: dict[str, set[str]] = {}
    for text in sections[1:]:
        said.setdefault(text.split()[0], set()).update(re.findall(r"`(--[\w-]+)", text))
    assert said.keys() == options().keys()
    for name, known in options().items():
        assert known - {"--help"} <= said[name]


@pytest.mark.parametrize("page", PAGES)
def test_every_command_and_option_that_is_used_exists(page: str) -> None:
    """An example on any page is one that the program understands."""
    known = options()
    lines = "".join(blocks(page, "sh")).splitlines()
    lines += re.findall(r"`([^`\n]+)`", CODE.sub("", PAGES[page]))
    for name, rest in (found.groups() for line in lines if (found := CALL.match(line))):
        assert name in known
        assert {*re.findall(r"--[\w-]+", rest)} <= known[name]


def test_every_public_name_is_listed() -> None:
    """Whoever adds a name to the package adds it to the page of the Python API."""
    assert {*regression_model.__all__} <= listed_names("api.md")


def test_every_error_is_listed_with_its_exit_code() -> None:
    """An operator finds what an exit code may mean."""
    table = rows("errors.md")
    for name in regression_model.errors.__all__:
        code = "1" if name in ("AliasMovedError", QualityError.__name__) else "2"
        assert name in table
        if name != RegressionModelError.__name__:
            assert table[name][-1] == code


def test_the_shown_error_is_the_one_that_is_raised(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """To the letter, where no such file is."""
    monkeypatch.chdir(tmp_path)
    (code,), (expected,) = blocks("errors.md", "python"), blocks("errors.md", "text")
    printed = StringIO()
    with redirect_stdout(printed):
        exec(compile(code, "errors.md", "exec"), {})
    assert printed.getvalue() == expected


def test_what_the_recipes_import_from_the_package_exists() -> None:
    """Their other libraries need not be installed here."""
    imported = [
        (node.module, name.name)
        for code in blocks("how-to.md", "python")
        for node in ast.walk(ast.parse(code))
        if isinstance(node, ast.ImportFrom) and str(node.module).startswith("regression_model")
        for name in node.names
    ]
    assert imported
    for module, name in imported:
        assert hasattr(import_module(str(module)), name)


def test_every_page_is_listed_on_the_first_one() -> None:
    """A reader on the code host finds each page from docs/index.md."""
    top = {"overview": "README", "contributing": "CONTRIBUTING", "changelog": "CHANGELOG"}
    top["security"] = "SECURITY"
    visible = PAGES["index.md"].partition("<!-- site")[0]
    linked = {Path(link).name for link in re.findall(r"\]\(([^)#]+)\)", visible)}
    pages = {Path(name).stem for name in PAGES} - {"index"}
    assert {f"{top.get(page, page)}.md" for page in pages} <= linked
