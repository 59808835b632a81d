"""The one build step that pyproject.toml cannot say: no archive without its trained model."""

import sys
from pathlib import Path

from setuptools import setup
from setuptools.command.build_py import build_py
from setuptools.command.sdist import sdist
from setuptools.errors import SetupError

ROOT = Path(__file__).resolve().parent


def require_trained_model() -> None:
    """Raise SetupError unless the model file is of the version, configuration and data here."""
    sys.path.insert(0, str(ROOT))
    try:
        from regression_model.runtime.model_file import release
    finally:
        sys.path.remove(str(ROOT))
    reason = release.stale_reason(ROOT / "regression_model")
    if reason is not None:
        raise SetupError(f"{reason.rstrip('.')}; train it first: tox -e train")


class BuildPy(build_py):
    """Put the package and its model into a wheel."""

    def run(self) -> None:
        if not self.editable_mode:  # an editable install is what trains the model
            require_trained_model()
        super().run()


class Sdist(sdist):
    """Put the sources and the model into an sdist."""

    def run(self) -> None:
        require_trained_model()
        super().run()


setup(cmdclass={"build_py": BuildPy, "sdist": Sdist})
