"""The shards of a data set: which are missing, and how a worker makes them.

Any number of processes may be at work on one folder at the same time.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from foreworld.core.disk.folder import manifest, write_bytes
from foreworld.core.disk.lease import held, lease
from foreworld.core.disk.life import LEASES, Life
from foreworld.data.format import folder as folders
from foreworld.data.format.config import check_written
from foreworld.data.format.folder import shard_path
from foreworld.data.format.recipe import Recipe, Shard
from foreworld.data.format.schema import Column
from foreworld.data.format.store.base import Rows
from foreworld.data.format.store.find import find_store
from foreworld.data.making import rates
from foreworld.data.making.host import Host
from foreworld.data.making.maker import maker_of
from foreworld.data.making.sequence import DRIFT
from foreworld.data.making.simulate import Simulator, not_finite
from foreworld.launch.base import AbstractWork, Task

_MOST_HELD = 4
"""Chunks that may wait for sequences that are drawn again."""


class Shards(AbstractWork):
    """The shards that are to be made in a folder.

    Parameters
    ----------
    folder
        Where.
    recipe
        What.
    life
        The life of the folder that is worked on.
    report
        Told how many sequences there are, again and again.
    """

    def __init__(
        self,
        folder: Path,
        recipe: Recipe,
        life: Life,
        report: Callable[[int], None] = lambda made: None,
    ) -> None:
        self.folder, self.recipe = folder, recipe
        self._life, self._report = life, report

    @property
    def task(self) -> Task:
        """Make what is missing: one worker."""
        return Task("foreworld.data.making.generate:work", self.folder.resolve())

    def num_open(self) -> int:
        """Shards that are still to be made."""
        return len(self.missing())

    def num_free(self) -> int:
        """Open shards that no process makes."""
        return sum(not held(self._lock(shard)) for shard in self.missing())

    def mark(self) -> int:
        """Sequences in the shards that are there."""
        return sum(self.recipe.sizes.values()) - sum(map(len, self.missing()))

    def look(self) -> None:
        """Report; stop where the folder was replaced."""
        self._life.go_on()
        self._report(self.mark())

    def missing(self, task: str | None = None) -> list[Shard]:
        """Shards that are still to be made, of one task or of all."""
        return folders.missing(self.folder, self.recipe, task)

    def make(self) -> None:
        """Make every missing shard that no other process holds.

        Tasks on which no other process works come first: workers then compile one
        program each instead of all the same ones.
        """
        tasks = self.recipe.tasks
        for alone in (True, False) if len(tasks) > 1 else (False,):
            for task in tasks:
                if not self.missing(task):
                    continue
                with contextlib.ExitStack() as stack:
                    at = lease(self.folder / LEASES / f"at-{task}")
                    if not alone or stack.enter_context(at):
                        self._make_task(task)

    def finish(self) -> None:
        """Seal what is complete, unless that is done or being done."""
        if not self.missing():
            folders.finish(self.folder, self.recipe, self._life)

    def finished(self) -> bool:
        """Whether the folder is sealed."""
        return manifest(self.folder) is not None

    def _make_task(self, task: str) -> None:
        maker = maker_of(self.recipe.tasks[task])
        check_written(self.folder, self.recipe, task, maker.columns)
        for shard in self.missing(task):
            path = shard_path(self.folder, self.recipe, shard)
            with lease(self._lock(shard)) as mine:
                # Another worker may have finished it since the list was made.
                if not mine or path.exists():
                    continue
                before = self.mark()
                marks: list[tuple[float, int]] = []

                def done(num: int, before: int = before, marks: list = marks) -> None:
                    marks.append((time.monotonic(), num))
                    self._report(before + num)

                if isinstance(maker, Host):
                    data = maker.shard_bytes(shard, done)
                else:
                    data = shard_bytes(maker, shard, done)
                self._life.go_on()
                write_bytes(path, data)
                # From the first chunk on: compiling is over then.
                begun, first = marks[0]
                seconds = time.monotonic() - begun
                rates.record(maker.recipe, len(shard) - first, seconds)

    def _lock(self, shard: Shard) -> Path:
        return self.folder / LEASES / f"{shard.task}-{shard.split}-{shard.stem}"


def prepare(folder: Path, recipe: Recipe, force: bool) -> None:
    """Leave a folder that holds a recipe's data; see :func:`.folder.prepare`.

    Parameters
    ----------
    folder, recipe
        Where, and what.
    force
        Replace another data set.
    """

    def columns() -> dict[str, Sequence[Column]]:
        return {n: maker_of(task).columns for n, task in recipe.tasks.items()}

    folders.prepare(folder, recipe, columns, force)


def shard_bytes(
    simulator: Simulator, shard: Shard, report: Callable[[int], None]
) -> bytes:
    """One shard: the device computes a chunk while threads compress the one before.

    Chunks with sequences that were refused are held back until all of them have been
    drawn again, which is done for several chunks at once.

    Parameters
    ----------
    simulator
        The program of the shard's task.
    shard
        Which sequences.
    report
        Told after each chunk how many of them are made.

    Returns
    -------
    bytes
        The file.
    """
    width, redrawn = simulator.recipe.chunk_len, 0
    drifts: list[float] = []
    broken: set[str] = set()
    held: dict[int, Rows] = {}
    refused: dict[int, int] = {}
    make = find_store(simulator.recipe.store).writer
    with contextlib.closing(make(simulator.columns, len(shard), width)) as writer:

        def put(first: int, rows: Rows) -> None:
            if DRIFT in rows:
                drifts.append(float(rows.pop(DRIFT).max()))
            writer.put(first - shard.start, rows)

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
                    put(first, held.pop(first))
            return drawn

        following = simulator.start(shard.split, shard.start)
        for first in range(shard.start, shard.stop, width):
            made = following
            if first + width < shard.stop:
                following = simulator.start(shard.split, first + width)
            num = min(width, shard.stop - first)
            rows, bad = simulator.finish(made, first, num)
            if bad.any():
                broken |= not_finite(rows, bad)
                refused.update((first + int(i), 1) for i in np.flatnonzero(bad))
                held[first] = {name: value.copy() for name, value in rows.items()}
            else:
                put(first, rows)
            redrawn += redraw(_MOST_HELD)
            report(first + num - shard.start)
        redrawn += redraw(0)
        told: dict[str, int | float | str] = dict(simulator.recipe.names_of(shard))
        told["redrawn"] = redrawn
        if broken:
            told["not_finite"] = ", ".join(sorted(broken))
        if drifts:
            # Two digits: the others are the rounding of one kind of processor.
            told[DRIFT] = float(f"{max(0.0, *drifts):.1e}")
        return writer.finish(told)
