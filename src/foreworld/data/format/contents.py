"""What belongs in the folder of a data set, and what does not."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

from foreworld.core.disk.clutter import entries, is_half
from foreworld.core.disk.folder import CONFIG, MANIFEST, read_json
from foreworld.core.disk.life import LEASES
from foreworld.core.disk.names import inside
from foreworld.core.errors import DamagedError
from foreworld.data.format.config import task_names
from foreworld.data.format.recipe import SPLITS

LOGS = "logs"
"""Where launchers put what workers print."""
BESIDE = (LEASES, LOGS)
"""What may lie in a finished folder beside what was sealed."""
_SHARD = re.compile(r"shard-\d{5,}\.(h5|npz)")


def contents(tasks: Iterable[str]) -> list[str]:
    """Names of the entries of a data set's folder beside configuration and marker.

    Parameters
    ----------
    tasks
        Its tasks.
    """
    return [*(n for t in tasks for n in ([t] if t else SPLITS)), *BESIDE]


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
    found = [p for p in entries(folder) if p.name not in names]
    for task in (task for task in tasks if task and (folder / task).is_dir()):
        found += [p for p in entries(folder / task) if p.name not in SPLITS]
    for place in (folder / task / split for task in tasks for split in SPLITS):
        # Of a link nothing but itself is ever deleted.
        if place.is_dir() and not place.is_symlink():
            found += [p for p in entries(place) if not _is_shard(p)]
    kept = (path for path in found if not is_half(path))
    return sorted(path.relative_to(folder).as_posix() for path in kept)


def tasks_in(folder: Path) -> list[str]:
    """Names of the tasks that a folder says it has; none where it cannot be read."""
    try:
        return task_names(read_json(folder / CONFIG))
    except DamagedError:
        return []


def check_links(folder: Path, tasks: Iterable[str]) -> None:
    """Refuse links that lead out of a data set where files are read and written.

    Parameters
    ----------
    folder, tasks
        Of the data set, or what is to become one.
    """
    splits = (Path(task, split).as_posix() for task in tasks for split in SPLITS)
    for name in (*splits, LEASES, LOGS):
        inside(folder, name)


def _is_shard(path: Path) -> bool:
    return bool(_SHARD.fullmatch(path.name)) and not (
        path.is_dir() and not path.is_symlink()
    )
