"""The folder of a data set: who may use it, what is missing in it, and its seal.

The shards of a plain set lie in ``train/``, ``val/`` and ``test/``; those of several
tasks in such folders below one for each task.
"""

from __future__ import annotations

import contextlib
import json
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from foreworld.core.disk import life
from foreworld.core.disk.clutter import hoards
from foreworld.core.disk.folder import (
    CONFIG,
    MANIFEST,
    manifest,
    problem_of,
    read_json,
    remove,
    seal,
    write_json,
)
from foreworld.core.disk.kind import kind_in
from foreworld.core.disk.lease import lease
from foreworld.core.disk.life import LEASES, Life
from foreworld.core.disk.seals import misplaced
from foreworld.core.errors import DamagedError, OccupiedError
from foreworld.core.own.made_with import changes
from foreworld.core.parts.config import flat, to_dict
from foreworld.core.parts.part import Part
from foreworld.data.format.config import write_config
from foreworld.data.format.contents import (
    check_links,
    contents,
    foreign,
    tasks_in,
)
from foreworld.data.format.recipe import (
    FORMAT,
    FORMATS,
    KIND,
    Recipe,
    Shard,
    TaskRecipe,
)
from foreworld.data.format.schema import Column
from foreworld.data.format.store.find import find_store

_PATIENCE = 10.0
"""Seconds that another process may take to write a configuration."""


def prepare(
    folder: Path,
    recipe: Recipe,
    columns: Callable[[], Mapping[str, Sequence[Column]]],
    force: bool,
) -> None:
    """Leave a folder that holds this recipe and, perhaps, some of its shards.

    Parameters
    ----------
    folder
        Made if it is not there.
    recipe
        What it is to hold.
    columns
        Says what the shards of each task are to hold; called where that is written.
    force
        Replace another data set.

    Raises
    ------
    OccupiedError
        It holds something else: another data set (``force`` replaces that), or files
        that Foreworld did not write (which are never touched).
    DamagedError
        It is finished, and its marker was altered.
    """
    if folder.exists() and not folder.is_dir():
        raise OccupiedError(f"{folder} is a file. Choose another folder with --out.")
    deadline = time.monotonic() + _PATIENCE
    while not _is_prepared(folder, recipe, force):
        config = write_config(recipe, columns())
        known = (folder / CONFIG).exists()
        # Of two commands that begin at once, the second sees what the first wrote.
        with life.alone(folder) as mine:
            if mine and not _is_prepared(folder, recipe, force):
                _replace(folder, recipe, config, force)
        if not mine and (known or time.monotonic() > deadline):
            raise OccupiedError(
                f"{folder} is not replaced: {life.workers(folder)}. Wait until that "
                f"has ended, or stop it."
            )


def _replace(folder: Path, recipe: Recipe, config: dict[str, Any], force: bool) -> None:
    """Delete what another data set or other code wrote; write the configuration."""
    # The marker goes first: a kill in between leaves an unfinished folder.
    remove(folder / MANIFEST)
    known = (folder / CONFIG).exists()
    other = known and difference(folder, recipe)
    if other or (known and force and changes(read_json(folder / CONFIG), recipe)[0]):
        old = [name for name in contents(tasks_in(folder)) if name != LEASES]
        for name in (*old, CONFIG):
            remove(folder / name)
    life.begin(folder)
    write_json(folder / CONFIG, config)


def _is_prepared(folder: Path, recipe: Recipe, force: bool) -> bool:
    """Whether the configuration is there already; refuses what stands in the way."""
    check_links(folder, recipe.tasks)
    known = (folder / CONFIG).exists()
    differing = difference(folder, recipe) if known else ""
    if known and force and not differing:
        # The same recipe, made by other code: what is replaced is another data set.
        differing = "; ".join(changes(read_json(folder / CONFIG), recipe)[0])
    strange = foreign(folder, tasks_in(folder) if known else [])
    if differing and force:
        # What lies in folders of shards would go with them.
        strange += hoards(folder)
    if strange:
        raise OccupiedError(
            f"{folder} holds something that is no data set: {', '.join(strange[:5])}. "
            f"Choose another folder with --out, or move that away."
        )
    if differing and not force:
        raise OccupiedError(
            f"{folder} holds another data set ({differing}). Choose another folder "
            f"with --out, or replace it with --force."
        )
    if differing or not known:
        return False
    whole = _drop_broken(folder, recipe)
    if manifest(folder) is None:
        life.begin_once(folder)
    return whole


