"""Commands whose options are the settings of a job: nothing is described twice.

The class of a job is imported when its options are asked for, so `--help` does without pydantic.
"""

from __future__ import annotations

import inspect
import types
from collections.abc import Callable
from functools import cached_property
from typing import TYPE_CHECKING, Annotated, Any, Union, get_args, get_origin

import typer
from typer.main import get_command_from_info
from typer.models import CommandInfo

from ...jobs import KINDS, kind_of
from .program import Command

if TYPE_CHECKING:
    from pydantic.fields import FieldInfo

    from ...jobs.base import Job

__all__ = ["COMMANDS", "JobCommand", "JobFunction"]

COMMANDS: dict[str, JobFunction] = {}  # by the kinds of their jobs


class JobFunction:
    """A command that is called with the settings of a job, or with options that make one.

    `show` runs a job and shows its result; it has the name of the kind.
    """

    def __init__(self, show: Callable[[Any], None]) -> None:
        assert show.__name__ in KINDS
        self.show = show
        self.__name__, self.__doc__ = show.__name__, show.__doc__
        self.__annotations__: dict[str, Any] = {}
        COMMANDS[self.__name__] = self

    def __call__(self, **options: Any) -> None:
        """Run the job that the options of a command line describe."""
        self.show(job_of_options(kind_of(self.__name__), options))

    @property
    def __signature__(self) -> inspect.Signature:
        """The options, as typer reads them."""
        from ...jobs.base import Job

        of_all = Job.model_fields
        fields = kind_of(self.__name__).model_fields.items()
        ordered = sorted(fields, key=lambda item: item[0] in of_all)  # those of all jobs last
        return inspect.Signature(
            [_parameter(*item) for item in ordered if not _shown(item[1])["only_in_files"]]
        )


class JobCommand(Command):
    """A command whose options are made when they are asked for."""

    @cached_property
    def _command(self) -> Any:
        info = CommandInfo(name=self.name, cls=Command, callback=COMMANDS[str(self.name)])
        return get_command_from_info(info, pretty_exceptions_short=False, rich_markup_mode=None)

    # typer sets both, to those of the function without options.
    params: Any = property(lambda self: self._command.params, lambda self, _: None)
    callback: Any = property(lambda self: self._command.callback, lambda self, _: None)


def job_of_options(kind: type[Job], options: dict[str, Any]) -> Job:
    """Make a job of options, or raise typer.BadParameter for the first that does not fit."""
    from pydantic import ValidationError

    from ...config.mistakes import explain

    try:
        return kind(**{name: one for name, one in options.items() if one is not None})
    except ValidationError as error:
        (path, text), *_ = explain(error, kind)
    raise typer.BadParameter(text, param_hint=_option_of(kind, path[0]) if path else None)


def _option_of(kind: type[Job], key: str) -> str:
    """Return how the option of a key is written."""
    for name, field in kind.model_fields.items():
        if key in (name, field.alias):
            shown = _shown(field)
            return str(shown["metavar"] if shown["argument"] else _flags(name, field)[0])
    return key


def _parameter(name: str, field: FieldInfo) -> inspect.Parameter:
    shown = _shown(field)
    of_both = {"metavar": shown["metavar"], "help": field.description, **_limits(field)}
    declared: Any
    if shown["argument"]:
        declared = typer.Argument(**of_both)
    else:
        declared = typer.Option(*_flags(name, field), **of_both)
    default = inspect.Parameter.empty if field.is_required() else field.default
    return inspect.Parameter(
        name,
        inspect.Parameter.KEYWORD_ONLY,
        default=None if default == () else default,
        annotation=Annotated[_plain(field.annotation), declared],
    )


def _flags(name: str, field: FieldInfo) -> list[str]:
    return _shown(field)["flags"] or [f"--{(field.alias or name).replace('_', '-')}"]


def _shown(field: FieldInfo) -> dict[str, Any]:
    shown: Any = field.json_schema_extra
    return shown or {"flags": [], "metavar": None, "argument": False, "only_in_files": True}


def _limits(field: FieldInfo) -> dict[str, Any]:
    """Return the least and the most that a number may be."""
    return {
        theirs: getattr(limit, ours)
        for limit in field.metadata
        for ours, theirs in (("ge", "min"), ("le", "max"))
        if hasattr(limit, ours)
    }


def _plain(annotation: Any) -> Any:
    """Return a type without what pydantic is told about it."""
    if get_origin(annotation) is Annotated:
        return _plain(get_args(annotation)[0])
    if annotation == tuple[str, ...]:
        return list[str] | None  # an option that may be given several times
    if get_origin(annotation) in (Union, types.UnionType):
        return Union[tuple(map(_plain, get_args(annotation)))]
    return annotation
