"""Files that are made to be read wrongly: what they claim, and what they point to."""

import io
import os
import pickle
import struct
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
import scipy.io
from PIL import Image

from foreworld.cli.main import main
from foreworld.core.errors import ConfigError
from foreworld.data.exchange.importing import import_data
from foreworld.data.exchange.recordings import guard

IMAGE = np.arange(3 * 4 * 6 * 5, dtype=np.uint8).reshape(3, 4, 6, 5)
SECRET = b"root:x:0:0:a secret of mine, long enough for what is read of it"


def refused(path: Path, said: str) -> None:
    out = path.parent / "out"
    with pytest.raises(ConfigError, match=said) as caught:
        import_data(path, out, val=0, test=0, quiet=True)
    assert path.name in str(caught.value) and not out.exists()


def hdf5(path: Path, make: Callable[[h5py.File], Any]) -> Path:
    with h5py.File(path, "w") as file:
        file["image"] = IMAGE
        make(file)
    return path


@pytest.fixture
def secret(tmp_path: Path) -> Path:
    (tmp_path / "elsewhere").mkdir()
    path = tmp_path / "elsewhere" / "passwd"
    path.write_bytes(SECRET)
    with h5py.File(path.with_suffix(".h5"), "w") as file:
        file["state"] = np.zeros((3, 4, 2), np.float32)
    return path


def test_hdf5_shows_nothing_of_other_files(tmp_path: Path, secret: Path) -> None:
    other = str(secret.with_suffix(".h5"))
    path = tmp_path / "a.h5"

    def raw(file: h5py.File) -> None:
        where = [(str(secret), 0, 24)]
        file.create_dataset("state", (3, 4, 2), np.uint8, external=where)

    def link(file: h5py.File) -> None:
        file["state"] = h5py.ExternalLink(other, "state")

    def through(file: h5py.File) -> None:
        file["a"] = h5py.ExternalLink(other, "/")
        file["b"] = h5py.SoftLink("/a")
        file["state"] = h5py.SoftLink("/b/state")

    def virtual(file: h5py.File, name: str = other) -> None:
        layout = h5py.VirtualLayout((3, 4, 2), np.float32)
        layout[:] = h5py.VirtualSource(name, "state", (3, 4, 2))
        file.create_virtual_dataset("state", layout)

    def dangling(file: h5py.File) -> None:
        file["state"] = h5py.SoftLink("/nowhere")

    refused(hdf5(path, dangling), "state is a link to /nowhere, where nothing is")
    refused(hdf5(path, raw), r"state lies in another file \(.*passwd\), which is not")
    refused(
        hdf5(path, link), "state is a link into another file, which is not followed"
    )
    refused(hdf5(path, through), "is a link into another file, which is not followed")
    refused(hdf5(path, virtual), "outside of the folder, which is not read")
    refused(hdf5(path, lambda f: virtual(f, "gone.h5")), "gone.h5, which is missing")
    # Beside it, it is what the person brought.
    with h5py.File(tmp_path / "b.h5", "w") as file:
        file["state"] = np.ones((3, 4, 2), np.float32)
    hdf5(path, lambda f: virtual(f, "b.h5"))
    data = import_data(path, tmp_path / "o", val=0, test=0, quiet=True)
    assert (data.train.state[:] == 1).all()
    with h5py.File(tmp_path / "b.h5", "r+") as file:
        file["state"][0] = 2
    again = import_data(path, tmp_path / "o2", val=0, test=0, quiet=True)
    assert again.identity != data.identity
    with h5py.File(tmp_path / "b.h5", "w") as file:
        file["state"] = h5py.ExternalLink(other, "state")
    refused(path, "is a link into another file, which is not followed")


