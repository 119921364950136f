"""Makes data sets in shards: resumable, with the same bytes on any number of workers.

``generate`` writes the folder's ``config.json`` and lets workers make what is missing.
A worker takes a lease on a shard, makes it, puts it in its place at once, and goes on;
whoever finds everything made seals the folder.
"""

from __future__ import annotations

import contextlib
import time
from pathlib import Path
from typing import Any, TypedDict, Unpack, overload

from foreworld.core import compilation, registry
from foreworld.core.disk.folder import (
    MANIFEST,
    StorageError,
    remove_empty,
)
from foreworld.core.errors import ConfigError, ForeworldError
from foreworld.core.progress import Progress
from foreworld.data.format.folder import (
    LOGS,
)
from foreworld.data.format.recipe import Recipe
from foreworld.data.format.store.find import StoreName
from foreworld.data.format.stored_policy import AbstractStoredPolicy
from foreworld.data.making.job import Job, read_job
from foreworld.data.making.recipes import check_fields, family_recipe, set_recipe
from foreworld.data.reading.collection import Collection, TasksRecipe
from foreworld.data.reading.dataset import DataSet
from foreworld.data.reading.opening import open_data
from foreworld.data.sets.base import NamedSet
from foreworld.data.sets.find import make_set, names_set
from foreworld.launch._crew import Crew
from foreworld.launch.base import AbstractLauncher, Resources, Task
from foreworld.launch.slurm._jobs import stop_jobs
from foreworld.worlds.base import AbstractPolicy, AbstractWorld, Family, as_family
from foreworld.worlds.make import make

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
    scale: float
    legacy: bool


class Settings(Sizes, total=False):
    """The same with how it is made."""

    policy: AbstractPolicy | AbstractStoredPolicy | None
    launcher: AbstractLauncher | None
    workers: int
    force: bool
    quiet: bool


@overload
def generate(
    what: AbstractWorld | Family, out: str | Path, **settings: Unpack[Settings]
) -> DataSet: ...


@overload
def generate(
    what: NamedSet | Recipe | TasksRecipe | str,
    out: str | Path,
    **settings: Unpack[Settings],
) -> DataSet | Collection: ...


def generate(
    what: AbstractWorld | Family | NamedSet | Recipe | TasksRecipe | str,
    out: str | Path,
    *,
    policy: AbstractPolicy | AbstractStoredPolicy | None = None,
    launcher: AbstractLauncher | None = None,
    workers: int = 1,
    force: bool = False,
    quiet: bool = False,
    **sizes: Unpack[Sizes],
) -> DataSet | Collection:
    """Make a data set, or what is missing of it.

    Parameters
    ----------
    what
        A family, a world (a family of one), a named set, the name of a world or set
        (``"pendulum"``, ``"slvm/pendulum3"``), or the recipe of another data set.
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
        on: the fields of :class:`~foreworld.data.format.recipe.Recipe`. Named sets have
        their own (each for every task), and take ``scale`` (0.01 for a hundredth of
        all sizes) and ``legacy`` (the original's own behaviour, for comparison).

    Returns
    -------
    DataSet or Collection
        The finished data set; of a named set of several tasks, all of them.

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
    if workers < 1:
        raise ConfigError(f"workers={workers} must be at least 1.")
    recipe, label = plan(what, policy, **sizes)
    _run(Job(Path(out), recipe), label, launcher, workers, force, quiet)
    return open_data(out)


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


def plan(
    what: AbstractWorld | Family | NamedSet | Recipe | TasksRecipe | str,
    policy: AbstractPolicy | AbstractStoredPolicy | None = None,
    **sizes: Any,
) -> tuple[Recipe | TasksRecipe, str]:
    """The recipe of what is to be made, and a word for it; arguments as `generate`.

    Raises
    ------
    ConfigError
        A size or name that cannot be used, or nothing to make.
    """
    fields = dict(sizes)
    check_fields(fields, Sizes.__annotations__)
    if isinstance(what, Recipe | TasksRecipe):
        if fields or policy is not None:
            raise ConfigError(
                f"a recipe says all: leave {', '.join(fields) or 'policy'} away, or "
                f"change the recipe with .replace(...)."
            )
        return what, _label(what)
    scale, legacy = fields.pop("scale", 1.0), fields.pop("legacy", False)
    name = what if isinstance(what, str) else ""
    if names_set(name):
        what = make_set(name)
    if isinstance(what, NamedSet):
        if policy is not None:
            raise ConfigError("a named set has no policy: nobody acts in its worlds.")
        named = what.replace(legacy=True) if legacy else what
        label = name or f"{len(named.tasks)} tasks"
        return set_recipe(named, name, scale, fields), label
    for option, value, default in (("scale", scale, 1), ("legacy", legacy, False)):
        if value != default:
            raise ConfigError(
                f"{option}={value!r} is for named sets ('foreworld list sets'). Give "
                f"a world's sizes and fields themselves."
            )
    family = as_family(make(what) if isinstance(what, str) else what)
    return family_recipe(family, policy, fields), type(family.world).__name__


def _label(recipe: Recipe | TasksRecipe) -> str:
    if isinstance(recipe, Recipe):
        return type(recipe.family.world).__name__
    return recipe.name or f"{len(recipe.tasks)} tasks"


def _let_work(
    launcher: AbstractLauncher, workers: int, job: Job, progress: Progress
) -> None:
    """Have workers make shards; those that were lost on the way are replaced."""
    task = Task("foreworld.data.making.generate:work", job.folder.resolve())
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
