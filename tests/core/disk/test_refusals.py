"""What is said where the disk refuses."""

import errno
import os
from types import SimpleNamespace

import pytest

from foreworld.core.disk.refusals import StorageError, storage


@pytest.mark.parametrize(
    ("files", "favail", "bavail", "words"),
    [
        (1000, 0, 5, "the file system can hold no more files, although bytes are free"),
        (1000, 0, 0, "the disk is full. Free some space"),
        (1000, 7, 5, "the disk is full. Free some space"),
        (0, 0, 5, "the disk is full. Free some space"),
    ],
)
def test_out_of_inodes_is_not_a_full_disk(
    files, favail, bavail, words, tmp_path, monkeypatch
):
    found = SimpleNamespace(f_files=files, f_favail=favail, f_bavail=bavail)
    monkeypatch.setattr(os, "statvfs", lambda place: found)
    path = tmp_path / "not" / "there"
    with pytest.raises(StorageError) as caught, storage("write", path):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    assert str(caught.value).startswith(f"cannot write {path}: {words}")
    assert "run the same command again: what is finished is kept." in str(caught.value)
