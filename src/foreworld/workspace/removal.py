"""Deletes runs, studies and data sets, and nothing else that lies in their folders."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from foreworld.core.disk.folder import CONFIG, MANIFEST, remove, remove_empty
from foreworld.core.errors import ConfigError, DamagedError, ForeworldError
from foreworld.data.format.folder import LEASES, LOGS
from foreworld.data.format.recipe import SPLITS
from foreworld.data.reading.collection import read_tasks
from foreworld.launch.slurm._jobs import find_jobs
from foreworld.sweeps.plan.prepare import CHUNKS, LOCK, PLAN, TABLE, read_plan
from foreworld.sweeps.run.cancel import CANCEL, RUNNING, running
from foreworld.sweeps.study.find import KIND, kind_of
from foreworld.workspace.load import DATA_KIND, TASKS_KIND

_OURS = {
    KIND: (MANIFEST, PLAN, CHUNKS, LOGS, TABLE, "tracker.json", "report.html"),
    DATA_KIND: (MANIFEST, *SPLITS, LEASES, LOGS),
    TASKS_KIND: (MANIFEST, LEASES, LOGS),
}


class Doomed(NamedTuple):
    """A folder that can be deleted."""

    folder: Path
    kind: str
    num_bytes: int
    tasks: tuple[Doomed, ...] = ()


def doom(path: str | Path) -> Doomed:
    """What would be deleted; deletes nothing.

    Raises
    ------
    ConfigError
        A link, a folder that is none of ours, or one that holds other files too.
    ForeworldError
        Somebody works on it.
    """
    folder = Path(path)
    if folder.is_symlink():
        raise ConfigError(
            f"{folder} is a link to {folder.resolve()}. Links are not followed: name "
            f"the folder itself."
        )
    try:
        kind = kind_of(folder)
    except DamagedError as error:
        raise ConfigError(f"{folder} is not deleted: {error}") from error
    if kind not in _OURS:
        raise ConfigError(f"{folder} is not deleted: it holds a {kind!r}.")
    tasks = _tasks_of(folder) if kind == TASKS_KIND else ()
    ours = {*_OURS[kind], *_hidden(folder), CONFIG, *(t.folder.name for t in tasks)}
    foreign = sorted(set(_names(folder)) - ours)
    if foreign:
        raise ConfigError(
            f"{folder} is not deleted: it also holds {', '.join(foreign[:5])}, which "
            f"Foreworld did not make. Move that away first."
        )
    if kind == KIND and (folder / PLAN).exists() and running(folder, read_plan(folder)):
        raise ForeworldError(
            f"{folder} is not deleted: it is running. 'foreworld cancel {folder}' "
            f"stops it."
        )
    if jobs := find_jobs(folder):
        raise ForeworldError(
            f"{folder} is not deleted: {len(jobs)} Slurm jobs work on it, such as "
            f"{jobs[0].job.number}. 'scancel' stops them"
            + (f", or 'foreworld cancel {folder}'." if kind == KIND else ".")
        )
    files = [p for p in folder.rglob("*") if p.is_file() and not p.is_symlink()]
    return Doomed(folder, kind, sum(file.stat().st_size for file in files), tasks)


def delete(doomed: Doomed) -> None:
    """Delete it; killed in the middle, it can be deleted again.

    Raises
    ------
    StorageError
        The disk refuses.
    """
    folder = doomed.folder
    # The marker first and last what says whose folder it is.
    remove(folder / MANIFEST)
    for task in doomed.tasks:
        delete(task)
    for name in (*_OURS[doomed.kind], *_hidden(folder), CONFIG):
        remove(folder / name)
    remove_empty(folder)


def _tasks_of(folder: Path) -> tuple[Doomed, ...]:
    """Tasks of a collection that are there; each may be deleted by itself."""
    try:
        names = list(read_tasks(folder).tasks)
    except ForeworldError as error:
        raise ConfigError(f"{folder} is not deleted: {error}") from error
    return tuple(doom(folder / name) for name in names if (folder / name).exists())


def _names(folder: Path) -> list[str]:
    return [entry.name for entry in folder.iterdir()]


def _hidden(folder: Path) -> list[str]:
    """Locks, and halves of files that were never put in place."""
    locks = (LOCK, CANCEL, RUNNING)
    return [
        n
        for n in _names(folder)
        if n in locks or (n.startswith(".") and n.endswith(".part"))
    ]
