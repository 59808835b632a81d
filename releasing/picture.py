"""A graph of libraries as an SVG file: columns by distance, and who requires whom."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from statistics import fmean

__all__ = ["draw"]

_BOX = (150, 40)
_STEP = (205, 56)
_MARGIN = 20
_SWEEPS = 6  # more move nothing in graphs of this size

Graph = Mapping[str, Collection[str]]  # library -> what it requires; without circles


def draw(root: str, graph: Graph, captions: Mapping[str, str], direct: Collection[str]) -> str:
    """Return the picture of `graph` from `root` on as the text of an SVG file."""
    columns = _ordered(_by_depth(root, graph), graph)
    tallest = max(map(len, columns))
    places = {}
    for at, column in enumerate(columns):
        top = _MARGIN + (tallest - len(column)) * _STEP[1] // 2
        for row, name in enumerate(column):
            places[name] = (_MARGIN + at * _STEP[0], top + row * _STEP[1])
    width = 2 * _MARGIN + (len(columns) - 1) * _STEP[0] + _BOX[0]
    height = 2 * _MARGIN + (tallest - 1) * _STEP[1] + _BOX[1]
    parts = [_HEAD.format(width=width, height=height, root=root)]
    for name in places:
        parts += [_line(places[name], places[other]) for other in _lines_from(name, graph)]
    for name, place in places.items():
        kind = "box direct" if name in direct or name == root else "box"
        parts.append(_box(place, kind, name, captions.get(name, "")))
    return "\n".join([*parts, "</svg>", ""])


def _lines_from(name: str, graph: Graph) -> list[str]:
    """Return what `name` requires, without what a longer way leads to as well."""
    beyond: set[str] = set()
    open_ = [further for other in graph[name] for further in graph[other]]
    while open_:
        further = open_.pop()
        if further not in beyond:
            beyond.add(further)
            open_ += graph[further]
    return sorted({*graph[name]} - beyond)


def _by_depth(root: str, graph: Graph) -> list[list[str]]:
    """Put each library one column to the right of the last one that requires it."""
    depth = {root: 0}
    open_ = [root]
    while open_:
        name = open_.pop()
        for other in graph[name]:
            if depth.get(other, 0) <= depth[name]:
                depth[other] = depth[name] + 1
                open_.append(other)
    columns: list[list[str]] = [[] for _ in range(1 + max(depth.values()))]
    for name in sorted(depth):
        columns[depth[name]].append(name)
    return columns


def _ordered(columns: list[list[str]], graph: Graph) -> list[list[str]]:
    """Sort each column by the mean height of what its libraries are connected with."""
    neighbours: dict[str, set[str]] = {name: set() for column in columns for name in column}
    for name in neighbours:
        for other in graph[name]:
            neighbours[name].add(other)
            neighbours[other].add(name)
    for _ in range(_SWEEPS):
        height = {
            name: at - (len(column) - 1) / 2 for column in columns for at, name in enumerate(column)
        }
        columns = [
            sorted(column, key=lambda name: (fmean(height[n] for n in neighbours[name]), name))
            for column in columns
        ]
    return columns


_HEAD = """<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" role="img"
  font-family="sans-serif" font-size="13">
<title>The libraries of {root} and what they require</title>
<style>
  .box {{ fill: #f6f6f4; stroke: #8a8a80; }} .direct {{ fill: #eaf1fa; stroke: #33506e; }}
  path {{ fill: none; stroke: #9aa9b8; }} .small {{ font-size: 11px; fill: #555; }}
  .name {{ font-weight: bold; }} text {{ fill: #1c2733; }}
</style>
<rect width="{width}" height="{height}" fill="#ffffff"/>"""


def _line(start: tuple[int, int], end: tuple[int, int]) -> str:
    x1, y1, x2, y2 = start[0] + _BOX[0], start[1] + _BOX[1] // 2, end[0], end[1] + _BOX[1] // 2
    bend = (_STEP[0] - _BOX[0]) // 2
    return f'<path d="M{x1} {y1}C{x1 + bend} {y1} {x2 - bend} {y2} {x2} {y2}"/>'


def _box(place: tuple[int, int], kind: str, name: str, caption: str) -> str:
    (x, y), (width, height) = place, _BOX
    middle = x + width // 2
    box = f'<rect class="{kind}" x="{x}" y="{y}" width="{width}" height="{height}" rx="6"/>'
    upper = f'<text class="name" x="{middle}" y="{y + 17}" text-anchor="middle">{name}</text>'
    lower = f'<text class="small" x="{middle}" y="{y + 33}" text-anchor="middle">{caption}</text>'
    return "\n".join([box, upper, lower])
