"""Write `docs/command-line.md`: every command and option, from the code that reads them.

`python -m benchmarks.commands` writes the page.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterable, Iterator
from enum import EnumType
from typing import Any, get_args

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
| 1 | a row has no prediction, a model misses its quality bar, or something is refused |
| 2 | invalid input or arguments: one sentence on standard error names the cause |
| 10, 11 | of `compare`: a minor or a major release is needed |
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
        for below, one in getattr(command, "commands", {}).items():
            parts.append(_section(f"regression-model {name} {below}", one))
    return "\n".join(parts)


def _section(call: str, command: Any, rest: str = "") -> str:
    arguments = [one for one in command.params if one.param_type_name == "argument"]
    options = [one for one in command.params if one.param_type_name == "option"]
    usage = [call, *(["[OPTIONS]"] if options else []), *map(_argument, arguments), rest]
    text, _, examples = (command.help or "").partition(_EXAMPLES)
    parts = [f"## {call}", "\n\n".join(_paragraphs(text)), _code([" ".join(usage).strip()], "text")]
    hints = inspect.signature(command.callback, eval_str=True).parameters
    rows = [(f"`{_argument(one)}`", _meaning(one, hints)) for one in arguments]
    rows += [(_option(one, hints), _meaning(one, hints)) for one in options]
    if rows:
        parts.append(markdown(("argument or option", "what it is"), rows))
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


def _option(option: Any, hints: Any) -> str:
    """Return the names of an option, each with what it takes."""
    takes = "" if option.is_flag else f" {option.metavar or _choices(option, hints)}"
    names = sorted(option.opts, key=len, reverse=True)
    return ", ".join(f"`{name}{takes}`" for name in names)


def _choices(option: Any, hints: Any) -> str:
    kind = get_args(hints[option.name].annotation)[0]
    kinds = get_args(kind) or (kind,)  # one alone, or one that may be None
    (choices,) = (one for one in kinds if isinstance(one, EnumType))
    return "|".join(choice.value for choice in choices)


def _meaning(parameter: Any, hints: Any) -> str:
    needed = " Required." if parameter.required else _default(parameter)
    return f"{_with_code(parameter.help or '')}{_bounds(parameter, hints)}{needed}"


def _bounds(parameter: Any, hints: Any) -> str:
    if parameter.name not in hints or not get_args(hints[parameter.name].annotation):
        return ""
    info = get_args(hints[parameter.name].annotation)[-1]
    if info.min is not None and info.max is not None:
        return f" From {info.min} to {info.max}."
    return "" if info.min is None else f" At least {info.min}."


def _default(option: Any) -> str:
    return "" if option.default in (None, False) else f" Default: `{option.default}`."


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
