"""The look of figures: colours that read on dark and light, no global state."""

from __future__ import annotations

import io
import re
from typing import TYPE_CHECKING, Any

from foreworld.core.plain import plain

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

PALETTE = (
    *("#3b82f6", "#e8710a", "#16a34a", "#c026d3"),
    *("#dc2626", "#0891b2", "#a16207", "#7c6ff0"),
)
"""Line colours, distinct from each other on white and on near-black."""
LINE_STYLES = ("-", "--", ":", "-.")
"""After all colours are used, the next line style begins."""
INK = "#6b7280"
"""Grey of axes and text in files; pages replace it by their own text colour."""


def new_figure(width: float = 6.0, height: float = 3.6) -> tuple[Figure, Axes]:
    """A figure with one pair of axes on a transparent ground.

    Parameters
    ----------
    width, height
        Size in inches.
    """
    figure, panels = new_panels(1, 1, width, height)
    return figure, panels[0]


def new_panels(
    num: int, columns: int, width: float, height: float
) -> tuple[Figure, list[Axes]]:
    """A figure with several pairs of axes, row by row.

    Parameters
    ----------
    num, columns
        How many panels, and how many beside each other.
    width, height
        Size of one panel in inches.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    rows, columns = -(-num // columns), min(num, columns)
    figure = Figure(figsize=(columns * width, rows * height), layout="constrained")
    FigureCanvasAgg(figure)
    figure.patch.set_alpha(0.0)
    panels = [figure.add_subplot(rows, columns, i + 1) for i in range(num)]
    for axes in panels:
        axes.patch.set_alpha(0.0)
        for side, spine in axes.spines.items():
            spine.set_visible(side in ("left", "bottom"))
            spine.set_color(INK)
        axes.tick_params(colors=INK, labelsize=9)
        axes.grid(True, color=INK, alpha=0.18, linewidth=0.6)
        axes.set_axisbelow(True)
    return figure, panels


def heading(figure: Figure, text: str) -> None:
    """Name a figure of several panels.

    Parameters
    ----------
    figure
        One of our figures.
    text
        Title above all panels, on the left; empty for none.
    """
    if text:
        figure.suptitle(text, color=INK, fontsize=11, x=0.02, ha="left")


def label(axes: Axes, x: str, y: str, title: str = "") -> None:
    """Name the axes and the figure.

    Parameters
    ----------
    axes
        Axes to change.
    x, y
        Names of the axes, with units.
    title
        Title, on the left; empty for none.
    """
    axes.set_xlabel(x, color=INK, fontsize=10)
    axes.set_ylabel(y, color=INK, fontsize=10)
    if title:
        axes.set_title(title, color=INK, fontsize=11, loc="left")


def legend(axes: Axes, max_rows: int = 12, beside: bool = False) -> None:
    """A legend without frame, beside the axes when it is long or told so.

    Parameters
    ----------
    axes
        Axes with labelled lines; nothing happens where there are none.
    max_rows
        Lines to name at most.
    beside
        Put it beside the axes even when it is short.
    """
    handles, names = axes.get_legend_handles_labels()
    if not handles:
        return
    beside = beside or len(handles) > 4
    axes.legend(
        handles[:max_rows],
        names[:max_rows],
        frameon=False,
        fontsize=8,
        labelcolor=INK,
        loc="upper left" if beside else "best",
        bbox_to_anchor=(1.01, 1.0) if beside else None,
    )


def powers(text: str) -> str:
    """``m/s^2`` as people write it."""
    return text.replace("^2", "²").replace("^3", "³")


def words(metric: str) -> str:
    """``val_discounted_return`` for people: discounted return (validation)."""
    where = {"val_": "validation", "test_": "held out", "": "while training"}
    prefix = next(prefix for prefix in where if metric.startswith(prefix))
    name = metric.removeprefix(prefix).removesuffix("_by_horizon").replace("_", " ")
    return f"{name} ({where[prefix]})"


def colour(i: int) -> str:
    """The colour of line ``i``."""
    return PALETTE[i % len(PALETTE)]


def line_style(i: int) -> str:
    """The dashes of line ``i``."""
    return LINE_STYLES[(i // len(PALETTE)) % len(LINE_STYLES)]


def to_svg(figure: Figure, salt: str = "") -> str:
    """A figure as an SVG element for a page: text takes the page's colour and font.

    Parameters
    ----------
    figure
        One of our figures.
    salt
        Keeps the ids of several figures on one page apart.
    """
    import matplotlib

    buffer = io.StringIO()
    _literal(figure)
    # Text stays text, ids and dates are fixed: the same figure gives the same bytes.
    settings: Any = {"svg.fonttype": "none", "svg.hashsalt": f"foreworld {salt}"}
    with matplotlib.rc_context(settings):
        figure.savefig(buffer, format="svg", metadata={"Date": None, "Creator": None})
    svg = plain(buffer.getvalue())
    svg = svg[svg.index("<svg") :].replace(INK, "currentColor")
    svg = re.sub(r"<metadata>.*?</metadata>", "", svg, flags=re.DOTALL)
    svg = re.sub(r"font: ([\d.]+)px [^;\"]*", r"font: \1px system-ui, sans-serif", svg)
    return re.sub(r'\b(width|height)="[\d.]+pt" ?', "", svg, count=2)


def to_file(figure: Figure, kind: str, dpi: int = 150) -> bytes:
    """A figure as a file, on white; the same bytes each time.

    Parameters
    ----------
    figure
        One of our figures.
    kind
        ``"png"``, ``"svg"`` or ``"pdf"``.
    dpi
        Pixels an inch of a PNG; the others have none.
    """
    import matplotlib

    more: dict[str, Any] = {
        "png": {"dpi": dpi},
        "svg": {"metadata": {"Date": None, "Creator": None}},
        "pdf": {"metadata": {"CreationDate": None}},
    }[kind]
    settings: Any = {"svg.fonttype": "none", "svg.hashsalt": "foreworld"}
    buffer = io.BytesIO()
    _literal(figure)
    # Viewers that know no transparency show a transparent ground in any colour.
    figure.patch.set_alpha(1.0)
    with matplotlib.rc_context(settings):
        figure.savefig(buffer, facecolor="white", format=kind, **more)
    figure.patch.set_alpha(0.0)
    return buffer.getvalue()


def _literal(figure: Figure) -> None:
    """Have all text shown letter by letter: ``$`` begins no formula.

    Names and values in it come from studies and data sets of anybody. The powers of
    ten at a logarithmic axis are formulas of Matplotlib's own.
    """
    from matplotlib.text import Text
    from matplotlib.ticker import LogFormatter

    own: set[int] = set()
    for axes in figure.axes:
        for axis in (axes.xaxis, axes.yaxis):
            if isinstance(axis.get_major_formatter(), LogFormatter):
                own |= {id(text) for text in axis.findobj(Text)} - {id(axis.label)}
    for text in figure.findobj(Text):
        if isinstance(text, Text) and id(text) not in own:
            text.set_parse_math(False)
            text.set_text(plain(text.get_text()))