def test_hdf5_claims_no_more_than_it_holds(tmp_path: Path) -> None:
    path = tmp_path / "a.h5"
    many = {"shape": (3, 2**40), "dtype": np.uint8}

    def circle(file: h5py.File) -> None:
        file["state"] = h5py.SoftLink("/state")

    def bomb(file: h5py.File) -> None:
        del file["image"]
        rows = (1, 2**20, 8, 8)
        made = file.create_dataset(
            "image", (16, *rows[1:]), np.uint8, chunks=rows, compression=9
        )
        packed = zlib.compress(bytes(2**26), 9)
        for i in range(16):
            made.id.write_direct_chunk((i, 0, 0, 0), packed)

    unwritten = "were never written. Write it whole, or leave it out"
    some = {"shape": (3, 4, 2), "dtype": np.float32}
    for settings in ({}, {"chunks": (1, 4, 2)}):
        make = lambda f, s=settings: f.create_dataset("state", **some, **s)  # noqa: E731
        refused(hdf5(path, make), unwritten)
    refused(hdf5(path, lambda f: f.create_dataset("state", **many)), unwritten)
    huge = {"shape": (2**40, 4, 2), "dtype": np.uint8, "chunks": (2**20, 4, 2)}
    refused(hdf5(path, lambda f: f.create_dataset("state", **huge)), "never written")
    refused(hdf5(path, circle), "state is a link that leads to itself|no array")
    refused(hdf5(path, bomb), r"unpacks to 1,073,741,824 bytes, .* times the")


def zipped(path: Path, entries: dict[str, bytes], packed: bool = True) -> Path:
    kind = zipfile.ZIP_DEFLATED if packed else zipfile.ZIP_STORED
    with zipfile.ZipFile(path, "w", kind) as file:
        for name, data in entries.items():
            file.writestr(name, data)
    return path


def npy(array: np.ndarray, shape: tuple[int, ...] | None = None) -> bytes:
    out = io.BytesIO()
    np.save(out, array)
    data = out.getvalue()
    if shape is None:
        return data
    head = {"descr": array.dtype.str, "fortran_order": False, "shape": shape}
    out = io.BytesIO()
    np.lib.format.write_array_header_1_0(out, head)
    return out.getvalue() + array.tobytes()


def _no_filter(file: h5py.File) -> None:
    properties = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
    properties.set_chunk((3, 4, 2))
    properties.set_filter(32001, h5py.h5z.FLAG_OPTIONAL)
    space = h5py.h5s.create_simple((3, 4, 2))
    made = h5py.h5d.create(file.id, b"state", h5py.h5t.NATIVE_FLOAT, space, properties)
    made.write_direct_chunk((0, 0, 0), bytes(96))


def _bad_chunk(file: h5py.File) -> None:
    shape = (3, 4, 2)
    made = file.create_dataset("state", shape, "f4", chunks=shape, compression=1)
    made.id.write_direct_chunk((0, 0, 0), b"no stream of zlib")


def _null(file: h5py.File) -> None:
    file["state"] = h5py.Empty("f4")


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (_no_filter, "packed by a filter that is not installed here (32001, no name)."),
        (_bad_chunk, "Can't synchronously read data (filter returned failure during"),
        (_null, "state is null: it has no values."),
    ],
)
def test_damaged_files_are_named(
    tmp_path: Path, capsys: Any, make: Callable[[h5py.File], Any], said: str
) -> None:
    """It is no fault of Foreworld, and no traceback."""
    path = hdf5(tmp_path / "a.h5", make)
    assert main(["import", str(path), "--out", str(tmp_path / "out")]) == 2
    told = capsys.readouterr().err
    assert told.startswith(f"foreworld: {path} cannot be read as HDF5: ")
    assert said in told and told.count("\n") == 1


def test_damaged_archives_and_pictures_are_named(tmp_path: Path, capsys: Any) -> None:
    rng = np.random.default_rng(0)
    noise = rng.integers(0, 256, IMAGE.shape, np.uint8)
    whole = zipped(tmp_path / "a.npz", {"image.npy": npy(noise)}).read_bytes()
    made = io.BytesIO()
    Image.fromarray(noise[0, 0]).save(made, "PNG")
    for i in (*range(0, len(whole), 23), -1):
        path = tmp_path / "b.npz"
        path.write_bytes(npy(noise) if i < 0 else whole[:i] + b"\xff" + whole[i + 1 :])
        code = main(["import", str(path), "--out", str(tmp_path / "out"), "--force"])
        told = capsys.readouterr().err
        assert code in (0, 2) and "fault of Foreworld" not in told
        assert code == 0 or str(path) in told
    place = made.getvalue().index(b"IDAT")
    (tmp_path / "v").mkdir()
    for i in (0, 1):
        broken = made.getvalue()[:place] + b"\xa4zg\1" + made.getvalue()[place + 4 :]
        (tmp_path / "v" / f"{i}.png").write_bytes(broken)
    words = ["import", str(tmp_path / "v"), "--out", str(tmp_path / "o")]
    assert main([*words, "--val", "0", "--test", "0"]) == 2
    assert "v/0.png cannot be read as an image" in capsys.readouterr().err