@contextlib.contextmanager
def using(folder: Path, recipe: Recipe) -> Iterator[Life]:
    """Keep others from replacing or deleting an unfinished folder meanwhile.

    Parameters
    ----------
    folder
        Of the data set.
    recipe
        What it is to hold.

    Raises
    ------
    OccupiedError
        Another process has replaced it since it was prepared.
    """
    with life.at_work(folder) as present:
        if differing := difference(folder, recipe):
            raise OccupiedError(
                f"{folder} was replaced by another data set meanwhile "
                f"({differing}). Choose another folder with --out."
            )
        yield present
    if manifest(folder) is not None:
        life.tidy(folder)


def difference(folder: Path, recipe: Recipe) -> str:
    """How what a folder holds differs from what is wanted; empty if not.

    Parameters
    ----------
    folder
        With a ``config.json``.
    recipe
        What that should say.

    Raises
    ------
    OccupiedError
        The folder holds something else than a data set.
    """
    try:
        old = read_json(folder / CONFIG)
    except DamagedError:
        return f"its {CONFIG} is damaged"
    if kind_in(old) != KIND:
        raise OccupiedError(
            f"{folder} holds something else, which is no {KIND}: see "
            f"{folder / CONFIG}. Choose another folder with --out."
        )
    old_flat = flat({name: old.get(name) for name in ("format", "recipe")})
    # As it is read back: no tuples.
    new = json.loads(json.dumps(to_dict(recipe)))
    # What is finished stays as it was written; other formats are not mixed.
    done = (folder / MANIFEST).exists() and old.get("format") in FORMATS
    number = old["format"] if done else FORMAT
    new_flat = flat({"format": number, "recipe": new})
    words = [
        f"{path.removeprefix('recipe.').removeprefix('tasks..')} is "
        f"{old_flat.get(path)!r}, asked for {new_flat.get(path)!r}"
        for path in {**old_flat, **new_flat}
        if old_flat.get(path) != new_flat.get(path)
    ]
    return "; ".join(words[:4]) + ("; ..." if len(words) > 4 else "")


def shard_path(folder: Path, recipe: Recipe, shard: Shard) -> Path:
    """Where a shard lies.

    Parameters
    ----------
    folder
        Of the data set.
    recipe
        Of the data set.
    shard
        One of the recipe's.
    """
    suffix = find_store(recipe.tasks[shard.task].store).suffix
    return folder / shard.task / shard.split / f"{shard.stem}{suffix}"


def missing(folder: Path, recipe: Recipe, task: str | None = None) -> list[Shard]:
    """Shards that are still to be made.

    Parameters
    ----------
    folder, recipe
        Of the data set.
    task
        Those of this task alone.
    """
    shards = (recipe if task is None else recipe.tasks[task]).shards()
    return [s for s in shards if not shard_path(folder, recipe, s).exists()]


def finish(folder: Path, recipe: Recipe, present: Life) -> None:
    """Seal a complete folder, unless that is done or being done.

    Parameters
    ----------
    folder, recipe
        Of the data set.
    present
        The life of the folder that this process works on.

    Raises
    ------
    DamagedError
        A shard cannot be read, or is one of another data set; deleted, it is made anew.
    ReplacedError
        The folder is in another life.
    """
    if manifest(folder) is not None:
        return
    with lease(folder / LEASES / "seal") as mine:
        if not mine or manifest(folder) is not None:
            return
        paths = {s: shard_path(folder, recipe, s) for s in recipe.shards()}
        told = [_told(recipe.tasks[s.task], s, p) for s, p in paths.items()]
        names = [CONFIG, *(str(path.relative_to(folder)) for path in paths.values())]
        info: dict[str, Any] = {"kind": KIND, "identity": recipe.identity}
        info["sequences"] = sum(recipe.sizes.values())
        info["redrawn"] = sum(redrawn for redrawn, *_ in told)
        if drifts := [drift for _, drift, _ in told if drift is not None]:
            info["drift"] = max(drifts)
        if broken := {name for *_, names in told for name in names}:
            info["not_finite"] = ", ".join(sorted(broken))
        policy = next(iter(recipe.tasks.values())).policy
        if isinstance(policy, Part):
            info["policy"] = to_dict(policy)
        present.go_on()
        seal(folder, names, info)


