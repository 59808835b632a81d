"""Write `docs/command-line.md`: every command and option, from the code that reads them.

`python -m benchmarks.commands` writes the page.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any

from typer.main import get_command

from regression_model.cli import app

from .environments import ROOT
from .table import markdown

__all__ = ["PAGE", "page"]

PAGE = ROOT / "docs" / "command-line.md"
_TOP = """\
# Every command and option

Made from the code that reads them, by `python -m benchmarks.commands`. `regression-model --help`
and `regression-model COMMAND --help` say the same in a terminal.

Results go to standard output, everything else to standard error.

| exit code | meaning |
| --- | --- |
| 0 | success |
| 1 | a row has no prediction, or a trained model misses its quality bar |
| 2 | invalid input or arguments: one sentence on standard error names the cause |
| 130 | interrupted |

Two environment variables change what is written: `NO_COLOR` turns colours off, and with
`SOURCE_DATE_EPOCH`, in seconds since 1970, `train` and `package` write that time instead of the
present one. A package that `regression-model package` has made brings a command of its own, with
`predict`, `explain`, `evaluate`, `info` and `schema` for its model.
"""
_EXAMPLES = "\b\n"  # marks, in the help of a command, lines that stay as they are


def page() -> str:
    """Return the page."""
    program: Any = get_command(app)
    parts = [_TOP, _section("regression-model", program, "[COMMAND]")]
    for name, command in program.commands.items():
        parts.append(_section(f"regression-model {name}", command))
    return "\n".join(parts)


def _section(call: str, command: Any, rest: str = "") -> str:
    arguments = [one for one in command.params if one.param_type_name == "argument"]
    options = [one for one in command.params if one.param_type_name == "option"]
    usage = [call, *(["[OPTIONS]"] if options else []), *map(_argument, arguments), rest]
    text, _, examples = (command.help or "").partition(_EXAMPLES)
    parts = [f"## {call}", "\n\n".join(_paragraphs(text)), _code([" ".join(usage).strip()], "text")]
    rows = [(*_described(one, _argument(one)), "") for one in arguments]
    rows += [(*_described(one, _option(one)), _default(one)) for one in options]
    if rows:
        parts.append(markdown(("argument or option", "what it is", "default"), rows))
    lines = [line.strip() for line in examples.splitlines()[1:] if line.strip()]
    if lines:
        parts.append(_code(lines, "sh"))
    return "\n\n".join(parts) + "\n"


def _paragraphs(text: str) -> Iterator[str]:
    for paragraph in text.strip().split("\n\n"):
        yield _with_code(" ".join(paragraph.split()))


def _with_code(text: str) -> str:
    """Put the names of options between backticks."""
    return re.sub(r"(?<![\w`-])(--[a-z][\w-]*)", r"`\1`", text)


def _code(lines: Iterable[str], language: str) -> str:
    return "\n".join([f"```{language}", *lines, "```"])


def _argument(argument: Any) -> str:
    name = argument.metavar or argument.name.upper()
    return name if argument.required else f"[{name}]"


def _option(option: Any) -> str:
    return ", ".join(sorted(option.opts, key=len, reverse=True))


def _described(parameter: Any, names: str) -> tuple[str, str]:
    """Return the names of a parameter with what it takes, and what it is for."""
    takes = "" if parameter.param_type_name == "argument" else f" {_value(parameter)}".rstrip()
    bounds = _bounds(parameter.type)
    needed = " Required." if parameter.required else ""
    shown = ", ".join(f"`{name}{takes}`" for name in names.split(", "))
    return shown, f"{_with_code(parameter.help or '')}{bounds}{needed}"


def _value(option: Any) -> str:
    """Return what stands for the value of an option; nothing for a flag."""
    if option.is_flag or option.name in ("install_completion", "show_completion"):
        return ""
    choices = getattr(option.type, "choices", None)
    return "|".join(map(str, choices)) if choices else str(option.metavar or option.type.name)


def _bounds(kind: Any) -> str:
    low, high = getattr(kind, "min", None), getattr(kind, "max", None)
    if low is not None and high is not None:
        return f" From {low} to {high}."
    return "" if low is None else f" At least {low}."


def _default(option: Any) -> str:
    return "" if option.default in (None, False) or callable(option.default) else f"`{option.default}`"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
