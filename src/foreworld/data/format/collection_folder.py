"""The folder of a collection: who may use it, and its seal over those of its tasks."""

from __future__ import annotations

import contextlib
from pathlib import Path

from foreworld.core.disk.folder import (
    CONFIG,
    MANIFEST,
    StorageError,
    checksum,
    lease,
    manifest,
    read_json,
    remove,
    seal,
    write_json,
)
from foreworld.core.errors import DamagedError, OccupiedError
from foreworld.data.format.folder import LEASES, LOGS, difference, prepare
from foreworld.data.reading.collection import KIND, TasksRecipe, write_config


def prepare_tasks(folder: Path, recipe: TasksRecipe, force: bool) -> None:
    """Leave a folder that holds these tasks and, perhaps, some of their shards.

    Raises
    ------
    OccupiedError
        It holds something else: another collection (``force`` replaces that), or files
        that are none of ours (which are never touched).
    DamagedError
        It or a task is finished, and its marker was altered.
    """
    if folder.exists() and not folder.is_dir():
        raise OccupiedError(f"{folder} is a file. Choose another folder with --out.")
    entries = sorted(p.name for p in folder.iterdir()) if folder.exists() else []
    old = _old_tasks(folder) if CONFIG in entries else []
    ours = {CONFIG, MANIFEST, LEASES, LOGS, *old}
    foreign = [n for n in entries if n not in ours and not n.endswith(".part")]
    if foreign:
        raise OccupiedError(
            f"{folder} holds something that is no collection: "
            f"{', '.join(foreign[:5])}. Choose another folder with --out, or move that "
            f"away."
        )
    config = write_config(recipe)
    if CONFIG in entries:
        differing = difference(folder, config, KIND)
        if differing and not force:
            raise OccupiedError(
                f"{folder} holds another collection ({differing}). Choose another "
                f"folder with --out, or replace it with --force."
            )
        if differing:
            # The marker goes first: a kill in between leaves an unfinished folder.
            for name in (MANIFEST, *old, LEASES, LOGS, CONFIG):
                remove(folder / name)
    if not (folder / CONFIG).exists():
        write_json(folder / CONFIG, config)
    for task, one in recipe.tasks.items():
        prepare(folder / task, one, force)
    _open_again(folder, recipe)


def finish_tasks(folder: Path, recipe: TasksRecipe) -> None:
    """Seal a collection whose tasks are finished, unless that is done or being done."""
    markers = {f"{t}/{MANIFEST}": manifest(folder / t) for t in recipe.tasks}
    if manifest(folder) is not None or any(m is None for m in markers.values()):
        return
    with lease(folder / LEASES / "seal") as mine:
        if not mine or manifest(folder) is not None:
            return
        redrawn = sum(m["redrawn"] for m in markers.values() if m)
        info = {"kind": KIND, "identity": recipe.identity, "redrawn": redrawn}
        seal(folder, [CONFIG, *markers], info)
        with contextlib.suppress(StorageError):
            remove(folder / LEASES)


def _old_tasks(folder: Path) -> list[str]:
    """Names of the tasks that the folder says it has."""
    try:
        data = read_json(folder / CONFIG)
    except DamagedError:
        return []
    names = data.get("tasks") if isinstance(data, dict) else None
    if not isinstance(names, list):
        return []
    # Names of an altered file must not lead out of the folder.
    return [n for n in names if isinstance(n, str) and n == Path(n).name and n != ".."]


def _open_again(folder: Path, recipe: TasksRecipe) -> None:
    """Take the marker of a finished folder away where a task is not what it was."""
    marker = manifest(folder)
    if marker is None:
        return
    for task in recipe.tasks:
        name = f"{task}/{MANIFEST}"
        listed = marker["files"].get(name, {}).get("sha256")
        if not (folder / name).is_file() or checksum(folder / name) != listed:
            remove(folder / MANIFEST)
            return
