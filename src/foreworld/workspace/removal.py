"""Deletes runs, studies and data sets, and nothing else that lies in their folders."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from foreworld.core.disk import life
from foreworld.core.disk.clutter import hoards, is_clutter, is_half
from foreworld.core.disk.folder import (
    CONFIG,
    MANIFEST,
    remove,
    remove_empty,
)
from foreworld.core.disk.kind import kind_of
from foreworld.core.errors import ConfigError, DamagedError, ForeworldError
from foreworld.launch.processes import LOGS
from foreworld.launch.slurm._jobs import find_jobs
from foreworld.workspace.kinds.find import find_kind


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
        A link, a folder that Foreworld did not write, or one that holds other files.
    ForeworldError
        Work on it is under way.
    """
    folder = Path(path)
    if folder.is_symlink():
        raise ConfigError(
            f"{folder} is a link to {folder.resolve()}. Links are not followed: name "
            f"the folder itself."
        )
    if Path.cwd().is_relative_to(folder.resolve()):
        raise ConfigError(
            f"{folder} is not deleted: the working folder is in it. Go elsewhere first."
        )
    try:
        word = kind_of(folder)
    except DamagedError as error:
        raise ConfigError(f"{folder} is not deleted: {error}") from error
    kind = find_kind(folder)
    if kind is None:
        raise ConfigError(f"{folder} is not deleted: it holds a {word!r}.")
    if strange := [*kind.foreign(folder), *hoards(folder)]:
        raise ConfigError(
            f"{folder} is not deleted: it also holds {', '.join(strange[:5])}, which "
            f"Foreworld did not make. Move that away first."
        )
    if jobs := find_jobs(folder):
        raise ForeworldError(
            f"{folder} is not deleted: {len(jobs)} Slurm jobs work on it, such as "
            f"{jobs[0].job.number}. 'scancel' stops them, and 'foreworld cancel' those "
            f"of a study."
        )
    if life.in_use(folder):
        raise _at_work(folder, kind.stopping(folder))
    if link := next(_links(folder), None):
        raise ConfigError(
            f"{folder} is not deleted: {link} in it is a link, which Foreworld did not "
            f"make. Remove that first."
        )
    # Unfinished temporary files of killed processes go too.
    passed = (p.name for p in folder.iterdir() if is_clutter(p.name))
    halves = (p.name for p in folder.iterdir() if is_half(p))
    files = [p for p in folder.rglob("*") if p.is_file() and not p.is_symlink()]
    num_bytes = sum(file.stat().st_size for file in files)
    return Doomed(folder, word, num_bytes, (*kind.contents(folder), *halves, *passed))


def delete(doomed: Doomed) -> None:
    """Delete it; killed in the middle, it can be deleted again.

    Raises
    ------
    ForeworldError
        Work on it is under way.
    StorageError
        The disk refuses.
    """
    folder = doomed.folder
    with life.alone(folder) as mine:
        if not mine:
            raise _at_work(folder, "Wait until that has ended.")
        # The finished marker first and the configuration last: killed in between, the
        # folder can still be recognised and deleted.
        remove(folder / MANIFEST)
        for name in doomed.names:
            if name != life.LEASES:
                remove(folder / name)
        remove(folder / CONFIG)
    life.tidy(folder)
    remove_empty(folder)


def _links(folder: Path) -> Iterator[Path]:
    """Links in a folder; what launchers leave among their logs is theirs."""
    for place, folders, files in os.walk(folder):
        inner = (Path(place, name) for name in (*folders, *files))
        yield from (path for path in inner if path.is_symlink())
        folders[:] = [name for name in folders if name != LOGS]


def _at_work(folder: Path, advice: str) -> ForeworldError:
    return ForeworldError(f"{folder} is not deleted: {life.workers(folder)}. {advice}")
