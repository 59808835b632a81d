"""Commands and job files have the same settings."""

import subprocess
import sys
from typing import Any

import pytest
from typer.main import get_command

from regression_model.cli import app
from regression_model.jobs import KINDS
from regression_model.jobs.description.schema import schema


def options(kind: str) -> dict[str, Any]:
    """The options of a command by the keys that they have in a file."""
    command: Any = get_command(app)
    found = {}
    for one in command.commands[kind].params:
        name = max(one.opts, key=len).removeprefix("--").replace("-", "_")
        if one.param_type_name == "argument":
            name = {"source": "input"}.get(one.name, one.name)
        if name != "help":
            found[name] = one
    return found


@pytest.mark.parametrize("kind", KINDS)
def test_commands_and_files_agree(kind: str) -> None:
    """Names, texts, defaults, types and what is required are those of the command."""
    [described] = [
        one for one in schema()["$defs"].values() if kind == _kind(one) and "properties" in one
    ]
    keys = {
        key: one for key, one in described["properties"].items() if key not in ("kind", "notify")
    }
    found = options(kind)
    assert {*keys} == {*found}
    for key, one in found.items():
        said = keys[key]
        assert one.help == said["description"]
        assert one.required == (key in described.get("required", ()))
        if one.param_type_name == "option" and one.is_flag:
            assert said["default"] == "no" and {"type": "boolean"} in said["anyOf"]
        elif not one.required:
            assert (one.default or None) == (said["default"] or None)


def _kind(described: dict[str, Any]) -> str:
    kind: str = described.get("properties", {}).get("kind", {}).get("const", "")
    return kind


@pytest.mark.parametrize("command", [["--help"], ["run", "--help"], ["train", "--help"]])
def test_help_loads_no_library_of_a_job(command: list[str]) -> None:
    """Without those that take long, help is there in a fraction of a second."""
    script = (
        "import sys\nfrom regression_model.cli import main\ntry:\n    main()\nfinally:\n"
        "    print(*sys.modules, file=sys.stderr)"
    )
    done = subprocess.run(
        [sys.executable, "-P", "-c", script, *command], capture_output=True, text=True, check=True
    )
    loaded = set(done.stderr.split())
    assert not loaded & {"numpy", "strictyaml", "rich", "apprise", "mlflow", "logging.config"}
    if command == ["--help"]:
        assert "pydantic" not in loaded
