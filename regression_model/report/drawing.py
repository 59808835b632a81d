"""Drawing: one style for every picture, and pictures as SVG that stands in a page."""

from __future__ import annotations

import io
import re
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import matplotlib as mpl
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.axis import Axis

__all__ = [
    "BLUE",
    "GREY",
    "GRID",
    "INK",
    "MUTED",
    "NARROW",
    "ORANGE",
    "VERMILLION",
    "WIDTH",
    "draw",
    "name_axes",
    "png",
    "ticks",
]

# Okabe and Ito, "Color universal design" (2008): told apart by colour-blind readers too.
BLUE, ORANGE, VERMILLION = "#0072b2", "#e69f00", "#d55e00"
INK, MUTED, GREY, GRID = "#1c2126", "#565f69", "#8b949e", "#dfe3e8"
_THEMED = {INK: "ink", MUTED: "muted", GREY: "grey", GRID: "grid", BLUE: "blue"}

WIDTH = 4.4  # inches: a point is then about a pixel on a telephone
NARROW = 3.9  # where three stand in a row
_DOTS_PER_INCH = 170  # of the parts of a picture with too many points to draw one by one
_STYLE: dict[str, Any] = {
    "axes.axisbelow": True,
    "axes.edgecolor": GREY,
    "axes.facecolor": "none",
    "axes.grid": True,
    "axes.labelcolor": MUTED,
    "axes.labelsize": 10.5,
    "axes.spines.right": False,
    "axes.spines.top": False,
    "axes.titlelocation": "left",
    "axes.titlesize": 10.5,
    "axes.titlecolor": MUTED,
    "axes.titlepad": 8,
    "figure.constrained_layout.use": True,
    "figure.facecolor": "none",
    "font.family": "DejaVu Sans",  # comes with matplotlib, so that every machine measures the same
    "font.size": 10.5,
    "grid.color": GRID,
    "grid.linewidth": 0.8,
    "legend.frameon": False,
    "legend.labelcolor": INK,
    "lines.linewidth": 2,
    "path.simplify": True,
    "savefig.facecolor": "none",
    "svg.fonttype": "none",
    "svg.hashsalt": "regression-model",
    "text.color": INK,
    "text.parse_math": False,  # a dollar is a dollar
    "xtick.color": GREY,
    "xtick.labelcolor": INK,
    "xtick.labelsize": 10.5,
    "ytick.color": GREY,
    "ytick.labelcolor": INK,
    "ytick.labelsize": 10.5,
}

Painter = Callable[["Axes"], None]


def draw(painter: Painter, *, name: str, height: float, width: float = WIDTH) -> str:
    """Return what `painter` puts on a pair of axes, as an SVG element without a fixed size.

    Parameters
    ----------
    name : str
        Unique in the page; the identifiers inside begin with it.
    height, width : float
        In inches.
    """
    content = io.StringIO()
    with mpl.rc_context(), _without_glyph_warnings():
        figure = _painted(painter, width, height)
        figure.savefig(
            content,
            format="svg",
            dpi=_DOTS_PER_INCH,
            metadata={"Date": None, "Creator": None, "Format": None, "Type": None},
        )
    return _for_a_page(content.getvalue(), name)


def png(painter: Painter, *, width: float, height: float, dots_per_inch: int) -> bytes:
    """Return what `painter` puts on a pair of axes as a PNG on white."""
    content = io.BytesIO()
    with mpl.rc_context(), _without_glyph_warnings():
        figure = _painted(painter, width, height)
        figure.savefig(
            content,
            format="png",
            dpi=dots_per_inch,
            facecolor="white",
            metadata={"Software": None},
            pil_kwargs={"optimize": True},
        )
    return content.getvalue()


@contextmanager
def _without_glyph_warnings() -> Iterator[None]:
    """Say nothing of letters that the font lacks: a browser has fonts of its own."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", r"Glyph \d+", UserWarning)
        yield


def _painted(painter: Painter, width: float, height: float) -> Figure:
    mpl.rcdefaults()  # not those of a matplotlibrc that happens to be there
    parameters: Any = mpl.rcParams  # typed by a list of names that grows with every release
    parameters.update(_STYLE)
    figure = Figure(figsize=(width, height))
    FigureCanvasAgg(figure)
    painter(figure.add_subplot())
    return figure


def name_axes(axes: Axes, *, x: str, y: str = "") -> None:
    """Name the axes; the vertical one on top of it, where it needs no turned head."""
    axes.set_xlabel(x)
    if y:
        axes.set_title(y)


def ticks(axis: Axis, write: Callable[[float], str]) -> None:
    """Have the numbers of an axis written by `write`."""
    axis.set_major_formatter(FuncFormatter(lambda value, _: write(value)))
    axis.set_minor_formatter(FuncFormatter(lambda *_: ""))


def _for_a_page(svg: str, name: str) -> str:
    """Take what only a file needs out of an SVG, and let the page's colours and fonts into it."""
    svg = svg[svg.index("<svg") :]
    svg = re.sub(r"<metadata>.*?</metadata>|<!--.*?-->", "", svg, flags=re.DOTALL)
    svg = re.sub(r' (?:width|height)="[\d.]+pt"', "", svg, count=2)
    svg = re.sub(r' xmlns(?::xlink)?="[^"]*"| version="1.1"', "", svg)
    svg = svg.replace("'DejaVu Sans', ", "")
    for colour, variable in _THEMED.items():
        svg = svg.replace(colour, f"var(--{variable})")
    svg = _own_identifiers(svg, name)
    return re.sub(r">\s+<", "><", svg).strip()


def _own_identifiers(svg: str, name: str) -> str:
    """Drop the identifiers that nothing refers to, and put the picture's name before the others."""
    used = set(re.findall(r'(?:url\(#|href="#)([^)"]+)', svg))
    svg = re.sub(
        r' id="([^"]+)"',
        lambda found: f' id="{name}-{found[1]}"' if found[1] in used else "",
        svg,
    )
    return re.sub(r'(url\(#|href="#)', rf"\g<1>{name}-", svg)
