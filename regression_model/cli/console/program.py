"""The program around the commands: how it fails, how it stops, and how it ends."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from io import TextIOWrapper
from pathlib import Path
from typing import Annotated, Any, NoReturn

import typer
from typer.core import TyperCommand, TyperGroup

from ... import __version__
from ...errors import AliasMovedError, ConfigError, QualityError, RegressionModelError
from ...files.writing import whole_text
from ...logs import Level
from .logs import MESSAGES

__all__ = [
    "Command",
    "app",
    "fail",
    "if_interrupted",
    "interruptible",
    "main",
    "new_program",
    "run",
    "say",
]

_INTERRUPTED_EXIT = 130  # as a shell reports a program that Ctrl-C ended
_SIGPIPE_EXIT = 141  # and one whose reader went away


LogLevel = Annotated[
    Level, typer.Option("--log-level", help="The least important messages to show.")
]
LogFile = Annotated[
    Path | None,
    typer.Option(
        "--log-file",
        metavar="FILE",
        help="File to which each message is added as a line of JSON as well, with the beginning "
        "and the end of the work.",
    ),
]


class Command(TyperCommand):
    """One command, which says how many arguments it takes when it gets more."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Read the arguments of a call."""
        ctx.allow_extra_args = True
        if (more := super().parse_args(ctx, args)) and not ctx.resilient_parsing:
            ctx.fail(_too_many_arguments(self, more))
        return more


class Program(TyperGroup):
    """The commands, with one way to fail: a sentence and an exit code, never a traceback."""

    def invoke(self, ctx: Any) -> Any:
        """Run a command."""
        try:
            result = super().invoke(ctx)
            sys.stdout.flush()
            return result
        except RegressionModelError as error:
            is_no = isinstance(error, AliasMovedError | QualityError)
            fail(_sentence(error), code=1 if is_no else 2)
        except typer.BadParameter as error:
            error.message = _usage_sentence(error)
            raise
        except KeyboardInterrupt:
            fail("Interrupted.", code=_INTERRUPTED_EXIT)
        except BrokenPipeError:
            _drop_standard_output()
            raise typer.Exit(_SIGPIPE_EXIT) from None
        except OSError as error:
            if error.filename is None:
                _drop_standard_output()
            place = error.filename or "Standard output"
            fail(f"Error: {place} cannot be used: {error.strerror or error}.", code=2)


def fail(sentence: str, *, code: int) -> NoReturn:
    MESSAGES.say(sentence, level="error")
    raise typer.Exit(code) from None


def say(sentence: str) -> None:
    MESSAGES.say(sentence)


def _sentence(error: RegressionModelError) -> str:
    """Return the message of an error; a list of mistakes stays as it is, for editors to jump to."""
    listed = isinstance(error, ConfigError) and error.mistakes
    return str(error) if listed or "\n" in str(error) else f"Error: {error}"


def _usage_sentence(error: typer.BadParameter) -> str:
    """Say what was expected of an argument and what was received; typer checks with pydantic."""
    from pydantic import ValidationError  # only now: --help does without

    cause = error.__cause__
    if not isinstance(cause, ValidationError):
        return error.message
    return "; ".join(_expected(dict(found)) for found in cause.errors())


def _too_many_arguments(command: Any, more: list[str]) -> str:
    """Say which arguments are too many, and which ones a command takes."""
    arguments = [one for one in command.params if one.param_type_name == "argument"]
    names = [one.metavar or one.name.upper() for one in arguments]
    received = ", ".join(map(repr, more))
    return (
        f"Unexpected argument{'s' if len(more) > 1 else ''} {received}: "
        f"{command.name} takes {'only ' + ' and '.join(names) if names else 'none'}."
    )


def _expected(found: dict[str, Any]) -> str:
    context = found.get("ctx", {})
    received = f"received {found['input']!r}"
    match found["type"]:
        case "int_parsing" | "int_type" | "int_from_float":
            return f"expected a whole number, {received}."
        case "greater_than_equal":
            return f"expected at least {context['ge']}, {received}."
        case "value_error":
            return str(context["error"])
    return f"{found['msg']}, {received}."


def _drop_standard_output() -> None:
    """Discard what is still to be written, so that Python exits silently."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def new_program(name: str, about: str, *, help_text: str, completion: bool = False) -> typer.Typer:
    """Return a program without commands, with the option --version, which says `about`."""
    made = typer.Typer(
        cls=Program,
        name=name,
        no_args_is_help=True,
        add_completion=completion,
        pretty_exceptions_enable=False,
        rich_markup_mode=None,  # plain help: fast, and the same in a terminal and in a pipe
        context_settings={"help_option_names": ["-h", "--help"]},
    )

    def show_version(wanted: bool) -> None:
        if wanted:
            typer.echo(about)
            raise typer.Exit

    option = typer.Option(
        False,
        "--version",
        "-V",
        is_eager=True,
        callback=show_version,
        help="Show the version and exit.",
    )

    def program(
        version: bool = option, log_level: LogLevel = Level.info, log_file: LogFile = None
    ) -> None:
        MESSAGES.open(level=log_level.value, file=log_file)

    made.callback(help=help_text)(program)
    return made


app = new_program(
    "regression-model",
    f"regression-model {__version__}",
    help_text="Train a regression model, and predict with it from one self-describing model file.",
    completion=True,
)


def main() -> None:
    """Run the program and exit."""
    run(app, "regression-model")


def run(program: typer.Typer, name: str) -> None:
    """Run a program under its name and exit."""
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, _stop)
    for output in ("stdout", "stderr"):
        stream = getattr(sys, output)
        if isinstance(stream, TextIOWrapper):
            setattr(sys, output, whole_text(stream))
    program(prog_name=name)


def _stop(*_: object) -> None:
    """Exit at once on Ctrl-C: no file is open, and a library being loaded can lose an exception."""
    os.write(2, b"Interrupted: nothing was written.\n")
    os._exit(_INTERRUPTED_EXIT)


@contextmanager
def interruptible() -> Iterator[None]:
    """Let Ctrl-C raise KeyboardInterrupt, so that unfinished work is cleaned up first."""
    handler = signal.getsignal(signal.SIGINT)
    if handler is not _stop:
        yield
        return
    signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, handler)


@contextmanager
def if_interrupted(consequence: str) -> Iterator[None]:
    """Say what an interruption of the work leaves behind, and end the program."""
    try:
        yield
    except KeyboardInterrupt:
        fail(f"Interrupted: {consequence}", code=_INTERRUPTED_EXIT)
