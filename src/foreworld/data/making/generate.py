"""Makes data sets in shards: resumable, with the same bytes on any number of workers.

``generate`` writes the folder's ``config.json`` and lets workers make what is missing.
A worker locks a shard, makes it, renames it into place, and goes on; the first process
that finds all shards made seals the folder.
"""

from __future__ import annotations

import contextlib
import time
from pathlib import Path
from typing import Any

from foreworld.core import compilation, registry
from foreworld.core.disk.folder import (
    CONFIG,
    MANIFEST,
    StorageError,
    manifest,
    remove_empty,
)
from foreworld.core.errors import ConfigError, unknown_name
from foreworld.core.own.in_parts import demand_code, remember_code
from foreworld.core.own.made_with import beside, check_choice, settle
from foreworld.core.parts.config import content_hash
from foreworld.core.parts.limits import Count
from foreworld.core.parts.part import field_specs
from foreworld.core.parts.reference import AbstractRef
from foreworld.core.parts.types import checked
from foreworld.core.progress import Progress
from foreworld.data.format.config import read_recipe
from foreworld.data.format.contents import LOGS, check_links
from foreworld.data.format.folder import using
from foreworld.data.format.generator import AbstractGenerator
from foreworld.data.format.observation import NAMES, Observation
from foreworld.data.format.reached import reached
from foreworld.data.format.recipe import Recipe, TaskRecipe
from foreworld.data.making.host import Host
from foreworld.data.making.recipes import set_recipe, task_recipe
from foreworld.data.making.shards import Shards, prepare
from foreworld.data.making.step_size import check_steps
from foreworld.data.reading.dataset import DataSet, open_dataset
from foreworld.data.sets.base import NamedSet
from foreworld.data.sets.find import make_set, names_set
from foreworld.launch._crew import Crew
from foreworld.launch.base import AbstractLauncher
from foreworld.launch.slurm._jobs import stop_jobs
from foreworld.worlds.base import AbstractWorld, Family, as_family
from foreworld.worlds.look import Needs, look_at
from foreworld.worlds.make import make
from foreworld.worlds.policy import AbstractPolicy

_POLL_SECONDS = 0.1

What = AbstractWorld | Family | AbstractGenerator | NamedSet | Recipe | str
"""What data sets are made of."""
_BESIDE = ("scale", "legacy")
"""Arguments for named sets alone."""
_NOT_GIVEN = {"family", "policy", "task", "named"}
_FIELDS = {spec.name for spec in field_specs(TaskRecipe)} - _NOT_GIVEN
_ARGUMENTS = (*_FIELDS, *NAMES, *_BESIDE)


def generate(
    what: What,
    out: str | Path,
    *,
    policy: AbstractPolicy | AbstractRef | None = None,
    launcher: AbstractLauncher | None = None,
    workers: int = 1,
    force: bool = False,
    again: bool = False,
    go_on: bool = False,
    quiet: bool = False,
    **sizes: Any,
) -> DataSet:
    """Make a data set, or what is missing of it.

    Parameters
    ----------
    what
        A family, a world (a family of one), a generator, a named set, the name of a
        world or set (``"pendulum"``, ``"slvm/pendulum3"``), or the recipe of another
        data set.
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
        Replace another data set that lies in the folder, also one of the same recipe
        that other code made.
    again
        Where the folder was begun with other code, versions or settings, make a new
        data set in one beside it (``...-2``).
    go_on
        Go on with such a folder as it is.
    quiet
        Print no progress.
    sizes
        ``train``, ``val``, ``test`` (sequences, 0 each), ``seed`` (0), ``num_frames``
        (30), ``store`` ("hdf5" or "npz"), and so on: the fields of
        :class:`~foreworld.data.format.recipe.TaskRecipe`; ``observation``, or the
        fields of one (noise, missing and irregular frames, ...) by themselves. Named
        sets have their own (each for every task), and take ``scale`` (0.01 for a
        hundredth of all sizes) and ``legacy`` (the original's own behaviour, for
        comparison).

    Raises
    ------
    ConfigError
        A size or name that cannot be used, nothing to make, or steps of integration
        that are too coarse.
    OccupiedError
        The folder holds something else.
    ChangedError
        It was begun with other code, versions or settings.
    StorageError
        The disk is full or refuses; what is finished is kept.
    ForeworldError
        A worker failed, or sequences do not come out finite.
    """
    check_choice(again, go_on)
    compilation.configure()
    folder = checked("out", out, Path)
    workers = checked("workers", workers, Count)
    recipe = plan(what, policy, **sizes)
    remember_code(recipe)
    folder = placed(recipe, folder, again)
    if launcher is None and workers > 1:
        launcher = registry.find("launch", "processes")()
    if launcher is not None and (force or not (folder / MANIFEST).exists()):
        launcher.check()
    if force:
        stop_jobs(folder)
    if force or not (folder / CONFIG).exists():
        check_steps(recipe.tasks)
    total = sum(recipe.sizes.values())
    with Progress(f"{recipe.label} to {folder}", total, "sequences", quiet) as progress:
        prepare(folder, recipe, force)
        settle(folder, recipe, go_on, lambda: reached(folder, recipe))
        if manifest(folder) is None:
            with using(folder, recipe) as life:
                shards = Shards(folder, recipe, life, progress.update)
                shards.look()
                if launcher is not None:
                    Crew(launcher, shards, workers, progress.say).run()
                shards.make()
                # Another process may be at work on the last shards, or die at it.
                while shards.missing():
                    time.sleep(_POLL_SECONDS)
                    shards.look()
                    shards.make()
                while not shards.finished():
                    shards.finish()
        with contextlib.suppress(StorageError):
            # Goes only when it is empty: logs of workers that failed are kept.
            remove_empty(folder / LOGS)
        progress.update(total)
    return open_dataset(folder)


