"""Whether a file is what the manifest of its folder says: asked by all that read one.

A file is read whole and its digest compared when it is first opened in a process. That
is remembered for as long as the file stays as it is: size, times, and which file it is.
The time of its last change of any kind (``ctime``) is among them, because any program
may set that of the last writing.
"""

from __future__ import annotations

import fnmatch
import os
import time
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from foreworld.core.disk.clutter import is_clutter
from foreworld.core.disk.folder import MANIFEST, checksum, manifest, problem_of
from foreworld.core.disk.refusals import StorageError, storage
from foreworld.core.errors import DamagedError

_State = tuple[int, ...]
_SETTLED = 0.1
"""Seconds since the last change from which on a second one shows in the times."""
_DIGESTS: dict[Path, tuple[_State, str]] = {}
_MARKERS: dict[Path, tuple[_State, dict[str, Any] | None]] = {}


def vouch(folder: Path, name: str) -> None:
    """Refuse a file that is not what its folder's manifest says.

    Nothing is said of a folder that is not finished.

    Parameters
    ----------
    folder
        With a manifest, if it is finished.
    name
        The file's path in it.

    Raises
    ------
    DamagedError
        The file is missing or altered, or no part of what was sealed; or the manifest
        is altered.
    StorageError
        The file cannot be read.
    """
    marker = _marker(folder)
    if marker is None:
        return
    entry = marker["files"].get(name)
    if entry is None:
        raise DamagedError(
            f"{folder / name} is no part of what was sealed: {folder / MANIFEST} does "
            f"not list it."
        )
    if problem := problem_of(folder / name, entry, _digest):
        raise DamagedError(problem)


def vouched(folder: Path, name: str) -> bool:
    """Whether a file is what its folder's manifest says; see :func:`vouch`.

    Parameters
    ----------
    folder, name
        A finished folder, and the file's path in it.
    """
    try:
        vouch(folder, name)
    except DamagedError:
        return False
    return True


def forget() -> None:
    """Compare all files anew, as a new process does."""
    _DIGESTS.clear()
    _MARKERS.clear()


def extra(folder: Path, allowed: Iterable[str]) -> list[str]:
    """Files and folders in a finished folder that are no part of what was sealed.

    Parameters
    ----------
    folder
        With a manifest.
    allowed
        Patterns of paths that may be there; all that lies below one may be, too.
    """
    marker = _marker(folder)
    sealed = set(marker["files"]) if marker is not None else set()
    above = {str(parent) for name in sealed for parent in Path(name).parents}
    patterns = (MANIFEST, *allowed)

    def known(name: str) -> bool:
        if is_clutter(Path(name).name):
            return True
        return any(fnmatch.fnmatchcase(name, pattern) for pattern in patterns)

    found = []
    for place, folders, files in os.walk(folder):
        below = Path(place).relative_to(folder)
        found += [
            n for f in files if not known(n := str(below / f)) and n not in sealed
        ]
        inner = {f: str(below / f) for f in folders}
        links = {f for f in folders if (Path(place) / f).is_symlink()}
        strange = {f for f, n in inner.items() if n not in above or f in links}
        # A link is none of ours even where its name is.
        found += [inner[f] for f in strange if f in links or not known(inner[f])]
        folders[:] = [f for f in folders if f not in strange]
    return sorted(found)


def misplaced(
    found: Mapping[str, Any], wanted: Mapping[str, Any], lenient: bool = False
) -> str:
    """How what a file says it belongs to differs from where it lies; empty if not.

    Parameters
    ----------
    found
        What the file says.
    wanted
        What it is to say.
    lenient
        Pass over what it does not say: files of earlier formats say less.
    """
    return "; ".join(
        f"{name} is {found.get(name)!r} instead of {value!r}"
        for name, value in wanted.items()
        if not (lenient and name not in found)
        and (type(found.get(name)) is not type(value) or found[name] != value)
    )


def _digest(path: Path) -> str:
    before = _state(path)
    known = _DIGESTS.get(path.absolute())
    if known is not None and known[0] == before:
        return known[1]
    digest = checksum(path)
    if _settled(before) and _state(path) == before:
        _DIGESTS[path.absolute()] = before, digest
    return digest


def _marker(folder: Path) -> dict[str, Any] | None:
    path = (folder / MANIFEST).absolute()
    try:
        before = _state(path)
    except StorageError as error:
        if isinstance(error.__cause__, FileNotFoundError):
            return None
        raise
    known = _MARKERS.get(path)
    if known is not None and known[0] == before:
        return known[1]
    marker = manifest(folder)
    if _settled(before) and _state(path) == before:
        _MARKERS[path] = before, marker
    return marker


def _state(path: Path) -> _State:
    with storage("read", path):
        found = path.stat()
    times = found.st_mtime_ns, found.st_ctime_ns
    return found.st_dev, found.st_ino, found.st_size, *times


def _settled(state: _State) -> bool:
    """Whether a later change would show in the state: clocks of files are coarse."""
    return time.time_ns() - state[-1] > _SETTLED * 1e9
