"""The environments that are compared, and the processes that run in them."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

__all__ = [
    "ROOT",
    "Environment",
    "Unavailable",
    "base_environment",
    "full_environment",
    "mlflow_environment",
    "our_environment",
    "peer_environment",
    "version_environment",
    "wheel",
]

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = ROOT / "regression_model"
REQUIREMENTS = ROOT / "requirements"
CACHE = ROOT / ".tox"  # git ignores it

_ONE_THREAD = dict.fromkeys(
    ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "POLARS_MAX_THREADS"), "1"
)
_TOOLS = {"pip", "setuptools", "pkg_resources", "wheel", "_distutils_hack", "distutils"}


class Unavailable(Exception):
    """Raised when an environment, or what is run in it, fails; the message says why."""


@dataclass(frozen=True)
class Environment:
    """An interpreter with what is installed for it; `extra_path` is importable as well."""

    python: Path
    extra_path: Path | None = None

    @property
    def variables(self) -> dict[str, str]:
        """The environment variables: no setting of another Python, and one thread."""
        kept = {k: v for k, v in os.environ.items() if not k.startswith("PYTHON")}
        path = {"PYTHONPATH": str(self.extra_path)} if self.extra_path else {}
        return kept | _ONE_THREAD | path | {"PYTHONWARNINGS": "ignore"}

    def command(self, *arguments: str) -> list[str]:
        """Return a command that never imports from where it happens to run."""
        return [str(self.python), "-P", *arguments]

    def run(self, *arguments: str) -> str:
        """Run Python with these arguments and return what it prints.

        Raises
        ------
        Unavailable
            When it fails, with the last line that it says.
        """
        return _run(self.command(*arguments), self.variables)

    def installed_bytes(self) -> int:
        """Return the size of everything in site-packages but pip and setuptools."""
        code = (
            "import sysconfig as s; print(s.get_path('purelib'), s.get_path('platlib'), sep='\\n')"
        )
        folders = {Path(line).resolve() for line in self.run("-c", code).splitlines()}
        return sum(path.stat().st_size for folder in folders for path in _counted(folder))


def _run(command: list[str], variables: dict[str, str]) -> str:
    done = subprocess.run(command, env=variables, capture_output=True, text=True, check=False)
    if done.returncode:
        said = (done.stderr.strip() or done.stdout.strip()).splitlines() or ["no word about it"]
        raise Unavailable(said[-1])
    return done.stdout


def _counted(site_packages: Path) -> Iterator[Path]:
    for entry in site_packages.iterdir():
        if entry.name.partition("-")[0] in _TOOLS:
            continue
        below = entry.rglob("*") if entry.is_dir() else [entry]
        yield from (path for path in below if path.is_file() and not path.is_symlink())


def our_environment() -> Environment:
    """Return the running Python; where the package is not installed, with the sources."""
    installed = Environment(Path(sys.executable))
    try:
        installed.run("-c", "import regression_model")
    except Unavailable:
        return Environment(Path(sys.executable), extra_path=ROOT)
    return installed


def wheel() -> Path | None:
    """Return the wheel of this version in dist, or None when it is not built."""
    version = (PACKAGE / "VERSION").read_text(encoding="utf-8").strip()
    return next((ROOT / "dist").glob(f"regression_model-{version}-*.whl"), None)


def base_environment() -> Environment:
    """Make an environment with the base install: the wheel, or the sources with what they need.

    Raises
    ------
    Unavailable
        When it cannot be installed.
    """
    built = wheel()
    lock = REQUIREMENTS / "lock.txt"
    stamp = _digest(built or REQUIREMENTS / "runtime.in", lock)
    environment = _make(CACHE / "bench-base", Path(sys.executable), stamp, _locked(), built)
    if not built:
        _copy_package(environment)
    return environment


def full_environment() -> Environment:
    """Make an environment with the base install and all that the extras bring.

    Raises
    ------
    Unavailable
        When it cannot be installed.
    """
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    extras = settings["tool"]["setuptools"]["dynamic"]["optional-dependencies"].values()
    files = [ROOT / extra["file"] for extra in extras]
    built, lock = wheel(), REQUIREMENTS / "lock.txt"
    stamp = _digest(*([built] if built else []), lock, *files)
    wanted = [*_locked(), *(part for file in files for part in ("-r", str(file)))]
    environment = _make(CACHE / "bench-extras", Path(sys.executable), stamp, wanted, built)
    if not built:
        _copy_package(environment)
    return environment


def version_environment(built: Path, *, name: str) -> Environment:
    """Make an environment called `name` with some wheel of the package, and pandas.

    Raises
    ------
    Unavailable
        When it cannot be installed.
    """
    lock = REQUIREMENTS / "lock.txt"
    stamp, wanted = _digest(built, lock), [*_locked(), "pandas"]
    return _make(CACHE / f"bench-{name}", Path(sys.executable), stamp, wanted, built)


def peer_environment() -> Environment:
    """Make an environment with the published peer.

    Raises
    ------
    Unavailable
        When there is no Python 3.11 or the peer cannot be installed.
    """
    pins = REQUIREMENTS / "peer.txt"
    return _make(CACHE / "bench-peer", _python_311(), _digest(pins), ["-r", str(pins)])


def mlflow_environment() -> Environment:
    """Make an environment with MLflow.

    Raises
    ------
    Unavailable
        When it cannot be installed.
    """
    pins = REQUIREMENTS / "mlflow_server.txt"
    return _make(CACHE / "bench-mlflow", Path(sys.executable), _digest(pins), ["-r", str(pins)])


def _python_311() -> Path:
    if f"{sys.version_info.major}.{sys.version_info.minor}" == "3.11":
        return Path(sys.executable)
    found = shutil.which("python3.11")
    if found is None:
        raise Unavailable("the peer needs Python 3.11, and there is no python3.11 here")
    return Path(found)


def _locked() -> list[str]:
    """Return what names the libraries of the base install to pip, in the versions of the lock.

    Without its hashes: with hashes in a constraint, pip asks for a version in the requirement too.
    """
    lines = (REQUIREMENTS / "lock.txt").read_text(encoding="utf-8").splitlines()
    versions = CACHE / "lock-versions.txt"
    CACHE.mkdir(exist_ok=True)
    pins = [line.removesuffix(" \\") for line in lines if line[:1].isalnum()]
    versions.write_text("\n".join(pins) + "\n", encoding="utf-8")
    return ["-c", str(versions), "-r", str(REQUIREMENTS / "runtime.in")]


def _make(
    folder: Path, python: Path, stamp: str, wanted: list[str], built: Path | None = None
) -> Environment:
    """Make a virtual environment in `folder`, unless the one there has the same stamp."""
    environment = Environment(folder / ("Scripts" if os.name == "nt" else "bin") / "python")
    stamp_file = folder / "stamp"
    if stamp_file.is_file() and stamp_file.read_text(encoding="utf-8") == stamp:
        return environment
    Environment(python).run("-m", "venv", "--clear", str(folder))
    install = ("-m", "pip", "install", "--quiet", "--disable-pip-version-check")
    environment.run(*install, *wanted)
    if built:
        environment.run(*install, "--no-deps", str(built))
    stamp_file.write_text(stamp, encoding="utf-8")
    return environment


def _copy_package(environment: Environment) -> None:
    """Put into site-packages what the wheel would: no caches and no joblib."""
    site = Path(
        environment.run("-c", "import sysconfig as s; print(s.get_path('purelib'))").strip()
    )
    target = site / PACKAGE.name
    shutil.rmtree(target, ignore_errors=True)
    shutil.copytree(PACKAGE, target, ignore=shutil.ignore_patterns("__pycache__", "*.joblib"))
    environment.run("-m", "compileall", "-q", str(target))


def _digest(*files: Path) -> str:
    content = b"".join(path.read_bytes() for path in files) + sys.version.encode()
    return hashlib.sha256(content).hexdigest()
