"""Files against the manifest of their folder."""

import os
import time

import pytest

from foreworld.core.disk import seals
from foreworld.core.disk.folder import checksum, seal
from foreworld.core.errors import DamagedError
from foreworld.testing.faults import flip


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "a").write_bytes(b"abc")
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "b").write_bytes(b"def")
    seal(tmp_path, ["a", "in/b"], {})
    return tmp_path


def test_what_is_not_as_it_was_sealed_is_named(folder):
    seals.vouch(folder, "a")
    (folder / "c").write_bytes(b"")
    with pytest.raises(DamagedError, match=r"c is no part of what was sealed: .*manif"):
        seals.vouch(folder, "c")
    (folder / "in" / "b").unlink()
    with pytest.raises(DamagedError, match="b is missing"):
        seals.vouch(folder, "in/b")
    (folder / "manifest.json").unlink()
    seals.vouch(folder, "c")


def test_digests_are_remembered_until_a_file_changes(folder, monkeypatch):
    asked = []
    monkeypatch.setattr(seals, "checksum", lambda p: asked.append(p) or checksum(p))
    monkeypatch.setattr(seals, "_SETTLED", 0.05)
    time.sleep(0.1)
    for _ in range(3):
        seals.vouch(folder, "a")
    assert asked == [folder / "a"]
    # The times of its contents are put back, as by one who hides it.
    flip(folder / "a", 0, 0)
    with pytest.raises(DamagedError, match="a was altered: its checksum does not"):
        seals.vouch(folder, "a")
    flip(folder / "a", 0, 0)
    seals.vouch(folder, "a")
    # Another file in its place, as large and as old.
    before = (folder / "a").stat()
    (folder / "new").write_bytes(b"xyz")
    os.utime(folder / "new", ns=(before.st_atime_ns, before.st_mtime_ns))
    (folder / "new").replace(folder / "a")
    with pytest.raises(DamagedError, match="was altered"):
        seals.vouch(folder, "a")


def test_a_file_that_changes_all_the_time_is_not_remembered(folder):
    for _ in range(50):
        seals.vouch(folder, "a")
        flip(folder / "a", 1, 1)
        with pytest.raises(DamagedError):
            seals.vouch(folder, "a")
        flip(folder / "a", 1, 1)


def test_what_is_more_than_was_sealed(folder):
    assert seals.extra(folder, []) == []
    (folder / "in" / "more").write_bytes(b"")
    (folder / "logs" / "deep").mkdir(parents=True)
    (folder / "logs" / "deep" / "x").write_bytes(b"")
    (folder / "link").symlink_to(folder / "in")
    assert seals.extra(folder, ["logs"]) == ["in/more", "link"]
    assert seals.extra(folder, ["in/*"]) == ["link", "logs"]


def test_names(folder):
    wanted = {"seed": 1, "split": "train"}
    assert seals.misplaced({"seed": 1, "split": "train", "x": 2}, wanted) == ""
    said = "seed is True instead of 1; split is None instead of 'train'"
    assert seals.misplaced({"seed": True}, wanted) == said
    assert seals.misplaced({"seed": 1}, wanted, lenient=True) == ""