def test_flipped_bits_are_found_where_there_are_checksums(tmp_path: Path) -> None:
    path = zipped(tmp_path / "a.npz", {"image.npy": npy(IMAGE)}, packed=False)
    whole = path.read_bytes()
    place = whole.index(IMAGE.tobytes())
    for i in range(place, place + IMAGE.size, 37):
        path.write_bytes(whole[:i] + bytes([whole[i] ^ 1]) + whole[i + 1 :])
        refused(path, "cannot be read as NPZ: Bad CRC-32")


class _Runs:
    def __reduce__(self) -> Any:
        return os.mkdir, ("ran",)


def test_npz_claims_no_more_than_it_holds(tmp_path: Path, monkeypatch: Any) -> None:
    monkeypatch.chdir(tmp_path)
    path, many = tmp_path / "a.npz", (3, 2**40, 6, 5)
    for packed in (True, False):
        entry = {"image.npy": npy(IMAGE, many)}
        refused(zipped(path, entry, packed), "is shorter than it says|and is shorter")
    (tmp_path / "b.npy").write_bytes(npy(IMAGE, many))
    refused(tmp_path / "b.npy", "and is shorter")
    head = npy(np.zeros(0, np.uint8), (8, 2**15, 8, 8))
    with monkeypatch.context() as limits:
        limits.setattr(guard, "SMALL", 2**20)
        bomb = zipped(path, {"image.npy": head + bytes(2**24)})
        refused(bomb, "unpacks to 16,777,3[0-9,]+ bytes, .* times the")
    objects = np.array([_Runs()], object)
    out = io.BytesIO()
    np.lib.format.write_array(out, objects, allow_pickle=True)
    refused(zipped(path, {"image.npy": out.getvalue()}), "cannot be read as NPZ")
    refused(zipped(path, {"image.npy": out.getvalue()}, False), "holds Python objects")
    (tmp_path / "b.npy").write_bytes(out.getvalue())
    refused(tmp_path / "b.npy", "holds Python objects, which are never read")
    (tmp_path / "b.npy").write_bytes(pickle.dumps(_Runs()))
    refused(tmp_path / "b.npy", "cannot be read as NPY")
    assert not (tmp_path / "ran").exists()
    with pytest.warns(UserWarning), zipfile.ZipFile(path, "w") as file:
        for i in (0, 1):
            file.writestr("image.npy", npy(IMAGE + np.uint8(i)))
    refused(path, "several entries of one name")


def test_memory_is_looked_at_before_it_is_used(
    tmp_path: Path, monkeypatch: Any
) -> None:
    monkeypatch.setattr(guard, "free_memory", lambda: 1000.0)
    path = zipped(tmp_path / "a.npz", {"image.npy": npy(IMAGE)})
    refused(path, r"needs 9\d\d bytes of memory at once, and 500 may be used\. Save it")
    hdf5(tmp_path / "a.h5", lambda file: None)
    monkeypatch.setattr(guard, "free_memory", lambda: 900.0)
    refused(tmp_path / "a.h5", "needs 480 bytes of memory at once, and 450 may be used")
    Image.fromarray(IMAGE[0, 0]).save(
        tmp_path / "a.gif", save_all=True, append_images=[Image.new("L", (5, 6))]
    )
    monkeypatch.setattr(guard, "free_memory", lambda: 300.0)
    refused(
        tmp_path / "a.gif", "needs 360 bytes of memory at once, and 150 may be used"
    )


