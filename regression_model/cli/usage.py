"""What is wrong with an argument, in the words of this program."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import typer

__all__ = ["too_many_arguments", "usage_sentence"]


def usage_sentence(error: typer.BadParameter) -> str:
    """Return what was expected and what was received; typer has it checked by pydantic."""
    from pydantic import ValidationError  # only now: --help does without

    cause = error.__cause__
    if not isinstance(cause, ValidationError):
        return error.message
    return "; ".join(_sentence(dict(found)) for found in cause.errors())


def too_many_arguments(command: Any, more: list[str]) -> str:
    """Return which arguments are too many, and which ones a command of typer takes."""
    arguments = [one for one in command.params if one.param_type_name == "argument"]
    names = [one.metavar or one.name.upper() for one in arguments]
    received = ", ".join(map(repr, more))
    return (
        f"Unexpected argument{'s' if len(more) > 1 else ''} {received}: "
        f"{command.name} takes {'only ' + ' and '.join(names) if names else 'none'}."
    )


def _sentence(found: dict[str, Any]) -> str:
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
