"""What the site makes of the pages in docs, which are written to be read on the code host too.

- `<!-- site` and `-->` enclose what only Sphinx understands; the code host shows nothing of it.
- A page that stands for a file at the top of the repository has the text of that file.
- A relative link leads to a page of the site if there is one, else to the file on the code host.
- The build fails if a page asks another host for anything, or if a link within the site is dead.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from pygments.lexers.special import TextLexer
from sphinx.application import Sphinx
from sphinx.util.logging import getLogger

__all__ = ["PROJECT", "ROOT", "setup"]

DOCS = Path(__file__).resolve().parent
ROOT = DOCS.parent
PROJECT: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]

_LOGGER = getLogger(__name__)
_FILES_OF_PAGES = {
    "overview": ROOT / "README.md",
    "changelog": ROOT / "CHANGELOG.md",
    "contributing": ROOT / "CONTRIBUTING.md",
    "security": ROOT / "SECURITY.md",
}
_PAGES_OF_FILES = {file: page for page, file in _FILES_OF_PAGES.items()}
_ON_THE_CODE_HOST = f"{PROJECT['urls']['Source']}/blob/main"
_ONLY_ON_THE_SITE = re.compile(r"^<!-- site\n(.*?)^-->$", re.MULTILINE | re.DOTALL)
_CODE_OR_TARGET = re.compile(
    r"^ *(?P<fence>`{3,}).*?^ *(?P=fence)|`[^`\n]+`|(?<=\]\()(?P<target>[^)\s]+)(?=\))",
    re.MULTILINE | re.DOTALL,
)
_OUTSIDE = re.compile(r"(\w+:)?//")
_ASKED_FOR_BY_CSS = re.compile(r"""(?:url\(|@import)\s*["']?((?:\w+:)?//[^"')\s]+)""")


def _read_page(app: Sphinx, page: str, source: list[str]) -> None:
    """Replace what the code host shows of a page by what the site shows."""
    file = _FILES_OF_PAGES.get(page, DOCS / f"{page}.md")
    app.env.note_dependency(str(file))
    text = _ONLY_ON_THE_SITE.sub(r"\1", file.read_text(encoding="utf-8"))
    source[0] = _CODE_OR_TARGET.sub(lambda found: _with_target(found, file), text)


def _with_target(found: re.Match[str], file: Path) -> str:
    target = found["target"]
    return found[0] if target is None else _on_the_site(target, file)


def _on_the_site(target: str, file: Path) -> str:
    """Return where a link of a file leads on the site."""
    if _OUTSIDE.match(target) or target.startswith("#"):
        return target
    path, *anchor = re.split("(?=#)", target)
    place = (file.parent / path).resolve()
    if place in _PAGES_OF_FILES:
        return "".join([f"{_PAGES_OF_FILES[place]}.md", *anchor])
    elif place.is_relative_to(DOCS):
        return "".join([place.relative_to(DOCS).as_posix(), *anchor])
    elif not place.exists():
        return target  # which Sphinx then warns of
    return "/".join([_ON_THE_CODE_HOST, place.relative_to(ROOT).as_posix()]) + "".join(anchor)


class _Links(HTMLParser):
    """Collects what a page asks for when it is opened, where its links lead, and its anchors."""

    def __init__(self) -> None:
        super().__init__()
        self.asked_for: list[str] = []
        self.targets: list[str] = []
        self.anchors: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note what one tag says."""
        found = {name: value or "" for name, value in attrs}
        self.anchors |= {found[name] for name in ("id", "name") if name in found}
        if tag == "a":
            self.targets.append(found.get("href", ""))
        else:
            names = ("src", "srcset", "href", "xlink:href", "data", "poster", "action")
            self.asked_for += [found[name] for name in names if name in found]
        self.asked_for += _ASKED_FOR_BY_CSS.findall(found.get("style", ""))


def _check_site(app: Sphinx, error: Exception | None) -> None:
    if error is None and app.builder.format == "html":
        for sentence in _requests_and_dead_links(Path(app.outdir)):
            _LOGGER.error(sentence)
            app.statuscode = 1


def _requests_and_dead_links(site: Path) -> Iterator[str]:
    """Yield a sentence for each request to another host, and for each link that leads nowhere."""
    pages = {}
    for file in sorted(site.rglob("*.html")):
        pages[file] = _Links()
        pages[file].feed(file.read_text(encoding="utf-8"))
    for file in sorted(site.rglob("*.css")):
        for place in _ASKED_FOR_BY_CSS.findall(file.read_text(encoding="utf-8")):
            yield f"{file.relative_to(site)} asks for {place}."
    for file, links in pages.items():
        name = file.relative_to(site)
        yield from (f"{name} asks for {one}." for one in links.asked_for if _OUTSIDE.match(one))
        for target in links.targets:
            if re.match(r"\w+:", target) or target in ("", "#"):
                continue
            path, _, anchor = unquote(target).partition("#")
            place = (file.parent / path).resolve() if path else file
            if not place.exists():
                yield f"{name} has a link to {target}, which is not there."
            elif anchor and place in pages and anchor not in pages[place].anchors:
                yield f"{name} has a link to {target}, and there is no such heading."


def setup(app: Sphinx) -> dict[str, bool]:
    """Register with Sphinx."""
    app.add_lexer("csv", TextLexer)  # the code host knows it
    app.connect("source-read", _read_page)
    app.connect("build-finished", _check_site)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
