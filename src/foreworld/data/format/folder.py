"""The folder of a data set: who may use it, what is missing in it, and its seal.

The shards of a plain set lie in ``train/``, ``val/`` and ``test/``; those of several
tasks in such folders below one for each task.
"""

from __future__ import annotations

import contextlib
import json
import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from foreworld.core.disk.clutter import entries
from foreworld.core.disk.folder import (
    CONFIG,
    MANIFEST,
    StorageError,
    manifest,
    read_json,
    remove,
    seal,
    write_json,
)
from foreworld.core.disk.kind import kind_in
from foreworld.core.disk.lease import held, lease
from foreworld.core.errors import DamagedError, OccupiedError
from foreworld.core.parts.config import flat, to_dict
from foreworld.core.parts.made_with import changes
from foreworld.core.parts.part import Part
from foreworld.data.format.recipe import (
    FORMAT,
    KIND,
    SPLITS,
    Recipe,
    Shard,
    task_names,
    write_config,
)
from foreworld.data.format.schema import Column
from foreworld.data.format.store.find import find_store

LOGS = "logs"
"""Where launchers put what workers print."""
LEASES = ".leases"
"""Folder of lock files; it goes when the data set is finished."""
_USING = "using"
"""Lock that processes share while they make the data set."""
_PREPARING = "preparing"
"""Lock of the one that decides what the folder holds."""


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
    if _is_prepared(folder, recipe, force):
        return
    config = write_config(recipe, columns())
    # Of two commands that begin at once, the second sees what the first has written.
    with lease(folder / LEASES / _PREPARING, math.inf):
        if _is_prepared(folder, recipe, force):
            return
        # The marker goes first: a kill in between leaves an unfinished folder.
        old = [name for name in contents(tasks_in(folder)) if name != LEASES]
        for name in (MANIFEST, *old, CONFIG) if (folder / CONFIG).exists() else ():
            remove(folder / name)
        write_json(folder / CONFIG, config)


def _is_prepared(folder: Path, recipe: Recipe, force: bool) -> bool:
    """Whether the configuration is there already; refuses what stands in the way."""
    known = (folder / CONFIG).exists()
    differing = difference(folder, recipe) if known else ""
    if known and force and not differing:
        # The same recipe, made by other code: what is replaced is another data set.
        differing = "; ".join(changes(read_json(folder / CONFIG), recipe)[0])
    strange = foreign(folder, tasks_in(folder) if known else [])
    if strange:
        raise OccupiedError(
            f"{folder} holds something that is no data set: {', '.join(strange[:5])}. "
            f"Choose another folder with --out, or move that away."
        )
    if known and not differing:
        _drop_broken(folder)
        return True
    if differing and not force:
        raise OccupiedError(
            f"{folder} holds another data set ({differing}). Choose another folder "
            f"with --out, or replace it with --force."
        )
    if differing and in_use(folder):
        raise OccupiedError(
            f"{folder} is not replaced: another process is making it. Wait until it "
            f"has ended, or stop it."
        )
    return False


@contextlib.contextmanager
def using(folder: Path, recipe: Recipe) -> Iterator[None]:
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
    with lease(folder / LEASES / _USING, shared=True):
        with lease(folder / LEASES / _PREPARING, math.inf):
            if differing := difference(folder, recipe):
                raise OccupiedError(
                    f"{folder} was replaced by another data set meanwhile "
                    f"({differing}). Choose another folder with --out."
                )
        yield


def in_use(folder: Path) -> bool:
    """Whether any process is making this data set."""
    return held(folder / LEASES / _USING)


def contents(tasks: Iterable[str]) -> list[str]:
    """Names of the entries of a data set's folder beside configuration and marker.

    Parameters
    ----------
    tasks
        Its tasks.
    """
    return [*(n for t in tasks for n in ([t] if t else SPLITS)), LEASES, LOGS]


