"""Lays the contents of studies out on one page."""

from __future__ import annotations

from collections.abc import Sequence

from foreworld.core.show import escaped
from foreworld.plot._style import to_svg, words
from foreworld.plot.curves import curves
from foreworld.plot.horizon import horizon
from foreworld.plot.report import _html
from foreworld.plot.report.content import Content, Video
from foreworld.render.gif import gif_bytes
from foreworld.sweeps.results.before import BEGUN


def lay_out(
    contents: Sequence[Content], made_by: str, refresh: float | None = None
) -> str:
    """The page as text.

    Parameters
    ----------
    contents
        Studies in the order in which they appear.
    made_by
        Line at the foot: versions and command.
    refresh
        Seconds after which the page loads itself again; never by default.
    """
    names = [content.name for content in contents]
    title = "Report: " + ", ".join(names)
    parts = [_html.heading(1, title)]
    if len(contents) > 1:
        links = [f'<a href="#study-{i}">{escaped(n)}</a>' for i, n in enumerate(names)]
        parts.append(f"<nav>{''.join(links)}</nav>")
    for i, content in enumerate(contents):
        parts += _study(content, i)
    parts.append(_html.paragraph(made_by, "faint"))
    return _html.page(title, "\n".join(parts), refresh)


def _study(content: Content, index: int) -> list[str]:
    parts = [
        _html.heading(2, content.name, f"study-{index}"),
        _html.paragraph(content.lead),
        _html.tiles(content.facts),
    ]
    parts += [_html.paragraph(problem, "bad") for problem in content.problems]
    if content.metrics:
        drawn, first = [], ": mean over seeds and its 95 % Student interval."
        if content.results.attrs.get(BEGUN):
            first += " Dotted: where a run went on from another one."
        for metric in content.metrics:
            figure = curves(content.results, metric, content.chosen, small=bool(drawn))
            told = "" if drawn else first
            caption = words(metric).capitalize() + told
            drawn.append(_html.figure(to_svg(figure, metric), caption))
        text = f'<div class="curve-set">{"".join(drawn)}</div>'
        parts += [_html.heading(3, "Learning curves"), text]
    if content.horizons:
        drawn = []
        for metric in content.horizons:
            figure = horizon(content.results, metric, content.chosen)
            caption = (
                f"{words(metric).capitalize()}: mean over seeds and its 95 % Student "
                f"interval, beside predictions that need no learning."
            )
            drawn.append(_html.figure(to_svg(figure, metric), caption))
        parts += [_html.heading(3, "Error by horizon"), "".join(drawn)]
    if content.video is not None:
        parts += [_html.heading(3, "Prediction"), _video(content.video)]
    parts += [_html.heading(3, "Points"), content.points.html()]
    parts += [_html.heading(3, "Configuration"), content.settings.html()]
    if content.configuration:
        parts.append(_html.folded("All of it, as JSON", content.configuration))
    if content.timing is not None:
        parts += [_html.heading(3, "Time"), content.timing.html()]
    return parts


def _video(video: Video) -> str:
    # A pixel of the frame is one of the file: the page enlarges it without blurring.
    data = gif_bytes(video.frames, fps=8.333, scale=1)
    image = _html.image(data, "gif", "true, predicted and difference")
    heads = "<div><span>true</span><span>predicted</span><span>difference</span></div>"
    caption = (
        f"{video.num_sequences} held-out sequences, predicted without looking again "
        f"after {video.context_len} frames."
    )
    return (
        f'<figure class="video">{heads}{image}'
        f"<figcaption>{escaped(caption)}</figcaption></figure>"
    )
