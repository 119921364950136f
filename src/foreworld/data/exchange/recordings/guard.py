"""What is looked at before a person's file is opened, and what its damage is called.

A file is nothing but bytes that somebody brought: it may be a pipe that never ends, a
hole of a terabyte, or a few kilobytes that unpack to more than the memory holds.
"""

from __future__ import annotations

import contextlib
import os
import stat
import warnings
from collections.abc import Iterator
from pathlib import Path

from foreworld.core.errors import ConfigError, ForeworldError
from foreworld.core.machine import free_memory

TIGHTEST = 250
"""Recordings are not packed more tightly than this."""
SMALL = 2**29
"""Bytes up to which it does not matter how tightly something is packed."""
_INLINE = 2**16
"""Files of so few bytes may lie in what file systems do not count as blocks."""
_KINDS = (
    (stat.S_ISFIFO, "a pipe"),
    (stat.S_ISSOCK, "a socket"),
    (stat.S_ISCHR, "a device"),
    (stat.S_ISBLK, "a device"),
    (stat.S_ISDIR, "a folder"),
)


class Unreadable(ValueError):
    """What a reader says of a file: what is wrong with it, and what to do."""


def check_file(path: Path) -> None:
    """Refuse what is no file with something in it, before anything opens it.

    Raises
    ------
    ConfigError
        Nothing is there, or something that cannot be read to an end.
    """
    try:
        info = path.stat()
    except OSError as error:
        raise ConfigError(f"{path} cannot be read: {error.strerror}.") from error
    for is_kind, name in _KINDS:
        if is_kind(info.st_mode):
            raise ConfigError(
                f"{path} is {name}, and only files are read. Save what it gives in a "
                f"file first."
            )
    if not info.st_size:
        raise ConfigError(f"{path} is empty: it has 0 bytes. Save it again.")
    check_packing(path, info.st_size, "is")


def check_packing(path: Path, num_bytes: int, verb: str = "unpacks to") -> None:
    """Refuse what claims to be far more than lies on the disk.

    Parameters
    ----------
    path
        The file.
    num_bytes
        What it says that it holds.
    verb
        How the message says it.

    Raises
    ------
    ConfigError
        It claims more than recordings are packed.
    """
    info = path.stat()
    stored = min(info.st_size, max(info.st_blocks * 512, _INLINE))
    if num_bytes > max(SMALL, TIGHTEST * stored):
        raise ConfigError(
            f"{path} {verb} {num_bytes:,} bytes, {num_bytes // stored:,} times the "
            f"{stored:,} that lie on the disk; recordings are packed {TIGHTEST} times "
            f"at most. It is damaged, was never filled, or is made to fill the memory. "
            f"If it is none of these, save it uncompressed."
        )


def check_memory(path: Path, num_bytes: int) -> None:
    """Refuse what must be held at once and does not fit.

    Parameters
    ----------
    path
        The file.
    num_bytes
        What is needed of it.

    Raises
    ------
    ConfigError
        It is more than half of what is free.
    """
    most = int(free_memory() / 2)
    if num_bytes > most:
        raise ConfigError(
            f"{path} needs {num_bytes:,} bytes of memory at once, and {most:,} may be "
            f"used. Save it in pieces: as HDF5 or as an uncompressed NPZ, which are "
            f"read sequence by sequence, in shorter sequences or smaller frames."
        )


@contextlib.contextmanager
def reading(path: Path, kind: str) -> Iterator[None]:
    """Call whatever goes wrong inside damage of a person's file.

    Parameters
    ----------
    path
        The file.
    kind
        What it is read as.

    Raises
    ------
    ConfigError
        It cannot be read; names it.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    except ForeworldError:
        raise
    except Unreadable as error:
        raise ConfigError(f"{path} cannot be read as {kind}: {error}.") from error
    except MemoryError as error:
        raise ConfigError(f"{path} does not fit in the memory.") from error
    # Decoders raise whatever comes to their mind of bytes that were altered.
    except Exception as error:
        said = str(error).strip().rstrip(".") or type(error).__name__
        raise ConfigError(
            f"{path} cannot be read as {kind}: {said}. Save it again, or leave it out."
        ) from error


def name_of(path: Path) -> str:
    """What tells that two paths are of one file, through links of any kind."""
    info = path.stat()
    return f"{info.st_dev}:{info.st_ino}" if info.st_ino else os.path.realpath(path)
