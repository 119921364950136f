"""Errors of the operating system as messages that name the file and what to do."""

from __future__ import annotations

import contextlib
import errno
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

from foreworld.core.disk.places import HOME
from foreworld.core.errors import ForeworldError


class StorageError(ForeworldError, OSError):
    """The disk refused: full, read-only, not permitted, or broken."""


Verb = Literal["read", "write", "delete", "lock"]
"""What was tried."""


@contextlib.contextmanager
def storage(verb: Verb, path: Path) -> Iterator[None]:
    """Raise what the operating system refuses as a :class:`StorageError`.

    Parameters
    ----------
    verb, path
        What is done with which file or folder, for the message.

    Raises
    ------
    StorageError
        The operating system raised an error; that is its cause.
    """
    try:
        yield
    except StorageError:
        raise
    except OSError as error:
        raise StorageError(_why(verb, path, error)) from error


def _why(verb: Verb, path: Path, error: OSError) -> str:
    reading = verb == "read"
    another = "" if reading else " Choose another place with --out"
    again = "Free some space and run the same command again: what is finished is kept"
    in_place = f"a file is in the place of a folder.{another} or with {HOME}"
    no_folder = f"no folder can be made there.{another} or with {HOME}"
    no_locks = (
        f"the file system gives no locks, without which two workers may do the same "
        f"work. Have it mounted with them.{another} or with {HOME}"
    )
    advice = {
        errno.ENOLCK: no_locks,
        errno.ENOSYS: no_locks,
        errno.EOPNOTSUPP: no_locks,
        errno.ENOSPC: f"the disk is full. {again}",
        errno.EDQUOT: f"your disk quota is used up, of bytes or of files. {again}",
        errno.EROFS: f"the folder is read-only.{another}",
        errno.EACCES: f"you may not {verb} there.{another}",
        errno.ENOENT: "there is no such file" if reading else no_folder,
        errno.EEXIST: in_place,
        errno.ENOTDIR: in_place,
        errno.ELOOP: "it is a link, and links are not written through. Remove it",
        errno.EISDIR: "it is a folder. Name a file",
        errno.ENODEV: "it is a pipe or a device, and no file",
        errno.EIO: "the disk reports an error (EIO). Look at the disk, then run the "
        "same command again: what is finished is kept",
    }
    reason = advice.get(error.errno or 0, error.strerror or str(error))
    if error.errno == errno.ENOSPC and _without_inodes(path):
        reason = (
            "the file system can hold no more files, although bytes are free on it: "
            "it is out of inodes ('df -i' shows it). Delete files there, and run the "
            "same command again: what is finished is kept"
        )
    return f"cannot {verb} {path}: {reason.removesuffix('.')}."


def _without_inodes(path: Path) -> bool:
    """Whether a file system has bytes left and no room for another file."""
    place = next((p for p in (path, *path.absolute().parents) if p.exists()), None)
    if place is None:
        return False
    with contextlib.suppress(OSError):
        found = os.statvfs(place)
        # Some file systems count none: their number is 0.
        return found.f_files > 0 and found.f_favail == 0 and found.f_bavail > 0
    return False
