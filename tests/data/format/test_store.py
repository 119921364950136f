"""HDF5 shards: what goes in comes out, and the same rows give the same bytes."""

import time
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
