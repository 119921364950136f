"""Shards as NPZ files."""

import zipfile

import numpy as np
import pytest

import foreworld as fw
from foreworld.core.errors import DamagedError
from foreworld.data.format.check import check_dataset
from foreworld.data.format.store.base import Column
from foreworld.data.format.store.find import find_store
from foreworld.data.format.store.hdf5 import HDF5
from foreworld.data.format.store.npz import NPZ

COLUMNS = (
    Column("image", (4, 5, 6, 1), "uint8"),
    Column("valid", (4,), "bool"),
    Column("state", (4, 0), "float32"),
    Column("parameters/mass", (), "float32", "kg"),
)


def rows(num=20):
    rng = np.random.default_rng(0)
    return {
        "image": rng.integers(0, 256, (num, 4, 5, 6, 1), np.uint8),
        "valid": rng.random((num, 4)) < 0.5,
        "state": np.zeros((num, 4, 0), np.float32),
        "parameters/mass": rng.random(num, np.float32),
    }


def written(store):
    made = rows()
    writer = store.writer(COLUMNS, 20, 10)
    for first in (0, 10):
        some = {name: values[first : first + 10] for name, values in made.items()}
        writer.put(first, some)
    data = writer.finish({"split": "train", "start": 0, "redrawn": 2})
    writer.close()
    return data


def test_reads_back_what_hdf5_does(tmp_path):
    readers = {}
    for store in (NPZ, HDF5):
        path = tmp_path / f"shard{store.suffix}"
        path.write_bytes(written(store))
        readers[store.suffix] = store.reader(path)
    npz, hdf5 = readers[".npz"], readers[".h5"]
    assert npz.shapes() == hdf5.shapes()
    assert npz.attributes() == hdf5.attributes()
    for name in rows():
        for which in (slice(None), slice(2, 5), [1, 4, 9]):
            a, b = npz.read(name, which), hdf5.read(name, which)
            np.testing.assert_array_equal(a, b)
            assert a.dtype == b.dtype
    for reader in (npz, hdf5):
        reader.close()


def test_numpy_opens_it_and_bytes_repeat(tmp_path):
    path = tmp_path / "shard.npz"
    path.write_bytes(written(NPZ))
    assert path.read_bytes() == written(NPZ)
    with np.load(path, allow_pickle=False) as file:
        np.testing.assert_array_equal(file["image"], rows()["image"])
        assert '"unit": "kg"' in str(file["attributes"])


def test_damage_names_the_file(tmp_path):
    path = tmp_path / "shard.npz"
    with pytest.raises(DamagedError, match=r"shard\.npz is missing"):
        NPZ.reader(path)
    path.write_bytes(written(NPZ)[:-200])
    with pytest.raises(DamagedError, match=r"shard\.npz cannot be read as NPZ"):
        NPZ.reader(path)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr("attributes.npy", b"nonsense")
    with pytest.raises(DamagedError, match=r"shard\.npz cannot be read as NPZ"):
        NPZ.reader(path)
    # NumPy reads code points that no text has, on which Python's own methods fail.
    path.write_bytes(written(NPZ).replace("{".encode("utf-32-le"), b"\xff" * 4, 1))
    with pytest.raises(DamagedError, match=r"codec can't decode|Bad CRC"):
        NPZ.reader(path)
    np.savez(path, attributes=np.arange(3))
    with pytest.raises(DamagedError, match=r"attributes is int64\(3,\), not text"):
        NPZ.reader(path)


def test_found_by_name():
    assert find_store("npz") is NPZ and find_store("hdf5") is HDF5


def test_data_sets_in_both_formats_are_equal(tmp_path):
    sizes = {"train": 5, "val": 2, "num_frames": 4, "quiet": True}
    ours = fw.generate("tmaze", tmp_path / "npz", store="npz", **sizes)
    theirs = fw.generate("tmaze", tmp_path / "hdf5", **sizes)
    assert check_dataset(ours.path) == [] and ours.identity == theirs.identity
    assert [p.name for p in (ours.path / "val").iterdir()] == ["shard-00000.npz"]
    for name in theirs.train.columns:
        for rows in (slice(None), [3, 0, 3]):
            a, b = ours.train.read(name, rows), theirs.train.read(name, rows)
            np.testing.assert_array_equal(a, b)
