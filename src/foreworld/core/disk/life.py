"""Who is at work on a folder, and on which life of it.

Processes that work on a folder, or supervise that, share one lock. A process that
replaces or deletes what lies there holds the lock alone meanwhile. Each time a folder
is begun it gets a number of its own, drawn at random. A worker whose folder has
another number by now (deleted and begun anew by hand, or on a file system whose locks
do not reach everywhere) stops, and its checkpoints are of no use to the new work.

Locks and number lie in ``.leases``, which is neither replaced nor sealed: it goes when
the folder is finished and nobody works on it.
"""

from __future__ import annotations

import contextlib
import math
import os
import secrets
from collections.abc import Iterator
from pathlib import Path

from foreworld.core.disk.folder import (
    append_line,
    make_folder,
    remove,
    remove_empty,
    write_bytes,
)
from foreworld.core.disk.lease import held, lease
from foreworld.core.disk.names import inside
from foreworld.core.disk.notes import read_head
from foreworld.core.disk.refusals import StorageError
from foreworld.core.errors import OccupiedError

LEASES = ".leases"
"""Folder of lock files."""
_WORK, _LIFE, _BEGINNING = "work", "life", "beginning"
_NAMED = 3
"""So many processes are named in messages."""


class ReplacedError(OccupiedError):
    """The folder was replaced or deleted while this process worked on it."""


class Life:
    """A folder from its beginning until it is replaced or deleted.

    Parameters
    ----------
    folder
        A folder that was begun.

    Attributes
    ----------
    number
        Its present life; empty where it is finished.
    """

    def __init__(self, folder: Path) -> None:
        self._folder, self.number = folder, _number(folder)

    def go_on(self) -> None:
        """Make sure that the folder is still in this life.

        Raises
        ------
        ReplacedError
            It is not.
        """
        if _number(self._folder) != self.number:
            raise ReplacedError(
                f"{self._folder} was replaced or deleted while this process worked on "
                f"it, which therefore stops. What is there now is left as it is."
            )


@contextlib.contextmanager
def at_work(folder: Path) -> Iterator[Life]:
    """Work on a folder, or supervise that, while the context lasts.

    Parameters
    ----------
    folder
        A folder that was begun; nobody replaces or deletes it meanwhile.

    Raises
    ------
    DamagedError
        The folder of locks is a link that leads elsewhere.
    StorageError
        The file system has no locks.
    """
    path = inside(folder, LEASES) / _WORK
    with lease(path, math.inf, shared=True):
        # For messages only, so that a full disk does not matter here.
        with contextlib.suppress(StorageError):
            if (os.uname().nodename, os.getpid()) not in _signed(path):
                append_line(path, f"{os.uname().nodename} {os.getpid()}")
        yield Life(folder)


def alone(
    folder: Path, patience: float = 0.0
) -> contextlib.AbstractContextManager[bool]:
    """Try to be the only one at the folder, to replace or to delete it.

    Parameters
    ----------
    folder
        The folder, which is made if it is not there.
    patience
        Seconds to wait for others.

    Raises
    ------
    DamagedError
        The folder of locks is a link that leads elsewhere.
    StorageError
        The folder cannot be made, or the file system has no locks.
    """
    make_folder(folder)
    return lease(inside(folder, LEASES) / _WORK, patience)


def in_use(folder: Path) -> bool:
    """Whether any process works on a folder, or supervises that."""
    return held(inside(folder, LEASES) / _WORK)


def workers(folder: Path) -> str:
    """Who is at work, in words: ``process 17 on laptop is at work on it``."""
    own, found = os.uname().nodename, []
    for host, number in _signed(folder / LEASES / _WORK):
        if host != own or _alive(number):
            found.append(f"process {number} on {host}")
    some = ", ".join(found[:_NAMED]) or "another process"
    more = f" and {len(found) - _NAMED} more" if len(found) > _NAMED else ""
    return f"{some}{more} {'are' if len(found) > 1 else 'is'} at work on it"


def begin(folder: Path) -> None:
    """Begin another life; only where :func:`alone`, or before anything else is there.

    Raises
    ------
    StorageError
        The disk refuses.
    """
    write_bytes(inside(folder, LEASES) / _LIFE, secrets.token_hex(8).encode())


def begin_once(folder: Path) -> None:
    """Begin a life where none has begun.

    Raises
    ------
    StorageError
        The disk refuses.
    """
    if not _number(folder):
        with lease(inside(folder, LEASES) / _BEGINNING, math.inf):
            if not _number(folder):
                begin(folder)


def tidy(folder: Path) -> None:
    """Remove the lock files of a finished folder, unless somebody works on it still."""
    place = folder / LEASES
    if place.is_symlink() or not place.is_dir():
        return
    # They say nothing, so it does not matter where the disk refuses.
    with contextlib.suppress(StorageError), alone(folder) as mine:
        if mine:
            for path in place.iterdir():
                # A folder, or a link to one, is none of ours.
                if path.name != _WORK and path.is_file():
                    remove(path)
            # The last, because others may wait for it and then make a new one.
            remove(place / _WORK)
            remove_empty(place)


def _number(folder: Path) -> str:
    return read_head(inside(folder, LEASES) / _LIFE).decode(errors="replace")


def _signed(path: Path) -> list[tuple[str, int]]:
    """Hosts and processes that have signed a lock file, perhaps long ago."""
    found = []
    with contextlib.suppress(OSError):
        for line in read_head(path).decode(errors="replace").splitlines():
            host, _, number = line.partition(" ")
            if number.isdecimal() and len(number) < 20:
                found.append((host, int(number)))
    return found


def _alive(number: int) -> bool:
    try:
        os.kill(number, 0)
    except ProcessLookupError:
        return False
    except (OSError, OverflowError):
        return True
    return True
