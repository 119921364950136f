"""Atomic writes, sealed folders and leases."""

import errno
import random

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
