"""Atomic writes, sealed folders and leases."""

import errno
import random
import subprocess
import sys
import threading
import time

import pytest

from foreworld.core.disk import folder
from foreworld.core.errors import DamagedError


def sealed(path):
    folder.write_json(path / "config.json", {"kind": "test"})
    folder.write_bytes(path / "sub" / "data.bin", bytes(range(256)))
    folder.seal(path, ["config.json", "sub/data.bin"], {"kind": "test"})
    return path


def test_a_sealed_folder_verifies(tmp_path):
    assert folder.verify(sealed(tmp_path)) == []
    assert folder.manifest(tmp_path)["kind"] == "test"


def test_sealing_is_deterministic_and_removes_leftovers(tmp_path):
    leftover = tmp_path / "a" / "sub" / ".data.bin.1.part"
    for name in "ab":
        (tmp_path / name / "sub").mkdir(parents=True)
    leftover.write_bytes(b"half")
    manifests = [
        (sealed(tmp_path / n) / "manifest.json").read_bytes() for n in ("a", "b")
    ]
    assert manifests[0] == manifests[1]
    assert not leftover.exists()


@pytest.mark.parametrize("name", ["config.json", "sub/data.bin", "manifest.json"])
def test_any_flipped_byte_is_found_and_named(tmp_path, name):
    sealed(tmp_path)
    path = tmp_path / name
    original = path.read_bytes()
    dice = random.Random(0)
    for _ in range(40):
        where, bit = dice.randrange(len(original)), 1 << dice.randrange(8)
        flipped = bytearray(original)
        flipped[where] ^= bit
        path.write_bytes(flipped)
        problems = folder.verify(tmp_path)
        assert len(problems) == 1
        assert str(path) in problems[0]
    path.write_bytes(original)
    assert folder.verify(tmp_path) == []


def test_missing_and_truncated_files_are_named(tmp_path):
    sealed(tmp_path)
    data = tmp_path / "sub" / "data.bin"
    data.write_bytes(data.read_bytes()[:-1])
    assert folder.verify(tmp_path) == [
        f"{data} has 255 bytes instead of 256: truncated or altered."
    ]
    data.unlink()
    assert folder.verify(tmp_path) == [f"{data} is missing."]


def test_an_unfinished_folder_says_so(tmp_path):
    assert folder.manifest(tmp_path) is None
    assert "is not finished" in folder.verify(tmp_path)[0]


def test_a_full_disk_leaves_the_old_file_and_says_what_to_do(tmp_path):
    path = tmp_path / "file"
    folder.write_bytes(path, b"old")

    def full(temporary):
        temporary.write_bytes(b"half")
        raise OSError(errno.ENOSPC, "No space left on device")

    with pytest.raises(folder.StorageError) as caught:
        folder.write_file(path, full)
    assert str(caught.value) == (
        f"cannot write {path}: the disk is full. Free some space and run the same "
        f"command again: what is finished is kept."
    )
    assert path.read_bytes() == b"old"
    assert [p.name for p in tmp_path.iterdir()] == ["file"]


def test_damaged_json_is_named(tmp_path):
    path = tmp_path / "x.json"
    with pytest.raises(DamagedError, match="is missing"):
        folder.read_json(path)
    path.write_text("{")
    with pytest.raises(DamagedError, match=r"x\.json is damaged"):
        folder.read_json(path)


def test_a_lease_is_held_once_and_returns_when_its_holder_is_killed(tmp_path):
    path = tmp_path / "lease"
    code = (
        "import pathlib, sys, time; from foreworld.core.disk.folder import lease\n"
        f"with lease(pathlib.Path({str(path)!r})) as mine:\n"
        "    print(mine, flush=True); time.sleep(60)"
    )
    holder = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE)
    try:
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"True\n"
        assert folder.held(path)
        with folder.lease(path) as mine:
            assert not mine
        holder.kill()
        holder.wait()
        for _ in range(100):
            with folder.lease(path) as mine:
                if mine:
                    break
            time.sleep(0.05)
        assert mine
    finally:
        holder.kill()
        holder.wait()
        holder.stdout.close()


def test_asking_takes_no_lease(tmp_path):
    path = tmp_path / "lease"
    assert not folder.held(path) and not path.exists()
    with folder.lease(path) as mine:
        assert mine and folder.held(path)
        assert folder.held(path)
    assert not folder.held(path)
    stop, taken = threading.Event(), []

    def ask():
        while not stop.is_set():
            taken.append(folder.held(path))

    asking = threading.Thread(target=ask)
    asking.start()
    for _ in range(300):
        with folder.lease(path) as mine:
            assert mine
    stop.set()
    asking.join()
    assert taken


def test_a_shared_lease_keeps_out_who_wants_it_alone(tmp_path):
    path = tmp_path / "lease"
    with folder.lease(path, shared=True) as one, folder.lease(path, shared=True) as two:
        assert one and two and folder.held(path)
        with folder.lease(path) as alone:
            assert not alone
    with folder.lease(path) as alone, folder.lease(path, shared=True) as shared:
        assert alone and not shared


def test_a_line_that_was_cut_off_does_not_spoil_the_next(tmp_path):
    path = tmp_path / "sub" / "journal"
    folder.append_line(path, "one")
    path.write_bytes(path.read_bytes() + b"tw")
    folder.append_line(path, "three")
    assert path.read_bytes() == b"one\ntw\nthree\n"


def test_what_was_sealed_is_read_as_it_was(tmp_path):
    sealed(tmp_path)
    assert folder.read_sealed(tmp_path, "config.json") == {"kind": "test"}
    (tmp_path / "config.json").write_text('{"kind": "TEST"}')
    with pytest.raises(DamagedError, match=r"config\.json has 16 bytes instead of"):
        folder.read_sealed(tmp_path, "config.json")
    (tmp_path / "manifest.json").unlink()
    assert folder.read_sealed(tmp_path, "config.json") == {"kind": "TEST"}


def test_no_number_of_json_and_no_end(tmp_path):
    path = tmp_path / "x.json"
    for text in ("NaN", "[" * 100_000, '{"a": Infinity}', "\xff"):
        path.write_text(text, encoding="latin-1")
        with pytest.raises(DamagedError, match=r"x\.json is damaged: not valid JSON"):
            folder.read_json(path)


def test_half_a_surrogate_pair_is_no_text(tmp_path):
    path = tmp_path / "x.json"
    path.write_bytes(b'{"kind": "\\uD800"}')
    with pytest.raises(DamagedError, match=r"x\.json is damaged: not valid JSON"):
        folder.read_json(path)
    path.write_bytes(b'{"kind": "\\ud83d\\ude00"}')
    assert folder.read_json(path) == {"kind": "\N{GRINNING FACE}"}


@pytest.mark.parametrize("number", [errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP])
def test_a_file_system_without_locks_is_named(tmp_path, monkeypatch, number):
    def refuse(*_):
        raise OSError(number, "Function not implemented")

    monkeypatch.setattr(folder.fcntl, "fcntl", refuse)
    path = tmp_path / "lock"
    with pytest.raises(folder.StorageError) as caught, folder.lease(path):
        pass
    assert str(caught.value) == (
        f"cannot lock {path}: the file system gives no locks, without which "
        f"two workers may do the same work. Have it mounted with them. Choose another "
        f"folder with --out or with FOREWORLD_HOME."
    )
