"""The name under which this package is installed; who publishes it may give it another."""

from __future__ import annotations

__all__ = ["distribution_name"]


def distribution_name() -> str:
    """Return the name for `pip install`: that in pyproject.toml when the package was built.

    It reads the metadata of everything that is installed, so it is for messages and for builds.
    """
    from importlib.metadata import packages_distributions

    package = __name__.partition(".")[0]
    return next(iter(packages_distributions().get(package, ())), package.replace("_", "-"))
