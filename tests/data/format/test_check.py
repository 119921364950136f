"""The check names the file, whatever was done to it."""

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import h5py
import numpy as np
import pytest

import foreworld as fw
from foreworld.core.disk.folder import manifest, seal
from foreworld.core.errors import DamagedError, ForeworldError
from foreworld.data.exchange.importing import import_data
from foreworld.data.format.check import check_dataset
from foreworld.data.format.config import read_recipe
from foreworld.data.format.folder import account
from foreworld.workspace.removal import delete, doom

SHARD = "train/shard-00001.h5"


def test_a_good_data_set_has_no_problems(made: Path) -> None:
    assert check_dataset(made) == []
    assert check_dataset(str(made)) == []


def flip_byte(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(bytes(data))


def truncate(path: Path) -> None:
    os.truncate(path, path.stat().st_size - 1)


def alter_value(path: Path) -> None:
    with h5py.File(path, "r+") as file:
        file["state"][3, 2, 0] += 0.125


def alter_config(path: Path) -> None:
    path.write_text(path.read_text().replace('"seed": 0', '"seed": 1'))


@pytest.mark.parametrize(
    ("name", "damage", "message"),
    [
        (SHARD, flip_byte, "was altered: its checksum does not match."),
        (SHARD, truncate, "truncated or altered."),
        (SHARD, alter_value, "altered"),
        (SHARD, Path.unlink, "is missing."),
        ("config.json", alter_config, "was altered: its checksum does not match."),
        ("config.json", Path.unlink, "is missing."),
        ("manifest.json", flip_byte, ""),
        ("manifest.json", truncate, "was altered: its own checksum does not match."),
        ("manifest.json", Path.unlink, "is missing."),
    ],
)
def test_damage_is_named(
    copy: Path, name: str, damage: Callable[[Path], None], message: str
) -> None:
    damage(copy / name)
    problems = check_dataset(copy)
    assert len(problems) == 1
    assert str(copy / name) in problems[0]
    assert message in problems[0]


def reseal(folder: Path) -> None:
    """Make the checksums right again, as a program that writes the format would."""
    old = json.loads((folder / "manifest.json").read_text())
    info = {k: v for k, v in old.items() if k not in ("files", "seal")}
    names = [n for n in old["files"] if (folder / n).exists()]
    seal(folder, names, info)


def write(column: str, rows: object, value: object) -> Callable[[Path], None]:
    def change(folder: Path) -> None:
        with h5py.File(folder / SHARD, "r+") as file:
            file[column][rows] = value

    return change


def drop(folder: Path) -> None:
    with h5py.File(folder / SHARD, "r+") as file:
        del file["valid"]


def retype(folder: Path) -> None:
    with h5py.File(folder / SHARD, "r+") as file:
        state = file["state"][:]
        del file["state"]
        file["state"] = state.astype(np.float64)


def add(folder: Path) -> None:
    with h5py.File(folder / SHARD, "r+") as file:
        file["label"] = np.zeros(250)


def swap(folder: Path) -> None:
    shutil.copy(folder / "train" / "shard-00000.h5", folder / SHARD)


def no_hdf5(folder: Path) -> None:
    (folder / SHARD).write_bytes(b"something else")


def spoil_frames(folder: Path) -> None:
    with h5py.File(folder / SHARD, "r+") as file:
        file["image"].id.write_direct_chunk((0, 0, 0, 0, 0), b"not zlib")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (write("state", (3, 2, 0), np.nan), "state holds values not finite."),
        (write("parameters/mass", 5, 2.0), r"mass leaves its range [0.47, 0.93]."),
        (write("index", 0, 7), "index is not 250 to 499."),
        (swap, "does not belong there: its start is 0 instead of 250."),
        (drop, "has no valid."),
        (add, "has label, which it should not."),
        (retype, "state is (250, 6, 2) float64 instead of (250, 6, 2) float32."),
        (no_hdf5, "cannot be read as HDF5"),
        (spoil_frames, "is damaged"),
        (lambda folder: (folder / SHARD).unlink(), "is missing from manifest.json."),
    ],
)
def test_contents_are_checked_where_checksums_fit(
    copy: Path, change: Callable[[Path], None], message: str
) -> None:
    change(copy)
    reseal(copy)
    problems = check_dataset(copy)
    assert len(problems) == 1, problems
    assert str(copy / SHARD) in problems[0]
    assert message in problems[0]


