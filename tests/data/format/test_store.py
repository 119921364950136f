"""HDF5 shards: what goes in comes out, and the same rows give the same bytes."""

import time
import zlib
from pathlib import Path

import h5py
import numpy as np
import pytest

from foreworld.core.errors import DamagedError
from foreworld.data.format.store import hdf5
from foreworld.data.format.store.base import Column, Rows
from foreworld.data.format.store.hdf5 import HDF5

COLUMNS = (
    Column("image", (3, 16, 16, 1), "uint8"),
    Column("parameters/mass", (), "float32", unit="kg"),
    Column("valid", (3,), "bool"),
)
NUM = 530


def rows() -> Rows:
    rng = np.random.default_rng(0)
    return {
        "image": (rng.random((NUM, 3, 16, 16, 1)) < 0.1).astype(np.uint8) * 255,
        "parameters/mass": rng.random(NUM).astype(np.float32),
        "valid": rng.random((NUM, 3)) < 0.5,
    }


def shard(batch: int = 250) -> bytes:
    writer, data = HDF5.writer(COLUMNS, NUM, 250), rows()
    try:
        for start in range(0, NUM, batch):
            part = {name: value[start : start + batch] for name, value in data.items()}
            writer.put(start, part)
        return writer.finish({"start": 0, "split": "train"})
    finally:
        writer.close()


def test_rows_come_back(tmp_path: Path) -> None:
    path = tmp_path / "a.h5"
    path.write_bytes(shard())
    reader = HDF5.reader(path)
    for name, value in rows().items():
        assert reader.shapes()[name] == (value.shape, str(value.dtype))
        np.testing.assert_array_equal(reader.read(name, slice(None)), value)
        np.testing.assert_array_equal(reader.read(name, slice(3, 123)), value[3:123])
        np.testing.assert_array_equal(reader.read(name, slice(7, 8)), value[7:8])
        np.testing.assert_array_equal(
            reader.read(name, [1, 5, NUM - 1]), value[[1, 5, NUM - 1]]
        )
    assert reader.attributes() == {"start": 0, "split": "train"}
    reader.close()


def test_any_reader_of_hdf5_reads_it(tmp_path: Path) -> None:
    path = tmp_path / "a.h5"
    path.write_bytes(shard())
    with h5py.File(path) as file:
        image = file["image"]
        np.testing.assert_array_equal(image[:], rows()["image"])
        assert (image.compression, image.compression_opts) == ("gzip", 1)
        assert image.chunks[0] == 10  # 768 bytes a sequence, 16 KiB a chunk at most
        assert image.id.get_storage_size() < image.nbytes / 2
        assert image.attrs["dimensions"] == "sequence time height width channels"
        assert file["parameters/mass"].attrs["unit"] == "kg"


def test_same_rows_same_bytes(monkeypatch: pytest.MonkeyPatch) -> None:
    one = shard()
    time.sleep(1.1)  # a file that held the time would differ
    monkeypatch.setattr(hdf5, "_num_threads", lambda: 5)
    assert shard() == one
    assert shard(batch=50) == one


def test_damaged_files_are_named(tmp_path: Path) -> None:
    path = tmp_path / "a.h5"
    with pytest.raises(DamagedError, match=r"a\.h5 is missing\."):
        HDF5.reader(path)
    whole = shard()
    path.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(DamagedError, match=r"a\.h5 cannot be read as HDF5: .*trunc"):
        HDF5.reader(path)
    altered = bytearray(whole)
    with h5py.File(tmp_path / "whole.h5", "w"):
        pass
    (tmp_path / "whole.h5").write_bytes(whole)
    with h5py.File(tmp_path / "whole.h5") as file:
        info = file["image"].id.get_chunk_info(0)
    altered[info.byte_offset + info.size // 2] ^= 0xFF
    path.write_bytes(bytes(altered))
    reader = HDF5.reader(path)
    for rows_wanted in (slice(None), [0]):
        with pytest.raises(DamagedError, match=r"a\.h5 is damaged: "):
            reader.read("image", rows_wanted)
    with pytest.raises(DamagedError, match=r"a\.h5 is damaged: .*nothing"):
        reader.read("nothing", slice(None))
    reader.close()


def test_rows_in_any_ascending_order(tmp_path: Path) -> None:
    path = tmp_path / "a.h5"
    path.write_bytes(shard())
    reader, image = HDF5.reader(path), rows()["image"]
    rng = np.random.default_rng(1)
    for num in (1, 3, 63, 64, 200):
        wanted = np.sort(rng.choice(NUM, num, replace=False)).tolist()
        np.testing.assert_array_equal(reader.read("image", wanted), image[wanted])
    for some in (slice(3, 3), slice(0, NUM, 7), slice(NUM - 1, None)):
        np.testing.assert_array_equal(reader.read("image", some), image[some])
    reader.close()


def _elsewhere(file: h5py.File, other: Path, how: str) -> None:
    data = file["image"]
    shape, dtype = data.shape, data.dtype
    del file["image"]
    if how == "external":
        other.write_bytes(bytes(int(np.prod(shape))))
        place = [(str(other), 0, int(np.prod(shape)))]
        file.create_dataset("image", shape, dtype, external=place)
        return
    with h5py.File(other, "w") as source:
        source["image"] = np.zeros(shape, dtype)
    if how == "link":
        file["image"] = h5py.ExternalLink(str(other), "/image")
    elif how == "virtual":
        layout = h5py.VirtualLayout(shape, dtype)
        layout[:] = h5py.VirtualSource(str(other), "image", shape=shape)
        file.create_virtual_dataset("image", layout)
    else:
        file.create_dataset("image", data=np.zeros(shape, dtype), compression="lzf")


@pytest.mark.parametrize("how", ["external", "link", "virtual", "filter"])
def test_columns_lie_in_the_file_itself(tmp_path: Path, how: str) -> None:
    path = tmp_path / "a.h5"
    path.write_bytes(shard())
    with h5py.File(path, "a") as file:
        _elsewhere(file, tmp_path / "other", how)
    reader = HDF5.reader(path)
    said = "lies in another file|no data set of this file|packed in a way|only 0 are in"
    with pytest.raises(DamagedError, match=said):
        reader.read("image", [0])
    reader.close()


@pytest.mark.parametrize("rows_wanted", [slice(0, 1), [0, 1], slice(None)])
def test_chunks_unpack_to_what_they_are_and_no_more(
    tmp_path: Path, rows_wanted: slice | list[int]
) -> None:
    path = tmp_path / "a.h5"
    path.write_bytes(shard())
    with h5py.File(path, "a") as file:
        bomb = zlib.compress(bytes(2**24))
        file["image"].id.write_direct_chunk((0,) * 5, bomb)
    reader = HDF5.reader(path)
    with pytest.raises(DamagedError, match=r"a chunk does not hold .* bytes"):
        reader.read("image", rows_wanted)
    reader.close()
