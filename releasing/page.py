"""Output of a command inside a page of the documentation, between two marks."""

from __future__ import annotations

import re
from pathlib import Path

from .archives import ReleaseError

__all__ = ["write_block"]


def write_block(page: Path, name: str, text: str) -> None:
    """Replace the block of that name on a page.

    Raises
    ------
    ReleaseError
        When the page has no such block.
    """
    block = re.compile(rf"(<!-- {name} -->\n).*?(<!-- /{name} -->)", re.DOTALL)
    content = page.read_text(encoding="utf-8")
    if not block.search(content):
        raise ReleaseError(f"{page.name} has no block <!-- {name} -->.")
    made = f"```text\n{text}\n```\n"
    page.write_text(block.sub(lambda found: found[1] + made + found[2], content), encoding="utf-8")
