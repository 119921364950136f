"""Deletes runs, studies and data sets, and nothing else that lies in their folders."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from foreworld.core.disk.folder import CONFIG, MANIFEST, held, remove, remove_empty
from foreworld.core.errors import ConfigError, DamagedError, ForeworldError
from foreworld.data.format.folder import LOGS, contents, foreign, tasks_in
from foreworld.launch.slurm._jobs import find_jobs
from foreworld.sweeps.plan.prepare import CHUNKS, LOCK, PLAN, RUNNING, TABLE
from foreworld.sweeps.run.cancel import CANCEL
from foreworld.sweeps.study.find import KIND, kind_of
from foreworld.workspace.load import DATA_KIND

_STUDY = (PLAN, CHUNKS, LOGS, TABLE, "tracker.json", "report.html")
"""What lies in a study's folder beside configuration and marker."""


class Doomed(NamedTuple):
    """A folder that can be deleted."""

    folder: Path
    kind: str
    num_bytes: int
    names: tuple[str, ...]
    """what is in it, beside configuration and marker"""


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
    if kind == DATA_KIND:
        names = contents(tasks_in(folder))
        strange = foreign(folder, tasks_in(folder))
    elif kind == KIND:
        names = [*_STUDY, *_hidden(folder)]
        strange = sorted(
            {p.name for p in folder.iterdir()} - {*names, CONFIG, MANIFEST}
        )
    else:
        raise ConfigError(f"{folder} is not deleted: it holds a {kind!r}.")
    if strange:
        raise ConfigError(
            f"{folder} is not deleted: it also holds {', '.join(strange[:5])}, which "
            f"Foreworld did not make. Move that away first."
        )
    if kind == KIND and held(folder / RUNNING):
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
    num_bytes = sum(file.stat().st_size for file in files)
    return Doomed(folder, kind, num_bytes, (*names, *_halves(folder)))


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
    for name in (*doomed.names, CONFIG):
        remove(folder / name)
    remove_empty(folder)


def _hidden(folder: Path) -> list[str]:
    """Locks of a study, and halves of files that were never put in place."""
    locks = [n for n in (LOCK, CANCEL, RUNNING) if (folder / n).exists()]
    return [*locks, *_halves(folder)]


def _halves(folder: Path) -> list[str]:
    return [p.name for p in folder.iterdir() if p.name.endswith(".part")]