def test_a_configuration_of_another_set_is_noticed(copy: Path) -> None:
    alter_config(copy / "config.json")
    reseal(copy)
    problems = check_dataset(copy)
    assert any("config.json says it is" in line for line in problems)
    assert any("manifest.json is of" in line for line in problems)


def test_a_column_that_is_told_twice(copy: Path) -> None:
    path = copy / "config.json"
    config = json.loads(path.read_text())
    config["columns"][""].append(config["columns"][""][0])
    path.write_text(json.dumps(config))
    reseal(copy)
    (problem,) = check_dataset(copy)
    assert problem.endswith("config.json is damaged: it tells the column image twice.")


def test_extra_files_are_named(copy: Path) -> None:
    (copy / "val" / "notes.txt").write_text("?")
    assert check_dataset(copy) == [
        f"{copy / 'val' / 'notes.txt'} does not belong to this data set."
    ]


def test_unknown_worlds_are_named(copy: Path) -> None:
    path = copy / "config.json"
    path.write_text(path.read_text().replace("worlds:Pendulum", "worlds:Pendulums"))
    reseal(copy)
    (problem,) = check_dataset(copy)
    assert str(path) in problem and "Pendulums" in problem


def test_imported_data_are_checked_too(tmp_path: Path) -> None:
    image = np.arange(4 * 3 * 5 * 5, dtype=np.uint16).astype(np.uint8)
    np.savez(tmp_path / "a.npz", image=image.reshape(4, 3, 5, 5, 1))
    import_data(tmp_path / "a.npz", tmp_path / "out", val=0, test=0, quiet=True)
    assert check_dataset(tmp_path / "out") == []
    flip_byte(tmp_path / "out" / "train" / "shard-00000.h5")
    assert "shard-00000.h5 was altered" in check_dataset(tmp_path / "out")[0]


def test_what_is_no_data_set(tmp_path: Path) -> None:
    assert check_dataset(tmp_path / "nowhere") == [
        f"{tmp_path / 'nowhere'} is missing: there is no such folder."
    ]
    assert "is not finished" in check_dataset(tmp_path)[0]


def test_files_of_file_browsers_are_passed_over(tmp_path: Path) -> None:
    """By checking, making and deleting alike."""
    folder, sizes = tmp_path / "set", {"train": 2, "num_frames": 3, "quiet": True}
    folder.mkdir()
    left = (".DS_Store", "._config.json", "Thumbs.db", "desktop.ini", ".nfs00a1")
    for name in left:
        (folder / name).touch()
    fw.generate(fw.worlds.Pendulum(), folder, **sizes)
    for name in left:
        (folder / "train" / name).touch()
    assert check_dataset(folder) == []
    data = fw.generate(fw.worlds.Pendulum(), folder, **sizes)
    assert len(data.train) == 2
    (folder / "notes.txt").touch()
    assert check_dataset(folder) == [
        f"{folder / 'notes.txt'} does not belong to this data set."
    ]
    (folder / "notes.txt").unlink()
    delete(doom(folder))
    assert not folder.exists()


def test_a_folder_of_very_many_files_is_refused(copy: Path) -> None:
    """Before any of them is listed: what a folder says must not fill the memory."""
    config = json.loads((copy / "config.json").read_text())
    task = config["recipe"]["tasks"]["dict"][""]
    task.update(train=10**9, chunk_len=1, shard_len=1)
    (copy / "config.json").write_text(json.dumps(config))
    (copy / "manifest.json").unlink()
    with pytest.raises(ForeworldError, match=r"1,000,000,0\d\d files is too large: at"):
        read_recipe(copy)


@pytest.mark.parametrize("drift", ["1e-3", [1], True])
def test_a_drift_that_is_no_number(copy: Path, drift: object) -> None:
    marker = manifest(copy)
    info = {k: v for k, v in marker.items() if k not in ("files", "seal")}
    seal(copy, list(marker["files"]), {**info, "drift": drift})
    with pytest.raises(DamagedError, match="drift, redrawn and sequences must be numb"):
        account(copy)
