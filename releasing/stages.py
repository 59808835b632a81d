"""python -m releasing.stages: run the stages of the Dockerfile where there is no container engine.

Each stage has a folder of its own that stands for `/`. COPY copies what .dockerignore leaves, or
from the folder of an earlier stage; RUN runs the command there, with the variables, the working
folder and, if you are root, the user of the stage. A copy of the Python that runs this stands for
the base image. In the result, which nobody may write to, a house is priced.

Not shown by this: the engine, the base image, and that nothing leaves the container.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path

from .dockerfile import Dockerfile, DockerfileError, Instruction, Stage, expand, read_dockerfile
from .image import Image, check_image
from .roots import Root, base_image, context, copy

__all__ = ["Build", "main"]

PROJECT = Path(__file__).parents[1]


@dataclass
class Build:
    """The stages that are done, and what the next one needs."""

    dockerfile: Dockerfile
    given: dict[str, str]
    work: Path
    done: dict[str, Image] = field(default_factory=dict)

    def stage(self, stage: Stage) -> Image:
        """Carry out the instructions of a stage; return what the image would be."""
        root = Root(self.work / "root")
        defaults: dict[str, str] = {}
        for argument in self.dockerfile.arguments:
            defaults |= argument.pairs(self.given)
        base = expand(stage.base, defaults | self.given)
        if not base:
            raise DockerfileError(f"the stage {stage.name} has no base image")
        if base in self.done:
            image = replace(self.done[base], root=root)
            if self.dockerfile.is_used_after(base, stage):
                shutil.copytree(self.work / base, root.folder, symlinks=True)
            else:
                (self.work / base).rename(root.folder)
        else:
            root.folder.mkdir()
            image = Image(root, {"PATH": f"{root.folder}/usr/local/bin:/usr/bin:/bin"})
            if base != "scratch":
                base_image(root.folder)
        for instruction in stage.instructions:
            image = self._instruction(image, instruction)
        return image

    def keep(self, stage: Stage, image: Image) -> None:
        """Give the folder of a stage that is done the name of the stage."""
        self.done[stage.name] = image
        image.root.folder.rename(self.work / stage.name)

    def _instruction(self, image: Image, instruction: Instruction) -> Image:
        variables = {**image.arguments, **image.variables}
        value, place = instruction.value, instruction.place
        match instruction.keyword:
            case "ARG":
                name, _, default = expand(value, variables).strip('"').partition("=")
                given = self.given.get(name, default.strip('"'))
                return replace(image, arguments={**image.arguments, name: given})
            case "ENV":
                moved = replace(instruction, value=image.root.inside(value, place))
                return replace(image, variables=image.variables | moved.pairs(variables))
            case "LABEL":
                return replace(image, labels=image.labels | instruction.pairs(variables))
            case "WORKDIR":
                folder = os.path.join(image.working_folder, expand(value, variables))
                image.root.at(folder).mkdir(parents=True, exist_ok=True)
                return replace(image, working_folder=folder)
            case "USER":
                return replace(image, user=expand(value, variables))
            case "ENTRYPOINT":
                return replace(image, entrypoint=tuple(instruction.words()))
            case "CMD":
                return replace(image, command=tuple(instruction.words()))
            case "COPY":
                self._copy(image, instruction, variables)
            case "RUN":
                _run(image, instruction)
        return image

    def _copy(self, image: Image, instruction: Instruction, variables: dict[str, str]) -> None:
        flags = dict(instruction.flags)
        stage = flags.pop("from", None)
        if flags or (stage is not None and stage not in self.done):
            raise DockerfileError(f"{instruction.place}: COPY with {instruction.flags}")
        *sources, last = [expand(word, variables) for word in instruction.words()]
        target = image.root.at(last, image.working_folder)
        taken_from = self.work / (stage or "context")
        copy(sources, taken_from, target, into=last.endswith("/") or len(sources) > 1)


def _run(image: Image, instruction: Instruction) -> None:
    mounts = [value for name, value in instruction.flags if name == "mount"]
    if len(mounts) < len(instruction.flags) or not all(
        mount.startswith(("type=cache,", "type=secret,")) for mount in mounts
    ):
        raise DockerfileError(f"{instruction.place}: RUN with {instruction.flags}")
    started = time.monotonic()
    command = image.root.inside(instruction.value, instruction.place)
    ran = image.root.run(
        ["/bin/sh", "-c", command],
        variables={**image.arguments, **image.variables, **_for_pip(mounts)},
        working_folder=image.working_folder,
        user=image.user_number(),
        passing=True,
    )
    print(f"  {instruction.place}: {time.monotonic() - started:.1f} s", flush=True)
    if ran.returncode:
        print(ran.stdout, ran.stderr, file=sys.stderr)
        raise DockerfileError(f"{instruction.place}: exit code {ran.returncode} of {command}")


def _for_pip(mounts: Sequence[str]) -> dict[str, str]:
    """The caller's cache and settings of pip, where the command asks for mounts."""
    found = {}
    if any(mount.startswith("type=cache,") for mount in mounts):
        command = [sys.executable, "-m", "pip", "cache", "dir"]
        asked = subprocess.run(command, capture_output=True, text=True, check=False)
        found = {"PIP_CACHE_DIR": asked.stdout.strip()} if asked.returncode == 0 else {}
    settings = Path("~/.config/pip/pip.conf").expanduser()
    if any(mount.startswith("type=secret,") for mount in mounts) and settings.is_file():
        found["PIP_CONFIG_FILE"] = str(settings)
    return found


