"""A Dockerfile, read into its stages, and the part of its language that the stages use.

What is read: ARG, CMD, COPY, ENTRYPOINT, ENV, FROM, HEALTHCHECK, LABEL, RUN, USER and WORKDIR. Any
other instruction is refused. hadolint reads the file too, with a complete parser.
"""

from __future__ import annotations

import io
import json
import re
import shlex
from collections.abc import Mapping
from dataclasses import dataclass

from regression_model.errors import RegressionModelError

__all__ = ["Dockerfile", "DockerfileError", "Instruction", "Stage", "expand", "read_dockerfile"]

_KNOWN = set("ARG CMD COPY ENTRYPOINT ENV FROM HEALTHCHECK LABEL RUN USER WORKDIR".split())
_VARIABLE = re.compile(r"\$\{(\w+)\}|\$(\w+)")
_FLAG = re.compile(r"--(\S+?)=(\S+)\s+")


class DockerfileError(RegressionModelError):
    """A Dockerfile, or a stage of it, that does not do what it should."""


@dataclass(frozen=True)
class Instruction:
    """One instruction, with its flags taken off."""

    keyword: str
    value: str
    flags: tuple[tuple[str, str], ...]
    line: int

    @property
    def place(self) -> str:
        """Where it stands, for messages."""
        return f"Dockerfile:{self.line}"

    def words(self) -> list[str]:
        """The value as a list: from JSON, or split as a shell does."""
        if self.value.startswith("["):
            words: list[str] = json.loads(self.value)
            return words
        return shlex.split(self.value)

    def pairs(self, variables: Mapping[str, str]) -> dict[str, str]:
        """The names and values of ARG, ENV or LABEL; a name without a value is left out."""
        pairs = (word.partition("=") for word in self.words())
        return {name: expand(value, variables) for name, equals, value in pairs if equals}


@dataclass(frozen=True)
class Stage:
    """One stage: its name, the image or the stage that it is based on, what is done in it."""

    name: str
    base: str
    instructions: tuple[Instruction, ...]


@dataclass(frozen=True)
class Dockerfile:
    """The instructions before the first stage, and the stages in their order."""

    arguments: tuple[Instruction, ...]
    stages: tuple[Stage, ...]

    def is_used_after(self, name: str, stage: Stage) -> bool:
        """Whether a stage after this one is based on the stage with the name, or copies from it."""
        later = self.stages[self.stages.index(stage) + 1 :]
        return any(
            name == other.base or ("from", name) in instruction.flags
            for other in later
            for instruction in other.instructions
        )


def expand(text: str, variables: Mapping[str, str]) -> str:
    """Put values in place of $NAME and ${NAME}: nothing for a name that has none."""
    return _VARIABLE.sub(lambda found: variables.get(found[1] or found[2], ""), text)


def read_dockerfile(text: str) -> Dockerfile:
    """Read a Dockerfile; raise DockerfileError for an instruction that is not known here."""
    from dockerfile_parse import DockerfileParser

    parser = DockerfileParser(fileobj=io.BytesIO(text.encode()))
    arguments: list[Instruction] = []
    stages: list[tuple[str, str, list[Instruction]]] = []
    for part in parser.structure:
        if part["instruction"] == "COMMENT":
            continue
        read = _instruction(part["instruction"], part["value"], part["startline"] + 1)
        if read.keyword == "FROM":
            base, _, name = re.sub(r"\s+(?i:as)\s+", " ", read.value).partition(" ")
            stages.append((name or str(len(stages)), base, []))
        else:
            (stages[-1][2] if stages else arguments).append(read)
    return Dockerfile(
        tuple(arguments), tuple(Stage(name, base, tuple(done)) for name, base, done in stages)
    )


def _instruction(keyword: str, value: str, line: int) -> Instruction:
    if keyword not in _KNOWN:
        raise DockerfileError(f"Dockerfile:{line}: {keyword} is not understood here")
    flags = []
    while found := _FLAG.match(value):
        flags.append((found[1], found[2]))
        value = value[found.end() :]
    return Instruction(keyword, value, tuple(flags), line)
