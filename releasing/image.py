"""What the last stage of the Dockerfile has become, and whether it is what it should be."""

from __future__ import annotations

import csv
import io
import math
import os
import re
import subprocess
from dataclasses import dataclass, field
from importlib.metadata import distributions
from pathlib import Path

from .dockerfile import DockerfileError
from .roots import Root

__all__ = ["Image", "check_image"]

_LABELS = ("title", "description", "licenses", "version", "revision", "created", "base.name")


@dataclass(frozen=True)
class Image:
    """A folder that stands for `/`, and how a container starts in it."""

    root: Root
    variables: dict[str, str]
    arguments: dict[str, str] = field(default_factory=dict)
    labels: dict[str, str] = field(default_factory=dict)
    working_folder: str = "/"
    user: str = ""
    entrypoint: tuple[str, ...] = ()
    command: tuple[str, ...] = ()

    def user_number(self) -> int | None:
        """The number of the user; None for root."""
        number = self.user.partition(":")[0]
        if number and not number.isdecimal():
            raise DockerfileError(f"the user is {number}: name a number, which every engine knows")
        return int(number or 0) or None

    def start(
        self, *arguments: str, entrypoint: tuple[str, ...] | None = None
    ) -> subprocess.CompletedProcess[str]:
        """Do a `docker run`. Raise DockerfileError if its exit code is not 0."""
        command = [*(self.entrypoint if entrypoint is None else entrypoint)]
        command += arguments or (self.command if entrypoint is None else ())
        ran = self.root.run(
            ["/usr/bin/env", *command],
            variables=self.variables,
            working_folder=self.working_folder,
            user=self.user_number(),
        )
        if ran.returncode:
            raise DockerfileError(
                f"exit code {ran.returncode} of {' '.join(command)}: {ran.stderr.strip()}"
            )
        return ran


def check_image(image: Image, version: str, project: Path) -> None:
    """Raise DockerfileError unless the image is small in rights and predicts as it should."""
    empty = [name for name in _LABELS if not image.labels.get(f"org.opencontainers.image.{name}")]
    if empty:
        raise DockerfileError(f"these labels are empty: {', '.join(empty)}")
    if image.user_number() is None:
        raise DockerfileError("the last stage runs as root")
    count = _check_libraries(image, project)
    rows = (project / "regression_model" / "datasets" / "test.csv").read_text(encoding="utf-8")
    house = "".join(rows.splitlines(keepends=True)[:2])
    image.root.at("house.csv", image.working_folder).write_text(house, encoding="utf-8")
    image.root.set_writable(False)
    try:
        _check_read_only(image)
        if f"Usage: {image.entrypoint[0]}" not in image.start().stdout:
            raise DockerfileError("without arguments it does not print its help")
        if version not in (printed := image.start("--version").stdout):
            raise DockerfileError(f"its version is {printed.strip()}, and not {version}")
        predicted = image.start("predict", "house.csv")
    finally:
        image.root.set_writable(True)
    (row,) = csv.DictReader(io.StringIO(predicted.stdout))
    price = float(row["prediction"])
    if not re.fullmatch(r"1 row in .*\n", predicted.stderr):
        raise DockerfileError(f"beside its summary it says: {predicted.stderr.strip()}")
    if not (math.isfinite(price) and price > 0):
        raise DockerfileError(f"the price of a house is {price}")
    who = "you" if os.geteuid() else f"user {image.user_number()}"
    size = sum(path.lstat().st_size for path in image.root.at("/app").rglob("*")) / 2**20
    print(f"  {who} may write nowhere, and priced a house: {price:,.0f}")
    print(f"  /app: {count} distributions, {size:.0f} MB; every label is filled in")


def _check_libraries(image: Image, project: Path) -> int:
    """Raise DockerfileError if anything but the wheel and its locked libraries is installed."""
    lock = (project / "requirements" / "lock.txt").read_text(encoding="utf-8")
    locked = dict(re.findall(r"^([a-z0-9-]+)==([^\s;\\]+)", lock, flags=re.MULTILINE))
    folders = [str(path) for path in image.root.at("/app/lib").glob("python*/site-packages")]
    installed = {
        re.sub(r"[-_.]+", "-", found.name).lower(): found.version
        for found in distributions(path=folders)
    }
    others = [
        f"{name} {version}"
        for name, version in sorted(installed.items())
        if name != "regression-model" and locked.get(name) != version
    ]
    if others or "regression-model" not in installed:
        raise DockerfileError(f"not the wheel and its locked libraries: {others or installed}")
    for tool in ("pip", "pytest", "scikit-learn"):
        if tool in installed:
            raise DockerfileError(f"{tool} is installed, which nothing needs that predicts")
    return len(installed)


def _check_read_only(image: Image) -> None:
    """Raise DockerfileError if the user can write, so that the rest would show nothing."""
    for folder in ("/", "/app", "/data", "/tmp"):
        try:
            image.start(str(image.root.at(folder) / "written"), entrypoint=("touch",))
        except DockerfileError:
            continue
        raise DockerfileError(f"the user of the image can write to {folder}")