def foreign(folder: Path, tasks: Iterable[str]) -> list[str]:
    """Names of what in a folder belongs to no data set with these tasks.

    Parameters
    ----------
    folder
        The folder of a data set, or what is to become one.
    tasks
        Its tasks; none where it holds no ``config.json``.
    """
    if not folder.is_dir():
        return []
    names = set(contents(tasks)) | {CONFIG, MANIFEST}
    found = [p.name for p in entries(folder) if p.name not in names]
    for task in (task for task in tasks if task and (folder / task).is_dir()):
        inner = (p.name for p in entries(folder / task))
        found += [f"{task}/{name}" for name in inner if name not in SPLITS]
    return sorted(name for name in found if not name.endswith(".part"))


def tasks_in(folder: Path) -> list[str]:
    """Names of the tasks that a folder says it has; none where it cannot be read."""
    try:
        return task_names(read_json(folder / CONFIG))
    except DamagedError:
        return []


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
    new_flat = flat({"format": FORMAT, "recipe": new})
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


def finish(folder: Path, recipe: Recipe) -> None:
    """Seal a complete folder, unless that is done or being done.

    Parameters
    ----------
    folder, recipe
        Of the data set.

    Raises
    ------
    DamagedError
        A shard cannot be read; deleted, it is made anew.
    """
    if manifest(folder) is not None:
        return
    with lease(folder / LEASES / "seal") as mine:
        if not mine or manifest(folder) is not None:
            return
        paths = {s: shard_path(folder, recipe, s) for s in recipe.shards()}
        told = [_told(recipe.tasks[s.task].store, p) for s, p in paths.items()]
        names = [CONFIG, *(str(path.relative_to(folder)) for path in paths.values())]
        info: dict[str, Any] = {"kind": KIND, "identity": recipe.identity}
        info["sequences"] = sum(recipe.sizes.values())
        info["redrawn"] = sum(redrawn for redrawn, _ in told)
        if drifts := [drift for _, drift in told if drift is not None]:
            info["drift"] = max(drifts)
        policy = next(iter(recipe.tasks.values())).policy
        if isinstance(policy, Part):
            info["policy"] = to_dict(policy)
        seal(folder, names, info)
        with contextlib.suppress(StorageError):
            # Empty files that say nothing: the data set is finished without this.
            remove(folder / LEASES)


def account(folder: Path) -> str:
    """How a finished data set came about: drift of energy, and draws made again.

    Empty where its marker tells nothing of it.
    """
    listed = manifest(folder) or {}
    redrawn, drift = listed.get("redrawn", 0), listed.get("drift")
    parts = [] if drift is None else [f"the energy drifts by {drift:.1e} at most"]
    if redrawn and "sequences" in listed:
        draws = redrawn + listed["sequences"]
        share = f"{redrawn / draws:.1%}"
        parts.append(
            f"{redrawn} of {draws} draws ({share}) were refused and made again"
        )
    return "; ".join(parts)


def _drop_broken(folder: Path) -> None:
    """Open a finished folder again where files are missing or were cut short."""
    files = (manifest(folder) or {"files": {}})["files"]
    sizes = {folder / name: entry["bytes"] for name, entry in files.items()}
    broken = [p for p, n in sizes.items() if not p.is_file() or p.stat().st_size != n]
    for path in (folder / MANIFEST, *broken) if broken else ():
        # What it is to hold is known to be right, perhaps in other words.
        if path != folder / CONFIG:
            remove(path)


def _told(store: Any, path: Path) -> tuple[int, float | None]:
    """Draws of a shard that were made again, and its largest drift of energy."""
    try:
        with contextlib.closing(find_store(store).reader(path)) as shard:
            found = shard.attributes()
            drift = float(found["drift"]) if "drift" in found else None
            return int(found["redrawn"]), drift
    except (DamagedError, KeyError, TypeError, ValueError) as error:
        said = str(error) if isinstance(error, DamagedError) else f"{path} is damaged."
        raise DamagedError(
            f"{said} Delete it and run the same command again: it is made anew."
        ) from error
