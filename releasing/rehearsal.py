"""Do everything that a release does, on one machine: to an index on 127.0.0.1, from a clone.

    tox -e release_rehearsal                # what is committed, as the version in VERSION
    tox -e release_rehearsal -- --page      # and write what was done into docs/releasing.md

Nothing outside a temporary folder is changed, but for the page. Libraries come from where pip finds
them; nothing is uploaded to any place but 127.0.0.1.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import shutil
import subprocess
import sys
import time
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory

from .archives import ROOT, Archives, ReleaseError, refuse, sha256
from .environments import Environment, pythons
from .local_index import LocalIndex, local_index
from .page import write_block

__all__: list[str] = []

PAGE = ROOT / "docs" / "releasing.md"
_AUTHOR = {
    f"GIT_{role}_{key}": value
    for role in ("AUTHOR", "COMMITTER")
    for key, value in {"NAME": "Rehearsal", "EMAIL": "rehearsal@example.com"}.items()
}
_COLOUR = re.compile(r"\x1b\[[0-9;]*m")
_HOUSE = (
    "from regression_model import load_model\n"
    "model = load_model()\n"
    "house = dict(Neighborhood='NAmes', LotArea=11622, OverallQual=5, OverallCond=6)\n"
    "house |= dict(YearBuilt=1961, YrSold=2010, GrLivArea=896, TotalBsmtSF=882)\n"
    "price = model.predict([house]).values[0]\n"
    "print(f'{model.name} {model.version}: {model.contract.target} {price:,.0f}')\n"
)


class Rehearsal:
    """The steps, and what they said."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.clone = folder / "clone"
        self.lines: list[str] = []
        self._begun = time.monotonic()

    def say(self, line: str) -> None:
        """Show a line, and keep it for the page."""
        line = _COLOUR.sub("", line.replace(str(self.folder), "")).rstrip()
        self.lines.append(line)
        print(line, flush=True)

    @contextmanager
    def step(self, title: str) -> Iterator[None]:
        """Number a step and measure it."""
        number = sum(line.startswith("== ") for line in self.lines) + 1
        self.say(f"== {number}. {title}")
        begun = time.monotonic()
        yield
        self.say(f"   ({time.monotonic() - begun:.0f} s)")

    def run(
        self,
        *command: str | Path,
        folder: Path | None = None,
        variables: Mapping[str, str] | None = None,
        fails: bool = False,
    ) -> str:
        """Run a command and return what it printed.

        Raises
        ------
        ReleaseError
            When it fails, or does not although it should.
        """
        kept = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(("TOX_", "PYTHON", "VIRTUAL_ENV", "COV_"))
        }
        done = subprocess.run(
            [str(word) for word in command],
            cwd=folder or self.clone,
            env=kept | _AUTHOR | {"NO_COLOR": "1"} | dict(variables or {}),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
            errors="replace",
            check=False,
        )
        if (done.returncode != 0) is not fails:
            shown = " ".join(Path(word).name for word in map(str, command[:6]))
            said = "\n".join(done.stdout.strip().splitlines()[-30:])
            verb = "succeeded, although it must be refused" if fails else "failed"
            raise ReleaseError(f"{shown} {verb}:\n{said}")
        return done.stdout.strip()

    def git(self, *arguments: str) -> str:
        """Run git in the clone."""
        return self.run("git", *arguments)

    @property
    def minutes(self) -> float:
        """Return the minutes since the beginning."""
        return (time.monotonic() - self._begun) / 60

    def rehearse(self) -> None:
        """Do every step."""
        with self.step("A clean clone, with the date of the release in the changelog"):
            self._clone()
        tox = (sys.executable, "-m", "tox", "run", "--colored", "no", "-e")
        epoch = {"SOURCE_DATE_EPOCH": self.git("log", "-1", "--format=%ct")}
        with self.step("tox -e checks"):
            self._report(self.run(*tox, "checks", variables=epoch))
        with self.step("tox -e test_package,build: train, build, test, build again elsewhere"):
            self._report(self.run(*tox, "test_package,build", variables=epoch))
        archives = self._archives()
        with self.step("The SBOM in the wheel"):
            self._show_sbom(archives)
        signer = Environment.make(self.folder / "signer", Path(sys.executable))
        with self.step("Sign both archives"):
            model, key = self._sign(signer, archives)
        with local_index(self.folder) as index:
            with self.step("Publish to a staging index on 127.0.0.1, then to a release index"):
                self._publish(index)
            houses = self.folder / "wheelhouse"
            for name, python in pythons():
                with self.step(f"Install from the release index with {name}; verify, predict"):
                    if python is None:
                        self.say(f"   {name} is not here: left out")
                        continue
                    self._install(index, name, python, houses, archives)
            with self.step("Refuse what was tampered with"):
                self._tamper(signer, archives, model, key)
            with self.step("The next version"):
                self._upgrade(index, archives, houses, tox)
        self.say(f"Done in {self.minutes:.1f} minutes.")

    def _clone(self) -> None:
        self.run("git", "clone", "--quiet", ROOT, self.clone, folder=self.folder)
        self._date_changelog((self.clone / "regression_model/VERSION").read_text().strip())
        self.say(f"   {self.git('log', '-1', '--format=%h %s')}")

    def _date_changelog(self, version: str) -> None:
        """Write the version with a date above its changes, and commit."""
        path = self.clone / "CHANGELOG.md"
        text = path.read_text(encoding="utf-8")
        heading = f"## [{version}] - {date.today().isoformat()}"
        if f"## [{version}]" in text:
            text = re.sub(rf"^## \[{re.escape(version)}\].*$", heading, text, flags=re.MULTILINE)
        else:
            text = text.replace("## [", f"{heading}\n\n### Changed\n\n- Nothing.\n\n## [", 1)
        path.write_text(text, encoding="utf-8")
        when = self.git("log", "-1", "--format=%cI")
        dates = {"GIT_AUTHOR_DATE": when, "GIT_COMMITTER_DATE": when}
        self.run(
            "git", "commit", "--all", "--allow-empty", "-qm", f"Release {version}", variables=dates
        )

    def _report(self, output: str) -> None:
        """Show what tox says at the end of each environment, and what was compared."""
        wanted = re.compile(r"^ +\w+: OK|\d+ passed|: the same [\d,]+ bytes|issues found|PASSED")
        for line in output.splitlines():
            if wanted.search(line):
                self.say(f"   {line.strip(' =')}")

    def _archives(self) -> Archives:
        version = (self.clone / "regression_model/VERSION").read_text().strip()
        wheel, sdist = sorted(
            (self.clone / "dist").iterdir(), key=lambda path: path.suffix != ".whl"
        )
        for path in (wheel, sdist):
            self.say(f"   {path.name}: {path.stat().st_size:,} bytes, sha256 {sha256(path)}")
        return Archives("regression-model", version, wheel, sdist)

    def _show_sbom(self, archives: Archives) -> None:
        with zipfile.ZipFile(archives.wheel) as wheel:
            (name,) = (one for one in wheel.namelist() if "/sboms/" in one)
            document = json.loads(wheel.read(name))
        scopes = [component["scope"] for component in document["components"]]
        form = f"{document['bomFormat']} {document['specVersion']}"
        self.say(
            f"   {name}: {form}, {scopes.count('required')} libraries of the base install and "
            f"{scopes.count('optional')} of the extras"
        )

    def _sign(self, signer: Environment, archives: Archives) -> tuple[Path, Path]:
        """Sign the wheel and the model file, and return the model file and the public key."""
        signer.install_locked("verify")
        signer.install("--no-deps", str(archives.wheel))
        key, public = self.folder / "release.key", self.folder / "release.pub"
        self.run("openssl", "ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out", key)
        self.run("openssl", "ec", "-in", key, "-pubout", "-out", public)
        (model,) = (self.clone / "regression_model/trained_models").glob("*.onnx")
        model = Path(shutil.copy(model, self.folder))
        for path in (archives.wheel, model):
            self.run(signer.program, "sign", path, "--key", key, folder=self.folder)
            said = self.run(signer.program, "verify", path, "--key", public, folder=self.folder)
            self._indent(said)
        return model, public

    def _publish(self, index: LocalIndex) -> None:
        for name in ("staging", "release"):
            index.make(name)
        command = (sys.executable, "-m", "releasing.publish")
        staging = index.environment("staging")
        release = index.environment("release", staging="staging")
        tagged = (*command, "--upload", "--tag", "--promote")
        for title, words, variables, fails in (
            ("dry run", command, staging, False),
            (
                "with a wrong password",
                (*command, "--upload"),
                staging | {"TWINE_PASSWORD": "wrong"},
                True,
            ),
            ("promoted before it was staged", tagged, release, True),
            ("to staging", (*command, "--upload"), staging, False),
            ("the same version again", (*command, "--upload"), staging, True),
            ("to the release index, with a tag", tagged, release, False),
        ):
            said = self.run(*words, variables=variables, fails=fails)
            if index.password in said:
                raise ReleaseError("The password is in the output.")
            self.say(f"   {title}:")
            for line in said.splitlines():
                self.say(f"     {line}")
        self.say(f"   tags: {self.git('tag', '--list')}")

    def _install(
        self, index: LocalIndex, name: str, python: Path, houses: Path, archives: Archives
    ) -> None:
        """Install into an empty environment: the package from the index, locked libraries."""
        environment = Environment.make(self.folder / name, python)
        house = houses / name
        environment.download_locked(house, "runtime")
        environment.install(
            "--isolated", "--index-url", index.read_url("release"), "--find-links", str(house),
            archives.name,
        )  # fmt: skip
        self._indent(self.run(environment.program, "verify", folder=self.folder))
        self.say(f"   {self.run(environment.python, '-c', _HOUSE, folder=self.folder)}")

    def _tamper(self, signer: Environment, archives: Archives, model: Path, key: Path) -> None:
        command = (signer.python, "-m", "releasing.refusals", archives.wheel, model, key)
        self._indent(self.run(*command))

    def _indent(self, output: str) -> None:
        for line in output.splitlines():
            self.say(f"   {line}")

    def _upgrade(
        self, index: LocalIndex, archives: Archives, houses: Path, tox: tuple[str, ...]
    ) -> None:
        """Build a later version, say which number it needs, publish it and install it."""
        old = self.folder / archives.wheel.name
        shutil.copyfile(archives.wheel, old)
        major, minor, patch = archives.version.split(".")
        later = f"{major}.{minor}.{int(patch) + 1}"
        (self.clone / "regression_model/VERSION").write_text(f"{later}\n", encoding="utf-8")
        self._date_changelog(later)
        self._report(self.run(*tox, "test_runtime"))
        new = self._archives()
        signer = Environment(self.folder / "signer")
        said = self.run(signer.program, "compare", old, new.wheel, "--check-version")
        self.say(f"   {said.splitlines()[-1]}")
        twine = (sys.executable, "-m", "twine", "upload", "--non-interactive")
        self.run(*twine, *new.files, variables=index.environment("release"))
        name, _ = next((name, python) for name, python in pythons() if python is not None)
        environment = Environment(self.folder / name)
        environment.install(
            "--isolated", "--upgrade", "--index-url", index.read_url("release"),
            "--find-links", str(houses / name), archives.name,
        )  # fmt: skip
        self.say(f"   {self.run(environment.python, '-c', _HOUSE, folder=self.folder)}")


def main() -> None:
    """Rehearse, and write the page if told so."""
    parser = argparse.ArgumentParser(
        prog="tox -e release_rehearsal --",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--page", action="store_true", help="write docs/releasing.md")
    options = parser.parse_args()
    try:
        with TemporaryDirectory(prefix="regression-model-") as folder:
            rehearsal = Rehearsal(Path(folder).resolve())
            rehearsal.rehearse()
    except ReleaseError as error:
        refuse(error)
    if options.page:
        write_block(PAGE, "rehearsal", "\n".join(rehearsal.lines))


if __name__ == "__main__":
    main()
