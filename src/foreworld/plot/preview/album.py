"""All pictures of some sequences, as files in a folder."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from jaxtyping import UInt8

from foreworld.core.disk.folder import write_bytes
from foreworld.core.parts.stand_in import StandIn
from foreworld.data.reading.pictures import NUM_ROWS, moving, sheet_of
from foreworld.plot import _style
from foreworld.plot.preview.energy import energy_over_time
from foreworld.plot.preview.footage import Footage
from foreworld.plot.preview.parameters import parameter_histograms
from foreworld.plot.preview.phase import phase_portrait
from foreworld.plot.preview.signals import signal_traces
from foreworld.render.gif import gif_bytes
from foreworld.render.mp4 import NO_FFMPEG, find_ffmpeg, mp4_bytes
from foreworld.worlds.dynamics.base import AbstractDynamics

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Draw = Callable[[Sequence[Footage], str], "Figure | None"]
_FIGURES: dict[str, Draw] = {
    "phase": phase_portrait,
    "energy": energy_over_time,
    "signals": lambda tasks, title: signal_traces(tasks[0], title),
    "parameters": parameter_histograms,
}
_MISSING = {
    "phase": "no phase portrait: a state of {name} is a single number.",
    "energy": "no energy over time: {name} has none that is conserved.",
}

NO_FRAMES = "no contact sheet, GIF and MP4: the data holds no frames."


@dataclass
class Album:
    """What was written, and what there is not, in words."""

    files: list[Path] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def write_album(
    tasks: Sequence[Footage], out: Path, name: str, fps: float = 10.0, title: str = ""
) -> Album:
    """Write contact sheet, GIF, MP4 and figures.

    Parameters
    ----------
    tasks
        Sequences of one task or several.
    out
        Folder.
    name
        What the files begin with.
    fps
        Frames a second.
    title
        What figures are called; by default like the files.

    Returns
    -------
    Album
        The files, and a word on each picture that cannot be.
    """
    album = Album()

    def put(ending: str, content: bytes) -> None:
        album.files.append(out / f"{name}{ending}")
        write_bytes(album.files[-1], content)

    seen = [task for task in tasks if task.image is not None]
    if seen:
        image, named = together(seen), len(seen) > 1
        put(".png", sheet_of(image, [t.name for t in seen] if named else []))
        frames, scale = moving(image)
        put(".gif", gif_bytes(frames, fps, scale))
        if find_ffmpeg() is None:
            album.notes.append(NO_FFMPEG)
        else:
            put(".mp4", mp4_bytes(frames, fps, 2 * scale))
    else:
        album.notes.append(NO_FRAMES)
    for ending, figure in figures(tasks, title or name, album.notes):
        put(f"_{ending}.png", _style.to_file(figure, "png"))
    return album


def figures(
    tasks: Sequence[Footage], name: str, notes: list[str]
) -> Iterator[tuple[str, Any]]:
    """The figures of some tasks, by kind; tasks of unlike worlds get their own.

    Parameters
    ----------
    tasks
        Sequences of one task or several.
    name
        Their title.
    notes
        What cannot be drawn is said here.
    """
    groups: dict[tuple[str, int], list[Footage]] = {}
    for task in tasks:
        size = task.state.shape[-1]
        groups.setdefault((_name_of(task.world), size), []).append(task)
    for (cls, _), group in groups.items():
        title = name if len(groups) == 1 else f"{name}: {cls}"
        has_law = isinstance(group[0].world, AbstractDynamics)
        if not has_law:
            why = "does not move by a law of its own"
            if isinstance(group[0].world, StandIn):
                why = "is code that is not at hand, or not trusted (--trust)"
            notes.append(f"no phase portrait and no energy: {cls} {why}.")
        for kind, draw in _FIGURES.items():
            if kind != "parameters" and not has_law:
                continue
            figure = draw(group, title)
            if figure is not None:
                ending = kind if len(groups) == 1 else f"{kind}_{cls.lower()}"
                yield ending, figure
            elif kind in _MISSING:
                notes.append(_MISSING[kind].format(name=cls))


def _name_of(world: Any) -> str:
    """The name of a world's class, also where the class is not at hand."""
    return world.name if isinstance(world, StandIn) else type(world).__name__


def together(
    tasks: Sequence[Footage],
) -> UInt8[np.ndarray, "sequence time height width channels"]:
    """Sequences of all tasks that have frames as rows, brought to one shape."""
    each = max(1, NUM_ROWS // len(tasks))
    images = [task.image[:each] for task in tasks if task.image is not None]
    if len(images) == 1:
        return images[0]
    length = min(image.shape[1] for image in images)
    channels = max(image.shape[-1] for image in images)
    size = max(max(image.shape[2:4]) for image in images)
    fitted = []
    for image in images:
        scale = size // max(image.shape[2:4])
        large = image[:, :length].repeat(scale, axis=2).repeat(scale, axis=3)
        gaps = [size - side for side in large.shape[2:4]]
        room = [(gap // 2, gap - gap // 2) for gap in gaps]
        large = np.pad(large, [(0, 0), (0, 0), *room, (0, 0)])
        fitted.append(large.repeat(channels // large.shape[-1], axis=-1))
    return np.concatenate(fitted)
