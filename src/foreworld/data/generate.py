"""Makes data sets in shards: resumable, with the same bytes on any number of workers.

``generate`` writes the folder's ``config.json`` and lets workers make what is missing.
A worker takes a lease on a shard, makes it, puts it in its place at once, and goes on;
whoever finds everything made seals the folder.
"""

from __future__ import annotations

import contextlib
import time
from pathlib import Path
from typing import TypedDict, Unpack

from foreworld.core import compilation, registry
from foreworld.core.errors import ConfigError, ForeworldError, unknown_name
from foreworld.core.folder import (
    MANIFEST,
    StorageError,
    remove_empty,
)
from foreworld.core.progress import Progress
from foreworld.data.dataset import DataSet, open_dataset
from foreworld.data.folder import (
    LOGS,
)
from foreworld.data.job import Job, read_job
from foreworld.data.recipe import CHUNK_LEN, Recipe
from foreworld.data.simulate import Simulator
from foreworld.data.store.find import StoreName
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
    job, label = Job(Path(out), recipe), type(family.world).__name__
    _run(job, label, launcher, workers, force, quiet)
    return open_dataset(out)


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
    job = read_job(Path(folder))
    job.make(lambda made: None)
    if not job.missing():
        job.finish()


def _run(
    job: Job,
    label: str,
    launcher: AbstractLauncher | None,
    workers: int,
    force: bool,
    quiet: bool,
) -> None:
    """Make what is missing, here or by workers, and seal the folder."""
    folder = job.folder
    if launcher is None and workers > 1:
        launcher = registry.find("launch", "processes")()
    if launcher is not None and (force or not (folder / MANIFEST).exists()):
        launcher.check(Resources())
    if force:
        stop_jobs(folder)
    job.prepare(force)
    with Progress(f"{label} to {folder}", job.total, "sequences", quiet) as progress:
        progress.update(job.num_made())
        if launcher is not None and job.missing():
            _let_work(launcher, workers, job, progress)
        job.make(progress.update)
        # Another process may be at work on the last shards, or die at it.
        while job.missing():
            time.sleep(_POLL_SECONDS)
            job.make(progress.update)
        while not job.finished():
            job.finish()
        with contextlib.suppress(StorageError):
            # Goes only when it is empty: logs of workers that failed are kept.
            remove_empty(folder / LOGS)
        progress.update(job.total)


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


def _let_work(
    launcher: AbstractLauncher, workers: int, job: Job, progress: Progress
) -> None:
    """Have workers make shards; those that were lost on the way are replaced."""
    task = Task("foreworld.data.generate:work", job.folder.resolve())
    with Crew(launcher, task, job.num_made, progress.say) as crew:
        crew.hire(workers - crew.busy)
        while job.missing():
            lost = sum(handle.lost() for handle in crew.look())
            if lost and crew.retries >= 0:
                crew.hire(lost)
            if not crew.busy:
                break
            progress.update(job.num_made())
            time.sleep(_POLL_SECONDS)
        crew.dismiss()
    if crew.failed and job.missing():
        raise ForeworldError(
            f"{len(crew.failed)} of {crew.hired} workers failed and {job.folder} is "
            f"not complete. What is finished is kept: run the same command again. One "
            f"of them said: {crew.failed[-1].error().strip()}"
        )