def _arguments() -> dict[str, str]:
    """What docs/containers.md gives on the command line of a build."""

    def git(*words: str) -> str:
        command = ["git", "-C", str(PROJECT), *words]
        try:
            ran = subprocess.run(command, capture_output=True, text=True, check=False)
        except OSError:
            return ""
        return ran.stdout.strip()

    seconds = os.environ.get("SOURCE_DATE_EPOCH") or git("log", "-1", "--format=%ct")
    moment = datetime.fromtimestamp(int(seconds), UTC) if seconds else datetime.now(UTC)
    return {
        "BASE": "python",
        "CREATED": moment.isoformat(timespec="seconds"),
        "REVISION": git("rev-parse", "HEAD") or "unknown",
        "SOURCE_DATE_EPOCH": str(int(moment.timestamp())),
        "VERSION": (PROJECT / "regression_model" / "VERSION").read_text(encoding="utf-8").strip(),
    }


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the stages, then the last of them as its user would."""
    parser = argparse.ArgumentParser(
        prog="python -m releasing.stages",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--build-arg",
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="a build argument, as for docker build: PYTEST_ARGUMENTS='tests/runtime -k prices'",
    )
    options = parser.parse_args(arguments)
    if os.name != "posix":
        print("the stages need a POSIX shell, which this system has not", file=sys.stderr)
        return 2
    given = dict(text.partition("=")[::2] for text in options.build_arg)
    try:
        with tempfile.TemporaryDirectory(prefix="stages-") as folder:
            work = Path(folder).resolve()
            work.chmod(0o755)  # another user runs the last stage
            _build(work, _arguments() | given)
    except DockerfileError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


def _build(work: Path, given: dict[str, str]) -> None:
    text = (PROJECT / "Dockerfile").read_text(encoding="utf-8")
    build = Build(read_dockerfile(text), given, work)
    context(PROJECT, work / "context")
    for stage in build.dockerfile.stages:
        print(f"{stage.name}, from {stage.base}", flush=True)
        image = build.stage(stage)
        if stage is build.dockerfile.stages[-1]:
            check_image(image, given["VERSION"], PROJECT)
        else:
            build.keep(stage, image)


if __name__ == "__main__":
    sys.exit(main())