def png(width: int, height: int, *chunks: tuple[bytes, bytes]) -> bytes:
    def chunk(kind: bytes, data: bytes) -> bytes:
        crc = struct.pack(">I", zlib.crc32(kind + data))
        return struct.pack(">I", len(data)) + kind + data + crc

    head = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    parts = [(b"IHDR", head), *chunks, (b"IDAT", zlib.compress(bytes(1000)))]
    made = b"".join(chunk(*part) for part in [*parts, (b"IEND", b"")])
    return b"\x89PNG\r\n\x1a\n" + made


def test_pictures_claim_no_more_than_they_hold(tmp_path: Path) -> None:
    folder = tmp_path / "v"
    folder.mkdir()

    def pictures(data: bytes, said: str, name: str = "0.png") -> None:
        (folder / name).write_bytes(data)
        out = tmp_path / "out"
        with pytest.raises(ConfigError, match=said) as caught:
            import_data(folder, out, val=0, test=0, quiet=True)
        assert name in str(caught.value) and not out.exists()
        (folder / name).unlink()

    Image.new("L", (5, 6)).save(folder / "1.png")
    pictures(png(5000, 4000), "is 4000 x 5000 pixels; frames have at most 4096 a side")
    pictures(png(60000, 60000), "cannot be read as an image: .*decompression bomb")
    text = b"Comment\0\0" + zlib.compress(bytes(2**26), 9)
    pictures(
        png(5, 6, (b"zTXt", text)), "cannot be read as an image: Decompressed data"
    )
    pictures(png(50, 60), "cannot be read as an image")
    pictures(b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 5 6\n", "cannot identify")
    gif = bytearray(b"GIF89a" + struct.pack("<HHBBB", 60000, 60000, 0, 0, 0))
    pictures(bytes(gif), "cannot be read as an image", "0.gif")
    (folder / "1.png").unlink()
    made = io.BytesIO()
    frame = Image.new("L", (4000, 4000))
    frame.save(made, "TIFF", save_all=True, compression="tiff_adobe_deflate",
               append_images=[frame] * 11)  # fmt: skip
    (tmp_path / "a.tif").write_bytes(made.getvalue())
    refused(tmp_path / "a.tif", "unpacks to 576,000,000 bytes, .* times the")


def test_matlab_files_claim_no_more_than_they_hold(
    tmp_path: Path, monkeypatch: Any
) -> None:
    path = tmp_path / "a.mat"
    noise = np.random.default_rng(0).integers(0, 256, (3, 4, 8, 8), np.uint8)
    scipy.io.savemat(path, {"image": noise}, do_compression=True)
    whole = path.read_bytes()
    # SciPy's own reader ends the process on some of these.
    for i in range(128, len(whole), 31):
        path.write_bytes(whole[:i] + bytes([whole[i] ^ 255]) + whole[i + 1 :])
        refused(path, "MATLAB file|has no array")
    path.write_bytes(whole[:-300])
    refused(path, "cannot be read as a MATLAB file")
    monkeypatch.setattr(guard, "SMALL", 2**20)
    scipy.io.savemat(path, {"image": np.zeros((2**12, 8, 8, 8))}, do_compression=True)
    refused(path, "unpacks to 16,777,2[0-9]+ bytes, .* times the")


@pytest.mark.parametrize("name", ["a.npz", "a.npy", "a.h5", "a.mat", "a.gif", "a.mp4"])
def test_only_files_are_opened(tmp_path: Path, name: str) -> None:
    """No pipe, device, hole or folder, whatever it is called."""
    path = tmp_path / name
    os.mkfifo(path)
    refused(path, "is a pipe, and only files are read")
    path.unlink()
    path.symlink_to("/dev/zero")
    refused(path, "is a device, and only files are read")
    path.unlink()
    path.touch()
    refused(path, "is empty: it has 0 bytes")
    path.write_bytes(b"\x93NUMPY\x01\0")
    os.truncate(path, 2**40)
    refused(path, "is 1,099,511,627,776 bytes, .* times the .* that lie on the disk")
    path.unlink()
    folder = tmp_path / "v"
    folder.mkdir()
    os.mkfifo(folder / "0.png")
    with pytest.raises(ConfigError, match=r"0\.png is a pipe, and only files are read"):
        import_data(folder, tmp_path / "out", quiet=True)
