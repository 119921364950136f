"""Folders whose files are no files, or say more than they hold: an answer at once."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import h5py
import pytest

import foreworld as fw
from foreworld.cli.main import main
from foreworld.core.disk.folder import MAX_JSON, problem_of, read_json
from foreworld.core.disk.notes import read_head
from foreworld.core.disk.refusals import StorageError
from foreworld.core.errors import DamagedError
from foreworld.data.format.store.hdf5 import HDF5


def pipe(path: Path) -> None:
    path.unlink(missing_ok=True)
    os.mkfifo(path)


def endless(path: Path) -> None:
    path.unlink(missing_ok=True)
    path.symlink_to("/dev/zero")


def vast(path: Path) -> None:
    with path.open("ab") as file:
        file.truncate(2**40)


def deep(path: Path) -> None:
    path.write_text('{"kind": "data set", "recipe": ' + "[" * 900 + "]" * 900 + "}")


@pytest.fixture(scope="module")
def made(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("made") / "d"
    size = "--train 2 --val 0 --test 0 --num-frames 2 --image-size 4 --quiet"
    assert main(["generate", "pendulum", *size.split(), "--out", str(folder)]) == 0
    return folder


@pytest.mark.parametrize("strange", [pipe, endless, vast, deep])
@pytest.mark.parametrize("name", ["config.json", "manifest.json"])
def test_strange_files_are_named(
    tmp_path, made, capsys, name: str, strange: Callable[[Path], None]
):
    folder = tmp_path / "d"
    shutil.copytree(made, folder)
    strange(folder / name)
    assert main(["check", str(folder)]) in (1, 2)
    assert main(["preview", str(folder)]) in (1, 2)
    said = "".join(capsys.readouterr())
    assert "fault of Foreworld" not in said
    assert name in said
    with pytest.raises((DamagedError, StorageError)):
        fw.load(folder)


@pytest.mark.parametrize("strange", [pipe, endless])
def test_a_shard_that_is_no_file(tmp_path, made, strange):
    folder = tmp_path / "d"
    shutil.copytree(made, folder)
    strange(folder / "train" / "shard-00000.h5")
    with pytest.raises(DamagedError, match="shard-00000"):
        fw.load(folder).train[0]


def test_words_for_what_is_no_file(tmp_path):
    path = tmp_path / "config.json"
    os.mkfifo(path)
    with pytest.raises(StorageError) as refused:
        read_json(path)
    assert str(refused.value) == (
        f"cannot read {path}: it is a pipe or a device, and no file."
    )
    path.unlink()
    path.touch()
    vast(path)
    with pytest.raises(DamagedError) as damaged:
        read_json(path)
    assert str(damaged.value) == (
        f"{path} is damaged: it has 1,099,511,627,776 bytes; what Foreworld writes "
        f"there has {MAX_JSON:,} at most."
    )


def test_a_column_that_says_more_than_the_file_holds(tmp_path):
    path = tmp_path / "shard.h5"
    with h5py.File(path, "w") as file:
        file.create_dataset("state", (2**40, 2), "f4", chunks=(1000, 2))
    reader = HDF5.reader(path)
    with pytest.raises(DamagedError, match="of which only 0 are in the file"):
        reader.read("state", slice(None))
    reader.close()


def test_a_file_of_holes_is_not_read(tmp_path):
    (tmp_path / "a").touch()
    vast(tmp_path / "a")
    said = problem_of(tmp_path / "a", {"bytes": 2**40, "sha256": "0" * 64})
    assert said.endswith("has 1099511627776 bytes, of which nearly all are a hole.")
    assert len(read_head(tmp_path / "a", 100)) == 100
    (tmp_path / "b").symlink_to(tmp_path / "a")
    with pytest.raises(StorageError, match="is a link, which is not followed"):
        read_head(tmp_path / "b")


def test_names_of_files_reach_no_terminal_as_they_are(tmp_path, capsys):
    folder = tmp_path / "a\x1b[2J\u202e\rb"
    folder.mkdir()
    (folder / "config.json").write_text(json.dumps({"kind": "\x1b]0;x\x07"}))
    for verb in ("check", "preview", "status", "best", "rm"):
        assert main([verb, str(folder)]) in (1, 2)
        said = "".join(capsys.readouterr())
        assert not set("\x1b\u202e\r\x07") & set(said)
