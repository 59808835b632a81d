"""python -m releasing.tag TAG: whether a tag may release what is here, and the notes for it.

A tag is `v` and the version in regression_model/VERSION, and CHANGELOG.md has a section for that
version with its date. The section is printed: the release notes.
"""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Sequence
from pathlib import Path

from regression_model.errors import RegressionModelError

__all__ = ["TagError", "main", "release_notes"]

PROJECT = Path(__file__).parents[1]


class TagError(RegressionModelError):
    """A tag that does not fit the version or the changelog."""


def release_notes(tag: str, project: Path = PROJECT) -> str:
    """Return the section of the changelog for a tag; raise TagError if it may not be released."""
    version = (project / "regression_model" / "VERSION").read_text(encoding="utf-8").strip()
    if tag != f"v{version}":
        raise TagError(
            f"the tag is {tag}, and regression_model/VERSION says {version}: tag it v{version}, "
            "or write the version into that file first"
        )
    changelog = (project / "CHANGELOG.md").read_text(encoding="utf-8")
    heading = rf"^## \[{re.escape(version)}\] - (.*)\n"
    section = re.search(rf"{heading}([\s\S]*?)(?=^## \[|\Z)", changelog, flags=re.MULTILINE)
    if section is None:
        raise TagError(f"CHANGELOG.md has no section '## [{version}] - DATE'")
    if not re.fullmatch(r"\d{4}-\d{2}-\d{2}", section[1].strip()):
        raise TagError(
            f"CHANGELOG.md says '{section[1].strip()}' beside {version}: "
            "write the date of the release"
        )
    return section[2].strip() + "\n"


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the release notes, or say why there is no release."""
    parser = argparse.ArgumentParser(
        prog="python -m releasing.tag",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("tag", metavar="TAG", help="the tag, such as v4.0.0")
    try:
        print(release_notes(parser.parse_args(arguments).tag), end="")
    except TagError as error:
        print(error, file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
