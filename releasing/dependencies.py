"""python -m releasing.dependencies: write docs/dependencies.md and its picture.

What each direct library is for, from the comments in requirements/*.in, and how large it is, in
the environment that this runs in: `tox -e dependencies`.
"""

from __future__ import annotations

import argparse
import platform
import sys
from collections.abc import Sequence
from pathlib import Path

from benchmarks.environments import REQUIREMENTS, ROOT
from benchmarks.table import markdown

from .installed import Installed
from .picture import draw
from .requirements import EXTRAS, libraries

__all__ = ["DOCUMENT", "PICTURE", "document", "main", "picture", "tools"]

DOCUMENT = ROOT / "docs" / "dependencies.md"
PICTURE = ROOT / "docs" / "dependencies.svg"
_PACKAGE = "regression-model"


def main(arguments: Sequence[str] | None = None) -> int:
    """Write the page and the picture."""
    argparse.ArgumentParser(
        prog="python -m releasing.dependencies",
        description=(__doc__ or "").partition("\n\n")[2],
        formatter_class=argparse.RawDescriptionHelpFormatter,
    ).parse_args(arguments)
    installed = Installed.here()
    wanted = {one.name for extra in ("runtime", *EXTRAS) for one in libraries(extra)}
    if absent := sorted(wanted - installed.versions.keys()):
        said = f"Error: not installed here: {', '.join(absent)}; run `tox -e dependencies`."
        print(said, file=sys.stderr)
        return 2
    DOCUMENT.write_text(document(installed), encoding="utf-8")
    PICTURE.write_text(picture(installed), encoding="utf-8")
    return 0


def tools(folder: Path = REQUIREMENTS) -> list[str]:
    """Return the names of the files that are neither the base install nor an extra."""
    names = sorted(path.stem for path in folder.glob("*.in"))
    return [name for name in names if name not in ("runtime", *EXTRAS)]


def picture(installed: Installed) -> str:
    """Draw the base install."""
    direct = [one.name for one in libraries("runtime")]
    graph = {name: installed.requires[name] for name in installed.closure(direct)}
    captions = {name: _shown(installed.sizes[name]) for name in graph}
    return draw(_PACKAGE, {_PACKAGE: direct, **graph}, captions, direct)


def document(installed: Installed) -> str:
    """Return the page."""
    return _TEXT.format(
        python=platform.python_version(),
        platform=f"{platform.system()} on {platform.machine()}",
        summary=_summary(installed),
        base=_base(installed),
        extras=_extras(installed),
        tools=_tools(),
    )


def _summary(installed: Installed) -> str:
    base = installed.closure(one.name for one in libraries("runtime"))
    rows = [("the base install", str(len(base)), _shown(installed.size(base)))]
    for extra in EXTRAS:
        more = installed.closure(one.name for one in libraries(extra)) - base
        rows.append((f"more with `[{extra}]`", str(len(more)), _shown(installed.size(more))))
    return markdown(("install", "libraries", "size"), rows)


def _base(installed: Installed) -> str:
    rows = []
    for one in libraries("runtime"):
        brought = installed.closure([one.name])
        sizes = installed.sizes[one.name], installed.size(brought)
        rows.append((one.name, *map(_shown, sizes), str(len(brought) - 1), one.reason))
    return markdown(("library", "alone", "with what it brings", "libraries brought", "why"), rows)


def _extras(installed: Installed) -> str:
    base = installed.closure(one.name for one in libraries("runtime"))
    rows = []
    for extra in EXTRAS:
        for one in libraries(extra):
            brought = installed.closure([one.name]) - base
            cells = [_shown(installed.size(names)) for names in ([one.name], brought)]
            cells.append(str(len(brought - {one.name})))
            if one.name in base:
                cells = ["in the base install", "", ""]
            rows.append((f"`{extra}`", one.name, *cells, one.reason))
    header = ("extra", "library", "alone", "with what it brings", "libraries brought", "why")
    return markdown(header, rows)


def _tools() -> str:
    rows = [(f"`{name}.in`", one.name, one.reason) for name in tools() for one in libraries(name)]
    return markdown(("file", "library", "why"), rows)


def _shown(size: int) -> str:
    return f"{size / 1e6:.1f} MB" if size >= 1e5 else f"{size / 1e3:.0f} kB"


_TEXT = """\
# Dependencies

What is installed, how large it is, and why. `tox -e dependencies` writes this page; the reasons
are the comments in `requirements/*.in`, and a library without one fails a test. Sizes are those
of the installed files in the versions of the lock, with Python {python}, {platform}.

{summary}

Extras share libraries: two of them together are smaller than the sum.

## The base install

Blue are the libraries that the package itself requires. A line is left out where a longer way
leads to the same library.

![The libraries of the base install and what they require](dependencies.svg)

{base}

## The extras

What a library brings beyond the base install.

{extras}

## Tools of the environments

They are not part of any install.

{tools}

## Known vulnerabilities

    tox -e audit

looks every version in `requirements/lock.txt` up with pip-audit: in the advisories that the
public package index has, or with `tox -e audit -- --service osv` in the OSV database. Both need
the internet; without it the command ends with one sentence and exit code 2, which is not to be
taken for "none found". It looks up the versions for every platform, not only those that are
installed here.
"""


if __name__ == "__main__":
    sys.exit(main())
