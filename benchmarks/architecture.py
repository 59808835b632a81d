"""Draw the folders of the package and who imports whom, from the sources as they are.

`python -m benchmarks.architecture` writes `docs/architecture.svg`, as text.
"""

from __future__ import annotations

import ast
import sys
from collections import Counter
from html import escape
from pathlib import Path

from .environments import PACKAGE, ROOT
from .table import markdown

__all__ = ["draw", "imports", "sizes"]

PICTURE = ROOT / "docs" / "architecture.svg"
_WIDTH, _HEIGHT, _BOX = 860, 750, (200, 60)
# Where each folder stands, and what it does: training on the left, run time on the right.
_PLACES = {
    "jobs": (40, 40, "the work, described in files"),
    "cli": (330, 40, "the commands"),
    "verification": (620, 40, "wheels, model files, signatures"),
    "tracking": (40, 150, "runs, aliases, promotion"),
    "serving": (330, 150, "predictions over HTTP"),
    "batch": (620, 150, "data sets on a cluster"),
    "tuning": (40, 260, "search for settings"),
    "drafting": (330, 260, "from a table to a draft"),
    "packaging": (620, 260, "a model as a wheel of its own"),
    "training": (40, 380, "from config.yml to a model file"),
    "report": (330, 380, "report and model card"),
    "monitoring": (40, 500, "drift of new rows"),
    "comparison": (330, 500, "two models, and the release"),
    "evaluation": (620, 380, "metrics, groups, comparisons"),
    "config": (40, 610, "what config.yml says"),
    "files": (620, 500, "tables in slices, whole results"),
    "runtime": (620, 610, "from rows to predictions"),
}
_MODEL_FILE = (330, 610, "ONNX graph, manifest, seal")


def _modules() -> dict[str, Path]:
    return {
        ".".join(path.relative_to(PACKAGE.parent).with_suffix("").parts): path
        for path in sorted(PACKAGE.rglob("*.py"))
    }


def _folder_of(module: str) -> str | None:
    parts = module.split(".")
    return parts[1] if len(parts) > 1 and parts[1] in _PLACES else None


def imports() -> Counter[tuple[str, str]]:
    """Count the import statements by which each folder uses each other one."""
    found: Counter[tuple[str, str]] = Counter()
    for module, path in _modules().items():
        package = module.split(".")[:-1]
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom) and node.level:
                base = package[: len(package) - node.level + 1]
                target = ".".join([*base, node.module or node.names[0].name])
                pair = _folder_of(module), _folder_of(target)
                if pair[0] and pair[1] and pair[0] != pair[1]:
                    found[pair[0], pair[1]] += 1
    return found


def sizes() -> dict[str, tuple[int, int]]:
    """Return the number of files and of lines of each folder."""
    found: dict[str, tuple[int, int]] = {}
    for module, path in _modules().items():
        folder = _folder_of(module) or "the public face"
        files, lines = found.get(folder, (0, 0))
        found[folder] = files + 1, lines + len(path.read_text(encoding="utf-8").splitlines())
    return found


def draw() -> str:
    """Return the picture as the text of an SVG file."""
    parts = [_arrow(above, below) for above, below in sorted(imports())]
    for folder, (x, y, does) in _PLACES.items():
        parts.append(_box(x, y, f"{folder}/", does))
    x, y, says = _MODEL_FILE
    parts.append(_box(x, y, "model file", says, dashed=True))
    parts.append(_line((240, 435), (330, 625), "file"))
    parts.append(_line((530, 640), (620, 640), "file"))
    parts += [_title(40, 240, "training half"), _title(620, 360, "runtime half: the base install")]
    return "\n".join([_HEAD, *parts, "</svg>", ""])


_HEAD = f"""<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img"
  font-family="sans-serif" font-size="13">
<title>The folders of regression_model and who imports whom</title>
<style>
  .box {{ fill: #f4f7fb; stroke: #33506e; }} .dashed {{ stroke-dasharray: 5 4; fill: #fff8e6; }}
  .import {{ stroke: #9aa9b8; }} .file {{ stroke: #b8860b; stroke-width: 2.5; }}
  .name {{ font-weight: bold; }} .small {{ font-size: 11px; fill: #555; }} text {{ fill: #1c2733; }}
</style>
<defs><marker id="end" viewBox="0 0 8 8" refX="8" refY="4" markerUnits="userSpaceOnUse"
  markerWidth="9" markerHeight="9" orient="auto">
  <path d="M0 0 8 4 0 8z" fill="#6d7e8f"/></marker></defs>
<rect width="{_WIDTH}" height="{_HEIGHT}" fill="#ffffff"/>"""


def _box(x: int, y: int, name: str, does: str, *, dashed: bool = False) -> str:
    width, height = _BOX
    kind = "box dashed" if dashed else "box"
    middle = x + width // 2
    return "\n".join(
        [
            f'<rect class="{kind}" x="{x}" y="{y}" width="{width}" height="{height}" rx="6"/>',
            f'<text class="name" x="{middle}" y="{y + 24}" text-anchor="middle">{name}</text>',
            f'<text x="{middle}" y="{y + 44}" text-anchor="middle" font-size="12">'
            f"{escape(does)}</text>",
        ]
    )


def _title(x: int, y: int, text: str) -> str:
    return f'<text class="small" x="{x}" y="{y}">{text}</text>'


def _arrow(above: str, below: str) -> str:
    (ax, ay, _), (bx, by, _) = _PLACES[above], _PLACES[below]
    width, height = _BOX
    if ay == by:  # side by side
        right = bx > ax
        return _line((ax + width * right, ay + height // 2), (bx + width * (not right), by + 30))
    share = 0.5 + (bx - ax) / (4 * _WIDTH)
    down = by > ay
    start = ax + int(width * share), ay + height * down
    return _line(start, (bx + int(width * (1 - share)), by + height * (not down)))


def _line(start: tuple[int, int], end: tuple[int, int], kind: str = "import") -> str:
    (x1, y1), (x2, y2) = start, end
    return f'<line class="{kind}" x1="{x1}" y1="{y1}" x2="{x2}" y2="{y2}" marker-end="url(#end)"/>'


def main() -> int:
    """Write the picture, and print how large each folder is."""
    PICTURE.write_text(draw(), encoding="utf-8")
    found = sizes()
    rows = [(name, str(files), f"{lines:,}") for name, (files, lines) in sorted(found.items())]
    totals = (sum(column) for column in zip(*found.values(), strict=True))
    rows.append(("all", *(f"{total:,}" for total in totals)))
    print(markdown(("folder", "files", "lines"), rows))
    return 0


if __name__ == "__main__":
    sys.exit(main())