def account(folder: Path) -> str:
    """How a finished data set came about: drift of energy, and draws made again.

    Empty where its marker tells nothing of it.

    Raises
    ------
    DamagedError
        The marker was altered, or says something that is no number.
    """
    listed = manifest(folder) or {}
    redrawn, drift = listed.get("redrawn", 0), listed.get("drift")
    broken = listed.get("not_finite", "")
    numbers = redrawn, listed.get("sequences", 0), 0 if drift is None else drift
    if not all(type(number) in (int, float) for number in numbers):
        raise DamagedError(
            f"{folder / MANIFEST} is damaged: its drift, redrawn and sequences must be "
            f"numbers."
        )
    parts = []
    if drift is not None:
        # Of systems with friction, only growth counts.
        told = f"drifts by {drift:.1e} at most" if drift > 0 else "grows nowhere"
        parts.append(f"the energy {told}")
    if redrawn and "sequences" in listed:
        draws = redrawn + listed["sequences"]
        share = f"{redrawn / draws:.1%}"
        parts.append(
            f"{redrawn} of {draws} draws ({share}) were refused and made again"
            f"{f' (not finite: {broken})' if broken else ''}"
        )
    return "; ".join(parts)


def _drop_broken(folder: Path, recipe: Recipe) -> bool:
    """Open a finished folder again where shards are missing or were altered.

    Returns whether the configuration is as it was sealed.
    """
    marker = manifest(folder)
    if marker is None:
        return True
    broken, files = {}, marker["files"]
    for path in (shard_path(folder, recipe, shard) for shard in recipe.shards()):
        entry = files.get(str(path.relative_to(folder)))
        if entry is not None and (problem := problem_of(path, entry)):
            broken[path] = problem
    entry = files.get(CONFIG)
    problem = "" if entry is None else problem_of(folder / CONFIG, entry)
    if (broken or problem) and read_json(folder / CONFIG).get("format") != FORMAT:
        raise DamagedError(
            f"{next(iter(broken.values()), problem)} {folder} is of an earlier format, "
            f"in which nothing is made any more: make all of it anew with --force."
        )
    for path, said in broken.items():
        if path.exists():
            print(f"{said} It is made anew.", file=sys.stderr)
        remove(path)
    if broken and not problem:
        remove(folder / MANIFEST)
    return not problem


def _told(
    recipe: TaskRecipe, shard: Shard, path: Path
) -> tuple[int, float | None, list[str]]:
    """Draws of a shard that were made again, its largest drift of energy, and columns.

    The columns are those that were not finite in draws that were made again.

    The file must be the one of this recipe that belongs there.
    """
    again = "Delete it and run the same command again: it is made anew."
    try:
        with contextlib.closing(find_store(recipe.store).reader(path)) as reader:
            found = reader.attributes()
        drift = float(found["drift"]) if "drift" in found else None
        redrawn = int(found["redrawn"])
        broken = [n for n in str(found.get("not_finite", "")).split(", ") if n]
    except (DamagedError, KeyError, TypeError, ValueError) as error:
        said = str(error) if isinstance(error, DamagedError) else f"{path} is damaged."
        raise DamagedError(f"{said} {again}") from error
    if problem := misplaced(found, recipe.names_of(shard)):
        raise DamagedError(f"{path} does not belong there: its {problem}. {again}")
    return redrawn, drift, broken
