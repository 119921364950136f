"""What a generator made: histograms of its columns, and words about each."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from foreworld.core.disk.folder import write_bytes
from foreworld.data.format.schema import learnt
from foreworld.data.reading.dataset import DataSet
from foreworld.data.reading.pictures import moving_gif, sheet_png
from foreworld.data.reading.split import Split
from foreworld.plot import _style
from foreworld.plot.preview.album import NO_FRAMES, Album
from foreworld.worlds.base import Family

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_NUM_SEQUENCES = 1000
"""Sequences that are read, at most."""
_NUM_BINS, _SIZE = 16, (3.0, 2.4)


def made_tasks(data: DataSet) -> dict[str, DataSet]:
    """The tasks of a data set that no world stands behind, by name.

    Parameters
    ----------
    data
        A finished data set.
    """
    recipes = data.recipe.tasks
    made = [n for n, one in recipes.items() if not isinstance(one.family, Family)]
    return {name: data.tasks[name] for name in made}


def write_columns(
    data: DataSet, out: Path, name: str, fps: float, album: Album
) -> None:
    """Write a figure of all columns, and frames where there are any.

    Parameters
    ----------
    data
        A data set of one task.
    out
        Folder.
    name
        What the files begin with.
    fps
        Frames a second.
    album
        The files, and a word on each column, are added to it.
    """
    split = next(one for one in (data.train, data.val, data.test) if len(one))

    def put(ending: str, content: bytes) -> None:
        album.files.append(out / f"{name}{ending}")
        write_bytes(album.files[-1], content)

    if "image" in split.columns:
        put(".png", sheet_png(split))
        put(".gif", moving_gif(split, fps))
    else:
        album.notes.append(NO_FRAMES)
    panels, notes = _described(split)
    album.notes += notes
    put("_columns.png", _style.to_file(_histograms(panels, name), "png"))


def _described(split: Split) -> tuple[dict[str, np.ndarray], list[str]]:
    """Numbers to draw, by what they are called; and a line for each column."""
    panels: dict[str, np.ndarray] = {}
    notes, whole = [], np.arange(min(len(split), _NUM_SEQUENCES))
    for name in learnt(split.columns):
        (_, *shape), dtype = split.columns[name]
        if name not in split.ragged:
            panels[name] = split.rows(name, whole)
            entry = " x ".join(map(str, shape)) or "1"
            notes.append(f"{name}: {entry} ({dtype}) in each sequence.")
            continue
        found = split.ragged_rows(name, whole)
        lengths = np.asarray(found.lengths)
        panels |= {name: np.asarray(found.values), f"entries of {name}": lengths}
        entry = " x ".join(map(str, shape[1:])) or "1"
        low, mean, high = (f(lengths) for f in (np.min, np.mean, np.max))
        notes.append(
            f"{name}: {low} to {high} entries of {entry} ({dtype}) in a sequence, "
            f"{mean:.3g} on average."
        )
    return {n: v for n, v in panels.items() if v.size and n != "image"}, notes


def _histograms(panels: Mapping[str, np.ndarray], title: str) -> Figure:
    figure, axes = _style.new_panels(max(1, len(panels)), 3, *_SIZE)
    for place, (one, (name, values)) in enumerate(
        zip(axes, panels.items(), strict=False)
    ):
        numbers = np.asarray(values).reshape(-1).astype(np.float64)
        one.hist(numbers, bins=_NUM_BINS, color=_style.colour(0), alpha=0.85)
        _style.label(one, name.replace("_", " "), "numbers" if place % 3 == 0 else "")
        one.grid(axis="x", visible=False)
    _style.heading(figure, title)
    return figure
