"""Lock files, held through the kernel, which releases them when their process dies."""

from __future__ import annotations

import contextlib
import fcntl
import io
import os
import struct
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from foreworld.core.disk import gate as disk
from foreworld.core.disk.folder import make_folder
from foreworld.core.disk.refusals import StorageError, storage

_PAUSE = 0.02
_REQUEST = "hhqqi0q"
"""``struct flock``: kind, whence, start, length, process (0 for such locks)."""


@contextlib.contextmanager
def lease(path: Path, patience: float = 0.0, shared: bool = False) -> Iterator[bool]:
    """Try to hold a lock file; yields whether this process has it.

    The kernel releases the lock when its process ends, even by SIGKILL. On a folder
    that several machines share this needs a file system with locks across them: NFS 4,
    Lustre mounted with ``flock``, GPFS.

    Parameters
    ----------
    path
        The lock file, which is made and stays, until a process that holds it alone
        deletes it.
    patience
        Seconds to go on trying where another process holds it; ``math.inf`` waits.
    shared
        Share it with other processes that share it; no process can hold it alone then.

    Raises
    ------
    StorageError
        The lock file cannot be made, or the file system has no locks.
    """
    deadline = time.monotonic() + patience
    file = _opened(path)
    try:
        while True:
            mine = _locked(path, file, shared)
            if mine and not _is_at(path, file):
                # Its last holder deleted it, and the lock of a file without a name
                # keeps no process out.
                file.close()
                file = _opened(path)
            elif mine or time.monotonic() >= deadline:
                break
            else:
                time.sleep(_PAUSE)
        try:
            yield mine
        finally:
            if mine:
                _lock(file, fcntl.LOCK_UN)
    finally:
        file.close()


def held(path: Path) -> bool:
    """Whether a process holds a lock file, shared or alone; asks without taking it.

    Parameters
    ----------
    path
        The lock file, which need not be there.

    Raises
    ------
    StorageError
        It cannot be read, or the file system has no locks.
    """
    try:
        with storage("read", path):
            file = disk.open_file(path, "rb")
    except StorageError as error:
        if isinstance(error.__cause__, FileNotFoundError):
            return False
        raise
    with file, storage("lock", path):
        if sys.platform == "linux":
            asked = _request(fcntl.F_WRLCK)
            said = fcntl.fcntl(file, fcntl.F_OFD_GETLK, asked)
            return struct.unpack(_REQUEST, said)[0] != fcntl.F_UNLCK
        # Other systems cannot be asked: take it, shared with other callers, and close
        # the file at once, which releases it.
        try:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        return False


def _opened(path: Path) -> io.FileIO:
    with storage("write", path):
        try:
            make_folder(path.parent)
            return disk.open_file(path, "ab+")
        except FileNotFoundError:
            # Its folder was deleted in between, which a finished folder's is once.
            make_folder(path.parent)
            return disk.open_file(path, "ab+")


def _is_at(path: Path, file: io.FileIO) -> bool:
    """Whether an open file is the one that the path names."""
    try:
        return os.path.samestat(os.fstat(file.fileno()), path.stat())
    except FileNotFoundError:
        return False


def _locked(path: Path, file: io.FileIO, shared: bool) -> bool:
    with storage("lock", path):
        try:
            _lock(file, fcntl.LOCK_SH if shared else fcntl.LOCK_EX)
        except (BlockingIOError, PermissionError):
            return False
    return True


def _lock(file: io.FileIO, how: int) -> None:
    """Lock or unlock at once, or raise.

    The lock belongs to the open file description, not to the process: two threads
    exclude each other, and closing another handle of the same file does not release it
    (as it would with POSIX locks). On Linux these are OFD locks, which alone can be
    queried without taking them; elsewhere ``flock``.
    """
    if sys.platform == "linux":
        kinds = {fcntl.LOCK_EX: fcntl.F_WRLCK, fcntl.LOCK_SH: fcntl.F_RDLCK}
        asked = _request(kinds.get(how, fcntl.F_UNLCK))
        fcntl.fcntl(file, fcntl.F_OFD_SETLK, asked)
    else:
        fcntl.flock(file, how | fcntl.LOCK_NB)


def _request(kind: int) -> bytes:
    return struct.pack(_REQUEST, kind, os.SEEK_SET, 0, 0, 0)
