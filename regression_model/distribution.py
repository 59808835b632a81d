"""The names under which packages are installed; who publishes this one may give it another."""

from __future__ import annotations

__all__ = ["distribution_name", "distributions_of", "installed_version"]


def distribution_name() -> str:
    """Return the name for `pip install`: that in pyproject.toml when the package was built."""
    package = __name__.partition(".")[0]
    return next(iter(distributions_of(package)), package.replace("_", "-"))


def installed_version(distribution: str) -> str | None:
    """Return the version in which a distribution is installed; None if it is not."""
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version(distribution)
    except PackageNotFoundError:
        return None


def distributions_of(module: str) -> list[str]:
    """Return the names of the installed distributions that have a top-level module of this name.

    `importlib.metadata.packages_distributions` looks at every file of those that list no modules,
    and takes 50 times as long. This reads one file of each, so it is for messages and for builds.
    """
    import re
    from importlib.metadata import distributions

    in_record = re.compile(rf"^{re.escape(module)}(/|\.([^/]+\.)?(py|so|pyd),)", re.MULTILINE)
    found = []
    for distribution in distributions():
        modules = distribution.read_text("top_level.txt")
        if modules is None:
            has_it = in_record.search(distribution.read_text("RECORD") or "") is not None
        else:
            has_it = module in modules.split()
        if has_it:
            found.append(distribution.metadata["Name"])
    return found
