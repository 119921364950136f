"""A disk that fails: the n-th call, every call from the n-th on, or a kill there.

For tests that go through all n (the method of SQLite): a run on this disk must raise a
clear error, and the next run on a good one must finish with the same bytes.
"""

from __future__ import annotations

import contextlib
import errno
import os
import stat
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from foreworld.core.disk.gate import Operation, intercepted

CHANGES: tuple[Operation, ...] = ("open", "write", "sync", "rename", "remove", "folder")
"""Calls that change a disk."""
_REFUSED: dict[int, tuple[Operation, ...]] = {
    errno.EIO: ("read", *CHANGES),
    errno.ENOSPC: ("open", "write", "sync", "rename", "folder"),
    errno.EROFS: ("open", "rename", "remove", "folder"),
    errno.EACCES: ("open", "rename", "remove", "folder"),
}
"""Which calls an error can come from: a full disk is still read, for example."""


class Killed(BaseException):
    """The process ends here. Nothing that comes after it reaches the disk."""


class FaultyDisk:
    """Counts calls and makes some of them fail; see :func:`failing`.

    Parameters
    ----------
    number
        Which call fails, from 1.
    error
        ``errno`` code that it fails with; ``None`` to raise :class:`Killed`.
    lasting
        Whether all calls after it fail too.

    Attributes
    ----------
    calls
        What was done and where, failed calls included; those that the error cannot
        come from are left out.
    struck
        Calls that failed.
    """

    def __init__(self, number: int, error: int | None, lasting: bool) -> None:
        self.calls: list[tuple[Operation, Path]] = []
        self.struck: list[tuple[Operation, Path]] = []
        self._number, self._error, self._lasting = number, error, lasting
        self._concerned = CHANGES if error is None else _REFUSED[error]

    def __call__(
        self, operation: Operation, path: Path, work: Callable[[], Any]
    ) -> Any:
        """Do a call or fail it.

        Parameters
        ----------
        operation
            What the call does.
        path
            The file or folder that it is done to.
        work
            Does it.
        """
        if operation not in self._concerned:
            return work()
        self.calls.append((operation, path))
        count = len(self.calls)
        if count < self._number or (count > self._number and not self._lasting):
            return work()
        first = not self.struck
        self.struck.append((operation, path))
        if operation == "write" and first:
            # Half of the first write reaches a file before the disk strikes.
            before = path.stat().st_size if path.is_file() else 0
            work()
            after = path.stat()
            if stat.S_ISREG(after.st_mode):
                os.truncate(path, (before + after.st_size) // 2)
        if self._error is None:
            raise Killed(f"{operation} {path}")
        raise OSError(self._error, os.strerror(self._error), str(path))


@contextlib.contextmanager
def failing(number: int, error: int, lasting: bool = False) -> Iterator[FaultyDisk]:
    """Fail the ``number``-th call (from 1) of this process that the error concerns.

    Parameters
    ----------
    number
        Which call fails; a write is done by half.
    error
        ``errno.EIO``, ``ENOSPC``, ``EROFS`` or ``EACCES``.
    lasting
        All calls after it fail too: a disk stays full, a folder stays read-only.
    """
    disk = FaultyDisk(number, error, lasting)
    with intercepted(disk):
        yield disk


@contextlib.contextmanager
def killing(number: int) -> Iterator[FaultyDisk]:
    """End the process, as far as the disk can tell, before its ``number``-th change.

    The context swallows :class:`Killed`. Locks are given back, as the kernel would.
    """
    disk = FaultyDisk(number, None, lasting=True)
    with contextlib.suppress(Killed), intercepted(disk):
        yield disk


def flip(path: Path, byte: int, bit: int) -> None:
    """Turn one bit of a file over, in place; its times stay as they were.

    Parameters
    ----------
    path
        An existing file.
    byte
        Which of its bytes, from 0.
    bit
        Which bit of that byte, from 0, the least significant.
    """
    before = path.stat()
    with path.open("r+b") as file:
        file.seek(byte)
        old = file.read(1)
        file.seek(byte)
        file.write(bytes([old[0] ^ (1 << bit)]))
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
