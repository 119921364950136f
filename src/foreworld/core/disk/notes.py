"""Short notes in a folder, of which nothing is sealed: journals, errors, locks."""

from __future__ import annotations

from pathlib import Path

from foreworld.core.disk import gate as disk
from foreworld.core.disk.refusals import StorageError, storage

MAX_TEXT = 2**20
"""Bytes that are read of one at most: a file of holes has any size."""


def read_head(path: Path, most: int = MAX_TEXT) -> bytes:
    """The first bytes of a file that anybody may have written; none where it is not.

    Parameters
    ----------
    path
        A file of which nothing is sealed. A link is not followed.
    most
        Bytes that are read at most.

    Raises
    ------
    StorageError
        The file cannot be read, or is no regular file.
    """
    if path.is_symlink():
        raise StorageError(
            f"{path} is a link, which is not followed: put the file itself there."
        )
    try:
        with storage("read", path), disk.open_file(path, "rb") as file:
            return file.read(most)
    except StorageError as error:
        if isinstance(error.__cause__, FileNotFoundError):
            return b""
        raise
