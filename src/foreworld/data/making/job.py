"""A folder that is being filled: the shards that are missing, and who makes them.

A job is one data set, or one for each task of a collection. Any number of processes may
be at work on it at the same time.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from foreworld.core.disk.folder import lease, manifest, write_bytes
from foreworld.data.format.collection_folder import finish_tasks, prepare_tasks
from foreworld.data.format.folder import (
    LEASES,
    finish,
    missing,
    num_made,
    prepare,
    shard_path,
)
from foreworld.data.format.recipe import Recipe, Shard, read_recipe
from foreworld.data.format.store.base import AbstractStore, Column, Rows
from foreworld.data.format.store.find import find_store
from foreworld.data.making import rates
from foreworld.data.making.simulate import Simulator
from foreworld.data.reading.collection import TasksRecipe, read_tasks
from foreworld.data.reading.opening import is_collection

_MOST_HELD = 4
"""Chunks that may wait for sequences that are drawn again."""


def read_job(folder: Path) -> Job:
    """The job of a folder that was prepared; errors as of what it holds."""
    return Job(folder, (read_tasks if is_collection(folder) else read_recipe)(folder))


class Job:
    """What is to be made in a folder.

    Parameters
    ----------
    folder
        Where.
    recipe
        Of one data set, or of several tasks.
    """

    def __init__(self, folder: Path, recipe: Recipe | TasksRecipe) -> None:
        self.folder, self.recipe = folder, recipe
        self._parts = (
            {folder: recipe}
            if isinstance(recipe, Recipe)
            else {folder / task: one for task, one in recipe.tasks.items()}
        )

    @property
    def total(self) -> int:
        """Sequences when it is done."""
        return sum(self.recipe.sizes.values())

    def prepare(self, force: bool) -> None:
        """Leave a folder that holds this and, perhaps, some of its shards.

        Raises
        ------
        OccupiedError
            It holds something else.
        DamagedError
            It is finished, and its marker was altered.
        """
        if isinstance(self.recipe, Recipe):
            prepare(self.folder, self.recipe, force)
        else:
            prepare_tasks(self.folder, self.recipe, force)

    def missing(self) -> bool:
        """Whether a shard is still to be made."""
        return any(missing(folder, recipe) for folder, recipe in self._parts.items())

    def num_made(self) -> int:
        """Sequences in the shards that are there."""
        return sum(num_made(folder, recipe) for folder, recipe in self._parts.items())

    def make(self, report: Callable[[int], None]) -> None:
        """Make every missing shard that nobody else holds.

        Tasks at which nobody is come first: workers then compile one program each
        instead of all the same ones.
        """
        for alone in (True, False) if len(self._parts) > 1 else (False,):
            for folder, recipe in self._parts.items():
                if not missing(folder, recipe):
                    continue
                made = self.num_made() - num_made(folder, recipe)

                def done(num: int, before: int = made) -> None:
                    report(before + num)

                with contextlib.ExitStack() as stack:
                    if alone and not stack.enter_context(lease(folder / LEASES / "at")):
                        continue
                    _make_shards(folder, recipe, done)

    def finish(self) -> None:
        """Seal what is complete, unless that is done or being done."""
        for folder, recipe in self._parts.items():
            finish(folder, recipe)
        if isinstance(self.recipe, TasksRecipe):
            finish_tasks(self.folder, self.recipe)

    def finished(self) -> bool:
        """Whether the folder is sealed."""
        return manifest(self.folder) is not None


def _make_shards(folder: Path, recipe: Recipe, report: Callable[[int], None]) -> None:
    """Make every missing shard that nobody else holds."""
    todo = missing(folder, recipe)
    if not todo:
        return
    simulator = Simulator(recipe)
    columns, store = simulator.columns(), find_store(recipe.store)
    made = num_made(folder, recipe)
    for shard in todo:
        path = shard_path(folder, recipe, shard)
        with lease(folder / LEASES / f"{shard.split}-{shard.stem}") as mine:
            # Another worker may have finished it since the list was made.
            if not mine or path.exists():
                continue

            marks: list[tuple[float, int]] = []

            def done(num: int, before: int = made, marks: Any = marks) -> None:
                marks.append((time.monotonic(), num))
                report(before + num)

            write_bytes(path, _shard_bytes(simulator, store, columns, shard, done))
            made += shard.stop - shard.start
            # From the first chunk on: compiling is over then.
            begun, before = marks[0]
            num = shard.stop - shard.start - before
            rates.record(recipe, num, time.monotonic() - begun)


def _shard_bytes(
    simulator: Simulator,
    store: AbstractStore,
    columns: Sequence[Column],
    shard: Shard,
    report: Callable[[int], None],
) -> bytes:
    """One shard: the device computes a chunk while threads compress the one before.

    Chunks with sequences that were refused are held back until all of them have been
    drawn again, which is done for several chunks at once.
    """
    width = simulator.chunk_len
    redrawn = 0
    held: dict[int, Rows] = {}
    refused: dict[int, int] = {}
    num_rows = shard.stop - shard.start
    with contextlib.closing(store.writer(columns, num_rows, width)) as writer:

        def redraw(most_held: int) -> int:
            drawn = 0
            while len(held) > most_held:
                for index, draws, row in simulator.redraw(shard.split, refused):
                    rows = held[index - index % width]
                    for name, value in row.items():
                        rows[name][index % width] = value
                    drawn += draws
                waiting = {index - index % width for index in refused}
                for first in [first for first in held if first not in waiting]:
                    writer.put(first - shard.start, held.pop(first))
            return drawn

        following = simulator.start(shard.split, shard.start)
        for first in range(shard.start, shard.stop, width):
            made = following
            if first + width < shard.stop:
                following = simulator.start(shard.split, first + width)
            num = min(width, shard.stop - first)
            rows, bad = simulator.finish(made, first, num)
            if bad.any():
                refused.update((first + int(i), 1) for i in np.flatnonzero(bad))
                held[first] = {name: value.copy() for name, value in rows.items()}
            else:
                writer.put(first - shard.start, rows)
            redrawn += redraw(_MOST_HELD)
            report(first + num - shard.start)
        redrawn += redraw(0)
        return writer.finish(
            {"split": shard.split, "start": shard.start, "redrawn": redrawn}
        )