def placed(recipe: Recipe, folder: Path, again: bool) -> Path:
    """The folder that a data set goes to.

    Parameters
    ----------
    recipe
        What is made.
    folder
        Where the first one of it goes.
    again
        One beside it, where that was made with other code, versions or settings.
    """
    if not again:
        return folder
    return beside(folder, recipe, {"content_hash": content_hash(recipe)})


def work(folder: Path) -> None:
    """Make every shard that is missing and that no other process makes: one worker.

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
    demand_code(recipe)
    check_links(folder, recipe.tasks)
    settle(folder, recipe)
    if manifest(folder) is None:
        with using(folder, recipe) as life:
            shards = Shards(folder, recipe, life)
            shards.make()
            shards.finish()


def plan(
    what: What,
    policy: AbstractPolicy | AbstractRef | None = None,
    **sizes: Any,
) -> Recipe:
    """The recipe of what is to be made.

    Parameters
    ----------
    what, policy, **sizes
        As for :func:`generate`.

    Raises
    ------
    ConfigError
        A size or name that cannot be used, or nothing to make.
    """
    for name in sizes:
        if name not in _ARGUMENTS:
            raise unknown_name("argument of generate", name, _ARGUMENTS)
    if isinstance(what, Recipe):
        if sizes or policy is not None:
            raise ConfigError(
                f"a recipe says all: leave {', '.join(sizes) or 'policy'} away, or "
                f"change the recipe with .replace(...)."
            )
        for task in what.tasks.values():
            if isinstance(task.family, AbstractGenerator):
                Host(task).rehearse()
            else:
                _look_at(task.worlds, task.observation.images)
        return what
    fields = {n: v for n, v in sizes.items() if n not in _BESIDE}
    scale, legacy = sizes.get("scale", 1.0), sizes.get("legacy", False)
    name = what if isinstance(what, str) else ""
    if names_set(name):
        what = make_set(name)
    if isinstance(what, NamedSet):
        if policy is not None:
            raise ConfigError("a named set has no policy: nobody acts in its worlds.")
        named = what.replace(legacy=True) if legacy else what
        return set_recipe(named, name, scale, fields)
    for option, value, default in (("scale", scale, 1), ("legacy", legacy, False)):
        if value != default:
            raise ConfigError(
                f"{option}={value!r} is for named sets ('foreworld list sets'). Give "
                f"a world's sizes and fields themselves."
            )
    if isinstance(what, str):
        what = _found(what)
    if isinstance(what, AbstractGenerator):
        recipe = task_recipe(what, {**fields, "policy": policy})
        Host(recipe).rehearse()
        return Recipe.plain(recipe)
    family = as_family(what)
    seen = fields.get("observation")
    plain = seen.images if isinstance(seen, Observation) else True
    _look_at(family, bool(fields.get("images", plain)))
    return Recipe.plain(task_recipe(family, {**fields, "policy": policy}))


def _found(name: str) -> AbstractWorld | AbstractGenerator:
    """A world by its name, or a generator by file or module and class."""
    if ":" in name or name.endswith(".py"):
        cls = registry.locate(name)
        if issubclass(cls, AbstractGenerator):
            return cls()
    return make(name)


def _look_at(family: Family, images: bool) -> None:
    """Look at a person's world before anything is built of it."""
    look_at(family.world, Needs(images, random=not family.ranges))
