"""The calls that change a disk, behind one gate: tests make any of them fail.

Only :mod:`foreworld.core.disk.folder` calls these; everything else goes through it. An
interceptor sees each call before it happens and may fail it, do half of it, or pretend
that the process was killed (see :mod:`foreworld.testing.faults`).
"""

from __future__ import annotations

import contextlib
import errno
import io
import os
import shutil
import stat
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Literal

Operation = Literal["read", "open", "write", "sync", "rename", "remove", "folder"]
"""Open a file to read it or to write it, fill it, flush it, rename it, delete it, make
a folder."""
Interceptor = Callable[[Operation, Path, Callable[[], Any]], Any]
"""Called with what is done, where, and a function that does it; returns its result."""


class _Gate:
    """Holds the interceptor of all calls; there is one in tests only."""

    interceptor: Interceptor | None = None


@contextlib.contextmanager
def intercepted(interceptor: Interceptor) -> Iterator[None]:
    """Let an interceptor see every call of this process while the context lasts."""
    before, _Gate.interceptor = _Gate.interceptor, interceptor
    try:
        yield
    finally:
        _Gate.interceptor = before


def open_file(path: Path, mode: Literal["rb", "wb", "ab", "ab+"]) -> io.FileIO:
    """Open without a buffer: what is written is written when the call returns.

    Pipes and devices, of which one waits and another never ends, are refused; so are
    links where something is written: they may lead to any file of the person's.

    Parameters
    ----------
    path, mode
        File, and what it is opened for: reading, writing or appending, in bytes.
    """
    operation = "read" if mode == "rb" else "open"
    return _do(operation, path, lambda: open(path, mode, 0, opener=_regular))


def fill(path: Path, writer: Callable[[Path], None]) -> None:
    """Let a function write a file by its path; counts as one write.

    Parameters
    ----------
    path, writer
        File, and the code that is given its path.
    """
    _do("write", path, lambda: writer(path))


def write(path: Path, file: io.FileIO, data: bytes) -> None:
    """Write all of some bytes to an open file.

    Parameters
    ----------
    path
        Path of the file, for the record.
    file, data
        The open file, and what is added to it.
    """
    _do("write", path, lambda: _write_all(file, data))


def sync(path: Path) -> None:
    """Flush a file or folder to the disk."""
    _do("sync", path, lambda: _sync(path))


def rename(old: Path, new: Path) -> None:
    """Put a file in the place of another at once.

    Parameters
    ----------
    old, new
        Path before and after.
    """
    _do("rename", new, lambda: old.replace(new))


def remove(path: Path) -> None:
    """Delete a file if it is there."""
    _do("remove", path, lambda: path.unlink(missing_ok=True))


def remove_tree(path: Path) -> None:
    """Delete a folder and all that is in it."""
    _do("remove", path, lambda: shutil.rmtree(path))


def remove_empty(path: Path) -> None:
    """Delete a folder that holds nothing."""
    _do("remove", path, lambda: path.rmdir())


def make_folder(path: Path) -> None:
    """Make one folder in a folder that exists, if it is not there."""
    _do("folder", path, lambda: path.mkdir(exist_ok=True))


def make_private_folder() -> Path:
    """Make a folder of a new name that only this user can read, to be removed again."""
    place = Path(tempfile.gettempdir())
    return _do("folder", place, lambda: Path(tempfile.mkdtemp(prefix="foreworld-")))


def _regular(path: str, flags: int) -> int:
    """Open a file's number; of a pipe, without waiting for its other end.

    What is written to must lie there itself.
    """
    reads = (flags & os.O_ACCMODE) == os.O_RDONLY
    flags |= os.O_NONBLOCK | os.O_CLOEXEC | (0 if reads else os.O_NOFOLLOW)
    number = os.open(path, flags, 0o666)
    kind = os.fstat(number).st_mode
    if stat.S_ISREG(kind) or stat.S_ISDIR(kind):
        return number
    os.close(number)
    raise OSError(errno.ENODEV, os.strerror(errno.ENODEV), path)


def _do(operation: Operation, path: Path, work: Callable[[], Any]) -> Any:
    if _Gate.interceptor is None:
        return work()
    return _Gate.interceptor(operation, path, work)


def _write_all(file: io.FileIO, data: bytes) -> None:
    rest = memoryview(data)
    while rest:
        # Unbuffered writes may be partial.
        rest = rest[file.write(rest) :]


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
