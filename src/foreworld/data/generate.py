"""Makes data sets in shards: resumable, with the same bytes on any number of workers.

``generate`` writes the folder's ``config.json`` and lets workers make what is missing.
A worker takes a lease on a shard, makes it, puts it in its place at once, and goes on;
whoever finds everything made seals the folder.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypedDict, Unpack

import numpy as np

from foreworld.core import compilation, registry
from foreworld.core.errors import ConfigError, ForeworldError, unknown_name
from foreworld.core.folder import (
    MANIFEST,
    StorageError,
    lease,
    manifest,
    remove_empty,
    write_bytes,
)
from foreworld.core.progress import Progress
from foreworld.data.dataset import DataSet, open_dataset
from foreworld.data.folder import (
    LEASES,
    LOGS,
    finish,
    missing,
    num_made,
    prepare,
    shard_path,
)
from foreworld.data.recipe import CHUNK_LEN, Recipe, Shard, read_recipe
from foreworld.data.simulate import Simulator
from foreworld.data.store.base import AbstractStore, Column, Rows
from foreworld.data.store.find import StoreName, find_store
from foreworld.data.stored_policy import AbstractStoredPolicy
from foreworld.launch._crew import Crew
from foreworld.launch._slurm_jobs import stop_jobs
from foreworld.launch.base import AbstractLauncher, Resources, Task
from foreworld.worlds.base import AbstractPolicy, AbstractWorld, Family, as_family
from foreworld.worlds.make import make

SHARD_BYTES = 64 * 2**20
"""A shard holds about this much before compression."""
_PROGRAM_BYTES = 40 * 2**20
"""One call of the program makes at most this much."""
_CHUNK_LENS = (CHUNK_LEN, 125, 50, 25, 10, 5, 2, 1)
_MOST_HELD = 4
"""Chunks that may wait for sequences that are drawn again."""
_POLL_SECONDS = 0.1


class Sizes(TypedDict, total=False):
    """What :func:`generate` takes beside; fields of the recipe."""

    train: int
    val: int
    test: int
    seed: int
    num_frames: int
    shard_len: int
    store: StoreName
    chunk_len: int
    images: bool
    derivatives: bool
    image_noise: float
    state_noise: float
    missing: float
    jitter: float
    skip: int
    random_skip: bool


def generate(
    what: AbstractWorld | Family | str,
    out: str | Path,
    *,
    policy: AbstractPolicy | AbstractStoredPolicy | None = None,
    launcher: AbstractLauncher | None = None,
    workers: int = 1,
    force: bool = False,
    quiet: bool = False,
    **sizes: Unpack[Sizes],
) -> DataSet:
    """Make a data set, or what is missing of it.

    Parameters
    ----------
    what
        A family of worlds, a world (a family of one), or a world's name.
    out
        Folder of the data set.
    policy
        What acts, or where it lies; ``None`` draws actions uniformly.
    launcher
        Where workers run; ``None`` for this process, or worker processes of this
        machine where ``workers`` is above 1.
    workers
        Number of tasks given to the launcher. It changes no byte of the result.
    force
        Replace another data set that lies in the folder.
    quiet
        Print no progress.
    sizes
        ``train``, ``val``, ``test`` (sequences, 0 each), ``seed`` (0), ``num_frames``
        (30), ``store`` ("hdf5" or "npz"), noise, missing and irregular frames, and so
        on: the fields of :class:`~foreworld.data.recipe.Recipe`.

    Returns
    -------
    DataSet
        The finished data set.

    Raises
    ------
    ConfigError
        A size or name that cannot be used, or nothing to make.
    OccupiedError
        The folder holds something else.
    StorageError
        The disk is full or refuses; what is finished is kept.
    ForeworldError
        A worker failed, or sequences do not come out finite.
    """
    compilation.configure()
    family = as_family(make(what) if isinstance(what, str) else what)
    if workers < 1:
        raise ConfigError(f"workers={workers} must be at least 1.")
    recipe = _recipe(family, policy, sizes)
    folder = Path(out)
    if launcher is None and workers > 1:
        launcher = registry.find("launch", "processes")()
    if launcher is not None and (force or not (folder / MANIFEST).exists()):
        launcher.check(Resources())
    if force:
        stop_jobs(folder)
    prepare(folder, recipe, force)
    total = sum(recipe.sizes.values())
    label = f"{type(family.world).__name__} to {folder}"
    with Progress(label, total, "sequences", quiet) as progress:
        progress.update(num_made(folder, recipe))
        if launcher is not None and missing(folder, recipe):
            _let_work(launcher, workers, folder, recipe, progress)
        _make(folder, recipe, progress.update)
        # Another process may be at work on the last shards, or die at it.
        while missing(folder, recipe):
            time.sleep(_POLL_SECONDS)
            _make(folder, recipe, progress.update)
        while manifest(folder) is None:
            finish(folder, recipe)
        with contextlib.suppress(StorageError):
            # Goes only when it is empty: logs of workers that failed are kept.
            remove_empty(folder / LOGS)
        progress.update(total)
    return open_dataset(folder)


def work(folder: Path) -> None:
    """Make every shard that is missing and that nobody else is making: one worker.

    Any number of these may run on one folder at the same time, on any machine that
    sees it; each may be killed and started again.

    Parameters
    ----------
    folder
        A folder that :func:`generate` has prepared.
    """
    compilation.configure()
    folder = Path(folder)
    recipe = read_recipe(folder)
    _make(folder, recipe, lambda made: None)
    if not missing(folder, recipe):
        finish(folder, recipe)


def _recipe(
    family: Family,
    policy: AbstractPolicy | AbstractStoredPolicy | None,
    sizes: Sizes,
) -> Recipe:
    for name in sizes:
        if name not in Sizes.__annotations__:
            raise unknown_name("argument of generate", name, Sizes.__annotations__)
    recipe = Recipe(family, policy, **sizes)
    if not sum(recipe.sizes.values()):
        raise ConfigError(
            "there is nothing to make: give a number of sequences for train, val or "
            "test, for example train=1000."
        )
    if "shard_len" in sizes:
        return recipe
    one = max(1, sum(column.sequence_bytes for column in Simulator(recipe).columns()))
    width = recipe.chunk_len
    if "chunk_len" not in sizes:
        width = next((n for n in _CHUNK_LENS if n * one <= _PROGRAM_BYTES), 1)
    chunks = max(1, min(2000, SHARD_BYTES // one) // width)
    return recipe.replace(chunk_len=width, shard_len=chunks * width)


def _make(folder: Path, recipe: Recipe, report: Callable[[int], None]) -> None:
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

            def done(num: int, before: int = made) -> None:
                report(before + num)

            write_bytes(path, _shard_bytes(simulator, store, columns, shard, done))
            made += shard.stop - shard.start


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


def _let_work(
    launcher: AbstractLauncher,
    workers: int,
    folder: Path,
    recipe: Recipe,
    progress: Progress,
) -> None:
    """Have workers make shards; those that were lost on the way are replaced."""
    task = Task("foreworld.data.generate:work", folder.resolve())
    with Crew(launcher, task, lambda: num_made(folder, recipe), progress.say) as crew:
        crew.hire(workers - crew.busy)
        while missing(folder, recipe):
            lost = sum(handle.lost() for handle in crew.look())
            if lost and crew.retries >= 0:
                crew.hire(lost)
            if not crew.busy:
                break
            progress.update(num_made(folder, recipe))
            time.sleep(_POLL_SECONDS)
        crew.dismiss()
    if crew.failed and missing(folder, recipe):
        raise ForeworldError(
            f"{len(crew.failed)} of {crew.hired} workers failed and {folder} is not "
            f"complete. What is finished is kept: run the same command again. One of "
            f"them said: {crew.failed[-1].error().strip()}"
        )
